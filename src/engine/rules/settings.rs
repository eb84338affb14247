//! What a TaskSpawner says of all its keys, and which of its texts say too much.

use super::carrier;
use super::compile::Compiler;
use super::{Infer, OnInvalid};
use crate::engine::kelos::{
    ANNOTATIONS_CARRIER, INFER_SETTING, INJECTION_SETTING, Kind, LABELS_CARRIER,
    ON_INVALID_SETTING, ObjectMeta, SYNTAX_SETTING, StringMap, TaskSpawner, TooLong,
};
use crate::engine::reason::Reason;
use crate::engine::render::Syntax;
use crate::engine::render::error::TemplateError;
use crate::engine::render::names::closest;

/// What a TaskSpawner says of all its keys.
#[derive(Default)]
pub(super) struct Settings {
    pub(super) syntax: Syntax,
    pub(super) on_invalid: Option<OnInvalid>,
    pub(super) infer: Option<Infer>,
}

/// All annotations of a TaskSpawner that are read.
const NAMES: [&str; 6] = [
    LABELS_CARRIER,
    ANNOTATIONS_CARRIER,
    SYNTAX_SETTING,
    ON_INVALID_SETTING,
    INFER_SETTING,
    INJECTION_SETTING,
];
/// What those begin with that nobody else has a use for.
const PREFIX: &str = "metadata.kelos.dev/";
/// Of how many unknown names it is looked whether another one was meant, and of how many it is told.
const LOOKED_AT: usize = 16;
const TOLD: usize = 4;

impl Compiler<'_> {
    /// Tells of annotations that look as if they were meant for us and are called otherwise.
    pub(super) fn check_names(&mut self, meta: &ObjectMeta) {
        let names = meta.annotations.keys().chain(meta.too_long.keys()).map(String::as_str);
        let unknown = names.filter(|name| name.starts_with(PREFIX) && !NAMES.contains(name));
        let wrong: Vec<(String, String)> = unknown
            .take(LOOKED_AT)
            .filter_map(|name| {
                let known = NAMES.iter().filter_map(|name| name.strip_prefix(PREFIX));
                let meant = closest(name.strip_prefix(PREFIX)?, known)?;
                Some((name.to_owned(), format!("did you mean `{PREFIX}{meant}`?")))
            })
            .take(TOLD)
            .collect();
        for (name, hint) in wrong {
            let error = TemplateError::parse("no annotation of this name is read").hint(hint);
            self.problem(Kind::Annotation, &carrier::shown(&name), &error);
        }
    }

    pub(super) fn read_settings(&mut self, annotations: &StringMap) {
        if let Some(text) = annotations.get(SYNTAX_SETTING) {
            match text.parse() {
                Ok(syntax) => self.settings.syntax = syntax,
                Err(message) => self.bad_setting(SYNTAX_SETTING, message),
            }
        }
        if let Some(text) = annotations.get(ON_INVALID_SETTING) {
            match text.parse() {
                Ok(on_invalid) => self.settings.on_invalid = Some(on_invalid),
                Err(message) => self.bad_setting(ON_INVALID_SETTING, message),
            }
        }
        if let Some(text) = annotations.get(INFER_SETTING) {
            match text.parse() {
                Ok(infer) => self.settings.infer = Some(infer),
                Err(message) => self.bad_setting(INFER_SETTING, message),
            }
        }
    }

    /// Anything but `disabled` leaves injection on; a word that says nothing is a slip.
    pub(super) fn check_switch(&mut self, annotations: &StringMap) {
        let value = annotations.get(INJECTION_SETTING).map_or("enabled", String::as_str);
        if !matches!(value, "enabled" | "disabled") {
            let message = format!("`{value}` is neither `enabled` nor `disabled`");
            self.bad_setting(INJECTION_SETTING, message);
        }
    }

    fn bad_setting(&mut self, key: &str, message: String) {
        let error = TemplateError::parse(message);
        self.problem(Kind::Annotation, key, &error);
    }

    /// Tells which texts are longer than is read.
    pub(super) fn check_lengths(&mut self, spawner: &TaskSpawner) {
        for (name, TooLong { bytes, .. }, most) in spawner.templates_too_long() {
            let message =
                format!("it has {bytes} bytes, more than {most}: nothing is read back out of it");
            self.too_long(name, message);
        }
        if spawner.spec.when.is_cut() {
            let message =
                "a text or a list in it is longer than is read: nothing is derived from it";
            self.too_long("spec.when", message.to_owned());
        }
    }

    fn too_long(&mut self, name: &str, message: String) {
        let error = TemplateError::new(Reason::LimitExceeded, message);
        self.problem(Kind::Annotation, name, &error);
    }
}
