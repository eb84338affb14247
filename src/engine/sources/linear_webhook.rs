//! Events of Linear.

use super::Evidence;
use super::event_name::{SAID_PARTS, before_the_hash};
use super::variable::{Others, Table, Variable as V};
use super::variable_set::{Letters, VariableSet};
use crate::engine::kelos::{LinearFilter, LinearWebhook};

pub(super) const TABLE: Table = Table {
    name: "linearWebhook",
    variables: &[&[
        V::word("ID"),
        V::line("Title"),
        V::line("Kind"),
        V::line("Labels"),
        V::line("Type"),
        V::word("Action"),
        V::line("State"),
        V::word("IssueID"),
        V::structure("Payload"),
    ]],
    others: Others::Context,
    has_first_prompt: false,
};

pub(super) fn derive(
    source: &LinearWebhook,
    evidence: &Evidence<'_, '_>,
    known: &mut VariableSet<'_>,
) {
    // A constant of Kelos.
    known.derive(Letters::Exact, "Kind", "LinearWebhook");
    let lower = evidence.name_suffix().and_then(before_the_hash);
    let said = source.types.len() + source.filters.len();
    if known.meter.take(said.saturating_mul(SAID_PARTS)).is_err() {
        return;
    }
    let is_comment = |found: &str| found.eq_ignore_ascii_case("comment");
    let may_be_comment = match lower {
        Some(lower) => is_comment(lower),
        None => source.types.is_empty() || source.types.iter().any(|found| is_comment(found)),
    };
    if !may_be_comment {
        // Kelos looks for it in comments only.
        known.derive(Letters::Exact, "IssueID", "");
    }
    if let Some(action) = pinned_action(source, lower) {
        known.stand_in("Action", action);
    }
    let Some(lower) = lower else { return };
    let mut types = source.types.iter().filter(|found| found.eq_ignore_ascii_case(lower));
    if let (Some(found), None) = (types.next(), types.next()) {
        // The source does not care for the case, and Kelos prints that of the event: what is read back is better.
        known.stand_in("Type", found);
    }
}

/// The action that all filters want which can let something of this type pass. Where there are filters, one
/// of them matched, in any letter case: what is read back is better.
fn pinned_action<'s>(source: &'s LinearWebhook, type_name: Option<&str>) -> Option<&'s str> {
    let is_taken = |of: &str| match type_name {
        Some(name) => of.eq_ignore_ascii_case(name),
        None => source.types.iter().any(|taken| taken.eq_ignore_ascii_case(of)),
    };
    let is_for_it = |filter: &&LinearFilter| filter.of.is_empty() || is_taken(&filter.of);
    let mut filters = source.filters.iter().filter(is_for_it);
    let first = &*filters.next()?.action;
    let is_pinned = !first.is_empty() && filters.all(|filter| *filter.action == *first);
    is_pinned.then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_pinned_when_all_filters_that_can_match_want_it() {
        let action = |types: &[&str], filters: &[(&str, &str)], type_name| {
            let filter = |(of, action): &(&str, &str)| LinearFilter {
                of: (*of).into(),
                action: (*action).into(),
            };
            let types = types.iter().map(|name| (*name).into()).collect();
            let filters = filters.iter().map(filter).collect();
            pinned_action(&LinearWebhook { types, filters }, type_name).map(str::to_owned)
        };
        let create = Some("create".to_owned());
        assert_eq!(action(&["Issue"], &[("", "create")], None), create);
        assert_eq!(action(&["Issue"], &[("issue", "create"), ("Comment", "update")], None), create);
        let both = [("Issue", "create"), ("Comment", "update")];
        assert_eq!(action(&["Issue", "Comment"], &both, None), None);
        assert_eq!(action(&["Issue", "Comment"], &both, Some("issue")), create);
        assert_eq!(action(&["Issue"], &[("", "create"), ("", "update")], None), None);
        assert_eq!(action(&["Issue"], &[("", "create"), ("Issue", "")], None), None);
        assert_eq!(action(&["Issue"], &[("", "create"), ("", "Create")], None), None, "which one?");
        assert_eq!(action(&["Issue"], &[], None), None);
    }
}
