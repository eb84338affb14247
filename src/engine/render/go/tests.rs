//! Where we go beyond Go, and where we stop: what the real Go can't be asked.

mod beyond_go;
mod limits;
mod messages;

use std::sync::Arc;

use super::function::Function;
use super::*;
use crate::engine::render::budget::Exhausted;
use crate::engine::render::helpers::Helper;
use crate::engine::render::value::Value;

/// Helpers as the shared ones are, as far as compiling and evaluating has to know them.
static HELPERS: [Helper; 3] = [
    Helper {
        name: "default",
        min_args: 2,
        max_args: Some(2),
        sees_absent: true,
        call: |_, args| Ok(if args[1].is_true() { args[1].clone() } else { args[0].clone() }),
    },
    Helper {
        name: "upper",
        min_args: 1,
        max_args: Some(1),
        sees_absent: false,
        call: |_, args| match args[0].as_text() {
            Some(text) => Ok(Value::from(text.to_uppercase())),
            None => Err(TemplateError::render("upper: not a text")),
        },
    },
    Helper {
        name: "list",
        min_args: 0,
        max_args: None,
        sees_absent: false,
        call: |meter, args| {
            meter.take_bytes(16 * args.len())?;
            Ok(Value::from(args.to_vec()))
        },
    },
];

fn compile(source: &str) -> Result<Program, TemplateError> {
    Program::compile_with(source, &|name| {
        let helper = || HELPERS.iter().find(|helper| helper.name == name).map(Function::Helper);
        Function::builtin(name).or_else(helper)
    })
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

fn render(source: &str) -> Result<String, TemplateError> {
    compile(source)?.render(&root(), &mut Budget::template())
}

fn text(source: &str) -> String {
    render(source).unwrap_or_else(|error| panic!("{source:.200}: {error}"))
}

fn error(source: &str) -> TemplateError {
    match render(source) {
        Ok(text) => panic!("{source:.200} gives {text:?}"),
        Err(error) => error,
    }
}
