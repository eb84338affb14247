//! A TaskSpawner with its rules, or the least that has to be known of one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use super::why::Why;
use crate::engine::kelos::{INJECTION_SETTING, Owner, TaskSpawner};
use crate::engine::reason::Reason;
use crate::engine::rules::{Policy, Rules, Shared};

/// The least that has to be known of a TaskSpawner.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sketch {
    pub(super) uid: Option<Box<str>>,
    /// Whether it switches injection off.
    pub(super) is_disabled: bool,
    /// Whether it has rules that it could miss.
    pub(super) asks_for_something: bool,
}

/// A TaskSpawner with its rules.
#[derive(Debug)]
pub struct CompiledSpawner {
    /// The TaskSpawner, and what it asks for.
    pub rules: Rules,
    /// The reasons told so far, a bit each, for each key of the rules, and last for all other keys.
    told: Box<[AtomicU16]>,
}

impl CompiledSpawner {
    pub(super) fn new(rules: Rules) -> CompiledSpawner {
        let told = (0..=rules.keys.len()).map(|_| AtomicU16::new(0)).collect();
        CompiledSpawner { rules, told }
    }

    /// What stands in for the rules of a TaskSpawner that there is no room for: it says so, if there are any.
    pub(super) fn refused(
        namespace: &str,
        owner: &Owner<'_>,
        sketch: &Sketch,
        why: Why,
        policy: &Policy,
    ) -> CompiledSpawner {
        let mut spawner = TaskSpawner { makes: owner.shape, ..TaskSpawner::default() };
        spawner.metadata.namespace = namespace.into();
        spawner.metadata.name = owner.name.into();
        spawner.metadata.uid = sketch.uid.as_deref().map(Into::into);
        let spawner = Arc::new(spawner);
        if !sketch.asks_for_something {
            // It misses nothing, so its Tasks hear nothing.
            let rules = Rules::compile(spawner, policy, &mut Shared::default());
            return CompiledSpawner::new(rules);
        }
        let rules = Rules::refused(spawner, why.to_string(), policy);
        CompiledSpawner::new(Rules { is_disabled: sketch.is_disabled, ..rules })
    }

    /// Whether this is the first time since the TaskSpawner changed that its key of this number is
    /// skipped for this reason. Keys behind those of the rules are told as one.
    pub fn is_first(&self, key: usize, reason: Reason) -> bool {
        let bit = 1 << reason as u16;
        let told = self.told.get(key).or(self.told.last());
        told.is_some_and(|told| told.fetch_or(bit, Ordering::Relaxed) & bit == 0)
    }

    /// Whether this is the TaskSpawner that a Task means.
    pub(super) fn is(&self, owner: &Owner<'_>) -> bool {
        is_same(owner.uid, self.rules.spawner.metadata.uid.as_deref())
    }
}

impl Sketch {
    pub(super) fn of(spawner: &TaskSpawner) -> Sketch {
        let switch = spawner.metadata.annotations.get(INJECTION_SETTING);
        Sketch {
            uid: spawner.metadata.uid.as_deref().map(Box::from),
            is_disabled: switch.is_some_and(|value| value == "disabled"),
            asks_for_something: spawner.asks_for_something(),
        }
    }

    /// Whether its team should hear that there is no room for its rules.
    pub(super) fn would_miss_rules(&self) -> bool {
        self.asks_for_something && !self.is_disabled
    }
}

/// Whether two uids are the same as far as both sides have one.
pub(super) fn is_same(one: Option<&str>, other: Option<&str>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    }
}
