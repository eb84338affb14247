//! Remedies: what to write in a spawner so that a variable is known of its Tasks or Sessions.
//!
//! A line that is named here never makes Kelos fail: it prints only what the source has of every Task, or
//! asks first. `docs/facts.md` explains the ways.

mod groups;
mod lacking;
mod lines;
pub(super) mod payload;
mod sourceless;

use std::fmt;

use self::lines::carried;
pub use self::sourceless::without_source;
use super::kelos::{INFER_SETTING, Shape, Source};
use super::rules::{Infer, Rules};
use super::sources::{self, FROM_REPOSITORY, Table};
use crate::apimachinery::Kind;
use crate::templates::camel_case;

/// Which variable is missing, and of whose Tasks.
#[derive(Clone, Copy, Debug)]
pub struct Missed<'m> {
    /// The TaskSpawner, and what it has already.
    pub rules: &'m Rules,
    /// The variable, as the template spells it: `.Context.build`, or `labels` in Jinja.
    pub variable: &'m str,
    /// Whether a person started the Task.
    pub is_manual: bool,
    /// Whether the Task works in a Workspace that is known.
    pub has_workspace: bool,
    /// The keys of the Kelos field that are on the Task with an empty text.
    pub blank: &'m [&'m str],
    /// Whether this Kelos is known to have the Kelos field: v0.25 and later.
    pub has_field: bool,
}

/// What makes a variable known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remedy {
    /// What the spawner makes that the lines are for.
    pub makes: Shape,
    /// What is said before the lines, or instead of them where there are none.
    pub note: String,
    /// What shows on a Task in a file what a line gives that the TaskSpawner has already, and that is younger than
    /// the Task; empty where nothing does.
    pub to_try: String,
    /// The ways; one of them is enough.
    pub ways: Vec<Way>,
}

/// Lines of a TaskSpawner that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// The lines.
    pub lines: Vec<Line>,
    /// Of which Kelos it holds, where that matters.
    pub versions: &'static str,
}

/// A line of a TaskSpawner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// An annotation of the TaskSpawner itself.
    Setting(&'static str, &'static str),
    /// An annotation in the Kelos field.
    KelosField {
        /// The key.
        key: String,
        /// The template.
        template: String,
        /// What has the key already, and has to go.
        instead_of: Option<InsteadOf>,
    },
    /// A line of its own in the prompt.
    Prompt {
        /// What the prompt is of.
        of: Shape,
        /// The line.
        line: String,
        /// Whether there is no prompt yet, so that Kelos makes its own.
        is_first: bool,
    },
    /// An entry of `fieldMapping`.
    FieldMapping(String),
    /// An entry of `contextSources`.
    ContextSource(String),
}

/// What declares a key that a line needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InsteadOf {
    /// The Kelos field, with another template.
    Field,
    /// A rules annotation, whose keys are outputs.
    RulesAnnotation,
}

/// What to write so that a variable is known.
pub fn remedy(missed: &Missed<'_>) -> Remedy {
    Remedy { makes: missed.rules.spawner.makes, ..ways(missed) }
}

fn ways(missed: &Missed<'_>) -> Remedy {
    let source = missed.rules.spawner.spec.when.source();
    let path = missed.variable.trim_start_matches(['$', '.']);
    let (written, rest) = path.split_once('.').unwrap_or((path, ""));
    let table = Table::of(source);
    // In a webhook of any kind a field is called as it is written; Jinja has names of Kelos in small letters.
    let is_spelled = table.has_new_names() || missed.variable.starts_with(['.', '$']);
    let camel = camel_case::variable(written);
    let name = if is_spelled && table.has(written) || is_group(missed, written) {
        written
    } else {
        &camel
    };
    let makes = missed.rules.spawner.makes;
    if Shape::ALL.into_iter().any(|other| other != makes && other.group() == name) {
        let member = if rest.is_empty() { String::new() } else { format!(".{rest}") };
        let group = makes.group();
        return Remedy::say(format!("what is made here is a {makes}: write `.{group}{member}`"));
    }
    if is_group(missed, name) {
        return groups::remedy(missed, table, name, rest);
    }
    let mut remedy = match source {
        Source::Unknown | Source::Several => carried(missed, name, name, &lines::guarded(name)),
        _ if table.find(name).is_some() => known_to_source(missed, table, source, name),
        _ => lacking::remedy(missed, table, source, name),
    };
    let is_kept_out = |line: &Line| match line {
        Line::KelosField { key, .. } => missed.rules.protection.covers(Kind::Annotation, key),
        _ => false,
    };
    let ways = remedy.ways.len();
    remedy.ways.retain(|way| !way.lines.iter().any(is_kept_out));
    if ways > 0 && remedy.ways.is_empty() {
        remedy.note = format!(
            "`--protect` keeps keys under `kelos.dev/` from telling {name}; print it in the prompt, on a line of its own"
        );
    }
    if missed.is_manual {
        let by_hand = format!(
            "a Task that was started by hand has what the file of `kelos run --values` gives: name `{name}` there"
        );
        remedy.note = if remedy.ways.is_empty() { by_hand } else { by_hand + ", and print it" };
    }
    remedy
}

