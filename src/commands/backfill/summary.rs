//! What was written, and what was not.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::super::counted::{by_count, counted};
use super::super::harmless;
use super::plan::Plan;
use crate::cluster::Error;

/// How many different refusals are told apart.
const MOST_REFUSALS: usize = 20;

/// How it went with the objects of a kind.
#[derive(Debug, Default, Serialize)]
pub(super) struct Tally {
    /// What was written, or would be.
    pub(super) written: usize,
    /// What had what it should have.
    pub(super) right: usize,
    /// What others changed again and again meanwhile.
    pub(super) conflicts: usize,
    /// What was deleted meanwhile.
    pub(super) gone: usize,
    /// What waits for `--yes`.
    pub(super) held_back: usize,
    /// What the API server refused.
    pub(super) refused: usize,
}

/// A refusal of the API server, in its own words.
#[derive(Debug, Serialize)]
pub(super) struct Refusal {
    count: usize,
    example: String,
    message: String,
}

/// How it went.
#[derive(Debug, Default, Serialize)]
pub(super) struct Summary {
    pub(super) tasks: Tally,
    pub(super) records: Tally,
    /// How many keys of these are left because a person or another field manager has them.
    pub(super) held_keys: usize,
    /// How many keys are left that the rules no longer give.
    pub(super) kept_keys: usize,
    /// How many Tasks are left because their Namespace is switched to `audit`.
    pub(super) audited: usize,
    /// How many Tasks have ended without a word of what they have used: then Kelos makes no TaskRecord.
    pub(super) without_usage: usize,
    /// The labels that a TaskBudget selects on and that are changed where that matters.
    pub(super) budgeted_labels: BTreeSet<String>,
    /// How many objects these are.
    pub(super) budgeted: usize,
    /// By status and reason.
    #[serde(serialize_with = "values")]
    pub(super) refusals: BTreeMap<(u16, String), Refusal>,
    /// Whether it was stopped before the end.
    pub(super) interrupted: bool,
}

fn values<S: serde::Serializer>(
    refusals: &BTreeMap<(u16, String), Refusal>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(refusals.values())
}

impl Summary {
    /// Takes what a plan leaves as it is, and what it changes that is counted by.
    pub(super) fn note(&mut self, plan: &Plan) {
        self.held_keys += plan.held;
        self.kept_keys += plan.kept;
        if !plan.budgeted.is_empty() {
            self.budgeted += 1;
            self.budgeted_labels.extend(plan.budgeted.iter().cloned());
        }
    }

    /// Takes what the API server says of an object.
    pub(super) fn refused(&mut self, name: &str, error: &Error) {
        let Error::Api(status) = error else { return };
        let key = (status.code, status.reason.clone());
        if self.refusals.len() == MOST_REFUSALS && !self.refusals.contains_key(&key) {
            return;
        }
        let first =
            || Refusal { count: 0, example: name.to_owned(), message: status.message.clone() };
        self.refusals.entry(key).or_insert_with(first).count += 1;
    }

    /// Whether something that should be written was not.
    pub(super) fn is_incomplete(&self) -> bool {
        let left = |it: &Tally| it.conflicts + it.held_back + it.refused;
        left(&self.tasks) + left(&self.records) > 0
    }

    /// The labels, for a sentence.
    pub(super) fn budgeted_labels(&self) -> String {
        const SHOWN: usize = 5;
        let shown: Vec<&str> =
            self.budgeted_labels.iter().take(SHOWN).map(String::as_str).collect();
        let more = self.budgeted_labels.len() - shown.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{more}", shown.join(", "))
    }

    /// How it went, in sentences.
    pub(super) fn sentences(&self, records: bool) -> Vec<String> {
        let mut said = vec![tally(&self.tasks, "Task")];
        if records {
            said.push(tally(&self.records, "TaskRecord"));
        }
        said.extend(self.unmeasured());
        for Refusal { count, example, message } in self.refusals.values() {
            let objects = counted(*count, "object");
            let message = harmless::line(message);
            said.push(format!("{objects} refused (for one, {example}): {message}"));
        }
        said.extend(self.left());
        if self.tasks.held_back + self.records.held_back > 0 {
            let labels = self.budgeted_labels();
            said.push(format!(
                "A TaskBudget selects on what would change there ({labels}), and nobody was asked: --yes writes them"
            ));
        }
        if self.interrupted {
            said.push("Stopped before the end: the same command goes on from here".to_owned());
        }
        said
    }

    /// That Tasks have no TaskRecords.
    pub(super) fn unmeasured(&self) -> Option<String> {
        let tasks = counted(self.without_usage, "ended Task");
        (self.without_usage > 0).then(|| {
            format!("{tasks} without status.usage: Kelos makes no TaskRecord of such, and none was looked for")
        })
    }

    /// What is left as it is.
    pub(super) fn left(&self) -> Vec<String> {
        let left = [
            (self.held_keys, "key", ": a person or another field manager has ", ["it", "them"]),
            (
                self.kept_keys,
                "key",
                " that the rules no longer give: --prune removes ",
                ["it", "them"],
            ),
            (self.audited, "Task", ": the Namespace is switched to audit", [""; 2]),
        ];
        let left = left.into_iter().filter(|(count, ..)| *count > 0);
        let said = left.map(|(count, noun, why, [one, other])| {
            format!("{} left{why}{}", counted(count, noun), by_count(count, one, other))
        });
        said.collect()
    }
}

fn tally(tally: &Tally, noun: &str) -> String {
    let Tally { written, right, conflicts, gone, held_back, refused } = tally;
    let mut said = format!("{} written, {right} already right", counted(*written, noun));
    for (count, what) in [
        (
            conflicts,
            by_count(
                *conflicts,
                "given up: others kept changing it",
                "given up: others kept changing them",
            ),
        ),
        (refused, "refused by the API server"),
        (held_back, "held back"),
        (gone, "gone meanwhile"),
    ] {
        if *count > 0 {
            said.push_str(&format!(", {count} {what}"));
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_says_what_became_of_each() {
        let mut summary = Summary::default();
        assert_eq!(summary.sentences(false), ["0 Tasks written, 0 already right"]);
        assert!(!summary.is_incomplete());
        summary.tasks =
            Tally { written: 1, right: 2, conflicts: 3, gone: 4, held_back: 5, refused: 6 };
        (summary.held_keys, summary.kept_keys, summary.interrupted) = (1, 2, true);
        summary.without_usage = 2;
        summary.budgeted_labels = ["a", "b", "c", "d", "e", "f"].map(str::to_owned).into();
        let message = "a policy\n::error::says\u{1b}[2J no".to_owned();
        let refusal = Refusal { count: 6, example: "ns/a".to_owned(), message };
        summary.refusals.insert((422, "Invalid".to_owned()), refusal);
        let expected = [
            "1 Task written, 2 already right, 3 given up: others kept changing them, 6 refused by the API server, \
             5 held back, 4 gone meanwhile",
            "0 TaskRecords written, 0 already right",
            "2 ended Tasks without status.usage: Kelos makes no TaskRecord of such, and none was looked for",
            "6 objects refused (for one, ns/a): a policy\\n::error::says\\u{1b}[2J no",
            "1 key left: a person or another field manager has it",
            "2 keys left that the rules no longer give: --prune removes them",
            "A TaskBudget selects on what would change there (a, b, c, d, e and 1 more), and nobody was asked: --yes \
             writes them",
            "Stopped before the end: the same command goes on from here",
        ];
        assert_eq!(summary.sentences(true), expected);
        assert!(summary.is_incomplete());
    }
}
