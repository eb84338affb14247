//! What the servers are fed: TaskSpawners as manifests, AdmissionReviews of new Tasks.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Size of each request body, in bytes.
pub(crate) const REVIEW_BYTES: usize = 4096;

/// How many TaskSpawners one manifest file holds.
const PER_FILE: usize = 100;

const PROSE: &str =
    "The page stays empty after a click on \"Sign in\", in every browser we tried.\n";

/// What the TaskSpawners of a folder ask for.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Templates {
    /// All for the same.
    Shared,
    /// Each for something else.
    Different,
    /// All for what the Task itself tells: nothing is read back of what Kelos has rendered.
    Told,
}

/// Writes a folder with so many TaskSpawners, each file a `List` with a Workspace of its namespace.
///
/// Gives the path of the first file.
pub(crate) fn write_manifests(
    folder: &Path,
    count: usize,
    templates: Templates,
) -> Result<PathBuf> {
    fs::create_dir(folder)?;
    for first in (0..count).step_by(PER_FILE) {
        let mut items = vec![workspace(first)];
        items.extend((first..count.min(first + PER_FILE)).map(|i| spawner(i, templates)));
        let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
        fs::write(file_of(folder, first), serde_json::to_vec_pretty(&list)?)?;
    }
    Ok(file_of(folder, 0))
}

fn file_of(folder: &Path, first: usize) -> PathBuf {
    folder.join(format!("{}.json", namespace(first)))
}

fn namespace(index: usize) -> String {
    format!("team-{}", index / PER_FILE)
}

fn uid(index: usize) -> String {
    format!("ef541463-591f-408a-8a90-{index:012}")
}

/// The Workspace that the TaskSpawner's Tasks work in.
pub(crate) fn workspace(index: usize) -> Value {
    json!({
        "apiVersion": "kelos.dev/v1alpha2", "kind": "Workspace",
        "metadata": {"name": "my-repo", "namespace": namespace(index)},
        "spec": {"repo": "https://github.com/acme/widgets.git"},
    })
}

/// The example's TaskSpawner; a different one has templates that no other has.
pub(crate) fn spawner(index: usize, templates: Templates) -> Value {
    let own = if templates == Templates::Different { format!("-{index}") } else { String::new() };
    let mut labels = json!({
        "kelos.dev/source-kind": format!("{{{{.Kind}}}}{own}"),
        "kelos.dev/priority": format!("{{{{index .Labels 0}}}}{own}"),
        "team.example.com/area": format!("backend{own}"),
    });
    let mut annotations = json!({
        "kelos.dev/source-url": format!("{{{{.URL}}}}{own}"),
        "kelos.dev/source-title": format!("{{{{.Title}}}}{own}"),
    });
    if templates == Templates::Told {
        labels["kelos.dev/priority"] = "{{.Number}}".into();
        annotations["kelos.dev/source-title"] = "{{.ID}}".into();
    }
    json!({
        "apiVersion": "kelos.dev/v1alpha2", "kind": "TaskSpawner",
        "metadata": {
            "name": format!("issue-worker-{index}"), "namespace": namespace(index), "uid": uid(index),
            "annotations": {
                "metadata.kelos.dev/labels": labels.to_string(),
                "metadata.kelos.dev/annotations": annotations.to_string(),
            },
        },
        "spec": {
            "when": {"githubIssues": {"state": "open", "types": ["issues"]}},
            "taskTemplate": {
                "type": "claude-code", "branch": "kelos-task-{{.Number}}", "workspaceRef": {"name": "my-repo"},
                "credentials": {"type": "api-key", "secretRef": {"name": "agent"}},
                "promptTemplate": format!("Fix the following issue: {{{{.Title}}}}\n{{{{.Body}}}}{own}\n"),
            },
        },
    })
}

/// The review of a new Task for issue `number` of a TaskSpawner, filled up to [`REVIEW_BYTES`].
pub(crate) fn review(spawner: usize, number: usize) -> Result<Vec<u8>> {
    let mut review = bare_review(spawner, number);
    let room = REVIEW_BYTES.checked_sub(serde_json::to_vec(&review)?.len());
    let prompt = review.pointer_mut("/request/object/spec/prompt").context("no prompt")?;
    let mut text = prompt.as_str().unwrap_or_default().to_owned();
    let mut room = room.context("the review is too large before its prompt is filled up")?;
    for c in PROSE.chars().cycle() {
        let cost = if matches!(c, '"' | '\n') { 2 } else { 1 };
        match room {
            0 => break,
            1 if cost == 2 => text.push('.'),
            _ => text.push(c),
        }
        room = room.saturating_sub(cost);
    }
    *prompt = Value::String(text);
    let bytes = serde_json::to_vec(&review)?;
    ensure!(bytes.len() == REVIEW_BYTES, "a review of {} bytes", bytes.len());
    Ok(bytes)
}

