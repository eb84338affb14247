//! Which items a TaskSpawner takes: its filters, as Kelos v0.24 and v0.52 read them.
//!
//! A [`Filter`] does two things: it [judges](Filter::judged) an item, and says what items say that it lets pass, so
//! that the built-in examples are some of those ([`Filter::ways`]). Each file here has those of one source.

mod generic;
mod github;
mod glob;
mod linear;
mod name;
mod polled;
mod slack;
#[cfg(test)]
mod tests;
mod text;

use std::rc::Rc;

use serde_json::Value;

use super::no_task::NoTask;
use super::spawner::Spawner;
use super::{Item, SourceKind};
use crate::templates::purse::Purse;

pub(super) use self::github::is_on_pull_request;
pub(in crate::engine) use self::glob::{NotGlob, of_name};

/// The most filters that an item is judged by: nobody writes so many.
const MOST_FILTERS: usize = 64;

/// The most entries of a list in a filter, such as labels: an example has them all.
const MOST_ENTRIES: usize = 256;

/// The steps that making an item to be judged takes.
const WAY_STEPS: u64 = 200;

/// What a filter makes of an item.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Judged {
    /// It lets it pass.
    Passes,
    /// It does not, because of what this names: ``action `edited` ``.
    Stops(String),
    /// It can't be told, for the reason that this says in a clause.
    Untold(String),
}

impl Judged {
    /// This, unless it passes: then what comes next.
    fn and(self, next: impl FnOnce() -> Judged) -> Judged {
        if self == Judged::Passes { next() } else { self }
    }

    /// It passes if this is so; `what` names what it stops on.
    fn only_if(is_so: bool, what: impl FnOnce() -> String) -> Judged {
        if is_so { Judged::Passes } else { Judged::Stops(what()) }
    }
}

/// A filter of a TaskSpawner.
pub(super) trait Filter {
    /// What an item may say, beside what is given, so that this lets it pass; the likeliest first, at least one.
    fn ways(&self, given: &Item, purse: &mut Purse) -> Vec<Item>;

    /// What it makes of an item that says all.
    fn judged(&self, item: &Item, purse: &mut Purse) -> Judged;
}

/// The filters that an item of a TaskSpawner meets: it is taken if one of them lets it pass.
pub(super) struct Filters {
    /// What they are called together: ``no filter of `push` ``.
    none: String,
    /// Where they are.
    field: &'static str,
    /// Whether they are those of a list, and not what a source asks for as a whole.
    is_list: bool,
    /// Each with its number in the field.
    all: Vec<(usize, Box<dyn Filter>)>,
}

impl Spawner {
    /// The filters that an item of the source meets, of `githubWebhook` those of its event.
    pub(super) fn filters(&self, source: SourceKind, given: &Item) -> Result<Filters, NoTask> {
        // What they say is read for each item anew.
        if self.purse.borrow_mut().take_reading(self.bytes).is_err() {
            return Err(too_much());
        }
        match source {
            SourceKind::GithubIssues | SourceKind::GithubPullRequests => {
                Ok(Filters::one(source, polled::Polled::of(self, source)?))
            }
            SourceKind::GithubWebhook => github::filters(self, given),
            SourceKind::LinearWebhook => linear::filters(self, given),
            SourceKind::GenericWebhook => Ok(Filters::one(source, generic::Generic::of(self)?)),
            SourceKind::Slack => Ok(Filters::one(source, slack::Slack::of(self)?)),
            SourceKind::Jira | SourceKind::Cron => Ok(Filters::one(source, Open)),
        }
    }
}

impl Filters {
    /// What a source asks for as a whole.
    fn one(source: SourceKind, filter: impl Filter + 'static) -> Filters {
        let field = source.as_str();
        Filters {
            none: format!("spec.when.{field} does not"),
            field,
            is_list: false,
            all: vec![(0, Box::new(filter))],
        }
    }

    /// The item that the first of the filters lets pass that lets one pass.
    ///
    /// `complete` says what the item leaves out.
    ///
    /// # Errors
    ///
    /// None does, or it can't be told whether one does.
    pub(super) fn let_pass(
        &self,
        given: &Item,
        purse: &mut Purse,
        complete: impl Fn(Item) -> Result<Item, NoTask>,
    ) -> Result<Item, NoTask> {
        let (mut stopped, mut untold) = (Vec::new(), None);
        for (number, filter) in &self.all {
            let mut first = None;
            for way in filter.ways(given, purse) {
                if purse.take_steps(WAY_STEPS).is_err() {
                    return Err(too_much());
                }
                let item = complete(put_over(way, given))?;
                match filter.judged(&item, purse) {
                    Judged::Passes => return Ok(item),
                    other => {
                        first.get_or_insert(other);
                    }
                }
            }
            match first {
                Some(Judged::Untold(why)) => {
                    untold.get_or_insert((number, why));
                }
                Some(Judged::Stops(what)) => stopped.push((number, what)),
                _ => {}
            }
        }
        if let Some((number, why)) = untold {
            let field = self.field;
            return Err(NoTask::not_simulated(format!(
                "whether spec.when.{field}{} lets it pass can't be told: {why}",
                self.place(*number)
            )));
        }
        Err(NoTask::filtered(self.told(&stopped)))
    }

