//! What the Pod of a Task will carry, shown.

use std::collections::BTreeMap;

use comfy_table::{Attribute, Cell};
use serde::Serialize;

use super::table::{self, Column};
use crate::apimachinery::Kind;
use crate::cli::OutputFormat;
use crate::commands::cells::from;
use crate::engine::Decision;
use crate::engine::kelos::Task;
use crate::engine::pods::labels_of_kelos;

/// The columns.
const COLUMNS: [Column; 4] = [
    Column::Whole("OF ITS POD"),
    Column::Whole("KEY"),
    Column::Value("VALUE"),
    Column::From("FROM"),
];

/// A label or node selector of a Pod.
struct Entry<'s> {
    value: &'s str,
    from: &'static str,
}

/// What the Pod of a Task will carry, as Kelos v0.29 and later make it.
pub(super) struct Pod<'s> {
    labels: BTreeMap<&'s str, Entry<'s>>,
    node_selector: BTreeMap<&'s str, Entry<'s>>,
}

/// The same as JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ShownPod<'s> {
    labels: BTreeMap<&'s str, &'s str>,
    node_selector: BTreeMap<&'s str, &'s str>,
}

/// The Pod of a Task, if the rules say something of it that can come true.
pub(super) fn pod<'s>(task: &'s Task<'_>, decision: &'s Decision<'_>) -> Option<Pod<'s>> {
    let is_asked = decision.keys.iter().any(|key| key.kind.is_of_pod());
    if !is_asked || task.pod_place().is_err() {
        return None;
    }
    let mut labels = entries(Kind::PodLabel, task, decision);
    for (key, value) in labels_of_kelos(task.shape(), task.name()) {
        labels.insert(key, Entry { value, from: "Kelos" });
    }
    Some(Pod { labels, node_selector: entries(Kind::NodeSelector, task, decision) })
}

fn entries<'s>(
    kind: Kind,
    task: &'s Task<'_>,
    decision: &'s Decision<'_>,
) -> BTreeMap<&'s str, Entry<'s>> {
    let of_object = task.shape().with_article();
    let there = task.entries(kind).into_iter().flatten();
    let there = there.map(|(key, value)| (&**key, Entry { value, from: of_object }));
    let ours = decision.keys.iter().filter(|key| key.kind == kind);
    let ours = ours.filter_map(|it| Some((it.key, Entry { value: it.written()?, from: from(it) })));
    there.chain(ours).collect()
}

impl<'s> Pod<'s> {
    pub(super) fn table(&self, format: OutputFormat) -> String {
        let row = |kind: &'static str| {
            move |(key, entry): (&&str, &Entry<'_>)| {
                vec![
                    Cell::new(kind),
                    Cell::new(key).add_attribute(Attribute::Bold),
                    table::value(format!("{:?}", entry.value), format),
                    table::from(entry.from.to_owned(), format),
                ]
            }
        };
        let labels = self.labels.iter().map(row("label"));
        let rows = labels.chain(self.node_selector.iter().map(row("nodeSelector")));
        table::table(&COLUMNS, rows, format)
    }

    pub(super) fn shown(&self) -> ShownPod<'s> {
        let plain = |entries: &BTreeMap<&'s str, Entry<'s>>| {
            entries.iter().map(|(key, entry)| (*key, entry.value)).collect()
        };
        ShownPod { labels: plain(&self.labels), node_selector: plain(&self.node_selector) }
    }
}
