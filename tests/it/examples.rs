//! The examples and what the documentation shows of them: run with the real program.
//!
//! `BLESS=1 cargo test --profile checked --test it examples` writes what the commands in the documentation print: read
//! the diff.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde::Deserialize;
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_kelos-metadata");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

const KEPT_URL_43: &str = "kept https://github.com/acme/widgets/issues/43";

/// What becomes of each key of each Task, as `<outcome> <value>`.
fn expected() -> BTreeMap<&'static str, Vec<(&'static str, &'static str)>> {
    const URL: &str = "applied https://github.com/acme/widgets/issues/42";
    const KEPT_URL: &str = "kept https://github.com/acme/widgets/issues/42";
    let expected = [
        (
            "issue-worker-v024-42",
            vec![
                ("label kelos.dev/priority", "missing_variable"),
                ("label kelos.dev/source-kind", "applied Issue"),
                ("label team.example.com/area", "applied backend"),
                ("annotation kelos.dev/source-title", "applied Fix the login page"),
                ("annotation kelos.dev/source-url", URL),
            ],
        ),
        (
            "issue-worker-v052-42",
            vec![
                ("label kelos.dev/priority", "missing_variable"),
                ("label kelos.dev/source-kind", "kept Issue"),
                ("label team.example.com/area", "kept backend"),
                ("annotation kelos.dev/source-title", "kept Fix the login page"),
                ("annotation kelos.dev/source-url", KEPT_URL),
            ],
        ),
        (
            "issue-worker-v052-43",
            vec![
                ("label kelos.dev/priority", "applied critical"),
                ("label kelos.dev/source-kind", "kept Issue"),
                ("label team.example.com/area", "kept backend"),
                ("annotation kelos.dev/source-title", "kept Fix the login page"),
                ("annotation kelos.dev/source-url", KEPT_URL_43),
            ],
        ),
        (
            "issue-worker-jinja-42",
            vec![
                ("label kelos.dev/priority", "applied critical"),
                ("label kelos.dev/source-kind", "applied Issue"),
                ("label team.example.com/area", "applied backend"),
                ("label team.example.com/bug", "applied yes"),
                ("annotation kelos.dev/source-title", "applied Fix the login page"),
                ("annotation kelos.dev/source-url", URL),
            ],
        ),
        (
            "issue-worker-helpers-42",
            vec![
                ("label kelos.dev/priority", "applied critical"),
                ("label kelos.dev/source-kind", "applied issue"),
                ("label team.example.com/area", "applied backend"),
                ("label team.example.com/first-label", "applied priority-critical"),
                ("label team.example.com/model", "defaulted standard"),
                ("label team.example.com/repository", "applied acme-widgets"),
                ("label team.example.com/title", "invalid_value"),
                ("annotation kelos.dev/source-url", URL),
                ("annotation team.example.com/all-labels", "applied priority/critical bug"),
            ],
        ),
    ];
    expected.into_iter().chain(carried()).collect()
}

