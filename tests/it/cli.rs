//! The commands that run once: `review`, `render`, `eval`, `completions`.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// Exit status, standard output, standard error.
fn run(args: &[&str], input: &str) -> (i32, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_kelos-metadata"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that fails may have left before it read everything.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn case(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cases").join(name).display().to_string()
}

#[test]
fn eval_renders_one_template() {
    let vars = r#"{"Title": "Fix it", "Labels": ["a", "b"], "Number": 42, "Ratio": 1.0}"#;
    for (args, output) in [
        (vec!["{{ .Title | lower }}-{{ .Number }}"], "fix it-42\n"),
        (vec!["{{ title | upper }} {{ labels | first }}"], "FIX IT a\n"),
        (vec!["--syntax", "go", "{# {{ .Ratio }} #}"], "{# 1 #}\n"),
        (vec!["--syntax", "jinja", "{% if number == 42 %}yes{% endif %}"], "yes\n"),
        (vec!["line\n"], "line\n"),
    ] {
        let mut all = vec!["eval", "--vars", "-"];
        all.extend(args);
        assert_eq!(run(&all, vars), (0, output.to_owned(), String::new()), "{all:?}");
    }
    assert_eq!(run(&["eval"], "{{ print 1 2 }}").1, "1 2\n", "the template from standard input");
}

#[test]
fn eval_explains_a_failure_as_a_compiler_does() {
    let template = "first line\n{{ .Title | lower }} {{ .Titel }}";
    let (code, output, error) = run(&["eval", "--vars", "-", template], r#"{"Title": "x"}"#);
    assert_eq!((code, output.as_str()), (1, ""));
    for part in [
        "error[missing_variable]",
        "`.Titel`",
        "template:2:25",
        "{{ .Title | lower }} {{ .Titel }}",
        "^^^^^^",
    ] {
        assert!(error.contains(part), "{part} is not in:\n{error}");
    }
    let (code, _, error) = run(&["eval", "{{ .Title | frob }}"], "");
    assert_eq!(code, 1);
    assert!(error.contains("error[parse_error]") && error.contains("frob"), "{error}");
    let (code, _, error) = run(&["eval", "--vars", "/nonexistent.json", "x"], "");
    assert!(code == 2 && error.contains("--vars /nonexistent.json"), "{error}");
    let (code, _, error) = run(&["eval", "--vars", "-", "x"], "[1]");
    assert!(code == 2 && error.contains("no mapping of names"), "{error}");
}

#[test]
fn eval_answers_json_lines_in_order() {
    let input = [
        json!({"template": "{{ .N }} {{ .F }} {{ .E }}", "vars": {"N": 3, "F": 3.5, "E": 1e3}})
            .to_string(),
        json!({"template": "{{ n }}", "vars": {"N": 3}, "syntax": "jinja"}).to_string(),
        json!({"template": "{{ .Missing }}", "vars": {}, "syntax": "go"}).to_string(),
        "not json".to_owned(),
        json!({"template": "x", "syntax": "perl"}).to_string(),
        json!({"template": "plain"}).to_string(),
    ];
    let (code, output, _) = run(&["eval", "--jsonl"], &input.join("\n"));
    assert_eq!(code, 0, "errors in a line are answers, too");
    let lines: Vec<Value> =
        output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), input.len());
    assert_eq!(lines[0], json!({"output": "3 3.5 1000"}));
    assert_eq!(lines[1], json!({"output": "3"}));
    assert_eq!(lines[2]["reason"], "missing_variable");
    assert!(lines[2]["error"].as_str().unwrap().contains("`.Missing`"));
    assert_eq!(lines[3]["reason"], "parse_error");
    assert_eq!(lines[4]["reason"], "parse_error");
    assert_eq!(lines[5], json!({"output": "plain"}));
}

/// What `render` says of these manifests: its output and its complaints.
fn render(manifests: &[&str]) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    for (number, text) in manifests.iter().enumerate() {
        fs::write(folder.path().join(format!("{number}.yaml")), text).unwrap();
    }
    let (_, output, error) = run(&["render", "-f", folder.path().to_str().unwrap()], "");
    (output, error)
}

const TASK: &str = "apiVersion: kelos.dev/v1alpha2\nkind: Task\nmetadata: {name: w-1, labels: {kelos.dev/taskspawner: w}}\n";

/// A TaskSpawner with these labels.
fn spawner(name: &str, labels: &str) -> String {
    let labels = serde_json::to_string(labels).unwrap();
    format!(
        "apiVersion: kelos.dev/v1alpha2\nkind: TaskSpawner\nmetadata:\n  name: {name}\n  annotations:\n    \
         metadata.kelos.dev/labels: {labels}\nspec:\n  when: {{jira: {{}}}}\n"
    )
}

