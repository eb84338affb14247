//! What is said of spawners, of what is written, and when nothing is.

use serde_json::{Value, json};

use super::*;
use crate::engine::rules::Policy;
use crate::spawners::Objects;
use crate::telemetry::{LogFormat, captured};

/// A TaskSpawner on whose items Kelos fails.
fn bad() -> Value {
    json!({
        "apiVersion": "kelos.dev/v1alpha2", "kind": "TaskSpawner",
        "metadata": {"name": "w", "namespace": "ns", "annotations": {}},
        "spec": {
            "when": {"cron": {"schedule": "0 0 * * *"}},
            "taskTemplate": {"branch": "kelos/{{lower .ID}}", "promptTemplate": "Tidy up"},
        },
    })
}

const WARNED: &str = "spec.taskTemplate.branch: Kelos has no function `lower`: it makes no Task";

/// A request about a TaskSpawner, and what it was before.
fn review(object: &Value, old: Option<&Value>) -> Value {
    json!({"kind": "AdmissionReview", "request": {
        "uid": "1", "namespace": "ns", "operation": if old.is_some() { "UPDATE" } else { "CREATE" },
        "resource": {"group": "kelos.dev", "version": "v1alpha2", "resource": "taskspawners"},
        "object": object, "oldObject": old,
    }})
}

/// A cluster with a Namespace that has this switch.
fn known(switch: &str) -> Arc<Spawners> {
    let spawners = Spawners::new(Policy::default());
    let labels = json!({ "metadata.kelos.dev/injection": switch });
    let namespace = json!({"metadata": {"name": "ns", "labels": labels}});
    let namespaces = vec![serde_json::from_value(namespace).unwrap()];
    spawners.replace(Objects { namespaces, ..Objects::default() });
    Arc::new(spawners)
}

/// The outcome and the warnings; the answer always allows, and never changes anything.
fn answer(review: &Value, switch: &str) -> (AdmissionOutcome, Vec<String>) {
    let body = Bytes::from(review.to_string());
    said(&answer_spawner_review(&body, &known(switch).snapshot()))
}

fn said(answered: &Answered) -> (AdmissionOutcome, Vec<String>) {
    assert_eq!(answered.reply.code(), 200);
    let answer: Value = serde_json::from_slice(answered.reply.body()).unwrap();
    let response = answer["response"].as_object().unwrap();
    assert_eq!((&response["uid"], &response["allowed"]), (&json!("1"), &json!(true)));
    assert!(
        response.keys().all(|key| ["uid", "allowed", "warnings"].contains(&&**key)),
        "{answer}"
    );
    let warnings = response.get("warnings").cloned().unwrap_or(json!([]));
    (answered.outcome, serde_json::from_value(warnings).unwrap())
}

fn outcome(review: &Value) -> AdmissionOutcome {
    answer(review, "enabled").0
}

#[test]
fn what_kelos_fails_on_is_told_with_its_field_place_and_rule() {
    let (outcome, warnings) = answer(&review(&bad(), None), "enabled");
    assert_eq!(outcome, AdmissionOutcome::Warned);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].starts_with(WARNED), "{warnings:?}");
    assert!(warnings[0].ends_with(" (1:9) [not-for-kelos]"), "{warnings:?}");
    let mut good = bad();
    good["spec"]["taskTemplate"]["branch"] = json!("kelos/{{.ID}}");
    assert_eq!(answer(&review(&good, None), "enabled"), (AdmissionOutcome::Unchanged, vec![]));
}

