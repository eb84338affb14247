//! What the marks of a Task tell of its keys, read back.

use crate::apimachinery::Kind;
use crate::engine::kelos::{DEFAULTED_MARK, RENDERED_FROM_MARK, SKIPPED_MARK, Task};
use crate::words::words;

words! {
    /// Which mark tells it.
    pub enum ToldAs {
        /// The key was skipped.
        Skipped = "skipped",
        /// It has its default.
        Defaulted = "defaulted",
    }
}

/// What a mark tells of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldKey {
    /// Which mark.
    pub told_as: ToldAs,
    /// What the key belongs to.
    pub kind: Kind,
    /// The key; `?` for one that could be taken for something else in the list.
    pub key: String,
    /// The word of the reason, whatever version of ours wrote it.
    pub reason: String,
    /// The variable that was missing.
    pub variable: Option<String>,
}

/// What the marks of a Task tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The rules that it was rendered from, `NAME@HASH`.
    pub rendered_from: Option<String>,
    /// The keys, in the order of the marks.
    pub keys: Vec<ToldKey>,
    /// How many keys there was no room for.
    pub more: usize,
}

/// Reads the marks of a Task. What is no word of ours in them is passed over.
pub fn told(task: &Task<'_>) -> Told {
    let mark = |key| task.get(Kind::Annotation, key);
    let mut told =
        Told { rendered_from: mark(RENDERED_FROM_MARK).map(str::to_owned), ..Told::default() };
    for (told_as, key) in [(ToldAs::Skipped, SKIPPED_MARK), (ToldAs::Defaulted, DEFAULTED_MARK)] {
        for item in mark(key).unwrap_or_default().split(',') {
            let more = item.strip_prefix('+').and_then(|it| it.strip_suffix(" more"));
            told.more += more.and_then(|it| it.parse::<usize>().ok()).unwrap_or_default();
            told.keys.extend(told_key(told_as, item));
        }
    }
    told
}

/// `KIND:KEY=REASON`, and the variable in parentheses.
fn told_key(told_as: ToldAs, item: &str) -> Option<ToldKey> {
    let (kind, rest) = item.split_once(':')?;
    let (key, reason) = rest.split_once('=')?;
    let (reason, variable) = match reason.strip_suffix(')').and_then(|it| it.split_once('(')) {
        Some((reason, variable)) => (reason, Some(variable)),
        None => (reason, None),
    };
    Some(ToldKey {
        told_as,
        kind: kind.parse().ok()?,
        key: key.to_owned(),
        reason: reason.to_owned(),
        variable: variable.map(str::to_owned),
    })
}

impl Told {
    /// What is told of a key.
    pub fn of(&self, kind: Kind, key: &str) -> Option<&ToldKey> {
        self.keys.iter().find(|told| told.kind == kind && told.key == key)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::decision::{KeyDecision, KeyOutcome, skipped_list};
    use crate::engine::reason::Reason;
    use crate::engine::rules::DeclaredIn;
    use crate::engine::skip::Skip;

    fn task_with(skipped: &str, defaulted: &str) -> String {
        json!({"metadata": {"annotations": {
            RENDERED_FROM_MARK: "w@0123abcd", SKIPPED_MARK: skipped, DEFAULTED_MARK: defaulted,
        }}})
        .to_string()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let keys = ["a", "example.com/b", "with space"];
        let decisions: Vec<KeyDecision<'_>> = keys
            .iter()
            .map(|key| {
                let skip = Skip {
                    variable: Some(".Labels".into()),
                    ..Skip::new(Reason::MissingVariable, "it is not known")
                };
                let declared_in = Some(DeclaredIn::RulesAnnotation);
                KeyDecision {
                    kind: Kind::PodLabel,
                    key,
                    declared_in,
                    outcome: KeyOutcome::Skipped(skip),
                }
            })
            .collect();
        let json = task_with(&skipped_list(&decisions, 1024), "label:c=not_allowed");
        let task = Task::parse(&json).unwrap();
        let told = told(&task);
        assert_eq!(told.rendered_from.as_deref(), Some("w@0123abcd"));
        let names: Vec<_> = told.keys.iter().map(|it| &*it.key).collect();
        assert_eq!(names, ["a", "example.com/b", "?", "c"]);
        let first = told.of(Kind::PodLabel, "a").unwrap();
        assert_eq!(
            (&*first.reason, first.variable.as_deref()),
            ("missing_variable", Some(".Labels"))
        );
        assert_eq!(told.of(Kind::Label, "c").unwrap().told_as, ToldAs::Defaulted);
        assert_eq!(told.of(Kind::Label, "a"), None);

        let json = task_with(&skipped_list(&decisions, 80), "");
        assert_eq!(super::told(&Task::parse(&json).unwrap()).more, 2);
    }

    #[test]
    fn what_somebody_else_wrote_there_is_passed_over() {
        for text in ["", ",", "x", "label:=", "label:a", "pod:a=b", "+x more", "+1 mores", "a=b:c"]
        {
            let json = task_with(text, "");
            let told = told(&Task::parse(&json).unwrap());
            let keys: Vec<_> = told.keys.iter().map(|it| &*it.key).collect();
            assert!(keys.is_empty() || keys == [""], "{text}: {told:?}");
            assert_eq!(told.more, 0, "{text}");
        }
    }
}
