//! The defaults of the cluster: keys that every object gets, whoever made it.
//!
//! A cluster admin writes them, so that a file with a mistake counts as none at all: whoever made the
//! mistake hears of it, and nobody gets half of what was meant.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use thiserror::Error;

use super::annotation::{self, Sections, Unreadable};
use super::compile::Compiler;
use super::declared::Declared;
use super::settings::Settings;
use super::{Copies, DeclaredIn, KeyRule, On, OnInvalid, Policy, Problem, Shared, find};
use crate::apimachinery::Kind;
use crate::engine::kelos::{MAP_BYTES, MOST_KEYS, Shape};
use crate::engine::pods;
use crate::engine::skip::Skip;
use crate::templates::budget::{Exhausted, VALUE_BYTES};
use crate::templates::purse::Purse;

/// The longest file of defaults: as much as all annotations of an object may have.
pub const DEFAULTS_BYTES: usize = 4 * MAP_BYTES;

/// The defaults of the cluster.
#[derive(Debug, Default)]
pub struct Defaults {
    /// One rule a key, labels first, in key order: of Tasks, and of Sessions.
    keys: [Vec<Arc<KeyRule>>; Shape::ALL.len()],
    /// The labels of Tasks that Pods get, too.
    copies: Arc<Copies>,
    /// What tells them from others; nothing without a file.
    pub(super) digest: Option<[u8; 32]>,
}

/// What is wrong with a file of defaults.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {message}")]
pub struct DefaultsError {
    /// The line in the file, from 1.
    pub line: usize,
    /// What is wrong, and what to do.
    pub message: String,
}

impl Defaults {
    /// Reads a file. What it leaves open is as in the `policy`, whose own defaults do not count.
    ///
    /// # Errors
    ///
    /// All mistakes that were found; then none of it counts.
    pub fn read(text: &str, policy: &Policy) -> Result<Defaults, Vec<DefaultsError>> {
        let error = |line, message: &str| vec![DefaultsError { line, message: message.to_owned() }];
        if text.trim().is_empty() {
            // So it is for a moment while somebody writes it.
            return Err(error(1, "the file is empty; `{}` says that there are no defaults"));
        }
        if text.len() > DEFAULTS_BYTES {
            let message = format!("the file has more than {DEFAULTS_BYTES} bytes");
            return Err(error(1, &message));
        }
        let mut purse = Purse::default();
        let sections = annotation::parse_defaults(text, &mut purse);
        let sections = sections.map_err(|unreadable| match unreadable {
            Unreadable::Wrong(wrong) => vec![DefaultsError {
                line: wrong.line,
                message: match wrong.hint {
                    Some(hint) => format!("{}; {hint}", wrong.message),
                    None => wrong.message,
                },
            }],
            Unreadable::Exhausted(exhausted) => error(1, &exhausted.to_string()),
        })?;
        let plain = Policy { defaults: Arc::default(), ..policy.clone() };
        let mut shared = Shared::default();
        let mut reading = Reading {
            compiler: Compiler::new(Shape::Task, &plain, &mut shared, purse),
            copies: Copies::default(),
            errors: Vec::new(),
        };
        let keys = reading.read(sections);
        match reading.errors.is_empty() {
            true => Ok(Defaults {
                keys,
                copies: Arc::new(reading.copies),
                digest: Some(Sha256::digest(text).into()),
            }),
            false => Err(reading.errors),
        }
    }

    /// Whether they say nothing of what has this shape.
    pub fn is_empty(&self, shape: Shape) -> bool {
        self.keys(shape).is_empty() && self.copies(shape).is_empty()
    }

    /// What they say of each key.
    pub(super) fn keys(&self, shape: Shape) -> &[Arc<KeyRule>] {
        &self.keys[shape as usize]
    }

    /// The labels that Pods get, too: those of Tasks.
    pub(super) fn copies(&self, shape: Shape) -> Arc<Copies> {
        match shape {
            Shape::Task => Arc::clone(&self.copies),
            Shape::Session => Arc::default(),
        }
    }

    /// Whether they declare a key.
    #[cfg(test)]
    pub(crate) fn declare(&self, kind: Kind, key: &str) -> bool {
        Shape::ALL.into_iter().any(|shape| self.rule(shape, kind, key).is_some())
    }

    /// What they say of a key.
    pub(super) fn rule(&self, shape: Shape, kind: Kind, key: &str) -> Option<&Arc<KeyRule>> {
        find(self.keys(shape), kind, key)
    }
}

