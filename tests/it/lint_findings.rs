//! What lint says of one spawner, and what it keeps to itself.

use kelos_metadata::engine::kelos::Shape;
use kelos_metadata::engine::lint::{Finding, Rule, Severity, Surroundings, lint};
use kelos_metadata::engine::rules::Policy;
use serde_json::{Value, json};

/// The findings of a TaskSpawner with this source, these rules of labels, and these fields in its template.
fn found(when: &Value, labels: &str, fields: &Value) -> Vec<Finding> {
    found_beside(when, labels, fields, &[])
}

/// The same with these annotations, too.
fn found_beside(
    when: &Value,
    labels: &str,
    fields: &Value,
    annotations: &[(&str, &str)],
) -> Vec<Finding> {
    let mut template = json!({"type": "claude-code", "promptTemplate": "Fix {{.ID}}."});
    template["credentials"] = json!({"type": "api-key", "secretRef": {"name": "c"}});
    template["workspaceRef"] = json!({"name": "w"});
    template.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let mut metadata = json!({"name": "w"});
    if !labels.is_empty() {
        metadata["annotations"] = json!({"metadata.kelos.dev/labels": labels});
    }
    for (name, text) in annotations {
        metadata["annotations"][name] = json!(text);
    }
    let spawner = json!({
        "apiVersion": "kelos.dev/v1alpha2",
        "kind": "TaskSpawner",
        "metadata": metadata,
        "spec": {"when": when, "taskTemplate": template},
    });
    let policy = Policy::default();
    let around = Surroundings::new(&policy);
    lint(Shape::Task, &spawner.to_string(), &around).unwrap()
}

/// The findings as their rules and texts.
fn told(found: &[Finding]) -> Vec<String> {
    found.iter().map(|it| format!("{}[{}] {}", it.severity, it.rule, it.text)).collect()
}

fn of_labels(labels: &str) -> Vec<String> {
    told(&found(&json!({"githubIssues": {}}), labels, &json!({})))
}

fn of_events(webhook: &Value, prompt: &str) -> Vec<String> {
    told(&found(&json!({"githubWebhook": webhook}), "", &json!({"promptTemplate": prompt})))
}

fn of_label(value: &str) -> Vec<Finding> {
    let fields = json!({"metadata": {"labels": {"a": value}}});
    found(&json!({"githubIssues": {}}), "", &fields)
}

#[test]
fn a_key_that_is_never_written_is_told_once_with_its_reason() {
    for (rules, expected) in [
        (
            "a: {value: x, allowed: [y]}",
            "warning[never-written] `a` is never written: the value is not in the key's `allowed` list",
        ),
        (
            "a: '{{ .Time }}'",
            "warning[never-written] `a` is never written: the template gave an empty text",
        ),
        ("a: '{{ fail \"no\" }}'", "warning[never-written] `a` is never written: no"),
        (
            "a: {value: '{{ .Time }}', default: none}",
            "warning[default-always] `a` is always `none`: the template gave an empty text",
        ),
        ("a: {value: x y, default: none}", "warning[default-always] `a` is always `none`: "),
        (
            "a: '{{ if eq .Number \"3\" }}x{{ end }}'",
            "warning[never-written] `a` is not written with any of the built-in examples: ",
        ),
        (
            "a: '{{ template \"q\" . }}'",
            "info[never-written] `a` is not written with any of the built-in examples: ",
        ),
    ] {
        let told = of_labels(rules);
        assert_eq!(told.len(), 1, "{rules}: {told:?}");
        assert!(told[0].starts_with(expected), "{rules}: {told:?}");
    }
}

#[test]
fn of_a_key_that_is_never_written_nothing_is_said_about_its_values() {
    let prompt = json!({"promptTemplate": "x"});
    let told = told(&found(&json!({"githubIssues": {}}), "a: '{{ slug .Title }}'", &prompt));
    let expected =
        "warning[not-recorded] `a` is never written: nothing on its Tasks tells `.Title`";
    assert_eq!(told, [expected]);
    let silent = ("metadata.kelos.dev/lint-allow", "not-recorded");
    let rules = "a: '{{ slug .Title }}'";
    let told = self::told(&found_beside(&json!({"githubIssues": {}}), rules, &prompt, &[silent]));
    assert_eq!(told.len(), 1, "another program records it: {told:?}");
    assert!(told[0].starts_with("info[strangers-text]"), "{told:?}");
}

