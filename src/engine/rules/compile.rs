//! A TaskSpawner → its rules.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::carrier::{self, CARRIER_BYTES, Entries, Entry};
use super::{CARRIER_KEYS, Cost, Infer, KeyRule, OnInvalid, Policy, Problem, Refusal, Row, Rules};
use crate::engine::kelos::{
    ANNOTATIONS_CARRIER, INFER_SETTING, INJECTION_SETTING, Kind, LABELS_CARRIER,
    ON_INVALID_SETTING, SYNTAX_SETTING, StringMap, TaskSpawner,
};
use crate::engine::patch;
use crate::engine::reason::Reason;
use crate::engine::render::error::TemplateError;
use crate::engine::render::{Syntax, Templates, Uses};
use crate::engine::validate;
use crate::engine::variables::Inference;

impl Rules {
    /// Compiles what a TaskSpawner asks for. It never fails: what can't be used becomes a problem
    /// of its key or its carrier. Templates that others say too are shared through `templates`.
    pub fn compile(
        spawner: impl Into<Arc<TaskSpawner>>,
        policy: &Policy,
        templates: &mut Templates,
    ) -> Rules {
        let spawner = spawner.into();
        let hash = hash(&spawner, policy);
        let mut compiler =
            Compiler { policy, templates, settings: Settings::default(), problems: Vec::new() };
        let mut declared = BTreeMap::new();
        let mut broken_carriers = Vec::new();
        let annotations = &spawner.metadata.annotations;
        let is_disabled =
            annotations.get(INJECTION_SETTING).is_some_and(|value| value == "disabled");
        if !is_disabled {
            compiler.check_switch(annotations);
            compiler.read_settings(annotations);
            broken_carriers = compiler.declare(&spawner, &mut declared);
        }
        let keys: Vec<KeyRule> = declared
            .into_iter()
            .map(|((kind, key), said)| compiler.rule(kind, key, said))
            .collect();
        let mut uses = Uses::default();
        let mut is_straight_line = true;
        for template in keys.iter().filter_map(|rule| rule.plan.as_ref().ok()) {
            template.uses().into_iter().for_each(|used| uses.extend(used));
            is_straight_line &= template.is_straight_line();
        }
        let infer = compiler.settings.infer.unwrap_or(policy.infer);
        let inference = match infer {
            Infer::On => Inference::compile(&spawner, &policy.protection, &uses),
            Infer::Off => Inference::default(),
        };
        uses.names.extend(inference.helpful());
        let mut problems = broken_carriers.clone();
        problems.append(&mut compiler.problems);
        Rules {
            spawner,
            keys,
            broken_carriers,
            problems,
            uses,
            infer,
            inference,
            is_disabled,
            is_straight_line,
            hash,
            cost: Cost::default(),
        }
    }
}

/// What the rows say of one key.
#[derive(Default)]
struct Declared {
    annotation: Option<Result<Entry, TemplateError>>,
    field: Option<String>,
    /// Its carrier has too many keys, and this one comes after the last that counts.
    is_over: bool,
}

#[derive(Default)]
struct Settings {
    syntax: Syntax,
    on_invalid: Option<OnInvalid>,
    infer: Option<Infer>,
}

struct Compiler<'c> {
    policy: &'c Policy,
    templates: &'c mut Templates,
    settings: Settings,
    problems: Vec<Problem>,
}

