//! Where we go beyond Go, and where we stop: what the real Go can't be asked.

mod beyond_go;
mod limits;
mod messages;

use std::sync::Arc;

use super::*;
use crate::templates::budget::Exhausted;
use crate::templates::value::Value;

fn compile(source: &str) -> Result<Program, TemplateError> {
    Program::compile_within(&source.into(), &mut Purse::ample())
}

fn root() -> Arc<Map> {
    let user = Map::from([("Name".into(), Value::from("ada"))]);
    let task = Map::from([("Name".into(), Value::from("fix-7")), ("Nil".into(), Value::Nil)]);
    Arc::new(Map::from([
        ("Title".into(), Value::from("Crash é")),
        ("Number".into(), Value::Int(7)),
        ("Labels".into(), Value::labels(&["bug", "area/ui"])),
        ("NoLabels".into(), Value::labels::<&str>(&[])),
        ("User".into(), Value::named("ada", user)),
        ("Task".into(), Value::from(task)),
    ]))
}

fn render(source: &str) -> Result<Text, TemplateError> {
    compile(source)?.render(&root(), &mut Budget::template())
}

fn text(source: &str) -> Text {
    render(source).unwrap_or_else(|error| panic!("{source:.200}: {error}"))
}

fn error(source: &str) -> TemplateError {
    match render(source) {
        Ok(text) => panic!("{source:.200} gives {text:?}"),
        Err(error) => error,
    }
}
