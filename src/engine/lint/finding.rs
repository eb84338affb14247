//! A finding: the rule, the place, what is wrong, and what to write instead.

use std::fmt;
use std::ops::Range;

use crate::apimachinery::Kind;
use crate::engine::rules::Failing;
use crate::engine::sources::Rendered;
use crate::templates::Position;
use crate::words::words;

words! {
    /// How much a finding matters.
    pub enum Severity {
        /// A Task is lost or refused.
        Error = "error",
        /// A wrong or missing value.
        Warning = "warning",
        /// Something to know.
        Info = "info",
    }
}

words! {
    /// What is looked for. Each has an entry of its name in docs/lint.md.
    pub enum Rule {
        /// A template that Kelos fails on for every item.
        KelosFails = "kelos-fails",
    }
}

/// One step of the way to a field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A field of an object, or a key of a map.
    Key(Box<str>),
    /// An item of a list, from 0.
    Item(usize),
}

/// The way to a field: `spec.taskTemplate.metadata.labels["team.example.com/area"]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Field(pub Vec<Step>);

impl Field {
    /// The field at a way of keys.
    pub fn of(keys: &[&str]) -> Field {
        Field(keys.iter().map(|key| Step::Key((*key).into())).collect())
    }
}

impl fmt::Display for Field {
    /// As kubectl and the API server write field paths; a key that is no name stands in brackets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_name = |key: &str| key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        for (index, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if is_name(key) && index == 0 => f.write_str(key)?,
                Step::Key(key) if is_name(key) => write!(f, ".{key}")?,
                Step::Key(key) => write!(f, "[{key:?}]")?,
                Step::Item(item) => write!(f, "[{item}]")?,
            }
        }
        Ok(())
    }
}

/// A replacement that is exact: the text of the field without these bytes, and with others in their place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// The bytes of the field's text that go.
    pub range: Range<usize>,
    /// What comes in their place.
    pub with: String,
}

/// Something that is wrong, or worth knowing. Holds no more of the object than names, keys and pieces of templates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked for.
    pub rule: Rule,
    /// How much it matters here.
    pub severity: Severity,
    /// The field that it is about.
    pub field: Field,
    /// Whether the key of that field is meant, not its text.
    pub is_about_key: bool,
    /// Where in the text of the field, if it is about a place there.
    pub at: Option<Position>,
    /// What is wrong, in a clause without a full stop.
    pub text: String,
    /// What to do, in a clause.
    pub help: Option<String>,
    /// What to write instead, where that is certain.
    pub fix: Option<Fix>,
}

impl Finding {
    pub(super) fn failing(failing: &Failing) -> Finding {
        let template = |name| Field::of(&["spec", "taskTemplate", name]);
        let field = match &failing.rendered {
            Rendered::Prompt => template("promptTemplate"),
            Rendered::Branch => template("branch"),
            Rendered::Name => template("nameTemplate"),
            Rendered::Metadata(kind, key) => {
                let map = if *kind == Kind::Label { "labels" } else { "annotations" };
                Field::of(&["spec", "taskTemplate", "metadata", map, key])
            }
        };
        Finding {
            rule: Rule::KelosFails,
            severity: Severity::Error,
            field,
            is_about_key: false,
            at: failing.error.position,
            text: failing.error.message.clone(),
            help: failing.error.hint.clone(),
            fix: None,
        }
    }
}
