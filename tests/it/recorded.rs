//! What a real API server sent for Tasks that real Kelos spawners made, v0.24 and v0.52: whether it is answered.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::support::recordings::{folder, reviews};
use crate::support::webhook::Webhook;
use kelos_metadata::engine::rules::{OnInvalid, Policy};
use serde_json::Value;
use testing::review::Answer;

/// What a Task gets: keys that it has afterwards with this value, or that are gone, and what the
/// mark says of skipped keys.
struct Outcome {
    keys: Vec<(&'static str, &'static str, Option<String>)>,
    skipped: Option<&'static str>,
}

const UNTOUCHED: Option<Outcome> = None;

/// What design asks for, by version, policy, spawner and Task.
fn expected(
    version: &str,
    on_invalid: OnInvalid,
    spawner: &str,
    task: &str,
    title: &str,
) -> Option<Outcome> {
    let number = task.rsplit('-').next().unwrap();
    let github = |page: &str| format!("https://github.com/acme/widgets/{page}/{number}");
    match (version, spawner) {
        // Nothing tells the labels; the title stands in the prompt: the rest of the example comes out.
        ("v0.24", "issue-worker") => Some(example("Issue", github("issues"), title)),
        (_, "reviewer") => Some(example("PR", github("pull"), title)),
        // A cron Task's name is its time, and its title; the rest is empty, as in Kelos.
        (_, "nightly") => {
            let (date, time) = task.strip_prefix("nightly-").unwrap().split_once('-').unwrap();
            let (year, month, day) = (&date[..4], &date[4..6], &date[6..]);
            let title = format!("{year}-{month}-{day}T{}:{}:00Z", &time[..2], &time[2..]);
            Some(Outcome {
                keys: vec![
                    ("labels", "kelos.dev/source-kind", Some("Issue".to_owned())),
                    ("labels", "team.example.com/area", Some("backend".to_owned())),
                    ("labels", "kelos.dev/priority", None),
                    ("annotations", "kelos.dev/source-url", Some(String::new())),
                    ("annotations", "kelos.dev/source-title", Some(title)),
                ],
                skipped: Some("label:kelos.dev/priority=render_error"),
            })
        }
        // The field is pruned by v0.24: there is nothing to do.
        ("v0.24", "title-label") => UNTOUCHED,
        // Kelos rendered every key itself, and each is valid; but the priority is the number of a byte, and
        // nothing tells the labels.
        ("v0.52", "issue-worker") => Some(Outcome {
            keys: vec![("labels", "kelos.dev/priority", None)],
            skipped: Some("label:kelos.dev/priority=missing_variable(.Labels)"),
        }),
        // Each of these labels had its Task refused.
        ("v0.52", "title-label") => Some(match on_invalid {
            OnInvalid::Skip => Outcome {
                keys: vec![("labels", "title", None)],
                skipped: Some("label:title=invalid_value"),
            },
            OnInvalid::Sanitize => Outcome {
                keys: vec![("labels", "title", Some(sanitized_title(task).to_owned()))],
                skipped: None,
            },
        }),
        _ => panic!("an unknown recording: {version} {spawner}"),
    }
}

fn example(kind: &str, url: String, title: &str) -> Outcome {
    Outcome {
        keys: vec![
            ("labels", "kelos.dev/source-kind", Some(kind.to_owned())),
            ("labels", "team.example.com/area", Some("backend".to_owned())),
            ("labels", "kelos.dev/priority", None),
            ("annotations", "kelos.dev/source-url", Some(url)),
            ("annotations", "kelos.dev/source-title", Some(title.to_owned())),
        ],
        skipped: Some("label:kelos.dev/priority=missing_variable(.Labels)"),
    }
}

fn sanitized_title(task: &str) -> &'static str {
    match task {
        "title-label-42" => "Fix-the-login-page",
        "title-label-43" => "Unicode-long-long-long-long-long-long-long-long-long-long-long",
        "title-label-44" => "no-labels",
        "title-label-45" => "Two-spaces-and-7-.Title",
        other => panic!("an unknown recording: {other}"),
    }
}

/// The recordings of each version that there are.
fn folders() -> Vec<(&'static str, PathBuf)> {
    let found = ["v0.24", "v0.52"].map(|version| Some((version, folder(version)?)));
    found.into_iter().flatten().collect()
}

