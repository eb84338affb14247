//! What is judged for which Kelos, what is not told, and what `--explain` prints.

use kelos_metadata::engine::lint::Rule;

use super::{data, lint_file, lint_in, spawner};

/// A TaskSpawner whose label is what strangers write, with this annotation.
fn with_title(annotation: &str) -> String {
    let text = spawner("x").replace("  name: w\n", &format!("  name: w\n{annotation}"));
    format!("{text}    metadata:\n      labels:\n        kind: '{{{{.Title}}}}'\n")
}

#[test]
fn a_rule_is_silenced_for_all_by_a_flag_and_for_one_object_by_its_annotation() {
    let told = lint_file("w.yaml", &with_title(""), &[]);
    assert!(told.output.contains("error[label-value]"), "{}", told.output);
    let silent = lint_file("w.yaml", &with_title(""), &["--allow", "label-value,strangers-text"]);
    assert_eq!((silent.status, &*silent.output), (0, "1 object: nothing found\n"));
    let annotation =
        "  annotations:\n    metadata.kelos.dev/lint-allow: label-value, strangers-text\n";
    let both =
        format!("{}---\n{}", with_title(annotation), with_title("").replace("name: w", "name: v"));
    let one = lint_file("w.yaml", &both, &[]);
    assert_eq!(one.output.matches("[label-value]").count(), 1, "{}", one.output);
    let unknown = lint_file("w.yaml", &spawner("x"), &["--allow", "label-valu"]);
    assert_eq!(unknown.status, 2);
    assert!(unknown.errors.contains("a similar value exists: 'label-value'"), "{}", unknown.errors);
}

#[test]
fn kelos_v0_24_is_asked_for_its_own_fields_and_renders_no_others() {
    let old = with_title("").replace("v1alpha2", "v1alpha1");
    let said = lint_file("w.yaml", &old, &["--kelos", "v0.24"]);
    let text = "w.yaml:12:5: warning[unknown-field] Kelos v0.24 has no field `metadata`";
    assert!(said.output.contains(text), "{}", said.output);
    assert!(said.output.contains("help: Kelos v0.25 and later have it"), "{}", said.output);
    assert!(!said.output.contains("[label-value]"), "{}", said.output);
    let newer = lint_file("w.yaml", &old, &[]);
    assert!(!newer.output.contains("[unknown-field]"), "{}", newer.output);
    let said = lint_file("w.yaml", &spawner("x"), &["--kelos", "v0.24"]);
    assert!(said.output.contains("error[object-type] Kelos v0.24 serves no"), "{}", said.output);
    let hook = old.replace("githubIssues: {}", "githubWebhook: {events: [issues]}");
    let said = lint_file("w.yaml", &hook, &["--kelos", "v0.24"]);
    assert!(said.output.contains("error[no-source]"), "{}", said.output);
}

#[test]
fn a_rule_is_explained_as_the_page_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let said = lint_in(folder.path(), &["--explain", "long-name"], "");
    assert_eq!((said.status, &*said.errors), (0, ""));
    let why = std::fs::read_to_string(data(Rule::LongName).join("why.md")).unwrap();
    assert!(
        said.output.starts_with(&format!("long-name\n\n{}\n\nBad:\n", why.trim())),
        "{}",
        said.output
    );
}

#[test]
fn an_object_whose_type_has_a_slip_is_linted_all_the_same() {
    for (wrong, meant) in [
        ("kind: Taskspawner", "kind: TaskSpawner"),
        ("kind: TaskSpawners", "kind: TaskSpawner"),
        ("apiVersion: kelos.io/v1alpha2", "apiVersion: kelos.dev/v1alpha2"),
        ("apiVersion: v1alpha2", "apiVersion: kelos.dev/v1alpha2"),
    ] {
        let (start, _) = meant.split_once(' ').unwrap();
        let good = spawner("x");
        let line = good.lines().find(|line| line.starts_with(start)).unwrap();
        let bad = good.replace(line, wrong);
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("w.yaml"), &bad).unwrap();
        let said = lint_in(folder.path(), &["w.yaml"], "");
        assert!(
            said.output.contains("error[object-type]"),
            "{wrong}: {}{}",
            said.output,
            said.errors
        );
        assert_eq!(said.status, 1);
        let fixed = lint_in(folder.path(), &["--fix", "w.yaml"], "");
        assert_eq!(&*fixed.output, "1 object: nothing found; 1 fixed\n", "{wrong}");
        assert_eq!(std::fs::read_to_string(folder.path().join("w.yaml")).unwrap(), good);
    }
    let other = spawner("x").replace("kelos.dev/v1alpha2", "example.com/v1");
    assert!(lint_file("w.yaml", &other, &[]).errors.contains("nothing to lint"));
}
