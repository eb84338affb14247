//! Reading variables back out of the fields that Kelos rendered.
//!
//! The TaskSpawner has a template, and the Task has what Kelos made of it: the prompt, the branch, the
//! name, the labels and annotations. What stands between the fixed texts of a template is the value
//! of a variable, if there is only one way to read it. Where there are two, or the text is none that
//! the template gives, the variable stays missing: a stranger who writes an issue can make a variable
//! missing, and can't make it wrong.
//!
//! What is known already is fixed text, too, but only if it is known letter by letter: a URL made of
//! what a team has typed is not what Kelos printed, and a stranger could print it.

mod class;
mod fixed;
mod name;
mod page;
mod pattern;
mod reading;
mod scan;
mod spots;

use std::borrow::Cow;
use std::collections::BTreeMap;

use self::pattern::{Flavour, Given, Pattern, whole_number};
use self::reading::Unread;
use super::build::{ENTRY_STEPS, text};
use super::derive::{self, cron, jira};
use super::known::{Known, Letters, Origin, Rendered};
use crate::engine::kelos::{
    Kind, NAME_TEMPLATE_ANNOTATION, Protection, Source, Task, TaskSpawner, TaskSpec,
};
use crate::engine::meter::Meter;
use crate::engine::render::Uses;
use crate::engine::render::budget::Exhausted;
use crate::engine::render::value::{Map, Text, Value};

/// What Kelos made prompts from before v0.26, where a TaskSpawner has no template.
const FIRST_PROMPT: &str =
    "{{.Kind}} #{{.Number}}: {{.Title}}\n\n{{.Body}}{{if .Comments}}{{.Comments}}{{end}}";

/// The templates of a TaskSpawner whose renderings tell a variable that somebody wants.
#[derive(Debug, Default)]
pub struct Inference {
    pairs: Box<[Pair]>,
    /// What is wanted: what the templates use, and what that follows from.
    wanted: Uses,
}

/// A template, and the field that was rendered from it.
#[derive(Debug)]
struct Pair {
    rendered: Rendered,
    pattern: Pattern,
    /// The prompt of a TaskSpawner without a template, before v0.26.
    is_first_prompt: bool,
}

/// Why a variable could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotRead {
    /// There is more than one way to read it.
    NotUnique(Rendered),
    /// The text on the Task is none that the template gives with what is known.
    NoRendering(Rendered),
    /// The text is too long to be read.
    TooCostly(Rendered),
    /// Two fields say different things.
    Disagree(Rendered, Rendered),
}

impl Inference {
    /// Compiles what can be read of the Tasks of a TaskSpawner.
    pub fn compile(spawner: &TaskSpawner, protection: &Protection, uses: &Uses) -> Inference {
        let template = &spawner.spec.task_template;
        let source = spawner.spec.when.source();
        let mut wanted = uses.clone();
        wanted.names.extend(derive::prerequisites(source, uses));
        let mut pairs = Vec::new();
        let mut pair = |rendered, template: &str, is_first_prompt| {
            let pattern = Pattern::compile(template, source);
            let is_useful = |pattern: &Pattern| {
                pattern.variables.iter().any(|variable| wanted.has(root_of(&variable.name)))
            };
            if let Some(pattern) = pattern.filter(is_useful) {
                pairs.push(Pair { rendered, pattern, is_first_prompt });
            }
        };
        let is_first_prompt = template.prompt_template.is_empty() && is_polled(source);
        let prompt = if is_first_prompt { FIRST_PROMPT } else { &template.prompt_template };
        pair(Rendered::Prompt, prompt, is_first_prompt);
        pair(Rendered::Branch, &template.branch, false);
        let kept = spawner.metadata.annotations.get(NAME_TEMPLATE_ANNOTATION);
        let name = Some(&*template.name_template).filter(|name| !name.is_empty());
        if let Some(name) = name.or(kept.map(String::as_str)) {
            pair(Rendered::Name, name, false);
        }
        if let Some(metadata) = &template.metadata {
            let (labels, annotations) = (&metadata.labels, &metadata.annotations);
            for (kind, templates) in [(Kind::Label, labels), (Kind::Annotation, annotations)] {
                for (key, template) in templates {
                    if !protection.covers(kind, key) {
                        pair(Rendered::Metadata(kind, key.as_str().into()), template, false);
                    }
                }
            }
        }
        Inference { pairs: pairs.into(), wanted }
    }

    /// Whether anything is read back.
    pub fn is_needed(&self) -> bool {
        !self.pairs.is_empty()
    }

    /// Whether labels and annotations tell something. They tell it once: when the Task is answered
    /// again, some of them are ours.
    pub fn reads_metadata(&self) -> bool {
        self.pairs.iter().any(|pair| matches!(pair.rendered, Rendered::Metadata(..)))
    }

