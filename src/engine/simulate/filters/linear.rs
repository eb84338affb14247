//! `linearWebhook`: types, and filters that may be for one of them. Letter case counts nowhere.

use std::rc::Rc;

use serde::Deserialize;
use serde_json::Value;

use super::{Filters, Judged, has_filters, labels, names, of_labels, said, texts, written};
use crate::engine::simulate::no_task::NoTask;
use crate::engine::simulate::spawner::Spawner;
use crate::engine::simulate::{Item, SourceKind};
use crate::templates::purse::Purse;

/// A filter as it is written.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Said {
    #[serde(rename = "type")]
    of: Option<String>,
    action: Option<String>,
    states: Option<Vec<String>>,
    labels: Option<Vec<String>>,
    exclude_labels: Option<Vec<String>>,
}

struct Filter {
    types: Rc<[String]>,
    said: Said,
}

/// The filters of the type of an item.
pub(super) fn filters(spawner: &Spawner, given: &Item) -> Result<Filters, NoTask> {
    let source = SourceKind::LinearWebhook;
    let types = texts(spawner, source, "types");
    let filter = |said: Said| Filter { types: Rc::clone(&types), said };
    if !has_filters(spawner, source) {
        return Ok(Filters::one(source, filter(Said::default())));
    }
    let of = said(given, "Type");
    let is_for = |it: &Value| match it["type"].as_str().unwrap_or_default() {
        "" => true,
        wanted => of.is_empty() || is_alike(wanted, of),
    };
    let of_type = written(spawner, source, "filters", is_for)?.into_iter();
    Ok(Filters {
        none: if of.is_empty() { "no filter".to_owned() } else { format!("no filter of `{of}`") },
        field: "linearWebhook",
        is_list: true,
        all: of_type.map(|(number, it)| (number, Box::new(filter(it)) as Box<_>)).collect(),
    })
}

fn is_alike(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

impl super::Filter for Filter {
    fn ways(&self, _: &Item, _: &mut Purse) -> Vec<Item> {
        let Said { of, action, states, labels: wanted, exclude_labels: unwanted } = &self.said;
        let mut item = Item::new();
        let mut put = |name: &str, value: Option<&String>| {
            if let Some(value) = value.filter(|it| !it.is_empty()) {
                item.insert(name.to_owned(), value.as_str().into());
            }
        };
        put("Type", of.as_ref().filter(|it| !it.is_empty()).or(self.types.first()));
        put("Action", action.as_ref());
        put("State", states.as_ref().and_then(|it| it.first()));
        if wanted.is_some() || unwanted.is_some() {
            let list = |it: &Option<Vec<String>>| it.clone().unwrap_or_default();
            let names = labels(&list(wanted), &list(unwanted), is_alike);
            item.insert("Labels".to_owned(), names.into());
        }
        vec![item]
    }

    fn judged(&self, item: &Item, _: &mut Purse) -> Judged {
        let Said { of, action, states, labels: wanted, exclude_labels: unwanted } = &self.said;
        let (kind, done, state) = (said(item, "Type"), said(item, "Action"), said(item, "State"));
        let is_of = |wanted: &Option<String>, there: &str| {
            wanted.as_deref().is_none_or(|it| it.is_empty() || is_alike(it, there))
        };
        let has_type = self.types.is_empty() || self.types.iter().any(|it| is_alike(it, kind));
        Judged::only_if(has_type && is_of(of, kind), || format!("type `{kind}`"))
            .and(|| Judged::only_if(is_of(action, done), || format!("action `{done}`")))
            .and(|| {
                let states = states.as_deref().unwrap_or_default();
                let is_one = states.is_empty() || states.iter().any(|it| is_alike(it, state));
                Judged::only_if(is_one, || format!("state `{state}`"))
            })
            .and(|| {
                let list = |it: &Option<Vec<String>>| it.clone().unwrap_or_default();
                of_labels(&there(item), &list(wanted), &list(unwanted), is_alike)
            })
    }
}

/// The labels that Kelos looks at: those of the payload, or of the issue in it that a comment is on.
fn there(item: &Item) -> Vec<String> {
    let in_payload = |at: &str| -> Option<Vec<String>> {
        let labels = item.get("Payload")?.pointer(at)?.as_array()?;
        let names = labels.iter().filter_map(|it| it.get("name")?.as_str().map(str::to_owned));
        Some(names.collect()).filter(|it: &Vec<String>| !it.is_empty())
    };
    let found = in_payload("/data/labels").or_else(|| in_payload("/data/issue/labels"));
    let has_data = item.get("Payload").and_then(|it: &Value| it.get("data")).is_some();
    found.unwrap_or_else(|| if has_data { Vec::new() } else { names(item.get("Labels")) })
}
