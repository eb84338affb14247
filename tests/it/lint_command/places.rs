//! A finding stands where the file says what it is about, however the text is written there.

use serde_json::{Value, json};

use super::{lint_file, spawner};

/// A variable that no source has, so that Kelos fails on the template.
const SLIP: &str = ".Nope";

/// The text of the file at the place of the first finding of severity error.
fn at_the_error<'t>(text: &'t str, findings: &[Value]) -> &'t str {
    let error = findings.iter().find(|it| it["severity"] == "error").unwrap();
    let number = |name: &str| error["place"][name].as_u64().unwrap() as usize;
    let line = text.trim_start_matches('\u{feff}').lines().nth(number("line") - 1).unwrap();
    let at = line.char_indices().nth(number("column") - 1).map_or(line.len(), |(at, _)| at);
    &line[at..]
}

#[test]
fn the_place_is_in_the_text_in_every_style() {
    for branch in [
        "x-{{.Nope}}",
        "x\n      ü-{{.Nope}}  # a comment",
        "'it''s-{{.Nope}}'",
        "'it''s\n\n      ü-{{.Nope}}'",
        "\"\\u0078\\t\\\"{{.Nope}}\"",
        "\"ü\\\n      -{{.Nope}}\"",
        "|\n      ü\n\n        {{.Nope}}",
        "|-  # a comment\n\n      ü{{.Nope}}",
        ">-\n      ü\n      ü {{.Nope}}\n\n      x",
        "&anchor 'x-{{.Nope}}'",
        "!!str 'x-{{.Nope}}'",
    ] {
        let text = spawner(branch);
        for text in [text.clone(), text.replace('\n', "\r\n"), format!("\u{feff}# ü\n---\n{text}")]
        {
            let said = lint_file("w.yaml", &text, &["-o", "json"]);
            assert_eq!((said.status, &*said.errors), (1, ""), "{text}");
            let found = at_the_error(&text, &said.findings());
            assert!(found.starts_with(SLIP), "{found:?} in {text}");
        }
    }
}

#[test]
fn the_place_is_in_json_and_in_lists() {
    let object = json!({
        "apiVersion": "kelos.dev/v1alpha2",
        "kind": "TaskSpawner",
        "metadata": {"name": "w"},
        "spec": {"when": {"cron": {"schedule": "0 * * * *"}}, "taskTemplate": {"promptTemplate": "😀\n{{.Nope}}"}},
    });
    let pretty = serde_json::to_string_pretty(&object).unwrap();
    let escaped = object.to_string().replace('😀', "\\ud83d\\ude00");
    let other = json!({"apiVersion": "v1", "kind": "ConfigMap"});
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [other, object]});
    let list = serde_json::to_string_pretty(&list).unwrap();
    for text in [pretty.replace("  ", "\t"), format!("{other} {escaped}"), list] {
        let said = lint_file("w.json", &text, &["-o", "json"]);
        assert_eq!((said.status, &*said.errors), (1, ""), "{text}");
        let found = at_the_error(&text, &said.findings());
        assert!(found.starts_with(SLIP), "{found:?} in {text}");
    }
}

#[test]
fn the_place_is_in_the_rules_annotation() {
    let rules = "metadata:\n  annotations:\n    metadata.kelos.dev/labels: |\n      # ü\n      team: payments\n      x: {{ .Title | nope }}\n  name: w\n";
    let text = spawner("x").replace("metadata:\n  name: w\n", rules);
    let said = lint_file("w.yaml", &text, &["-o", "json"]);
    let findings = said.findings();
    let found = findings.iter().find(|it| it["rule"] == "rules-template").unwrap();
    assert_eq!((&found["place"]["line"], &found["place"]["column"]), (&json!(8), &json!(22)));
}

#[test]
fn what_the_file_does_not_spell_has_the_place_of_its_key() {
    let text = spawner("*b").replace("  name: w\n", "  name: w\n  labels: {a: &b 'x-{{.Nope}}'}\n");
    let said = lint_file("w.yaml", &text, &["-o", "json"]);
    assert!(at_the_error(&text, &said.findings()).starts_with("branch: *b"), "{}", said.output);
}

#[test]
fn an_empty_text_has_a_place_between_its_quotes() {
    for spelled in ["''", "\"\""] {
        let text = format!(
            "apiVersion: kelos.dev/v1alpha2\nkind: TaskSpawner\nmetadata: {{name: w}}\nspec:\n  when: {{cron: {{schedule: {spelled}}}}}\n  taskTemplate: {{promptTemplate: x}}\n"
        );
        let said = lint_file("w.yaml", &text, &[]);
        assert!(said.output.starts_with("w.yaml:5:27: error[cron-schedule]"), "{}", said.output);
    }
}
