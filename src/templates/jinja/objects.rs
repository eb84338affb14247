//! Our values as minijinja sees them, without copying them, and back.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use minijinja::value::Value as JinjaValue;
use minijinja::value::{DynObject, Enumerator, Object, ObjectExt, ObjectRepr, Tuple};

use super::catalog::is_function;
use super::names;
use crate::templates::error::TemplateError;
use crate::templates::helpers::Caller;
use crate::templates::regexp::Patterns;
use crate::templates::value::{Map, Text, Value};

/// The variables of a template, and what its helpers know besides.
#[derive(Debug)]
pub(super) struct Root {
    pub(super) variables: Arc<Map>,
    pub(super) context: Arc<Context>,
}

/// What helpers know of the request and the template.
#[derive(Debug)]
pub(super) struct Context {
    /// The moment of the request, in seconds since 1970.
    pub(super) moment: i64,
    /// The regular expressions that the template spells out.
    pub(super) patterns: Arc<Patterns>,
}

/// The name under which helpers find their [`Context`]; no template can write it.
pub(super) const CONTEXT: &str = "\0context";

impl Object for Context {}

impl Object for Root {
    fn get_value(self: &Arc<Self>, key: &JinjaValue) -> Option<JinjaValue> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<JinjaValue> {
        let found = match is_function(key) {
            true => self.variables.get(key),
            false => names::lookup(&self.variables, key),
        };
        match found {
            None if key == CONTEXT => Some(JinjaValue::from_dyn_object(self.context.clone())),
            Some(group @ Value::Map(_)) if matches!(key, "Source" | "source") => {
                Some(JinjaValue::from_object(Container(group.clone(), Names::CamelCase)))
            }
            found => found.map(to_jinja),
        }
    }
}

/// A list or a map that comes from outside of the template, or reads as a text.
#[derive(Debug)]
pub(super) struct Container(pub(super) Value, Names);

/// How the names in a map are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Names {
    /// As variables are, or as anybody likes.
    Any,
    /// `reviewState`
    CamelCase,
}

impl Container {
    /// The text that this reads as, if it does.
    pub(super) fn text(&self) -> Option<&Text> {
        self.0.as_text()
    }
}

impl Object for Container {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        match self.0.as_list() {
            Some(_) => ObjectRepr::Seq,
            None => ObjectRepr::Map,
        }
    }

    fn get_value(self: &Arc<Self>, key: &JinjaValue) -> Option<JinjaValue> {
        match self.0.as_list() {
            Some(items) => items.get(key.as_usize()?).map(to_jinja),
            None => self.get_value_by_str(key.as_str()?),
        }
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<JinjaValue> {
        let lookup = match self.1 {
            Names::Any => names::lookup,
            Names::CamelCase => names::field,
        };
        lookup(self.0.as_map()?, key).map(to_jinja)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        match self.0.as_list() {
            Some(items) => Enumerator::Seq(items.len()),
            None => self.mapped_enumerator(|this| match this.0.as_map() {
                Some(map) => Box::new(map.keys().map(text)),
                None => Box::new(std::iter::empty()),
            }),
        }
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        match self.0.as_list() {
            Some(items) => Some(items.len()),
            None => self.0.as_map().map(|map| map.len()),
        }
    }

    fn is_true(self: &Arc<Self>) -> bool {
        self.0.is_true()
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        let other = other.downcast_ref::<Container>()?;
        Some(self.text()?.cmp(other.text()?))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = self.text() {
            return f.write_str(text);
        }
        match self.0.as_list() {
            Some(items) => f.debug_list().entries(items.iter().map(to_jinja)).finish(),
            None => {
                let entries = self.0.as_map().into_iter().flat_map(|map| map.iter());
                let entries = entries.map(|(k, v)| (text(k), to_jinja(v)));
                f.debug_map().entries(entries).finish()
            }
        }
    }
}

/// Our value for minijinja.
pub(super) fn to_jinja(value: &Value) -> JinjaValue {
    match value {
        // Those are seen by templates of Kelos alone, which are none in Jinja.
        Value::Nil | Value::Typed(_) => JinjaValue::from(()),
        Value::Bool(b) => JinjaValue::from(*b),
        Value::Int(i) => JinjaValue::from(*i),
        Value::Byte(b) => JinjaValue::from(*b),
        Value::Float(f) => JinjaValue::from(*f),
        Value::Str(it) => text(it),
        Value::List(_) | Value::Map(_) | Value::Dual(_) => {
            JinjaValue::from_object(Container(value.clone(), Names::Any))
        }
    }
}

/// A text for minijinja, which has those of up to 22 bytes in place: the few that are short to us and not to it, and
/// white space, are copied.
pub(super) fn text(text: &Text) -> JinjaValue {
    match text.is_heap_allocated() {
        true => JinjaValue::from(Arc::<str>::from(text.clone())),
        false => JinjaValue::from(text.as_str()),
    }
}

/// A value of minijinja as an argument of a helper; something undefined is nothing.
///
/// A list or map that the template built may hold texts and numbers only: else a helper that gives
/// back what it got would hide how deep values are nested.
pub(super) fn from_jinja(
    meter: &mut dyn Caller,
    value: &JinjaValue,
) -> Result<Value, TemplateError> {
    if let Some(container) = value.downcast_object_ref::<Container>() {
        return Ok(container.0.clone());
    }
    if let Some(items) = sequence(value) {
        meter.take_steps(items.len() as u64)?;
        meter.take_bytes(items.len().saturating_mul(16))?;
        let items: Result<Vec<_>, _> = items.iter().map(scalar).collect();
        return items.map(Value::from);
    }
    if let Some(map) = value.downcast_object_ref::<BTreeMap<JinjaValue, JinjaValue>>() {
        meter.take_steps(map.len() as u64)?;
        meter.take_bytes(map.len().saturating_mul(32))?;
        let entries = map.iter().map(|(key, value)| match scalar(key)? {
            Value::Str(key) => Ok((key, scalar(value)?)),
            _ => Err(TemplateError::render("the keys of a map for a helper must be texts")),
        });
        return entries.collect::<Result<Map, _>>().map(Value::from);
    }
    scalar(value)
}

/// The elements of a list or tuple that the template built.
pub(super) fn sequence(value: &JinjaValue) -> Option<&[JinjaValue]> {
    value
        .downcast_object_ref::<Vec<JinjaValue>>()
        .map(Vec::as_slice)
        .or_else(|| value.downcast_object_ref::<Tuple>().map(|tuple| &**tuple))
}

/// A value without parts.
fn scalar(value: &JinjaValue) -> Result<Value, TemplateError> {
    if value.is_undefined() || value.is_none() {
        return Ok(Value::Nil);
    }
    if let Some(text) = value.as_str() {
        if text.len() <= Text::INLINE_CAP {
            return Ok(text.into());
        }
        return Ok(Arc::<str>::try_from(value.clone())
            .map_or_else(|_| text.into(), |it| Value::Str(it.into())));
    }
    if value.is_integer() {
        let number = i64::try_from(value.clone());
        return number
            .map(Value::Int)
            .map_err(|_| TemplateError::render("a number for a helper does not fit into 64 bits"));
    }
    if let Ok(b) = bool::try_from(value.clone()) {
        return Ok(Value::Bool(b));
    }
    if let Ok(f) = f64::try_from(value.clone()) {
        return Ok(Value::Float(f));
    }
    Err(TemplateError::render("a list or map for a helper may hold only texts and numbers"))
}
