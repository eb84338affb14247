//! Values that are words of a set: who types is offered them, and told what there is.

use std::ffi::OsStr;
use std::str::FromStr;

use clap::builder::{PossibleValue, PossibleValuesParser, StringValueParser, TypedValueParser};
use clap::{Arg, Command, Error};

use crate::apimachinery::{self, KeyError, Kind};
use crate::monitoring::ServiceAccount;
use crate::telemetry::{Directives, LEVELS};

/// A parser of the words of a set.
pub(super) fn of<T>(
    words: impl IntoIterator<Item = &'static str>,
) -> impl TypedValueParser<Value = T>
where
    T: Clone + Send + Sync + 'static + FromStr<Err: std::error::Error + Send + Sync>,
{
    PossibleValuesParser::new(words).try_map(|word| word.parse::<T>())
}

/// A parser of what is logged: the levels are offered, and directives are taken, too.
pub(super) fn level() -> impl TypedValueParser<Value = Directives> {
    Level
}

#[derive(Clone)]
struct Level;

impl TypedValueParser for Level {
    type Value = Directives;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<Directives, Error> {
        let parser = StringValueParser::new().try_map(|text| text.parse::<Directives>());
        parser.parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(LEVELS.into_iter().map(PossibleValue::new)))
    }
}

/// A name and its value, around the first `=`.
pub(super) fn assignment(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((name, value)) if !name.split('.').any(str::is_empty) => {
            Ok((name.to_owned(), value.to_owned()))
        }
        _ => Err("a variable is set as NAME=VALUE"),
    }
}

/// How long the name of a namespace is at the most.
const NAMESPACE_BYTES: usize = 63;

/// The namespace that was given, if one was: an empty one is none.
pub(super) fn given(namespace: Option<&str>) -> Option<&str> {
    namespace.filter(|name| !name.is_empty())
}

/// The namespace that is asked for, nothing for all; `context` is that of the context.
pub(super) fn within(namespace: Option<&str>, is_all: bool, context: &str) -> Option<String> {
    (!is_all).then(|| given(namespace).unwrap_or(context).to_owned())
}

/// The name of a namespace, or nothing: that of the context is meant, then.
pub(super) fn namespace(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let is_name = apimachinery::is_object_name(text) && !text.contains('.');
    match is_name && text.len() <= NAMESPACE_BYTES {
        true => Ok(text.to_owned()),
        false => Err(format!(
            "`{}` is no name of a namespace: lower-case letters, digits and `-`, at most 63, with a letter or a digit \
             at both ends",
            text.escape_debug()
        )),
    }
}

/// How often a second: more than never.
pub(super) fn rate(text: &str) -> Result<f64, &'static str> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate >= 0.01 => Ok(rate),
        _ => Err("a number such as 20 or 0.5, of 0.01 or more"),
    }
}

/// A key that a label can have.
pub(super) fn label_key(text: &str) -> Result<String, KeyError> {
    apimachinery::key(Kind::Label, text).map(|()| text.to_owned())
}

/// A label and its value, as `KEY=VALUE`.
pub(super) fn label(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("a label is KEY=VALUE")?;
    apimachinery::key(Kind::Label, key).map_err(|error| error.to_string())?;
    apimachinery::value(Kind::Label, value).map_err(|error| error.to_string())?;
    Ok((key.to_owned(), value.to_owned()))
}

/// A ServiceAccount, as `NAMESPACE/NAME`.
pub(super) fn service_account(text: &str) -> Result<ServiceAccount, String> {
    let parts = text.split_once('/');
    let (namespace, name) = parts.ok_or("a ServiceAccount is NAMESPACE/NAME")?;
    if namespace.is_empty() || !apimachinery::is_object_name(name) {
        return Err(format!("`{}` is no NAMESPACE/NAME", text.escape_debug()));
    }
    Ok(ServiceAccount { namespace: self::namespace(namespace)?, name: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_has_a_name_or_is_that_of_the_context() {
        for name in ["agents", "a-1", ""] {
            assert_eq!(namespace(name).as_deref(), Ok(name));
        }
        for text in ["../..", "a/b", "A", "a.b", "-a", " ", &"a".repeat(64)] {
            assert!(namespace(text).is_err(), "{text}");
        }
        assert_eq!((given(Some("")), given(Some("a")), given(None)), (None, Some("a"), None));
    }

    #[test]
    fn a_service_account_has_a_namespace_and_a_label_a_value() {
        let account = service_account("monitoring/kube-state-metrics").unwrap();
        assert_eq!((&*account.namespace, &*account.name), ("monitoring", "kube-state-metrics"));
        assert!(label("release=stack").is_ok() && label("release").is_err());
        assert!(label("a b=c").is_err() && label("release=a b").is_err());
        for text in ["ksm", "/ksm", "monitoring/", "a.b/c", "a/b/c", "a/B"] {
            assert!(service_account(text).is_err(), "{text}");
        }
    }
}