#[test]
fn what_other_items_may_give_a_value_is_not_said_to_be_never_written() {
    for rules in [
        "a: '{{ scoped \"nothing\" .Labels }}'",
        "a: {value: '{{ scoped \"nothing\" .Labels }}', allowed: [x]}",
        "a: '{{ if eq .Number 7 }}x{{ end }}'",
    ] {
        let fields =
            json!({"metadata": {"annotations": {"kelos.dev/source-labels": "{{.Labels}}"}}});
        let found = found(&json!({"githubIssues": {}}), rules, &fields);
        assert!(found.iter().all(|it| it.rule != Rule::NeverWritten), "{:?}", told(&found));
    }
    let filters = json!([{"event": "issues", "action": "labeled"}]);
    let when = json!({"githubWebhook": {"events": ["issues"], "filters": filters}});
    let rules = "a: '{{ if eq .Action \"labeled\" }}x{{ end }}'";
    let fields = json!({"metadata": {"annotations": {"kelos.dev/source-action": "{{.Action}}"}}});
    assert_eq!(told(&found(&when, rules, &fields)), [""; 0]);
}

#[test]
fn a_text_that_no_label_value_begins_or_ends_with_is_an_error() {
    for value in ["-{{.ID}}", "{{.ID}}-", "{{.ID}}.", "_{{.Number}}", "x{{.Kind}}_"] {
        let found = of_label(value);
        let is_it = |it: &Finding| it.rule == Rule::LabelValue && it.severity == Severity::Error;
        assert!(found.iter().any(is_it), "{value}: {:?}", told(&found));
    }
    let perhaps = told(&of_label("{{.Kind}}{{if .Title}}-{{end}}"));
    assert!(perhaps[0].starts_with("warning[label-value] a label value can't end"), "{perhaps:?}");
    for value in ["x-{{.ID}}", "{{.ID}}.x", "{{.Kind}}-{{.ID}}"] {
        assert!(of_label(value).iter().all(|it| it.rule != Rule::LabelValue), "{value}");
    }
    let told = of_labels("a: '{{ .Kind }}-'");
    assert_eq!(told, ["warning[label-value] `a` is skipped: a label value can't end with '-'"]);
    assert_eq!(of_labels("a: |\n  x-{{ .Kind }}\n"), [""; 0], "blanks around it are taken off");
}

#[test]
fn a_filter_that_lets_nothing_pass_is_told_and_nothing_of_its_event() {
    for (filter, field) in [
        (json!({"event": "issues", "branch": "main"}), "branch"),
        (json!({"event": "push", "tag": "v*"}), "tag"),
        (json!({"event": "push", "action": "opened"}), "action"),
        (json!({"event": "push", "branch": "[a"}), "branch"),
        (json!({"event": "create", "branch": "x", "tag": "y"}), "tag"),
        (json!({"event": "pull_request", "bodyPattern": "(?<"}), "bodyPattern"),
        (
            json!({"event": "issue_comment", "excludeBodyPatterns": ["a", "("]}),
            "excludeBodyPatterns",
        ),
        (json!({"event": "check_run", "checkName": "["}), "checkName"),
    ] {
        let when = json!({"githubWebhook": {"events": [filter["event"]], "filters": [filter]}});
        let prompt = json!({"promptTemplate": "{{.Nope}} {{.Payload.Nope}}"});
        let found = found(&when, "", &prompt);
        assert_eq!(found.len(), 1, "{filter}: {:?}", told(&found));
        assert_eq!((found[0].rule, found[0].severity), (Rule::UnmatchedEvent, Severity::Warning));
        let way = format!("spec.when.githubWebhook.filters[0].{field}");
        assert_eq!(found[0].field.to_string(), way, "{filter}");
    }
}

