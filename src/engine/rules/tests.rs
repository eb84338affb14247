use super::*;
use crate::engine::kelos::Protection;
use crate::engine::render::Templates;

fn compile(annotations: &[(&str, &str)], policy: &Policy) -> Rules {
    let mut spawner = TaskSpawner::default();
    spawner.metadata.name = "worker".to_owned();
    for (name, text) in annotations {
        spawner
            .metadata
            .annotations
            .insert(format!("metadata.kelos.dev/{name}"), (*text).to_owned());
    }
    Rules::compile(spawner, policy, &mut Templates::default())
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
            &Policy { protection: Protection::new(&["x"]).unwrap(), ..Policy::default() },
        )
        .hash,
    ] {
        assert_ne!(changed, first);
    }
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
    assert_eq!(rules.broken_carriers.len(), 1);
}

#[test]
fn only_what_is_used_is_recorded() {
    let rules = compile(
        &[("labels", "a: {{ .Title }}\nb: {{ review_state }}\nc: plain\nd: {{ .Task.Name }}")],
        &Policy::default(),
    );
    let names: Vec<&str> = rules.uses.names.iter().map(|name| &**name).collect();
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
