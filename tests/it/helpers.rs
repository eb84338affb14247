//! Helpers: the table that `tests/cases/helpers.rs` runs, compared with the real Sprig.
//!
//! `tests/go/oracles/sprig/` is a small Go program that calls Sprig's functions. `docs/helpers.md` is made of the
//! table: `BLESS=1 cargo test --profile checked --test it helpers` writes it.

mod arbitrary;
mod page;
mod random;
mod sprig;

use std::fs;
use std::path::Path;

use kelos_metadata::templates::helpers;
use kelos_metadata::templates::value::Value;
use testing::helpers::{Answer, Entry, Expected, Origin, Table, call};

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
