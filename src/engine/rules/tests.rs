//! A TaskSpawner as rules: their hash, their problems, and what they cost.

use super::*;
use crate::engine::kelos::{NAME_TEMPLATE_ANNOTATION, Protection};

fn compile(annotations: &[(&str, &str)], policy: &Policy) -> Rules {
    let mut spawner = TaskSpawner::default();
    spawner.metadata.name = "worker".into();
    for (name, text) in annotations {
        spawner
            .metadata
            .annotations
            .insert(format!("metadata.kelos.dev/{name}").into(), (*text).to_owned());
    }
    Rules::compile(spawner, policy, &mut Shared::default())
}

#[test]
fn the_hash_follows_what_the_rules_say() {
    let policy = Policy::default();
    let hash = |annotations: &[(&str, &str)]| compile(annotations, &policy).hash;
    let first = hash(&[("labels", "a: b")]);
    assert!(first.len() == 8 && first.bytes().all(|b| b.is_ascii_hexdigit()), "{first}");
    assert_eq!(hash(&[("labels", "a: b"), ("unrelated", "x")]), first);
    for changed in [
        hash(&[("labels", "a: c")]),
        hash(&[("annotations", "a: b")]),
        hash(&[("labels", "a: b"), ("on-invalid", "sanitize")]),
        compile(
            &[("labels", "a: b")],
            &Policy { on_invalid: OnInvalid::Sanitize, ..Policy::default() },
        )
        .hash,
        compile(
            &[("labels", "a: b")],
            &Policy { protection: Arc::new(Protection::new(&["x"]).unwrap()), ..Policy::default() },
        )
        .hash,
    ] {
        assert_ne!(changed, first);
    }
}

#[test]
fn a_control_key_is_a_problem_only_where_a_rules_annotation_asks_for_it_or_it_is_ours() {
    let problems = |annotation: &str, key: &str| {
        let spawner = serde_json::json!({
            "metadata": {"name": "worker", "annotations": {"metadata.kelos.dev/annotations": annotation}},
            "spec": {"taskTemplate": {"metadata": {"annotations": {key: "x"}}}},
        });
        let spawner: TaskSpawner = serde_json::from_value(spawner).unwrap();
        let rules = Rules::compile(spawner, &Policy::default(), &mut Shared::default());
        rules.problems.len()
    };
    assert_eq!(problems("", "kelos.dev/github-checks"), 0);
    assert_eq!(problems("kelos.dev/github-checks: y", "kelos.dev/github-checks"), 1);
    assert_eq!(problems("", "metadata.kelos.dev/skipped"), 1);
}

#[test]
fn the_hash_follows_a_name_template_that_is_kept_in_an_annotation() {
    let hash = |template: &str| {
        let mut spawner = TaskSpawner::default();
        let annotations = &mut spawner.metadata.annotations;
        annotations.insert(NAME_TEMPLATE_ANNOTATION.into(), template.to_owned());
        hash::hash(&spawner, &Policy::default())
    };
    assert_ne!(hash("a-{{.ID}}"), hash("b-{{.ID}}"));
}

#[test]
fn problems_name_key_reason_line_and_column() {
    let rules = compile(
        &[
            ("labels", "bad: \"x\\n  {{ .Kind\"\nok: x"),
            ("annotations", "a: ["),
            ("syntax", "perl"),
            ("on-invalid", "drop"),
        ],
        &Policy::default(),
    );
    let problems: Vec<(&str, Reason)> =
        rules.problems.iter().map(|problem| (problem.key.as_str(), problem.reason)).collect();
    assert_eq!(
        problems,
        [
            ("metadata.kelos.dev/annotations", Reason::ParseError),
            ("metadata.kelos.dev/syntax", Reason::ParseError),
            ("metadata.kelos.dev/on-invalid", Reason::ParseError),
            ("bad", Reason::ParseError),
        ]
    );
    assert!(
        rules.problems[3].message.contains("line 2, column 3"),
        "{}",
        rules.problems[3].message
    );
    assert!(rules.problems[1].message.contains("`perl`"));
    assert_eq!(rules.broken_annotations.len(), 1);
}