    /// The variables that help to read: what is known of them need not be read.
    pub fn helpful(&self) -> impl Iterator<Item = Text> {
        let variables = self.pairs.iter().flat_map(|pair| &pair.pattern.variables);
        variables.map(|variable| root_of(&variable.name).into()).chain(self.wanted.names.clone())
    }

    /// Reads what is wanted and not known yet, if asked out of labels and annotations, too; says why
    /// what could not be read was not. `number` is that of the issue or pull request whose page `.URL`
    /// is, if it is known.
    pub(super) fn read(
        &self,
        task: &Task<'_>,
        metadata: bool,
        number: Option<i64>,
        known: &mut Known<'_>,
    ) -> Vec<(Text, NotRead)> {
        let page = number.map(|number| format!("/{number}"));
        let mut found = Found { page: page.as_deref(), ..Found::default() };
        for pair in &self.pairs {
            let is_missing = |name: &str| {
                let root = root_of(name);
                self.wanted.has(root) && (known.get(root).is_none() || root == "Context")
            };
            if pair.pattern.variables.iter().any(|variable| is_missing(&variable.name))
                && pair.is_of(task, metadata)
            {
                pair.read(task, known, &is_missing, &mut found);
            }
        }
        let Found { values, mut not_read, .. } = found;
        let mut context = Map::new();
        for (name, read) in values {
            match read {
                Ok((rendered, value)) => match name.strip_prefix(CONTEXT) {
                    Some(part) => drop(context.insert(part.into(), value)),
                    None => {
                        known.put(Origin::Inferred(rendered), Letters::Exact, &name, |_| Ok(value));
                    }
                },
                Err(disagreement) => {
                    known.contest(&name);
                    not_read.push((name, disagreement));
                }
            }
        }
        if !context.is_empty() {
            let origin = Origin::Inferred(Rendered::Prompt);
            known.put(origin, Letters::Exact, "Context", |_| Ok(Value::from(context)));
        }
        not_read
    }
}

/// What the names of the texts that context sources gave begin with.
const CONTEXT: &str = "Context.";

/// The variable that a name belongs to: `Context` for `Context.build`.
fn root_of(name: &str) -> &str {
    name.split_once('.').map_or(name, |(root, _)| root)
}

/// What the fields have told so far.
#[derive(Default)]
struct Found<'f> {
    /// What a page of the number that is known ends with.
    page: Option<&'f str>,
    values: BTreeMap<Text, Result<(Rendered, Value), NotRead>>,
    not_read: Vec<(Text, NotRead)>,
}

impl Found<'_> {
    fn tell(&mut self, name: &Text, rendered: &Rendered, value: Value, meter: &Meter) {
        match self.values.get_mut(name) {
            None => {
                self.values.insert(Text::clone(name), Ok((rendered.clone(), value)));
            }
            Some(told) => {
                if let Ok((other, said)) = told {
                    // Two texts are compared.
                    let is_paid = meter.take(value.as_text().map_or(0, |text| text.len())).is_ok();
                    if !is_paid || *said != value {
                        *told = Err(NotRead::Disagree(other.clone(), rendered.clone()));
                    }
                }
            }
        }
    }

    fn miss(&mut self, name: &Text, rendered: &Rendered, unread: Unread) {
        let rendered = rendered.clone();
        let why = match unread {
            Unread::NoRendering => NotRead::NoRendering(rendered),
            Unread::TooCostly => NotRead::TooCostly(rendered),
        };
        self.not_read.push((Text::clone(name), why));
    }
}

impl Pair {
    /// Whether the field of this Task came out of this template.
    fn is_of(&self, task: &Task<'_>, metadata: bool) -> bool {
        match self.rendered {
            Rendered::Prompt if self.is_first_prompt => !task.has_controller() && !task.is_manual(),
            // By hand no template makes the name.
            Rendered::Name => !task.is_manual() && task.name().len() <= name::MOST_BYTES,
            Rendered::Metadata(..) => metadata,
            Rendered::Prompt | Rendered::Branch => true,
        }
    }

    fn read(
        &self,
        task: &Task<'_>,
        known: &Known<'_>,
        is_missing: &dyn Fn(&str) -> bool,
        found: &mut Found<'_>,
    ) {
        let variables = &self.pattern.variables;
        let missing = variables.iter().enumerate().filter(|(_, it)| is_missing(&it.name));
        let text = match self.text(task, known.meter) {
            Ok(Some(text)) => text,
            Ok(None) => return,
            Err(_) => {
                missing.for_each(|(_, it)| found.miss(&it.name, &self.rendered, Unread::TooCostly));
                return;
            }
        };
        let flavour = match self.rendered {
            Rendered::Name => Flavour::Name,
            _ if task.is_manual() => Flavour::ByHand,
            _ => Flavour::Plain,
        };
        let letters: Vec<_> = variables.iter().map(|it| known.letters(&it.name)).collect();
        let given = Given { text: &text, flavour, letters: &letters, page: found.page };
        let readings = match self.pattern.read(&given, known.meter) {
            Ok(readings) => readings,
            Err(unread) => {
                missing.for_each(|(_, it)| found.miss(&it.name, &self.rendered, unread));
                return;
            }
        };
        for (number, variable) in missing {
            let name = &variable.name;
            let value = match readings.get(number).copied().flatten() {
                Some(read) => value(name, flavour, read, known.meter),
                None => Ok(None),
            };
            match value {
                Ok(Some(value)) => found.tell(name, &self.rendered, value, known.meter),
                Ok(None) => {
                    let why = NotRead::NotUnique(self.rendered.clone());
                    found.not_read.push((Text::clone(name), why));
                }
                Err(_) => found.miss(name, &self.rendered, Unread::TooCostly),
            }
        }
    }

