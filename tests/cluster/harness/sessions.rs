//! SessionSpawners and Sessions as people and Kelos itself write them.

use serde_json::{Value, json};

/// The one version that they have.
const API_VERSION: &str = "kelos.dev/v1alpha2";

/// The annotation of a Session that the Console shows in place of its name.
pub(crate) const DISPLAY_NAME: &str = "kelos.dev/session-display-name";
/// And the one that it is listed under.
pub(crate) const SECTION: &str = "kelos.dev/session-section";

/// The manifest of a SessionSpawner: it takes issues of one repository, and has these rules annotations.
pub(crate) fn session_spawner(name: &str, rules: Value) -> Value {
    let mut annotations = json!({});
    for (kind, templates) in rules.as_object().unwrap() {
        annotations[format!("metadata.kelos.dev/{kind}")] = json!(templates.to_string());
    }
    json!({
        "apiVersion": API_VERSION,
        "kind": "SessionSpawner",
        "metadata": {"name": name, "annotations": annotations},
        "spec": {
            "when": {"githubWebhook": {"repository": "acme/widgets", "events": ["issues"]}},
            "sessionTemplate": {
                "initialPrompt": "Work on {{.URL}}\n{{.Title}}\n\n{{.Body}}",
                "initialBranch": "kelos-{{.Number}}",
                "worker": worker(),
            },
        },
    })
}

fn worker() -> Value {
    json!({
        "type": "claude-code", "credentials": {"type": "none"}, "workspaceRef": {"name": "my-repo"},
    })
}

/// A Session that a person creates.
pub(crate) fn session(name: &str) -> Value {
    json!({
        "apiVersion": API_VERSION,
        "kind": "Session",
        "metadata": {"name": name, "labels": {}, "annotations": {}},
        "spec": {"initialPrompt": "Look around.", "worker": worker()},
    })
}

/// A SessionSpawner that was created.
#[derive(Clone, Debug)]
pub(crate) struct SessionSpawner {
    pub(crate) name: String,
    pub(crate) uid: String,
}

impl SessionSpawner {
    /// Reads what the API server answered.
    pub(crate) fn created(object: &Value) -> SessionSpawner {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let metadata = &object["metadata"];
        SessionSpawner { name: text(&metadata["name"]), uid: text(&metadata["uid"]) }
    }

    /// The Session that Kelos creates for an issue with this title.
    pub(crate) fn issue(&self, number: u32, title: &str) -> Value {
        let mut session = session(&format!("{}-issues-{number:012x}", self.name));
        session["metadata"]["labels"]["kelos.dev/sessionspawner"] = json!(self.uid);
        session["metadata"]["annotations"]["kelos.dev/sessionspawner-name"] = json!(self.name);
        session["metadata"]["ownerReferences"] = json!([{
            "apiVersion": API_VERSION, "kind": "SessionSpawner",
            "name": self.name, "uid": self.uid, "controller": true,
        }]);
        session["spec"]["initialBranch"] = json!(format!("kelos-{number}"));
        session["spec"]["initialPrompt"] = json!(format!(
            "Work on https://github.com/acme/widgets/issues/{number}\n{title}\n\nIt is broken."
        ));
        session
    }
}

/// The labels that a Session says its Pod has.
pub(crate) fn pod_labels(session: &Value) -> &Value {
    &session["spec"]["worker"]["podOverrides"]["labels"]
}

/// The StatefulSet that Kelos makes of a Session, as far as labels go: those that it selects by take the place of others.
pub(crate) fn stateful_set_of(session: &Value) -> Value {
    let name = &session["metadata"]["name"];
    let selected = json!({"kelos.dev/component": "session", "kelos.dev/session": name});
    let mut labels = pod_labels(session).as_object().cloned().unwrap_or_default();
    labels.extend(selected.as_object().unwrap().clone());
    json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": name},
        "spec": {
            "serviceName": name,
            "selector": {"matchLabels": selected},
            "template": {"metadata": {"labels": labels}, "spec": {
                "nodeSelector": session["spec"]["worker"]["podOverrides"]["nodeSelector"],
                "containers": [{"name": "agent", "image": "agent"}],
            }},
        },
    })
}
