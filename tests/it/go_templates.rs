//! Go templates: ours against the real Go.
//!
//! `tests/go/oracles/gotemplates/` is a small Go program that renders templates as Kelos does; `tests/data/go_templates/`
//! holds the cases with what Go makes of them. Every case, and many random templates, are rendered by both.

mod differences;
mod random;

use std::collections::BTreeMap;
use std::sync::Arc;

use kelos_metadata::templates::ErrorKind;
use kelos_metadata::templates::Syntax;
use kelos_metadata::templates::budget::{Budget, VALUE_BYTES};
use kelos_metadata::templates::go::Program;
use kelos_metadata::templates::value::{Map, Value};
use serde::{Deserialize, Serialize};

use crate::support::oracle;

/// How many random templates are compared; `RANDOM_TEMPLATES` in the environment asks for more.
fn seeds() -> std::ops::Range<u64> {
    let wanted = std::env::var("RANDOM_TEMPLATES").ok();
    0..wanted.map_or(3000, |n| n.parse().expect("RANDOM_TEMPLATES is a number"))
}

/// What Go would write for nothing, as it is and through `html`, `js` and `urlquery`.
const NO_VALUE: [&str; 4] =
    ["<no value>", "&lt;no value&gt;", "\\u003Cno value\\u003E", "%3Cno+value%3E"];

/// Where we fail at once, and Go only if the text reaches the output: texts here are always UTF-8,
/// and nothing is never escaped.
const STRICTER: [&str; 2] = ["cut goes through a character", "should be escaped here is not known"];

/// The file of cases.
#[derive(Deserialize)]
struct Cases {
    vars: serde_json::Value,
    groups: BTreeMap<String, Vec<Case>>,
}

#[derive(Deserialize)]
struct Case {
    template: String,
    #[serde(flatten)]
    expected: Outcome,
}

/// What becomes of a template.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Output(String),
    /// It fails in this phase.
    Error(Phase),
    /// The output is not UTF-8.
    Binary(bool),
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Phase {
    Parse,
    Execute,
}

#[derive(Serialize)]
struct Request<'a> {
    template: &'a str,
    vars: &'a serde_json::Value,
}

#[derive(Deserialize)]
struct Answer {
    output: Option<String>,
    error: Option<String>,
    phase: Option<Phase>,
}

/// What Go makes of the templates, with its messages.
fn ask_go(templates: &[&str], vars: &serde_json::Value) -> Vec<(Outcome, String)> {
    let requests = templates.iter().map(|template| Request { template, vars });
    let answers = oracle::ask("gotemplates", requests).into_iter().map(|answer| match answer {
        Answer { output: Some(output), .. } => (Outcome::Output(output), String::new()),
        Answer { phase: Some(phase), error, .. } => {
            (Outcome::Error(phase), error.unwrap_or_default())
        }
        _ => (Outcome::Binary(true), String::new()),
    });
    answers.collect()
}

/// What differs from what Go says, in words; none if we agree.
fn difference(template: &str, vars: &Arc<Map>, go: &Outcome) -> Option<String> {
    let program = match (Program::compile(template), go) {
        (Ok(_), Outcome::Error(Phase::Parse)) => return Some("it should not parse".to_owned()),
        (Ok(program), _) => program,
        (Err(_), Outcome::Error(Phase::Parse)) => return None,
        // Imaginary numbers are the one part of the language that we leave out.
        (Err(error), _) if error.message.ends_with("i` is not a number") => return None,
        // A literal that is not UTF-8: we say so earlier.
        (Err(_), Outcome::Binary(_)) => return None,
        (Err(error), _) => return Some(format!("it should parse: {error}")),
    };
    let ours = program.render(vars, &mut Budget::template());
    match (go, ours) {
        (Outcome::Output(go), Ok(ours)) if *go == ours => None,
        (Outcome::Output(go), Err(error))
            if error.kind == ErrorKind::Missing
                && NO_VALUE.iter().any(|nothing| go.contains(nothing)) =>
        {
            None
        }
        (Outcome::Error(Phase::Execute), Err(error)) if error.position.is_some() => None,
        (_, Err(error)) if STRICTER.iter().any(|words| error.message.contains(words)) => None,
        (Outcome::Binary(_), Err(_)) => None,
        (Outcome::Output(go), Err(_)) if go.len() > VALUE_BYTES => None,
        (_, Ok(ours)) => Some(format!("we write {ours:?}")),
        (_, Err(error)) => Some(format!("we fail: {error}")),
    }
}

/// Panics with all templates on which we and Go differ.
fn assert_agreement(templates: &[&str], vars: serde_json::Value, answers: &[(Outcome, String)]) {
    let Value::Map(root) = Value::from(vars) else { panic!("the variables are a map") };
    let differences: Vec<_> = templates
        .iter()
        .zip(answers)
        .filter_map(|(template, (go, message))| {
            let difference = difference(template, &root, go)?;
            Some(format!("{template}\n    Go: {go:?} {message}\n    but {difference}"))
        })
        .collect();
    assert!(
        differences.is_empty(),
        "{} of {} differ:\n{}",
        differences.len(),
        templates.len(),
        differences.join("\n")
    );
}

#[test]
fn cases_render_as_in_go() {
    let cases: Cases =
        serde_json::from_str(include_str!("../data/go_templates/cases.json")).unwrap();
    let all: Vec<&Case> = cases.groups.values().flatten().collect();
    let templates: Vec<&str> = all.iter().map(|case| case.template.as_str()).collect();
    let answers = ask_go(&templates, &cases.vars);
    for (case, (go, message)) in all.iter().zip(&answers) {
        let template = &case.template;
        assert_eq!(case.expected, *go, "cases.json is not what Go says on {template}: {message}");
    }
    assert_agreement(&templates, cases.vars, &answers);
}

#[test]
fn garbled_templates_parse_as_in_go() {
    let cases: Cases =
        serde_json::from_str(include_str!("../data/go_templates/cases.json")).unwrap();
    let sources = cases.groups.values().flatten().map(|case| case.template.as_str());
    // Long ones say little about parsing, and of long numbers only Go writes all the zeros.
    let sources: Vec<&str> = sources.filter(|s| s.len() < 200 && !s.contains("999")).collect();
    let templates: Vec<String> = seeds().map(|seed| random::garbled(&sources, seed)).collect();
    let templates: Vec<&str> = templates.iter().map(String::as_str).collect();
    let answers = ask_go(&templates, &cases.vars);
    assert_agreement(&templates, cases.vars, &answers);
}

#[test]
fn random_templates_render_as_in_go() {
    let templates: Vec<String> = seeds().map(random::template).collect();
    let templates: Vec<&str> = templates.iter().map(String::as_str).collect();
    let vars = random::vars();
    let answers = ask_go(&templates, &vars);
    assert_agreement(&templates, vars, &answers);
    let rendered = answers.iter().filter(|(go, _)| matches!(go, Outcome::Output(_))).count();
    assert!(rendered > templates.len() / 3, "only {rendered} of them render at all");
}
