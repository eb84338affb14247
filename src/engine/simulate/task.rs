//! TaskSpawner and item → the Task, or what a Session has alike.

use serde_json::{Map, Value, json};

use super::field_mapping;
use super::no_task::NoTask;
use super::reporting::Reported;
use super::spawner::Spawner;
use super::task_name::Facts;
use super::variables::{Variables, text_of};
use super::{Item, KelosVersion, SourceKind};
use crate::apimachinery::{self, Kind, is_object_name};
use crate::engine::kelos::{Shape, TASKSPAWNER_LABEL};
use crate::engine::sources::Rendered;

/// A JSON object.
type Fields = Map<String, Value>;

/// What Kelos v0.24 asks an agent to do where a TaskSpawner has no template.
const FIRST_PROMPT: &str = "{{.Kind}} #{{.Number}}: {{.Title}}\n\n{{.Body}}\n{{- if .Comments}}\n\nComments:\n{{.Comments}}\n{{- end}}";
/// What later ones ask for.
const PROMPT: &str = "{{.Title}}";

/// What Kelos copies from `taskTemplate` to the Task, by version.
const FIRST_COPIED: [&str; 9] = [
    "type",
    "credentials",
    "model",
    "image",
    "workspaceRef",
    "agentConfigRef",
    "dependsOn",
    "ttlSecondsAfterFinished",
    "podOverrides",
];
const COPIED: [&str; 14] = [
    "type",
    "credentials",
    "model",
    "effort",
    "image",
    "workspaceRef",
    "agentConfigRefs",
    "dependsOn",
    "ttlSecondsAfterFinished",
    "podOverrides",
    "podFailurePolicy",
    "upstreamRepo",
    "workerPoolRef",
    "worker",
];

impl Spawner {
    /// The item that a Task is made of: what is given, and the built-in example's values for what is not.
    ///
    /// # Errors
    ///
    /// It can't be one of the source, or the TaskSpawner takes none such.
    pub fn item(&self, given: &Item, version: KelosVersion) -> Result<Item, NoTask> {
        let item = self.complete(given, version)?;
        self.variables_of(&item, version)?;
        Ok(item)
    }

    /// The Task or Session that Kelos makes for an item, as it sends it to the API server: no webhook has seen it.
    ///
    /// Of a pool of credentials Kelos takes any; here it is the first.
    ///
    /// # Errors
    ///
    /// What keeps Kelos from making one, or the API server from taking it, whatever a webhook does; or that it can't
    /// be told.
    pub fn task(&self, item: &Item, version: KelosVersion) -> Result<Value, NoTask> {
        let item = self.complete(item, version)?;
        self.task_of(&item, &self.variables_of(&item, version)?, version)
    }

    /// The same, of an item that says all and whose variables are known.
    pub(in crate::engine) fn task_of(
        &self,
        item: &Item,
        variables: &Variables,
        version: KelosVersion,
    ) -> Result<Value, NoTask> {
        let source = self.source_of(version)?;
        let has_context = source.table().has_context() && self.makes.has_context();
        if version != KelosVersion::V0_24 && has_context {
            self.asked(variables)?;
        }
        let text = |name: &str| item.get(name).map_or(Ok(String::new()), |it| text_of(name, it));
        let id = printed(variables, "ID");
        let event = match source {
            SourceKind::LinearWebhook => printed(variables, "Type"),
            _ => printed(variables, "Event"),
        };
        let id_of_delivery = match source {
            SourceKind::GenericWebhook if field_mapping::is_without_id(self, item)? => "",
            _ => &*id,
        };
        let delivery =
            self.delivery(source, id_of_delivery, &text("DeliveryID")?, &text("ChannelID")?);
        let facts = Facts { id: &id, event: &event, delivery: &delivery };
        let name = self.task_name(source, &facts, variables, version)?;
        if self.makes == Shape::Session {
            self.accept(&name)?;
            return self.session(name, variables);
        }
        let spec = self.spec(variables, version)?;
        let (mut labels, mut annotations) = match version {
            KelosVersion::V0_24 => (Map::new(), Map::new()),
            KelosVersion::V0_52 => self.metadata(variables)?,
        };
        labels.insert(TASKSPAWNER_LABEL.to_owned(), self.name.as_str().into());
        let spec = self.with_credentials(spec, &mut labels)?;
        match source {
            SourceKind::Slack => slack(item, &id, &mut labels, &mut annotations)?,
            _ => annotations.extend(self.reported(source, item, variables, version)?),
        }
        self.accept(&name)?;
        Ok(self.object(name, labels, annotations, spec, version))
    }

