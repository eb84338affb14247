//! The variables that are known so far, and who says so.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::text::{self, ENTRY_STEPS};
use crate::apimachinery::Kind;
use crate::engine::kelos::Shape;
use crate::engine::meter::Meter;
use crate::templates::budget::Exhausted;
use crate::templates::value::{Text, Value};
use crate::templates::{Uses, camel_case};

/// Who says what a variable is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Kelos itself, on the Task.
    Task,
    /// Somebody else, in an annotation of the Task.
    Recorded,
    /// An object of the cluster that is no Task: TaskSpawner, Workspace or Namespace.
    Cluster,
    /// Who asks for the Task to be created.
    Request,
    /// It follows from the Task, its TaskSpawner, Workspace and WorkerPool.
    Derived,
    /// It was read back out of a field that Kelos rendered.
    Inferred(Rendered),
}

/// A field of a Task or Session that Kelos renders from a template of its spawner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rendered {
    /// `spec.prompt`, or `spec.initialPrompt`
    Prompt(Shape),
    /// `spec.branch`, or `spec.initialBranch`
    Branch(Shape),
    /// `metadata.name`
    Name,
    /// A label or annotation of `taskTemplate.metadata`.
    Metadata(Kind, Text),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Task => f.write_str("task"),
            Origin::Recorded => f.write_str("recorded"),
            Origin::Cluster => f.write_str("cluster"),
            Origin::Request => f.write_str("request"),
            Origin::Derived => f.write_str("derived"),
            Origin::Inferred(rendered) => write!(f, "inferred from {rendered}"),
        }
    }
}

impl fmt::Display for Rendered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rendered::Prompt(shape) => f.write_str(shape.prompt_name()),
            Rendered::Branch(shape) => f.write_str(shape.branch_name()),
            Rendered::Name => f.write_str("nameTemplate"),
            Rendered::Metadata(kind, key) => write!(f, "{kind} {key}"),
        }
    }
}

/// Whether a value is what Kelos put into its templates, letter by letter. Only then it is a fixed text
/// where a rendered field is read: what says the same in other letters would make an honest text look
/// like none of the template's, and an imitation like the only one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Letters {
    /// As Kelos had it.
    Exact,
    /// As people typed it, as it is after credentials were taken out, or as somebody else recorded it.
    Alike,
}

impl Letters {
    /// Exact, if cleaning has not altered the text.
    pub(super) fn of(text: &str, cleaned: &Value) -> Letters {
        let is_same = cleaned.as_text().is_some_and(|cleaned| **cleaned == *text);
        if is_same { Letters::Exact } else { Letters::Alike }
    }
}

/// A variable that is known.
pub(in crate::engine) struct Known {
    pub(in crate::engine) value: Value,
    /// Who says so.
    pub(in crate::engine) origin: Origin,
    letters: Letters,
}

impl Known {
    /// A group, which is not read back.
    pub(in crate::engine) fn group(value: Value, origin: Origin) -> Known {
        Known { value, origin, letters: Letters::Alike }
    }
}

/// Variables by name; only those that somebody wants.
pub(super) struct VariableSet<'u> {
    uses: &'u Uses,
    /// What building them is paid from.
    pub(super) meter: &'u Meter,
    /// A tree: they are few of most Tasks, and whoever sends one can make them thousands.
    known: BTreeMap<Text, Known>,
    /// What holds for those that no field tells: a few, of which the first counts.
    stand_ins: Vec<(&'static str, Origin, Value)>,
    /// Those that fields contradict each other about: they stay missing.
    contested: BTreeSet<Text>,
}