#[test]
fn an_annotation_under_our_prefix_that_nobody_reads_is_told_slips_first() {
    let rules = read(serde_json::json!({"metadata": {"annotations": {
        "metadata.kelos.dev/lables": "a: b", "metadata.kelos.dev/sintax": "go",
        "metadata.kelos.dev/owner": "x", "metadata.kelos.dev/rendered-from": "x", "lables": "x"}}}));
    let told: Vec<_> = rules.problems.iter().map(|it| (&*it.key, &*it.message)).collect();
    let said = |name: &str| {
        format!("no annotation of this name is read; did you mean `metadata.kelos.dev/{name}`?")
    };
    assert_eq!(
        told,
        [
            ("metadata.kelos.dev/lables", &*said("labels")),
            ("metadata.kelos.dev/sintax", &*said("syntax")),
            (
                "metadata.kelos.dev/owner",
                "no annotation of this name is read; this version reads labels, annotations, \
                 pod-labels, node-selector, pod-labels-from-task, syntax, on-invalid, infer, injection, lint-allow"
            ),
        ]
    );
}

#[test]
fn a_broken_rules_annotation_has_its_place_and_what_to_do() {
    let rules = compile(&[("labels", "a: x\nb: {% if x %}")], &Policy::default());
    let error = &rules.broken_annotations[0].error;
    assert_eq!(error.position.map(|at| at.line), Some(2));
    assert_eq!(error.hint.as_deref(), Some("put the value in quotes"));
    let message = &rules.problems[0].message;
    assert!(message.contains("(line 2, column ") && message.ends_with("in quotes"), "{message}");
}

#[test]
fn only_what_is_used_is_recorded() {
    let rules = compile(
        &[("labels", "a: {{ .Title }}\nb: {{ review_state }}\nc: plain\nd: {{ .Task.Name }}")],
        &Policy::default(),
    );
    let names: Vec<&str> = rules.uses.names().iter().map(|name| &**name).collect();
    assert_eq!((names, rules.uses.all), (vec!["ReviewState", "Task", "Title"], false));
    assert!(compile(&[("labels", "a: {{ . }}")], &Policy::default()).uses.all);
}

#[test]
fn a_loop_makes_the_rules_wait_for_a_place() {
    let is_straight =
        |text: &str| compile(&[("labels", text)], &Policy::default()).is_straight_line;
    assert!(is_straight("a: {{ if .Title }}x{{ end }}\nb: {{ title | default('x') }}"));
    assert!(!is_straight("a: \"{{ range .Labels }}x{{ end }}\""));
    assert!(!is_straight("a: \"{% for l in labels %}x{% endfor %}\""));
}

fn read(spawner: serde_json::Value) -> Rules {
    let spawner: TaskSpawner = serde_json::from_value(spawner).unwrap();
    Rules::compile(spawner, &Policy::default(), &mut Shared::default())
}

#[test]
fn keys_behind_the_limit_of_the_field_have_no_rules_and_make_one_problem() {
    let keys = |count: usize| -> serde_json::Map<_, _> {
        (0..count).map(|n| (format!("k{n:05}"), "{{.Title}}".into())).collect()
    };
    let mut labels = keys(100);
    for key in ["metadata.kelos.dev/x", "kelos.dev/taskspawner", "z bad"] {
        labels.insert(key.to_owned(), "x".into());
    }
    let field = serde_json::json!({"labels": labels, "annotations": keys(20_000)});
    let rules = read(serde_json::json!({"spec": {"taskTemplate": {"metadata": field}}}));
    assert_eq!(rules.keys.len(), 128);
    let told: Vec<_> = rules.problems.iter().map(|problem| (problem.kind, &*problem.key)).collect();
    assert_eq!(told, [(Kind::Label, "k00064"), (Kind::Annotation, "k00064")]);
    assert!(rules.problems[0].message.starts_with("39 keys of"), "{}", rules.problems[0].message);
    assert!(rules.problems[1].message.contains("or more"), "{}", rules.problems[1].message);
    for (key, is_kept) in [
        ("k00063", false),
        ("k00064", true),
        ("z bad", true),
        // Ours is kept, so that it can be taken off the Task; Kelos's own is not ours to touch.
        ("metadata.kelos.dev/x", true),
        ("kelos.dev/taskspawner", false),
    ] {
        assert_eq!(rules.beyond(Kind::Label).unwrap().has(key), is_kept, "{key}");
    }
    assert!(rules.is_output(Kind::Label, "z bad"));
}

