//! What is secret or private gets nowhere: canaries in URLs and prompts, and the real program at trace level.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::https::Client;
use crate::support::program::{Program, certificate, get, write};
use crate::support::webhook::JSON;
use kelos_metadata::webhook::router::MUTATE_TASK_PATH;
use serde_json::{Value, json};
use testing::review::{self, Answer};

/// In credentials of URLs: never anywhere.
const CREDENTIALS: [&str; 5] =
    ["canary-workspace-", "canary-repo-", "canary-jira-", "canary-broken-", "canary-prompt"];
/// In what people wrote: on the Task, and nowhere else.
const PRIVATE: [&str; 3] = ["BODY-canary-6f1c3a", "TITLE-canary-9d2e7b", "VALUE-canary-41aa0c"];

/// Every variable that a canary could be in, each with a key of its own.
const ASKS: [&str; 17] = [
    ".URL",
    ".Repository",
    ".RepositoryOwner",
    ".RepositoryName",
    ".Workspace",
    ".Workspace.Repo",
    ".Workspace.Host",
    ".Workspace.Owner",
    ".Title",
    ".Body",
    ".Comments",
    ".Context",
    ".Source",
    ".Annotations",
    ".Task",
    ".Spawner",
    ".",
];

/// The text of a file of this test, with what TaskSpawners ask for put in.
fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/secrets").join(name);
    let asks = |pairs: Vec<(String, String)>| {
        let map: serde_json::Map<_, _> =
            pairs.into_iter().map(|(key, template)| (key, json!(template))).collect();
        // As a text in YAML: what JSON writes is one.
        json!(Value::Object(map).to_string()).to_string()
    };
    let key = |ask: &str| format!("x{}", ask.replace('.', "-x"));
    let all = |ask: &&str| (key(ask), format!("{{{{{ask}}}}}"));
    let bad =
        |ask: &&str| (key(ask).to_uppercase(), format!("{{{{index {ask} 9}}}} of {{{{{ask}}}}}"));
    let text = fs::read_to_string(path).unwrap();
    text.replace("ASKS", &asks(ASKS.iter().map(all).collect()))
        .replace("LABELS", &asks(ASKS.iter().map(all).chain(ASKS.iter().map(bad)).collect()))
}

/// A Task of a TaskSpawner that works in a Workspace, or in the WorkerPool.
fn task(spawner: &str, name: &str, place: &Value, kind: Option<&str>) -> Value {
    let [body, title, value] = PRIVATE;
    let url = "https://canary-prompt@github.com/acme/widgets/issues/42?token=canary-prompt";
    let prompt = match spawner {
        "events" => format!("42\n{title}\n{body}"),
        "tickets" => format!("{title}\n{body}"),
        _ => format!("{title} | {url} | {body}"),
    };
    let mut task = json!({
        "apiVersion": "kelos.dev/v1alpha2",
        "kind": "Task",
        "metadata": {
            "name": name,
            "labels": {"kelos.dev/taskspawner": spawner, "private": value},
            "annotations": {"private": value, "kelos.dev/source-link": url},
        },
        "spec": {"prompt": prompt, "branch": value},
    });
    for (key, reference) in place.as_object().unwrap() {
        task["spec"][key] = reference.clone();
    }
    if let Some(kind) = kind {
        task["metadata"]["annotations"]["kelos.dev/source-kind"] = json!(kind);
        task["metadata"]["annotations"]["kelos.dev/source-number"] = json!("42");
    }
    task
}

fn tasks() -> Vec<Value> {
    let workspace = |name: &str| json!({"workspaceRef": {"name": name}});
    let mut tasks = Vec::new();
    for name in ["https", "ssh", "slip", "broken", "not-known"] {
        tasks.push(task("issues", "issues-42", &workspace(name), Some("issue")));
    }
    let pool = json!({"workerPoolRef": {"name": "agents"}});
    let https = workspace("https");
    tasks.push(task("issues", "issues-42", &pool, Some("issue")));
    tasks.push(task("elsewhere", "elsewhere-42", &https, Some("issue")));
    tasks.push(task("reviews", "reviews-42", &https, Some("pull-request")));
    tasks.push(task("events", "events-issues-0a1b2c3d4e5f", &https, None));
    tasks.push(task("tickets", "tickets-eng-42", &https, None));
    tasks
}

/// A folder with rules and a serving key.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("rules/rules.yaml"), &file("rules.yaml"));
    write(&folder.path().join("rules/broken.yaml"), &file("broken.yaml"));
    let (cert, key) = certificate();
    write(&folder.path().join("tls/tls.crt"), &cert);
    write(&folder.path().join("tls/tls.key"), &key);
    folder
}

#[track_caller]
fn is_silent(what: &str, text: &str, canaries: &[&str]) {
    for canary in canaries {
        let around = text
            .find(canary)
            .map(|at| text.chars().skip(text[..at].chars().count().saturating_sub(200)).take(400));
        let around = around.map(|text| text.collect::<String>());
        assert_eq!(around, None, "{canary} is in {what}");
    }
}