    fn place(&self, number: usize) -> String {
        if self.is_list { format!(".filters[{number}]") } else { String::new() }
    }

    fn told(&self, stopped: &[(&usize, String)]) -> String {
        let none = &self.none;
        match stopped {
            [] => format!("{none} is there, and Kelos takes only what a filter lets pass"),
            [(_, first), rest @ ..] if rest.iter().all(|(_, it)| it == first) => {
                let lets = if self.is_list { "lets" } else { "let" };
                format!("{none} {lets} {first} pass")
            }
            all => {
                let each = all.iter().map(|(number, it)| format!("filters[{number}] stops {it}"));
                format!("{none} lets it pass: {}", each.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

/// What lets everything pass.
struct Open;

impl Filter for Open {
    fn ways(&self, _: &Item, _: &mut Purse) -> Vec<Item> {
        vec![Item::new()]
    }

    fn judged(&self, _: &Item, _: &mut Purse) -> Judged {
        Judged::Passes
    }
}

/// An item with what is given over it; of the payload, part by part.
fn put_over(mut item: Item, given: &Item) -> Item {
    for (name, value) in given {
        match item.get_mut(name) {
            Some(there) if name == "Payload" => super::payload_sample::put_over(there, value),
            _ => {
                item.insert(name.clone(), value.clone());
            }
        }
    }
    item
}

/// The built-in labels with those that are wanted, without those that are not; `is_same` compares them.
fn labels(wanted: &[String], unwanted: &[String], is_same: fn(&str, &str) -> bool) -> Vec<String> {
    let has = |all: &[String], label: &str| all.iter().any(|it| is_same(it, label));
    let usual = super::samples::LABELS.map(str::to_owned).into_iter();
    let usual = usual.filter(|it| !has(wanted, it) && !has(unwanted, it));
    wanted.iter().cloned().chain(usual).collect()
}

/// What labels that a thing has stop it.
fn of_labels(
    there: &[String],
    wanted: &[String],
    unwanted: &[String],
    is_same: fn(&str, &str) -> bool,
) -> Judged {
    let has = |all: &[String], label: &str| all.iter().any(|it| is_same(it, label));
    if let Some(missing) = wanted.iter().find(|it| !has(there, it)) {
        return Judged::Stops(format!("what has no label `{missing}`"));
    }
    match there.iter().find(|it| has(unwanted, it)) {
        Some(label) => Judged::Stops(format!("label `{label}`")),
        None => Judged::Passes,
    }
}

/// Whether two texts are the same letter by letter.
fn is_equal(one: &str, other: &str) -> bool {
    one == other
}

/// The names in what an item says of labels: a list, or a text as Kelos joins them.
fn names(labels: Option<&Value>) -> Vec<String> {
    match labels {
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        Some(Value::String(text)) if !text.is_empty() => {
            text.split(", ").map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// A text of an item; empty if it says none.
fn said<'i>(item: &'i Item, name: &str) -> &'i str {
    item.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// More filters or patterns than are judged.
fn too_much() -> NoTask {
    NoTask::not_simulated("the filters of the TaskSpawner are more than can be judged here")
}

/// The filters that are written in a field of a source and meant, each with its number.
fn written<T: serde::de::DeserializeOwned>(
    spawner: &Spawner,
    source: SourceKind,
    field: &str,
    is_meant: impl Fn(&Value) -> bool,
) -> Result<Vec<(usize, T)>, NoTask> {
    let all = spawner.of_source(source, field).and_then(Value::as_array);
    let meant = all.into_iter().flatten().enumerate().filter(|(_, it)| is_meant(it));
    let mut written = Vec::new();
    for (number, said) in meant {
        if written.len() == MOST_FILTERS || is_long(said) {
            return Err(too_much());
        }
        let filter = serde_json::from_value(said.clone()).map_err(|error| {
            NoTask::not_simulated(format!(
                "spec.when.{source}.{field}[{number}] is not what Kelos has there: {error}"
            ))
        })?;
        written.push((number, filter));
    }
    Ok(written)
}

/// Whether a list in it has more entries than are looked at.
fn is_long(said: &Value) -> bool {
    match said {
        Value::Array(entries) => entries.len() > MOST_ENTRIES,
        Value::Object(fields) => fields.values().any(is_long),
        _ => false,
    }
}

/// Whether a source has filters.
fn has_filters(spawner: &Spawner, source: SourceKind) -> bool {
    let all = spawner.of_source(source, "filters").and_then(Value::as_array);
    all.is_some_and(|all| !all.is_empty())
}

/// The texts of a list of a source.
fn texts(spawner: &Spawner, source: SourceKind, field: &str) -> Rc<[String]> {
    let all = spawner.of_source(source, field).and_then(Value::as_array);
    all.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// What `spec.when` says of a source, in its types.
fn read<T: serde::de::DeserializeOwned + Default>(
    spawner: &Spawner,
    source: SourceKind,
) -> Result<T, NoTask> {
    let Some(said) = spawner.when.get(source.as_str()) else { return Ok(T::default()) };
    if is_long(said) {
        return Err(too_much());
    }
    serde_json::from_value(said.clone()).map_err(|error| {
        NoTask::not_simulated(format!("spec.when.{source} is not what Kelos has there: {error}"))
    })
}