impl<'u> VariableSet<'u> {
    /// Starts with nothing.
    pub(super) fn new(uses: &'u Uses, meter: &'u Meter) -> VariableSet<'u> {
        VariableSet {
            uses,
            meter,
            known: BTreeMap::new(),
            stand_ins: Vec::new(),
            contested: BTreeSet::new(),
        }
    }

    /// Whether anybody wants to know this variable.
    pub(super) fn wants(&self, name: &str) -> bool {
        self.uses.has(name)
    }

    /// Sets a variable that is wanted and that nothing better has set. It costs a variable and the
    /// bytes of its text; `build` pays for the rest. One that can't be paid stays missing.
    pub(super) fn put(
        &mut self,
        origin: Origin,
        letters: Letters,
        name: &str,
        build: impl FnOnce(&Meter) -> Result<Value, Exhausted>,
    ) {
        if let Some(key) = self.uses.key(name)
            && self.find(name).is_none()
            && !self.contested.contains(name)
            && self.meter.take_steps(ENTRY_STEPS).is_ok()
            && let Ok(value) = build(self.meter)
        {
            self.known.insert(key, Known { value, origin, letters });
        }
    }

    /// Sets a variable to a text that follows from what is known.
    pub(super) fn derive(&mut self, letters: Letters, name: &str, text: &str) {
        self.put(Origin::Derived, letters, name, |meter| {
            meter.take_bytes(text.len())?;
            Ok(Value::from(text))
        });
    }

    /// Sets a variable to a text that another one says, which is as sure as that one.
    pub(super) fn follow(&mut self, from: &str, name: &str, text: &str) {
        self.put(self.origin_of(from), Letters::Exact, name, |meter| {
            meter.take_bytes(text.len())?;
            Ok(Value::from(text))
        });
    }

    /// Who says what a variable is.
    pub(super) fn origin_of(&self, name: &str) -> Origin {
        self.find(name).map_or(Origin::Derived, |known| known.origin.clone())
    }

    /// Keeps a text for a variable that Kelos prints in letters of its own: what is read back comes
    /// first.
    pub(super) fn stand_in(&mut self, name: &'static str, text: &str) {
        self.keep_stand_in(Origin::Derived, name, |meter| {
            meter.take_bytes(text.len())?;
            Ok(Value::from(text))
        });
    }

    /// As [`VariableSet::stand_in`], of a text that somebody else says: a URL loses what is secret in it.
    pub(super) fn stand_in_of(&mut self, origin: Origin, name: &'static str, text: &str) {
        self.keep_stand_in(origin, name, |meter| text::text(text, meter));
    }

    fn keep_stand_in(
        &mut self,
        origin: Origin,
        name: &'static str,
        build: impl FnOnce(&Meter) -> Result<Value, Exhausted>,
    ) {
        if self.wants(name)
            && self.find(name).is_none()
            && !self.stand_ins.iter().any(|(known, ..)| *known == name)
            && let Ok(value) = build(self.meter)
        {
            self.stand_ins.push((name, origin, value));
        }
    }

    /// Lets what stands in hold.
    pub(super) fn let_stand_in(&mut self) {
        for (name, origin, text) in std::mem::take(&mut self.stand_ins) {
            self.put(origin, Letters::Alike, name, |_| Ok(text));
        }
    }

    /// Notes that fields contradict each other about a variable.
    pub(super) fn contest(&mut self, name: &Text) {
        self.contested.insert(Text::clone(name));
    }

    /// Forgets what stands in CamelCase for names that have a meaning of their own, as a template wrote them,
    /// and that nothing tells: in Jinja the one would be read for the other.
    pub(super) fn forget_other_spellings(&mut self, has_meaning: &dyn Fn(&str) -> bool) {
        let uses = self.uses;
        for name in uses.spellings().filter(|name| has_meaning(name)) {
            let other = camel_case::variable(name);
            if self.find(name).is_none() && self.known.remove(&*other).is_some() {
                self.contested.insert(other.into());
            }
        }
    }

    /// The value of a variable, if it is known and was wanted.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.find(name).map(|known| &known.value)
    }

    fn find(&self, name: &str) -> Option<&Known> {
        self.known.get(name)
    }

    /// The text of a variable as Kelos printed it, if it is known letter by letter.
    pub(super) fn letters(&self, name: &str) -> Option<Cow<'_, str>> {
        let known = self.find(name).filter(|known| known.letters == Letters::Exact)?;
        match &known.value {
            Value::Int(number) => Some(number.to_string().into()),
            other => other.as_text().map(|text| Cow::Borrowed(&**text)),
        }
    }

    /// All that is known.
    pub(super) fn into_known(self) -> BTreeMap<Text, Known> {
        self.known
    }
}
