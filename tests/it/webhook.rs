//! The whole webhook over real TLS: what it says to requests of every kind.

use std::fs;

use crate::support::webhook::Webhook;
use kelos_metadata::engine::rules::Policy;
use kelos_metadata::webhook::router::{MAX_BODY_BYTES, MAX_SPAWNER_BODY_BYTES};
use serde_json::{Value, json};
use tempfile::TempDir;
use testing::review::{self, Answer};

const SPAWNERS: &str = r#"
apiVersion: kelos.dev/v1alpha2
kind: TaskSpawner
metadata:
  name: worker
  annotations:
    metadata.kelos.dev/labels: |
      kind: {{ .Kind }}
      model: {{ .Task.Model }}
spec: {when: {githubIssues: {}}}
---
apiVersion: kelos.dev/v1alpha2
kind: TaskSpawner
metadata:
  name: looping
  annotations:
    metadata.kelos.dev/labels: '{"all": "{{ range .Task.Labels }}x{{ end }}"}'
"#;

/// Its prompt tells the title.
const READING: &str = r#"
---
apiVersion: kelos.dev/v1alpha2
kind: TaskSpawner
metadata:
  name: reading
  annotations:
    metadata.kelos.dev/annotations: '{"title": "{{ .Title }}"}'
spec: {when: {githubIssues: {}}, taskTemplate: {promptTemplate: "Fix: {{.Title}}\n{{.Body}}\n{{.Comments}}"}}
"#;

async fn webhook() -> (Webhook, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("spawners.yaml"), [SPAWNERS, READING].concat()).unwrap();
    (Webhook::start(folder.path(), Policy::default()).await, folder)
}

fn task(spec: Value) -> Value {
    json!({
        "apiVersion": "kelos.dev/v1alpha2",
        "kind": "Task",
        "metadata": {
            "name": "worker-1",
            "labels": {"kelos.dev/taskspawner": "worker"},
            "annotations": {"kelos.dev/source-kind": "issue", "kelos.dev/source-number": "1"},
        },
        "spec": spec,
    })
}

/// The body of a review whose Task has this text as its spec.
fn with_spec(spec: &str) -> (Value, String) {
    let review = review::creation(&task(json!("SPEC")));
    let body = review.to_string().replace("\"SPEC\"", spec);
    (review, body)
}

/// That the Task of a review is labelled, whatever else it holds.
async fn labels(webhook: &Webhook, (review, body): (Value, String)) {
    let (status, _, answer) = webhook.post(body).await;
    assert_eq!(status, 200);
    let answer = Answer::read(&review, &answer);
    let after = answer.apply(&review["request"]["object"]);
    assert_eq!(after["metadata"]["labels"]["kind"], "Issue");
}

#[tokio::test]
async fn a_title_is_read_back_out_of_a_short_prompt_and_out_of_a_mebibyte() {
    let (webhook, _folder) = webhook().await;
    for body in ["short".to_owned(), "Fix: no\n".repeat(1 << 17)] {
        let mut task = task(json!({"prompt": format!("Fix: the login page\n{body}\n")}));
        task["metadata"]["labels"]["kelos.dev/taskspawner"] = json!("reading");
        let review = review::creation(&task);
        let (status, _, answer) = webhook.post(review.to_string()).await;
        assert_eq!(status, 200);
        let after = Answer::read(&review, &answer).apply(&task);
        assert_eq!(after["metadata"]["annotations"]["title"], "the login page");
    }
}

