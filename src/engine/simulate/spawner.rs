//! A TaskSpawner or SessionSpawner in full, as Kelos reads it.

use std::cell::RefCell;
use std::rc::Rc;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::KelosVersion;
use super::SourceKind;
use super::no_task::NoTask;
use super::template::Programs;
use super::variables::Variables;
use crate::engine::kelos::{NAME_TEMPLATE_ANNOTATION, Shape};
use crate::engine::sources::Rendered;
use crate::templates::purse::Purse;

/// Where Kelos keeps the comment reporting of a TaskSpawner that is read as v1alpha1.
const COMMENTS_ANNOTATION: &str = "kelos.dev/v1alpha2-github-comments-reporting";
/// Where Kelos keeps the pool of credentials of one.
const CREDENTIALS_ANNOTATION: &str = "kelos.dev/v1alpha2-taskspawner-credentials";

/// A TaskSpawner, v1alpha1 or v1alpha2, or a SessionSpawner, with all that its Tasks or Sessions are made of.
#[derive(Clone, Debug)]
pub struct Spawner {
    /// What it makes.
    pub(super) makes: Shape,
    pub(super) api_version: String,
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) uid: String,
    /// `spec.when`
    pub(super) when: Map<String, Value>,
    /// `spec.taskTemplate`, or `spec.sessionTemplate`
    pub(super) template: Map<String, Value>,
    /// `spec.credentials`, a pool of them.
    pub(super) credentials: Vec<Value>,
    /// How many bytes of JSON it has.
    pub(super) bytes: usize,
    /// What judging items by its filters may still cost.
    pub(super) purse: Rc<RefCell<Purse>>,
    /// Its templates.
    pub(super) programs: Programs,
}

/// The uid in owner references of TaskSpawners that have none, as in files.
const NO_UID: &str = "00000000-0000-0000-0000-000000000000";

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Read {
    api_version: String,
    metadata: Metadata,
    spec: Option<Spec>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    name: String,
    namespace: Option<String>,
    uid: Option<String>,
    annotations: Option<Map<String, Value>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    when: Option<Map<String, Value>>,
    task_template: Option<Map<String, Value>>,
    session_template: Option<Map<String, Value>>,
    credentials: Option<Vec<Value>>,
}

impl Spawner {
    /// Reads a TaskSpawner.
    ///
    /// # Errors
    ///
    /// When the JSON is none: what the API server would refuse, too.
    pub fn parse(json: &str) -> Result<Spawner, serde_json::Error> {
        Spawner::parse_as(Shape::Task, json)
    }

    /// Reads a spawner of what has this shape.
    ///
    /// # Errors
    ///
    /// As [`Spawner::parse`].
    pub fn parse_as(makes: Shape, json: &str) -> Result<Spawner, serde_json::Error> {
        let Read { api_version, metadata, spec } = serde_json::from_str(json)?;
        let Spec { when, task_template, session_template, credentials } = spec.unwrap_or_default();
        let template = match makes {
            Shape::Task => task_template,
            Shape::Session => session_template,
        };
        let mut spawner = Spawner {
            makes,
            api_version,
            name: metadata.name,
            namespace: metadata.namespace.unwrap_or_default(),
            uid: metadata.uid.filter(|uid| !uid.is_empty()).unwrap_or_else(|| NO_UID.to_owned()),
            when: without_nulls(when.unwrap_or_default()),
            template: without_nulls(template.unwrap_or_default()),
            credentials: credentials.unwrap_or_default(),
            bytes: json.len(),
            purse: Rc::default(),
            programs: Programs::default(),
        };
        spawner.restore(&metadata.annotations.unwrap_or_default());
        Ok(spawner)
    }

