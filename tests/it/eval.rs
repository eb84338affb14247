//! `eval` and the webhook agree: each template gives the same out of the variables of a Task, and out of the same
//! written as JSON for `--vars`.

mod generated;

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use kelos_metadata::engine::kelos::{Namespace, Task, TaskSpawner, Workspace};
use kelos_metadata::engine::rules::{Policy, Rules, Shared};
use kelos_metadata::engine::variables::{Facts, User, report};
use kelos_metadata::engine::{KeyOutcome, Limits, decide};
use kelos_metadata::templates::helpers;
use kelos_metadata::templates::value::Value;
use serde_json::{Value as Json, json};
use testing::helpers::{Case, Table, labels};

/// What a Task knows, whose labels these are.
struct World {
    labels: Vec<String>,
    vars: Json,
}

/// What stands around every Task here.
struct Around {
    namespace: Namespace,
    workspace: Workspace,
    user: User,
}

static AROUND: LazyLock<Around> = LazyLock::new(|| Around {
    namespace: serde_json::from_value(json!({
        "metadata": {"name": "default", "labels": {"team": "red"}, "annotations": {"a": "b"}},
    }))
    .unwrap(),
    workspace: serde_json::from_value(json!({
        "metadata": {"name": "my-repo"}, "spec": {"repo": "https://github.com/acme/widgets.git"},
    }))
    .unwrap(),
    user: User { name: "ann".to_owned(), groups: vec!["a".to_owned(), "b".to_owned()] },
});

fn facts() -> Facts<'static> {
    let Around { namespace, workspace, user } = &*AROUND;
    Facts {
        namespace_name: "default",
        namespace: Some(namespace),
        workspace: Some(workspace),
        user: Some(user),
        ..Facts::default()
    }
}

impl World {
    fn new(labels: Vec<String>) -> World {
        let mut world = World { labels, vars: Json::Null };
        let groups =
            "{{.Annotations}}{{.Task}}{{.Spawner}}{{.Workspace}}{{.Namespace}}{{.User}}{{.Author}}";
        let rules = rules(groups);
        let task = world.task();
        let task = Task::parse(&task).unwrap();
        let known = report(&task, &rules, &facts(), &Policy::default()).0;
        let known = known
            .into_iter()
            .filter_map(|it| Some((it.name.to_string(), plain(&it.known.ok()?.0))));
        world.vars = Json::Object(known.collect());
        world
    }

    fn task(&self) -> String {
        json!({
            "metadata": {
                "name": "worker-42", "labels": {"kelos.dev/taskspawner": "worker", "x": "y"},
                "annotations": {
                    "kelos.dev/source-kind": "issue", "kelos.dev/source-number": "42",
                    "kelos.dev/source-labels": json!(self.labels).to_string(),
                    "kelos.dev/source-author": "octocat", "n": "7",
                },
            },
            "spec": {"type": "claude-code", "branch": "b-42", "prompt": "Fix the Login page\nred"},
        })
        .to_string()
    }

    /// What the webhook makes of a template, or why there is nothing.
    fn webhook(&self, template: &str) -> Result<String, String> {
        let rules = rules(template);
        let task = self.task();
        let task = Task::parse(&task).unwrap();
        let decision = decide(&task, &rules, &facts(), &Limits::default());
        match &decision.keys[0].outcome {
            KeyOutcome::Applied(text) => Ok(text.to_string()),
            KeyOutcome::Skipped(skip) => Err(format!("{}: {skip}", skip.reason.as_str())),
            other => panic!("{template}: {other:?}"),
        }
    }
}

fn rules(template: &str) -> Rules {
    let annotations = json!({"result": template}).to_string();
    let spawner: TaskSpawner = serde_json::from_value(json!({
        "metadata": {
            "name": "worker", "labels": {"tier": "gold"},
            "annotations": {"metadata.kelos.dev/annotations": annotations},
        },
        "spec": {
            "when": {"githubIssues": {}},
            "taskTemplate": {"promptTemplate": "{{.Title}}\n{{.Context.build}}"},
        },
    }))
    .unwrap();
    Rules::compile(spawner, &Policy::default(), &mut Shared::default())
}

/// A value as a person writes it for `--vars`.
fn plain(value: &Value) -> Json {
    match value {
        Value::Dual(dual) => plain(&dual.parts),
        Value::List(items) => items.iter().map(plain).collect(),
        Value::Map(map) => {
            Json::Object(map.iter().map(|(key, value)| (key.to_string(), plain(value))).collect())
        }
        Value::Int(number) => json!(number),
        other => json!(&**other.as_text().unwrap()),
    }
}