impl Compiler<'_> {
    fn read_settings(&mut self, annotations: &StringMap) {
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
    fn check_switch(&mut self, annotations: &StringMap) {
        let value = annotations.get(INJECTION_SETTING).map_or("enabled", String::as_str);
        if !matches!(value, "enabled" | "disabled") {
            let message = format!("`{value}` is neither `enabled` nor `disabled`");
            self.bad_setting(INJECTION_SETTING, message);
        }
    }

    fn bad_setting(&mut self, key: &str, message: String) {
        let (kind, reason) = (Kind::Annotation, Reason::ParseError);
        self.problems.push(Problem { kind, key: key.to_owned(), reason, message });
    }

    /// Collects what both rows say of each key; gives the carriers that do not parse.
    fn declare(
        &mut self,
        spawner: &TaskSpawner,
        declared: &mut BTreeMap<(Kind, String), Declared>,
    ) -> Vec<Problem> {
        let mut broken = Vec::new();
        for (kind, name) in [(Kind::Label, LABELS_CARRIER), (Kind::Annotation, ANNOTATIONS_CARRIER)]
        {
            let Some(text) = spawner.metadata.annotations.get(name) else { continue };
            match read_carrier(text) {
                Ok(entries) => {
                    for (count, (key, entry)) in entries.into_iter().enumerate() {
                        let said = declared.entry((kind, key)).or_default();
                        said.annotation =
                            Some(entry.map_err(|error| TemplateError::parse(error.to_string())));
                        said.is_over = count >= CARRIER_KEYS;
                    }
                }
                Err((reason, message)) => {
                    broken.push(Problem { kind, key: name.to_owned(), reason, message });
                }
            }
        }
        if let Some(field) = &spawner.spec.task_template.metadata {
            for (kind, map) in
                [(Kind::Label, &field.labels), (Kind::Annotation, &field.annotations)]
            {
                for (count, (key, template)) in map.iter().enumerate() {
                    let said = declared.entry((kind, key.clone())).or_default();
                    said.field = Some(template.clone());
                    said.is_over = count >= CARRIER_KEYS;
                }
            }
        }
        broken
    }

    fn rule(&mut self, kind: Kind, key: String, said: Declared) -> KeyRule {
        let in_field = said.field.is_some();
        let row = if in_field { Row::Field } else { Row::Annotation };
        let entry = match said.annotation {
            Some(Ok(entry)) => Ok(Some(entry)),
            Some(Err(error)) if !in_field => Err(error),
            // The annotation's entry is not rendered, but it may have held a guard: say so.
            Some(Err(error)) => {
                self.problem(kind, &key, &error);
                Ok(None)
            }
            None => Ok(None),
        };
        let (default, allowed, on_invalid) = match &entry {
            Ok(Some(entry)) => (entry.default.clone(), entry.allowed.clone(), entry.on_invalid),
            _ => (None, None, None),
        };
        let allowed: Option<BTreeSet<Box<str>>> =
            allowed.map(|values| values.into_iter().map(String::into_boxed_str).collect());
        let sound_default = check_default(kind, default.as_deref(), allowed.as_ref());
        let default = default.filter(|_| sound_default.is_ok());
        let plan = self.refusal(kind, &key, said.is_over).map_or(Ok(()), Err).and_then(|()| {
            let entry = entry.map_err(Refusal::from)?.unwrap_or_default();
            sound_default.map_err(Refusal::from)?;
            let (source, syntax) = match &said.field {
                Some(template) => (template, Syntax::Go),
                None => (&entry.template, self.settings.syntax),
            };
            let refuse =
                |error| Refusal { source: Some(source.as_str().into()), ..Refusal::from(error) };
            self.templates.compile(source, syntax).map_err(refuse)
        });
        let plan = plan.map_err(Box::new);
        if let Err(refusal) = &plan {
            self.problem(kind, &key, &refusal.error);
        }
        KeyRule {
            kind,
            path: patch::path(kind, &key),
            key: key.into(),
            row,
            plan,
            default: default.map(String::into_boxed_str),
            allowed,
            on_invalid: on_invalid.or(self.settings.on_invalid).unwrap_or(self.policy.on_invalid),
            in_field,
        }
    }

    /// Why the key is never rendered, whatever its template says.
    fn refusal(&self, kind: Kind, key: &str, is_over: bool) -> Option<Refusal> {
        let (reason, message) = if self.policy.protection.covers(kind, key) {
            (Reason::Protected, "this key is not for templates; choose another".to_owned())
        } else if let Err(error) = validate::key(kind, key) {
            (Reason::InvalidKey, error.to_string())
        } else if is_over {
            (Reason::LimitExceeded, format!("a carrier has at most {CARRIER_KEYS} keys"))
        } else {
            return None;
        };
        Some(Refusal::from(TemplateError::new(reason, message)))
    }

    fn problem(&mut self, kind: Kind, key: &str, error: &TemplateError) {
        let mut message = error.to_string();
        if let Some(hint) = &error.hint {
            let _ = write!(message, "; {hint}");
        }
        let reason = error.reason;
        self.problems.push(Problem { kind, key: key.to_owned(), reason, message });
    }
}

impl From<TemplateError> for Refusal {
    fn from(error: TemplateError) -> Refusal {
        Refusal { error, source: None }
    }
}

fn read_carrier(text: &str) -> Result<Entries, (Reason, String)> {
    if text.len() > CARRIER_BYTES {
        let message =
            format!("the carrier has {} bytes, at most {CARRIER_BYTES} are read", text.len());
        return Err((Reason::LimitExceeded, message));
    }
    carrier::parse(text).map_err(|error| (Reason::ParseError, error.to_string()))
}

/// A default is literal, so it can be judged before any Task comes.
fn check_default(
    kind: Kind,
    default: Option<&str>,
    allowed: Option<&BTreeSet<Box<str>>>,
) -> Result<(), TemplateError> {
    let Some(default) = default else { return Ok(()) };
    if let Err(error) = validate::value(kind, default) {
        return Err(TemplateError::parse(format!("`default` can't be written: {error}")));
    }
    if allowed.is_some_and(|allowed| !allowed.contains(default)) {
        return Err(TemplateError::parse("`default` is not in `allowed`"));
    }
    Ok(())
}

/// Eight hex digits that change when the rules may give another result.
pub(super) fn hash(spawner: &TaskSpawner, policy: &Policy) -> String {
    let mut hasher = Sha256::new();
    let mut part = |text: &str| {
        hasher.update((text.len() as u64).to_le_bytes());
        hasher.update(text);
    };
    for name in
        [LABELS_CARRIER, ANNOTATIONS_CARRIER, SYNTAX_SETTING, ON_INVALID_SETTING, INJECTION_SETTING]
    {
        part(spawner.metadata.annotations.get(name).map_or("", String::as_str));
    }
    if let Some(field) = &spawner.spec.task_template.metadata {
        for map in [&field.labels, &field.annotations] {
            part("map");
            for (key, template) in map {
                part(key);
                part(template);
            }
        }
    }
    // What is read back depends on these.
    let template = &spawner.spec.task_template;
    let infer = spawner.metadata.annotations.get(INFER_SETTING);
    part(infer.map_or(policy.infer.as_str(), String::as_str));
    [&*template.prompt_template, &*template.branch, &*template.name_template]
        .into_iter()
        .for_each(&mut part);
    part(policy.on_invalid.as_str());
    policy.protection.entries().for_each(part);
    let digest = hasher.finalize();
    digest.iter().take(4).fold(String::with_capacity(8), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
