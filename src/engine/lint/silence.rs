//! Rules that a team, or who calls, does not want to hear of.

use std::collections::BTreeSet;

use super::finding::{Field, Finding, Rule, Severity, shortened};
use super::view::View;
use super::{Lint, Surroundings};
use crate::engine::kelos::LINT_ALLOW_SETTING;
use crate::templates::suggest::meant;

/// Tells of names in the annotation that are no rule's: they silence nothing.
pub(super) fn look(lint: &mut Lint<'_>) {
    for name in names(lint.view).filter(|name| name.parse::<Rule>().is_err()) {
        unknown(lint, name);
    }
}

/// The rules that nothing is told of.
pub(super) fn silent(around: &Surroundings<'_>, view: &View) -> BTreeSet<Rule> {
    let named = names(view).filter_map(|name| name.parse().ok());
    around.allowed.iter().copied().chain(named).collect()
}

/// The names in the annotation of the object.
fn names(view: &View) -> impl Iterator<Item = &str> {
    let annotation = view.metadata.annotations.get(LINT_ALLOW_SETTING);
    let names = annotation.map(String::as_str).unwrap_or_default();
    names.split(',').map(str::trim).filter(|it| !it.is_empty())
}

fn unknown(lint: &mut Lint<'_>, name: &str) {
    let field = Field::of(&["metadata", "annotations", LINT_ALLOW_SETTING]);
    let text = format!("lint has no rule `{}`", shortened(name));
    let finding = Finding::new(Rule::UnknownSetting, Severity::Warning, field, text);
    let help = meant(name, Rule::ALL.map(Rule::as_str))
        .unwrap_or_else(|| "docs/lint.md has a section for each".to_owned());
    lint.add(finding.help(help));
}
