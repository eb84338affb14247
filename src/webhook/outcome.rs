//! The closed sets that may stand in a label.

use std::fmt::Write;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};

use crate::apimachinery::Kind;
use crate::engine::reason::Reason;

/// What came of one admission request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The Task got at least one key, or lost one that would have had it refused.
    Patched,
    /// Nothing had to change, and nothing was skipped.
    Unchanged,
    /// No key changed, but at least one was skipped with a reason worth a warning.
    Skipped,
    /// The Task has no TaskSpawner.
    NoOwner,
    /// The Task names a TaskSpawner that is not known.
    UnknownOwner,
    /// The Namespace, the TaskSpawner or the Task switches injection off.
    Disabled,
    /// The Namespace is switched to `audit`: all was worked out and nothing was changed.
    Audited,
    /// The request is not the creation of a Task.
    NotATask,
    /// The request has a uid, but could not be understood: allowed with a warning.
    NotUnderstood,
    /// The request has more labels, owners or groups than an API server could store: allowed with a
    /// warning.
    Oversized,
    /// The request was no AdmissionReview with a uid, or came by the wrong method or type.
    BadRequest,
    /// The body was larger than an AdmissionReview can be.
    TooLarge,
    /// Something that the Task needs is not known yet, or templates of others are being rendered.
    Unavailable,
    /// Too many requests at once, or too many large ones.
    Overloaded,
    /// The client went away before the answer was there.
    Abandoned,
    /// A bug: the handler panicked, and the client got a 500.
    Panic,
}

impl Outcome {
    /// Every outcome, in the order of their numbers.
    pub const ALL: [Outcome; 16] = [
        Outcome::Patched,
        Outcome::Unchanged,
        Outcome::Skipped,
        Outcome::NoOwner,
        Outcome::UnknownOwner,
        Outcome::Disabled,
        Outcome::Audited,
        Outcome::NotATask,
        Outcome::NotUnderstood,
        Outcome::Oversized,
        Outcome::BadRequest,
        Outcome::TooLarge,
        Outcome::Unavailable,
        Outcome::Overloaded,
        Outcome::Abandoned,
        Outcome::Panic,
    ];

    /// The label value.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Patched => "patched",
            Outcome::Unchanged => "unchanged",
            Outcome::Skipped => "skipped",
            Outcome::NoOwner => "no_owner",
            Outcome::UnknownOwner => "unknown_owner",
            Outcome::Disabled => "disabled",
            Outcome::Audited => "audited",
            Outcome::NotATask => "not_a_task",
            Outcome::NotUnderstood => "not_understood",
            Outcome::Oversized => "oversized",
            Outcome::BadRequest => "bad_request",
            Outcome::TooLarge => "too_large",
            Outcome::Unavailable => "unavailable",
            Outcome::Overloaded => "overloaded",
            Outcome::Abandoned => "abandoned",
            Outcome::Panic => "panic",
        }
    }
}

/// What came of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyOutcome {
    /// It was written as its template said.
    Applied,
    /// What was there would have had the Task refused, and was mended or removed.
    Repaired,
    /// It was not written, for this reason.
    Skipped(Reason),
}

impl KeyOutcome {
    /// Every outcome.
    pub const ALL: [KeyOutcome; 2 + Reason::ALL.len()] = {
        let mut all = [KeyOutcome::Applied; 2 + Reason::ALL.len()];
        all[1] = KeyOutcome::Repaired;
        let mut i = 0;
        while i < Reason::ALL.len() {
            all[2 + i] = KeyOutcome::Skipped(Reason::ALL[i]);
            i += 1;
        }
        all
    };

    /// The place of this outcome in [`KeyOutcome::ALL`].
    pub(super) fn index(self) -> usize {
        match self {
            KeyOutcome::Applied => 0,
            KeyOutcome::Repaired => 1,
            KeyOutcome::Skipped(reason) => 2 + reason as usize,
        }
    }

    /// The label value.
    pub fn as_str(self) -> &'static str {
        match self {
            KeyOutcome::Applied => "applied",
            KeyOutcome::Repaired => "repaired",
            KeyOutcome::Skipped(reason) => reason.as_str(),
        }
    }
}

/// What is watched in the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Watched {
    /// TaskSpawners.
    TaskSpawners,
    /// Workspaces.
    Workspaces,
    /// WorkerPools.
    WorkerPools,
    /// Namespaces.
    Namespaces,
}

impl Watched {
    /// Everything that is watched, in the order of their numbers.
    pub const ALL: [Watched; 4] =
        [Watched::TaskSpawners, Watched::Workspaces, Watched::WorkerPools, Watched::Namespaces];

    /// The label value: the name of the resource.
    pub fn as_str(self) -> &'static str {
        match self {
            Watched::TaskSpawners => "taskspawners",
            Watched::Workspaces => "workspaces",
            Watched::WorkerPools => "workerpools",
            Watched::Namespaces => "namespaces",
        }
    }
}

/// What became of the look-up of an object that the watch had not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LookupResult {
    /// It is there.
    Found,
    /// It is not there, or has another uid.
    NotFound,
    /// It had been looked up a moment before, or the watch showed it in the meantime.
    Remembered,
    /// There was no place, or no answer, in time.
    TimedOut,
    /// The API server refused, or could not be reached.
    Failed,
}

impl LookupResult {
    /// Every result, in the order of their numbers.
    pub const ALL: [LookupResult; 5] = [
        LookupResult::Found,
        LookupResult::NotFound,
        LookupResult::Remembered,
        LookupResult::TimedOut,
        LookupResult::Failed,
    ];

    /// The label value.
    pub fn as_str(self) -> &'static str {
        match self {
            LookupResult::Found => "found",
            LookupResult::NotFound => "not_found",
            LookupResult::Remembered => "remembered",
            LookupResult::TimedOut => "timed_out",
            LookupResult::Failed => "failed",
        }
    }
}

macro_rules! encode_as_str {
    ($($set:ty),*) => {$(
        impl EncodeLabelValue for $set {
            fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
                encoder.write_str(self.as_str())
            }
        }
    )*};
}
encode_as_str!(Outcome, Kind, KeyOutcome, Watched, LookupResult);

/// The labels of `admissions_total`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct AdmissionLabels {
    pub(super) outcome: Outcome,
}

/// The labels of `lookups_total`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct LookupLabels {
    pub(super) result: LookupResult,
}

/// The labels of `watch_age_seconds`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct WatchLabels {
    pub(super) kind: Watched,
}

/// The labels of `keys_total`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct KeyLabels {
    pub(super) kind: Kind,
    pub(super) outcome: KeyOutcome,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_places() {
        for (place, outcome) in Outcome::ALL.into_iter().enumerate() {
            assert_eq!(outcome as usize, place);
        }
        for (place, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, place);
        }
        for (place, watched) in Watched::ALL.into_iter().enumerate() {
            assert_eq!(watched as usize, place);
        }
        for (place, result) in LookupResult::ALL.into_iter().enumerate() {
            assert_eq!(result as usize, place);
        }
        for (place, outcome) in KeyOutcome::ALL.into_iter().enumerate() {
            assert_eq!(outcome.index(), place);
        }
    }

    #[test]
    fn words_are_unique() {
        let mut words: Vec<&str> = Outcome::ALL.iter().map(|o| o.as_str()).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Outcome::ALL.len());
    }
}
