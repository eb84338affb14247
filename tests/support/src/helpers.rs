//! The table of helpers and cases.

use std::fs;
use std::path::Path;

use kelos_metadata::templates::TemplateError;
use kelos_metadata::templates::budget::Budget;
use kelos_metadata::templates::helpers::Helper;
use kelos_metadata::templates::value::Value;
use kelos_metadata::unix_seconds::UnixSeconds;
use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;

/// The moment of all requests here: 2026-11-22 18:04:05 UTC.
pub const MOMENT: UnixSeconds = UnixSeconds(1_795_370_645);

/// Calls a helper at that moment.
///
/// # Errors
///
/// It says why it gives nothing.
pub fn call(helper: &Helper, args: &[Value]) -> Result<Value, TemplateError> {
    helper.call(&mut Budget::template().at(MOMENT), args)
}

/// What Sprig says.
#[derive(Debug)]
pub enum Answer {
    Gives(Value),
    Fails,
    /// Something that is no UTF-8.
    Binary,
}

pub struct Table {
    pub sections: Vec<Section>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    pub title: String,
    pub intro: Option<String>,
    pub helpers: Vec<Entry>,
}

/// A helper.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its name and the names of its arguments.
    #[serde(rename = "use")]
    pub usage: String,
    pub gives: String,
    pub note: Option<String>,
    #[serde(default)]
    pub from: Origin,
    pub cases: Vec<Case>,
}

/// Whose function it is.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    #[default]
    Sprig,
    Helm,
    Ours,
}

/// Arguments, and what comes of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Case {
    pub args: Vec<Json>,
    #[serde(default, deserialize_with = "present")]
    pub gives: Option<Json>,
    fails: Option<String>,
    /// What Sprig gives, if that is something else; `any` if it can't be told.
    #[serde(default, deserialize_with = "present")]
    sprig: Option<Json>,
    #[serde(default)]
    sprig_fails: bool,
    /// Sprig gives something that is no UTF-8.
    #[serde(default)]
    sprig_binary: bool,
    /// Why Sprig gives something else.
    pub because: Option<String>,
}

pub enum Expected<'c> {
    Gives(Value),
    Fails(&'c str),
}

/// A null is a value, too.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(deserializer).map(Some)
}

impl Table {
    pub fn read() -> Table {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/helpers/table.yaml");
        let text = fs::read_to_string(path).unwrap();
        Table { sections: serde_saphyr::from_str(&text).expect("table.yaml is a list of sections") }
    }

    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.sections.iter().flat_map(|section| &section.helpers)
    }
}

impl Entry {
    pub fn name(&self) -> &str {
        self.usage.split(' ').next().unwrap()
    }
}

impl Case {
    pub fn values(&self) -> Vec<Value> {
        let value = |arg: &Json| match labels(arg) {
            Some(names) => Value::labels(&names),
            None => Value::from(arg.clone()),
        };
        self.args.iter().map(value).collect()
    }

    pub fn expected(&self) -> Expected<'_> {
        match (&self.gives, &self.fails) {
            (Some(value), None) => Expected::Gives(Value::from(value.clone())),
            (None, Some(part)) => Expected::Fails(part),
            _ => panic!("{:?}: a case gives something or fails", self.args),
        }
    }

    /// Whether Sprig knows all types of the arguments, and gives the same each time.
    pub fn is_for_sprig(&self) -> bool {
        self.args.iter().all(|arg| labels(arg).is_none()) && self.sprig != Some("any".into())
    }

    pub fn is_what_sprig_says(&self, answer: &Answer) -> bool {
        match answer {
            Answer::Binary => self.sprig_binary,
            Answer::Fails => self.sprig_fails || (self.fails.is_some() && self.sprig.is_none()),
            Answer::Gives(value) => {
                let gives = self.sprig.as_ref().or(self.gives.as_ref());
                !self.sprig_fails && gives.is_some_and(|gives| Value::from(gives.clone()) == *value)
            }
        }
    }
}

/// The names of labels, if that is what an argument stands for.
pub fn labels(arg: &Json) -> Option<Vec<String>> {
    let map = arg.as_object().filter(|map| map.len() == 1)?;
    serde_json::from_value(map.get("labels")?.clone()).ok()
}
