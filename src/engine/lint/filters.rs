//! Filters of GitHub's events that let nothing pass.

use super::Lint;
use super::absent::with_variable;
use super::faults::{KNOWN, some};
use super::finding::{Field, Finding, Rule, Severity};
use super::view::Filter;
use crate::engine::simulate::{NotGlob, of_name};
use crate::engine::sources::{Presence, is_of_issue, presence};
use crate::templates::purse::Purse;
use crate::templates::regexp::{self, PatternError};

/// Why a filter lets nothing pass: the field that stops all, what is wrong, and what to do.
pub(super) struct Stopped {
    field: &'static str,
    text: String,
    help: String,
}

/// Tells of a filter of an event that is taken, if it lets nothing pass.
pub(super) fn look(lint: &mut Lint<'_>, filter: &Filter, way: Field) {
    let Some(Stopped { field, text, help }) = stopped(filter, &mut lint.purse) else { return };
    let text = format!("this filter lets nothing pass: {text}");
    let finding = Finding::new(Rule::UnmatchedEvent, Severity::Warning, way.key(field), text);
    lint.add(finding.help(help));
}

/// Why a filter lets nothing pass, if that is so.
pub(super) fn stopped(filter: &Filter, purse: &mut Purse) -> Option<Stopped> {
    let event = &*filter.event;
    let named = [("branch", &filter.branch, "Branch"), ("tag", &filter.tag, "Tag")];
    for (field, pattern, variable) in named {
        if pattern.is_empty() {
            continue;
        }
        if presence(event, variable) == Presence::Never {
            let text = format!("of `{event}` Kelos knows no {field} ({KNOWN})");
            let help = format!("take `{field}` out; {}", some(&with_variable(variable)));
            return Some(Stopped { field, text, help });
        }
        if of_name(pattern, purse) == Err(NotGlob::Wrong) {
            return Some(no_pattern(field));
        }
    }
    if event == "create" && !filter.branch.is_empty() && !filter.tag.is_empty() {
        let text = "what is created is a branch or a tag, and never both".to_owned();
        return Some(Stopped { field: "tag", text, help: "have a filter for each".to_owned() });
    }
    if !filter.action.is_empty() && matches!(event, "push" | "create") {
        let text = format!("`{event}` has no action");
        return Some(Stopped { field: "action", text, help: "take `action` out".to_owned() });
    }
    if event == "check_run" && of_name(&filter.check_name, purse) == Err(NotGlob::Wrong) {
        return Some(no_pattern("checkName"));
    }
    is_of_issue(event).then(|| bad_pattern(filter, purse))?
}

/// A regular expression that Go can't compile: Kelos refuses the event then.
fn bad_pattern(filter: &Filter, purse: &mut Purse) -> Option<Stopped> {
    let patterns = [("bodyPattern", &filter.body_pattern)];
    let excluded = filter.exclude_body_patterns.iter().map(|it| ("excludeBodyPatterns", it));
    for (field, pattern) in patterns.into_iter().chain(excluded) {
        // What costs too much may be fine.
        if let Err(PatternError::Wrong(why)) = regexp::finds(pattern, "", purse) {
            let text = format!("the regular expression {why}");
            return Some(Stopped { field, text, help: "Kelos takes those of Go (RE2)".to_owned() });
        }
    }
    None
}

fn no_pattern(field: &'static str) -> Stopped {
    let text = "a bracket or a backslash in it is not closed or stands for nothing".to_owned();
    Stopped { field, text, help: "write `\\[` for a bracket that is meant so".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_stopped(event: &str, change: impl FnOnce(&mut Filter)) -> Option<&'static str> {
        let mut filter = Filter { event: event.to_owned(), ..Filter::default() };
        change(&mut filter);
        stopped(&filter, &mut Purse::default()).map(|it| it.field)
    }

    #[test]
    fn what_an_event_never_has_lets_nothing_pass() {
        let x = || "x".to_owned();
        assert_eq!(is_stopped("issues", |it| it.branch = x()), Some("branch"));
        assert_eq!(is_stopped("push", |it| it.branch = x()), None);
        assert_eq!(is_stopped("push", |it| it.tag = x()), Some("tag"));
        assert_eq!(is_stopped("push", |it| it.action = x()), Some("action"));
        assert_eq!(is_stopped("create", |it| it.tag = x()), None);
        assert_eq!(is_stopped("release", |it| it.tag = "[".to_owned()), Some("tag"));
        let both = |it: &mut Filter| (it.branch, it.tag) = (x(), x());
        assert_eq!(is_stopped("create", both), Some("tag"));
        assert_eq!(is_stopped("check_run", |it| it.check_name = "[".to_owned()), Some("checkName"));
    }

    #[test]
    fn a_regular_expression_that_go_refuses_stops_what_it_is_asked_of() {
        let wrong = || "(".to_owned();
        assert_eq!(is_stopped("issues", |it| it.body_pattern = wrong()), Some("bodyPattern"));
        assert_eq!(is_stopped("issues", |it| it.body_pattern = "(a|b)".to_owned()), None);
        // Kelos does not look at the body of a push.
        assert_eq!(is_stopped("push", |it| it.body_pattern = wrong()), None);
    }
}