#[tokio::test]
async fn bodies_that_make_no_sense_are_answered_and_the_next_is_served() {
    let (webhook, _folder) = webhook().await;
    let uid = "6ea4f1f5-0c7b-4a2c-9d9e-1b8d4d2a7f10";
    let good = review::creation(&task(json!({})));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut review = good.clone();
        change(&mut review);
        review.to_string()
    };
    let in_metadata = good.to_string().replace("{\"kelos.dev/taskspawner\":\"worker\"}", &deep);
    assert_ne!(in_metadata, good.to_string());
    // A request without a uid can't be answered, and one with a uid is allowed.
    for (what, body, status) in [
        ("empty", String::new(), 400),
        ("blank", " \n".to_owned(), 400),
        ("not JSON", "{{}".to_owned(), 400),
        ("a number", "5".to_owned(), 400),
        ("no request", json!({"kind": "AdmissionReview"}).to_string(), 400),
        ("no uid", changed(&|r| r["request"]["uid"] = json!("")), 400),
        ("deep nesting", deep.clone(), 400),
        ("another kind", changed(&|r| r["kind"] = json!("Pod")), 200),
        ("cut off", good.to_string()[..good.to_string().len() - 40].to_owned(), 200),
        ("deep metadata", in_metadata, 200),
        (
            "labels that are none",
            changed(&|r| r["request"]["object"]["metadata"]["labels"] = json!({"a": 5})),
            200,
        ),
    ] {
        let (found, _, answer) = webhook.post(body).await;
        assert_eq!(found.as_u16(), status, "{what}");
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        if status == 400 {
            assert_eq!(
                (&answer["kind"], &answer["code"]),
                (&json!("Status"), &json!(400)),
                "{what}"
            );
            assert!(answer["message"].as_str().is_some_and(|m| !m.is_empty()), "{what}");
        } else {
            let response = &answer["response"];
            assert_eq!(
                (&response["uid"], &response["allowed"]),
                (&json!(uid), &json!(true)),
                "{what}"
            );
            assert_eq!(response.get("patch"), None, "{what}");
            assert_eq!(response["warnings"].as_array().unwrap().len(), 1, "{what}");
        }
        labels(&webhook, (good.clone(), good.to_string())).await;
    }
    webhook.stop().await;
}

#[tokio::test]
async fn a_task_is_labelled_whatever_its_spec_holds() {
    let (webhook, _folder) = webhook().await;
    let deep = format!("{}{}", "{\"a\":".repeat(100_000), format_args!("1{}", "}".repeat(100_000)));
    labels(&webhook, with_spec(&format!("{{\"prompt\": {deep}}}"))).await;
    labels(&webhook, with_spec(&format!("{{\"model\": {deep}}}"))).await;
    labels(&webhook, with_spec("null")).await;
    let (review, body) = with_spec("{\"prompt\": \"PROMPT\"}");
    let room = MAX_BODY_BYTES - body.len() + "PROMPT".len();
    let full = body.replace("PROMPT", &"x".repeat(room));
    assert_eq!(full.len(), MAX_BODY_BYTES);
    // It is read whole, and etcd would take no such Task, let alone a larger one.
    let (status, _, answer) = webhook.post(full.clone()).await;
    assert_eq!(status, 200);
    let answer = Answer::read(&review, &answer);
    assert!(answer.patch.is_none() && answer.warnings[0].contains("too large"), "{answer:?}");
    let (status, _, answer) = webhook.post(format!("{full} ")).await;
    assert_eq!(status, 413);
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(answer["code"], 413);
    labels(&webhook, with_spec("{}")).await;
    webhook.stop().await;
}

