//! What an edit is previewed to do, and what a Task has that is made after it.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::{People, edited, json_of, says};
use crate::harness::Cluster;
use crate::harness::namespace::Namespace;
use crate::harness::objects::{LABELS, Spawner};

/// Previews an edit, makes it, and has the same Task made again.
pub(super) async fn is_what_comes(
    cluster: &Cluster,
    own: &Namespace,
    worker: &Spawner,
    people: &People,
    admin: &Path,
) {
    let mut file: Value = edited().into();
    file["apiVersion"] = json!("kelos.dev/v1alpha2");
    let file = people.know("edited.yaml", &file.to_string());
    let words = ["preview", "-n", "own", "-f", file.to_str().unwrap(), "--limit", "1", "-o"];
    let (status, said) = json_of(admin, &[&words[..], &["json"]].concat());
    assert_eq!(status, 1, "keys are lost: {said}");
    let mut previewed = BTreeMap::new();
    let mut lost = Vec::new();
    for key in said["keys"].as_array().unwrap() {
        let (name, value) = (key["key"].as_str().unwrap(), &key["values"][0]["value"]);
        if key["lost"] == 1 {
            lost.push(name);
        } else {
            previewed.insert(name, value.as_str().unwrap());
        }
    }
    assert_eq!(lost, ["gone", "lost"]);
    let (_, diff, _) = says(admin, &[&words[..], &["diff"]].concat());
    for line in ["--- a/task/own/worker-1", "-    gone: x", "+    added: issue", "+    number: n-1"]
    {
        assert!(diff.lines().any(|it| it == line), "{line:?} is not in\n{diff}");
    }

    let edited: Value = edited().into();
    let labels = &edited["metadata"]["annotations"][LABELS];
    own.changes(worker, json!({"metadata": {"annotations": {LABELS: labels}}})).await;
    own.will_label(worker.issue(9), "added", "issue").await;
    let path = "/apis/kelos.dev/v1alpha2/namespaces/own/tasks/worker-1";
    cluster.admin.delete(path).await.ok();
    let again = own.accepts(worker.issue(1)).await;
    let labels = again.object["metadata"]["labels"].as_object().unwrap().iter();
    let labels = labels.filter(|(key, _)| *key != "kelos.dev/taskspawner");
    let labels: BTreeMap<_, _> =
        labels.map(|(key, value)| (key.as_str(), value.as_str().unwrap())).collect();
    assert_eq!(labels, previewed, "key by key");
}
