//! The variables that are known so far, and who says so.

use std::fmt;

use crate::engine::kelos::Kind;
use crate::engine::render::Uses;
use crate::engine::render::value::{Map, Text, Value};

/// Who says what a variable is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The Task itself, the request, or an object that they name.
    Task,
    /// It follows from the Task, its TaskSpawner, Workspace and WorkerPool.
    Derived,
    /// It was read back out of a field that Kelos rendered.
    Inferred(Rendered),
}

/// A field of a Task that Kelos renders from a template of its TaskSpawner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rendered {
    /// `spec.prompt`
    Prompt,
    /// `spec.branch`
    Branch,
    /// `metadata.name`
    Name,
    /// A label or annotation of `taskTemplate.metadata`.
    Metadata(Kind, Text),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Task => f.write_str("task"),
            Origin::Derived => f.write_str("derived"),
            Origin::Inferred(rendered) => write!(f, "inferred from {rendered}"),
        }
    }
}

impl fmt::Display for Rendered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rendered::Prompt => f.write_str("promptTemplate"),
            Rendered::Branch => f.write_str("branch"),
            Rendered::Name => f.write_str("nameTemplate"),
            Rendered::Metadata(kind, key) => write!(f, "{kind} {key}"),
        }
    }
}

/// Variables by name; only those that somebody wants.
pub(super) struct Known<'u> {
    uses: &'u Uses,
    values: Map,
    origins: Vec<(Text, Origin)>,
}

impl<'u> Known<'u> {
    /// Starts with nothing.
    pub(super) fn new(uses: &'u Uses) -> Known<'u> {
        Known { uses, values: Map::new(), origins: Vec::new() }
    }

    /// Whether anybody wants to know this variable.
    pub(super) fn wants(&self, name: &str) -> bool {
        self.uses.has(name)
    }

    /// Sets a variable that is wanted and that nothing better has set.
    pub(super) fn put(&mut self, origin: Origin, name: &str, value: impl FnOnce() -> Value) {
        if let Some(key) = self.uses.key(name)
            && !self.values.contains_key(name)
        {
            self.values.insert(Text::clone(&key), value());
            self.origins.push((key, origin));
        }
    }

    /// Sets a variable to a text that follows from what is known.
    pub(super) fn derive(&mut self, name: &str, text: &str) {
        self.put(Origin::Derived, name, || Value::from(text));
    }

    /// The value of a variable, if it is known and was wanted.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// All values, and who said so, in the order in which they were found.
    pub(super) fn into_parts(self) -> (Map, Vec<(Text, Origin)>) {
        (self.values, self.origins)
    }
}