#[test]
fn a_guard_holds_wherever_in_its_rules_annotation_it_stands() {
    let entries: serde_json::Map<_, _> =
        (0..100).map(|n| (format!("a{n:03}"), "x".into())).collect();
    let mut entries = serde_json::Value::from(entries);
    entries["z"] = serde_json::json!({"value": "x", "allowed": ["x"]});
    let rules = read(serde_json::json!({
        "metadata": {"annotations": {LABELS_RULES: entries.to_string()}},
        "spec": {"taskTemplate": {"metadata": {"labels": {"z": "{{.Title}}"}}}},
    }));
    assert_eq!(rules.keys.len(), 64 + 1);
    let last = rules.keys.last().unwrap();
    assert!(last.key() == "z" && !last.allows("y") && last.plan.is_ok());
    let message = &rules.broken_annotations[0].error.message;
    let said = "101 keys, more than 64: those from `a064` on are not rendered";
    assert!(message.starts_with(said), "{message}");
}

#[test]
fn a_text_that_is_longer_than_is_read_is_told_and_changes_the_hash() {
    let spawner = |prompt: String, labels: String| {
        read(serde_json::json!({
            "metadata": {"annotations": {LABELS_RULES: labels}},
            "spec": {"when": {"githubIssues": {}}, "taskTemplate": {"promptTemplate": prompt}},
        }))
    };
    let long = "x".repeat(70_000);
    let rules = spawner(long.clone(), long.clone());
    let told: Vec<_> = rules.problems.iter().map(|it| (&*it.key, it.reason)).collect();
    let prompt = "spec.taskTemplate.promptTemplate";
    assert_eq!(told, [(LABELS_RULES, Reason::LimitExceeded), (prompt, Reason::LimitExceeded)]);
    assert!(rules.problems[0].message.contains("has 70000 bytes"), "{}", rules.problems[0].message);
    let other = |text: &str| text.replace("xx", "xy");
    for changed in [spawner(other(&long), long.clone()), spawner(long.clone(), other(&long))] {
        assert_ne!(changed.hash, rules.hash);
        assert_ne!(changed.spawner, rules.spawner);
    }
    let when = serde_json::json!({"githubWebhook": {"events": vec!["issues"; 1000]}});
    let rules = read(serde_json::json!({"spec": {"when": when}}));
    assert_eq!(rules.problems[0].key, "spec.when");
    assert_eq!(rules.spawner.spec.when.source(), crate::engine::kelos::Source::Unknown);
}

#[test]
fn what_is_too_costly_is_told_once_and_nothing_behind_it_is_rendered() {
    let patterns: String = (0..90)
        .map(|n| format!("{{{{regexMatch `(?i)[\\x{{{:x}}}-\\x{{ffff}}]` .A}}}}", 0x100 + n))
        .collect();
    let costly = serde_json::json!({"b": patterns, "a": "{{.Title}}", "c": "{{.Title}}", "d": "x"});
    let rules = compile(&[("labels", &costly.to_string())], &Policy::default());
    let plans: Vec<_> =
        rules.keys.iter().map(|rule| rule.plan.as_ref().err().map(|it| it.error.reason)).collect();
    let over = Some(Reason::LimitExceeded);
    assert_eq!(plans, [None, over, over, over]);
    let [problem] = &*rules.problems else { panic!("{:?}", rules.problems) };
    assert_eq!((&*problem.key, problem.reason), ("b", Reason::LimitExceeded));
    assert!(problem.message.contains("shorter"), "{}", problem.message);
}

/// The templates that Kelos fails on, of a TaskSpawner with this source: where, and what is said.
fn failing(when: &serde_json::Value, template: serde_json::Value) -> Vec<(String, String)> {
    let rules = read(serde_json::json!({"spec": {"when": when, "taskTemplate": template}}));
    let told: Vec<&str> = rules.problems.iter().map(|it| &*it.message).collect();
    let said = |it: &Failing| {
        let message = it.error.to_string();
        assert!(told.iter().any(|told| told.starts_with(&message)), "{message}: {told:?}");
        (
            it.rendered.to_string(),
            [&message, it.error.hint.as_deref().unwrap_or_default()].join("; "),
        )
    };
    rules.failing.iter().map(said).collect()
}