    /// What Kelos keeps in annotations of a TaskSpawner that is read as v1alpha1.
    fn restore(&mut self, annotations: &Map<String, Value>) {
        if !self.is_v1alpha1() {
            return;
        }
        if self.text("nameTemplate").is_empty()
            && let Some(kept) = annotations.get(NAME_TEMPLATE_ANNOTATION)
        {
            self.template.insert("nameTemplate".to_owned(), kept.clone());
        }
        let kept = annotations.get(COMMENTS_ANNOTATION).and_then(Value::as_str);
        let kept: Option<Value> = kept.and_then(|kept| serde_json::from_str(kept).ok());
        let kept = kept.as_ref().and_then(Value::as_object).into_iter().flatten();
        for (source, of) in kept {
            let reporting = self.when.get_mut(source).and_then(|it| it.get_mut("reporting"));
            let Some(Value::Object(reporting)) = reporting else { continue };
            // Who has switched it off since then has done so for all of it.
            if reporting.get("enabled").and_then(Value::as_bool) != Some(true) {
                continue;
            }
            if let Some(comments) = of.get("comments") {
                let is_enabled = of.get("enabled").and_then(Value::as_bool).unwrap_or(false);
                reporting.insert("comments".to_owned(), comments.clone());
                reporting.insert("enabled".to_owned(), is_enabled.into());
            }
        }
        self.restore_credentials(annotations);
    }

    /// The pool of credentials, of which v1alpha1 shows the first by its name as the one of the template: only as long
    /// as that is still so.
    fn restore_credentials(&mut self, annotations: &Map<String, Value>) {
        let kept = annotations.get(CREDENTIALS_ANNOTATION).and_then(Value::as_str);
        let kept: Option<Vec<Value>> = kept.and_then(|kept| serde_json::from_str(kept).ok());
        let kept = kept.unwrap_or_default();
        let name = |it: &Value| it["name"].as_str().unwrap_or_default().to_owned();
        let Some(shown) = kept.iter().min_by_key(|it| name(it)) else { return };
        let is_shown = self.template.get("credentials").is_some_and(|it| {
            it["type"] == shown["type"]
                && it["secretRef"].is_object()
                && it["secretRef"]["name"] == shown["secretRef"]["name"]
        });
        if !is_shown {
            return;
        }
        self.credentials = kept;
        self.template.remove("credentials");
        if let Some(worker) = self.template.get_mut("worker").and_then(Value::as_object_mut) {
            worker.remove("credentials");
        }
    }

