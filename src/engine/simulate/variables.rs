//! An item → the variables that Kelos gives its templates.

use std::cell::Cell;

use super::field_mapping;
use super::github_event;
use super::no_task::NoTask;
use super::spawner::Spawner;
use super::{Item, KelosVersion, SourceKind};
use crate::engine::sources::Table;
use crate::templates::budget::Budget;
use crate::templates::suggest::closest;
use crate::templates::value::{GoValue, Map, Text, Typed, Value};
use crate::templates::{ErrorKind, TemplateError};

/// The variables of one item, in Go's types.
#[derive(Clone, Debug)]
pub struct Variables {
    root: Value,
    source: &'static Table,
    /// What is left for all templates together; without it each has its own.
    left: Cell<Option<Budget>>,
}

/// The variables of everything that is polled, in the order in which Kelos declares them.
const POLLED: [&str; 13] = [
    "ID",
    "Number",
    "Title",
    "Body",
    "URL",
    "Labels",
    "Comments",
    "Kind",
    "Branch",
    "ReviewState",
    "ReviewComments",
    "Time",
    "Schedule",
];

impl Spawner {
    /// The variables that a Kelos of this version gives the templates for an item. What a partial item does not say
    /// has the value of the built-in example.
    ///
    /// # Errors
    ///
    /// The item can't be one of the source, or the TaskSpawner has none that this Kelos knows.
    pub fn variables(&self, item: &Item, version: KelosVersion) -> Result<Variables, NoTask> {
        self.variables_of(&self.complete(item, version)?, version)
    }

    /// An item as it is taken, with what it does not say.
    pub(super) fn complete(&self, item: &Item, version: KelosVersion) -> Result<Item, NoTask> {
        let source = self.source_of(version)?;
        self.check(source, item)?;
        self.completed(source, item)
    }

    /// The same of an item that says all, as those of [`Spawner::samples`].
    pub(in crate::engine) fn variables_of(
        &self,
        item: &Item,
        version: KelosVersion,
    ) -> Result<Variables, NoTask> {
        let source = self.source_of(version)?;
        let mut map = match source {
            _ if source.is_polled() => polled(item)?,
            SourceKind::GithubWebhook => github_event::variables(item)?,
            SourceKind::GenericWebhook => field_mapping::variables(self, item)?,
            SourceKind::LinearWebhook => linear(item)?,
            _ => texts(item, source)?,
        };
        if version == KelosVersion::V0_24 {
            let root = Value::Typed(Typed::new(WorkItem(map)));
            return Ok(Variables { root, source: source.table(), left: Cell::default() });
        }
        let context: Map = self.context(item)?;
        if source.table().has_context() && self.context_sources().next().is_some() {
            map.insert("Context".into(), Value::from(context));
        }
        Ok(Variables { root: Value::from(map), source: source.table(), left: Cell::default() })
    }

    /// Refuses an item with a name in it that means nothing: most likely a typing error.
    fn check(&self, source: SourceKind, item: &Item) -> Result<(), NoTask> {
        let mapped = |name: &str| {
            source == SourceKind::GenericWebhook && self.field_mapping().any(|(it, _)| it == name)
        };
        let known: Vec<&str> = source.variables().chain(source.facts().iter().copied()).collect();
        for name in item.keys() {
            if !known.contains(&&**name) && !mapped(name) {
                let error = NoTask::item(format!("{source} has no `{name}`"));
                return Err(match closest(name, known.iter().copied()) {
                    Some(meant) => error.hint(format!("did you mean `{meant}`?")),
                    None => error.hint(format!("an item of {source} has {}", known.join(", "))),
                });
            }
        }
        Ok(())
    }

    fn context(&self, item: &Item) -> Result<Map, NoTask> {
        let given = item.get("Context").and_then(serde_json::Value::as_object);
        let names: Vec<&str> = self.context_sources().collect();
        if let Some(name) =
            given.into_iter().flat_map(|it| it.keys()).find(|it| !names.contains(&&***it))
        {
            return Err(NoTask::item(format!("spec.taskTemplate.contextSources has no `{name}`")));
        }
        let text = |name: &&str| match given.and_then(|it| it.get(*name)) {
            Some(value) => text_of("Context", value),
            None => Ok(format!("what {name} says")),
        };
        names.iter().map(|name| Ok((Text::from(*name), Value::from(text(name)?)))).collect()
    }
}

impl Variables {
    /// The same, with which all templates together may cost so much.
    pub(in crate::engine) fn within(self, budget: Budget) -> Variables {
        Variables { left: Cell::new(Some(budget)), ..self }
    }

    /// What is left for all templates together, if they share it.
    pub(in crate::engine) fn left(&self) -> Option<Budget> {
        self.left.get()
    }

    /// Says what is left, if templates share it.
    pub(super) fn spend_to(&self, budget: Budget) {
        if self.left.get().is_some() {
            self.left.set(Some(budget));
        }
    }

    /// What `.` is.
    pub(super) fn root(&self) -> &Value {
        &self.root
    }

    /// The same without what a `nameTemplate` may not see.
    pub(super) fn without_context(&self) -> Variables {
        let mut variables = self.clone();
        if let Value::Map(map) = &self.root
            && map.contains_key("Context")
        {
            let mut map = Map::clone(map);
            map.remove("Context");
            variables.root = Value::from(map);
        }
        variables
    }

    /// The variable of this name, if the item has it.
    pub fn get(&self, name: &str) -> Option<Value> {
        match &self.root {
            Value::Map(map) => map.get(name).cloned(),
            Value::Typed(typed) => typed.field(name).ok(),
            _ => None,
        }
    }

