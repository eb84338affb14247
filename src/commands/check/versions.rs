//! The versions of what runs in the cluster: Kubernetes, and Kelos with its kinds.

use kube::Client;
use serde_json::Value;

use super::asking::{Asking, list, text};
use super::program::Image;
use super::{Report, Topic, full_name};
use crate::clock;
use crate::cluster::{Resource, question};
use crate::engine::kelos::GROUP;

/// The first minor version of Kubernetes 1 that the chart can be installed on: of match conditions.
const FIRST_MINOR: u32 = 30;

/// The namespace that Kelos installs its controller into.
const KELOS_NAMESPACE: &str = "kelos-system";

/// What is known of Kelos.
#[derive(Debug, Default)]
pub(super) struct Kelos {
    /// The version in which its objects are asked for.
    pub(super) version: String,
    /// The plurals of its kinds; nothing if they could not be read.
    resources: Option<Vec<String>>,
}

impl Kelos {
    /// Whether it is known to have no such kind, by its plural.
    pub(super) fn lacks(&self, plural: &str) -> bool {
        self.resources.as_ref().is_some_and(|all| !all.iter().any(|it| it == plural))
    }

    /// One that serves this version, and of which nothing more is known.
    #[cfg(test)]
    pub(super) fn serving(version: &str) -> Kelos {
        Kelos { version: version.to_owned(), resources: None }
    }
}

/// Asks the API server for its version: who can't be asked for that can't be asked at all.
pub(super) async fn kubernetes(client: Client, report: &mut Report) -> anyhow::Result<Asking> {
    let answer = question::read(&client, "/version").await?;
    let version = text(&answer.object, "/gitVersion");
    match minor(&answer.object) {
        Some(minor) if minor < FIRST_MINOR => {
            let text = format!("Kubernetes {version} is older than 1.{FIRST_MINOR}");
            let hint = "upgrade it: the registration needs matchConditions";
            report.bad(Topic::Kubernetes, text, hint);
        }
        _ => report.good(Topic::Kubernetes, format!("Kubernetes {version}")),
    }
    let now = answer.time.unwrap_or_else(clock::now);
    Ok(Asking { client, now, kubernetes: version.to_owned() })
}

/// The minor version, if it is of Kubernetes 1; vendors write `30+`.
fn minor(version: &Value) -> Option<u32> {
    let minor = text(version, "/minor").trim_end_matches('+');
    minor.parse().ok().filter(|_| text(version, "/major") == "1")
}

/// Looks at the kinds of Kelos; nothing if it has none.
pub(super) async fn kelos(asking: &Asking, report: &mut Report) -> Option<Kelos> {
    let served = match served(asking).await {
        Ok(served) => served,
        Err(why) => {
            report.refused(Topic::Kelos, "the kinds of Kelos", &why);
            return None;
        }
    };
    let Some(version) = Resource::TASKS.best_of(&served) else {
        let text = format!("the API server serves no kinds of {GROUP}: Kelos is not installed");
        report.bad(Topic::Kelos, text, "install Kelos: there are no Tasks without it");
        return None;
    };
    let (version, served) = (version.to_owned(), served.join(" and "));
    let path = format!("/apis/{GROUP}/{version}");
    let resources = match question::read(&asking.client, &path).await {
        Ok(answer) => {
            let all = list(&answer.object, "/resources").iter();
            Some(all.map(|it| text(it, "/name").to_owned()).collect())
        }
        Err(error) => {
            let what = format!("the kinds of {GROUP}/{version}");
            report.refused(Topic::Kelos, &what, &error.to_string());
            None
        }
    };
    let fields = match question::read(&asking.client, &format!("/openapi/v3{path}")).await {
        Ok(answer) => fields(&answer.object),
        Err(_) => "which fields its Tasks have is not published".to_owned(),
    };
    report.good(Topic::Kelos, format!("{GROUP} is served as {served}; {fields}"));
    match image(asking).await {
        Ok(Some((deployment, image))) => {
            report.good(Topic::Kelos, format!("{deployment} runs Kelos {}", image.version()));
        }
        Ok(None) => report.not_judged(
            Topic::Kelos,
            "its version is not known: no Deployment has the labels of its chart",
            "look at how it was installed",
        ),
        Err(why) => report.not_judged(
            Topic::Kelos,
            format!("its version is not known: {why}"),
            "its kinds, above, say what it can",
        ),
    }
    Some(Kelos { version, resources })
}

/// The versions that are served.
async fn served(asking: &Asking) -> Result<Vec<String>, String> {
    match question::read(&asking.client, &format!("/apis/{GROUP}")).await {
        Ok(answer) => {
            let versions = list(&answer.object, "/versions").iter();
            Ok(versions.map(|it| text(it, "/version").to_owned()).collect())
        }
        Err(error) if error.is_not_found() => Ok(Vec::new()),
        Err(error) => Err(error.to_string()),
    }
}

