//! Items that give a payload: what that says, and what it says is nothing.

use serde_json::{Value, json};

use super::{item, prompt, spawner};
use crate::engine::simulate::{KelosVersion, Why};

/// What an event with this payload gives for a template.
fn of_payload(event: &str, payload: Value, template: &str) -> Result<String, String> {
    let when = json!({"githubWebhook": {"events": [event]}});
    let spawner = spawner(when, json!({"promptTemplate": template}));
    prompt(&spawner, json!({"Event": event, "Payload": payload}), KelosVersion::V0_52)
}

#[test]
fn what_a_payload_says_is_nothing_has_no_value() {
    let body = "{{with index . \"Body\"}}{{.}}{{end}}|{{.Title}}|{{.ID}}";
    let comment = "{{with index . \"CommentBody\"}}{{.}}{{end}}|";
    let run = "{{index . \"Conclusion\"}}|{{index . \"CheckApp\"}}|{{index . \"Number\"}}|{{index . \"Branch\"}}";
    let none = "<no value>";
    let nothing = format!("{none}|{none}|{none}|{none}");
    let pulls = json!([{"number": 3}, {"number": 4, "head": {"ref": "f"}}]);
    for (event, payload, template, expected) in [
        ("issues", json!({"issue": {"body": null, "number": 7}}), body, "|Fix the login page|7"),
        ("issues", json!({"issue": {"title": null, "body": "b"}}), body, "b||42"),
        ("issues", json!({"issue": null}), body, "||"),
        ("pull_request", json!({"pull_request": {"body": null}}), body, "|Fix the login page|42"),
        ("pull_request_review", json!({"review": {"body": null}}), comment, "|"),
        ("release", json!({"release": {"id": null, "name": null, "body": null}}), body, "||0"),
        (
            "check_run",
            json!({"check_run": {"conclusion": null, "app": null, "pull_requests": []}}),
            run,
            &nothing,
        ),
        (
            "check_run",
            json!({"check_run": {"pull_requests": pulls}}),
            run,
            "failure|GitHub Actions|4|f",
        ),
        ("push", json!({"head_commit": null}), "{{.ID}}|{{.Title}}", "|Push to main"),
        ("push", json!({"ref": null}), "{{index . \"Branch\"}}|{{.Title}}", "<no value>|Push to "),
        (
            "push",
            json!({"commits": [{"added": ["a"], "modified": ["b"], "removed": ["c"]}, {"added": ["a"]}]}),
            "{{.ChangedFiles}}",
            "[a c b]",
        ),
        ("push", json!({"commits": []}), "{{.ChangedFiles}}", "[]"),
        (
            "workflow_run",
            json!({"action": "completed", "repository": {"full_name": "o/r"}}),
            "{{.Action}}|{{.Repository}}",
            "completed|",
        ),
        (
            "create",
            json!({"ref": null, "ref_type": "repository"}),
            "{{.Title}}|{{.ID}}|{{index . \"Tag\"}}|{{.RefType}}",
            "||<no value>|repository",
        ),
    ] {
        let printed = of_payload(event, payload.clone(), template);
        assert_eq!(printed.as_deref(), Ok(expected), "{event} {payload}");
    }
}

/// It was printed as what it is not, within itself, until the stack was at its end.
#[test]
fn all_variables_with_a_payload_among_them_are_not_printed() {
    for template in [
        "{{ . }}",
        "{{ $ }}",
        "{{ print . }}",
        "{{ printf \"%v %d\" . 1 }}",
        "{{ println $ }}",
        "{{ html . }}",
        "{{ js . }}",
        "{{ urlquery . }}",
        "{{ range $k, $v := . }}{{ $v }}{{ end }}",
    ] {
        for when in [json!({"githubWebhook": {"events": ["issues"]}}), json!({"webhook": {}})] {
            let spawner = spawner(when, json!({"promptTemplate": template}));
            let payload = json!({"issue": {"created_at": "2026-01-01T00:00:00Z"}});
            let made = spawner.task(&item(json!({"Payload": payload})), KelosVersion::V0_52);
            let why = made.as_ref().err().map(|error| error.why);
            assert!(matches!(why, None | Some(Why::NotSimulated)), "{template}: {why:?}");
        }
    }
    let given = of_payload("issues", json!({"issue": {"title": "x"}}), "{{ . }}");
    assert!(given.unwrap_err().contains("address of a pointer"));
}

#[test]
fn a_moment_is_not_simulated_and_nothing_else_has_methods_with_arguments() {
    let payload = json!({"issue": {"created_at": "2026-01-01T00:00:00Z", "closed_at": null}});
    for (template, why) in [
        ("{{.Payload.Issue.CreatedAt.Format \"2006\"}}", Why::NotSimulated),
        ("{{.Payload.Issue.GetCreatedAt.Format \"2006\"}}", Why::NotSimulated),
        ("{{.Payload.Issue.CreatedAt.Year}}", Why::NotSimulated),
        ("{{.Payload.Issue.ClosedAt.Year}}", Why::Kelos),
        ("{{.Payload.Issue.CreatedAt.year}}", Why::Kelos),
        ("{{.Payload.Issue.State \"2006\"}}", Why::Kelos),
        ("{{.Title \"2006\"}}", Why::Kelos),
    ] {
        let when = json!({"githubWebhook": {"events": ["issues"]}});
        let spawner = spawner(when, json!({"promptTemplate": template}));
        let given = item(json!({"Payload": payload}));
        let error = spawner.task(&given, KelosVersion::V0_52).unwrap_err();
        assert_eq!(error.why, why, "{template}: {error}");
    }
    let printed = of_payload("issues", payload, "{{.Payload.Issue.GetCreatedAt}}");
    assert_eq!(printed.as_deref(), Ok("2026-01-01 00:00:00 +0000 UTC"));
}

#[test]
fn a_path_that_kelos_can_not_parse_makes_no_task_and_a_null_id_is_none() {
    let with = |path: &str| {
        let mapping = json!({"id": path});
        spawner(json!({"webhook": {"source": "alerts", "fieldMapping": mapping}}), json!({}))
    };
    let given = |id: Value| item(json!({"Payload": {"a b": id}, "DeliveryID": "d"}));
    let error = with("$['a b']").task(&given(json!("7")), KelosVersion::V0_52).unwrap_err();
    assert_eq!(error.why, Why::Kelos);
    assert!(error.to_string().contains("single quotes hold one character"), "{error}");
    let name = |id: Value| {
        let task = with("$[\"a b\"]").task(&given(id), KelosVersion::V0_52).unwrap();
        task["metadata"]["name"].as_str().unwrap().to_owned()
    };
    let of_body = spawner(json!({"webhook": {"source": "alerts"}}), json!({}));
    let of_body = of_body.task(&given(Value::Null), KelosVersion::V0_52).unwrap();
    assert_eq!(name(Value::Null), of_body["metadata"]["name"], "by the body, as without an id");
    assert_ne!(name(json!("<nil>")), name(Value::Null));
}
