//! The variables that are known so far, and who says so.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use smallvec::SmallVec;

use super::text::{self, ENTRY_STEPS};
use crate::apimachinery::Kind;
use crate::engine::kelos::Shape;
use crate::engine::meter::Meter;
use crate::templates::budget::Exhausted;
use crate::templates::value::{Map, Text, Value};
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

/// How many variables have a place of their own at the most, known or not.
const MOST_PLACES: usize = 64;

/// Variables by name; only those that somebody wants.
pub(in crate::engine) struct VariableSet<'u> {
    uses: &'u Uses,
    /// What building them is paid from.
    pub(super) meter: &'u Meter,
    /// The first of those that are wanted by their names, each at its [place](Uses::place).
    named: Box<[Option<Known>]>,
    /// The others. A tree: whoever sends a Task, or writes templates, can make them thousands.
    others: BTreeMap<Text, Known>,
    /// What holds for those that no field tells: a few, of which the first counts.
    stand_ins: SmallVec<[(&'static str, Origin, Value); 1]>,
    /// Those that fields contradict each other about: they stay missing.
    contested: BTreeSet<Text>,
}

impl<'u> VariableSet<'u> {
    /// Starts with nothing.
    pub(in crate::engine) fn new(uses: &'u Uses, meter: &'u Meter) -> VariableSet<'u> {
        let named = uses.places().take(MOST_PLACES).map(|_| None).collect();
        VariableSet {
            uses,
            meter,
            named,
            others: BTreeMap::new(),
            stand_ins: SmallVec::new(),
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
        let place = self.uses.place(name);
        if (place.is_some() || self.uses.all)
            && self.at(place, name).is_none()
            && !self.contested.contains(name)
            && self.meter.take_steps(ENTRY_STEPS).is_ok()
            && let Ok(value) = build(self.meter)
        {
            self.set(place, name, Known { value, origin, letters });
        }
    }

    /// Sets a group, whatever was told of a variable that is called so.
    pub(in crate::engine) fn set_group(&mut self, name: &str, value: Value, origin: Origin) {
        let known = Known { value, origin, letters: Letters::Alike };
        self.set(self.uses.place(name), name, known);
    }

    fn set(&mut self, place: Option<usize>, name: &str, known: Known) {
        match place.and_then(|place| self.named.get_mut(place)) {
            Some(named) => *named = Some(known),
            None => _ = self.others.insert(name.into(), known),
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
            if self.find(name).is_none() && self.remove(&other).is_some() {
                self.contested.insert(other.into());
            }
        }
    }

    /// The value of a variable, if it is known and was wanted.
    pub(in crate::engine) fn get(&self, name: &str) -> Option<&Value> {
        self.find(name).map(|known| &known.value)
    }

    fn find(&self, name: &str) -> Option<&Known> {
        self.at(self.uses.place(name), name)
    }

    fn at(&self, place: Option<usize>, name: &str) -> Option<&Known> {
        match place.and_then(|place| self.named.get(place)) {
            Some(named) => named.as_ref(),
            None => self.others.get(name),
        }
    }

    /// Takes a variable out, if it is known.
    pub(in crate::engine) fn remove(&mut self, name: &str) -> Option<Known> {
        match self.uses.place(name).and_then(|place| self.named.get_mut(place)) {
            Some(named) => named.take(),
            None => self.others.remove(name),
        }
    }

    /// The text of a variable as Kelos printed it, if it is known letter by letter.
    pub(super) fn letters(&self, name: &str) -> Option<Text> {
        let known = self.find(name).filter(|known| known.letters == Letters::Exact)?;
        match &known.value {
            Value::Int(number) => Some(itoa::Buffer::new().format(*number).into()),
            other => other.as_text().cloned(),
        }
    }

    /// All that is known, in no order.
    pub(in crate::engine) fn iter(&self) -> impl Iterator<Item = (&Text, &Known)> {
        let named = self.uses.places().zip(&self.named);
        named.filter_map(|(name, known)| Some((name, known.as_ref()?))).chain(&self.others)
    }

    /// The variables as templates read them.
    pub(in crate::engine) fn into_root(self) -> Map {
        // A tree is made of a list at once, which is faster than of one after the other.
        let mut root = Vec::with_capacity(self.named.len() + self.others.len());
        let named = self.uses.places().zip(self.named);
        root.extend(named.filter_map(|(name, known)| Some((name.clone(), known?.value))));
        root.extend(self.others.into_iter().map(|(name, known)| (name, known.value)));
        root.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::templates::budget::Budget;

    #[test]
    fn a_variable_without_a_place_is_known_as_the_others_are() {
        const COUNT: usize = 3 * MOST_PLACES;
        let uses = Uses::of((0..COUNT).map(|number| format!("V{number}").into()));
        let meter = Meter::new(Budget::task());
        let mut known = VariableSet::new(&uses, &meter);
        for name in uses.names() {
            known.derive(Letters::Exact, name, name);
            known.derive(Letters::Exact, name, "told once more");
        }
        known.derive(Letters::Exact, "Other", "nobody asks");
        assert_eq!((known.named.len(), known.iter().count()), (MOST_PLACES, COUNT));
        for name in ["V0", "V191", "V98"] {
            assert_eq!(known.remove(name).map(|known| known.value), Some(Value::from(name)));
            assert!(known.get(name).is_none() && known.remove(name).is_none(), "{name}");
        }
        let root = known.into_root();
        assert_eq!((root.len(), root.get("V99")), (COUNT - 3, Some(&Value::from("V99"))));
    }
}
