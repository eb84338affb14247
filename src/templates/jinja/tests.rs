//! What Jinja templates give, and what they may not.

mod bombs;
mod language;
mod properties;
mod refusals;

use std::sync::Arc;

use super::Program;
use crate::templates::budget::Budget;
use crate::templates::error::TemplateError;
use crate::templates::purse::Purse;
use crate::templates::value::{Map, Text, Value};

/// The variables of an issue.
fn issue() -> Arc<Map> {
    let task = serde_json::json!({
        "Name": "issue-worker-42",
        "GenerateName": "issue-worker-",
        "Labels": {"team": "backend", "app.kubernetes.io/name": "x"},
    });
    let user = Map::from([
        ("Name".into(), Value::from("alice")),
        ("Groups".into(), Value::from(vec![Value::from("dev"), Value::from("ops")])),
    ]);
    let labels = ["priority/critical", "bug", "area: ui"];
    Arc::new(Map::from([
        ("Title".into(), Value::from("Fix the Größe")),
        ("Body".into(), Value::from("Steps:\n1. open\n2. close\n")),
        ("Blank".into(), Value::from("")),
        ("Nothing".into(), Value::Nil),
        ("Number".into(), Value::Int(42)),
        ("ID".into(), Value::from("42")),
        ("IssueID".into(), Value::from("abc")),
        ("URL".into(), Value::from("https://example.com/42")),
        ("ReviewState".into(), Value::from("approved")),
        ("Labels".into(), Value::labels(&labels)),
        ("Files".into(), Value::from(vec![Value::from("b.rs"), Value::from("a.rs")])),
        ("Ratio".into(), Value::Float(0.5)),
        ("Draft".into(), Value::Bool(false)),
        ("Letter".into(), Value::Byte(65)),
        ("Task".into(), Value::from(task)),
        ("User".into(), Value::named("alice", user)),
        ("Namespace".into(), Value::named("prod", Map::from([("Name".into(), "prod".into())]))),
    ]))
}

fn compile(source: &str) -> Result<Program, TemplateError> {
    Program::compile_within(&source.into(), &mut Purse::ample())
}

/// Compiles and renders with a template's own budget.
fn render(source: &str) -> Result<Text, TemplateError> {
    compile(source)?.render(&issue(), &mut Budget::template())
}

#[track_caller]
fn gives(source: &str, text: &str) {
    assert_eq!(render(source).as_deref(), Ok(text), "{source}");
}
