//! What binds the values of a key beside its template: `default` and `allowed`.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::KeyRule;
use crate::templates::value::Text;

/// The only values that are written.
pub(super) type Allowed = BTreeSet<Box<str>>;

/// What binds the values of a key, whatever its template gives.
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Guards {
    pub(super) default: Option<Text>,
    pub(super) allowed: Option<Arc<Allowed>>,
    /// What the rules annotation alone allows.
    pub(super) own_allowed: Option<Arc<Allowed>>,
    pub(super) is_narrowed: bool,
}

impl Guards {
    /// As they are kept: most keys have none.
    pub(super) fn kept(self) -> Option<Box<Guards>> {
        (self != Guards::default()).then(|| Box::new(self))
    }
}

impl KeyRule {
    /// What stands in where the template gives nothing that can be written.
    pub fn default(&self) -> Option<&Text> {
        self.guards.as_ref()?.default.as_ref()
    }

    /// The only values that are written.
    pub fn allowed(&self) -> Option<&BTreeSet<Box<str>>> {
        self.guards.as_ref()?.allowed.as_deref()
    }

    /// Whether the defaults of the cluster say what those are, too.
    pub fn is_narrowed(&self) -> bool {
        self.guards.as_ref().is_some_and(|guards| guards.is_narrowed)
    }

    /// What its rules annotation alone allows: that binds a value that others wrote, too. The defaults never
    /// touch what is there.
    pub fn own_allowed(&self) -> Option<&BTreeSet<Box<str>>> {
        self.guards.as_ref()?.own_allowed.as_deref()
    }

    /// Whether `value` may be written as far as `allowed` goes.
    pub fn allows(&self, value: &str) -> bool {
        self.allowed().is_none_or(|allowed| allowed.contains(value))
    }
}
