//! What may be written for the Pod of a Task.
//!
//! Kelos makes the Job later, and one that the API server refuses hangs without a word: so nothing is
//! written that it refuses. Where a value decides what runs where, a stranger's text must not choose it.

use super::kelos::{KUEUE, Shape};
use super::reason::Reason;
use super::skip::Skip;
use crate::apimachinery::{self, Kind};

/// The labels that Kelos gives the Job and the Pod of a Task (v0.29 and later), or the StatefulSet and the Pod of a
/// Session, whatever that says. A Session whose name is too long for a label has its uid there, which is not known before
/// it is created.
pub fn labels_of_kelos(shape: Shape, name: &str) -> impl Iterator<Item = (&'static str, &str)> {
    let is_known = shape == Shape::Task || apimachinery::value(Kind::Label, name).is_ok();
    let of_name = is_known.then_some((shape.name_label(), name));
    [
        ("kelos.dev/name", "kelos"),
        ("kelos.dev/component", shape.component()),
        ("kelos.dev/managed-by", "kelos-controller"),
    ]
    .into_iter()
    .chain(of_name)
}

/// Whether a key may only have values that who writes the rules has chosen: a template without an action,
/// or the key's `allowed` list.
pub(super) fn needs_choice(kind: Kind, key: &str) -> bool {
    kind == Kind::NodeSelector || (kind == Kind::PodLabel && is_of_kueue(key))
}

/// Why such a key is not rendered.
pub(super) fn not_chosen(kind: Kind) -> Skip {
    let what = match kind {
        Kind::NodeSelector => "nodes",
        Kind::Label | Kind::Annotation | Kind::PodLabel => "a queue",
    };
    let message = format!("a template without `allowed` can't choose {what}");
    Skip::new(Reason::NotAllowed, message).hint("list the values in `allowed`, or write one out")
}

/// Checks a value as the API server and Kueue do.
///
/// # Errors
///
/// What is wrong with it, as `invalid_value`.
pub(super) fn check_value(kind: Kind, key: &str, value: &str) -> Result<(), Skip> {
    if let Err(error) = apimachinery::value(kind, value) {
        return Err(Skip::new(Reason::InvalidValue, error.to_string()).hint(error.hint()));
    }
    if kind == Kind::PodLabel && is_of_kueue(key) && !apimachinery::is_object_name(value) {
        let message = "Kueue names are DNS subdomains: lower-case letters, digits, `-` and `.`";
        return Err(Skip::new(Reason::InvalidValue, message));
    }
    Ok(())
}

fn is_of_kueue(key: &str) -> bool {
    key.strip_prefix(KUEUE).is_some_and(|rest| rest.starts_with('/'))
}