    /// What the hash in the name of a Task is made of.
    fn delivery(&self, source: SourceKind, id: &str, given: &str, channel: &str) -> String {
        match source {
            SourceKind::GenericWebhook
                if !id.is_empty() && self.field_mapping().any(|(it, _)| it == "id") =>
            {
                format!("generic-{}-{id}", self.text_of_source(source, "source"))
            }
            // The identifier of a slash command has colons in it, and is all that Kelos knows of it.
            SourceKind::Slack if id.contains(':') => id.to_owned(),
            SourceKind::Slack => format!("{channel}-{id}"),
            _ => given.to_owned(),
        }
    }

    fn spec(&self, variables: &Variables, version: KelosVersion) -> Result<Fields, NoTask> {
        let is_first = version == KelosVersion::V0_24;
        let prompt = match self.text("promptTemplate") {
            "" if is_first => FIRST_PROMPT,
            "" => PROMPT,
            prompt => prompt,
        };
        let render = |rendered: Rendered, template: &str| {
            let text = self.render(template, variables);
            text.map_err(|error| NoTask::of_template(rendered, error))
        };
        let prompt = render(Rendered::Prompt(Shape::Task), prompt)?;
        let branch = render(Rendered::Branch(Shape::Task), self.text("branch"))?;
        let copied: &[&str] = if is_first { &FIRST_COPIED } else { &COPIED };
        let mut spec = Map::new();
        for field in copied {
            if let Some(value) = self.template.get(*field).filter(|it| !is_empty(it)) {
                spec.insert((*field).to_owned(), value.clone());
            }
        }
        // What conversion makes of it.
        if !is_first
            && !spec.contains_key("agentConfigRefs")
            && let Some(one) = self.template.get("agentConfigRef").filter(|_| self.is_v1alpha1())
        {
            spec.insert("agentConfigRefs".to_owned(), json!([one]));
        }
        spec.insert("prompt".to_owned(), prompt.into());
        if !branch.is_empty() {
            spec.insert("branch".to_owned(), branch.into());
        }
        let upstream = match self.text("upstreamRepo") {
            "" => self.upstream_repository(version),
            said => said.to_owned(),
        };
        if !upstream.is_empty() {
            spec.insert("upstreamRepo".to_owned(), upstream.into());
        }
        Ok(spec)
    }

    /// Labels and annotations of the Kelos field.
    fn metadata(&self, variables: &Variables) -> Result<(Fields, Fields), NoTask> {
        let render = |(kind, key, template): (Kind, &str, &str)| {
            let text = self.render(template, variables).map_err(|error| {
                NoTask::of_template(Rendered::Metadata(kind, key.into()), error)
            })?;
            Ok((key.to_owned(), Value::from(text)))
        };
        let of =
            |kind: Kind| self.field(kind.field()).map(move |(key, it)| (kind, key, it)).map(render);
        Ok((
            of(Kind::Label).collect::<Result<_, _>>()?,
            of(Kind::Annotation).collect::<Result<_, _>>()?,
        ))
    }

    /// Gives the Task credentials of the pool, if there is one.
    fn with_credentials(&self, mut spec: Fields, labels: &mut Fields) -> Result<Fields, NoTask> {
        let Some(first) = self.credentials.first() else { return Ok(spec) };
        let of_worker = spec.get("worker").and_then(|it| it.get("credentials"));
        for (is_there, field) in [
            (spec.contains_key("workerPoolRef"), "workerPoolRef"),
            (of_worker.is_some(), "worker.credentials"),
            (spec.contains_key("credentials"), "credentials"),
        ] {
            if is_there {
                return Err(NoTask::kelos(format!(
                    "spec.credentials can't be used beside spec.taskTemplate.{field}"
                )));
            }
        }
        let secret = json!({"name": first["secretRef"]["name"]});
        let credentials = json!({"type": first["type"], "secretRef": secret});
        match spec.get_mut("worker").and_then(Value::as_object_mut) {
            Some(worker) => worker.insert("credentials".to_owned(), credentials),
            None => spec.insert("credentials".to_owned(), credentials),
        };
        labels.insert("kelos.dev/spawner-credential".to_owned(), first["name"].clone());
        Ok(spec)
    }

