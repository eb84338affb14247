//! Whatever TaskSpawners and Tasks hold: what we make of them is what the API server takes.

use std::collections::BTreeSet;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::harness::api::Reply;
use crate::harness::on_cluster;
use crate::webhook::pods::{job_of, overrides};
use testing::generators;

const CASES: usize = 300;

/// What the API server says beside other causes where it has not looked at the rules of the schema.
const NOT_CHECKED: &str = "some validation rules were not checked";

/// Why the API server refuses a Task: field and message of each cause.
fn causes(reply: &Reply) -> BTreeSet<(String, String)> {
    if reply.status.is_success() {
        return BTreeSet::new();
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match reply.body["details"]["causes"].as_array() {
        Some(causes) => causes.iter().map(|c| (text(&c["field"]), text(&c["message"]))).collect(),
        None => [(String::new(), reply.message().to_owned())].into(),
    }
}

/// The Task with a name that a Job can have.
fn named(task: &Value, case: usize) -> Value {
    let mut task = task.clone();
    task["metadata"]["name"] = json!(format!("task-{case}"));
    task
}

#[test]
fn no_patch_costs_a_task() {
    on_cluster(async |cluster| {
        let served = cluster.namespace("random").await;
        let bare = cluster
            .namespace_with("random-bare", json!({"metadata.kelos.dev/injection": "disabled"}))
            .await;
        let mut runner = TestRunner::default();
        let (mut patched, mut saved, mut jobs) = (0, 0, 0);
        for case in 0..CASES {
            let strategy = generators::spawner_and_task();
            let (mut spawner, mut task) = strategy.new_tree(&mut runner).unwrap().current();
            let name = format!("worker-{case}");
            spawner["metadata"] =
                json!({"name": name, "annotations": spawner["metadata"]["annotations"]});
            let made = served.creates(spawner.clone()).await;
            generators::belongs_to(&mut task, &made.name, &made.uid);
            task["spec"]["type"] = json!("x");
            task["spec"]["credentials"] = json!({"type": "none"});
            let without = bare.post("tasks", "?dryRun=All", task.clone()).await;
            let with = served.post("tasks", "?dryRun=All", task.clone()).await;
            let (before, mut after) = (causes(&without), causes(&with));
            // What has too many annotations is not checked further; what we shed shows what else is wrong.
            if before.iter().any(|(_, message)| message.contains(NOT_CHECKED)) {
                after.retain(|(field, _)| field != "spec");
            }
            assert!(after.is_subset(&before), "{after:?}\nof {spawner:#}\nand {task:#}");
            if with.status.is_success() {
                // What was there, Kelos itself could make a Job of: what we added must not cost that.
                let before = served.post("jobs", "?dryRun=All", job_of(&named(&task, case))).await;
                let after =
                    served.post("jobs", "?dryRun=All", job_of(&named(&with.body, case))).await;
                let (before, after) = (causes(&before), causes(&after));
                assert!(after.is_subset(&before), "{after:?}\nof {spawner:#}\nand {task:#}");
                jobs += usize::from(overrides(&with.body) != overrides(&task));
            }
            let mark = &with.body["metadata"]["annotations"]["metadata.kelos.dev/rendered-from"];
            patched += usize::from(mark.is_string());
            saved += usize::from(with.status.is_success() && !without.status.is_success());
        }
        assert!(patched > CASES / 10 && saved > 0, "patched: {patched}, saved: {saved}");
        assert!(jobs > CASES / 20, "Jobs with what we added: {jobs}");
    });
}
