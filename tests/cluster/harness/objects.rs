//! TaskSpawners and Tasks as Kelos's users and Kelos itself write them.

use serde_json::{Value, json};

/// The annotation that asks for labels.
pub(crate) const LABELS: &str = "metadata.kelos.dev/labels";

/// A TaskSpawner to be created: polls issues, works in the Workspace `my-repo`.
#[derive(Clone)]
pub(crate) struct NewSpawner {
    object: Value,
}

/// The manifest of a TaskSpawner.
pub(crate) fn spawner(name: &str) -> NewSpawner {
    let object = json!({
        "kind": "TaskSpawner",
        "metadata": {"name": name, "annotations": {}},
        "spec": {
            "when": {"githubIssues": {}},
            "taskTemplate": {
                "type": "claude-code",
                "credentials": {"type": "none"},
                "workspaceRef": {"name": "my-repo"},
                "promptTemplate": "Fix this: {{.Title}}\n{{.Body}}",
            },
        },
    });
    NewSpawner { object }
}

impl NewSpawner {
    /// Asks for labels with our annotation.
    pub(crate) fn labels(self, templates: Value) -> NewSpawner {
        self.annotated(LABELS, &templates.to_string())
    }

    /// Asks for annotations with our annotation.
    pub(crate) fn annotations(self, templates: Value) -> NewSpawner {
        self.annotated("metadata.kelos.dev/annotations", &templates.to_string())
    }

    /// Asks for labels with the field that Kelos has for them, and renders itself.
    pub(crate) fn kelos_labels(mut self, templates: Value) -> NewSpawner {
        self.object["spec"]["taskTemplate"]["metadata"]["labels"] = templates;
        self
    }

    /// Asks for annotations with that field.
    pub(crate) fn kelos_annotations(mut self, templates: Value) -> NewSpawner {
        self.object["spec"]["taskTemplate"]["metadata"]["annotations"] = templates;
        self
    }

    /// Has its Tasks done by a WorkerPool.
    pub(crate) fn of_pool(mut self, name: &str) -> NewSpawner {
        let prompt = self.object["spec"]["taskTemplate"]["promptTemplate"].take();
        self.object["spec"]["taskTemplate"] =
            json!({"workerPoolRef": {"name": name}, "promptTemplate": prompt});
        self
    }

    /// Has this annotation.
    pub(crate) fn annotated(mut self, key: &str, value: &str) -> NewSpawner {
        self.object["metadata"]["annotations"][key] = json!(value);
        self
    }
}

impl From<NewSpawner> for Value {
    fn from(spawner: NewSpawner) -> Value {
        spawner.object
    }
}

/// A TaskSpawner that was created.
#[derive(Clone, Debug)]
pub(crate) struct Spawner {
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) api_version: String,
}

impl Spawner {
    /// Reads what the API server answered.
    pub(crate) fn created(object: &Value) -> Spawner {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let metadata = &object["metadata"];
        Spawner {
            name: text(&metadata["name"]),
            uid: text(&metadata["uid"]),
            api_version: text(&object["apiVersion"]),
        }
    }

    /// The Task that Kelos creates for an issue.
    pub(crate) fn issue(&self, number: u32) -> NewTask {
        let object = json!({
            "apiVersion": self.api_version,
            "kind": "Task",
            "metadata": {
                "name": format!("{}-{number}", self.name),
                "labels": {"kelos.dev/taskspawner": self.name},
                "annotations": {
                    "kelos.dev/source-kind": "issue",
                    "kelos.dev/source-number": number.to_string(),
                },
                "ownerReferences": [{
                    "apiVersion": self.api_version, "kind": "TaskSpawner",
                    "name": self.name, "uid": self.uid, "controller": true,
                }],
            },
            "spec": {
                "type": "claude-code",
                "credentials": {"type": "none"},
                "workspaceRef": {"name": "my-repo"},
                "branch": format!("kelos-task-{number}"),
                "prompt": "Fix this: Fix the login page\nIt is broken.",
            },
        });
        NewTask { object }
    }
}

/// A Task to be created.
#[derive(Clone)]
pub(crate) struct NewTask {
    object: Value,
}

impl NewTask {
    /// Has this label, too.
    pub(crate) fn labelled(mut self, key: &str, value: &str) -> NewTask {
        self.object["metadata"]["labels"][key] = json!(value);
        self
    }

    /// Has this annotation, too.
    pub(crate) fn annotated(mut self, key: &str, value: &str) -> NewTask {
        self.object["metadata"]["annotations"][key] = json!(value);
        self
    }

    /// Is done by a WorkerPool.
    pub(crate) fn of_pool(mut self, name: &str) -> NewTask {
        let prompt = self.object["spec"]["prompt"].take();
        self.object["spec"] = json!({"workerPoolRef": {"name": name}, "prompt": prompt});
        self
    }

    /// Says this in its spec, too; `null` takes a field away.
    pub(crate) fn says(mut self, spec: Value) -> NewTask {
        json_patch::merge(&mut self.object["spec"], &spec);
        self
    }

    /// Names its owner with a label only, as Kelos did before v0.26.
    pub(crate) fn without_owner_reference(mut self) -> NewTask {
        self.object["metadata"].as_object_mut().unwrap().remove("ownerReferences");
        self
    }

    /// Is of this version.
    pub(crate) fn version(mut self, version: &str) -> NewTask {
        self.object["apiVersion"] = json!(format!("kelos.dev/{version}"));
        self
    }

    /// Has a name that the API server completes.
    pub(crate) fn generate_name(mut self, start: &str) -> NewTask {
        let metadata = self.object["metadata"].as_object_mut().unwrap();
        metadata.remove("name");
        metadata.insert("generateName".to_owned(), json!(start));
        self
    }
}

impl From<NewTask> for Value {
    fn from(task: NewTask) -> Value {
        task.object
    }
}
