//! Events of GitHub.

use super::Evidence;
use super::event_name::{SAID_PARTS, fits};
use super::github::{
    full_name, is_the_branch, number, recorded, stand_in, tell_page, tell_recorded,
};
use super::variable::{Others, Table, Variable as V};
use super::variable_set::{Letters, VariableSet};
use crate::engine::kelos::{GithubFilter, GithubWebhook};
use crate::engine::meter::Meter;
use crate::engine::repository::Repository;
use crate::engine::sources::text::repository;
use crate::templates::value::Value;

pub(super) const TABLE: Table = Table {
    name: "githubWebhook",
    variables: &[&[
        V::word("ID").needs(NUMBER),
        V::number("Number").sometimes().needs(NUMBER),
        V::line("Title").needs(PUSH),
        V::text("Body").sometimes(),
        V::word("URL").sometimes().needs(PAGE),
        V::line("Kind"),
        V::word("Branch").sometimes().needs(PUSH),
        V::word("Event"),
        V::word("Action"),
        V::word("Sender"),
        V::word("Ref").needs(PUSH),
        V::word("Repository").needs(PAGE),
        V::word("RepositoryOwner").needs(PAGE),
        V::word("RepositoryName").needs(PAGE),
        V::text("CommentBody").sometimes(),
        V::word("CommentURL").sometimes(),
        V::word("HeadSHA").sometimes(),
        V::word("Tag").sometimes(),
        V::word("RefType").sometimes(),
        // Kelos has these for some events only.
        V::line("CheckName").sometimes().where_asked(),
        V::line("CheckApp").sometimes().where_asked(),
        V::word("CheckRunURL").sometimes().where_asked(),
        V::word("Conclusion").sometimes().where_asked(),
        V::structure("ChangedFiles"),
        V::structure("Payload"),
    ]],
    others: Others::Context,
    has_first_prompt: false,
};

/// The same where Kelos asks no context sources.
pub(super) const WITHOUT_CONTEXT: Table = Table { others: Others::Nothing, ..TABLE };

/// What the repository and the page of an event follow from.
const PAGE: &[&str] =
    &["Event", "Number", "ID", "URL", "Repository", "RepositoryOwner", "RepositoryName"];

/// What the number of an event follows from, and its identifier.
const NUMBER: &[&str] = &["Number", "ID", "URL"];

/// What branch, ref and title of a push follow from.
const PUSH: &[&str] = &["Branch", "Ref", "Title"];

pub(super) fn derive(
    source: &GithubWebhook,
    evidence: &Evidence<'_, '_>,
    known: &mut VariableSet<'_>,
) {
    // A few looks at each of them, here and later.
    let said = source.events.len() + source.filters.len();
    if known.meter.take(said.saturating_mul(SAID_PARTS)).is_err() {
        return;
    }
    let exact = Letters::Exact;
    // A constant of Kelos.
    known.derive(exact, "Kind", "webhook");
    constants_of_events(source, evidence, known);
    if known.wants("Branch") && is_the_branch(&evidence.spawner.spec.task_template.branch) {
        let branch = evidence.task.spec().and_then(|spec| spec.branch.as_deref());
        if let Some(branch) = branch.filter(|branch| !branch.is_empty()) {
            // It was printed there, and nothing else.
            known.derive(exact, "Branch", branch);
        }
    }
    if event(source, evidence) == Some("push") {
        push(known);
    }
    if let Some(repository) = recorded(evidence) {
        tell_recorded(&repository, evidence, known);
    } else if let Some(repository) = bound(source, known.meter)
        && source.repository.as_deref() == Some(&*full_name(&repository))
    {
        // Kelos takes no event of a repository that GitHub writes in another way.
        known.derive(exact, "Repository", &full_name(&repository));
        known.derive(exact, "RepositoryOwner", &repository.owner);
        known.derive(exact, "RepositoryName", &repository.name);
    }
}

