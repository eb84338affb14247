//! Keys that no rule declares any more, on a real API server: it alone notes who has sent what.

use std::path::Path;
use std::process::Stdio;

use serde_json::json;

use super::{command, json_of, says};
use crate::harness::namespace::Namespace;

/// The status of a command whose output is closed before it says anything.
fn unread(kubeconfig: &Path, words: &[&str]) -> Option<i32> {
    let mut child = command(kubeconfig, words).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    child.wait().unwrap().code()
}

/// Two Tasks have a label that the rules declared before the edit, and nobody but the webhook can have written it.
pub(super) async fn are_lost(own: &Namespace, admin: &Path) {
    let (status, said) = json_of(admin, &["preview", "-n", "own", "-o", "json"]);
    assert_eq!((status, &said["differ"], &said["unproven"]), (1, &json!(2), &json!(0)), "{said}");
    let gone = async || {
        let tasks = own.tasks().await;
        tasks.iter().filter(|task| task["metadata"]["labels"]["gone"].is_string()).count()
    };
    assert_eq!(gone().await, 2);
    let (status, output, _) = says(admin, &["backfill", "-n", "own", "--write"]);
    assert!(status == 1 && output.contains("0 Tasks written, 3 already right"), "{output}");
    // Nobody reads what it says: what it does, and how it ends, is the same.
    assert_eq!(unread(admin, &["backfill", "-n", "own", "--write"]), Some(1));
    assert_eq!(unread(admin, &["preview", "-n", "own"]), Some(1));
    assert_eq!(unread(admin, &["backfill", "-n", "own", "--write", "--prune"]), Some(0));
    assert_eq!(gone().await, 0);
    for task in own.tasks().await {
        let metadata = &task["metadata"];
        assert_eq!(metadata["labels"]["kelos.dev/taskspawner"], "worker", "what Kelos sent stays");
        assert_eq!(metadata["annotations"]["kelos.dev/source-kind"], "issue");
    }
    let (status, said) = json_of(admin, &["preview", "-n", "own", "-o", "json"]);
    assert_eq!((status, &said["differ"]), (0, &json!(0)), "{said}");
}