#[test]
fn render_tells_what_is_wrong_with_the_task_spawner_of_the_task_and_counts_the_rest() {
    let (own, other) = (spawner("w", "a: '{{'"), spawner("other", "a: '{{'\nb: '{{'"));
    let (_, error) = render(&[&own, &other, TASK]);
    assert!(!error.contains("default/w"), "it is shown with the Task: {error}");
    assert!(error.starts_with("2 more problems in spawners"), "{error}");
    assert!(!error.contains("default/other"), "{error}");
    let (_, error) = render(&[&own, &other]);
    assert_eq!(error.matches("default/other").count(), 2, "{error}");
}

#[test]
fn render_shows_an_error_where_it_stands() {
    let entry = "a: x\nb:\n  value: x\n  alowed: [y]\n";
    let (output, _) = render(&[&spawner("w", entry), TASK]);
    for part in [
        "--> metadata.kelos.dev/labels:4:3\n",
        "4 |   alowed: [y]\n",
        "= help: did you mean `allowed`?",
    ] {
        assert!(output.contains(part), "{part} is not in:\n{output}");
    }
    let (output, _) = render(&[&spawner("w", "a: x\nb: {% if title %}"), TASK]);
    for part in ["--> metadata.kelos.dev/labels:2:", "= help: put the value in quotes"] {
        assert!(output.contains(part), "{part} is not in:\n{output}");
    }
    let keys: String = (0..70).map(|n| format!("k{n}: x\n")).collect();
    let (output, _) = render(&[&spawner("w", &keys), TASK]);
    for part in ["70 keys, more than 64", "in metadata.kelos.dev/labels", "= help: have fewer"] {
        assert!(output.contains(part), "{part} is not in:\n{output}");
    }
    let (output, _) = render(&[&spawner("w", "kelos.dev/taskspawner: x"), TASK]);
    let note = "in label kelos.dev/taskspawner of metadata.kelos.dev/labels";
    assert!(output.contains(note), "{output}");
}

#[test]
fn render_says_why_nothing_is_read_out_of_a_template_that_is_too_long() {
    let prompt =
        format!("  taskTemplate: {{promptTemplate: '{{{{.Title}}}}{}'}}\n", "x".repeat(70_000));
    let (output, _) = render(&[&(spawner("w", "a: '{{.Title}}'") + &prompt), TASK]);
    let title = output.lines().find(|line| line.trim_start().starts_with("Title ")).unwrap();
    for part in ["promptTemplate is too long to be read back", "70010 bytes, more than 65536"] {
        assert!(title.contains(part), "{title}");
    }
}

#[test]
fn render_shows_no_table_without_rows() {
    let (output, error) = render(&[&spawner("w", "").replace("{jira: {}}", "{}"), TASK]);
    assert_eq!(
        (&*output, &*error),
        (
            "Task default/w-1 from TaskSpawner w\nNobody asks for any labels or annotations of it\n\n",
            ""
        )
    );
}

#[test]
fn render_shows_each_key_with_its_outcome() {
    let folder = case("example-invalid-priority-is-skipped");
    let (rules, task) = (format!("{folder}/rules.yaml"), format!("{folder}/task.yaml"));
    let args = |format: &'static str| {
        ["render", "-f", &rules, "-f", &task, "-o", format].map(str::to_owned)
    };
    let show = |format| {
        let args = args(format);
        let (code, output, error) = run(&args.iter().map(String::as_str).collect::<Vec<_>>(), "");
        assert_eq!((code, error.as_str()), (0, ""), "{format}");
        output
    };
    let table = show("table");
    for part in [
        "Task default/issue-worker-42 from TaskSpawner issue-worker",
        "kelos.dev/source-kind",
        "\"Issue\"",
        "applied",
        "error[invalid_value]",
        "rules.yaml:10:7\n",
        "help: ",
        "inferred from promptTemplate",
        "missing: nothing on the Task tells it, and no rendered field prints it by itself",
    ] {
        assert!(table.contains(part), "{part} is not in:\n{table}");
    }
    let shown: Value = serde_json::from_str(&show("json")).unwrap();
    let key = |name: &str| {
        shown["keys"].as_array().unwrap().iter().find(|key| key["key"] == name).unwrap()
    };
    assert_eq!(key("kelos.dev/source-kind")["outcome"], "applied");
    assert_eq!(key("kelos.dev/source-kind")["from"], "rules annotation");
    assert_eq!(key("kelos.dev/priority")["outcome"], "invalid_value");
    assert_eq!(key("kelos.dev/source-title")["value"], "the login page");
    let variable = |name: &str| {
        shown["variables"].as_array().unwrap().iter().find(|it| it["name"] == name).unwrap()
    };
    assert_eq!(variable("Number"), &json!({"name": "Number", "value": 42, "from": "task"}));
    assert_eq!(variable("Title")["from"], "inferred from promptTemplate");
    assert_eq!(variable("URL")["from"], "derived");
    let missing = variable("Comments")["missing"].as_str().unwrap();
    assert!(missing.starts_with("nothing on the Task tells it"), "{missing}");
    let patch: Value = serde_json::from_str(&show("patch")).unwrap();
    assert!(
        patch
            .as_array()
            .unwrap()
            .iter()
            .any(|op| op["path"] == "/metadata/labels/kelos.dev~1source-kind")
    );
    let yaml = show("yaml");
    assert!(yaml.starts_with("---\napiVersion: kelos.dev/v1alpha2\n"), "{yaml}");
    assert!(yaml.contains("kelos.dev/source-kind: Issue"), "{yaml}");
}

