//! Values of labels: whether the API server takes them, who writes them, and how many there are.

use super::Lint;
use super::finding::{Field, Finding, Rule, Severity};
use super::templates::{Outlook, Rendered};
use crate::apimachinery::{self, Kind};
use crate::engine::kelos::KUEUE;
use crate::engine::rules::{KeyRule, OnInvalid};
use crate::templates::Position;
use crate::templates::go::forecast::{Forecast, Known, Piece, Plain, Printed, Shape, World};
use crate::templates::purse::Purse;
use crate::templates::value::Text;

/// What people write who need no rights for it.
const BY_STRANGERS: [&str; 8] =
    ["Title", "Body", "Labels", "Comments", "CommentBody", "ReviewComments", "Branch", "Sender"];

/// What nearly every item has another one of.
const ONE_EACH: [&str; 12] = [
    "ID",
    "Number",
    "Title",
    "Body",
    "URL",
    "Comments",
    "CommentBody",
    "CommentURL",
    "CheckRunURL",
    "HeadSHA",
    "Time",
    "ReviewComments",
];

/// What happens where the API server refuses a value.
const REFUSED: &str =
    "the API server refuses the Task; where kelos-metadata answers, it drops the label";

/// How a variable fits into a label.
enum Fit {
    /// No value of it does.
    Never(&'static str),
    /// Few do.
    Rarely(&'static str),
    /// Some do not.
    NotAlways(&'static str),
}

/// How a variable of a source fits into a label, if that is known to be a problem.
fn fit(table: &str, event: Option<&str>, name: &str) -> Option<Fit> {
    use Fit::{Never, NotAlways, Rarely};
    let is_cron = table == "cron";
    Some(match name {
        "URL" if is_cron => return None,
        "URL" if table == "webhook" => Rarely("has `:` and `/`, as a rule"),
        "URL" | "CommentURL" | "CheckRunURL" => Never("has `:` and `/`"),
        "Title" if is_cron => Never("has `:`"),
        "Time" if is_cron => Never("has `:`"),
        "Schedule" if is_cron => Never("has spaces"),
        "Repository" => Never("has a `/`"),
        "Ref" if event == Some("push") => Never("has a `/`"),
        "Title" if matches!(event, Some("push" | "create")) => Never("has spaces"),
        "Title" if matches!(event, Some("release" | "check_run")) => NotAlways("may have spaces"),
        "Body" | "Comments" | "ReviewComments" | "CommentBody" if is_cron => return None,
        "Title" | "Body" | "Comments" | "ReviewComments" | "CommentBody" => {
            Rarely("has spaces, as a rule")
        }
        "Labels" if is_cron => return None,
        "Labels" => {
            NotAlways("is one text, `bug, priority/high`: two labels, or a `/`, are no value")
        }
        "Branch" => NotAlways("may have a `/`"),
        "Sender" => NotAlways("may end in `[bot]`"),
        "Kind" if table == "jira" => NotAlways("may have a space"),
        "State" | "CheckName" | "CheckApp" => NotAlways("may have spaces"),
        "Tag" => NotAlways("may have a `/` or a `+`"),
        _ => return None,
    })
}

/// A label of the Kelos field without an action.
pub(super) fn constant(lint: &mut Lint<'_>, rendered: &Rendered<'_>) {
    if let Err(error) = apimachinery::value(Kind::Label, rendered.source) {
        let text = format!("{error}: {REFUSED}");
        let finding = Finding::new(Rule::LabelValue, Severity::Error, rendered.field.clone(), text);
        let trimmed = rendered.source.trim_end();
        let is_end = trimmed.len() < rendered.source.len()
            && apimachinery::value(Kind::Label, trimmed).is_ok();
        lint.add(if is_end {
            finding
                .help("it ends in a line break: write `|-` instead of `|`, or one line")
                .fix(trimmed.len()..rendered.source.len(), "")
        } else {
            finding.help(error.hint())
        });
    }
}

/// A label of the Kelos field with actions.
pub(super) fn printed(lint: &mut Lint<'_>, rendered: &Rendered<'_>, outlook: &Outlook<'_>) {
    let mut is_told = false;
    for (world, forecast) in &outlook.forecasts {
        let found = text_of_label(forecast, rendered.source, false)
            .or_else(|| variable_of_label(forecast, lint.table.name, world.event));
        if let Some((severity, text, at)) = found.filter(|_| !is_told) {
            is_told = true;
            let told = format!("{text}: {REFUSED}");
            let finding = Finding::new(Rule::LabelValue, severity, rendered.field.clone(), told)
                .at(Position::of(rendered.source, at));
            lint.add(if rendered.source.ends_with('\n') && at + 1 >= rendered.source.trim_end().len() {
                let trimmed = rendered.source.trim_end().len();
                finding
                    .help("it ends in a line break: write `|-` instead of `|`, or one line")
                    .fix(trimmed..rendered.source.len(), "")
            } else {
                let is_end = end_of_label(forecast, false).is_some_and(|(_, end, _)| text == end);
                finding.help(match is_end {
                    true => "begin and end it with a letter or a digit",
                    false => {
                        "make it an annotation, or move it to `metadata.kelos.dev/labels`, where `slug` makes it a value"
                    }
                })
            });
        }
    }
    // What is no label at all selects nothing.
    if is_told {
        return;
    }
    let pieces = outlook.forecasts.iter().flat_map(|(_, forecast)| &forecast.printed);
    let key = rendered.field.last_key().unwrap_or_default().to_owned();
    let place =
        Written { kind: Kind::Label, key: &key, field: rendered.field.clone(), is_field: true };
    shown(lint, &place, pieces.collect(), &|at| Some(Position::of(rendered.source, at)));
}

type Found = (Severity, String, usize);

/// The gravest of what is known of a piece of text.
fn severity(printed: &Printed) -> Severity {
    if printed.is_certain { Severity::Error } else { Severity::Warning }
}

/// A piece of text that no label value has. What is trimmed may have blanks around it.
fn text_of_label(forecast: &Forecast, source: &str, is_trimmed: bool) -> Option<Found> {
    character(forecast, source, is_trimmed).or_else(|| end_of_label(forecast, is_trimmed)).or_else(
        || {
            let certain = forecast.printed.iter().filter(|printed| printed.is_certain);
            let length: usize = certain.map(|printed| text_of(printed).map_or(0, str::len)).sum();
            let text =
                format!("a label value has at most 63 bytes, and these texts alone have {length}");
            (length > 63).then_some((Severity::Error, text, 0))
        },
    )
}

fn text_of(printed: &Printed) -> Option<&str> {
    match &printed.piece {
        Piece::Text(text) => Some(text),
        Piece::Variable(..) | Piece::Made(_) => None,
    }
}

/// A character that has no place in a label value, wherever it stands.
fn character(forecast: &Forecast, source: &str, is_trimmed: bool) -> Option<Found> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let last = forecast.printed.len().saturating_sub(1);
    for (index, printed) in forecast.printed.iter().enumerate() {
        let Some(text) = text_of(printed) else { continue };
        let start = if is_trimmed && index == 0 { text.len() - text.trim_start().len() } else { 0 };
        let end = if is_trimmed && index == last { text.trim_end().len() } else { text.len() };
        let meant = text.get(start..end).unwrap_or_default();
        if let Some((at, c)) = meant.char_indices().find(|(_, c)| !is_name(*c)) {
            let is_literal = source.get(printed.at.clone()) == Some(text);
            let at = printed.at.start + if is_literal { start + at } else { 0 };
            return Some((severity(printed), format!("{c:?} has no place in a label value"), at));
        }
    }
    None
}

/// A text at the start or the end of a value that no value starts or ends with, whatever else is printed.
fn end_of_label(forecast: &Forecast, is_trimmed: bool) -> Option<Found> {
    let is_blank = |text: &str| text.is_empty() || (is_trimmed && text.trim().is_empty());
    let is_shown = |printed: &&Printed| text_of(printed).is_none_or(|text| !is_blank(text));
    let is_odd = |c: &char| matches!(c, '-' | '_' | '.');
    let shown = || forecast.printed.iter().filter(is_shown);
    let (first, last) = (shown().next()?, shown().next_back()?);
    let trimmed = |text: &str| if is_trimmed { text.trim().to_owned() } else { text.to_owned() };
    let head = text_of(first).and_then(|text| trimmed(text).chars().next()).filter(is_odd);
    let tail = text_of(last).and_then(|text| trimmed(text).chars().next_back()).filter(is_odd);
    let (c, printed, what, at) = match (head, tail) {
        (Some(c), _) => (c, first, "begin", first.at.start),
        (None, Some(c)) => (c, last, "end", last.at.end.saturating_sub(1).max(last.at.start)),
        (None, None) => return None,
    };
    let text = format!("a label value can't {what} with {c:?}");
    Some((severity(printed), text, at))
}

/// A variable that is no label value.
fn variable_of_label(forecast: &Forecast, table: &str, event: Option<&str>) -> Option<Found> {
    let found = forecast.printed.iter().filter_map(|printed| {
        let Piece::Variable(path, _) = &printed.piece else { return None };
        let [name] = &**path else { return None };
        let (severity, why) = match fit(table, event, name)? {
            Fit::Never(why) | Fit::Rarely(why) if printed.is_certain => (Severity::Error, why),
            Fit::Never(why) | Fit::Rarely(why) | Fit::NotAlways(why) => (Severity::Warning, why),
        };
        Some((severity, format!("`.{name}` {why}"), printed.at.start))
    });
    found.min_by_key(|(severity, ..)| *severity)
}

/// Where a label is written.
pub(super) struct Written<'w> {
    pub(super) kind: Kind,
    pub(super) key: &'w str,
    pub(super) field: Field,
    pub(super) is_field: bool,
}

/// What shows strangers' text, or something else for every item.
pub(super) fn shown(
    lint: &mut Lint<'_>,
    written: &Written<'_>,
    pieces: Vec<&Printed>,
    at: &dyn Fn(usize) -> Option<Position>,
) {
    let all: Vec<(&Text, usize)> = pieces
        .iter()
        .flat_map(|printed| {
            let names = printed.piece.paths().iter().filter_map(|path| path.first());
            names.map(|name| (name, printed.at.start))
        })
        .collect();
    let find = |names: &[&str]| all.iter().find(|(name, _)| names.contains(&&***name));
    if let Some((name, start)) = find(&BY_STRANGERS) {
        let is_chosen_by = is_weighty(lint, written);
        let severity = if is_chosen_by.is_some() { Severity::Warning } else { Severity::Info };
        let effect = is_chosen_by.unwrap_or("whatever selects on the label");
        let text = format!("`.{name}` is what strangers may write: they choose {effect}");
        let help = match written.is_field {
            true => "a rules annotation can list the values that it may have, as `allowed`",
            false => "list the values that it may have, as `allowed`",
        };
        let finding = Finding::new(Rule::StrangersText, severity, written.field.clone(), text);
        return lint.add(finding.help(help).placed(at(*start)));
    }
    let first = pieces.first().map(|it| &it.at);
    let is_alone = pieces.iter().all(|it| Some(&it.at) == first);
    if is_alone && let Some((name, start)) = find(&ONE_EACH) {
        let text = format!(
            "`.{name}` is another one for nearly every {}: each value is a series of its own in Prometheus",
            lint.product()
        );
        let finding =
            Finding::new(Rule::HighCardinality, Severity::Info, written.field.clone(), text);
        lint.add(finding.help("an annotation can say it as well").placed(at(*start)));
    }
}

/// The variable that a label shows and that nearly every Task has another one of, where its values are not listed.
pub fn one_each(rule: &KeyRule) -> Option<&'static str> {
    let source = rule.source().filter(|_| rule.allowed().is_none())?;
    let mut purse = Purse::default();
    let forecast = Plain::with_helpers(source, &mut purse).ok()?.run(&Anything, &mut purse).ok()?;
    let certain = forecast.printed.iter().filter(|printed| printed.is_certain);
    let mut names = certain.flat_map(|it| it.piece.paths()).filter_map(|path| path.first());
    names.find_map(|name| ONE_EACH.into_iter().find(|it| *it == &**name))
}

