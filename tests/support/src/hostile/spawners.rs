//! TaskSpawners that one team may write to take all memory or all time: JSON out of a name and a size.
//! Tests, benches and the fuzz target `compile` share them.

mod parts;

use serde_json::{Value, json};

use self::parts::{
    annotation, blanks, defines, field, folded_sets, jinja_names, jinja_patterns, label,
    large_sets, long_keys, many, nested, numbers, reading, repeating_patterns, rules_annotation,
    sets_in_an_annotation, small_patterns, sources, variables,
};

/// A kind of hostile TaskSpawner.
pub struct Hostile {
    /// What it is full of.
    pub name: &'static str,
    /// How many bytes of it one object can hold: an annotation less than a field of the spec.
    pub most_bytes: usize,
    make: fn(usize) -> Value,
}

impl Hostile {
    /// A TaskSpawner as JSON, with about so many bytes of it.
    pub fn json(&self, bytes: usize) -> String {
        let mut spawner = (self.make)(bytes);
        let meta = &mut spawner["metadata"];
        meta["namespace"] = json!("hostile");
        if meta.get("name").is_none() {
            meta["name"] = json!("spawner");
        }
        spawner.to_string()
    }
}

/// What fits into a rules annotation.
const ANNOTATION: usize = 60_000;
/// What fits into the spec of an object.
const FIELD: usize = 1_400_000;

