//! A key that is written, and its place in a Task.

use json_patch::jsonptr::Pointer;

use crate::apimachinery::Kind;
use crate::engine::patch::{Place, path};

/// A key, and what follows from it: there once for all rules of this key, as teams write the same keys.
#[derive(Debug)]
pub(super) struct OutputKey {
    kind: Kind,
    key: Box<str>,
    /// The key as a JSON Pointer into a Task, if that is the same for all of them.
    path: Option<Box<Pointer>>,
}

impl OutputKey {
    pub(super) fn new(kind: Kind, key: Box<str>) -> OutputKey {
        OutputKey { kind, path: path(kind, &key), key }
    }

    pub(super) fn key(&self) -> &str {
        &self.key
    }

    pub(super) fn place(&self) -> Place<'_> {
        Place { kind: self.kind, key: &self.key, path: self.path.as_deref() }
    }
}
