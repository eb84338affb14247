//! The table of `docs/variables.md`, walked: each cell says where a variable of a source comes from.
//!
//! One file a source holds TaskSpawners and Tasks that together show every origin that a cell names. A cell
//! is true if they show these origins and no other.

mod fixture;
mod table;

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use libtest_mimic::Trial;

use self::fixture::Fixture;
use self::table::{Cell, Table};
use crate::{row, test};

/// A test for each cell, and what holds beside.
pub(crate) fn tests() -> Vec<Trial> {
    let table = Arc::new(Table::read());
    let mut tests = Vec::new();
    for source in table.sources.clone() {
        let of_source = Arc::clone(&table);
        let name = source.clone();
        let fixture = Arc::new(LazyLock::new(move || Fixture::read(&name, &of_source.variables())));
        for index in 0..table.rows.len() {
            for variable in table.rows[index].variables.clone() {
                let (table, fixture, source) =
                    (Arc::clone(&table), Arc::clone(&fixture), source.clone());
                tests.push(row(format!("variables::{source}::{variable}"), move || {
                    let cell = &table.rows[index].cells[&source];
                    let found = cell.fits(&fixture.shown(&variable));
                    found.map_err(|found| format!("`{cell}` is said, {found}"))
                }));
            }
        }
    }
    tests.extend([
        test("variables::the_table_lacks_none", the_table_lacks_none),
        test(
            "variables::what_is_inferred_is_not_there_when_that_is_switched_off",
            without_inference,
        ),
        test("variables::a_cell_that_lies_is_noticed", a_cell_that_lies_is_noticed),
    ]);
    tests
}

fn the_table_lacks_none() {
    let table = Table::read();
    assert!(table.variables().len() >= 30, "{:?}", table.variables());
    for source in &table.sources {
        let fixture = Fixture::read(source, &table.variables());
        let unsaid = fixture.names().difference(&table.variables()).cloned().collect::<Vec<_>>();
        assert!(unsaid.is_empty(), "{source} has {unsaid:?}, which the table lacks");
    }
}

fn without_inference() {
    let table = Table::read();
    for source in &table.sources {
        let fixture = Fixture::read_without_inference(source, &table.variables());
        for row in &table.rows {
            for variable in &row.variables {
                let Some(mut words) = row.cells[source].words().cloned() else { continue };
                words.remove("inferred");
                let cell = if words.is_empty() { Cell::Never } else { Cell::From(words) };
                let fits = cell.fits(&fixture.shown(variable));
                assert!(fits.is_ok(), "{variable} of {source}: {fits:?}");
            }
        }
    }
}

fn a_cell_that_lies_is_noticed() {
    let table = Table::read();
    let fixture = Fixture::read("githubIssues", &table.variables());
    let of = |words: &[&str]| Cell::From(words.iter().map(|word| (*word).to_owned()).collect());
    for (variable, lie) in [
        ("Number", of(&["derived"])),
        ("Number", of(&["task", "inferred"])),
        ("Number", Cell::Absent),
        ("URL", of(&["derived"])),
        ("Body", Cell::Never),
        ("Branch", Cell::Always("main".to_owned())),
        ("Branch", Cell::Absent),
        ("Sender", Cell::Never),
        ("Sender", of(&["inferred"])),
    ] {
        assert!(lie.fits(&fixture.shown(variable)).is_err(), "{variable} is not `{lie}`");
    }
    let some = BTreeSet::from(["ID".to_owned()]);
    assert!(fixture.names().difference(&some).count() > 10, "what the table lacks is noticed");
}
