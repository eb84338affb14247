//! The table of helpers and cases.

use std::fs;
use std::path::Path;

use kelos_metadata::templates::value::Value;
use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;

use super::sprig::Answer;

pub(crate) struct Table {
    pub(crate) sections: Vec<Section>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    pub(crate) title: String,
    pub(crate) intro: Option<String>,
    pub(crate) helpers: Vec<Entry>,
}

/// A helper.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    /// Its name and the names of its arguments.
    #[serde(rename = "use")]
    pub(crate) usage: String,
    pub(crate) gives: String,
    pub(crate) note: Option<String>,
    #[serde(default)]
    pub(crate) from: Origin,
    pub(crate) cases: Vec<Case>,
}

/// Whose function it is.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Origin {
    #[default]
    Sprig,
    Helm,
    Ours,
}

/// Arguments, and what comes of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Case {
    pub(crate) args: Vec<Json>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) gives: Option<Json>,
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
    pub(crate) because: Option<String>,
}

pub(crate) enum Expected<'c> {
    Gives(Value),
    Fails(&'c str),
}

/// A null is a value, too.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(deserializer).map(Some)
}

impl Table {
    pub(crate) fn read() -> Table {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/helpers/table.yaml");
        let text = fs::read_to_string(path).unwrap();
        Table { sections: serde_saphyr::from_str(&text).expect("table.yaml is a list of sections") }
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.sections.iter().flat_map(|section| &section.helpers)
    }
}

impl Entry {
    pub(crate) fn name(&self) -> &str {
        self.usage.split(' ').next().unwrap()
    }
}

impl Case {
    pub(crate) fn values(&self) -> Vec<Value> {
        let value = |arg: &Json| match labels(arg) {
            Some(names) => Value::labels(&names),
            None => Value::from(arg.clone()),
        };
        self.args.iter().map(value).collect()
    }

    pub(crate) fn expected(&self) -> Expected<'_> {
        match (&self.gives, &self.fails) {
            (Some(value), None) => Expected::Gives(Value::from(value.clone())),
            (None, Some(part)) => Expected::Fails(part),
            _ => panic!("{:?}: a case gives something or fails", self.args),
        }
    }

    /// Whether Sprig knows all types of the arguments, and gives the same each time.
    pub(crate) fn is_for_sprig(&self) -> bool {
        self.args.iter().all(|arg| labels(arg).is_none()) && self.sprig != Some("any".into())
    }

    pub(crate) fn is_what_sprig_says(&self, answer: &Answer) -> bool {
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
pub(crate) fn labels(arg: &Json) -> Option<Vec<String>> {
    let map = arg.as_object().filter(|map| map.len() == 1)?;
    serde_json::from_value(map.get("labels")?.clone()).ok()
}