    /// The annotations about the source, if it is GitHub.
    fn reported(
        &self,
        source: SourceKind,
        item: &Item,
        variables: &Variables,
        version: KelosVersion,
    ) -> Result<Fields, NoTask> {
        let number = match variables.get("Number") {
            Some(crate::templates::value::Value::Int(number)) => number,
            _ => 0,
        };
        let event = printed(variables, "Event");
        let kind = match source {
            SourceKind::GithubIssues | SourceKind::GithubPullRequests => {
                if printed(variables, "Kind") == "PR" { "pull-request" } else { "issue" }
            }
            SourceKind::GithubWebhook if number > 0 => {
                source_kind(&event, &printed(variables, "URL"))
            }
            _ => return Ok(Map::new()),
        };
        let owner = printed(variables, "RepositoryOwner");
        let name = printed(variables, "RepositoryName");
        let is_event = source == SourceKind::GithubWebhook;
        let commit = item.get("HeadSHA").map_or(Ok(String::new()), |it| text_of("HeadSHA", it))?;
        let reported = Reported {
            kind,
            number,
            repository: is_event.then_some((&*owner, &*name)),
            commit: &commit,
        };
        let all = self.reporting(source, &reported, version);
        Ok(all.into_iter().map(|(key, value)| (key, value.into())).collect())
    }

    /// Refuses what the API server refuses whatever a webhook does: labels and annotations can be repaired, names
    /// can't.
    fn accept(&self, name: &str) -> Result<(), NoTask> {
        if !is_object_name(name) {
            return Err(NoTask::refused(format!(
                "its name would be `{name}`: a name has small letters, digits, `-` and `.`, at most 253 of them"
            )));
        }
        if self.makes == Shape::Task
            && let Err(error) = apimachinery::value(Kind::Label, &self.name)
        {
            return Err(NoTask::refused(format!(
                "Kelos writes the name of the TaskSpawner into the label {TASKSPAWNER_LABEL}, and it is no label value: \
                 {error}"
            )));
        }
        Ok(())
    }

    fn object(
        &self,
        name: String,
        labels: Fields,
        annotations: Fields,
        spec: Fields,
        version: KelosVersion,
    ) -> Value {
        let mut metadata = Map::new();
        metadata.insert("name".to_owned(), name.into());
        if !self.namespace.is_empty() {
            metadata.insert("namespace".to_owned(), self.namespace.as_str().into());
        }
        metadata.insert("labels".to_owned(), labels.into());
        if !annotations.is_empty() {
            metadata.insert("annotations".to_owned(), annotations.into());
        }
        let is_first = version == KelosVersion::V0_24;
        let api_version = if is_first { "kelos.dev/v1alpha1" } else { "kelos.dev/v1alpha2" };
        if !is_first {
            let owner = json!({
                "apiVersion": api_version,
                "kind": "TaskSpawner",
                "name": self.name,
                "uid": self.uid,
                "controller": true,
            });
            metadata.insert("ownerReferences".to_owned(), json!([owner]));
        }
        json!({"apiVersion": api_version, "kind": "Task", "metadata": metadata, "spec": spec})
    }
}

/// What a Task of Slack carries beside the Kelos field.
fn slack(
    item: &Item,
    id: &str,
    labels: &mut Fields,
    annotations: &mut Fields,
) -> Result<(), NoTask> {
    let text = |name: &str| item.get(name).map_or(Ok(String::new()), |it| text_of(name, it));
    let mut put =
        |key: &str, value: String| annotations.insert(format!("kelos.dev/{key}"), value.into());
    put("slack-reporting", "enabled".to_owned());
    put("slack-channel", text("ChannelID")?);
    put("slack-user-id", text("UserID")?);
    if !id.contains(':') {
        let thread = Some(text("ThreadTS")?).filter(|it| !it.is_empty());
        put("slack-thread-ts", thread.unwrap_or_else(|| id.to_owned()));
        labels.insert("kelos.dev/slack-reporting".to_owned(), "enabled".into());
    }
    Ok(())
}

/// What an event with a number is about. A comment says by its page whether that is a pull request.
fn source_kind(event: &str, url: &str) -> &'static str {
    match event {
        "pull_request" | "pull_request_review" | "pull_request_review_comment" | "check_run" => {
            "pull-request"
        }
        "issue_comment" if url.contains("/pull/") => "pull-request",
        _ => "issue",
    }
}

/// A variable as a text; empty if it is not there.
fn printed(variables: &Variables, name: &str) -> String {
    variables.get(name).and_then(|it| it.as_text().map(ToString::to_string)).unwrap_or_default()
}

/// Whether Go leaves a field out of JSON.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}