    /// Whether it is one of v1alpha1.
    pub(super) fn is_v1alpha1(&self) -> bool {
        self.api_version.ends_with("/v1alpha1")
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its source: of those that are polled the first, else the first that a server answers. Nothing if it has none
    /// that is known.
    pub fn source(&self) -> Option<SourceKind> {
        SourceKind::ALL.into_iter().find(|kind| self.when.contains_key(kind.as_str()))
    }

    /// The source, if a Kelos of this version has it.
    ///
    /// # Errors
    ///
    /// There is none, or that Kelos does not know it.
    pub(super) fn source_of(&self, version: KelosVersion) -> Result<SourceKind, NoTask> {
        if version == KelosVersion::V0_24 && self.makes == Shape::Session {
            let error = NoTask::kelos(format!("Kelos v0.24 has no {}s", self.makes.spawner()));
            return Err(error.hint("they came with Kelos v0.48"));
        }
        let source = self.source().ok_or_else(|| {
            let known = SourceKind::ALL.map(SourceKind::as_str).join(", ");
            NoTask::not_simulated(format!(
                "spec.when has none of the sources that are known: {known}"
            ))
        })?;
        if self.makes == Shape::Session && source != SourceKind::GithubWebhook {
            let source = source.as_str();
            return Err(NoTask::refused(format!("a SessionSpawner has no spec.when.{source}")));
        }
        if version == KelosVersion::V0_24 && !(self.is_v1alpha1() && source.is_polled()) {
            let what = if self.is_v1alpha1() { source.as_str() } else { &*self.api_version };
            return Err(NoTask::kelos(format!("Kelos v0.24 does not have {what} yet")).hint(
                "it has kelos.dev/v1alpha1 with githubIssues, githubPullRequests, jira and cron",
            ));
        }
        Ok(source)
    }

    /// What `spec.when` says of a source.
    pub(super) fn of_source(&self, kind: SourceKind, field: &str) -> Option<&Value> {
        self.when.get(kind.as_str())?.get(field)
    }

    /// A text of a source; empty if it has none.
    pub(super) fn text_of_source(&self, kind: SourceKind, field: &str) -> &str {
        self.of_source(kind, field).and_then(Value::as_str).unwrap_or_default()
    }

    /// What it makes.
    pub fn makes(&self) -> Shape {
        self.makes
    }

    /// A text of the template; empty if it has none.
    pub fn text(&self, field: &str) -> &str {
        self.template.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    /// The templates of the Kelos field, by key: `labels` or `annotations`.
    pub(super) fn field(&self, of: &str) -> impl Iterator<Item = (&str, &str)> {
        let field = self.template.get("metadata").and_then(|it| it.get(of)?.as_object());
        field.into_iter().flatten().filter_map(|(key, value)| Some((&**key, value.as_str()?)))
    }

    /// The template of what Kelos renders.
    pub fn template_of(&self, rendered: &Rendered) -> &str {
        match rendered {
            Rendered::Prompt(shape) => self.text(shape.prompt_name()),
            Rendered::Branch(shape) => self.text(shape.branch_name()),
            Rendered::Name => self.text("nameTemplate"),
            Rendered::Metadata(kind, key) => {
                let mut field = self.field(kind.field());
                field.find(|(it, _)| *it == &**key).map_or("", |(_, template)| template)
            }
        }
    }

    /// The names of its context sources.
    pub(super) fn context_sources(&self) -> impl Iterator<Item = &str> {
        let sources = self.template.get("contextSources").and_then(Value::as_array);
        sources.into_iter().flatten().filter_map(|it| it.get("name")?.as_str())
    }

    /// Renders what its context sources are asked with.
    ///
    /// # Errors
    ///
    /// Kelos fails on a template of one that it does not go on without.
    pub(super) fn asked(&self, variables: &Variables) -> Result<(), NoTask> {
        let bare = variables.without_context();
        let sources = self.template.get("contextSources").and_then(Value::as_array);
        for (number, source) in sources.into_iter().flatten().enumerate() {
            if source["failurePolicy"] == "Ignore" {
                continue;
            }
            let http = &source["http"];
            let headers = http["headers"].as_object().into_iter().flatten();
            let headers = headers.map(|(name, value)| (format!("headers[{name:?}]"), value));
            let plain = ["url", "body"].map(|name| (name.to_owned(), &http[name]));
            for (field, template) in plain.into_iter().chain(headers) {
                let Some(template) = template.as_str() else { continue };
                let text = self.render(template, &bare);
                bare.left().into_iter().for_each(|left| variables.spend_to(left));
                text.map_err(|error| {
                    let field = format!("spec.taskTemplate.contextSources[{number}].http.{field}");
                    NoTask::of_field(&field, error)
                })?;
            }
        }
        Ok(())
    }

    /// The names of its `fieldMapping`, with their JSONPath.
    pub(super) fn field_mapping(&self) -> impl Iterator<Item = (&str, &str)> {
        let mapping = self.of_source(SourceKind::GenericWebhook, "fieldMapping");
        let mapping = mapping.and_then(Value::as_object).into_iter().flatten();
        mapping.filter_map(|(name, path)| Some((&**name, path.as_str()?)))
    }

    /// The events that it takes of GitHub.
    pub(super) fn events(&self) -> impl Iterator<Item = &str> {
        let events = self.of_source(SourceKind::GithubWebhook, "events").and_then(Value::as_array);
        events.into_iter().flatten().filter_map(Value::as_str)
    }
}

/// A null is a field that is not there.
fn without_nulls(map: Map<String, Value>) -> Map<String, Value> {
    map.into_iter().filter(|(_, value)| !value.is_null()).collect()
}
