//! What is said to who has slipped: what, where, and what to write.

use std::fs;

use serde_json::{Value, json};

use super::{rendered, run, text};

/// What `eval` says of a template.
fn eval(template: &str) -> String {
    let output = run(&[
        "eval",
        "--set",
        "Title=x",
        "--set",
        "Branch=main",
        "--set",
        "URL=u",
        "--set",
        "Labels=[a]",
        template,
    ]);
    assert_eq!(output.status.code(), Some(1), "{template}: {}", text(&output.stdout));
    text(&output.stderr).to_owned()
}

#[test]
fn a_slip_in_a_template_is_told_with_what_to_write() {
    for (template, hint) in [
        ("{{ .branch }}", "did you mean `.Branch`?"),
        ("{{ .Url }}", "did you mean `.URL`?"),
        ("{{ .Contxt.build }}", "did you mean `.Context.build`?"),
        ("{{ .CommentBdy }}", "did you mean `.CommentBody`?"),
        ("{{ .Title | truncate 3 }}", "did you mean `trunc`?"),
        ("{{ title | truncate(3) }}", "did you mean `trunc`?"),
        ("{{ .Title | toLower }}", "did you mean `lower`?"),
        ("{{ labels | scoped \"x\" }}", "in Jinja, arguments stand in parentheses: `scoped(…)`"),
        (
            "{{ .Labels | scoped(\"x\") }}",
            "in Go, arguments follow the name without parentheses and commas: `scoped …`",
        ),
        ("{{ .Title.lower() }}", "values have no methods: pipe them, as in `.Title | lower`"),
        ("{{ .Title.ToUpper }}", "values have no methods: pipe them, as in `.Title | upper`"),
        ("{{ title.lower() }}", "use a filter, as in `title | upper`"),
        (
            "{{ index labels 0 }}",
            "this is read as Jinja; in Go variables have a dot in front: `index .Labels …`",
        ),
        ("{{ .Labels[0] }}", "an element is `index .Labels 0`"),
        ("{{ .Title }", "an action ends in `}}`"),
        ("{{ .Title || .URL }}", "`or` stands in front, as in `or .Title \"none\"`"),
        ("{{ .Title && .URL }}", "`and` stands in front, as in `and .Title .Branch`"),
        (
            "{{ if .Title == \"x\" }}y{{ end }}",
            "a comparison stands in front, as in `eq .Kind \"PR\"`",
        ),
        ("{{ .Issue.Title }}", "did you mean `.Title`?"),
        ("{{ .Task.Spec.Prompt }}", "`.Task` has Name, GenerateName, Namespace, "),
        ("{{ trimPrefix 'p/' .Title }}", "a text has double quotes in Go: `\"…\"`, or backquotes"),
    ] {
        let error = eval(template);
        assert!(error.contains(&format!("= help: {hint}")), "{template}: {error}");
    }
}

pub(super) const SPAWNER: &str = "apiVersion: kelos.dev/v1alpha2\nkind: TaskSpawner\n";

/// A folder with these files, and the Task `w-1` of the TaskSpawner `w`.
pub(super) fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    let task = "apiVersion: kelos.dev/v1alpha2\nkind: Task\nmetadata: {name: w-1, labels: {kelos.dev/taskspawner: w}}\n";
    fs::write(folder.path().join("z-task.yaml"), task).unwrap();
    folder
}

/// Status, output and complaints of `render` on a folder.
pub(super) fn render(folder: &tempfile::TempDir, flags: &[&str]) -> (i32, String, String) {
    rendered(folder.path(), &[], flags)
}

#[test]
fn a_helper_in_what_kelos_itself_renders_is_a_parse_error() {
    let spec = |template: Value| {
        let spawner = json!({
            "apiVersion": "kelos.dev/v1alpha2", "kind": "TaskSpawner", "metadata": {"name": "w"},
            "spec": {"when": {"githubIssues": {}}, "taskTemplate": template},
        });
        render(&folder(&[("a.json", &spawner.to_string())]), &[])
    };
    let (_, output, error) =
        spec(json!({"metadata": {"labels": {"team": "{{ .Title | lower }}"}}}));
    for part in [
        "error[parse_error]",
        "Kelos has no function `lower`",
        "a.json:1:",
        "metadata.kelos.dev/labels",
    ] {
        assert!(output.contains(part), "{part}: {output}");
    }
    assert_eq!(error, "", "what is shown with the Task is not told again");
    for field in ["promptTemplate", "branch", "nameTemplate"] {
        let (_, output, error) = spec(json!({field: "x {{ .Title | lower }}"}));
        let said = format!("error[parse_error]: {field}: Kelos makes no Task of this template");
        assert!(output.contains(&said) && output.contains("`lower`"), "{output}");
        assert_eq!(error, "");
        let (_, _, error) = spec(json!({field: "x {{ printf \"%s\" .Title }}"}));
        assert_eq!(error, "");
    }
}

