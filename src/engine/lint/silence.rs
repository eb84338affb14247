//! Rules that a team, or who calls, does not want to hear of.

use super::Lint;
use super::finding::{Field, Finding, Rule, Severity};
use crate::engine::kelos::LINT_ALLOW_SETTING;
use crate::templates::suggest::meant;

/// Takes out what is not to be told. A name in the annotation that is no rule's silences nothing, and is told.
pub(super) fn look(lint: &mut Lint<'_>) {
    let mut allowed = lint.around.allowed.to_vec();
    let annotation = lint.view.metadata.annotations.get(LINT_ALLOW_SETTING);
    let names = annotation.map(String::as_str).unwrap_or_default();
    let names: Vec<&str> = names.split(',').map(str::trim).filter(|it| !it.is_empty()).collect();
    for name in names {
        match name.parse::<Rule>() {
            Ok(rule) => allowed.push(rule),
            Err(_) => unknown(lint, name),
        }
    }
    lint.findings.retain(|finding| !allowed.contains(&finding.rule));
}

fn unknown(lint: &mut Lint<'_>, name: &str) {
    let field = Field::of(&["metadata", "annotations", LINT_ALLOW_SETTING]);
    let short: String = name.chars().take(32).collect();
    let text = format!("lint has no rule `{short}`");
    let finding = Finding::new(Rule::UnknownSetting, Severity::Warning, field, text);
    let help = meant(name, Rule::ALL.map(Rule::as_str))
        .unwrap_or_else(|| "docs/lint.md has a section for each".to_owned());
    lint.add(finding.help(help));
}