fn bare_review(spawner: usize, number: usize) -> Value {
    let kind = json!({"group": "kelos.dev", "version": "v1alpha2", "kind": "Task"});
    let resource = json!({"group": "kelos.dev", "version": "v1alpha2", "resource": "tasks"});
    let (owner, namespace) = (format!("issue-worker-{spawner}"), namespace(spawner));
    let name = format!("{owner}-{number}");
    let managed = json!({
        "f:metadata": {
            "f:annotations": {".": {}, "f:kelos.dev/source-kind": {}, "f:kelos.dev/source-number": {}},
            "f:labels": {".": {}, "f:kelos.dev/taskspawner": {}},
            "f:ownerReferences": {".": {}, format!("k:{{\"uid\":\"{}\"}}", uid(spawner)): {}},
        },
        "f:spec": {
            ".": {}, "f:branch": {}, "f:credentials": {".": {}, "f:secretRef": {".": {}, "f:name": {}}, "f:type": {}},
            "f:prompt": {}, "f:type": {}, "f:workspaceRef": {".": {}, "f:name": {}},
        },
    });
    let task = json!({
        "apiVersion": "kelos.dev/v1alpha2", "kind": "Task",
        "metadata": {
            "name": name, "namespace": namespace,
            "labels": {"kelos.dev/taskspawner": owner},
            "annotations": {"kelos.dev/source-kind": "issue", "kelos.dev/source-number": number.to_string()},
            "ownerReferences": [{
                "apiVersion": "kelos.dev/v1alpha2", "kind": "TaskSpawner", "name": owner,
                "uid": uid(spawner), "controller": true,
            }],
            "managedFields": [{
                "apiVersion": "kelos.dev/v1alpha2", "fieldsType": "FieldsV1", "fieldsV1": managed,
                "manager": "kelos-spawner", "operation": "Update", "time": "2026-11-22T14:35:21Z",
            }],
        },
        "spec": {
            "type": "claude-code", "branch": format!("kelos-task-{number}"), "workspaceRef": {"name": "my-repo"},
            "credentials": {"type": "api-key", "secretRef": {"name": "agent"}},
            "prompt": "Fix the following issue: Fix the login page\n",
        },
        "status": {},
    });
    json!({
        "kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": format!("8ea41374-b2e0-4dc1-bdfd-{number:012}"),
            "kind": kind, "resource": resource, "requestKind": kind, "requestResource": resource,
            "name": name, "namespace": namespace, "operation": "CREATE",
            "userInfo": {
                "username": format!("system:serviceaccount:{namespace}:kelos-spawner"),
                "uid": "4c7e3f0a-5f0e-4f57-9a51-6c1f4f0b0c11",
                "groups": ["system:serviceaccounts", format!("system:serviceaccounts:{namespace}"), "system:authenticated"],
            },
            "object": task, "oldObject": null, "dryRun": false,
            "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
        },
    })
}

/// Applies the patch of an answer to the Task of its review and looks for what the example asks.
pub(crate) fn check_answer(
    review: &[u8],
    answer: &[u8],
    spawner: usize,
    templates: Templates,
) -> Result<()> {
    let review: Value = serde_json::from_slice(review)?;
    let answer: Value = serde_json::from_slice(answer)?;
    let (request, response) = (&review["request"], &answer["response"]);
    ensure!(response["uid"] == request["uid"], "the answer has another uid: {answer}");
    ensure!(response["allowed"] == true, "the Task is not allowed: {answer}");
    let Some(patch) = response["patch"].as_str() else { bail!("no patch: {answer}") };
    let patch: json_patch::Patch = serde_json::from_slice(&STANDARD.decode(patch)?)?;
    let mut task = request["object"].clone();
    json_patch::patch(&mut task, &patch)?;

    let own = if templates == Templates::Different { format!("-{spawner}") } else { String::new() };
    let metadata = &task["metadata"];
    let (labels, annotations) = (&metadata["labels"], &metadata["annotations"]);
    let number = annotations["kelos.dev/source-number"].as_str().unwrap_or_default();
    let url = format!("https://github.com/acme/widgets/issues/{number}{own}");
    ensure!(labels["kelos.dev/source-kind"] == format!("Issue{own}"), "wrong kind: {labels}");
    ensure!(labels["team.example.com/area"] == format!("backend{own}"), "wrong area: {labels}");
    ensure!(annotations["kelos.dev/source-url"] == url, "wrong URL: {annotations}");
    Ok(())
}
