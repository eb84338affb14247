//! The examples, one folder a use, and what the documentation shows of them: run with the real program.
//!
//! `BLESS=1 cargo test --profile checked --test it examples` writes what the commands in the documentation print: read
//! the diff.

mod pasted;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde::Deserialize;
use serde_json::Value;
use testing::console;

const PROGRAM: &str = env!("CARGO_BIN_EXE_kelos-metadata");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folders of the uses: those with a spawner.
fn uses() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("examples")).unwrap();
    let mut uses: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    let files = ["taskspawner.yaml", "sessionspawner.yaml"];
    uses.retain(|folder| files.iter().any(|file| folder.join(file).exists()));
    uses.sort();
    assert_eq!(uses.len(), 11, "{uses:?}");
    uses
}

/// What `render` says of a use as JSON: one Task, or a list.
fn render(folder: &Path) -> Value {
    let mut command = Command::new(PROGRAM);
    command.args(["render", "-o", "json", "-f"]).arg(folder);
    let defaults = folder.join("defaults.yaml");
    if defaults.exists() {
        command.arg("--defaults").arg(defaults);
    }
    let output = command.output().unwrap();
    let said = text(&output.stderr);
    // Whoever creates a Task is known to the API server alone.
    let is_fine = |line: &str| line.contains("audit.example.com/created-by");
    assert!(said.lines().all(is_fine), "{} has nothing to fix: {said}", folder.display());
    assert!(output.status.success(), "{}", folder.display());
    serde_json::from_slice(&output.stdout).unwrap()
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
    expected.into_iter().chain(carried()).chain([of_session()]).collect()
}

/// The same of the Session.
fn of_session() -> (&'static str, Vec<(&'static str, &'static str)>) {
    (
        "helpers-issues-12b9377cbe7e",
        vec![
            ("label team.example.com/repository", "applied widgets"),
            (
                "annotation kelos.dev/session-display-name",
                "applied acme/widgets#42 Fix the login page",
            ),
            ("annotation kelos.dev/session-section", "applied widgets"),
            ("pod_label team.example.com/cost", "applied payments"),
        ],
    )
}

/// The same of those whose facts the Kelos field carries.
fn carried() -> [(&'static str, Vec<(&'static str, &'static str)>); 6] {
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
        (
            "cost-42",
            vec![
                ("label team", "applied payments"),
                ("annotation kelos.dev/source-labels", "kept bug, team/payments"),
                ("pod_label team", "applied payments"),
            ],
        ),
        (
            "nodes-42",
            vec![
                ("annotation kelos.dev/source-labels", "kept priority/high, size/XL"),
                ("pod_label kueue.x-k8s.io/priority-class", "applied high"),
                ("pod_label kueue.x-k8s.io/queue-name", "applied agents"),
                ("node_selector example.com/node-size", "applied large"),
            ],
        ),
        (
            "audit-issues-0123456789ab",
            vec![
                ("annotation audit.example.com/author", "kept octocat"),
                ("annotation audit.example.com/created-at", "applied NOW"),
                ("annotation audit.example.com/created-by", "missing_variable"),
                (
                    "annotation audit.example.com/url",
                    "kept https://github.com/acme/widgets/issues/42",
                ),
            ],
        ),
        (
            "teams-42",
            vec![("label team", "applied payments"), ("pod_label team", "applied payments")],
        ),
    ]
}

#[derive(Deserialize)]
struct Rendered {
    #[serde(alias = "session")]
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
    let mut found: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for folder in uses() {
        let rendered = match render(&folder) {
            Value::Array(tasks) => tasks,
            task => vec![task],
        };
        for task in rendered {
            let task: Rendered = serde_json::from_value(task).unwrap();
            let keys = task.keys.into_iter().map(|key| {
                let is_now = key.key == "audit.example.com/created-at";
                let value = key.value.map(|value| if is_now { "NOW".to_owned() } else { value });
                let value = value.map(|value| format!(" {value}")).unwrap_or_default();
                (format!("{} {}", key.kind, key.key), format!("{}{value}", key.outcome))
            });
            found.insert(task.task, keys.collect());
        }
    }
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
    let first = shown.lines().find(|line| line.starts_with("── ")).unwrap();
    assert!(first.starts_with("── priority-42 "), "the first one has what it is for: {first}");
    for line in [
        "│+  team.example.com/priority: high",
        "│ labels of the Pod:",
        "│+  example.com/node-size: large",
        "│+  kelos.dev/priority: critical",
        "\"priority/critical bug\"",
        "kelos.dev/priority skipped: `.Labels` is not known (1:9)",
        "12 Tasks and Sessions were answered",
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
fn the_documentation_shows_what_the_commands_print() {
    let mut commands = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let (run, count) = run_commands(&page, &text);
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
    let folders = ["docs", "docs/uses"].map(|folder| root().join(folder));
    let entries = folders.into_iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let docs = entries.map(|entry| entry.unwrap().path());
    let docs = docs.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    std::iter::once(root().join("README.md")).chain(docs).collect()
}

/// The commands that need an API server, by the pages on which they may stand, and the tests that run them there.
const OF_A_CLUSTER: [(&str, &str, &[&str]); 4] = [
    ("README.md", "tests/cluster/readme.rs", &["kubectl get tasks"]),
    ("docs/uses/", "tests/cluster/uses.rs", &["kubectl ", "kelos-metadata report"]),
    (
        "docs/backfill.md",
        "tests/cluster/backfill.rs",
        &["kelos-metadata preview", "kelos-metadata backfill", "kubectl "],
    ),
    (
        "docs/check.md",
        "tests/cluster/check.rs",
        &["kelos-metadata check", "kelos-metadata version"],
    ),
];

/// Whether a test in a cluster runs this command of a page.
fn is_of_a_cluster(page: &Path, command: &str) -> bool {
    let page = page.strip_prefix(root()).unwrap().to_str().unwrap();
    let found = OF_A_CLUSTER.iter().find(|(start, ..)| page.starts_with(start));
    found.is_some_and(|(_, test, commands)| {
        assert!(root().join(test).exists(), "{test}");
        commands.iter().any(|start| command.starts_with(start))
    })
}

/// The page with what its commands print. They share a folder that has nothing but the examples in it.
fn run_commands(path: &Path, page: &str) -> (String, usize) {
    let folder = tempfile::tempdir().unwrap();
    symlink(root().join("examples"), folder.path().join("examples")).unwrap();
    let mut count = 0;
    let out = console::rerun(page, |command| {
        count += 1;
        (!is_of_a_cluster(path, command)).then(|| {
            let output = shell(command, folder.path());
            console::printed(&text(&output.stdout), &text(&output.stderr))
        })
    });
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

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// In the folder of a use no two objects have one name, and each file says what it shows.
#[test]
fn examples_have_names_of_their_own() {
    for folder in uses() {
        let mut names = Vec::new();
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let written = fs::read_to_string(&path).unwrap();
            assert!(written.starts_with("# "), "{} says what it shows", path.display());
            if path.ends_with("defaults.yaml") {
                continue;
            }
            kelos_metadata::manifests::read(&path, |found| {
                let object = found.unwrap().object();
                let field = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
                let (kind, name) = (field("/kind").unwrap(), field("/metadata/name").unwrap());
                names.push(format!("{kind} {name}"));
            });
        }
        names.sort();
        let is_made = |name: &String| name.starts_with("Task ") || name.starts_with("Session ");
        assert!(names.iter().any(is_made), "{names:?}");
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all, "{}: {names:?}", folder.display());
    }
}