/// A world that has every variable.
struct Anything;

impl World for Anything {
    fn known(&self, _: &[Text]) -> Known {
        Known::There(Shape::Unknown)
    }
}

/// What a label decides, where a stranger's text must not decide it.
fn is_weighty(lint: &Lint<'_>, written: &Written<'_>) -> Option<&'static str> {
    let is_kueue = written.key.strip_prefix(KUEUE).is_some_and(|rest| rest.starts_with('/'));
    let mut budgets = lint.around.budgets.into_iter().flatten();
    match written.kind {
        Kind::NodeSelector => Some("the nodes of its Pod"),
        _ if is_kueue => Some("the queue"),
        Kind::Label if budgets.any(|it| it.keys().any(|key| key == written.key)) => {
            Some("the budget that the Task counts in")
        }
        _ => None,
    }
}

/// What a template of a rules annotation prints that is no label value: then the key is skipped.
pub(super) fn skipped_value(
    rule: &KeyRule,
    forecast: &Forecast,
    table: &str,
) -> Option<(String, usize)> {
    let is_bound = rule.on_invalid == OnInvalid::Sanitize || rule.allowed().is_some();
    if rule.kind == Kind::Annotation || is_bound || rule.default().is_some() {
        return None;
    }
    let source = rule.source().unwrap_or_default();
    let text = text_of_label(forecast, source, true);
    if let Some((Severity::Error, why, at)) = text {
        return Some((why, at));
    }
    let [Printed { piece: Piece::Variable(path, _), at, .. }] = &*forecast.printed else {
        return None;
    };
    let [name] = &**path else { return None };
    match fit(table, None, name)? {
        Fit::Never(why) | Fit::Rarely(why) => Some((format!("`.{name}` {why}"), at.start)),
        Fit::NotAlways(_) => None,
    }
}