    /// What Kelos made of the template.
    fn text<'t>(
        &self,
        task: &'t Task<'_>,
        meter: &Meter,
    ) -> Result<Option<Cow<'t, str>>, Exhausted> {
        Ok(match &self.rendered {
            Rendered::Prompt => {
                let Some(spec) = task.spec() else { return Ok(None) };
                pay_for_a_prompt(spec, meter)?;
                spec.prompt().map(|prompt| prompt.0)
            }
            // An empty one is left out.
            Rendered::Branch => {
                let branch = task.spec().map(|spec| spec.branch.as_deref().unwrap_or_default());
                branch.map(Cow::Borrowed)
            }
            Rendered::Name => Some(task.name()).filter(|name| !name.is_empty()).map(Cow::Borrowed),
            Rendered::Metadata(kind, key) => task.get(*kind, key).map(Cow::Borrowed),
        })
    }
}

/// What an escape in the JSON of a prompt costs beside its bytes, in parts of a step.
const ESCAPE_PARTS: usize = 9;
/// How many bytes a search for escapes looks at for a part.
const SEARCHED_BYTES_A_PART: usize = 8;

/// Pays for reading a prompt out of its JSON, which may be a megabyte.
pub(super) fn pay_for_a_prompt(spec: &TaskSpec<'_>, meter: &Meter) -> Result<(), Exhausted> {
    let json = spec.prompt_json().as_bytes();
    meter.take(json.len() / SEARCHED_BYTES_A_PART)?;
    let escapes = memchr::memchr_iter(b'\\', json).count();
    meter.take(escapes.saturating_mul(ESCAPE_PARTS).saturating_add(json.len()))?;
    // It is put together in one place that grows, and copied from there, or read where it stands.
    if escapes == 0 { Ok(()) } else { meter.take_room(json.len().saturating_mul(3)) }
}

/// Kelos polls these, and made their prompts in v0.24.
fn is_polled(source: Source<'_>) -> bool {
    matches!(
        source,
        Source::GithubIssues(_) | Source::GithubPullRequests(_) | Source::Jira(_) | Source::Cron(_)
    )
}

/// The value that was printed as `read`; nothing if it can't be told.
fn value(
    name: &str,
    flavour: Flavour,
    read: &str,
    meter: &Meter,
) -> Result<Option<Value>, Exhausted> {
    Ok(match (name, flavour) {
        ("Number", _) => whole_number(read).map(Value::Int),
        (_, Flavour::ByHand) if may_be_no_text(read) => None,
        ("Labels", _) => labels(read, meter)?,
        ("ID", Flavour::Name) => {
            let of_cron = cron::time_of(read).map(|_| read.to_owned());
            of_cron.or_else(|| jira::key_of(read)).map(Value::from)
        }
        ("Time", Flavour::Name) => cron::time_in_name(read).map(Value::from),
        _ => Some(text(read, meter)?),
    })
}

/// Whether what a person gave may print so and not be a text: a template could tell the two apart.
fn may_be_no_text(printed: &str) -> bool {
    matches!(printed, "true" | "false" | "0" | "<nil>" | "<no value>")
        || printed.starts_with('[')
        || printed.starts_with("map[")
}

/// The labels in `a, b`. Kelos joins them so, and a label whose name holds a comma and a space is two
/// here as there.
fn labels(joined: &str, meter: &Meter) -> Result<Option<Value>, Exhausted> {
    const SEPARATOR: &str = ", ";
    /// What a label takes beside its text.
    const LABEL_BYTES: usize = 64;
    if joined.is_empty() {
        return Ok(Some(Value::labels::<&str>(&[])));
    }
    meter.take(joined.len())?;
    let count = joined.matches(SEPARATOR).count() + 1;
    meter.take_steps(count.saturating_mul(ENTRY_STEPS))?;
    meter.take_bytes(joined.len().saturating_mul(2) + count.saturating_mul(LABEL_BYTES))?;
    let names: Vec<&str> = joined.split(SEPARATOR).collect();
    let is_list = names.iter().all(|name| !name.trim().is_empty());
    Ok(is_list.then(|| Value::labels(&names)))
}
