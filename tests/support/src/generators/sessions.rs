//! SessionSpawners and Sessions, out of TaskSpawners and Tasks: what can be written for the ones can be for the others.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::spawner_and_task;

/// A SessionSpawner that asks for anything, and a Session that carries anything: of it, as a rule, or of a person.
pub fn spawner_and_session() -> impl Strategy<Value = (Value, Value)> {
    (spawner_and_task(), prop::bool::weighted(0.8)).prop_map(|((spawner, task), is_spawned)| {
        (session_spawner(spawner), session(task, is_spawned))
    })
}

fn session_spawner(mut spawner: Value) -> Value {
    let when = &spawner["spec"]["when"]["githubWebhook"];
    let when = if when.is_object() { when.clone() } else { json!({"events": ["issues"]}) };
    let template = &spawner["spec"]["taskTemplate"];
    let template = json!({
        "initialPrompt": template["promptTemplate"], "initialBranch": template["branch"],
        "worker": {"type": "codex"},
    });
    spawner["kind"] = json!("SessionSpawner");
    spawner["spec"] = json!({"when": {"githubWebhook": when}, "sessionTemplate": template});
    spawner
}

fn session(mut task: Value, is_spawned: bool) -> Value {
    let spec = &task["spec"];
    let mut worker = spec["worker"].clone();
    if !worker.is_object() {
        worker = json!({"podOverrides": spec["podOverrides"]});
    }
    let spec = json!({
        "initialPrompt": spec["prompt"], "initialBranch": spec["branch"], "worker": worker,
    });
    task["kind"] = json!("Session");
    task["spec"] = spec;
    let metadata = task["metadata"].as_object_mut().expect("an object has metadata");
    metadata.remove("ownerReferences");
    if is_spawned {
        let owner = json!({
            "apiVersion": "kelos.dev/v1alpha2", "kind": "SessionSpawner", "name": "worker", "uid": "1",
            "controller": true,
        });
        metadata.insert("ownerReferences".to_owned(), json!([owner]));
    }
    task
}
