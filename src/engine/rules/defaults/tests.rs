//! The file of defaults: what is read, and what is told of a mistake.

use super::*;

fn read(text: &str) -> Result<Defaults, Vec<String>> {
    let read = Defaults::read(text, &Policy::default());
    read.map_err(|errors| errors.iter().map(ToString::to_string).collect())
}

fn keys(defaults: &Defaults, shape: Shape) -> Vec<(Kind, &str)> {
    defaults.keys(shape).iter().map(|rule| (rule.kind, rule.key())).collect()
}

#[test]
fn all_that_a_file_may_say_is_read() {
    let text = r#"
# Who pays.
labels:
  team: {{ index .Namespace.Labels "team" }}
  env: {value: prod, on: [tasks, sessions]}
  session: {value: x, on: [sessions]}
annotations:
  a: "{{ namespace.name }}"
podLabels: {cost: {value: "2", default: "1", allowed: ["1", "2"], onInvalid: skip}}
nodeSelector:
podLabelsFromTask: "team, example.com/*"
syntax: auto
onInvalid: sanitize
"#;
    let defaults = read(text).unwrap();
    let expected = [
        (Kind::Label, "env"),
        (Kind::Label, "team"),
        (Kind::Annotation, "a"),
        (Kind::PodLabel, "cost"),
    ];
    assert_eq!(keys(&defaults, Shape::Task), expected);
    let of_sessions = [(Kind::Label, "env"), (Kind::Label, "session")];
    assert_eq!(keys(&defaults, Shape::Session), of_sessions);
    assert!(defaults.copies(Shape::Session).is_empty(), "what is copied is of Tasks");
    assert!(defaults.keys(Shape::Task).iter().all(|rule| rule.declared_in == DeclaredIn::Defaults));
    assert_eq!((defaults.copies.keys.len(), defaults.copies.prefixes.len()), (1, 1));
    let on_invalid = |key| defaults.rule(Shape::Task, Kind::Label, key).map(|rule| rule.on_invalid);
    assert_eq!(on_invalid("team"), Some(OnInvalid::Sanitize));
    for empty in ["{}", "# nothing", "labels: {}", "labels:"] {
        let read = read(empty).unwrap();
        assert!(Shape::ALL.into_iter().all(|shape| read.is_empty(shape)), "{empty:?}");
    }
}

#[test]
fn a_mistake_costs_the_file_and_is_told_with_its_line() {
    for (text, expected) in [
        ("[a]", "line 1: these are no defaults"),
        ("labels:\n  a: b\n  a: c", "line 3: the key `a` is there twice"),
        ("labels: {}\nlabels: {a: b}", "line 2: `labels` is there twice"),
        ("labels: [a]", "line 1: `labels` is a mapping of keys to templates"),
        (
            "label:\n  a: b",
            "line 1: `label` is none of the mappings of defaults; did you mean `labels`?",
        ),
        ("pods:\n  a: b", "line 1: `pods` is none of the mappings of defaults; there are labels,"),
        ("", "line 1: the file is empty; `{}` says"),
        ("labels:\n  a: x y", "line 2: label a: ' ' has no place"),
        ("labels:\n  a: {value: z, allowed: [x]}", "line 2: label a: the value is not in"),
        (
            "labels:\n  a: {value: '{{ .Kind }}', allowed: []}",
            "line 2: label a: `allowed` lists nothing",
        ),
        ("labels:\n  a: {value: '{{ .Kind }}', allowed: [x y]}", "line 2: label a: `allowed`: ' '"),
        ("labels:\n  a: {value: x, on: []}", "line 2: label a: `on` lists nothing"),
        (
            "podLabels:\n  kueue.x-k8s.io/queue-name: Q",
            "line 2: pod_label kueue.x-k8s.io/queue-name: Kueue",
        ),
        ("label: x", "line 1: `label` is nothing that defaults have: labels,"),
        (
            "labels:\n  a: '{{ .Number'",
            "line 2: label a: the action has no closing `}}` (of the template: line 1,",
        ),
        ("labels:\n  'a b': x", "line 2: label a b: a name has letters"),
        ("labels:\n  kelos.dev/taskspawner: x", "line 2: label kelos.dev/taskspawner: this key"),
        ("labels:\n  a: {value: x, on: [pods]}", "line 2: label a: `on`: `pods` is neither"),
        ("labels:\n  a: {value: x, on: tasks}", "line 2: label a: `on` is a list"),
        ("labels:\n\n  a: {value: x, dflt: y}", "line 3: label a: `dflt` is no field"),
        ("labels:\n  a: {value: x, default: y z}", "line 2: label a: `default` can't be written"),
        ("nodeSelector:\n  a: '{{ .Title }}'", "line 2: node_selector a: a template without"),
        ("syntax: perl", "line 1: syntax: `perl` is none of"),
        ("onInvalid: x", "line 1: onInvalid: `x` is neither"),
        ("podLabelsFromTask: [a]", "line 1: `podLabelsFromTask` is a text"),
        ("podLabelsFromTask: a b", "line 1: podLabelsFromTask: `a b`:"),
        ("podLabelsFromTask: kelos.dev/task", "line 1: podLabelsFromTask: `kelos.dev/task`:"),
    ] {
        let errors = read(text).unwrap_err();
        assert!(errors[0].starts_with(expected), "{text:?}: {errors:?}");
        assert_eq!(errors.len(), 1, "{errors:?}");
    }
    let long = format!("annotations:\n  a: {}", "x".repeat(VALUE_BYTES + 1));
    let told = read(&long).unwrap_err();
    assert!(
        told[0].starts_with("line 2: annotation a: ") && told[0].contains("longer than 64 KiB"),
        "{told:?}"
    );
    assert!(read(&long.replacen('x', "", 1)).is_ok());
    let both = read("syntax: perl\nlabels:\n  a b: x\nannotations:\n  c d: x").unwrap_err();
    assert_eq!(both.len(), 3, "{both:?}");
    assert!(read(&"#".repeat(DEFAULTS_BYTES + 1)).unwrap_err()[0].contains("bytes"));
}
