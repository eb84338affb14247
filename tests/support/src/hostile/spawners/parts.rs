//! What hostile TaskSpawners are made of: texts of a size, and the fields that hold them.

use serde_json::{Map, Value, json};

pub(super) fn annotation(yaml: &str) -> Value {
    json!({"metadata": {"annotations": {"metadata.kelos.dev/labels": yaml}}})
}

/// Keys and templates as a rules annotation.
pub(super) fn rules_annotation(entries: &[(String, String)]) -> Value {
    let map: Map<_, _> =
        entries.iter().map(|(key, template)| (key.clone(), json!(template))).collect();
    annotation(&Value::from(map).to_string())
}

/// One label of the Kelos field.
pub(super) fn label(template: String) -> Value {
    json!({"spec": {"taskTemplate": {"metadata": {"labels": {"a": template}}}}})
}

pub(super) fn field(kind: &str, keys: usize, template: &str) -> Value {
    json!({"spec": {"taskTemplate": {"metadata": {kind: many(keys, template)}}}})
}

pub(super) fn many(keys: usize, value: &str) -> Value {
    (0..keys)
        .map(|i| (format!("k{i:07}"), json!(format!("{value}{i}"))))
        .collect::<Map<_, _>>()
        .into()
}

pub(super) fn long_keys(bytes: usize) -> Value {
    let keys = (0..64).map(|i| (format!("{i}{}", "/".repeat(bytes / 64)), json!("x")));
    let keys = Value::from(keys.collect::<Map<_, _>>());
    let mut spawner = annotation(&keys.to_string());
    spawner["metadata"]["annotations"]["metadata.kelos.dev/annotations"] = json!(keys.to_string());
    spawner["spec"] = json!({"taskTemplate": {"metadata": {"labels": keys, "annotations": keys}}});
    spawner
}

pub(super) fn numbers(bytes: usize, item: fn(usize) -> String) -> String {
    let mut list = String::new();
    for i in 0.. {
        if list.len() >= bytes {
            break;
        }
        list.push_str(&item(i));
        list.push(',');
    }
    list
}

fn repeated(bytes: usize, piece: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    for i in 0.. {
        if text.len() >= bytes {
            break;
        }
        text.push_str(&piece(i));
    }
    text
}

pub(super) fn sets_in_an_annotation(bytes: usize) -> Value {
    let half = large_sets(bytes / 2);
    rules_annotation(&[("a".into(), half.clone()), ("b".into(), half)])
}

pub(super) fn large_sets(bytes: usize) -> String {
    repeated(bytes, |i| format!("{{{{regexMatch `[^\\x{{{:x}}}\\pL][\\pC\\PN]` .A}}}}", 0x4e00 + i))
}

pub(super) fn folded_sets(bytes: usize) -> String {
    repeated(bytes, |i| format!("{{{{regexMatch `(?i)[\\x{{{:x}}}\\pL]` .A}}}}", 0x4e00 + i))
}

pub(super) fn small_patterns(bytes: usize) -> String {
    repeated(bytes, |i| format!("{{{{regexMatch `\\pL{i}` .A}}}}"))
}

pub(super) fn repeating_patterns(bytes: usize) -> String {
    repeated(bytes, |i| format!("{{{{regexMatch `(?:{i}|\\b){{1000}}` .A}}}}"))
}

pub(super) fn blanks(bytes: usize) -> String {
    let half = bytes / 2;
    let empty = "{{define \"x\"}}{{end}}";
    format!(
        "{{{{define \"x\"}}}}{}{{{{end}}}}{}",
        " ".repeat(half),
        empty.repeat(half / empty.len())
    )
}

pub(super) fn defines(bytes: usize) -> String {
    repeated(bytes, |i| format!("{{{{define \"{i}\"}}}}a{{{{end}}}}{{{{template \"{i}\"}}}}"))
}

pub(super) fn variables(bytes: usize) -> String {
    repeated(bytes, |i| format!("{{{{$v{i} := 1}}}}{{{{$v{i}}}}}"))
}

pub(super) fn nested(bytes: usize) -> String {
    let one = format!("{{{{{}.A{}}}}}", "(".repeat(90), " | default 1)".repeat(90));
    one.repeat(bytes / one.len())
}

pub(super) fn jinja_names(bytes: usize) -> String {
    repeated(bytes, |i| format!("{{% set v{i} = w{i} %}}{{{{v{i}}}}}"))
}

pub(super) fn jinja_patterns(bytes: usize) -> String {
    let patterns = repeated(bytes, |i| format!("{{{{regexMatch('\\\\pL{i}', a)}}}}"));
    format!("{{# #}}{patterns}")
}

/// A template that asks for the title, and a prompt that may tell it.
pub(super) fn reading(prompt: &str) -> Value {
    let mut spawner = rules_annotation(&[("a".into(), "{{.Title}}".into())]);
    spawner["spec"] =
        json!({"when": {"githubIssues": {}}, "taskTemplate": {"promptTemplate": prompt}});
    spawner
}

pub(super) fn sources(text: &str) -> Value {
    json!({"spec": {"when": {
        "githubIssues": {"repo": text}, "githubPullRequests": {"repo": text, "reviewState": text},
        "jira": {"baseUrl": text}, "cron": {"schedule": text},
        "githubWebhook": {"repository": text, "events": [text], "filters": [{"event": text}]},
    }}})
}
