//! Tasks that are made of an item: against what real spawners made, against the real Go, and by the commands.

mod commands;
mod recorded;

use kelos_metadata::engine::simulate::{Item, KelosVersion, SourceKind, Spawner, render_as_kelos};
use kelos_metadata::templates::{ErrorKind, TemplateError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::support::oracle;

#[derive(Serialize)]
struct Question {
    template: &'static str,
    vars: Value,
    event: Option<String>,
    payload: Option<Value>,
    r#struct: bool,
}

#[derive(Deserialize)]
struct Answer {
    output: Option<String>,
    error: Option<String>,
}

/// Templates that people write, and the slips that they make.
const TEMPLATES: [&str; 29] = [
    "{{.ID}}|{{.Title}}|{{.Kind}}",
    "{{.Number}}",
    "{{.Body}} {{.URL}}",
    "{{.Labels}}",
    "{{index .Labels 0}}",
    "{{range .Labels}}{{.}}{{end}}",
    "{{len .Labels}}",
    "{{.Comments}}{{.Branch}}{{.ReviewState}}{{.ReviewComments}}",
    "{{.Time}} {{.Schedule}}",
    "{{with index . \"Branch\"}}{{.}}{{else}}main{{end}}",
    "{{if .Branch}}{{.Branch}}{{end}}",
    "{{or .Branch \"main\"}}",
    "{{index . \"Author\"}}",
    "{{html (index . \"Author\")}}",
    "{{.Author}}",
    "{{.title}}",
    "{{lower .Title}}",
    "{{eq .Number 42}}",
    "{{eq .Number \"42\"}}",
    "{{printf \"%.5s %d %v\" .Title .Number .Kind}}",
    "{{slice .Title 0 3}}",
    "{{slice .Title 0 630}}",
    "{{slice .URL .Number}}",
    "{{slice .URL 0 (.Number)}}",
    "{{$n := .Number}}{{slice .URL 0 $n}}{{.Title \"x\"}}",
    "{{.Event}} {{.Action}} {{.Sender}} {{.Ref}} {{.Repository}}",
    "{{.CommentBody}}|{{.Tag}}|{{.RefType}}|{{.CheckName}}",
    "{{.Type}} {{.State}} {{.IssueID}}",
    "{{.ChangedFiles}}{{range .ChangedFiles}}{{.}},{{end}}",
];

/// What is asked of the payloads of events.
const PAYLOAD_TEMPLATES: [&str; 29] = [
    "{{.Payload.Action}} {{.Payload.GetAction}}",
    "{{.Payload.Issue.Title}}",
    "{{range $i, $l := .Payload.Issue.Labels}}{{if $i}}, {{end}}{{$l.Name}}{{end}}",
    "{{range .Payload.PullRequest.Labels}}{{.GetName}} {{end}}",
    "{{.Payload.GetIssue.GetUser.GetLogin}}",
    "{{.Payload.GetIssue.GetMilestone.GetTitle}}|",
    "{{.Payload.Issue.Milestone.Title}}",
    "{{.Payload.Issue.Milestone}}",
    "{{if .Payload.Issue.Milestone}}x{{else}}none{{end}}",
    "{{if eq .Payload.Action \"opened\"}}x{{end}}",
    "{{if eq .Payload.GetAction \"opened\"}}x{{end}}",
    "{{.Payload.GetRepo.GetFullName}} {{.Payload.Repo.Owner.Login}}",
    "{{.Payload.PullRequest.Draft}}{{if .Payload.PullRequest.Draft}}!{{end}}",
    "{{len .Payload.Sender.Login}}{{html .Payload.Sender.Login}}",
    "{{.Payload.Titel}}",
    "{{.Payload.CheckRun.App.Name}} {{len .Payload.Issue.Assignees}}",
    "{{.Payload.Issue.Number}}{{.Payload.GetIssue.GetNumber}}",
    "{{if eq .Payload.Issue.Milestone nil}}x{{end}}{{if ne .Payload.Issue.Body nil}}y{{end}}",
    "{{eq .Payload.Issue.State .Payload.Issue.State}}{{eq .Payload.Issue.State .Payload.Issue.Title}}",
    "{{eq .Payload.Issue .Payload.GetIssue}}{{eq .Payload.Issue .Payload.Issue.State}}",
    "{{eq .Payload.Issue.Milestone .Payload.Issue.Assignee}}{{ne .Payload.Action .Payload.GetAction}}",
    "{{with index .Payload.Issue.Labels 0}}{{eq .Name .Name}}{{end}}{{eq (index .Payload.Issue.Labels 0).Name (index .Payload.Issue.Labels 1).Name}}",
    "{{.Payload.Issue.Milestone.GetTitle}}{{.Payload.Issue.Assignee.GetLogin}}|",
    "{{.Payload.Issue.State \"x\"}}",
    "{{lt .Payload.Issue.Number 5}}",
    "{{slice .Payload.Issue.State 0 1}}",
    "{{slice .Title 0 .Payload.Issue.Number}}{{index .Title .Payload.Issue.Number}}",
    "{{range .Payload.Issue.State}}{{end}}",
    "{{range .Payload.Issue.Milestone}}{{end}}",
];

fn spawner(source: SourceKind, version: KelosVersion) -> Spawner {
    let api_version = if version == KelosVersion::V0_24 { "v1alpha1" } else { "v1alpha2" };
    let spawner = json!({
        "apiVersion": format!("kelos.dev/{api_version}"),
        "metadata": {"name": "worker"},
        "spec": {"when": {source.as_str(): {}}, "taskTemplate": {}},
    });
    Spawner::parse(&spawner.to_string()).unwrap()
}

/// Whether Go and the simulation agree; what can't be told is left out.
fn agree(go: &Answer, ours: &Result<String, TemplateError>) -> Option<bool> {
    match (go, ours) {
        (_, Err(error)) if error.kind == ErrorKind::Limit => None,
        (Answer { output: Some(go), .. }, Ok(ours)) => Some(go == ours),
        (Answer { error: Some(_), .. }, Err(error)) => Some(error.position.is_some()),
        _ => Some(false),
    }
}

#[test]
fn every_source_gives_its_templates_what_the_real_go_makes_of_it() {
    let (mut compared, mut rendered) = (0, 0);
    for version in KelosVersion::ALL {
        let is_first = version == KelosVersion::V0_24;
        for source in SourceKind::ALL.into_iter().filter(|it| !is_first || it.is_polled()) {
            let spawner = spawner(source, version);
            for item in spawner.samples() {
                let variables = spawner.variables(&item, version).unwrap();
                let names: Vec<&str> =
                    source.variables().filter(|it| !matches!(*it, "Payload" | "Context")).collect();
                let vars: Value = names
                    .iter()
                    .filter_map(|name| Some(((*name).to_owned(), plain(&variables.get(name)?))))
                    .collect::<serde_json::Map<_, _>>()
                    .into();
                let event = item.get("Event").and_then(Value::as_str).map(str::to_owned);
                let payload = event.as_ref().map(|_| spawner.payload(&item).unwrap());
                let more = if event.is_some() { &PAYLOAD_TEMPLATES[..] } else { &[] };
                let templates: Vec<&'static str> = TEMPLATES.iter().chain(more).copied().collect();
                let questions = templates.iter().map(|template| Question {
                    template,
                    vars: vars.clone(),
                    event: event.clone(),
                    payload: payload.clone(),
                    r#struct: is_first,
                });
                let answers: Vec<Answer> = oracle::ask("gotemplates", questions);
                for (template, go) in templates.iter().zip(&answers) {
                    let ours = render_as_kelos(template, &variables);
                    let Some(is_same) = agree(go, &ours) else { continue };
                    let said = go.output.as_ref().or(go.error.as_ref());
                    assert!(
                        is_same,
                        "{version} {source} {event:?} {template}: Go {said:?}, but {ours:?}"
                    );
                    compared += 1;
                    rendered += usize::from(ours.is_ok());
                }
            }
        }
    }
    println!("{compared} compared, {rendered} of them render");
    assert!(compared > 500 && rendered > 200, "{compared} compared, {rendered} of them render");
}

/// A variable as JSON.
fn plain(value: &kelos_metadata::templates::value::Value) -> Value {
    use kelos_metadata::templates::value::Value as V;
    match value {
        V::Int(number) => (*number).into(),
        V::List(items) => items.iter().map(plain).collect(),
        other => other.as_text().map_or(Value::Null, |text| (&**text).into()),
    }
}

#[test]
fn the_types_of_payloads_are_those_of_go_github() {
    let printed = oracle::print("githubtypes");
    let kept = include_str!("../../src/engine/simulate/payload/types.txt");
    assert_eq!(
        printed, kept,
        "src/engine/simulate/payload/types.txt is not what githubtypes prints"
    );
}

#[test]
fn a_fresh_item_needs_no_word() {
    for source in SourceKind::ALL {
        let spawner = spawner(source, KelosVersion::V0_52);
        let task = spawner.task(&Item::new(), KelosVersion::V0_52).unwrap();
        assert_eq!(task["kind"], "Task", "{source}");
    }
}