/// Whether a variable follows from the Workspace, where the source or the Task says no other repository.
pub fn follows_from_workspace(rules: &Rules, variable: &str) -> bool {
    let path = variable.trim_start_matches(['$', '.']);
    let written = path.split('.').next().unwrap_or_default();
    let name = if path == variable { &*camel_case::variable(written) } else { written };
    match rules.spawner.spec.when.source() {
        _ if name == "Workspace" => true,
        Source::GithubIssues(source) => {
            source.repo.as_deref().is_none_or(str::is_empty) && FROM_REPOSITORY.contains(&name)
        }
        Source::GithubPullRequests(source) => {
            source.repo.as_deref().is_none_or(str::is_empty) && FROM_REPOSITORY.contains(&name)
        }
        _ => false,
    }
}

/// Whether this is no variable of the source itself.
fn is_group(missed: &Missed<'_>, name: &str) -> bool {
    sources::is_group(missed.rules.spawner.makes, name)
        || matches!(name, "Source" | "Context" | "Payload" | "ChangedFiles")
}

/// A variable of the source: Kelos can print it.
fn known_to_source(missed: &Missed<'_>, table: &Table, source: Source<'_>, name: &str) -> Remedy {
    let is_polled = matches!(source, Source::GithubIssues(_) | Source::GithubPullRequests(_));
    if is_polled && FROM_REPOSITORY.contains(&name) {
        // The page says whose repository it is, and Kelos has no other variable that does.
        return carried(missed, "URL", "URL", &lines::plain("URL"));
    }
    if is_polled && !table.always_has(name) {
        return Remedy::say(format!(
            "Kelos has no {name} to print: it writes the commit on the Task where \
             `spec.when.{}.reporting.checks` is set, which makes check runs on GitHub",
            table.name
        ));
    }
    let template = if table.always_has(name) { lines::plain(name) } else { lines::guarded(name) };
    carried(missed, name, name, &template)
}

impl Remedy {
    fn say(note: impl Into<String>) -> Remedy {
        Remedy { note: note.into(), ..Remedy::default() }
    }

    /// One way, of any Kelos that has the source.
    fn add(lines: Vec<Line>) -> Remedy {
        Remedy { ways: vec![Way { lines, versions: "" }], ..Remedy::default() }
    }

    /// The same lines where nothing is read back: it has to be switched on first.
    fn reading_back(mut self, rules: &Rules) -> Remedy {
        if rules.infer == Infer::Off {
            self.note = "nothing is read back here, since `infer` is off".to_owned();
            for way in &mut self.ways {
                way.lines.insert(0, Line::Setting(INFER_SETTING, "on"));
            }
        }
        self
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.note)?;
        f.write_str(&self.to_try)?;
        let Some((first, others)) = self.ways.split_first() else { return Ok(()) };
        let semicolon = if self.note.is_empty() { "" } else { "; " };
        write!(f, "{semicolon}add to the {}: {first}", self.makes.spawner())?;
        others.iter().try_for_each(|way| write!(f, ", or {way}"))
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, line) in self.lines.iter().enumerate() {
            let and = if index == 0 { "" } else { ", and " };
            write!(f, "{and}{line}")?;
        }
        if self.versions.is_empty() { Ok(()) } else { write!(f, " ({})", self.versions) }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Line::Setting(key, value) => {
                write!(f, "`{key}: \"{value}\"` under metadata.annotations")
            }
            Line::KelosField { key, template, instead_of } => {
                let template = lines::quoted(template);
                write!(f, "`{key}: {template}` under spec.taskTemplate.metadata.annotations")?;
                match instead_of {
                    None => Ok(()),
                    Some(InsteadOf::Field) => f.write_str(" in place of what is there"),
                    Some(InsteadOf::RulesAnnotation) => {
                        f.write_str(" and no more in a rules annotation")
                    }
                }
            }
            Line::Prompt { of, line, is_first } => {
                write!(f, "a line `{line}` in {}", of.prompt_field())?;
                let own = ", which replaces the prompt that Kelos makes itself";
                f.write_str(if *is_first && of.has_own_prompt() { own } else { "" })
            }
            Line::FieldMapping(name) => write!(
                f,
                "`{name}: \"$.{name}\"`, or where else it stands in the JSON, under spec.when.webhook.fieldMapping, if it \
                 is not there"
            ),
            Line::ContextSource(name) => write!(
                f,
                "an entry `name: {name}` with `failurePolicy: Ignore` in spec.taskTemplate.contextSources, if it \
                 has none"
            ),
        }
    }
}

#[cfg(test)]
mod tests;
