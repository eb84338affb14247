//! `webhook`: all its filters have to find what they want in the payload, and none of its exclude filters.

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
    /// Kelos looks at them last.
    excluded: Vec<Said>,
    /// The names of `fieldMapping`, by their path.
    mapped: Vec<(String, String)>,
}

impl Generic {
    pub(super) fn of(spawner: &Spawner) -> Result<Generic, NoTask> {
        let of_field = |field| -> Result<Vec<Said>, NoTask> {
            let all = written(spawner, SourceKind::GenericWebhook, field, |_| true)?;
            Ok(all.into_iter().map(|(_, filter)| filter).collect())
        };
        let mapped = spawner.field_mapping();
        Ok(Generic {
            filters: of_field("filters")?,
            excluded: of_field("excludeFilters")?,
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
            // Another text may be one that is wanted.
            let mut excluded = self.excluded.iter().filter(|it| it.field == *field);
            if excluded.any(|it| matches(it, &example, purse) != Ok(false)) {
                continue;
            }
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
        let text = |filter: &Said| match item.get("Payload") {
            Some(payload) => at(filter, payload),
            // An item without a payload is taken for one that passes, but for what it says.
            None => match self.names(&filter.field).find(|name| item.contains_key(*name)) {
                Some(name) => Ok(Some(said(item, name).to_owned())),
                None => Err(Judged::Passes),
            },
        };
        let mut judge = |filter: &Said, is_wanted: bool| {
            let Said { field, .. } = filter;
            let text = match text(filter) {
                Ok(Some(text)) => text,
                Ok(None) if is_wanted => return Judged::Stops(format!("what has no `{field}`")),
                Ok(None) => return Judged::Passes,
                Err(judged) => return judged,
            };
            match matches(filter, &text, purse) {
                Ok(is_it) => {
                    Judged::only_if(is_it == is_wanted, || format!("`{text}` at `{field}`"))
                }
                Err(why) => Judged::Untold(why),
            }
        };
        let all = self.filters.iter().map(|it| (it, true));
        let all = all.chain(self.excluded.iter().map(|it| (it, false)));
        all.fold(Judged::Passes, |judged, (it, is_wanted)| judged.and(|| judge(it, is_wanted)))
    }
}

/// What a payload says at the path of a filter, as a text; nothing where there is none.
fn at(filter: &Said, payload: &Value) -> Result<Option<String>, Judged> {
    Err(match field_mapping::at_path(&filter.field, payload) {
        None if is_refused(&filter.field) => Judged::Stops(format!(
            "everything, since Kelos can't parse the JSONPath `{}`: single quotes hold one character",
            filter.field
        )),
        None => Judged::Untold(format!(
            "the JSONPath `{}` is more than names and numbers; an item without `Payload` is taken for one that passes",
            filter.field
        )),
        Some(None) => return Ok(None),
        Some(Some(found)) => match field_mapping::printed(found) {
            Ok(text) => return Ok(Some(text)),
            Err(error) => Judged::Untold(error.error.message.clone()),
        },
    })
}

/// Whether a text is what a filter looks for; an error says why that can't be told.
fn matches(
    Said { value, pattern, .. }: &Said,
    text: &str,
    purse: &mut Purse,
) -> Result<bool, String> {
    match (value, pattern.as_deref().unwrap_or_default()) {
        (Some(value), _) => Ok(text == value),
        (None, "") => Ok(true),
        (None, pattern) => super::text::finds("pattern", pattern, text, purse),
    }
}
