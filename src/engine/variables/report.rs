//! All that is known of a Task, and why the rest is not: for people who write templates.

use std::collections::BTreeSet;
use std::fmt;

use super::{Facts, Variables, View};
use crate::engine::kelos::{Shape, Source, Task, TooLong};
use crate::engine::meter::Meter;
use crate::engine::rules::{Infer, Policy, Rules};
use crate::engine::sources::{Inference, Known, NotRead, Origin, Table, is_group};
use crate::templates::budget::Budget;
use crate::templates::purse::Purse;
use crate::templates::value::{Text, Value};
use crate::templates::{Uses, camel_case};

/// What is known of a Task.
pub struct VariableReport(pub Vec<ReportedVariable>);

/// A variable.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportedVariable {
    /// Its name.
    pub name: Text,
    /// Its value and who says so, or why it is missing.
    pub known: Result<(Value, Origin), Missing>,
}

/// Why a variable is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The source has no such variable.
    NotOfSource(&'static str),
    /// It works in no Workspace that is known.
    NoWorkspace(Shape),
    /// Nobody asks for the Task to be created: that is so outside of admission.
    NoRequest,
    /// Nothing tells it.
    Untold {
        /// What it could be told on.
        on: Shape,
        /// Whether rendered fields were looked at.
        is_inferred: bool,
    },
    /// Nothing tells it, and a template that may print it is too long to be read back.
    TemplateTooLong {
        /// What it could be told on.
        on: Shape,
        /// The field or annotation.
        name: &'static str,
        /// How many bytes it has.
        bytes: usize,
        /// How many it may have.
        most: usize,
    },
    /// Nothing tells it, and reading back takes more to be compiled than a TaskSpawner may cost.
    TooCostlyToRead(Shape),
    /// It stands in a rendered field and can't be read there.
    NotRead(Shape, NotRead),
    /// It takes more to build than a Task may cost.
    TooLarge,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Missing::NotOfSource(source) => write!(f, "{source} has no such variable"),
            Missing::NoWorkspace(of) => write!(f, "no Workspace of the {of} is known"),
            Missing::NoRequest => f.write_str("only a request has a user"),
            Missing::Untold { on, is_inferred: false } => {
                write!(f, "nothing on the {on} tells it, and `infer` is off")
            }
            Missing::Untold { on, is_inferred: true } => {
                write!(f, "nothing on the {on} tells it, and no rendered field prints it by itself",)
            }
            Missing::TemplateTooLong { on, name, bytes, most } => write!(
                f,
                "nothing on the {on} tells it, and {name} is too long to be read back: it has {bytes} \
                 bytes, more than {most}"
            ),
            Missing::TooCostlyToRead(on) => write!(
                f,
                "nothing on the {on} tells it, and the rules of this {} cost too much for \
                 anything to be read back: make its templates shorter",
                on.spawner()
            ),
            Missing::TooLarge => f.write_str("it is too large to be a variable"),
            Missing::NotRead(_, NotRead::NotUnique(rendered)) => {
                write!(f, "what {rendered} gave can be read in more than one way")
            }
            Missing::NotRead(of, NotRead::NoRendering(rendered)) => {
                write!(f, "what the {of} has is not what {rendered} gives; was it changed?")
            }
            Missing::NotRead(_, NotRead::TooCostly(rendered)) => {
                write!(f, "what {rendered} gave is too long to be read back")
            }
            Missing::NotRead(_, NotRead::Disagree(one, other)) => {
                write!(f, "{one} and {other} do not agree")
            }
        }
    }
}

/// Why nothing tells a variable that the source has.
fn untold(rules: &Rules) -> Missing {
    let on = rules.spawner.makes;
    if rules.infer == Infer::Off {
        return Missing::Untold { on, is_inferred: false };
    }
    match rules.spawner.templates_too_long().next() {
        _ if rules.is_too_costly_to_read() => Missing::TooCostlyToRead(on),
        Some((name, TooLong { bytes, .. }, most)) => {
            Missing::TemplateTooLong { on, name, bytes, most }
        }
        None => Missing::Untold { on, is_inferred: true },
    }
}

/// Looks at all variables of a Task: those of its source and those that its templates use. What is
/// in a group, such as `.Task`, is shown only if a template uses the group.
pub fn report(
    task: &Task<'_>,
    rules: &Rules,
    facts: &Facts<'_>,
    policy: &Policy,
) -> VariableReport {
    let uses = Uses::everything();
    let infer = rules.infer;
    let is_too_costly = rules.is_too_costly_to_read();
    let inference = match infer {
        Infer::On if is_too_costly => Inference::default(),
        Infer::On => {
            Inference::compile(&rules.spawner, &policy.protection, &uses, &mut Purse::default())
        }
        Infer::Off => Inference::default(),
    };
    let view = View { task, rules, facts, uses: &uses, inference: &inference };
    let meter = Meter::new(Budget::variables());
    let Variables { mut known, not_read, too_large } = view.variables(&meter);
    let table = Table::of_task(rules.spawner.spec.when.source(), task.is_manual());
    let is_shown = |name: &str| !is_group(rules.spawner.makes, name) || rules.uses.names_it(name);
    let mut names: BTreeSet<Text> = table.shown().map(Text::from).collect();
    // A source that asks for no labels has none to show.
    let is_noise = |(name, known): &(&Text, &Known)| {
        &***name == "Source" || (&***name == "RequiredLabels" && !known.value.is_true())
    };
    names.extend(known.iter().filter(|it| !is_noise(it)).map(|(name, _)| name.clone()));
    // In Jinja a variable that is known as it is written is meant, and no other.
    let is_known = |name: &Text| {
        let mut spellings = rules.uses.spellings().filter(|it| known.get(it).is_some());
        spellings.any(|spelling| *camel_case::variable(spelling) == **name)
    };
    names.extend(rules.uses.names().iter().filter(|name| !is_known(name)).cloned());
    if let Source::GenericWebhook(source) = rules.spawner.spec.when.source() {
        let has_twin = |name: &&Text| source.field_mapping.has_twin(name);
        names.extend(rules.uses.spellings().filter(has_twin).cloned());
    }
    let why = |name: &Text| {
        let read = not_read.iter().find(|(missing, _)| missing == name);
        match read {
            _ if too_large.contains(name) => Missing::TooLarge,
            _ if &**name == "Workspace" => Missing::NoWorkspace(task.shape()),
            _ if &**name == "User" => Missing::NoRequest,
            Some((_, not_read)) => Missing::NotRead(task.shape(), not_read.clone()),
            None if table.has(name) => untold(rules),
            None => Missing::NotOfSource(table.name),
        }
    };
    let reported = names.into_iter().filter(|name| is_shown(name)).map(|name| {
        let known = known.remove(&name).map(|Known { value, origin, .. }| (value, origin));
        ReportedVariable { known: known.ok_or_else(|| why(&name)), name }
    });
    VariableReport(reported.collect())
}