/// The same of those whose facts the Kelos field carries.
fn carried() -> [(&'static str, Vec<(&'static str, &'static str)>); 2] {
    [
        (
            "priority-42",
            vec![
                ("label team.example.com/priority", "applied high"),
                ("annotation kelos.dev/source-labels", "kept bug, priority/high"),
            ],
        ),
        (
            "github-webhook-issues-0123456789ab",
            vec![
                ("label team.example.com/author", "applied octocat"),
                ("label team.example.com/priority", "applied high"),
                ("annotation kelos.dev/source-author", "kept octocat"),
                ("annotation kelos.dev/source-labels", "kept priority/high"),
            ],
        ),
    ]
}

#[derive(Deserialize)]
struct Rendered {
    task: String,
    keys: Vec<RenderedKey>,
}

#[derive(Deserialize)]
struct RenderedKey {
    kind: String,
    key: String,
    value: Option<String>,
    outcome: String,
}

#[test]
fn every_example_gives_what_it_promises() {
    let output = Command::new(PROGRAM)
        .args(["render", "-f", "examples", "-o", "json"])
        .current_dir(root())
        .output()
        .unwrap();
    assert_eq!(text(&output.stderr), "", "the examples have nothing to fix");
    assert!(output.status.success());
    let rendered: Vec<Rendered> = serde_json::from_slice(&output.stdout).unwrap();
    let found: BTreeMap<String, Vec<(String, String)>> = rendered
        .into_iter()
        .map(|task| {
            let keys = task.keys.into_iter().map(|key| {
                let value = key.value.map(|value| format!(" {value}")).unwrap_or_default();
                (format!("{} {}", key.kind, key.key), format!("{}{value}", key.outcome))
            });
            (task.task, keys.collect())
        })
        .collect();
    let expected = expected();
    assert_eq!(
        found.keys().collect::<Vec<_>>(),
        expected.keys().collect::<Vec<_>>(),
        "a Task for each example, and an example for each Task"
    );
    for (task, keys) in expected {
        let found: Vec<(&str, &str)> =
            found[task].iter().map(|(key, outcome)| (key.as_str(), outcome.as_str())).collect();
        assert_eq!(found, keys, "{task}");
    }
}

#[test]
fn the_demo_shows_every_task_and_ends_well() {
    // Both stand in target/<profile>; `make test` builds them.
    let folder = Path::new(PROGRAM).parent().unwrap();
    let demo = folder.join("demo");
    assert!(demo.exists(), "build it first: cargo build --profile checked --workspace --bins");
    let output = Command::new(demo).output().unwrap();
    let shown = text(&output.stdout);
    assert!(output.status.success(), "{shown}\n{}", text(&output.stderr));
    for task in expected().keys() {
        assert!(shown.contains(&format!("── {task} ")), "{shown}");
    }
    for line in [
        "│+  kelos.dev/priority: critical",
        "\"priority/critical bug\"",
        "kelos.dev/priority skipped: `.Labels` is not known (1:9)",
        "7 Tasks were answered",
        "SIGTERM: the server drained",
    ] {
        assert!(shown.contains(line), "{line:?} is not in\n{shown}");
    }
    assert!(!shown.contains('\u{1b}'), "no colours where nobody looks");
    for line in shown.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

#[test]
fn the_first_template_of_the_readme_is_the_example() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let mut blocks = readme.split("```yaml\n").skip(1).map(|it| it.split_once("```").unwrap().0);
    for name in ["priority", "kelos-v0.24"] {
        let example = fs::read_to_string(root().join(format!("examples/{name}.yaml"))).unwrap();
        let block = blocks.next().unwrap();
        for part in block.split("  …\n") {
            assert!(example.contains(part), "README.md shows\n{block}");
        }
    }
}

#[test]
fn the_documentation_shows_what_the_commands_print() {
    let mut commands = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let (run, count) = run_commands(&text);
        commands += count;
        if std::env::var_os("BLESS").is_some() {
            fs::write(&page, run).unwrap();
        } else {
            assert_eq!(text, run, "{}: BLESS=1 writes what is printed", page.display());
        }
    }
    assert!(commands >= 8, "commands are missing: {commands}");
}

/// README.md and the pages of `docs/`.
fn pages() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let docs = entries.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    std::iter::once(root().join("README.md")).chain(docs).collect()
}

/// The page with what its commands print: they are the lines `$ …` of its blocks `console`. A page's
/// commands share a folder that has nothing but the examples in it.
fn run_commands(page: &str) -> (String, usize) {
    let folder = tempfile::tempdir().unwrap();
    symlink(root().join("examples"), folder.path().join("examples")).unwrap();
    let (mut out, mut count, mut is_console) = (String::new(), 0, false);
    for line in page.lines() {
        match line {
            "```console" => is_console = true,
            "```" => is_console = false,
            _ => {}
        }
        let command = line.strip_prefix("$ ").filter(|_| is_console);
        if command.is_some() || !is_console || line == "```console" {
            out.push_str(line);
            out.push('\n');
        }
        if let Some(command) = command {
            out.push_str(&printed(&shell(command, folder.path())));
            count += 1;
        }
    }
    (out, count)
}

fn shell(command: &str, folder: &Path) -> Output {
    let programs = Path::new(PROGRAM).parent().unwrap().to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(programs).chain(std::env::split_paths(&path)));
    Command::new("sh")
        .args(["-c", command])
        .current_dir(folder)
        .env("PATH", path.unwrap())
        .output()
        .unwrap()
}

/// What both streams say, without spaces and empty lines at the ends.
fn printed(output: &Output) -> String {
    let both = text(&output.stdout) + &text(&output.stderr);
    let lines: String = both.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    match lines.trim_end() {
        "" => String::new(),
        lines => format!("{lines}\n"),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Each Task's owner reference and label name a TaskSpawner of the folder, and no two have one name.
#[test]
fn examples_have_names_of_their_own() {
    let mut read = Vec::new();
    kelos_metadata::manifests::read(&root().join("examples"), |found| read.push(found.unwrap()));
    let mut names: Vec<String> = read
        .iter()
        .map(|manifest| {
            let object = manifest.object();
            let field = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
            assert_eq!(field("/metadata/namespace"), Some("default"), "{manifest:?}");
            let text = fs::read_to_string(&manifest.path).unwrap();
            assert!(text.starts_with("# "), "{} says what it shows", manifest.path.display());
            format!("{} {}", field("/kind").unwrap(), field("/metadata/name").unwrap())
        })
        .collect();
    names.sort();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all, "{names:?}");
    assert_eq!(all, 14, "6 TaskSpawners, 7 Tasks, 1 Workspace: {names:?}");
}