/// What the fields of Tasks and TaskSpawners let us do.
fn fields(openapi: &Value) -> String {
    let has = |kind: &str, path: &[&str]| {
        let schemas = openapi.pointer("/components/schemas").and_then(Value::as_object);
        let is_kind = |schema: &&Value| {
            let kinds = list(schema, "/x-kubernetes-group-version-kind");
            kinds.iter().any(|it| it["kind"] == kind && it["group"] == GROUP)
        };
        let schema = schemas.into_iter().flat_map(|all| all.values()).find(is_kind)?;
        let found = path.iter().try_fold(schema, |at, field| at["properties"].get(field));
        Some(found.is_some())
    };
    let pods = match has("Task", &["spec", "podOverrides", "labels"]) {
        Some(true) => "Tasks have labels of Pods",
        Some(false) => "labels of Pods are pruned (Kelos before v0.29)",
        None => "whether Tasks have labels of Pods is not published",
    };
    let field = match has("TaskSpawner", &["spec", "taskTemplate", "metadata"]) {
        Some(true) => "TaskSpawners have the Kelos field for labels and annotations",
        Some(false) => {
            "TaskSpawners have no field for labels and annotations (Kelos before v0.25): write rules annotations"
        }
        None => "whether TaskSpawners have the Kelos field is not published",
    };
    format!("{pods}, {field}")
}

/// Kelos's own Deployment, and its image.
pub(super) async fn image(asking: &Asking) -> Result<Option<(String, Image)>, String> {
    let labels = Some("app.kubernetes.io/name=kelos");
    let everywhere = asking.list(&Resource::DEPLOYMENTS, None, labels).await;
    let found = match everywhere {
        Ok(found) => found,
        Err(_) => asking.list(&Resource::DEPLOYMENTS, Some(KELOS_NAMESPACE), labels).await?,
    };
    let component = "/metadata/labels/app.kubernetes.io~1component";
    let manager = found.iter().find(|it| text(it, component) == "manager").or(found.first());
    Ok(manager.map(|deployment| {
        let (namespace, name) =
            (text(deployment, "/metadata/namespace"), text(deployment, "/metadata/name"));
        (format!("Deployment {}", full_name(namespace, name)), Image::of_first(deployment))
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::scripted::{ScriptedResponse as Scripted, status, versions};

    #[test]
    fn vendors_versions_are_read() {
        for (major, minor_text, expected) in
            [("1", "36", Some(36)), ("1", "29+", Some(29)), ("2", "1", None), ("", "", None)]
        {
            assert_eq!(minor(&json!({"major": major, "minor": minor_text})), expected);
        }
    }

    #[tokio::test]
    async fn kinds_that_could_not_be_read_are_not_taken_for_none() {
        let asking = |answer: fn() -> Scripted| {
            Asking::scripted(move |path| match path {
                "/apis/kelos.dev" => versions(&["v1alpha2"]),
                "/apis/kelos.dev/v1alpha2" => answer(),
                _ => Scripted::Json(404, status(404, "NotFound", "none")),
            })
        };
        let mut report = Report::default();
        let old = || Scripted::Json(200, json!({"resources": [{"name": "tasks"}]}));
        let known = kelos(&asking(old), &mut report).await.unwrap();
        assert!(known.lacks("workerpools") && !known.lacks("tasks"));
        let broken = || Scripted::Json(500, status(500, "InternalError", "etcd"));
        let unknown = kelos(&asking(broken), &mut report).await.unwrap();
        assert!(!unknown.lacks("taskspawners"));
        assert!(
            report.to_string().contains("? kelos: the kinds of kelos.dev/v1alpha2: "),
            "{report}"
        );
    }

    #[test]
    fn what_an_old_kelos_prunes_is_told() {
        let schema = |kind: &str, spec: Value| {
            json!({"x-kubernetes-group-version-kind": [{"group": GROUP, "kind": kind}],
                   "properties": {"spec": {"properties": spec}}})
        };
        let document = |task: Value, template: Value| {
            json!({"components": {"schemas": {
                "t": schema("Task", json!({"podOverrides": {"properties": task}})),
                "s": schema("TaskSpawner", json!({"taskTemplate": {"properties": template}})),
            }}})
        };
        let new = fields(&document(json!({"labels": {}}), json!({"metadata": {}})));
        assert!(new.starts_with("Tasks have labels of Pods, TaskSpawners have the"), "{new}");
        let old = fields(&document(json!({"env": {}}), json!({"branch": {}})));
        assert!(old.starts_with("labels of Pods are pruned (Kelos before v0.29), "), "{old}");
        assert!(fields(&json!({})).contains("is not published"));
    }
}