/// A file that is being read.
struct Reading<'c> {
    compiler: Compiler<'c>,
    copies: Copies,
    errors: Vec<DefaultsError>,
}

impl Reading<'_> {
    fn read(&mut self, sections: Sections) -> [Vec<Arc<KeyRule>>; Shape::ALL.len()] {
        for (name, text, line) in sections.settings {
            self.setting(&name, &text, line);
        }
        let mut keys = Shape::ALL.map(|_| Vec::new());
        for (kind, entries) in sections.entries {
            if entries.len() > MOST_KEYS {
                let message = format!("more than {MOST_KEYS} keys of a kind");
                self.errors.push(DefaultsError { line: 1, message });
            }
            for (key, entry) in entries {
                match entry {
                    Ok(entry) => {
                        let (line, on) = (entry.line, entry.on.clone());
                        let said = Declared::of_defaults(entry);
                        let rule = self.compiler.rule(kind, key.into(), said, DeclaredIn::Defaults);
                        let problems = std::mem::take(&mut self.compiler.problems);
                        self.errors.extend(problems.iter().map(|it| it.of_defaults(line)));
                        self.errors.extend(
                            never_written(&rule).map(|error| {
                                Problem::new(kind, rule.key(), &error).of_defaults(line)
                            }),
                        );
                        let (on, rule) = (on.unwrap_or_else(|| vec![On::Tasks]), Arc::new(rule));
                        for shape in Shape::ALL.into_iter().filter(|it| on.contains(&On::of(*it))) {
                            keys[shape as usize].push(Arc::clone(&rule));
                        }
                    }
                    Err(wrong) => {
                        let message =
                            format!("{kind} {}: {}", annotation::shown(&key), wrong.message);
                        self.errors.push(DefaultsError { line: wrong.line, message });
                    }
                }
            }
        }
        self.errors.sort_by_key(|error| error.line);
        keys
    }

    fn setting(&mut self, name: &str, text: &str, line: usize) {
        let Settings { syntax, on_invalid, .. } = &mut self.compiler.settings;
        let wrong = match name {
            "syntax" => text.parse().map(|read| *syntax = read).err(),
            "onInvalid" => text.parse().map(|read| *on_invalid = Some(read)).err(),
            "podLabelsFromTask" => {
                let (copies, problems) = Copies::read(text, &self.compiler.policy.protection);
                self.copies = copies;
                let messages = problems.into_iter().map(|it| format!("{name}: {}", it.message));
                self.errors.extend(messages.map(|message| DefaultsError { line, message }));
                None
            }
            _ => {
                let message = format!(
                    "`{}` is nothing that defaults have: labels, annotations, podLabels, nodeSelector, \
                     podLabelsFromTask, syntax, onInvalid",
                    annotation::shown(name)
                );
                return self.errors.push(DefaultsError { line, message });
            }
        };
        let wrong = wrong.map(|error| format!("{name}: {error}"));
        self.errors.extend(wrong.map(|message| DefaultsError { line, message }));
    }
}

/// Why what a rule writes out, or lists, can be on no Task.
fn never_written(rule: &KeyRule) -> Option<Skip> {
    let check = |value: &str| pods::check_value(rule.kind, rule.key(), value).err();
    if let Some(allowed) = rule.allowed() {
        if allowed.is_empty() {
            return Some(Skip::parse("`allowed` lists nothing"));
        }
        let wrong = allowed.iter().find_map(|value| check(value));
        if let Some(wrong) = wrong {
            return Some(Skip { message: format!("`allowed`: {}", wrong.message), ..wrong });
        }
    }
    let template = rule.plan.as_ref().ok().filter(|template| template.language().is_none())?;
    let value = rule.trimmed(template.source());
    if value.len() > VALUE_BYTES {
        return Some(Exhausted::Value.into());
    }
    match check(value) {
        Some(wrong) if rule.on_invalid == OnInvalid::Skip => Some(wrong),
        Some(_) => None,
        None if rule.allows(value) => None,
        None => Some(Skip::parse("the value is not in the key's `allowed` list")),
    }
}

impl Problem {
    fn of_defaults(&self, line: usize) -> DefaultsError {
        let Problem { kind, key, message, .. } = self;
        // A place in a template is none in the file.
        let message = message.replacen(" (line ", " (of the template: line ", 1);
        DefaultsError { line, message: format!("{kind} {}: {message}", annotation::shown(key)) }
    }
}

#[cfg(test)]
mod tests;
