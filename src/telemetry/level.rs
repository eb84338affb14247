//! What is logged, as `--log-level` says it.

use std::str::FromStr;

use thiserror::Error;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

/// The levels, from nothing to everything.
pub const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// A level, or directives by module, that the filter of the log takes as they are meant.
///
/// The filter itself takes any word for the name of a module, of which everything is logged and nothing of all
/// others: `verbose` would switch the log off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directives(String);

/// What is wrong with a text for `--log-level`.
#[derive(Debug, Error)]
pub enum DirectivesError {
    /// A word that is no level, where a level has to be.
    #[error("`{word}` is no level: there are {}, and directives such as info,kelos_metadata=debug", LEVELS.join(", "))]
    Level {
        /// The word.
        word: String,
    },
    /// A name that no module has.
    #[error(
        "`{module}` is no module: names of modules have `_` and `::`, as in kelos_metadata::server=debug"
    )]
    Module {
        /// The name.
        module: String,
    },
    /// The filter does not take them.
    #[error("{directives:?} is neither a level ({}) nor a list of directives such as info,kelos_metadata=debug", LEVELS.join(", "))]
    Filter {
        /// What was given.
        directives: String,
        /// What the filter says.
        #[source]
        source: ParseError,
    },
}

impl Directives {
    /// As the filter takes them.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Directives {
    type Err = DirectivesError;

    fn from_str(text: &str) -> Result<Directives, DirectivesError> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let directives = parts.map(directive).collect::<Result<Vec<_>, _>>()?.join(",");
        let refused = |source| DirectivesError::Filter { directives: text.to_owned(), source };
        if directives.is_empty() {
            return Err(DirectivesError::Level { word: text.to_owned() });
        }
        EnvFilter::builder().parse(&directives).map_err(refused)?;
        Ok(Directives(directives))
    }
}

/// A directive, with its level as the filter spells it.
fn directive(text: &str) -> Result<String, DirectivesError> {
    let behind_span = text.rfind(']').map_or(0, |at| at + 1);
    let (target, word) = match text[behind_span..].rfind('=') {
        Some(at) => (&text[..behind_span + at], &text[behind_span + at + 1..]),
        // A span without a level: all of it is logged.
        None if behind_span > 0 => return Ok(text.to_owned()),
        None => ("", text),
    };
    let module = target.split('[').next().unwrap_or_default();
    if module.contains(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | ':'))) {
        return Err(DirectivesError::Module { module: module.to_owned() });
    }
    let level = level(word).ok_or_else(|| DirectivesError::Level { word: word.to_owned() })?;
    Ok(if target.is_empty() { level.to_owned() } else { format!("{target}={level}") })
}

/// The level of a word; `warning` is what others call `warn`.
fn level(word: &str) -> Option<&'static str> {
    let word = if word.eq_ignore_ascii_case("warning") { "warn" } else { word };
    LEVELS.into_iter().find(|level| level.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_or_directives_are_taken_as_they_are_meant() {
        for (text, taken) in [
            ("info", "info"),
            ("WARNING", "warn"),
            ("Debug", "debug"),
            ("info, kelos_metadata::server=warning", "info,kelos_metadata::server=warn"),
            ("off,kube_client=error,", "off,kube_client=error"),
            ("info,[request{a=1}]=Debug", "info,[request{a=1}]=debug"),
            ("warn,kelos_metadata[request]", "warn,kelos_metadata[request]"),
        ] {
            assert_eq!(text.parse::<Directives>().unwrap().as_str(), taken, "{text}");
        }
    }

    #[test]
    fn a_word_that_is_no_level_is_refused_with_what_there_is() {
        for (text, said) in [
            ("verbose", "`verbose` is no level: there are off, error, warn, info, debug, trace,"),
            ("info,kelos_metadata", "`kelos_metadata` is no level"),
            ("info,kelos_metadata=loud", "`loud` is no level"),
            ("info,kelos-metadata=debug", "`kelos-metadata` is no module"),
            ("info,=lots", "`lots` is no level"),
            ("", "`` is no level"),
            ("info,[a=debug", "is neither a level"),
        ] {
            let error = text.parse::<Directives>().unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
