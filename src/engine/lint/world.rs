//! What Kelos has of the items of a source: one world for each event that its filters let pass.

use super::filters::stopped;
use super::view::{Filter, View};
use crate::engine::kelos::{Source, TaskSpawner};
use crate::engine::simulate::{Basic, PayloadPart, payload_part};
use crate::engine::sources::{Class, Presence, Table, may_be_nothing, presence};
use crate::templates::go::forecast::{ELEMENT, Known, Shape, World};
use crate::templates::purse::Purse;
use crate::templates::regexp;
use crate::templates::value::{Text, Value};

/// The most worlds that are looked at; more events and filters nobody lists.
const MOST: usize = 32;

/// What Kelos knows where it renders a template.
#[derive(Clone, Copy)]
pub(super) struct KelosWorld<'v> {
    pub(super) table: &'static Table,
    source: Source<'v>,
    view: &'v View,
    pub(super) event: Option<&'v str>,
    filter: Option<&'v Filter>,
    /// Whether the filter lets no empty text pass.
    has_body: bool,
    /// Whether context sources are known in the template.
    pub(super) has_context: bool,
}

/// The worlds of a spawner.
pub(super) fn worlds<'v>(
    view: &'v View,
    spawner: &'v TaskSpawner,
    purse: &mut Purse,
) -> Vec<KelosWorld<'v>> {
    let source = spawner.spec.when.source();
    let table = Table::of(source);
    let has_context = table.has_context();
    let world =
        KelosWorld { table, source, view, event: None, filter: None, has_body: false, has_context };
    let (Source::GithubWebhook(_), Some(webhook)) = (source, &view.spec.when.github_webhook) else {
        return vec![world];
    };
    let mut worlds = Vec::new();
    for event in webhook.events.iter() {
        let event = Some(&**event);
        if webhook.filters.is_empty() {
            worlds.push(KelosWorld { event, ..world });
        }
        for filter in webhook.filters.iter().filter(|filter| Some(&*filter.event) == event) {
            // Of what a filter never lets pass there is nothing to say.
            if worlds.len() < MOST && stopped(filter, purse).is_none() {
                let has_body = asks_for_body(filter, purse);
                worlds.push(KelosWorld { event, filter: Some(filter), has_body, ..world });
            }
        }
    }
    worlds.truncate(MOST);
    worlds
}

/// Whether a filter lets no empty text pass.
fn asks_for_body(filter: &Filter, purse: &mut Purse) -> bool {
    let matches_nothing = |purse| regexp::finds(&filter.body_pattern, "", purse);
    !filter.body_contains.is_empty()
        || (!filter.body_pattern.is_empty() && matches!(matches_nothing(purse), Ok(false)))
}

impl World for KelosWorld<'_> {
    fn known(&self, path: &[Text]) -> Known {
        let names: Vec<&str> = path.iter().map(|name| &**name).collect();
        match &*names {
            _ if self.table.may_have_anything() => Known::There(Shape::Unknown),
            ["Context"] if self.contexts().next().is_none() => Known::Absent,
            ["Context"] => Known::There(Shape::Parts),
            ["Context", name] => match self.contexts().any(|it| it == *name) {
                true => Known::There(Shape::Text),
                false => Known::Absent,
            },
            [name] => self.variable(name),
            ["Payload", rest @ ..] => self.payload(rest),
            ["ChangedFiles", ELEMENT] => Known::There(Shape::Text),
            _ => Known::There(Shape::Unknown),
        }
    }
}

