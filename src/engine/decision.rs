//! What was decided for a Task, and why.

use json_patch::{Patch, PatchOperation};

use super::patch::Operation;
use super::reason::Reason;
use super::rules::DeclaredIn;
use crate::apimachinery::Kind;
use crate::engine::skip::Skip;
use crate::templates::value::Text;

/// What is to be done to a Task, and why.
#[derive(Debug, Default)]
pub struct Decision<'r> {
    /// The operations of the patch; none if nothing is to be done.
    pub operations: Vec<Operation<'r>>,
    /// What became of each key: labels first, in key order; then labels that were copied, and rules
    /// annotations that do not parse.
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

impl Decision<'_> {
    /// The patch.
    pub fn patch(&self) -> Patch {
        Patch(self.operations.iter().map(PatchOperation::from).collect())
    }
}

/// What became of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyDecision<'r> {
    /// What the key belongs to.
    pub kind: Kind,
    /// The key; of a rules annotation that does not parse, the rules annotation's name.
    pub key: &'r str,
    /// Where the value comes from; nothing for a rules annotation itself.
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
    Applied(Text),
    /// It was there with a value that could not stay, and has this one now.
    Repaired(Text),
    /// It is written with its `default`, whatever was there.
    Defaulted(Text, Cause),
    /// It is not written, or was removed.
    Skipped(Skip),
}

/// Why a `default` stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The template gave an empty text: the normal use of a `default`.
    Empty,
    /// What the key would have been skipped for.
    Failed(Skip),
}

impl Cause {
    /// The word for it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Cause::Empty => "empty",
            Cause::Failed(skip) => skip.reason.as_str(),
        }
    }
}

impl KeyOutcome {
    /// The word for it; of a skipped key, its reason.
    pub fn as_str(&self) -> &'static str {
        match self {
            KeyOutcome::Kept => "kept",
            KeyOutcome::Applied(_) => "applied",
            KeyOutcome::Repaired(_) => "repaired",
            KeyOutcome::Defaulted(..) => "defaulted",
            KeyOutcome::Skipped(skip) => skip.reason.as_str(),
        }
    }
}

impl KeyDecision<'_> {
    /// Why the key was skipped, if its team should hear of it.
    pub fn news_skip(&self) -> Option<&Skip> {
        match &self.outcome {
            // Who wrote defaults for all can't know which Tasks have a Pod of their own.
            KeyOutcome::Skipped(skip) if skip.reason == Reason::Unsupported => {
                Some(skip).filter(|_| self.declared_in == Some(DeclaredIn::RulesAnnotation))
            }
            KeyOutcome::Skipped(skip) => Some(skip).filter(|skip| skip.reason.is_news()),
            _ => None,
        }
    }

    /// Why its `default` stands in, if its team should hear of it.
    pub fn news_default(&self) -> Option<&Skip> {
        match &self.outcome {
            KeyOutcome::Defaulted(_, Cause::Failed(skip)) => Some(skip),
            _ => None,
        }
    }

    /// The value that is written, if one is.
    pub fn written(&self) -> Option<&str> {
        match &self.outcome {
            KeyOutcome::Applied(value)
            | KeyOutcome::Repaired(value)
            | KeyOutcome::Defaulted(value, _) => Some(value),
            KeyOutcome::Kept | KeyOutcome::Skipped(_) => None,
        }
    }
}

/// The longest key that is valid: a prefix of 253 bytes, a slash, a name of 63.
const KEY_BYTES: usize = 317;

/// What would become of each key that is not as it should be, as `KIND:KEY=OUTCOME,…` in at most `limit`
/// bytes.
pub fn outcome_list(decisions: &[KeyDecision<'_>], limit: usize) -> String {
    let news = decisions.iter().filter(|it| it.outcome != KeyOutcome::Kept);
    listed(news.map(|it| (it.kind, it.key, it.outcome.as_str(), None)), limit)
}

/// The skipped keys that are news, as a [list](listed) of at most `limit` bytes.
pub fn skipped_list(decisions: &[KeyDecision<'_>], limit: usize) -> String {
    listed(decisions.iter().filter_map(|it| Some(item(it, it.news_skip()?))), limit)
}

/// The keys whose `default` is news, as a [list](listed) of at most `limit` bytes.
pub fn defaulted_list(decisions: &[KeyDecision<'_>], limit: usize) -> String {
    listed(decisions.iter().filter_map(|it| Some(item(it, it.news_default()?))), limit)
}

/// A key of a list: the word for what became of it, and the variable that was missing.
pub(super) type Item<'i> = (Kind, &'i str, &'i str, Option<&'i str>);

fn item<'i>(decision: &'i KeyDecision<'_>, skip: &'i Skip) -> Item<'i> {
    (decision.kind, decision.key, skip.reason.as_str(), skip.variable.as_deref())
}

/// `KIND:KEY=REASON,…`, the missing variable in parentheses behind its reason; where not all fit, the end
/// says how many more there are. A key that could be taken for something else of such a list is `?`:
/// whoever reads it can split it at commas.
pub(super) fn listed<'i>(items: impl Iterator<Item = Item<'i>>, limit: usize) -> String {
    /// Room for `,+NNNN more`.
    const TAIL_BYTES: usize = 16;
    /// What most lists need.
    const LIST_BYTES: usize = 128;
    let (mut list, mut ends, mut count) = (String::new(), Vec::new(), 0);
    for (kind, key, word, variable) in items {
        count += 1;
        if list.is_empty() {
            list.reserve(LIST_BYTES);
        }
        if list.len() <= limit {
            let comma = if list.is_empty() { "" } else { "," };
            let key = if is_plain_key(key) { key } else { "?" };
            list.extend([comma, kind.as_str(), ":", key, "=", word]);
            if let Some(variable) = variable {
                list.extend(["(", variable, ")"]);
            }
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
