//! Lints the objects that were read.

use super::object::Read;
use crate::engine::lint::{Finding, Surroundings, lint};

/// What lint says of all objects.
pub(super) struct Judged {
    /// The findings, each with the number of its object.
    pub(super) findings: Vec<(usize, Finding)>,
    /// The objects that are none: the API server would refuse them, too.
    pub(super) refused: Vec<(usize, String)>,
}

/// Lints all objects.
pub(super) fn all(read: &Read, around: &Surroundings<'_>) -> Judged {
    let mut judged = Judged { findings: Vec::new(), refused: Vec::new() };
    for (number, object) in read.objects.iter().enumerate() {
        let budgets = read.budgets.as_ref();
        let budgets = budgets.map(|all| all.get(&*object.namespace).map_or(&[][..], |it| it));
        let around = Surroundings { budgets, ..*around };
        match lint(object.makes, &object.json, &around) {
            Ok(findings) => judged.findings.extend(findings.into_iter().map(|it| (number, it))),
            Err(error) => judged.refused.push((number, without_place(&error))),
        }
    }
    judged
}

/// What serde says, without a place in JSON that nobody has written.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).map(str::to_owned).unwrap_or(text)
}
