//! Helpers: what `tests/data/helpers/table.yaml` says of each, as a call, in a Go template and in Jinja. What the
//! real Sprig says of the same table is in `tests/it/helpers.rs`.

use std::sync::Arc;

use kelos_metadata::templates::budget::Budget;
use kelos_metadata::templates::helpers::{self, Helper};
use kelos_metadata::templates::value::{Map, Value};
use kelos_metadata::templates::{Syntax, Template, TemplateError, jinja};
use libtest_mimic::Trial;
use testing::helpers::{Case, Entry, Expected, MOMENT, Table, call};

use crate::row;

/// A test for each helper.
pub(crate) fn tests() -> Vec<Trial> {
    let entries = Table::read().sections.into_iter().flat_map(|section| section.helpers);
    entries.map(|entry| row(format!("helpers::{}", entry.name()), move || check(&entry))).collect()
}

fn check(entry: &Entry) -> Result<(), String> {
    let helper = helpers::find(entry.name()).ok_or("there is no such helper")?;
    let mut failures = Vec::new();
    for case in &entry.cases {
        for agrees in [as_a_call, in_go, in_jinja] {
            if let Err(problem) = agrees(helper, case) {
                failures.push(format!("{:?}: {problem}", case.args));
            }
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
}

fn as_a_call(helper: &Helper, case: &Case) -> Result<(), String> {
    let args = case.values();
    if !helper.accepts(args.len()) {
        return Err("the helper does not take so many arguments".to_owned());
    }
    match (call(helper, &args), case.expected()) {
        // `now` reads as a text.
        (Ok(found), Expected::Gives(wanted)) if found.as_plain() == wanted => Ok(()),
        (Err(error), Expected::Fails(part)) if error.message.contains(part) => Ok(()),
        (found, _) => Err(format!("it is {found:?}")),
    }
}

fn in_go(helper: &Helper, case: &Case) -> Result<(), String> {
    let name = helper.name;
    let args: Vec<String> = (0..case.args.len()).map(|i| format!(" .a{i}")).collect();
    // The text that a moment prints as is compared, not what JSON makes of it.
    let print = if name == "now" { "toString | toJson" } else { "toJson" };
    agrees(&format!("{{{{ {name}{} | {print} }}}}", args.concat()), Syntax::Go, case)?;
    let Some((last, before)) = args.split_last() else { return Ok(()) };
    let piped = format!("{{{{ {last} | {name}{} | {print} }}}}", before.concat());
    agrees(&piped, Syntax::Go, case)
}

fn in_jinja(helper: &Helper, case: &Case) -> Result<(), String> {
    let name = helper.name;
    let mut args: Vec<String> = (0..case.args.len()).map(|i| format!("a{i}")).collect();
    let print = if name == "now" { "toString | toJson" } else { "toJson" };
    if jinja::has_function(name) {
        let function = format!("{{{{ {name}({}) | {print} }}}}", args.join(", "));
        agrees(&function, Syntax::Jinja, case)?;
    }
    if jinja::has_own_filter(name) || args.is_empty() {
        return Ok(());
    }
    let value = args.remove(helper.value_at.unwrap_or(usize::MAX).min(args.len() - 1));
    let filter = format!("{{{{ {value} | {name}({}) | {print} }}}}", args.join(", "));
    agrees(&filter, Syntax::Jinja, case)
}

/// What a template makes of a case whose arguments are the variables `a0`, `a1`, ….
fn render(source: &str, syntax: Syntax, case: &Case) -> Result<String, TemplateError> {
    let values = case.values().into_iter().enumerate();
    let root: Map = values.map(|(i, value)| (format!("a{i}").into(), value)).collect();
    let template = Template::compile(source, syntax)?;
    template.render(&Arc::new(root), &mut Budget::task().at(MOMENT)).map(String::from)
}

fn agrees(source: &str, syntax: Syntax, case: &Case) -> Result<(), String> {
    match (render(source, syntax, case), case.expected()) {
        (Ok(found), Expected::Gives(wanted)) if found == json(&wanted) => Ok(()),
        (Err(error), Expected::Fails(part)) if error.message.contains(part) => Ok(()),
        (found, _) => Err(format!("{source} is {found:?}")),
    }
}

fn json(value: &Value) -> String {
    let json = call(helpers::find("toJson").unwrap(), std::slice::from_ref(value)).unwrap();
    json.as_text().unwrap().to_string()
}