    /// An error as somebody sees it who writes TaskSpawners.
    pub(super) fn explained(&self, error: TemplateError) -> TemplateError {
        let written = error.name.clone().filter(|_| error.kind == ErrorKind::Missing);
        let Some(written) = written else { return error };
        let name = written.trim_start_matches(['$', '.']).split('.').next().unwrap_or_default();
        let source = self.source.name;
        let is_there = self.get(name).is_some() || name.is_empty();
        let is_sometimes = self.source.find(name).is_some();
        let message = match (is_there, is_sometimes) {
            (true, _) => format!("`{written}` is not there"),
            (false, true) => format!("this item of {source} has no `.{name}`"),
            (false, false) => format!("{source} has no `.{name}`"),
        };
        let error = TemplateError { message, ..error };
        match closest(name, self.source.printed().filter(|it| *it != name)) {
            _ if is_there => error,
            _ if name == "Context" => error.hint("Kelos asks no context sources here: leave it out"),
            _ if is_sometimes => error.hint(format!(
                "where it may not be there, write `{{{{with index . \"{name}\"}}}}{{{{.}}}}{{{{end}}}}`"
            )),
            Some(meant) => error.hint(format!("did you mean `.{meant}`?")),
            None => error,
        }
    }
}

/// What Kelos v0.24 gives templates: a struct, which has no elements.
#[derive(Debug)]
struct WorkItem(Map);

impl GoValue for WorkItem {
    fn kind(&self) -> &'static str {
        "a struct, as Kelos v0.24 has it"
    }

    fn is_true(&self) -> bool {
        true
    }

    fn field(&self, name: &str) -> Result<Value, TemplateError> {
        self.0.get(name).cloned().ok_or_else(|| TemplateError::missing(&format!(".{name}")))
    }

    fn printed(&self) -> Result<Value, TemplateError> {
        let values = POLLED.iter().filter_map(|name| self.0.get(*name));
        let printed: Vec<String> = values.map(plain).collect();
        Ok(Value::from(format!("{{{}}}", printed.join(" "))))
    }

    fn pointed(&self) -> Result<Option<Value>, TemplateError> {
        Ok(None)
    }
}

/// A text or a whole number, printed.
fn plain(value: &Value) -> String {
    match value {
        Value::Int(number) => number.to_string(),
        other => other.as_text().map(ToString::to_string).unwrap_or_default(),
    }
}

/// The variables of what is polled: all are there, be they empty.
fn polled(item: &Item) -> Result<Map, NoTask> {
    let value = |name: &'static str| {
        let given = item.get(name).unwrap_or(&serde_json::Value::Null);
        Ok((
            name.into(),
            match name {
                "Number" => Value::Int(whole(name, given)?),
                "Labels" => Value::from(labels(given)?),
                // Kelos's own default.
                "Kind" if given.as_str().is_none_or(str::is_empty) => Value::from("Issue"),
                _ => Value::from(text_of(name, given)?),
            },
        ))
    };
    POLLED.into_iter().map(value).collect()
}

fn linear(item: &Item) -> Result<Map, NoTask> {
    let mut map = texts(item, SourceKind::LinearWebhook)?;
    let payload = item.get("Payload").cloned().unwrap_or_else(|| serde_json::json!({}));
    if !payload.is_object() {
        return Err(NoTask::item("`Payload` of linearWebhook is a mapping"));
    }
    map.insert("Payload".into(), field_mapping::decoded(&payload));
    map.insert(
        "Labels".into(),
        Value::from(labels(item.get("Labels").unwrap_or(&serde_json::Value::Null))?),
    );
    Ok(map)
}

/// All variables of a source that are texts, those that the item does not say empty.
fn texts(item: &Item, source: SourceKind) -> Result<Map, NoTask> {
    let names = source.variables().filter(|it| !matches!(*it, "Payload" | "Context" | "Labels"));
    let text = |name| text_of(name, item.get(name).unwrap_or(&serde_json::Value::Null));
    names.map(|name| Ok((Text::from(name), Value::from(text(name)?)))).collect()
}

/// What an item says of a variable that is a text: numbers and booleans as they are written.
pub(super) fn text_of(name: &str, given: &serde_json::Value) -> Result<String, NoTask> {
    match given {
        serde_json::Value::Null => Ok(String::new()),
        serde_json::Value::String(text) => Ok(text.clone()),
        serde_json::Value::Number(number) => Ok(number.to_string()),
        serde_json::Value::Bool(it) => Ok(it.to_string()),
        serde_json::Value::Array(_) | serde_json::Value::Object(_) => {
            Err(NoTask::item(format!("`{name}` is a text")))
        }
    }
}

/// What an item says of a variable that is a whole number.
pub(super) fn whole(name: &str, given: &serde_json::Value) -> Result<i64, NoTask> {
    let number = match given {
        serde_json::Value::Null => Some(0),
        serde_json::Value::String(text) => text.parse().ok(),
        other => other.as_i64(),
    };
    number.ok_or_else(|| NoTask::item(format!("`{name}` is a whole number")))
}

/// What an item says of labels, as Kelos joins them.
fn labels(given: &serde_json::Value) -> Result<String, NoTask> {
    let serde_json::Value::Array(names) = given else { return text_of("Labels", given) };
    let names: Result<Vec<_>, _> = names.iter().map(|name| text_of("Labels", name)).collect();
    Ok(names?.join(", "))
}