#[test]
fn a_check_run_that_has_a_branch_has_a_number() {
    let with = |filter: Value| {
        of_events(&json!({"events": ["check_run"], "filters": [filter]}), "Look at {{.Number}}.")
    };
    assert_eq!(with(json!({"event": "check_run", "branch": "f*"})), [""; 0]);
    assert_eq!(with(json!({"event": "check_run"})).len(), 1);
}

#[test]
fn what_is_asked_of_a_variable_is_not_lost_in_a_replacement() {
    let when = json!({"githubWebhook": {"events": ["push", "issues"]}});
    let fixes = |prompt: &str| {
        let found = found(&when, "", &json!({"promptTemplate": prompt}));
        assert!(found.iter().any(|it| it.rule == Rule::SometimesThere), "{prompt}");
        found.iter().filter(|it| it.fix.is_some()).count()
    };
    assert_eq!(fixes("{{.Branch}}"), 1);
    assert_eq!(fixes("{{$.Branch}}"), 1);
    assert_eq!(fixes("{{.Branch.Foo}}"), 0);
}

#[test]
fn a_name_that_is_never_there_is_not_guarded_but_mended() {
    let fields = json!({"promptTemplate": "{{index . \"labels\"}} {{index $ \"Nope\"}}"});
    let found = found(&json!({"githubIssues": {}}), "", &fields);
    let [labels, nope] = &*found else { panic!("{:?}", told(&found)) };
    assert_eq!(labels.text, "this prints `<no value>`: githubIssues has no `.labels`");
    assert_eq!(labels.help.as_deref(), Some("did you mean `Labels`?"));
    let fix = labels.fix.as_ref().unwrap();
    assert_eq!((fix.range.clone(), &*fix.with), (11..17, "Labels"));
    assert_eq!((nope.rule, &nope.fix), (Rule::PrintsNoValue, &None));
}

/// A template that takes more steps than there are for one.
fn costly() -> String {
    "{{if .Title}}x{{end}}".repeat(20_000)
}

#[test]
fn what_is_not_looked_at_to_its_end_is_a_warning_and_the_rest_is_looked_at() {
    let fields = json!({
        "promptTemplate": costly() + "{{.Nope}}",
        "metadata": {"labels": {"a": "{{.URL}}"}},
    });
    let told = told(&found(&json!({"githubIssues": {}}), "b: {value: x, allowed: [y]}", &fields));
    let is_there = |start: &str| told.iter().any(|it| it.starts_with(start));
    assert!(is_there("warning[over-limit] this template is too costly"), "{told:?}");
    assert!(is_there("error[label-value] `.URL`"), "{told:?}");
    assert!(is_there("warning[never-written] `b`"), "{told:?}");
}

#[test]
fn all_templates_together_are_bounded_and_each_that_is_left_is_told() {
    let source = |it: usize| {
        let http = json!({"url": "https://example.com", "body": costly()});
        json!({"name": format!("s{it}"), "failurePolicy": "Fail", "http": http})
    };
    let sources: Vec<Value> = (0..3).map(source).collect();
    let fields = json!({"promptTemplate": costly(), "branch": costly(), "contextSources": sources});
    let found = found(&json!({"githubIssues": {}}), "", &fields);
    let costly = found.iter().filter(|it| it.text.contains("too costly"));
    assert_eq!(costly.count(), 5, "{:?}", told(&found));
}

#[test]
fn a_warning_is_not_left_out_for_what_matters_less() {
    let rules: String = (0..63).map(|it| format!("a{it}: '{{{{ .ID }}}}'\n")).collect();
    let labels: Value = (0..64).map(|it| (format!("b{it}"), Value::from("{{.ID}}"))).collect();
    let fields = json!({"metadata": {"labels": labels}});
    let rules = rules + "z: {value: x, allowed: [y]}";
    let told = told(&found(&json!({"githubIssues": {}}), &rules, &fields));
    assert_eq!(told.len(), 101, "a hundred, and that there are more: {told:?}");
    assert!(told[0].starts_with("warning[never-written] `z`"), "{told:?}");
}