#[tokio::test]
async fn other_methods_types_and_requests_are_told_apart() {
    let (webhook, _folder) = webhook().await;
    let good = review::creation(&task(json!({})));
    let (status, headers, _) = webhook.client.get("/mutate-task").await.unwrap();
    assert_eq!((status.as_u16(), headers["allow"].to_str().unwrap()), (405, "POST"));
    for content_type in ["text/plain", "application/yaml", "application/jsonx"] {
        let posted = webhook.client.post("/mutate-task", content_type, good.to_string()).await;
        assert_eq!(posted.unwrap().0, 415, "{content_type}");
    }
    let posted =
        webhook.client.post("/mutate-task", "Application/JSON; charset=utf-8", good.to_string());
    assert_eq!(posted.await.unwrap().0, 200);
    assert_eq!(webhook.client.get("/").await.unwrap().0, 404);
    // None of these is the creation of a Task.
    for (field, value) in [
        ("operation", json!("UPDATE")),
        ("operation", json!("DELETE")),
        ("subResource", json!("status")),
        ("resource", json!({"group": "kelos.dev", "version": "v1alpha2", "resource": "sessions"})),
        ("resource", json!({"group": "", "version": "v1", "resource": "tasks"})),
        ("object", Value::Null),
    ] {
        let mut review = good.clone();
        review["request"][field] = value.clone();
        let answer = webhook.review(&review).await;
        assert_eq!((answer.patch, answer.warnings.len()), (None, 0), "{field} {value}");
    }
    webhook.stop().await;
}

#[tokio::test]
async fn templates_with_loops_are_rendered_beside_the_others() {
    let (webhook, _folder) = webhook().await;
    let mut looping = task(json!({}));
    looping["metadata"]["labels"] = json!({"kelos.dev/taskspawner": "looping", "a": "1"});
    let answer = webhook.review(&review::creation(&looping)).await;
    assert_eq!(answer.apply(&looping)["metadata"]["labels"]["all"], "xx");
    webhook.stop().await;
}

#[tokio::test]
async fn a_spawner_that_is_written_is_allowed_and_what_kelos_fails_on_is_told() {
    let (webhook, _folder) = webhook().await;
    let template = |branch: &str| json!({"promptTemplate": "x", "branch": branch});
    for (branch, warnings) in [("{{lower .ID}}", 1), ("{{.ID}}", 0)] {
        let spawner = json!({"metadata": {"name": "w"}, "spec": {
            "when": {"jira": {"baseUrl": "https://jira.example.com", "project": "W", "secretRef": {"name": "j"}}},
            "taskTemplate": template(branch)}});
        let review = json!({"kind": "AdmissionReview", "request": {
            "uid": "1", "operation": "CREATE", "namespace": "ns", "object": spawner,
            "resource": {"group": "kelos.dev", "resource": "taskspawners"}}});
        let (status, _, body) = webhook.post_spawner(review.to_string()).await;
        let answer: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((status.as_u16(), &answer["response"]["allowed"]), (200, &json!(true)));
        let told = answer["response"]["warnings"].as_array().map_or(0, Vec::len);
        assert_eq!(told, warnings, "{answer}");
        assert!(answer["response"].get("patch").is_none());
    }
    let (status, _, _) = webhook.post_spawner(vec![b' '; MAX_SPAWNER_BODY_BYTES + 1]).await;
    assert_eq!(status, 413);
    webhook.stop().await;
}

#[tokio::test]
async fn what_was_done_is_counted() {
    let (webhook, _folder) = webhook().await;
    webhook.review(&review::creation(&task(json!({"model": "m"})))).await;
    webhook.review(&review::creation(&task(json!({})))).await;
    let mut unowned = task(json!({}));
    unowned["metadata"]["labels"] = json!({});
    webhook.review(&review::creation(&unowned)).await;
    webhook.post("").await;
    let text = webhook.metrics.encode().unwrap();
    for line in [
        "kelos_metadata_admissions_total{resource=\"task\",outcome=\"patched\"} 2",
        "kelos_metadata_admissions_total{resource=\"task\",outcome=\"no_owner\"} 1",
        "kelos_metadata_admissions_total{resource=\"task\",outcome=\"bad_request\"} 1",
        "kelos_metadata_keys_total{resource=\"task\",kind=\"label\",outcome=\"applied\"} 3",
        "kelos_metadata_keys_total{resource=\"task\",kind=\"label\",outcome=\"missing_variable\"} 1",
        "kelos_metadata_admission_duration_seconds_count{resource=\"task\"} 4",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in:\n{text}");
    }
    webhook.stop().await;
}
