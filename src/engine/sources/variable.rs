//! What Kelos gives a name to: the variables of a source, and what each can be.

use std::collections::BTreeSet;

use super::generic_webhook::STANDARD;
use crate::templates::Uses;
use crate::templates::value::Text;

/// What is known of a source, whatever its Tasks say.
#[derive(Debug)]
pub(in crate::engine) struct Table {
    /// Its name in `spec.when`, as it stands in a sentence.
    pub(in crate::engine) name: &'static str,
    /// In groups, which sources may share.
    pub(super) variables: &'static [&'static [Variable]],
    pub(super) others: Others,
    /// Whether Kelos v0.24 made its prompts, where a TaskSpawner has no template.
    pub(super) has_first_prompt: bool,
}

/// Which names a source can have beside those of its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Others {
    /// What its `contextSources` are called, as `.Context.NAME`.
    Context,
    /// None.
    Nothing,
    /// Those that no source of Kelos has: the keys of a `fieldMapping`.
    NewNames,
    /// Any: what a person gives by hand, or too little is known of the source.
    Anything,
}

impl Table {
    /// Every variable.
    pub(super) fn all(&self) -> impl Iterator<Item = &'static Variable> + use<> {
        self.variables.iter().flat_map(|group| *group)
    }

    /// What a name keeps of a variable.
    pub(super) fn in_name(&self, name: &str) -> InName {
        self.find(name).map_or(InName::Lost, |variable| variable.in_name)
    }

    /// The variable of this name.
    pub(in crate::engine) fn find(&self, name: &str) -> Option<&'static Variable> {
        self.all().find(|variable| variable.name == name)
    }

    /// Whether Kelos always has a variable of this name, be it empty; others may not be there.
    pub(in crate::engine) fn always_has(&self, name: &str) -> bool {
        self.find(name).is_some_and(|variable| variable.is_always_there)
    }

    /// The names that templates of Kelos can print.
    pub(in crate::engine) fn printed(&self) -> impl Iterator<Item = &'static str> {
        let context = (self.others == Others::Context).then_some("Context");
        self.all().filter(|it| it.is_printed).map(|it| it.name).chain(context)
    }

    /// What a variable is that templates of Kelos can print: nothing if it is a list or has parts.
    pub(in crate::engine) fn printed_class(&self, name: &str) -> Option<Option<Class>> {
        self.find(name).filter(|it| it.is_printed).map(|it| it.class)
    }

    /// Whether too little is known of the source to tell what it has.
    pub(in crate::engine) fn may_have_anything(&self) -> bool {
        self.others == Others::Anything
    }

    /// Whether it has the names that a `fieldMapping` gives.
    pub(in crate::engine) fn has_new_names(&self) -> bool {
        self.others == Others::NewNames
    }

    /// Whether Kelos asks the context sources of a TaskSpawner with this source.
    pub(in crate::engine) fn has_context(&self) -> bool {
        self.others != Others::Nothing
    }

    /// Whether it is known which of its variables are texts and which are numbers.
    pub(super) fn has_types(&self) -> bool {
        self.others != Others::Anything
    }

    /// The variables that are shown of every Task.
    pub(in crate::engine) fn shown(&self) -> impl Iterator<Item = &'static str> {
        self.all().filter(|variable| variable.is_shown).map(|variable| variable.name)
    }

    /// The variables that those which are used follow from.
    pub(super) fn prerequisites(&self, uses: &Uses) -> BTreeSet<Text> {
        let used = self.all().filter(|variable| uses.has(variable.name));
        let has_new_names = self.others == Others::NewNames;
        let in_small_letters =
            STANDARD.iter().filter(|(_, lower)| has_new_names && uses.has(lower));
        used.flat_map(|variable| variable.needs)
            .chain(in_small_letters.map(|(name, _)| name))
            .map(|name| Text::from(*name))
            .collect()
    }
}

/// A variable that the Tasks of a source can have. All that depends on its name is read from here.
#[derive(Debug)]
pub(in crate::engine) struct Variable {
    pub(super) name: &'static str,
    /// What a printed one can be; nothing if it is no text and no number, so that a printed one says too
    /// little.
    pub(super) class: Option<Class>,
    /// What the name of a Task keeps of it, where a template makes the name.
    pub(super) in_name: InName,
    /// Whether it is shown of every Task; others only where a template asks for them, or the Task tells.
    pub(super) is_shown: bool,
    /// Whether Kelos has it of every Task of the source, be it empty.
    pub(super) is_always_there: bool,
    /// Whether templates of Kelos can print it; others are known here all the same.
    pub(super) is_printed: bool,
    /// The variables that it follows from.
    pub(super) needs: &'static [&'static str],
}

impl Variable {
    const fn new(name: &'static str, class: Option<Class>) -> Variable {
        Variable {
            name,
            class,
            in_name: InName::Lost,
            is_shown: true,
            is_always_there: true,
            is_printed: true,
            needs: &[],
        }
    }

    /// A whole number.
    pub(super) const fn number(name: &'static str) -> Variable {
        Variable::new(name, Some(Class::Number)).in_name(InName::Number)
    }

    /// A text without white space.
    pub(super) const fn word(name: &'static str) -> Variable {
        Variable::new(name, Some(Class::Word))
    }

    /// A text without a line break.
    pub(super) const fn line(name: &'static str) -> Variable {
        Variable::new(name, Some(Class::Line))
    }

    /// Any text.
    pub(super) const fn text(name: &'static str) -> Variable {
        Variable::new(name, Some(Class::Anything))
    }

    /// A list or a mapping.
    pub(super) const fn structure(name: &'static str) -> Variable {
        Variable::new(name, None).where_asked()
    }

    /// The same, of which a name keeps something.
    pub(super) const fn in_name(self, in_name: InName) -> Variable {
        Variable { in_name, ..self }
    }

    /// The same, shown only where somebody asks for it.
    pub(super) const fn where_asked(self) -> Variable {
        Variable { is_shown: false, ..self }
    }

    /// The same, which Kelos does not have of every Task.
    pub(super) const fn sometimes(self) -> Variable {
        Variable { is_always_there: false, ..self }
    }

    /// The same, which no template of Kelos can print.
    pub(super) const fn unprinted(self) -> Variable {
        Variable { is_printed: false, ..self.sometimes() }
    }

    /// The same, which follows from others.
    pub(super) const fn needs(self, needs: &'static [&'static str]) -> Variable {
        Variable { needs, ..self }
    }
}

/// What is left of a variable in a name that a template made: names are in lower case, with dashes for all
/// that no name has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum InName {
    /// Too little to tell what it was.
    Lost,
    /// All digits: it is a number.
    Number,
    /// All digits: it is a text of them.
    Digits,
    /// The tick of a schedule: `20260207-0900`.
    Tick,
    /// A time: `2026-02-07t09-00-00z`.
    Time,
    /// A key of Jira, in lower case: `eng-42`.
    JiraKey,
}

/// The characters that a variable's text is made of. It may be more than the variable can be: then a
/// reading is found less often, and still no wrong one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::engine) enum Class {
    /// A whole number: one digit or more.
    Number,
    /// No white space: an identifier, a branch, a URL.
    Word,
    /// No line break: a title.
    Line,
    /// Any text.
    Anything,
}

impl Class {
    /// Whether a byte can be part of it. Bytes of characters beyond ASCII can.
    pub(super) fn takes(self, byte: u8) -> bool {
        match self {
            Class::Number => byte.is_ascii_digit(),
            Class::Word => !byte.is_ascii_whitespace(),
            Class::Line => byte != b'\n',
            Class::Anything => true,
        }
    }
}