/// What `eval` makes of templates.
fn eval(questions: &[(&World, String)]) -> Vec<Result<String, String>> {
    let lines = questions.iter().map(|(world, template)| {
        let question = json!({"template": template, "vars": world.vars});
        format!("{question}\n")
    });
    let lines: String = lines.collect();
    let mut child = Command::new(env!("CARGO_BIN_EXE_kelos-metadata"))
        .args(["eval", "--jsonl"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let answers = String::from_utf8(output.stdout).unwrap();
    let answer = |line: &str| {
        let answer: Json = serde_json::from_str(line).unwrap();
        match answer["output"].as_str() {
            Some(text) => Ok(text.to_owned()),
            None => Err(format!(
                "{}: {}",
                answer["reason"].as_str().unwrap(),
                answer["error"].as_str().unwrap()
            )),
        }
    };
    answers.lines().map(answer).collect()
}

#[track_caller]
fn agree(questions: &[(&World, String)], least_that_give: usize) {
    let answers = eval(questions);
    assert_eq!(answers.len(), questions.len());
    let mut differences = Vec::new();
    let mut given = 0;
    for ((world, template), answer) in questions.iter().zip(answers) {
        let webhook = world.webhook(template);
        given += usize::from(webhook.is_ok());
        if webhook != answer {
            differences.push(format!("{template}\n  webhook: {webhook:?}\n  eval:    {answer:?}"));
        }
    }
    let count = differences.len();
    differences.truncate(20);
    assert!(count == 0, "{count} of {} differ:\n{}", questions.len(), differences.join("\n"));
    assert!(
        given >= least_that_give,
        "only {given} of {} templates gave something",
        questions.len()
    );
}

/// An argument of a case in Go; nothing if no template can spell it.
fn in_go(arg: &Json) -> Option<String> {
    if labels(arg).is_some() {
        return Some(".Labels".to_owned());
    }
    Some(match arg {
        Json::Null => return None,
        Json::Array(items) => {
            let items: Option<Vec<_>> = items.iter().map(in_go).collect();
            format!("(list {})", items?.join(" "))
        }
        Json::Object(map) => {
            let entries =
                map.iter().map(|(key, value)| Some(format!("{} {}", json!(key), in_go(value)?)));
            format!("(dict {})", entries.collect::<Option<Vec<_>>>()?.join(" "))
        }
        scalar => scalar.to_string(),
    })
}

fn in_jinja(arg: &Json) -> Option<String> {
    match (labels(arg), arg) {
        (Some(_), _) => Some("labels".to_owned()),
        (None, Json::Null) => None,
        (None, other) => Some(other.to_string()),
    }
}

/// A case as templates of both languages.
fn of_case(name: &str, case: &Case) -> Vec<String> {
    let helper = helpers::find(name).unwrap();
    let mut templates = Vec::new();
    if let Some(args) = case.args.iter().map(in_go).collect::<Option<Vec<_>>>() {
        let call = format!("{name} {}", args.join(" "));
        templates.extend([format!("{{{{ {call} }}}}"), format!("{{{{ {call} | toJson }}}}")]);
    }
    if let Some(mut args) = case.args.iter().map(in_jinja).collect::<Option<Vec<_>>>()
        && !args.is_empty()
    {
        let value = args.remove(helper.value_at.unwrap_or(usize::MAX).min(args.len() - 1));
        templates.push(format!("{{{{ {value} | {name}({}) }}}}", args.join(", ")));
    }
    templates
}

#[test]
fn every_row_of_the_helpers_gives_the_same_in_eval_and_in_the_webhook() {
    let table = Table::read();
    // The moments of the two are not the same.
    let entries = table.entries().filter(|entry| entry.name() != "now");
    let rows: Vec<(World, Vec<String>)> = entries
        .flat_map(|entry| entry.cases.iter().map(|case| (entry.name(), case)))
        .map(|(name, case)| {
            let of_case_labels = case.args.iter().find_map(labels).unwrap_or_default();
            (World::new(of_case_labels), of_case(name, case))
        })
        .collect();
    let questions: Vec<_> = rows
        .iter()
        .flat_map(|(world, templates)| templates.iter().map(move |it| (world, it.clone())))
        .collect();
    agree(&questions, 900);
}

#[test]
fn generated_templates_give_the_same_in_eval_and_in_the_webhook() {
    let labels = ["priority/critical", "bug", "area: ui"].map(str::to_owned);
    let world = World::new(labels.to_vec());
    for name in
        ["Labels", "Title", "Number", "ID", "URL", "User", "Context", "Task", "Namespace", "Author"]
    {
        assert!(world.vars.get(name).is_some(), "{name} is known: {}", world.vars);
    }
    let questions: Vec<_> =
        generated::templates().into_iter().map(|template| (&world, template)).collect();
    assert!(questions.len() > 10_000, "{}", questions.len());
    agree(&questions, 2_000);
}