#[test]
fn a_template_that_asks_in_any_case_for_what_the_source_never_has_makes_no_task() {
    use serde_json::json;
    for (source, template, said) in [
        (
            "githubWebhook",
            "{{.Labels}}",
            "githubWebhook has no `.Labels` (up to Kelos v0.52) (line 1, column 3)",
        ),
        ("githubIssues", "{{.Author}}", "githubIssues has no `.Author`"),
        ("githubIssues", "x {{.labels}}", "(line 1, column 5); did you mean `.Labels`?"),
        ("githubIssues", "{{.Repository}}", "githubIssues has no `.Repository`"),
        ("githubPullRequests", "{{.HeadSHA}}", "githubPullRequests has no `.HeadSHA`"),
        ("cron", "{{.Author}}", "cron has no `.Author`"),
        ("slack", "{{.Context.build}}", "slack has no `.Context`"),
        ("linearWebhook", "{{.URL}}", "linearWebhook has no `.URL`"),
        (
            "jira",
            "{{.Spawner.Name}}",
            "only rules annotations know `.Spawner`: move the key to the annotation `metadata.kelos.dev/labels`",
        ),
    ] {
        let when = json!({source: {}});
        for (place, task_template) in [
            ("promptTemplate", json!({"promptTemplate": template})),
            ("branch", json!({"branch": template})),
            ("nameTemplate", json!({"nameTemplate": template})),
            ("label team", json!({"metadata": {"labels": {"team": template}}})),
        ] {
            let found = failing(&when, task_template);
            let [(of, message)] = found.as_slice() else { panic!("{template}: {found:?}") };
            let said = if of == place && of != "label team" {
                said.split(": move").next().unwrap()
            } else {
                said
            };
            assert!(of == place && message.contains(said), "{of}: {message}");
            assert!(message.starts_with("Kelos makes no Task of this template: "), "{message}");
        }
    }
}

#[test]
fn of_what_may_be_there_or_may_not_be_reached_nothing_is_said() {
    use serde_json::json;
    for (when, template) in [
        (json!({"githubWebhook": {}}), "{{.Branch}}"),
        (json!({"githubWebhook": {}}), "{{.Payload.issue.labels}}"),
        (json!({"githubWebhook": {}}), "{{index . \"Labels\"}}"),
        (json!({"githubWebhook": {}}), "{{if eq .Event \"x\"}}{{.Labels}}{{end}}"),
        (json!({"githubIssues": {}}), "{{.Context.build}}{{.Labels}}{{.Time}}"),
        (json!({"webhook": {"fieldMapping": {"Labels": "$.l"}}}), "{{.Labels}}{{.severity}}"),
        (json!({"githubIssues": {}, "slack": {}}), "{{.Author}}"),
        (json!({"newSource": {}}), "{{.Author}}"),
        (json!({"jira": {}}), "{{.TriggerTime}}"),
        (json!({"githubIssues": {}}), "no template {.Author}"),
    ] {
        let metadata = json!({"labels": {"a": template}, "annotations": {"a": template}});
        let all = json!({"promptTemplate": template, "branch": template, "metadata": metadata});
        assert_eq!(failing(&when, all), [], "{when} {template}");
    }
    let many: serde_json::Map<_, _> =
        (0..64).map(|at| (format!("k{at}"), json!("{{.Author}}"))).collect();
    let many = json!({"metadata": {"labels": many, "annotations": many}});
    assert_eq!(failing(&json!({"cron": {}}), many).len(), 16, "enough to mend them");
}

#[test]
fn a_rules_annotation_in_the_wrong_place_is_told_with_the_right_one() {
    use serde_json::json;
    let told = |spawner: serde_json::Value| {
        let rules = read(spawner);
        let said = |it: &Problem| format!("{} {}: {}", it.kind, it.key, it.message);
        rules.problems.iter().map(said).collect::<Vec<_>>()
    };
    let meant = |name: &str| {
        format!("no annotation of this name is read; did you mean `metadata.kelos.dev/{name}`?")
    };
    assert_eq!(
        told(json!({"metadata": {"annotations": {
            "kelos.dev/labels": "a: x", "metadata.kelos.io/labels": "a: x", "metadata.kelos.de/syntax": "go",
            "example.com/labels": "a: x", "kelos.dev/other": "x", "labels": "a: x"}}})),
        [
            format!("annotation kelos.dev/labels: {}", meant("labels")),
            format!("annotation metadata.kelos.de/syntax: {}", meant("syntax")),
            format!("annotation metadata.kelos.io/labels: {}", meant("labels")),
        ]
    );
    assert_eq!(
        told(
            json!({"metadata": {"labels": {"metadata.kelos.dev/syntax": "go", "metadata.kelos.dev/x": "y"}}})
        ),
        [
            "label metadata.kelos.dev/syntax: no label of this name is read of a TaskSpawner; it belongs under \
          metadata.annotations"
        ]
    );
    let field = json!({"annotations": {"metadata.kelos.dev/labels": "a: x"}});
    assert_eq!(
        told(json!({"spec": {"taskTemplate": {"metadata": field}}})),
        [
            "annotation metadata.kelos.dev/labels: this key is not for templates; choose another; it belongs under \
          metadata.annotations of the TaskSpawner itself"
        ]
    );
}