#[test]
fn annotations_under_our_prefix_that_nobody_reads_are_named() {
    let annotations = "metadata:\n  name: w\n  annotations:\n    metadata.kelos.dev/label: 'a: x'\n    metadata.kelos.dev/onInvalid: skip\n    metadata.kelos.dev/unheard-of: 'a: x'\n";
    let (_, _, error) = render(&folder(&[("a.yaml", &format!("{SPAWNER}{annotations}"))]), &[]);
    for part in [
        "did you mean `metadata.kelos.dev/labels`?",
        "did you mean `metadata.kelos.dev/on-invalid`?",
        "metadata.kelos.dev/unheard-of: parse_error: no annotation of this name is read; this version reads labels, ",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[test]
fn a_value_of_the_wrong_type_is_told_with_path_and_line_and_what_mends_it() {
    for (annotations, said) in [
        (
            "metadata.kelos.dev/labels:\n      team: x\n",
            "metadata.annotations[metadata.kelos.dev/labels] line 6: text wanted; write `|` after the colon",
        ),
        ("team: true\n", "metadata.annotations[team] line 6: `true` needs quotes"),
        ("team: 12\n", "metadata.annotations[team] line 6: a number needs quotes"),
    ] {
        let spawner = format!("{SPAWNER}metadata:\n  name: w\n  annotations:\n    {annotations}");
        let (code, _, error) = render(&folder(&[("a.yaml", &spawner)]), &[]);
        assert!(code == 2 && error.contains(said), "{said}: {error}");
    }
}

#[test]
fn an_error_in_a_rules_annotation_shows_its_place_in_the_file() {
    let spawner = format!(
        "# first\n---\n{SPAWNER}metadata:\n  name: w\n  annotations:\n    metadata.kelos.dev/labels: |\n      a: x\n      b:\n        value: ü\n        alowed: [y]\n"
    );
    let (_, output, _) = render(&folder(&[("a.yaml", &spawner)]), &[]);
    for part in [
        "error[parse_error]: annotation metadata.kelos.dev/labels: `alowed` is no field of an entry",
        "a.yaml:12:9\n",
        "12 |         alowed: [y]\n",
        "   |         ^^^^^^",
        "= help: did you mean `allowed`?",
    ] {
        assert!(output.contains(part), "{part}: {output}");
    }
}

#[test]
fn near_misses_of_kind_and_group_are_named() {
    for (document, said) in [
        (
            "apiVersion: kelos.dev/v1alpha2\nkind: taskspawner\nmetadata: {name: w}\n",
            "did you mean `TaskSpawner`?",
        ),
        (
            "apiVersion: axon.io/v1alpha1\nkind: TaskSpawner\nmetadata: {name: w}\n",
            "did you mean `kelos.dev/v1alpha2`?",
        ),
    ] {
        let (code, _, error) = render(&folder(&[("a.yaml", document)]), &[]);
        assert!(code == 2 && error.contains("a.yaml:1:1: ") && error.contains(said), "{error}");
    }
}

#[test]
fn what_belongs_to_another_namespace_is_said_as_such() {
    let metadata = "metadata: {name: w, namespace: team-a, annotations: {metadata.kelos.dev/labels: 'a: x'}}\n";
    let folder = folder(&[("a.yaml", &format!("{SPAWNER}{metadata}"))]);
    let (code, _, error) = render(&folder, &[]);
    assert!(code == 2 && error.contains("the one of that name is in namespace team-a"), "{error}");
    let (code, output, _) = render(&folder, &["-n", "team-a"]);
    assert!(code == 0 && output.contains("Task team-a/w-1 from TaskSpawner w"), "{output}");
}

#[test]
fn a_context_names_the_field_that_told_it() {
    let spawner = json!({
        "apiVersion": "kelos.dev/v1alpha2", "kind": "TaskSpawner",
        "metadata": {"name": "w", "annotations": {"metadata.kelos.dev/labels": "b: '{{ .Context.build }}'"}},
        "spec": {"when": {"githubIssues": {}}, "taskTemplate": {
            "promptTemplate": "x", "metadata": {"annotations": {"example.com/build": "{{.Context.build}}"}},
        }},
    });
    let task = json!({
        "apiVersion": "kelos.dev/v1alpha2", "kind": "Task", "spec": {"prompt": "x"},
        "metadata": {
            "name": "w-1", "labels": {"kelos.dev/taskspawner": "w"},
            "annotations": {"example.com/build": "green"},
        },
    });
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.json"), spawner.to_string()).unwrap();
    fs::write(folder.path().join("b.json"), task.to_string()).unwrap();
    let (_, output, _) = render(&folder, &["-o", "json"]);
    let shown: Value = serde_json::from_str(&output).unwrap();
    let context = shown["variables"].as_array().unwrap().iter().find(|it| it["name"] == "Context");
    assert_eq!(context.unwrap()["from"], "inferred from annotation example.com/build");
}