#[test]
fn an_update_is_judged_if_it_changes_what_is_judged_and_else_nothing_is_said() {
    type Change = fn(&mut Value);
    let table: [(&str, bool, Change); 13] = [
        ("nothing", false, |_| ()),
        ("status", false, |it| it["status"] = json!({"phase": "Running"})),
        ("suspend", false, |it| it["spec"]["suspend"] = json!(true)),
        ("finalizers", false, |it| it["metadata"]["finalizers"] = json!(["kelos.dev/x"])),
        ("labels", false, |it| it["metadata"]["labels"] = json!({"a": "b"})),
        ("others' annotations", false, |it| it["metadata"]["annotations"]["a"] = json!("{{")),
        ("managed fields", false, |it| it["metadata"]["managedFields"] = json!([{"manager": "x"}])),
        ("being deleted", false, |it| {
            it["metadata"]["deletionTimestamp"] = json!("2030-01-01T00:00:00Z");
            it["spec"]["when"] = json!({"jira": {}});
        }),
        ("when", true, |it| it["spec"]["when"]["cron"]["schedule"] = json!("@hourly")),
        ("prompt", true, |it| it["spec"]["taskTemplate"]["promptTemplate"] = json!("y")),
        ("ours", true, |it| it["metadata"]["annotations"]["metadata.kelos.dev/labels"] = json!("")),
        ("the nameTemplate of v1alpha1", true, |it| {
            it["metadata"]["annotations"]["kelos.dev/v1alpha2-name-template"] = json!("{{.ID}}");
        }),
        ("one of ours goes", true, |it| {
            it["metadata"]["annotations"]
                .as_object_mut()
                .unwrap()
                .remove("metadata.kelos.dev/syntax");
        }),
    ];
    let mut old = bad();
    old["metadata"]["annotations"]["metadata.kelos.dev/syntax"] = json!("go");
    for (what, is_judged, change) in table {
        let mut new = old.clone();
        change(&mut new);
        let expected =
            if is_judged { AdmissionOutcome::Warned } else { AdmissionOutcome::Unchanged };
        assert_eq!(outcome(&review(&new, Some(&old))), expected, "{what}");
    }
}

#[test]
fn nothing_is_said_where_injection_is_disabled() {
    for (switch, expected) in [
        ("disabled", AdmissionOutcome::Disabled),
        ("enabled", AdmissionOutcome::Warned),
        ("audit", AdmissionOutcome::Warned),
    ] {
        assert_eq!(answer(&review(&bad(), None), switch).0, expected, "{switch}");
    }
    let mut spawner = bad();
    spawner["metadata"]["annotations"]["metadata.kelos.dev/injection"] = json!("disabled");
    assert_eq!(outcome(&review(&spawner, None)), AdmissionOutcome::Disabled);
    // Whoever switches it on is told what was not said before.
    assert_eq!(outcome(&review(&bad(), Some(&spawner))), AdmissionOutcome::Warned);
}

#[test]
fn what_is_no_creation_or_change_of_a_spawner_is_let_be() {
    for (field, value) in [
        ("operation", json!("DELETE")),
        ("operation", json!("CONNECT")),
        ("subResource", json!("status")),
        ("resource", json!({"group": "kelos.dev", "resource": "tasks"})),
        ("resource", json!({"group": "example.com", "resource": "taskspawners"})),
        ("object", json!(null)),
    ] {
        let mut review = review(&bad(), None);
        review["request"][field] = value.clone();
        assert_eq!(outcome(&review), AdmissionOutcome::NotASpawner, "{field} {value}");
    }
}

