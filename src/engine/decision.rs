//! What was decided for a Task, and why.

use json_patch::Patch;

use super::rules::DeclaredIn;
use crate::apimachinery::Kind;
use crate::engine::skip::Skip;

/// What is to be done to a Task, and why.
#[derive(Debug, Default)]
pub struct Decision<'r> {
    /// The patch; empty if nothing is to be done.
    pub patch: Patch,
    /// What became of each key: labels first, in key order; then rules annotations that do not parse.
    pub keys: Vec<KeyDecision<'r>>,
    /// Whether the Task or its Namespace says that nothing is to be done.
    pub is_exempt: bool,
    /// Whether it had been answered before: it carries our mark.
    pub was_marked: bool,
    /// Whether something was stopped by limits: with others the decision may be another. Where they were a
    /// [share](super::Limits::with_steps), this is all that is said.
    pub has_hit_limits: bool,
    /// The steps that it took.
    pub steps: u64,
    /// The bytes that it built.
    pub bytes: u64,
}

/// What became of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyDecision<'r> {
    /// Label or annotation.
    pub kind: Kind,
    /// The key; of a rules annotation that does not parse, the rules annotation's name.
    pub key: &'r str,
    /// Where the template stands that was rendered; nothing for a rules annotation itself.
    pub declared_in: Option<DeclaredIn>,
    /// What became of it.
    pub outcome: KeyOutcome,
}

/// What became of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyOutcome {
    /// The Task has it already, as it should be.
    Kept,
    /// It is written with this value.
    Applied(String),
    /// It was there with a value that could not stay, and has this one now.
    Repaired(String),
    /// It is not written, or was removed.
    Skipped(Skip),
}

impl KeyDecision<'_> {
    /// Whether the key was skipped with a reason that its team should hear of.
    pub fn is_news_skip(&self) -> bool {
        matches!(&self.outcome, KeyOutcome::Skipped(skip) if skip.reason.is_news())
    }
}

/// The longest key that is valid: a prefix of 253 bytes, a slash, a name of 63.
const KEY_BYTES: usize = 317;

/// The skipped keys that are news, as `KIND:KEY=REASON,…` in at most `limit` bytes; where they do not
/// fit, the end says how many more there are. A key that could be taken for something else of such a
/// list is `?`: whoever reads it can split it at commas.
pub fn skipped_list(outcomes: &[KeyDecision<'_>], limit: usize) -> String {
    /// Room for `,+NNNN more`.
    const TAIL_BYTES: usize = 16;
    let (mut list, mut ends, mut count) = (String::new(), Vec::new(), 0);
    for outcome in outcomes {
        let KeyOutcome::Skipped(skip) = &outcome.outcome else { continue };
        if !skip.reason.is_news() {
            continue;
        }
        count += 1;
        if list.len() <= limit {
            let comma = if list.is_empty() { "" } else { "," };
            let (kind, reason) = (outcome.kind.as_str(), skip.reason.as_str());
            let key = if is_plain_key(outcome.key) { outcome.key } else { "?" };
            list.extend([comma, kind, ":", key, "=", reason]);
            ends.push(list.len());
        }
    }
    if list.len() > limit {
        let fitting = ends.partition_point(|end| end + TAIL_BYTES <= limit);
        list.truncate(fitting.checked_sub(1).map_or(0, |last| ends[last]));
        let comma = if fitting == 0 { "" } else { "," };
        list.push_str(&format!("{comma}+{} more", count - fitting));
    }
    list
}

fn is_plain_key(key: &str) -> bool {
    key.len() <= KEY_BYTES
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'/' | b'_' | b'-'))
}