/// All of them.
pub const ALL: &[Hostile] = &[
    Hostile {
        name: "large sets in an annotation",
        most_bytes: ANNOTATION,
        make: sets_in_an_annotation,
    },
    Hostile {
        name: "large sets in the Kelos field",
        most_bytes: FIELD,
        make: |n| label(large_sets(n)),
    },
    Hostile {
        name: "large sets without case",
        most_bytes: ANNOTATION,
        make: |n| rules_annotation(&[("a".into(), folded_sets(n))]),
    },
    Hostile { name: "small patterns", most_bytes: FIELD, make: |n| label(small_patterns(n)) },
    Hostile {
        name: "small patterns in an annotation",
        most_bytes: ANNOTATION,
        make: |n| rules_annotation(&[("a".into(), small_patterns(n))]),
    },
    Hostile {
        name: "patterns that repeat",
        most_bytes: ANNOTATION,
        make: |n| rules_annotation(&[("a".into(), repeating_patterns(n))]),
    },
    Hostile {
        name: "{{1}} in the Kelos field",
        most_bytes: FIELD,
        make: |n| label("{{1}}".repeat(n / 5)),
    },
    Hostile {
        name: "{{1}} in 64 keys",
        most_bytes: ANNOTATION,
        make: |n| field("annotations", 64, &"{{1}}".repeat(n / 64 / 5)),
    },
    Hostile {
        name: "{{.}} in an annotation",
        most_bytes: ANNOTATION,
        make: |n| rules_annotation(&[("a".into(), "{{.A}}".repeat(n / 6))]),
    },
    Hostile {
        name: "keys in the Kelos field",
        most_bytes: FIELD,
        make: |n| field("labels", n / 14, ""),
    },
    Hostile {
        name: "long keys in the Kelos field",
        most_bytes: ANNOTATION,
        make: |n| long_keys(n),
    },
    Hostile {
        name: "a define of blanks and empty ones",
        most_bytes: FIELD,
        make: |n| label(blanks(n)),
    },
    Hostile {
        name: "a define of blanks in an annotation",
        most_bytes: ANNOTATION,
        make: |n| rules_annotation(&[("a".into(), blanks(n))]),
    },
    Hostile {
        name: "defines",
        most_bytes: ANNOTATION,
        make: |n| rules_annotation(&[("a".into(), defines(n))]),
    },
    Hostile {
        name: "variables",
        most_bytes: ANNOTATION,
        make: |n| rules_annotation(&[("a".into(), variables(n))]),
    },
    Hostile {
        name: "else if",
        most_bytes: ANNOTATION,
        make: |n| {
            rules_annotation(&[(
                "a".into(),
                format!("{{{{if 1}}}}{}{{{{end}}}}", "{{else if 1}}".repeat(n / 13)),
            )])
        },
    },
    Hostile {
        name: "nested parentheses",
        most_bytes: ANNOTATION,
        make: |n| rules_annotation(&[("a".into(), nested(n))]),
    },
    Hostile {
        name: "fields of an entry",
        most_bytes: ANNOTATION,
        make: |n| annotation(&format!("a: {{{}}}", numbers(n, |i| format!("f{i}")))),
    },
    Hostile {
        name: "keys of an annotation",
        most_bytes: ANNOTATION,
        make: |n| annotation(&numbers(n, |i| format!("k{i}: x")).replace(',', "\n")),
    },
    Hostile {
        name: "brackets",
        most_bytes: ANNOTATION,
        make: |n| annotation(&format!("a: {}", "[".repeat(n))),
    },
    Hostile {
        name: "closed brackets",
        most_bytes: ANNOTATION,
        make: |n| annotation(&format!("a: {}{}", "[".repeat(n / 2), "]".repeat(n / 2))),
    },
    Hostile {
        name: "braces",
        most_bytes: ANNOTATION,
        make: |n| annotation(&format!("a: {}", "{a: ".repeat(n / 4))),
    },
    Hostile {
        name: "quotes",
        most_bytes: ANNOTATION,
        make: |n| annotation(&"a: 'x\n".repeat(n / 6)),
    },
    Hostile {
        name: "brackets and quotes",
        most_bytes: ANNOTATION,
        make: |n| annotation(&format!("x: {{{{\na: {}", "[\"".repeat(n / 2))),
    },
    Hostile {
        name: "maps in a list",
        most_bytes: ANNOTATION,
        make: |n| annotation(&format!("a: [{}]", "a: b,".repeat(n / 5))),
    },
    Hostile {
        name: "colons in a list",
        most_bytes: ANNOTATION,
        make: |n| annotation(&format!("a: [{}]", ":,".repeat(n / 2))),
    },
    Hostile {
        name: "lines of one text",
        most_bytes: ANNOTATION,
        make: |n| annotation(&format!("a:{}", "\n  x".repeat(n / 4))),
    },
    Hostile {
        name: "an allowed list",
        most_bytes: ANNOTATION,
        make: |n| {
            annotation(&format!("a: {{value: x, allowed: [{}]}}", numbers(n, |i| i.to_string())))
        },
    },
    Hostile {
        name: "parse errors",
        most_bytes: ANNOTATION,
        make: |n| {
            rules_annotation(
                &(0..64)
                    .map(|i| (format!("k{i}"), format!("{{{{{}}}}}", "a".repeat(n / 64))))
                    .collect::<Vec<_>>(),
            )
        },
    },
    Hostile {
        name: "comments that do not end",
        most_bytes: ANNOTATION,
        make: |n| rules_annotation(&[("a".into(), "{%".repeat(n / 2))]),
    },
    Hostile {
        name: "Jinja",
        most_bytes: ANNOTATION,
        make: |n| rules_annotation(&[("a".into(), format!("{{# #}}{}", "{{1}}".repeat(n / 5)))]),
    },
    Hostile {
        name: "Jinja in 64 keys",
        most_bytes: ANNOTATION,
        make: |n| {
            rules_annotation(
                &(0..64)
                    .map(|i| (format!("k{i}"), format!("{i}{{# #}}{}", "{{a}}".repeat(n / 64 / 5))))
                    .collect::<Vec<_>>(),
            )
        },
    },
    Hostile {
        name: "Jinja's constants",
        most_bytes: ANNOTATION,
        make: |n| {
            rules_annotation(&[(
                "a".into(),
                format!("{{# #}}{}", format!("{{{{{}a}}}}", "1+".repeat(240)).repeat(n / 487)),
            )])
        },
    },
    Hostile {
        name: "Jinja's lists",
        most_bytes: ANNOTATION,
        make: |n| {
            rules_annotation(&[(
                "a".into(),
                format!(
                    "{{# #}}{}",
                    format!("{{{{{}a{}}}}}", "[".repeat(99), "]".repeat(99)).repeat(n / 203)
                ),
            )])
        },
    },
    Hostile {
        name: "Jinja's names",
        most_bytes: ANNOTATION,
        make: |n| rules_annotation(&[("a".into(), jinja_names(n))]),
    },
    Hostile {
        name: "Jinja's patterns",
        most_bytes: ANNOTATION,
        make: |n| rules_annotation(&[("a".into(), jinja_patterns(n))]),
    },
    Hostile {
        name: "a prompt of actions",
        most_bytes: FIELD,
        make: |n| reading(&"{{.Title}}".repeat(n / 10)),
    },
    Hostile {
        name: "a prompt of text",
        most_bytes: FIELD,
        make: |n| reading(&format!("{{{{.Title}}}}{}", "x".repeat(n))),
    },
    Hostile {
        name: "a prompt with escapes",
        most_bytes: FIELD,
        make: |n| reading(&"\u{1}".repeat(n / 6)),
    },
    Hostile {
        name: "a branch and a name",
        most_bytes: FIELD,
        make: |n| json!({"metadata": {"annotations": {"kelos.dev/v1alpha2-name-template": "{{.ID}}".repeat(n / 21)}}, "spec": {"taskTemplate": {"branch": "{{.ID}}".repeat(n / 21), "nameTemplate": "{{.ID}}".repeat(n / 21)}}}),
    },
    Hostile { name: "texts of sources", most_bytes: FIELD, make: |n| sources(&"x".repeat(n / 8)) },
    Hostile {
        name: "empty events",
        most_bytes: FIELD,
        make: |n| json!({"spec": {"when": {"githubWebhook": {"events": vec![""; n / 3]}}}}),
    },
    Hostile {
        name: "empty filters",
        most_bytes: FIELD,
        make: |n| json!({"spec": {"when": {"githubWebhook": {"filters": vec![json!({}); n / 3]}}}}),
    },
    Hostile {
        name: "types",
        most_bytes: FIELD,
        make: |n| json!({"spec": {"when": {"linearWebhook": {"types": vec!["x".repeat(200); n / 203]}}}}),
    },
    Hostile {
        name: "labels",
        most_bytes: FIELD,
        make: |n| json!({"metadata": {"labels": many(n / 14, "")}}),
    },
    Hostile {
        name: "annotations",
        most_bytes: FIELD,
        make: |n| json!({"metadata": {"annotations": many(n / 1000, &"x".repeat(990))}}),
    },
    Hostile {
        name: "a long rules annotation",
        most_bytes: FIELD,
        make: |n| annotation(&"x".repeat(n)),
    },
    Hostile {
        name: "long settings",
        most_bytes: FIELD,
        make: |n| json!({"metadata": {"annotations": {"metadata.kelos.dev/syntax": "x".repeat(n / 2), "metadata.kelos.dev/infer": "x".repeat(n / 2)}}}),
    },
    Hostile {
        name: "kubectl's last manifest",
        most_bytes: FIELD,
        make: |n| json!({"metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "x".repeat(n)}}}),
    },
    Hostile {
        name: "a long name",
        most_bytes: FIELD,
        make: |n| json!({"metadata": {"name": "x".repeat(n)}}),
    },
];
