//! What a TaskSpawner says of all its keys, and which of its texts say too much.

use super::compile::Compiler;
use super::{Infer, OnInvalid};
use crate::apimachinery::Kind;
use crate::engine::kelos::{
    Bounded, INFER_SETTING, INJECTION_SETTING, NAME_TEMPLATE_ANNOTATION, NAME_TEMPLATE_BYTES,
    ON_INVALID_SETTING, SYNTAX_SETTING, StringMap, TaskSpawner, TooLong,
};
use crate::engine::reason::Reason;
use crate::engine::skip::Skip;
use crate::templates::Syntax;

/// What a TaskSpawner says of all its keys.
#[derive(Default)]
pub(super) struct Settings {
    pub(super) syntax: Syntax,
    pub(super) on_invalid: Option<OnInvalid>,
    pub(super) infer: Option<Infer>,
}

impl Compiler<'_> {
    pub(super) fn read_settings(&mut self, annotations: &StringMap) {
        if let Some(text) = annotations.get(SYNTAX_SETTING) {
            match text.parse() {
                Ok(syntax) => self.settings.syntax = syntax,
                Err(error) => self.bad_setting(SYNTAX_SETTING, error.to_string()),
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
        let error = Skip::parse(message);
        self.problem(Kind::Annotation, key, &error);
    }

    /// Tells which texts are longer than is read.
    pub(super) fn check_lengths(&mut self, spawner: &TaskSpawner) {
        fn of<const MOST: usize>(text: &Bounded<MOST>) -> Option<(TooLong, usize)> {
            text.too_long().map(|too_long| (too_long, MOST))
        }
        let (spec, template) = (&spawner.spec, &spawner.spec.task_template);
        let kept = spawner.metadata.too_long.get(NAME_TEMPLATE_ANNOTATION);
        for (name, too_long) in [
            ("spec.taskTemplate.promptTemplate", of(&template.prompt_template)),
            ("spec.taskTemplate.branch", of(&template.branch)),
            ("spec.taskTemplate.nameTemplate", of(&template.name_template)),
            (NAME_TEMPLATE_ANNOTATION, kept.map(|too_long| (*too_long, NAME_TEMPLATE_BYTES))),
        ] {
            if let Some((TooLong { bytes, .. }, most)) = too_long {
                let message = format!(
                    "it has {bytes} bytes: nothing is read back out of templates of more than {most}"
                );
                self.too_long(name, message);
            }
        }
        if spec.when.is_cut() {
            let message =
                "a text or a list in it is longer than is read: nothing is derived from it";
            self.too_long("spec.when", message.to_owned());
        }
    }

    fn too_long(&mut self, name: &str, message: String) {
        let error = Skip::new(Reason::LimitExceeded, message);
        self.problem(Kind::Annotation, name, &error);
    }
}
