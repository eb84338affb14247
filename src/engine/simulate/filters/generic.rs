//! `webhook`: all its filters have to find what they want in the payload.

use serde::Deserialize;
use serde_json::Value;

use super::{Judged, said, written};
use crate::engine::simulate::field_mapping;
use crate::engine::simulate::no_task::NoTask;
use crate::engine::simulate::spawner::Spawner;
use crate::engine::simulate::{Item, SourceKind, is_refused};
use crate::templates::purse::Purse;
use crate::templates::regexp;

/// A filter as it is written.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    field: String,
    value: Option<String>,
    pattern: Option<String>,
}

pub(super) struct Generic {
    filters: Vec<Said>,
    /// The names of `fieldMapping`, by their path.
    mapped: Vec<(String, String)>,
}

impl Generic {
    pub(super) fn of(spawner: &Spawner) -> Result<Generic, NoTask> {
        let filters = written(spawner, SourceKind::GenericWebhook, |_| true)?;
        let mapped = spawner.field_mapping();
        Ok(Generic {
            filters: filters.into_iter().map(|(_, filter)| filter).collect(),
            mapped: mapped.map(|(name, path)| (path.to_owned(), name.to_owned())).collect(),
        })
    }

    /// The names that a field has in an item.
    fn names<'g>(&'g self, field: &'g str) -> impl Iterator<Item = &'g str> {
        self.mapped.iter().filter(move |(path, _)| path == field).map(|(_, name)| &**name)
    }
}

impl super::Filter for Generic {
    fn ways(&self, given: &Item, purse: &mut Purse) -> Vec<Item> {
        let mut item = Item::new();
        for Said { field, value, pattern } in &self.filters {
            let example = value.clone().or_else(|| regexp::example(pattern.as_deref()?, purse));
            // What a payload says is not put beside it a second time.
            let Some(example) = example.filter(|_| !given.contains_key("Payload")) else {
                continue;
            };
            for name in self.names(field) {
                let is_said = given.keys().any(|it| it.eq_ignore_ascii_case(name));
                if !is_said {
                    item.insert(name.to_owned(), example.as_str().into());
                }
            }
        }
        vec![item]
    }

    fn judged(&self, item: &Item, purse: &mut Purse) -> Judged {
        self.filters.iter().fold(Judged::Passes, |judged, filter| {
            judged.and(|| {
                let Said { field, .. } = filter;
                match item.get("Payload") {
                    Some(payload) => of_payload(filter, payload, purse),
                    // An item without a payload is taken for one that passes, but for what it says.
                    None => match self.names(field).find(|name| item.contains_key(*name)) {
                        Some(name) => judge(filter, said(item, name), purse),
                        None => Judged::Passes,
                    },
                }
            })
        })
    }
}

fn of_payload(filter: &Said, payload: &Value, purse: &mut Purse) -> Judged {
    match field_mapping::at_path(&filter.field, payload) {
        None if is_refused(&filter.field) => Judged::Stops(format!(
            "everything, since Kelos can't parse the JSONPath `{}`: single quotes hold one character",
            filter.field
        )),
        None => Judged::Untold(format!(
            "the JSONPath `{}` is more than names and numbers; an item without `Payload` is taken for one that passes",
            filter.field
        )),
        Some(None) => Judged::Stops(format!("what has no `{}`", filter.field)),
        Some(Some(found)) => match field_mapping::printed(found) {
            Ok(text) => judge(filter, &text, purse),
            Err(error) => Judged::Untold(error.error.message.clone()),
        },
    }
}

fn judge(Said { field, value, pattern }: &Said, text: &str, purse: &mut Purse) -> Judged {
    let is_it = match (value, pattern.as_deref().unwrap_or_default()) {
        (Some(value), _) => Ok(text == value),
        (None, "") => Ok(true),
        (None, pattern) => super::text::finds("pattern", pattern, text, purse),
    };
    match is_it {
        Ok(is_it) => Judged::only_if(is_it, || format!("`{text}` at `{field}`")),
        Err(why) => Judged::Untold(why),
    }
}
