//! What a Task says of its Pod.

use super::{Found, Merge, keep};
use crate::engine::candidate::Candidate;
use crate::engine::decision::KeyOutcome;
use crate::engine::reason::Reason;
use crate::engine::rules::{KeyRule, Refusal};
use crate::engine::skip::Skip;

impl<'r> Merge<'_, 'r, '_> {
    /// Looks at what the Task says of its Pod: Kelos rendered nothing of it, so it is not ours to repair.
    pub(super) fn find_of_pod(&self, rule: &'r KeyRule, ours: &Candidate) -> Found {
        let has_refused_key = |refusal: &Refusal| {
            matches!(refusal.error.reason, Reason::Protected | Reason::InvalidKey)
        };
        match (&rule.plan, self.task.pod_place()) {
            (Err(refusal), _) if has_refused_key(refusal) => {
                Found::Settled(KeyOutcome::Skipped(refusal.error.clone()))
            }
            (_, Err(error)) => {
                let skip = Skip::new(Reason::Unsupported, error.to_string());
                Found::Settled(KeyOutcome::Skipped(skip))
            }
            (_, Ok(_)) => match self.task.get(rule.kind, rule.key()) {
                Some(value) => Found::Settled(keep(self.task.shape(), rule, value, ours)),
                None => Found::Absent { removed: None },
            },
        }
    }
}
