//! `preview` and `backfill` on a real API server: what they say is what new Tasks get, who may do what, and what is
//! written while others write, too.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::access::Account;
use crate::harness::cluster::on_own_cluster;
use crate::harness::crds::Schemas;
use crate::harness::history::History;
use crate::harness::namespace::Namespace;
use crate::harness::objects::{LABELS, NewSpawner, Spawner};
use crate::harness::registration::SERVED_BY;
use crate::harness::wait::eventually;
use crate::harness::{Cluster, spawner};
use crate::uses::Reader;

/// How many Tasks are backfilled under load.
const TASKS: u32 = 120;

/// People with kubeconfigs.
struct People(TempDir);

impl People {
    fn new() -> People {
        People(tempfile::tempdir().unwrap())
    }

    fn know(&self, name: &str, kubeconfig: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, kubeconfig).unwrap();
        path
    }

    async fn with_rights(
        &self,
        cluster: &Cluster,
        namespace: &str,
        name: &str,
        rights: &[(&str, &str, &str)],
    ) -> PathBuf {
        let address = cluster.control_plane.address();
        let account = Account::in_namespace(&cluster.admin, address, namespace, name, rights).await;
        self.know(name, &account.kubeconfig(address))
    }
}

fn command(kubeconfig: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kelos-metadata"));
    command.args(words).arg("--kubeconfig").arg(kubeconfig).stdin(Stdio::null());
    command
}

