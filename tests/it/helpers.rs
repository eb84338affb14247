//! Helpers: one table, run through both languages and compared with the real Sprig.
//!
//! `helpers/table.yaml` says what each helper gives; `oracles/sprig/` is a small Go program that
//! calls Sprig's functions. `docs/helpers.md` is made of the table: `BLESS=1 cargo test --test helpers`
//! writes it.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

#[path = "common/oracle.rs"]
mod oracle;
#[path = "helpers/page.rs"]
mod page;
#[path = "helpers/pieces.rs"]
mod pieces;
#[path = "helpers/random.rs"]
mod random;
#[path = "helpers/sprig.rs"]
mod sprig;
#[path = "helpers/table.rs"]
mod table;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use kelos_metadata::templates::budget::Budget;
use kelos_metadata::templates::helpers::{self, Helper};
use kelos_metadata::templates::value::{Map, Value};
use kelos_metadata::templates::{Syntax, Template, TemplateError, jinja};

use sprig::Answer;
use table::{Case, Entry, Expected, Origin, Table};

/// The moment of all requests here: 2026-11-22 18:04:05 UTC.
const MOMENT: i64 = 1_795_370_645;

fn call(helper: &Helper, args: &[Value]) -> Result<Value, TemplateError> {
    helper.call(&mut Budget::template().at(MOMENT), args)
}

fn json(value: &Value) -> String {
    let json = call(helpers::find("toJson").unwrap(), std::slice::from_ref(value)).unwrap();
    json.as_text().unwrap().to_string()
}

/// Every case of the table with its helper.
fn each_case(mut visit: impl FnMut(&'static Helper, &Entry, &Case) -> Result<(), String>) {
    let table = Table::read();
    let mut failures = Vec::new();
    for entry in table.entries() {
        let helper = helpers::find(entry.name()).unwrap_or_else(|| panic!("no {}", entry.name()));
        for case in &entry.cases {
            if let Err(problem) = visit(helper, entry, case) {
                failures.push(format!("{} {:?}: {problem}", helper.name, case.args));
            }
        }
    }
    assert!(failures.is_empty(), "{} cases fail:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn the_table_has_every_helper_and_no_other() {
    let table = Table::read();
    let mut named: Vec<&str> = table.entries().map(Entry::name).collect();
    named.sort_unstable();
    let all: Vec<&str> = helpers::all().map(|helper| helper.name).collect();
    assert_eq!(named, all);
    assert!(table.entries().all(|entry| !entry.cases.is_empty()), "each has a case");
}

#[test]
fn each_helper_gives_what_the_table_says() {
    each_case(|helper, _, case| {
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
    });
}

/// What a template makes of a case whose arguments are the variables `a0`, `a1`, ….
fn render(source: &str, syntax: Syntax, case: &Case) -> Result<String, TemplateError> {
    let values = case.values().into_iter().enumerate();
    let root: Map = values.map(|(i, value)| (format!("a{i}").into(), value)).collect();
    let template = Template::compile(source, syntax)?;
    template.render(&Arc::new(root), &mut Budget::task().at(MOMENT))
}

fn agrees(source: &str, syntax: Syntax, case: &Case) -> Result<(), String> {
    match (render(source, syntax, case), case.expected()) {
        (Ok(found), Expected::Gives(wanted)) if found == json(&wanted) => Ok(()),
        (Err(error), Expected::Fails(part)) if error.message.contains(part) => Ok(()),
        (found, _) => Err(format!("{source} is {found:?}")),
    }
}

#[test]
fn go_templates_give_what_the_table_says() {
    each_case(|helper, _, case| {
        let name = helper.name;
        let args: Vec<String> = (0..case.args.len()).map(|i| format!(" .a{i}")).collect();
        // The text that a moment prints as is compared, not what JSON makes of it.
        let print = if name == "now" { "toString | toJson" } else { "toJson" };
        agrees(&format!("{{{{ {name}{} | {print} }}}}", args.concat()), Syntax::Go, case)?;
        let Some((last, before)) = args.split_last() else { return Ok(()) };
        let piped = format!("{{{{ {last} | {name}{} | {print} }}}}", before.concat());
        agrees(&piped, Syntax::Go, case)
    });
}

#[test]
fn jinja_templates_give_what_the_table_says() {
    each_case(|helper, _, case| {
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
    });
}

#[test]
fn sprig_gives_what_the_table_says() {
    let table = Table::read();
    let mut questions = Vec::new();
    for entry in table.entries().filter(|entry| entry.from == Origin::Sprig) {
        for case in entry.cases.iter().filter(|case| case.is_for_sprig()) {
            questions.push((entry.name(), case));
        }
    }
    let answers = sprig::ask(questions.iter().map(|(name, case)| (*name, case.args.as_slice())));
    let mut failures = Vec::new();
    for ((name, case), answer) in questions.iter().zip(answers) {
        if !case.is_what_sprig_says(&answer) {
            failures.push(format!("{name} {:?}: Sprig says {answer:?}", case.args));
        }
        let is_marked = case.because.is_some();
        let differs = match (case.expected(), &answer) {
            (Expected::Gives(ours), Answer::Gives(theirs)) => ours != *theirs,
            (Expected::Fails(_), Answer::Fails) => false,
            _ => true,
        };
        if is_marked != differs {
            failures.push(format!("{name} {:?}: `because` is for what differs", case.args));
        }
    }
    assert!(failures.is_empty(), "{} cases:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn random_arguments_give_what_sprig_gives() {
    let questions: Vec<(&str, Vec<serde_json::Value>)> = random::questions();
    let answers = sprig::ask(questions.iter().map(|(name, args)| (*name, args.as_slice())));
    let (mut failures, mut given) = (Vec::new(), 0);
    for ((name, args), answer) in questions.iter().zip(answers) {
        let values: Vec<Value> = args.iter().cloned().map(Value::from).collect();
        let ours = call(helpers::find(name).unwrap(), &values);
        let agree = match (&ours, &answer) {
            (Ok(ours), Answer::Gives(theirs)) => {
                given += 1;
                // So that what is no number is equal to itself.
                format!("{ours:?}") == format!("{theirs:?}")
            }
            (Err(_), Answer::Fails) | (_, Answer::Binary) => true,
            _ => false,
        };
        if !agree && !random::is_known_difference(name, args) {
            failures.push(format!("{name} {args:?}: {ours:?}, Sprig {answer:?}"));
        }
    }
    assert!(failures.is_empty(), "{} differ:\n{}", failures.len(), failures.join("\n"));
    assert!(given > questions.len() / 2, "only {given} of {} give something", questions.len());
}

#[test]
fn the_page_is_what_the_table_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/helpers.md");
    let page = page::write(&Table::read());
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == page, "docs/helpers.md is not made of the table: run this with BLESS=1");
}