/// What the event says, and the filters that let it pass.
fn constants_of_events(
    source: &GithubWebhook,
    evidence: &Evidence<'_, '_>,
    known: &mut VariableSet<'_>,
) {
    let exact = Letters::Exact;
    // Kelos sets a ref for these two only, and no action for them.
    let has_ref = |event: &str| matches!(event, "push" | "create");
    if !source.events.is_empty() && !may_be(source, evidence, has_ref) {
        known.derive(exact, "Ref", "");
    }
    let Some(event) = event(source, evidence) else { return };
    // Kelos takes an event only if it is one of `events` letter by letter, and what filters ask for likewise.
    known.derive(exact, "Event", event);
    if has_ref(event) {
        known.derive(exact, "Action", "");
    } else if let Some(action) = pinned(source, event, |filter| &filter.action) {
        known.derive(exact, "Action", action);
    }
    if event == "check_run" {
        if let Some(conclusion) = pinned(source, event, |filter| &filter.conclusion) {
            known.derive(exact, "Conclusion", conclusion);
        }
        // A pattern says less.
        let is_name = |name: &&str| !name.contains(['*', '?', '[', '\\']);
        if let Some(name) = pinned(source, event, |filter| &filter.check_name).filter(is_name) {
            known.derive(exact, "CheckName", name);
            known.derive(exact, "Title", name);
        }
    }
}

/// Whether the event may be one of which this holds.
fn may_be(
    source: &GithubWebhook,
    evidence: &Evidence<'_, '_>,
    is_one: impl Fn(&str) -> bool,
) -> bool {
    match event(source, evidence) {
        Some(event) => is_one(event),
        None => source.events.iter().any(|event| is_one(event)),
    }
}

/// Of a push, ref, branch and title say the same. The ref of a tag is another one.
fn push(known: &mut VariableSet<'_>) {
    const HEADS: &str = "refs/heads/";
    const TITLE: &str = "Push to ";
    let branch = [("Branch", ""), ("Ref", HEADS), ("Title", TITLE)].into_iter().find_map(
        |(from, before)| {
            let branch = known.get(from).and_then(Value::as_text)?.strip_prefix(before)?;
            Some((from, branch.to_owned())).filter(|(_, branch)| !branch.is_empty())
        },
    );
    if let Some((from, branch)) = branch {
        known.follow(from, "Branch", &branch);
        known.follow(from, "Ref", &[HEADS, &branch].concat());
        known.follow(from, "Title", &[TITLE, &branch].concat());
    }
}

/// The identifier of an issue or pull request is its number, and its page ends with it.
fn same_number(known: &mut VariableSet<'_>) {
    let of_number = || Some(("Number", number(known)?));
    let of_id = || Some(("ID", known.get("ID").and_then(Value::as_text)?.parse::<u64>().ok()?));
    let of_page = || Some(("URL", page(known)?.1));
    let Some((from, number)) = of_number().or_else(of_id).or_else(of_page) else { return };
    let Ok(as_int) = i64::try_from(number) else { return };
    // An event without an issue has the number zero, which templates don't have.
    if as_int > 0 {
        known.put(known.origin_of(from), Letters::Exact, "Number", |_| Ok(Value::Int(as_int)));
        known.follow(from, "ID", itoa::Buffer::new().format(number));
    }
}

/// The repository and the number of the page that was read.
fn page(known: &VariableSet<'_>) -> Option<(Repository, u64)> {
    let url = known.get("URL").and_then(Value::as_text)?;
    let (before, number) = url.rsplit_once('/')?;
    let base = before.strip_suffix("/issues").or_else(|| before.strip_suffix("/pull"))?;
    let is_plain = number.starts_with(|first| matches!(first, '1'..='9'));
    let number = number.parse().ok().filter(|_| is_plain)?;
    // The scheme, a host, an owner and a repository.
    let (scheme, rest) = base.split_once("://")?;
    let is_page = matches!(scheme, "http" | "https") && rest.split('/').count() == 3;
    Some((repository(base, known.meter).filter(|_| is_page)?, number))
}

/// The repository that Kelos has recorded, or that was read back, or that of the page that was; else the
/// one that the source is bound to. And the page of an issue whose number was read back.
pub(super) fn derive_more(
    source: &GithubWebhook,
    evidence: &Evidence<'_, '_>,
    known: &mut VariableSet<'_>,
) {
    let is_about_an_issue =
        !source.events.is_empty() && !may_be(source, evidence, |it| !is_of_issue(it));
    if event(source, evidence) == Some("push") {
        push(known);
    }
    let of_page =
        is_about_an_issue.then(|| page(known)).flatten().map(|(repository, _)| repository);
    if is_about_an_issue {
        same_number(known);
    }
    let recorded = recorded(evidence);
    let told = recorded.or_else(|| read_repository(known)).or(of_page);
    let Some(repository) = told.or_else(|| bound(source, known.meter)) else { return };
    stand_in(&repository, known);
    let page = match event(source, evidence) {
        Some("issues") => "issues",
        Some(event) if event.starts_with("pull_request") => "pull",
        _ => return,
    };
    if let Some(number) = number(known) {
        tell_page(&repository, page, number, evidence, known);
    }
}