#[test]
fn what_is_silenced_leaves_nothing_else_out() {
    let annotations: Value =
        (0..60).map(|it| (format!("a{it}"), Value::from("{{.Nope}}{{.Nor}}"))).collect();
    let mut fields =
        json!({"branch": "{{.Title | slug}}", "metadata": {"annotations": annotations}});
    let silenced = [("metadata.kelos.dev/lint-allow", "never-there, unknown-field")];
    for it in 0..40 {
        fields[format!("x{it}")] = json!("y");
    }
    fields["contextSources"] = json!([{"name": "a"}]);
    fields["type"] = json!(null);
    let told = told(&found_beside(
        &json!({"githubIssues": {}}),
        "z: {value: x, allowed: [y]}",
        &fields,
        &silenced,
    ));
    let is_there = |start: &str| told.iter().any(|it| it.starts_with(start));
    assert!(is_there("error[not-for-kelos]"), "{told:?}");
    assert!(is_there("warning[never-written] `z`"), "{told:?}");
    assert!(!told.iter().any(|it| it.contains("more findings")), "{told:?}");
}

#[test]
fn an_event_is_named_once_however_many_examples_it_has() {
    let when = json!({"githubWebhook": {"events": ["issues", "issue_comment"]}});
    let told = told(&found(&when, "a: '{{ .CommentURL }}'", &json!({})));
    let not_told = told.iter().find(|it| it.contains("[not-recorded]")).unwrap();
    assert!(not_told.contains(" for `issue_comment`: nothing"), "{not_told}");
}

#[test]
fn what_is_empty_without_its_request_is_said_at_the_end_of_a_clause() {
    let http = json!({"url": "https://example.com/{{slice .Title 0 9}}"});
    let source = json!({"name": "build", "failurePolicy": "Ignore", "http": http});
    let found = found(&json!({"githubIssues": {}}), "", &json!({"contextSources": [source]}));
    let text = &found.iter().find(|it| it.rule == Rule::SliceMayFail).unwrap().text;
    let expected = "Kelos makes no request then, and `.Context.build` is empty";
    assert!(text.ends_with(expected), "{text}");
}

#[test]
fn a_key_is_found_where_it_is_one_and_not_in_a_comment() {
    let rules = "# team: who pays\nowner: 'team: x'\nteam: {value: x, allowed: [y]}";
    let found = found(&json!({"githubIssues": {}}), rules, &json!({}));
    let of_team = found.iter().find(|it| it.text.starts_with("`team` is never written"));
    assert_eq!(of_team.unwrap().at.unwrap().line, 3, "{:?}", told(&found));
}

#[test]
fn templates_of_rules_are_bounded_together_and_each_that_is_left_is_told() {
    let define = |it: usize| {
        let next = format!("{{{{template `t{}` .}}}}", it + 1).repeat(10);
        format!("{{{{define `t{it}`}}}}{next}{{{{end}}}}")
    };
    let calls: String = (0..6).map(define).collect::<String>() + "{{define `t6`}}{{end}}";
    let rules: String =
        (0..4).map(|it| format!("a{it}: '{calls}{{{{template `t0` .}}}}'\n")).collect();
    let found = found(&json!({"githubIssues": {}}), &(rules + "b: '{{ .Nope }}'"), &json!({}));
    let costly = found.iter().filter(|it| it.text.contains("too costly"));
    assert_eq!(costly.count(), 5, "{:?}", told(&found));
}

#[test]
fn a_branch_pattern_that_go_takes_is_no_finding() {
    for pattern in ["feature[/_]*", "v[.-9]*", "[b-ax]"] {
        let filter = json!({"event": "push", "branch": pattern});
        let webhook = json!({"events": ["push"], "filters": [filter]});
        let told = of_events(&webhook, "Fix {{.ID}}.");
        assert!(told.is_empty(), "{pattern}: {told:?}");
    }
}

#[test]
fn keys_of_the_field_that_are_not_looked_at_are_a_warning() {
    let labels: Value = (0..70).map(|it| (format!("a{it}"), Value::from("{{.Kind}}"))).collect();
    let fields = json!({"metadata": {"labels": labels}});
    let told = told(&found(&json!({"githubIssues": {}}), "", &fields));
    let start = "warning[over-limit] 6 keys of `spec.taskTemplate.metadata`";
    assert!(told.iter().any(|it| it.starts_with(start)), "{told:?}");
}
