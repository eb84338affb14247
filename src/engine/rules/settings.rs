//! What a TaskSpawner says of all its keys, and which of its texts say too much.

use super::{Copies, Infer, OnInvalid, Problem};
use crate::apimachinery::Kind;
use crate::engine::kelos::{
    ANNOTATIONS_RULES, COPIES_BYTES, GROUP, INFER_SETTING, INJECTION_SETTING, LABELS_RULES,
    LINT_ALLOW_SETTING, MARKS, NODE_SELECTOR_RULES, ON_INVALID_SETTING, OWN_PREFIX, ObjectMeta,
    POD_LABELS_FROM_TASK_SETTING, POD_LABELS_RULES, Protection, SYNTAX_SETTING, StringMap,
    TaskSpawner, TooLong,
};
use crate::engine::reason::Reason;
use crate::engine::skip::Skip;
use crate::templates::Syntax;
use crate::templates::suggest::closest;
use crate::templates::value::Text;

/// What a TaskSpawner says of all its keys.
#[derive(Default)]
pub(super) struct Settings {
    pub(super) syntax: Syntax,
    pub(super) on_invalid: Option<OnInvalid>,
    pub(super) infer: Option<Infer>,
    /// The labels of Tasks that Pods get, too.
    pub(super) copies: Copies,
    /// What is wrong with them, with the names of annotations, and with texts that are too long.
    pub(super) problems: Vec<Problem>,
}

/// All annotations of a TaskSpawner that are read.
const NAMES: [&str; 10] = [
    LABELS_RULES,
    ANNOTATIONS_RULES,
    POD_LABELS_RULES,
    NODE_SELECTOR_RULES,
    POD_LABELS_FROM_TASK_SETTING,
    SYNTAX_SETTING,
    ON_INVALID_SETTING,
    INFER_SETTING,
    INJECTION_SETTING,
    LINT_ALLOW_SETTING,
];
/// Of how many names that nobody reads it is told.
const TOLD: usize = 4;

/// Whether a TaskSpawner is asked for an annotation of this name.
pub(super) fn is_setting(name: &str) -> bool {
    NAMES.contains(&name)
}

impl Settings {
    /// Reads them; what can't be used counts as absent.
    pub(super) fn read(spawner: &TaskSpawner, protection: &Protection) -> Settings {
        let mut settings = Settings::default();
        settings.check_names(&spawner.metadata);
        settings.check_places(&spawner.metadata);
        settings.check_switch(&spawner.metadata.annotations);
        settings.read_all(&spawner.metadata.annotations);
        settings.read_copies(&spawner.metadata, protection);
        settings.check_lengths(spawner);
        settings
    }

    fn problem(&mut self, key: &str, error: &Skip) {
        self.problems.push(Problem::new(Kind::Annotation, key, error));
    }

    /// Tells of annotations under our prefix that nobody reads: slips, and those of another version.
    fn check_names(&mut self, meta: &ObjectMeta) {
        let known = || NAMES.iter().filter_map(|name| name.strip_prefix(OWN_PREFIX));
        let meant = |name: &str| closest(name.strip_prefix(OWN_PREFIX)?, known());
        let is_mark = |name: &str| MARKS.contains(&name);
        let unread = meta.unread().filter(|name| !is_mark(name));
        // Slips come first: there may be more names than are told.
        let (slips, others): (Vec<_>, Vec<_>) = unread.partition(|name| meant(name).is_some());
        for name in slips.into_iter().chain(others).take(TOLD) {
            let hint = match meant(name) {
                Some(meant) => format!("did you mean `{OWN_PREFIX}{meant}`?"),
                None => format!("this version reads {}", known().collect::<Vec<_>>().join(", ")),
            };
            let error = Skip::parse("no annotation of this name is read").hint(hint);
            self.problem(name, &error);
        }
    }

    /// Tells of names of ours in other places: among the labels, and behind another prefix that is close.
    fn check_places(&mut self, meta: &ObjectMeta) {
        let is_name = |name: &str| NAMES.iter().any(|it| it.strip_prefix(OWN_PREFIX) == Some(name));
        let own = OWN_PREFIX.trim_end_matches('/');
        let is_near =
            |prefix: &str| prefix != own && (prefix == GROUP || closest(prefix, [own]).is_some());
        let near = meta.annotations.keys().filter_map(|key| {
            let (prefix, name) = key.split_once('/')?;
            (is_name(name) && is_near(prefix)).then(|| {
                let error = Skip::parse("no annotation of this name is read");
                (Kind::Annotation, key, error.hint(format!("did you mean `{OWN_PREFIX}{name}`?")))
            })
        });
        let is_ours = |key: &&Text| key.strip_prefix(OWN_PREFIX).is_some_and(is_name);
        let labels = meta.labels.keys().filter(is_ours).map(|key| {
            let error = Skip::parse("no label of this name is read of a TaskSpawner");
            (Kind::Label, key, error.hint("it belongs under metadata.annotations"))
        });
        let problem = |(kind, key, error): (Kind, &Text, Skip)| Problem::new(kind, key, &error);
        self.problems.extend(near.chain(labels).take(TOLD).map(problem));
    }

    fn read_all(&mut self, annotations: &StringMap) {
        if let Some(text) = annotations.get(SYNTAX_SETTING) {
            match text.parse() {
                Ok(syntax) => self.syntax = syntax,
                Err(error) => self.bad_setting(SYNTAX_SETTING, error),
            }
        }
        if let Some(text) = annotations.get(ON_INVALID_SETTING) {
            match text.parse() {
                Ok(on_invalid) => self.on_invalid = Some(on_invalid),
                Err(error) => self.bad_setting(ON_INVALID_SETTING, error),
            }
        }
        if let Some(text) = annotations.get(INFER_SETTING) {
            match text.parse() {
                Ok(infer) => self.infer = Some(infer),
                Err(error) => self.bad_setting(INFER_SETTING, error),
            }
        }
    }

    fn read_copies(&mut self, meta: &ObjectMeta, protection: &Protection) {
        if let Some(TooLong { bytes, .. }) = meta.too_long(POD_LABELS_FROM_TASK_SETTING) {
            let message =
                format!("it has {bytes} bytes, more than {COPIES_BYTES}: nothing is copied");
            self.too_long(POD_LABELS_FROM_TASK_SETTING, message);
        } else if let Some(text) = meta.annotations.get(POD_LABELS_FROM_TASK_SETTING) {
            let (copies, mut problems) = Copies::read(text, protection);
            self.copies = copies;
            self.problems.append(&mut problems);
        }
    }

    /// Anything but `disabled` leaves injection on; a word that says nothing is a slip.
    fn check_switch(&mut self, annotations: &StringMap) {
        let value = annotations.get(INJECTION_SETTING).map_or("enabled", String::as_str);
        if !matches!(value, "enabled" | "disabled") {
            let message = format!("`{value}` is neither `enabled` nor `disabled`");
            self.bad_setting(INJECTION_SETTING, message);
        }
    }

    fn bad_setting(&mut self, key: &str, message: impl ToString) {
        let error = Skip::parse(message.to_string());
        self.problem(key, &error);
    }

    /// Tells which texts are longer than is read.
    fn check_lengths(&mut self, spawner: &TaskSpawner) {
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
        let error = Skip::new(Reason::LimitExceeded, message);
        self.problem(name, &error);
    }
}
