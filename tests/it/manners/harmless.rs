//! What files say acts on no terminal, and on no log of a CI system.

use std::fs;

use super::{run, text};

/// What a terminal may act on, beside line breaks.
fn acts(c: char) -> bool {
    (c.is_control() && c != '\n') || c == '\u{202e}'
}

#[test]
fn names_and_values_of_test_cases_are_shown_and_not_acted_on() {
    let folder = tempfile::tempdir().unwrap();
    let odd = "a\\n::stop-commands::pwn\\x9b31m\\u202e";
    let spawner = "apiVersion: kelos.dev/v1alpha2\nkind: TaskSpawner\nmetadata: {name: w}\nspec: {when: {githubIssues: {}}, taskTemplate: {type: a, promptTemplate: x}}\n";
    fs::write(folder.path().join("w.yaml"), spawner).unwrap();
    let cases = format!(
        "spawner: w.yaml\ncases:\n- name: \"{odd}\"\n  annotations: {{\"{odd}\": \"{odd}\"}}\n- name: \"{odd} 2\"\n  spawner: \"{odd}\"\n"
    );
    let file = folder.path().join("cases.yaml");
    fs::write(&file, cases).unwrap();
    let output = run(&["test", "-f", file.to_str().unwrap()]);
    let (shown, told) = (text(&output.stdout), text(&output.stderr));
    assert!(shown.contains("FAIL a\\n::stop-commands::pwn\\u{9b}31m\\u{202e}\n"), "{shown}");
    for said in [shown, told] {
        assert!(said.contains("stop-commands"), "{said}");
        assert!(!said.contains(acts), "{said:?}");
        assert!(!said.lines().any(|line| line.trim_start().starts_with("::")), "{said}");
    }
}

#[test]
fn a_template_that_fails_is_shown_and_not_acted_on() {
    let output = run(&[
        "eval",
        "{{ .Title }}\u{9b}31m\u{202e}{{ fail \"\u{9b}2J\n::error::x\" }}",
        "--set",
        "Title=x",
    ]);
    let told = text(&output.stderr);
    assert!(told.contains("fail"), "{told}");
    assert!(!told.contains(acts), "{told:?}");
    assert!(!told.lines().any(|line| line.trim_start().starts_with("::")), "{told}");
}
