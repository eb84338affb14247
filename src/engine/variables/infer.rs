//! Reading variables back out of the fields that Kelos rendered.
//!
//! The TaskSpawner has a template, and the Task has what Kelos made of it: the prompt, the branch, the
//! name, the labels and annotations. What stands between the fixed texts of a template is the value
//! of a variable, if there is only one way to read it. Where there are two, or the text is none that
//! the template gives, the variable stays missing: a stranger who writes an issue can make a variable
//! missing, and can't make it wrong.

mod class;
mod fixed;
mod name;
mod pattern;
mod reading;
mod spots;

use std::borrow::Cow;
use std::collections::BTreeMap;

use self::pattern::{Flavour, MOST_PIECES, PIECE_BYTES, Pattern, printed, whole_number};
use self::reading::{StepsLeft, Unread};
use super::derive::{self, cron, jira};
use super::known::{Known, Origin, Rendered};
use super::text;
use crate::engine::kelos::{Kind, NAME_TEMPLATE_ANNOTATION, Protection, Source, Task, TaskSpawner};
use crate::engine::render::Uses;
use crate::engine::render::budget::Exhausted;
use crate::engine::render::purse::Purse;
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

/// What a pair takes that is neither its pattern nor its key; the list of them grows by doubling.
const PAIR_BYTES: usize = 3 * size_of::<Pair>() + 64;

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
    /// Compiles what can be read of the Tasks of a TaskSpawner, at the cost of the purse: nothing, if
    /// that is not enough.
    pub fn compile(
        spawner: &TaskSpawner,
        protection: &Protection,
        uses: &Uses,
        purse: &mut Purse,
    ) -> Inference {
        let template = &spawner.spec.task_template;
        let source = spawner.spec.when.source();
        let mut wanted = uses.clone();
        wanted.names.extend(derive::prerequisites(source, uses));
        if !wanted.all && wanted.names.is_empty() {
            return Inference::default();
        }
        let is_useful = |pattern: &Pattern| {
            pattern.variables.iter().any(|variable| wanted.has(root_of(&variable.name)))
        };
        let mut pairs = Vec::new();
        let mut pair = |rendered: Rendered, template: &str, is_first_prompt| {
            let key_bytes = match &rendered {
                Rendered::Metadata(_, key) => key.len(),
                _ => 0,
            };
            let pattern = purse.keeping(
                |purse| {
                    let pieces = 3 * template.len() + MOST_PIECES * PIECE_BYTES;
                    purse.take_bytes(PAIR_BYTES + key_bytes + pieces)?;
                    Ok(Pattern::compile(template, source, purse).filter(is_useful))
                },
                |it: &Option<Pattern>| {
                    it.as_ref().map_or(0, |it| PAIR_BYTES + key_bytes + it.bytes())
                },
            );
            if let Ok::<_, Exhausted>(Some(pattern)) = pattern {
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
        if purse.is_empty() {
            pairs = Vec::new();
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
    /// what could not be read was not.
    pub(super) fn read(
        &self,
        task: &Task<'_>,
        metadata: bool,
        known: &mut Known<'_>,
    ) -> Vec<(Text, NotRead)> {
        let mut found = Found::default();
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
                    None => known.put(Origin::Inferred(rendered), &name, || value),
                },
                Err(disagreement) => not_read.push((name, disagreement)),
            }
        }
        if !context.is_empty() {
            let origin = Origin::Inferred(Rendered::Prompt);
            known.put(origin, "Context", || Value::from(context));
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
struct Found {
    left: StepsLeft,
    values: BTreeMap<Text, Result<(Rendered, Value), NotRead>>,
    not_read: Vec<(Text, NotRead)>,
}

impl Found {
    fn tell(&mut self, name: &Text, rendered: &Rendered, value: Value) {
        match self.values.get_mut(name) {
            None => {
                self.values.insert(Text::clone(name), Ok((rendered.clone(), value)));
            }
            Some(told) => {
                if let Ok((other, said)) = told
                    && *said != value
                {
                    *told = Err(NotRead::Disagree(other.clone(), rendered.clone()));
                }
            }
        }
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
        found: &mut Found,
    ) {
        let Some(text) = self.text(task) else { return };
        let flavour = match self.rendered {
            Rendered::Name => Flavour::Name,
            _ if task.is_manual() => Flavour::ByHand,
            _ => Flavour::Plain,
        };
        let variables = &self.pattern.variables;
        let told: Vec<_> =
            variables.iter().map(|it| known.get(&it.name).and_then(printed)).collect();
        let rendered = || self.rendered.clone();
        let missing = variables.iter().enumerate().filter(|(_, it)| is_missing(&it.name));
        match self.pattern.read(&text, flavour, &told, &mut found.left) {
            Ok(readings) => {
                for (number, variable) in missing {
                    let read = readings.get(number).copied().flatten();
                    match read.and_then(|read| value(&variable.name, flavour, read)) {
                        Some(value) => found.tell(&variable.name, &self.rendered, value),
                        None => {
                            let not_read = NotRead::NotUnique(rendered());
                            found.not_read.push((Text::clone(&variable.name), not_read));
                        }
                    }
                }
            }
            Err(unread) => {
                for (_, variable) in missing {
                    let not_read = match unread {
                        Unread::NoRendering => NotRead::NoRendering(rendered()),
                        Unread::TooCostly => NotRead::TooCostly(rendered()),
                    };
                    found.not_read.push((Text::clone(&variable.name), not_read));
                }
            }
        }
    }

    /// What Kelos made of the template.
    fn text<'t>(&self, task: &'t Task<'_>) -> Option<Cow<'t, str>> {
        Some(match &self.rendered {
            Rendered::Prompt => task.spec()?.prompt()?.0,
            // An empty one is left out.
            Rendered::Branch => task.spec()?.branch.as_deref().unwrap_or_default().into(),
            Rendered::Name => Some(task.name()).filter(|name| !name.is_empty())?.into(),
            Rendered::Metadata(kind, key) => task.get(*kind, key)?.into(),
        })
    }
}

/// Kelos polls these, and made their prompts in v0.24.
fn is_polled(source: Source<'_>) -> bool {
    matches!(
        source,
        Source::GithubIssues(_) | Source::GithubPullRequests(_) | Source::Jira(_) | Source::Cron(_)
    )
}

/// The value that was printed as `read`; nothing if it can't be told.
fn value(name: &str, flavour: Flavour, read: &str) -> Option<Value> {
    match (name, flavour) {
        ("Number", _) => whole_number(read).map(Value::Int),
        (_, Flavour::ByHand) if may_be_no_text(read) => None,
        ("Labels", _) => labels(read),
        ("ID", Flavour::Name) => {
            let of_cron = cron::time_of(read).map(|_| read.to_owned());
            of_cron.or_else(|| jira::key_of(read)).map(Value::from)
        }
        ("Time", Flavour::Name) => cron::time_in_name(read).map(Value::from),
        _ => Some(text(read)),
    }
}

/// Whether what a person gave may print so and not be a text: a template could tell the two apart.
fn may_be_no_text(printed: &str) -> bool {
    matches!(printed, "true" | "false" | "0" | "<nil>" | "<no value>")
        || printed.starts_with('[')
        || printed.starts_with("map[")
}

/// The labels in `a, b`. Kelos joins them so, and a label whose name holds a comma and a space is two
/// here as there.
fn labels(joined: &str) -> Option<Value> {
    if joined.is_empty() {
        return Some(Value::labels::<&str>(&[]));
    }
    let names: Vec<&str> = joined.split(", ").collect();
    names.iter().all(|name| !name.trim().is_empty()).then(|| Value::labels(&names))
}