#[test]
fn what_no_api_server_can_have_sent_is_allowed() {
    for (what, object, expected) in [
        ("another type", json!({"spec": {"when": 5}}), AdmissionOutcome::NotUnderstood),
        ("no spec", json!({}), AdmissionOutcome::Warned),
        ("nulls", json!({"metadata": null, "spec": null}), AdmissionOutcome::NotUnderstood),
        (
            "numbers",
            json!({"metadata": {"annotations": {"a": 1}}}),
            AdmissionOutcome::NotUnderstood,
        ),
        ("too large", json!({"x": "y".repeat(SPAWNER_BYTES)}), AdmissionOutcome::Oversized),
    ] {
        assert_eq!(outcome(&review(&object, None)), expected, "{what}");
    }
    let known = known("enabled").snapshot();
    for body in ["", "[]", "{", r#"{"request": {}}"#] {
        let answered = answer_spawner_review(&Bytes::from(body), &known);
        assert_eq!(answered.reply.code(), 400, "{body}");
        assert_eq!(answered.outcome, AdmissionOutcome::BadRequest);
    }
    let broken = Bytes::from(r#"{"request": {"uid": "1", "object": {"secret": ""#);
    let (outcome, warnings) = said(&answer_spawner_review(&broken, &known));
    assert_eq!(outcome, AdmissionOutcome::NotUnderstood);
    assert!(warnings[0].starts_with("kelos-metadata: the spawner was not checked: "));
    assert!(!warnings[0].contains("secret"));
}

#[test]
fn warnings_are_few_short_and_of_one_line_whatever_is_wrong() {
    let mut spawner = bad();
    let key = |n| format!("{}.example.com/k{n:02}", "x".repeat(63));
    let labels: serde_json::Map<_, _> =
        (0..40).map(|n| (key(n), json!(format!("é\n{{{{ .{} }}}}", "Nope".repeat(80))))).collect();
    spawner["spec"]["taskTemplate"]["metadata"] = json!({ "labels": labels });
    let (_, warnings) = answer(&review(&spawner, None), "enabled");
    assert_eq!(warnings.len(), 8, "{warnings:?}");
    for warning in &warnings {
        assert!(warning.chars().count() <= 200, "{warning}");
        assert!(!warning.contains(char::is_control), "{warning:?}");
    }
    assert!(warnings[..7].iter().all(|it| it.ends_with(']')), "{warnings:?}");
    assert!(warnings[7].ends_with(" more findings: kelos-metadata lint shows them all"));
}

#[test]
fn the_log_says_once_what_was_found_and_holds_no_template() {
    for (format, name) in [(LogFormat::Text, "in-text"), (LogFormat::Json, "in-json")] {
        // What is told once may have been told of one that other tests have, too.
        let mut own = bad();
        own["metadata"]["name"] = json!(name);
        let body = Bytes::from(review(&own, None).to_string());
        let text = captured(format, "debug", || {
            for _ in 0..3 {
                answer_spawner_review(&body, &known("enabled").snapshot());
            }
        });
        assert!(
            text.contains("not-for-kelos") && text.contains("spec.taskTemplate.branch"),
            "{text}"
        );
        assert!(!text.contains("lower") && !text.contains("Tidy"), "{text}");
    }
    let mut other = bad();
    other["metadata"]["name"] = json!("only-here");
    let body = Bytes::from(review(&other, None).to_string());
    let told = captured(LogFormat::Json, "info", || {
        for _ in 0..3 {
            answer_spawner_review(&body, &known("enabled").snapshot());
        }
    });
    assert_eq!(told.lines().count(), 1, "{told}");
}

#[tokio::test]
async fn requests_are_counted_by_what_they_are_about() {
    let metrics = Arc::new(Metrics::new());
    let answer = ValidateSpawner::new(known("enabled"), Arc::clone(&metrics));
    let reviewed = |object: &Value, resource: &str| {
        let mut review = review(object, None);
        review["request"]["resource"]["resource"] = json!(resource);
        Bytes::from(review.to_string())
    };
    let session = json!({"spec": {
        "when": {"githubWebhook": {"events": ["issues"]}}, "sessionTemplate": {"worker": {"type": "codex"}},
    }});
    let mut large = bad();
    large["spec"]["taskTemplate"]["promptTemplate"] = json!("x".repeat(IN_LINE_BYTES));
    for body in [
        reviewed(&bad(), "taskspawners"),
        reviewed(&large, "taskspawners"),
        reviewed(&session, "sessionspawners"),
        reviewed(&bad(), "tasks"),
        Bytes::new(),
    ] {
        answer.answer(body, Some("timeout=2s")).await;
    }
    let text = metrics.encode().unwrap();
    for (resource, outcome, count) in [
        ("taskspawner", "warned", 2),
        ("sessionspawner", "unchanged", 1),
        ("taskspawner", "not_a_spawner", 1),
        ("taskspawner", "bad_request", 1),
    ] {
        let labels = format!("resource=\"{resource}\",outcome=\"{outcome}\"");
        let line = format!("kelos_metadata_admissions_total{{{labels}}} {count}\n");
        assert!(text.contains(&line), "{line} in\n{text}");
    }
}

#[tokio::test]
async fn a_team_whose_spawners_take_long_waits_for_itself_and_is_let_through_without_a_word() {
    let answer = ValidateSpawner::new(known("enabled"), Arc::new(Metrics::new()));
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let (entered, has_entered) = tokio::sync::oneshot::channel();
    let pool = Arc::clone(&answer.pool);
    let busy = tokio::spawn(async move {
        let work = move || {
            let _ = entered.send(());
            blocked.recv().is_ok()
        };
        pool.run("ns", std::time::Duration::from_secs(20), work).await
    });
    has_entered.await.unwrap();
    let of = |namespace: &str| {
        let mut review = review(&bad(), None);
        review["request"]["namespace"] = json!(namespace);
        Bytes::from(review.to_string())
    };
    // No time is left: what would be waited for is not.
    let (_, waiting) = answer.answered(of("ns"), Some("timeout=1s")).await;
    assert_eq!(said(&waiting), (AdmissionOutcome::Unavailable, vec![]));
    let (_, other) = answer.answered(of("other"), Some("timeout=2s")).await;
    assert_eq!(other.outcome, AdmissionOutcome::Warned);
    release.send(()).unwrap();
    assert_eq!(busy.await.unwrap(), Some(true));
}