/// The repository that was read: GitHub's full name is made of these two.
fn read_repository(known: &VariableSet<'_>) -> Option<Repository> {
    let text = |name| known.get(name).and_then(Value::as_text).map(|text| &**text);
    let (owner, name) = match text("Repository") {
        Some(full_name) => full_name.split_once('/')?,
        None => (text("RepositoryOwner")?, text("RepositoryName")?),
    };
    Repository::named(None, owner, name)
}

/// The repository that a source is bound to.
fn bound(source: &GithubWebhook, meter: &Meter) -> Option<Repository> {
    let name = source.repository.as_deref().filter(|name| !name.is_empty())?;
    repository(name, meter)
}

/// Whether the number that Kelos has recorded is that of what `.ID` and `.URL` are about. Of a check run
/// they are about the run, and the number is that of a pull request; an event without a number, such as a
/// push, has none recorded.
pub(super) fn is_about_an_issue(source: &GithubWebhook, evidence: &Evidence<'_, '_>) -> bool {
    match event(source, evidence) {
        Some(event) => is_of_issue(event),
        None => {
            let has_number = |event: &&str| !matches!(*event, "push" | "create" | "release");
            let events = source.events.iter().map(|event| &**event);
            let mut events = events.filter(has_number).peekable();
            events.peek().is_some() && events.all(is_of_issue)
        }
    }
}

/// Whether the identifier of each event that the source takes is a number, which a name keeps. Of a push
/// it is a commit, and of something that is made the name that somebody gave it.
pub(super) fn has_numbers_as_ids(source: &GithubWebhook) -> bool {
    let has_number = |event: &str| is_of_issue(event) || matches!(event, "release" | "check_run");
    !source.events.is_empty() && source.events.iter().all(|event| has_number(event))
}

/// Whether an event is about an issue or pull request, whose number is its identifier then. Of others that
/// begin so, such as `pull_request_target`, Kelos reads neither number nor body.
pub(in crate::engine) fn is_of_issue(event: &str) -> bool {
    matches!(
        event,
        "issues"
            | "issue_comment"
            | "pull_request"
            | "pull_request_review"
            | "pull_request_review_comment"
    )
}

/// The event: the only one that the source takes, or the one that the name tells. Events of GitHub
/// have no dashes, so each dash was an underscore.
fn event<'s>(source: &'s GithubWebhook, evidence: &Evidence<'_, '_>) -> Option<&'s str> {
    if let [event] = &*source.events {
        return Some(event);
    }
    let name = evidence.name_suffix()?;
    // It may be cut off.
    let before = evidence.task.name().len() - name.len();
    let mut fitting = source.events.iter().map(|it| &**it).filter(|it| fits(name, it, before));
    let first = fitting.next()?;
    fitting.all(|other| other == first).then_some(first)
}

/// What all filters of the event want that let something pass. Where there are filters, one of them
/// matched.
fn pinned<'s>(
    source: &'s GithubWebhook,
    event: &str,
    wanted: impl Fn(&'s GithubFilter) -> &'s str,
) -> Option<&'s str> {
    let mut filters = source.filters.iter().filter(|filter| *filter.event == *event);
    let first = wanted(filters.next()?);
    let is_pinned = !first.is_empty() && filters.all(|filter| wanted(filter) == first);
    is_pinned.then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_pinned_when_all_filters_of_the_event_want_it() {
        let action = |filters: &[(&str, &str)]| {
            let filter = |(event, action): &(&str, &str)| GithubFilter {
                event: (*event).into(),
                action: (*action).into(),
                ..GithubFilter::default()
            };
            let filters = filters.iter().map(filter).collect();
            let source = GithubWebhook { filters, ..GithubWebhook::default() };
            pinned(&source, "issues", |filter| &filter.action).map(str::to_owned)
        };
        assert_eq!(action(&[("issues", "opened"), ("push", "")]).as_deref(), Some("opened"));
        assert_eq!(
            action(&[("issues", "opened"), ("issues", "opened")]).as_deref(),
            Some("opened")
        );
        assert_eq!(action(&[("issues", "opened"), ("issues", "labeled")]), None);
        assert_eq!(action(&[("issues", "opened"), ("issues", "")]), None);
        assert_eq!(action(&[("push", "x")]), None);
        assert_eq!(action(&[]), None);
    }
}
