//! Labels that Kelos took for a text.
//!
//! In Kelos `.Labels` is the text `a, b`, so the Kelos field (v0.25 and later) renders `{{index .Labels
//! 0}}` to the number of a byte: "112" for `priority/high`. That is never what was meant. Where a template
//! is that and nothing else, such a number is taken for a byte: if the labels are known, that byte; if not,
//! any, for sources whose labels are a text for certain.

use crate::engine::kelos::{Task, TaskSpawner};
use crate::engine::rules::{DeclaredIn, KeyRule, Rules};
use crate::engine::sources::has_labels_as_text;
use crate::templates::value::{Map, Text};

/// The variable in question.
const LABELS: &str = "Labels";

/// Looks for what the Kelos field printed of `.Labels` as a text.
#[derive(Debug)]
pub(in crate::engine) struct ByteNumbers<'b, 't> {
    task: &'b Task<'t>,
    spawner: &'b TaskSpawner,
    /// The text, if the labels are known.
    labels: Option<&'b Text>,
}

impl<'b, 't> ByteNumbers<'b, 't> {
    /// Looks at the variables of a Task.
    pub(in crate::engine) fn of(
        task: &'b Task<'t>,
        rules: &'b Rules,
        variables: &'b Map,
    ) -> ByteNumbers<'b, 't> {
        let labels = variables.get(LABELS).and_then(|labels| labels.as_text());
        ByteNumbers { task, spawner: &rules.spawner, labels }
    }

    /// Whether the Kelos field gave this value because `.Labels` is a text there.
    pub(super) fn has(&self, rule: &KeyRule, value: &str) -> bool {
        let template =
            rule.plan.as_ref().ok().filter(|_| rule.declared_in == DeclaredIn::KelosField);
        let element = template.and_then(|template| template.as_element());
        let Some((_, at)) = element.filter(|(name, _)| *name == LABELS) else { return false };
        // As Go prints it, in what white space the template has around it.
        let value = value.trim();
        let number = value.parse::<u8>().ok().filter(|number| number.to_string() == value);
        number.is_some_and(|number| match self.labels {
            Some(labels) => labels.as_bytes().get(at) == Some(&number),
            None => has_labels_as_text(self.task, self.spawner),
        })
    }
}