#[test]
fn render_says_what_is_missing_or_broken() {
    let folder = case("wrong-uid");
    let (code, _, error) = run(&["render", "-f", &folder], "");
    assert_eq!(code, 2);
    assert!(error.contains("task.yaml:1:") && error.contains("with uid 22222222"), "{error}");
    let task = format!("{folder}/rules.yaml");
    let (code, _, error) = run(&["render", "-f", &task], "");
    assert!(code == 2 && error.contains("there is no Task"), "{error}");
    let broken = tempfile::tempdir().unwrap();
    fs::write(
        broken.path().join("a.yaml"),
        "apiVersion: kelos.dev/v1alpha2\nkind: Task\nmetadata: [\n",
    )
    .unwrap();
    let (code, _, error) = run(&["render", "-f", broken.path().to_str().unwrap()], "");
    assert!(code == 2 && error.contains("a.yaml:"), "{error}");
}

#[test]
fn review_warns_of_a_spawner_as_the_server_does() {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().to_str().unwrap().to_owned();
    let review = |prompt: &str, operation: &str| {
        let template = json!({"promptTemplate": prompt});
        let spec = json!({"when": {"githubIssues": {}}, "taskTemplate": template});
        json!({"request": {
            "uid": "u",
            "operation": operation,
            "namespace": "default",
            "resource": {"group": "kelos.dev", "version": "v1alpha2", "resource": "taskspawners"},
            "object": {"apiVersion": "kelos.dev/v1alpha2", "kind": "TaskSpawner", "metadata": {"name": "w"}, "spec": spec},
        }})
        .to_string()
    };
    let lines = [("{{.Nope}}", "CREATE"), ("{{.Title}}", "CREATE"), ("{{.Nope}}", "DELETE")]
        .map(|(prompt, operation)| review(prompt, operation));
    let (code, output, error) = run(&["review", "--manifests", &rules], &lines.join("\n"));
    assert_eq!((code, error.as_str()), (0, ""));
    let answers: Vec<Value> =
        output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(answers.iter().all(|it| it["response"]["allowed"] == true), "{output}");
    let warnings: Vec<usize> = answers
        .iter()
        .map(|it| it["response"]["warnings"].as_array().map_or(0, Vec::len))
        .collect();
    assert_eq!(warnings, [1, 0, 0], "{output}");
    assert!(output.contains("promptTemplate: githubIssues has no `.Nope`"), "{output}");
}

#[test]
fn review_takes_one_document_or_one_a_line() {
    let rules = format!("{}/rules.yaml", case("wrong-uid"));
    let review = |uid: &str| json!({"kind": "AdmissionReview", "request": {"uid": uid, "operation": "DELETE"}});
    let pretty = serde_json::to_string_pretty(&review("one")).unwrap();
    let (code, output, error) = run(&["review", "--manifests", &rules], &pretty);
    assert_eq!((code, output.lines().count(), error.as_str()), (0, 1, ""));
    assert!(output.contains("\"uid\":\"one\""), "{output}");
    let lines = format!("{}\n\nnot json\n{}", review("one"), review("two"));
    let (code, output, error) = run(&["review", "--manifests", &rules], &lines);
    assert_eq!(code, 2, "a line could not be answered");
    assert!(error.contains("line 3"), "{error}");
    let answers: Vec<Value> =
        output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), 3);
    assert_eq!(answers[0]["response"]["uid"], "one");
    assert_eq!(answers[1]["kind"], "Status");
    assert_eq!(answers[2]["response"]["uid"], "two");
    let (code, _, error) = run(&["review", "--manifests", &rules], "");
    assert!(code == 2 && error.contains("standard input is empty"), "{error}");
}

#[test]
fn every_command_has_help_and_there_are_completions() {
    for args in [
        vec!["--help"],
        vec!["serve", "--help"],
        vec!["review", "--help"],
        vec!["render", "--help"],
        vec!["eval", "--help"],
    ] {
        let (code, output, _) = run(&args, "");
        assert_eq!(code, 0, "{args:?}");
        assert!(output.contains("Usage: kelos-metadata"), "{output}");
    }
    let (_, version, _) = run(&["--version"], "");
    assert_eq!(version, format!("kelos-metadata {}\n", env!("CARGO_PKG_VERSION")));
    for shell in ["bash", "zsh", "fish"] {
        let (code, script, _) = run(&["completions", shell], "");
        assert!(code == 0 && script.contains("kelos-metadata"), "{shell}");
        assert_eq!(run(&["completion", shell], "").1, script, "{shell}: by both names");
    }
    let (code, _, error) = run(&["serv"], "");
    assert!(code == 2 && error.contains("serve"), "{error}");
}