fn check(version: &str, on_invalid: OnInvalid, spawner: &str, review: &Value, answer: &Answer) {
    let task = &review["request"]["object"];
    let name = task["metadata"]["name"].as_str().unwrap();
    let what = format!("{version} {on_invalid} {name}");
    let after = answer.apply(task);
    // All of these TaskSpawners have the prompt of the example.
    let prompt = task["spec"]["prompt"].as_str().unwrap();
    let title = prompt.strip_prefix("Fix the following issue: ").unwrap().lines().next().unwrap();
    let Some(outcome) = expected(version, on_invalid, spawner, name, title) else {
        assert_eq!(answer.patch, None, "{what}");
        assert_eq!(answer.warnings, [] as [&str; 0], "{what}");
        return;
    };
    let (mut before, mut rest) = (task.clone(), after.clone());
    let metadata = before["metadata"].as_object_mut().unwrap();
    metadata.entry("annotations").or_insert_with(|| serde_json::json!({}));
    for (map, key, value) in &outcome.keys {
        let found =
            after["metadata"][map].get(*key).map(|value| value.as_str().unwrap().to_owned());
        assert_eq!(found, *value, "{what}: {key}");
        for task in [&mut before, &mut rest] {
            task["metadata"][map].as_object_mut().map(|map| map.remove(*key));
        }
    }
    let annotations = rest["metadata"]["annotations"].as_object_mut().unwrap();
    let from = annotations.remove("metadata.kelos.dev/rendered-from").unwrap();
    assert!(from.as_str().unwrap().starts_with(&format!("{spawner}@")), "{what}: {from}");
    let skipped = annotations.remove("metadata.kelos.dev/skipped");
    assert_eq!(skipped.as_ref().and_then(Value::as_str), outcome.skipped, "{what}");
    assert_eq!(rest, before, "{what}: nothing else has changed");
}

#[tokio::test]
async fn every_recording_is_answered_over_https() {
    let mut answered = BTreeMap::new();
    for (version, folder) in folders() {
        for on_invalid in [OnInvalid::Skip, OnInvalid::Sanitize] {
            let policy = Policy { on_invalid, ..Policy::default() };
            let webhook = Webhook::start(&folder, policy).await;
            for (spawner, line) in reviews(&folder) {
                // The very bytes, not what we would make of them.
                let (status, _, body) = webhook.post(line.clone()).await;
                assert_eq!(status, 200);
                let review: Value = serde_json::from_str(&line).unwrap();
                check(version, on_invalid, &spawner, &review, &Answer::read(&review, &body));
                *answered.entry(version).or_insert(0) += 1;
            }
            assert_eq!(webhook.client.connections().await, 1, "one connection for all");
            webhook.stop().await;
        }
    }
    println!("answered: {answered:?}");
    assert!(answered.values().all(|count| *count >= 20));
}

#[tokio::test]
async fn a_session_that_a_real_server_made_gets_its_name() {
    let Some(folder) = folder("v0.52-webhooks") else { return };
    let webhook = Webhook::start(&folder, Policy::default()).await;
    let recorded = reviews(&folder).into_iter().filter(|(name, _)| name == "session-helpers");
    let mut answered = 0;
    for (_, line) in recorded {
        let (status, _, body) = webhook.post_to("/mutate-session", line.clone()).await;
        assert_eq!(status, 200);
        let review: Value = serde_json::from_str(&line).unwrap();
        let after = Answer::read(&review, &body).apply(&review["request"]["object"]);
        let annotations = &after["metadata"]["annotations"];
        let name = annotations["kelos.dev/session-display-name"].as_str();
        assert_eq!(name, Some("acme/widgets#42 Fix the login page"));
        // At the path of Tasks it is none.
        let (_, _, body) = webhook.post(line.clone()).await;
        assert_eq!(Answer::read(&review, &body).patch, None);
        answered += 1;
    }
    assert_eq!(answered, 1);
    let metrics = webhook.metrics.encode().unwrap();
    let count = r#"kelos_metadata_admissions_total{resource="session",outcome="patched"} 1"#;
    assert!(metrics.lines().any(|line| line == count), "{metrics}");
    webhook.stop().await;
}

#[test]
fn every_recording_is_answered_by_review_in_order() {
    for (version, folder) in folders() {
        let recorded = reviews(&folder);
        let mut child = Command::new(env!("CARGO_BIN_EXE_kelos-metadata"))
            .args(["review", "--manifests"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // Far more than a pipe holds, so that the answers must flow while we still ask.
        let rounds = 100;
        let mut stdin = child.stdin.take().unwrap();
        let lines: String = recorded.iter().map(|(_, line)| format!("{line}\n")).collect();
        let asking = std::thread::spawn(move || {
            (0..rounds).for_each(|_| stdin.write_all(lines.as_bytes()).unwrap());
        });
        let output = child.wait_with_output().unwrap();
        asking.join().unwrap();
        assert!(output.status.success());
        let answers = String::from_utf8(output.stdout).unwrap();
        assert_eq!(answers.lines().count(), rounds * recorded.len());
        for (line, (spawner, review)) in answers.lines().zip(recorded.iter().cycle()) {
            let review: Value = serde_json::from_str(review).unwrap();
            let answer = Answer::read(&review, line.as_bytes());
            check(version, OnInvalid::Skip, spawner, &review, &answer);
        }
    }
}
