//! The objects of one call, wherever they were read.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use serde::Deserialize;

use super::super::{budget, harmless};
use super::unread::Unread;
use crate::engine::kelos::{GROUP, Shape};
use crate::engine::lint::BudgetSelector;

/// What was read.
#[derive(Default)]
pub(super) struct Read {
    pub(super) objects: Vec<Object>,
    /// The selectors of TaskBudgets, by their namespace; nothing where it is not known which there are.
    pub(super) budgets: Option<BTreeMap<String, Vec<BudgetSelector>>>,
    pub(super) is_cluster: bool,
    /// What could not be read.
    pub(super) unread: Vec<Unread>,
}

/// An object to lint.
pub(super) struct Object {
    pub(super) makes: Shape,
    pub(super) namespace: Arc<str>,
    pub(super) name: Arc<str>,
    pub(super) json: Box<str>,
    /// Nothing for an object of the cluster.
    pub(super) written: Option<Written>,
}

/// Where an object is written.
#[derive(Clone, Debug)]
pub(super) struct Written {
    /// The number of its file.
    pub(super) file: usize,
    /// The line on which its document begins.
    pub(super) line: usize,
    /// The bytes of its document.
    pub(super) document: Range<usize>,
    /// Its number in the list that the document is.
    pub(super) items: Box<[usize]>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Meta {
    name: Option<String>,
    #[serde(rename = "generateName")]
    generate_name: Option<String>,
    namespace: Option<String>,
}

/// Only the metadata of an object: what else there is may be of any type.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Named {
    metadata: Meta,
}

impl Object {
    /// An object with its name and its namespace, if it says one.
    pub(super) fn new(
        makes: Shape,
        json: Box<str>,
        namespace: &str,
        written: Option<Written>,
    ) -> Object {
        // An object that is none is told when it is linted.
        let Named { metadata } = serde_json::from_str(&json).unwrap_or_default();
        let said = metadata.namespace.filter(|namespace| !namespace.is_empty());
        let name = metadata.name.or(metadata.generate_name).unwrap_or_default();
        let namespace = said.as_deref().unwrap_or(namespace).into();
        Object { makes, namespace, name: name.into(), json, written }
    }
}

impl Object {
    /// As kubectl users say it: `TaskSpawner default/worker`.
    pub(super) fn title(&self) -> String {
        let (namespace, name) = (harmless::name(&self.namespace), harmless::name(&self.name));
        format!("{} {namespace}/{name}", self.makes.spawner())
    }
}

impl Read {
    /// Takes a TaskBudget.
    pub(super) fn take_budget(&mut self, json: &str, namespace: &str) {
        let Some((said, selector)) = budget::read(json) else { return };
        let namespace = said.unwrap_or_else(|| namespace.to_owned());
        let budgets = self.budgets.get_or_insert_default().entry(namespace).or_default();
        budgets.push(selector);
    }
}

/// What a kind of object that is linted makes.
pub(super) fn makes_of(kind: &str) -> Option<Shape> {
    Shape::of_spawner(GROUP, kind)
}
