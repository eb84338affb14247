//! The words for what came of a request and of its keys.

use crate::engine::reason::Reason;
use crate::words::words;

words! {
    /// What came of one admission request.
    pub enum AdmissionOutcome {
        /// The Task got at least one key, or lost one that would have had it refused.
        Patched = "patched",
        /// Nothing had to change, and nothing was skipped; of a spawner there is nothing to say.
        Unchanged = "unchanged",
        /// No key changed, but at least one was skipped with a reason worth a warning.
        Skipped = "skipped",
        /// The Task has no TaskSpawner.
        NoOwner = "no_owner",
        /// The Task names a TaskSpawner that is not known.
        UnknownOwner = "unknown_owner",
        /// The Namespace, the spawner or the Task switches injection off.
        Disabled = "disabled",
        /// The Namespace is switched to `audit`: all was worked out and nothing was changed.
        Audited = "audited",
        /// The request is not the creation of a Task.
        NotATask = "not_a_task",
        /// The spawner has something wrong: allowed with warnings.
        Warned = "warned",
        /// The request is neither the creation nor a change of a spawner.
        NotASpawner = "not_a_spawner",
        /// The request has a uid, but could not be understood: allowed with a warning.
        NotUnderstood = "not_understood",
        /// The request has more labels, owners or groups than an API server could store: allowed with a
        /// warning.
        Oversized = "oversized",
        /// The request was no AdmissionReview with a uid, or came by the wrong method or type.
        BadRequest = "bad_request",
        /// The body was larger than an AdmissionReview can be.
        TooLarge = "too_large",
        /// Something that the Task needs is not known yet, or templates of others are being rendered. A
        /// spawner was not looked at, because too many of its namespace wait: allowed without a word.
        Unavailable = "unavailable",
        /// Too many requests at once, or too many large ones.
        Overloaded = "overloaded",
        /// The client went away before the answer was there.
        Abandoned = "abandoned",
        /// A bug: the handler panicked, and the client got a 500.
        Panic = "panic",
    }
}

/// What came of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyOutcomeLabel {
    /// It was written as its template said.
    Applied,
    /// What was there would have had the Task refused, and was repaired or removed.
    Repaired,
    /// Its `default` was written.
    Defaulted,
    /// It was not written, for this reason.
    Skipped(Reason),
}

impl KeyOutcomeLabel {
    /// Every outcome.
    pub const ALL: [KeyOutcomeLabel; 3 + Reason::ALL.len()] = {
        let mut all = [KeyOutcomeLabel::Applied; 3 + Reason::ALL.len()];
        all[1] = KeyOutcomeLabel::Repaired;
        all[2] = KeyOutcomeLabel::Defaulted;
        let mut i = 0;
        while i < Reason::ALL.len() {
            all[3 + i] = KeyOutcomeLabel::Skipped(Reason::ALL[i]);
            i += 1;
        }
        all
    };

    /// The place of this outcome in [`KeyOutcomeLabel::ALL`].
    pub(super) fn index(self) -> usize {
        match self {
            KeyOutcomeLabel::Applied => 0,
            KeyOutcomeLabel::Repaired => 1,
            KeyOutcomeLabel::Defaulted => 2,
            KeyOutcomeLabel::Skipped(reason) => 3 + reason as usize,
        }
    }

    /// The label value.
    pub fn as_str(self) -> &'static str {
        match self {
            KeyOutcomeLabel::Applied => "applied",
            KeyOutcomeLabel::Repaired => "repaired",
            KeyOutcomeLabel::Defaulted => "defaulted",
            KeyOutcomeLabel::Skipped(reason) => reason.as_str(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_places() {
        for (place, outcome) in KeyOutcomeLabel::ALL.into_iter().enumerate() {
            assert_eq!(outcome.index(), place);
        }
    }

    #[test]
    fn words_are_unique() {
        let mut words: Vec<&str> = AdmissionOutcome::ALL.iter().map(|o| o.as_str()).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), AdmissionOutcome::ALL.len());
    }
}
