//! What is asked for in `spec.when`, and what is fetched and printed of it.

use super::Lint;
use super::finding::{Field, Finding, Rule, Severity};
use super::templates::{Outlook, Rendered};
use super::view::ContextSource;
use crate::engine::simulate::is_refused;
use crate::templates::Position;

/// What people write who need no rights for it, where an agent reads it.
const BY_STRANGERS: [&str; 6] =
    ["Title", "Body", "Comments", "CommentBody", "ReviewComments", "Branch"];

/// The events of which Kelos reads a title.
const WITH_TITLE: [&str; 7] = [
    "issues",
    "issue_comment",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "push",
    "check_run",
];

/// What fields of JSON are called that hold numbers.
const NUMBERS: [&str; 7] = ["id", "number", "timestamp", "created", "count", "size", "epoch"];

pub(super) fn look(lint: &mut Lint<'_>) {
    several(lint);
    empty_prompt(lint);
    mapped_numbers(lint);
    refused_paths(lint);
    context_sources(lint);
    if lint.view.spec.task_template.prompt_template.trim().is_empty() {
        parsed_twice(lint, "Title", None);
    }
}

fn several(lint: &mut Lint<'_>) {
    let when = &lint.view.spec.when;
    let polled = [
        ("githubIssues", when.github_issues.is_some()),
        ("githubPullRequests", when.github_pull_requests.is_some()),
        ("jira", when.jira.is_some()),
        ("cron", when.cron.is_some()),
    ];
    let served = [
        ("githubWebhook", when.github_webhook.is_some()),
        ("linearWebhook", when.linear_webhook.is_some()),
        ("webhook", when.webhook.is_some()),
        ("slack", when.slack.is_some()),
    ];
    let named = |all: &[(&'static str, bool)]| -> Vec<&'static str> {
        all.iter().filter(|(_, is_there)| *is_there).map(|(name, _)| *name).collect()
    };
    let (polled, served) = (named(&polled), named(&served));
    let field = Field::of(&["spec", "when"]);
    if let [first, second, ..] = *polled {
        let text = format!("Kelos polls {first} alone: {second} never gives a Task");
        let finding =
            Finding::new(Rule::SeveralSources, Severity::Warning, field.key(second), text);
        lint.add(finding.about_key().help("give each source a TaskSpawner of its own"));
    } else if polled.len() + served.len() > 1 {
        let all: Vec<&str> = polled.into_iter().chain(served).collect();
        let text = format!(
            "Tasks come from {}: what one of them has no variable for makes no Task there, and nothing can be told of it here",
            all.join(" and ")
        );
        let finding = Finding::new(Rule::SeveralSources, Severity::Info, field, text);
        lint.add(finding.help("give each source a TaskSpawner of its own"));
    }
}

/// Without a template, the prompt is the title.
fn empty_prompt(lint: &mut Lint<'_>) {
    let spec = &lint.view.spec;
    if lint.is_session() || !spec.task_template.prompt_template.is_empty() {
        return;
    }
    let is_without_title = |event: &&str| !WITH_TITLE.contains(event);
    let of = match (&spec.when.webhook, lint.table.name) {
        (Some(webhook), "webhook") if !webhook.field_mapping.may_have("title") => {
            "what no `title` is mapped of".to_owned()
        }
        (_, "githubWebhook") => {
            let mut events = lint.worlds.iter().filter_map(|world| world.event);
            match events.find(is_without_title) {
                Some(event) => format!("`{event}`, which may have no title"),
                None => return,
            }
        }
        _ => return,
    };
    let field = Field::of(&["spec", "taskTemplate", "promptTemplate"]);
    let text = format!("the prompt is the title then: an empty one for {of}");
    let finding = Finding::new(Rule::EmptyPrompt, Severity::Warning, field, text);
    lint.add(finding.help("write a promptTemplate that says what to do"));
}

/// Numbers of JSON are floats in Go.
fn mapped_numbers(lint: &mut Lint<'_>) {
    let view = lint.view;
    let Some(webhook) = &view.spec.when.webhook else { return };
    let fields = Field::of(&["spec", "when", "webhook", "fieldMapping"]);
    for (name, path) in &webhook.field_mapping.templates {
        let last = path.rsplit(['.', '[']).next().unwrap_or_default();
        let last = last.trim_matches([']', '\'', '"']).to_ascii_lowercase();
        if !NUMBERS.contains(&&*last) {
            continue;
        }
        let text = format!(
            "where `{path}` is a number of more than six digits, `.{name}` is printed as `1.234567e+06`"
        );
        let finding =
            Finding::new(Rule::MappedNumber, Severity::Info, fields.clone().key(name), text);
        lint.add(finding.help("map a text, if the sender has one, such as a key or a URL"));
    }
}

/// Kelos takes single quotes for those of one character, as Go does.
fn refused_paths(lint: &mut Lint<'_>) {
    let view = lint.view;
    let Some(webhook) = &view.spec.when.webhook else { return };
    let fields = Field::of(&["spec", "when", "webhook", "fieldMapping"]);
    for (name, path) in &webhook.field_mapping.templates {
        if !is_refused(path) {
            continue;
        }
        let text = format!(
            "Kelos can't parse this path, where single quotes hold one character: it {}",
            lint.makes_none("")
        );
        let field = fields.clone().key(name);
        let with = path.replace('\'', "\"");
        let finding = Finding::new(Rule::RenderFails, Severity::Error, field, text);
        lint.add(finding.help(format!("write `{with}`")).fix(0..path.len(), with));
    }
}

fn context_sources(lint: &mut Lint<'_>) {
    let view = lint.view;
    let field = Field::of(&["spec", "taskTemplate", "contextSources"]);
    let sources = &view.spec.task_template.context_sources;
    if !sources.is_empty() && !lint.table.has_context() {
        let text = format!("Kelos asks no context sources for {}", lint.table.name);
        lint.add(Finding::new(Rule::ContextSource, Severity::Warning, field.clone(), text));
        return;
    }
    for (index, source) in sources.iter().enumerate() {
        context_source(lint, source, field.clone().item(index));
    }
}

fn context_source(lint: &mut Lint<'_>, source: &ContextSource, field: Field) {
    let Some(http) = &source.http else { return };
    let is_ignored = source.failure_policy.as_deref() == Some("Ignore");
    if http.url.starts_with("http://") && !http.allow_insecure {
        let (severity, effect) = match is_ignored {
            true => (Severity::Warning, format!("`.Context.{}` is always empty", source.name)),
            false => (Severity::Error, "it makes no Task".to_owned()),
        };
        let text = format!("Kelos fetches nothing without TLS here: {effect}");
        let field = field.clone().key("http").key("url");
        let finding = Finding::new(Rule::ContextSource, severity, field, text);
        lint.add(finding.help("`https://`, or `allowInsecure: true` beside it"));
    }
    if source.failure_policy.is_none() {
        let limit = match http.max_response_bytes {
            None => ", or the answer has more than 32 KiB (maxResponseBytes)",
            Some(_) => "",
        };
        let text = format!("where it can't be fetched{limit}, Kelos makes no Task");
        let finding = Finding::new(Rule::ContextSource, Severity::Info, field, text);
        lint.add(finding.help(
            "`failurePolicy: Ignore` makes the Task with an empty text, `failurePolicy: Fail` says that it is meant so",
        ));
    }
}

/// The prompt of a Task that waits for others is a template for Kelos once more.
pub(super) fn prompt(lint: &mut Lint<'_>, rendered: &Rendered<'_>, outlook: &Outlook<'_>) {
    let printed = outlook.forecasts.iter().flat_map(|(_, forecast)| &forecast.printed);
    let found = printed.filter_map(|printed| {
        let paths = printed.piece.paths();
        let names = paths.iter().filter_map(|path| path.first().cloned());
        let mut names = names.filter(|name| BY_STRANGERS.contains(&&**name));
        Some((names.next()?, printed.at.start))
    });
    let first = found.min_by_key(|(_, at)| *at);
    if let Some((name, at)) = first {
        parsed_twice(lint, &name, Some(Position::of(rendered.source, at)));
    }
}

fn parsed_twice(lint: &mut Lint<'_>, name: &str, at: Option<Position>) {
    let spec = &lint.view.spec;
    if spec.task_template.depends_on.is_empty() || lint.table.name == "cron" {
        return;
    }
    let field = Field::of(&["spec", "taskTemplate", "promptTemplate"]);
    let text = format!(
        "with `dependsOn`, Kelos reads the prompt as a template once more: `{{{{…}}}}` that strangers write in `.{name}` is run"
    );
    let finding = Finding::new(Rule::PromptParsedTwice, Severity::Warning, field, text);
    let help = "have the agent read the text itself, by `.Number` or `.URL`";
    lint.add(finding.help(help).placed(at));
}