impl KelosWorld<'_> {
    /// The same for a template that no context source is known in.
    pub(super) fn without_context(self) -> Self {
        Self { has_context: false, ..self }
    }

    /// The names of context sources, where they are known.
    fn contexts(&self) -> impl Iterator<Item = &str> {
        let sources = &self.view.spec.task_template.context_sources;
        sources.iter().filter(|_| self.has_context).map(|it| &*it.name)
    }

    pub(super) fn variable(&self, name: &str) -> Known {
        // What a run by hand has is asked for with such runs in mind.
        if matches!(name, "TriggerType" | "TriggerTime") {
            return Known::There(Shape::Unknown);
        }
        if self.table.has_new_names()
            && let Some(webhook) = &self.view.spec.when.webhook
            && webhook.field_mapping.may_have(name)
        {
            return Known::There(Shape::Text);
        }
        let Some(class) = self.table.printed_class(name) else { return Known::Absent };
        let shape = match class {
            Some(Class::Number) => Shape::Number,
            Some(_) => Shape::Text,
            None if name == "Payload" => self.whole_payload(),
            None => Shape::List,
        };
        if let Some(constant) = self.constant(name) {
            return Known::There(Shape::Is(constant));
        }
        if self.table.always_has(name) {
            return Known::There(shape);
        }
        match self.presence(name) {
            Presence::Always => Known::There(shape),
            Presence::Sometimes => Known::Maybe(shape),
            Presence::Never => Known::Absent,
        }
    }

    /// What is the same for all items.
    pub(super) fn constant(&self, name: &str) -> Option<Value> {
        let text = |text: &str| Some(Value::from(text));
        match (self.source, name) {
            (Source::Cron(_), "Number") => Some(Value::Int(0)),
            (Source::Cron(_), "Kind") => text("Issue"),
            (Source::Cron(source), "Schedule") => text(&source.schedule),
            (
                Source::Cron(_),
                "Body" | "URL" | "Comments" | "Branch" | "ReviewState" | "ReviewComments"
                | "Labels",
            )
            | (Source::Jira(_), "Body" | "Branch" | "ReviewState" | "ReviewComments")
            | (Source::GithubIssues(_), "Branch" | "ReviewState" | "ReviewComments")
            | (
                Source::GithubIssues(_) | Source::GithubPullRequests(_) | Source::Jira(_),
                "Time" | "Schedule",
            ) => text(""),
            (Source::GithubPullRequests(_), "Kind") => text("PR"),
            (Source::GithubWebhook(_), "Kind") => text("webhook"),
            (Source::LinearWebhook(_), "Kind") => text("LinearWebhook"),
            (Source::Slack, "Kind") => text("SlackMessage"),
            (Source::GenericWebhook(_), "Kind") => text("GenericWebhook"),
            (Source::GenericWebhook(_), "ID" | "Title" | "Body" | "URL") => {
                let fields = &self.view.spec.when.webhook.as_ref()?.field_mapping;
                let is_mapped = fields.may_have(&name.to_ascii_lowercase());
                if is_mapped { None } else { text("") }
            }
            (Source::GithubWebhook(_), "Event") => text(self.event?),
            (Source::GithubWebhook(_), "Action") => match self.event? {
                "push" | "create" => text(""),
                _ => self.filter.map(|it| &*it.action).filter(|it| !it.is_empty()).and_then(text),
            },
            (Source::GithubWebhook(_), "Ref") => match self.event? {
                "push" | "create" => None,
                _ => text(""),
            },
            _ => None,
        }
    }

    /// Whether items have a variable that not all items of the source have.
    fn presence(&self, name: &str) -> Presence {
        let Some(event) = self.event else { return Presence::Sometimes };
        let known = presence(event, name);
        let (Some(filter), Presence::Sometimes) = (self.filter, known) else { return known };
        let has_body = self.has_body;
        match (event, name) {
            ("issue_comment", "Branch") => match &*filter.comment_on {
                "PullRequest" => Presence::Always,
                "Issue" => Presence::Never,
                _ => known,
            },
            // Kelos takes the branch and the number of a check run from the same pull request.
            (_, "Branch") | ("check_run", "Number") if !filter.branch.is_empty() => {
                Presence::Always
            }
            ("create", "Tag") if !filter.tag.is_empty() => Presence::Always,
            ("create", "Branch") if !filter.tag.is_empty() => Presence::Never,
            ("create", "Tag") if !filter.branch.is_empty() => Presence::Never,
            ("check_run", "Conclusion")
                if !filter.conclusion.is_empty() || filter.action == "completed" =>
            {
                Presence::Always
            }
            ("issues" | "pull_request", "Body") | ("pull_request_review", "CommentBody")
                if has_body =>
            {
                Presence::Always
            }
            _ => known,
        }
    }

    /// The payload of GitHub's events is a struct, that of others whatever JSON is sent.
    fn whole_payload(&self) -> Shape {
        match self.event.map(|event| payload_part(event, &[]).0) {
            Some(PayloadPart::Struct) => Shape::Struct,
            _ => Shape::Unknown,
        }
    }

    fn payload(&self, path: &[&str]) -> Known {
        let Some(event) = self.event else { return Known::There(Shape::Unknown) };
        let (part, methods) = payload_part(event, path);
        let shape = match part {
            PayloadPart::Missing => return Known::Absent,
            PayloadPart::Unknown => Shape::Unknown,
            PayloadPart::Struct if nullable(path, methods) => Shape::Nullable,
            PayloadPart::Struct => Shape::Struct,
            PayloadPart::Pointer(basic) => Shape::Pointer(Box::new(shape(basic))),
            PayloadPart::Value(basic) => shape(basic),
        };
        let is_of_nothing = match path {
            [of @ .., _] if methods == 0 => nullable(of, payload_part(event, of).1),
            _ => false,
        };
        if is_of_nothing { Known::Maybe(shape) } else { Known::There(shape) }
    }
}

/// Whether a struct may be nothing: itself, or since so many methods give it that are asked of nothing.
fn nullable(path: &[&str], methods: usize) -> bool {
    let plain = path.iter().map(|name| name.strip_prefix("Get").unwrap_or(name));
    // Only short paths are known to lead to nothing.
    let plain: Vec<&str> = plain.take(2).collect();
    (1..=plain.len())
        .filter(|length| *length >= path.len().saturating_sub(methods))
        .any(|length| plain.get(..length).is_some_and(may_be_nothing))
}

fn shape(basic: Basic) -> Shape {
    match basic {
        Basic::Text => Shape::Text,
        Basic::Number => Shape::Number,
        Basic::Switch => Shape::Switch,
        Basic::List => Shape::List,
        Basic::Map => Shape::Parts,
        Basic::Moment => Shape::Unknown,
    }
}