/// What it says: status, output and complaints.
fn says(kubeconfig: &Path, words: &[&str]) -> (i32, String, String) {
    let output = command(kubeconfig, words).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn json_of(kubeconfig: &Path, words: &[&str]) -> (i32, Value) {
    let (status, output, errors) = says(kubeconfig, words);
    assert_eq!(errors, "", "{words:?}");
    (status, serde_json::from_str(&output).unwrap())
}

fn edited() -> NewSpawner {
    spawner("worker").labels(json!({
        "number": "n-{{ .Number }}", "team": "old", "added": "{{ .Kind | lower }}", "lost": "{{ .Nope }}",
    }))
}

/// What the rules read, and the Tasks.
const READ: [(&str, &str, &str); 6] = [
    ("kelos.dev", "tasks", "list"),
    ("kelos.dev", "taskspawners", "list"),
    ("kelos.dev", "workspaces", "list"),
    ("kelos.dev", "workerpools", "list"),
    ("kelos.dev", "taskbudgets", "list"),
    ("", "namespaces", "get"),
];

#[test]
fn a_preview_is_what_new_tasks_get_and_everybody_sees_what_she_may() {
    on_own_cluster("preview", async |cluster| {
        cluster.install(Schemas::V1alpha2).await;
        let own = cluster.namespace("own").await;
        let other = cluster.bare_namespace("other", json!({})).await;
        let people = People::new();
        let admin = people.know("admin", &cluster.control_plane.admin_kubeconfig());
        let had =
            json!({"number": "{{ .Number }}", "team": "old", "lost": "{{ .Kind }}", "gone": "x"});
        let worker = own.creates(spawner("worker").labels(had)).await;
        own.will_label(worker.issue(1), "team", "old").await;
        for number in 1..=3 {
            own.accepts(worker.issue(number)).await;
        }
        let elsewhere = other.creates(spawner("worker").labels(json!({"team": "x"}))).await;
        other.accepts(elsewhere.issue(1)).await;

        let (_, said) = json_of(&admin, &["preview", "-A", "-o", "json"]);
        let passed_over =
            json!([{"reason": "not_selected", "tasks": 1, "example": "other/worker-1"}]);
        assert_eq!((&said["tasks"], &said["passed_over"]), (&json!(3), &passed_over), "{said}");
        let served = json!({"metadata": {"labels": {SERVED_BY: "kelos-metadata"}}});
        cluster.admin.merge("/api/v1/namespaces/other", &served).await.ok();
        let (status, said) = json_of(&admin, &["preview", "-A", "-o", "json"]);
        assert_eq!((status, &said["tasks"], &said["differ"]), (0, &json!(4), &json!(1)), "{said}");
        let (status, said) = json_of(&admin, &["preview", "-n", "own", "-o", "json"]);
        assert_eq!((status, &said["tasks"], &said["differ"]), (0, &json!(3), &json!(0)), "{said}");
        is_as_previewed(cluster, &own, &worker, &people, &admin).await;
        sees_what_she_may(cluster, &people).await;
    });
}

/// Previews an edit, makes it, and has the same Task made again.
async fn is_as_previewed(
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

async fn sees_what_she_may(cluster: &Cluster, people: &People) {
    let reader = people.with_rights(cluster, "own", "reader", &READ).await;
    let (status, said) = json_of(&reader, &["preview", "-n", "own", "-o", "json"]);
    assert_eq!((status, &said["tasks"]), (1, &json!(3)), "two of them would lose a key: {said}");
    let refused = |words: &[&str], lack: &str| {
        let (status, output, errors) = says(&reader, words);
        assert_eq!((status, &*output), (2, ""), "{words:?} {errors}");
        assert!(errors.contains(lack), "{words:?} {errors}");
    };
    let spawners = "you lack the right to list taskspawners.kelos.dev in";
    refused(&["preview", "-A"], &format!("{spawners} all namespaces (-n asks for one)"));
    refused(&["preview", "-n", "other"], &format!("{spawners} namespace other"));
    let write = ["backfill", "-n", "own", "--write"];
    refused(&write, "you lack the right to patch tasks.kelos.dev in namespace own");

    let no_tasks: Vec<_> = READ.into_iter().filter(|(_, it, _)| *it != "tasks").collect();
    let blind = people.with_rights(cluster, "own", "blind", &no_tasks).await;
    let (status, _, errors) = says(&blind, &["preview", "-n", "own"]);
    let lack = "you lack the right to list tasks.kelos.dev in namespace own";
    assert!(status == 2 && errors.contains(lack), "{errors}");

    // Without budgets nobody knows on which labels they select.
    let mut rights: Vec<_> = READ.into_iter().filter(|(_, it, _)| *it != "taskbudgets").collect();
    rights.push(("kelos.dev", "tasks", "patch"));
    let writer = people.with_rights(cluster, "own", "writer", &rights).await;
    let (status, _, errors) = says(&writer, &write);
    let all = "every label counts as one that a TaskBudget selects on: you lack the right to list taskbudgets";
    assert!(status == 2 && errors.contains(all) && errors.contains("give --yes"), "{errors}");
    let (status, output, _) =
        says(&writer, &["backfill", "-n", "own", "--write", "--yes", "--prune"]);
    assert!(status == 0 && output.contains("2 Tasks written, 1 already right"), "{output}");
    let (status, said) = json_of(&reader, &["preview", "-n", "own", "-o", "json"]);
    assert_eq!((status, &said["differ"]), (0, &json!(0)), "nothing is left to change: {said}");

    let nobody = people.with_rights(cluster, "own", "nobody", &[]).await;
    for command in ["preview", "backfill"] {
        let (status, output, errors) = says(&nobody, &[command, "-n", "own"]);
        assert!(status == 2 && output.is_empty(), "{output}");
        assert!(errors.contains(&format!("{spawners} namespace own")), "{errors}");
    }
}

#[test]
fn a_backfill_that_is_killed_and_run_twice_at_once_writes_each_task_once() {
    on_own_cluster("backfill", async |cluster| {
        cluster.install(Schemas::V1alpha2).await;
        let people = People::new();
        let admin = people.know("admin", &cluster.control_plane.admin_kubeconfig());
        let namespace = cluster.bare_namespace("load", json!({})).await;
        let rules = json!({"number": "{{ .Number }}", "team": "backend"});
        let worker = namespace.creates(spawner("worker").labels(rules)).await;
        let task = |number| {
            let mut task: Value = worker.issue(number).into();
            task["status"] = json!({"phase": "Succeeded"});
            task
        };
        let made = join_all((0..TASKS).map(|number| namespace.accepts(task(number)))).await;
        let specs: BTreeMap<String, String> = made
            .iter()
            .map(|task| (task.name().to_owned(), task.object["spec"].to_string()))
            .collect();

        let history = History::of_tasks(&cluster.admin, "load").await;
        let others = Others::write(cluster, "load");
        let backfill = |qps: &str| {
            let words = ["backfill", "-n", "load", "--write", "--qps", qps];
            let mut command = command(&admin, &words);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        // Slow enough to be seen at work on a machine that is busy: ten of the Tasks take a second, all take twelve.
        let mut first = backfill("10");
        let labelled = async || {
            let tasks = namespace.tasks().await;
            tasks.iter().filter(|task| task["metadata"]["labels"]["team"] == "backend").count()
        };
        eventually("a part of the Tasks", async || (labelled().await >= 10).then_some(())).await;
        first.kill().unwrap();
        first.wait().unwrap();
        let before = labelled().await;
        assert!(before < TASKS as usize, "it was killed while it wrote");
        let second = backfill("10");
        let is_on = async || (labelled().await > before + 5).then_some(());
        eventually("some more of them", is_on).await;
        interrupted(second);
        assert!(labelled().await < TASKS as usize, "it was stopped while it wrote");
        for child in [backfill("200"), backfill("200")] {
            let said = end(child);
            assert!(said.contains("already right") && !said.contains("given up"), "{said}");
        }
        let touched = others.stop().await;
        assert!(touched > 20, "others wrote meanwhile: {touched}");
        each_is_right(&namespace, &specs).await;
        let states = history.end("worker-0").await;
        each_is_written_once(cluster, &states);
    });
}

/// Ends a backfill as Ctrl-C does: it says what it has done, and how to go on.
fn interrupted(child: Child) {
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    let stopped = "Stopped before the end: the same command goes on from here";
    assert!(said.contains(" Tasks written, ") && said.contains(stopped), "{said}");
}

/// What a backfill says that goes well.
fn end(child: Child) -> String {
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    said
}

async fn each_is_right(namespace: &Namespace, specs: &BTreeMap<String, String>) {
    let tasks = namespace.tasks().await;
    assert_eq!(tasks.len(), specs.len(), "none is lost");
    for task in &tasks {
        let metadata = &task["metadata"];
        let name = metadata["name"].as_str().unwrap();
        let number = name.rsplit_once('-').unwrap().1;
        let expected =
            json!({"kelos.dev/taskspawner": "worker", "number": number, "team": "backend"});
        assert_eq!(metadata["labels"], expected, "{name}");
        let mark = &metadata["annotations"]["metadata.kelos.dev/rendered-from"];
        assert!(mark.as_str().unwrap().starts_with("worker@"), "{name}");
        assert_eq!(task["spec"].to_string(), specs[name], "{name}");
    }
}

/// The labels and the mark of each Task were written once and together, and no later backfill wrote it again.
fn each_is_written_once(cluster: &Cluster, states: &BTreeMap<String, Vec<Value>>) {
    assert_eq!(states.len(), TASKS as usize);
    let written = |task: &Value| {
        let metadata = &task["metadata"];
        let mark = &metadata["annotations"]["metadata.kelos.dev/rendered-from"];
        (metadata["labels"].clone(), mark.clone())
    };
    for (name, states) in states {
        let changes = states.windows(2).filter(|pair| written(&pair[0]) != written(&pair[1]));
        assert_eq!(changes.count(), 1, "{name}: {states:#?}");
    }
    // A write that changes nothing leaves no state, but an answer: nothing was written again that was right. One write
    // may have been under way when the first backfill was killed, and done, with nobody there to answer.
    let events = cluster.control_plane.audit_events("fieldManager=kelos-metadata-backfill");
    let mut answered: BTreeMap<&str, usize> = BTreeMap::new();
    for event in events.iter().filter(|it| it["responseStatus"]["code"] == 200) {
        assert_eq!(event["verb"], "patch");
        *answered.entry(event["objectRef"]["name"].as_str().unwrap()).or_default() += 1;
    }
    assert!(answered.len() + 1 >= states.len(), "{} of {}", answered.len(), states.len());
    assert!(answered.values().all(|times| *times == 1), "each is written once: {answered:?}");
}

/// Another writer of the same Tasks.
struct Others {
    is_over: Arc<AtomicBool>,
    writing: tokio::task::JoinHandle<usize>,
}

impl Others {
    fn write(cluster: &Cluster, namespace: &str) -> Others {
        let is_over = Arc::new(AtomicBool::new(false));
        let (over, admin) = (Arc::clone(&is_over), cluster.admin.clone());
        let tasks = format!("/apis/kelos.dev/v1alpha2/namespaces/{namespace}/tasks");
        let writing = tokio::spawn(async move {
            let mut times = 0;
            while !over.load(Ordering::Relaxed) {
                let change =
                    json!({"metadata": {"annotations": {"example.com/times": times.to_string()}}});
                let number = times * 7 % TASKS as usize;
                admin.merge(&format!("{tasks}/worker-{number}"), &change).await.ok();
                times += 1;
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            times
        });
        Others { is_over, writing }
    }

    async fn stop(self) -> usize {
        self.is_over.store(true, Ordering::Relaxed);
        self.writing.await.unwrap()
    }
}

/// What Kelos writes down of a Task that has ended.
fn record(task: &Value) -> Value {
    let metadata = &task["metadata"];
    let (name, uid) = (&metadata["name"], &metadata["uid"]);
    json!({
        "kind": "TaskRecord",
        "metadata": {"name": uid, "labels": metadata["labels"]},
        "spec": {
            "taskRef": {"name": name, "uid": uid}, "phase": "Succeeded",
            "completionTime": "2026-05-04T09:45:00Z",
        },
    })
}

#[test]
fn the_page_shows_what_the_commands_say() {
    on_own_cluster("backfill-page", async |cluster| {
        cluster.install(Schemas::V1alpha2).await;
        let namespace = cluster.bare_namespace("agents", json!({})).await;
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/priority/taskspawner.yaml");
        let mut object: Value = serde_saphyr::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        object["metadata"].as_object_mut().unwrap().remove("namespace");
        let priority = namespace.creates(object).await;
        let labels = ["priority/high", "bug", "priority/low, bug", "priority/high, bug"];
        for (number, labels) in (41..).zip(labels) {
            let task = priority.issue(number).annotated("kelos.dev/source-labels", labels);
            let mut task: Value = task.into();
            let phase = if number == 44 { "Waiting" } else { "Succeeded" };
            task["status"] = json!({"phase": phase});
            if number == 41 {
                task["status"]["completionTime"] = json!("2026-05-04T09:45:00Z");
                task["status"]["usage"] = json!({"inputTokens": 1000});
            }
            let task = namespace.accepts(task).await;
            if number == 41 {
                namespace.post("taskrecords", "", record(&task.object)).await.ok();
            }
        }
        let selector = json!({"matchLabels": {"team.example.com/priority": "high"}});
        let period = json!({"type": "Daily"});
        let budget = json!({
            "kind": "TaskBudget", "metadata": {"name": "high"},
            "spec": {"taskSelector": selector, "period": period},
        });
        namespace.post("taskbudgets", "", budget).await.ok();
        let reader = Reader::of(cluster);
        reader.follows_page("docs/backfill.md", &["kelos-metadata ", "kubectl ", "sed "]);
    });
}
