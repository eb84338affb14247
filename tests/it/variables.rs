//! The table of `docs/variables.md`, walked: each cell says where a variable of a source comes from.
//!
//! One file a source holds TaskSpawners and Tasks that together show every origin that a cell names. A cell
//! is true if they show these origins and no other.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail so")]

mod scene;
mod table;

use std::collections::BTreeSet;

use scene::Scene;
use table::{Cell, Table};

#[test]
fn every_cell_of_the_table_is_true() {
    let table = Table::read();
    assert!(table.variables().len() >= 30, "{:?}", table.variables());
    let mut lies = Vec::new();
    for source in &table.sources {
        let scene = Scene::read(source, &table.variables());
        for row in &table.rows {
            for variable in &row.variables {
                let (cell, shown) = (&row.cells[source], scene.shown(variable));
                if let Err(found) = cell.fits(&shown) {
                    lies.push(format!("{variable} of {source}: `{cell}` is said, {found}"));
                }
            }
        }
        let unsaid = scene.names().difference(&table.variables()).cloned().collect::<Vec<_>>();
        assert!(unsaid.is_empty(), "{source} has {unsaid:?}, which the table lacks");
    }
    assert!(lies.is_empty(), "{}", lies.join("\n"));
}

#[test]
fn what_is_inferred_is_not_there_when_that_is_switched_off() {
    let table = Table::read();
    for source in &table.sources {
        let scene = Scene::read_without_inference(source, &table.variables());
        for row in &table.rows {
            for variable in &row.variables {
                let Some(mut words) = row.cells[source].words().cloned() else { continue };
                words.remove("inferred");
                let cell = if words.is_empty() { Cell::Never } else { Cell::From(words) };
                let fits = cell.fits(&scene.shown(variable));
                assert!(fits.is_ok(), "{variable} of {source}: {fits:?}");
            }
        }
    }
}

#[test]
fn a_cell_that_lies_is_noticed() {
    let table = Table::read();
    let scene = Scene::read("githubIssues", &table.variables());
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
        assert!(lie.fits(&scene.shown(variable)).is_err(), "{variable} is not `{lie}`");
    }
    let some = BTreeSet::from(["ID".to_owned()]);
    assert!(scene.names().difference(&some).count() > 10, "what the table lacks is noticed");
}