/// Has a Task answered; gives the Task afterwards.
async fn answered(client: &Client, task: &Value) -> Value {
    let review = review::creation(task);
    let posted = client.post(MUTATE_TASK_PATH, JSON, review.to_string()).await.unwrap();
    let answer = Answer::read(&review, &posted.2);
    let (name, patch) = (&task["metadata"]["name"], answer.patch.as_ref().unwrap().to_string());
    is_silent(&format!("the patch of {name}"), &patch, &CREDENTIALS);
    let reported = format!("{:?} {:?}", answer.warnings, answer.audit);
    assert!(!answer.warnings.is_empty() && !answer.audit.is_empty(), "{reported}");
    is_silent(&format!("what is reported of {name}"), &reported, &CREDENTIALS);
    is_silent(&format!("what is reported of {name}"), &reported, &PRIVATE);
    answer.apply(task)
}

#[tokio::test]
async fn canaries_are_silent_at_trace_level() {
    let mut program = Program::with(folder(), &["--log-level", "trace"]);
    let mut listeners = 0;
    let start = program.lines_until(|line| {
        listeners += usize::from(line["listener"].is_string());
        listeners == 3
    });
    let address = |listener: &str| {
        let line = start.iter().find(|line| line["listener"] == listener).unwrap();
        line["address"].as_str().unwrap().parse().unwrap()
    };
    let (client, metrics) = (program.client(address("webhook")), address("metrics"));
    let mut urls = Vec::new();
    for task in tasks() {
        let after = answered(&client, &task).await;
        let annotation = |key: &str| after["metadata"]["annotations"][key].as_str();
        // The canaries are alive: what may be told is told.
        assert_eq!(annotation("x-xTitle"), Some(PRIVATE[1]), "{after:#}");
        urls.push(annotation("x-xURL").unwrap_or("-").to_owned());
    }
    assert_eq!(
        urls,
        [
            "https://github.com/acme/widgets/issues/42",
            "https://ghe.example.com/acme/widgets/issues/42",
            "https://github.com/acme/widgets/issues/42",
            "-",
            "-",
            "https://github.com/acme/widgets/issues/42",
            "https://ghe.example.com:8443/tools/hammer/issues/42",
            "https://ghe.example.com:8443/tools/hammer/pull/42",
            "https://ghe.example.com/tools/hammer/issues/42",
            "https://jira.example.com/tracker/browse/ENG-42",
        ]
    );
    let text = get(metrics, "/metrics");
    assert!(text.contains("kelos_metadata_keys_total"), "{text}");
    // A Workspace that changes, and one that breaks: that is told, too.
    let rules = program.folder.path().join("rules/rules.yaml");
    let changed = fs::read_to_string(&rules).unwrap().replace("acme", "tools");
    write(&rules, &changed);
    let loaded = program.lines_until(|line| line["message"] == "Loaded manifests");
    write(&rules, &changed.replace("spec: {repo: '", "spec: '{repo: "));
    let broken = program.lines_until(|line| line["message"] == "Loaded manifests");
    drop(client);
    program.signal("TERM");
    let rest = program.lines_until(|line| line["message"] == "Stopped");
    assert!(program.child.wait().unwrap().success());

    let log: Vec<&Value> = [&start, &loaded, &broken, &rest].into_iter().flatten().collect();
    let is_detail = |line: &&&Value| matches!(line["level"].as_str(), Some("DEBUG" | "TRACE"));
    assert!(log.iter().filter(is_detail).count() > 10, "the level was set: {log:?}");
    let log = format!("{log:?}");
    for (what, text) in [("the log", &log), ("the metrics", &text)] {
        is_silent(what, text, &CREDENTIALS);
        is_silent(what, text, &PRIVATE);
    }
}

#[test]
fn people_who_try_rules_see_no_credentials_either() {
    let folder = folder();
    let tasks: PathBuf = folder.path().join("tasks.yaml");
    let documents: Vec<String> = self::tasks().iter().map(Value::to_string).collect();
    write(&tasks, &documents.join("\n---\n"));
    for format in ["table", "json", "yaml", "patch"] {
        let output = Command::new(env!("CARGO_BIN_EXE_kelos-metadata"))
            .args(["render", "-o", format, "-f"])
            .arg(folder.path().join("rules"))
            .arg("-f")
            .arg(&tasks)
            .output()
            .unwrap();
        let (out, err) = (String::from_utf8(output.stdout), String::from_utf8(output.stderr));
        let (out, err) = (out.unwrap(), err.unwrap());
        assert!(out.contains(PRIVATE[1]) && out.contains("github.com"), "{out}{err}");
        assert!(err.contains("no-spec") || err.contains("broken.yaml"), "{err}");
        // `yaml` is the Task as it comes, too: what its client wrote stays.
        let of_others = if format == "yaml" { &CREDENTIALS[..4] } else { &CREDENTIALS };
        is_silent(format, &out, of_others);
        is_silent(format, &err, &CREDENTIALS);
    }
}
