//! Rules: what a TaskSpawner asks for, compiled once per change of it.
//!
//! Keys are declared in three places: in the defaults of the cluster, in the rules annotations of a
//! TaskSpawner (`metadata.kelos.dev/labels` and its kin), and in its Kelos field,
//! `spec.taskTemplate.metadata`. Of a key that both declare the Kelos
//! field is rendered.

mod annotation;
mod compile;
mod copies;
mod declared;
mod defaults;
mod failing;
mod guards;
mod hash;
mod key;
mod output_key;
mod policy;
mod settings;
mod shared;
mod unquoted;
mod weight;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use self::copies::Copies;
pub use self::defaults::{DEFAULTS_BYTES, Defaults, DefaultsError};
pub use self::failing::Failing;
use self::guards::Guards;
use self::output_key::OutputKey;
pub use self::policy::{Infer, On, OnInvalid, Policy};
pub use self::shared::Shared;
use super::kelos::{
    Beyond, INFER_SETTING, KeyList, LABELS_RULES, Protection, Shape, TaskSpawner, rules_annotation,
};
use super::patch::Place;
use super::reason::Reason;
use super::sources::{Inference, Rendered};
use crate::apimachinery::Kind;
use crate::engine::skip::Skip;
use crate::templates::value::Text;
use crate::templates::{Position, Template, Uses};

/// The hash of rules that nobody has read.
pub const NO_HASH: &str = "00000000";

/// Where a value comes from. Of two places that declare one key, the greater one is rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeclaredIn {
    /// The defaults of the cluster.
    Defaults,
    /// A rules annotation of the TaskSpawner.
    RulesAnnotation,
    /// `spec.taskTemplate.metadata` of the TaskSpawner.
    KelosField,
    /// No template: the Task has a label that its Pod gets, too.
    Task,
}

impl DeclaredIn {
    /// As tables and JSON have it, `rules annotation` for one.
    pub fn as_str(self) -> &'static str {
        match self {
            DeclaredIn::Defaults => "defaults",
            DeclaredIn::RulesAnnotation => "rules annotation",
            DeclaredIn::KelosField => "Kelos field",
            DeclaredIn::Task => "copied from the Task",
        }
    }
}

/// What the rules of a TaskSpawner cost: the same for every replica, whatever others have compiled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// The steps that compiling them took.
    pub steps: u64,
    /// The bytes that they take while they are kept, at the most, with what is kept of the TaskSpawner.
    pub bytes: u64,
}

/// The compiled rules of one TaskSpawner.
#[derive(Debug)]
pub struct Rules {
    /// The TaskSpawner.
    pub spawner: Arc<TaskSpawner>,
    /// One rule a key, labels first, in key order.
    pub keys: Arc<Box<[Arc<KeyRule>]>>,
    /// Rules annotations of which no key is known, because they do not parse, or not all are rendered.
    pub broken_annotations: Box<[BrokenAnnotation]>,
    /// All that a team should fix, broken rules annotations included: for the log, once per change.
    pub problems: Box<[Problem]>,
    /// The templates that Kelos fails on for every Task: they are among the problems, too.
    pub failing: Box<[Failing]>,
    /// The keys of the Kelos field that no rule is about, because they are behind its limits: what the
    /// API server would refuse of them is removed. Control keys are not among them, but for our own.
    pub beyond: Option<Box<Beyond>>,
    /// The labels of a Task that its Pod gets, too.
    pub copies: Arc<Copies>,
    /// The keys that are never written.
    pub protection: Arc<Protection>,
    /// The variables that the templates read, and those that help to read others back.
    pub uses: Arc<Uses>,
    /// Whether variables are read back out of the fields that Kelos rendered.
    pub infer: Infer,
    /// What is read back for the templates.
    pub inference: Inference,
    /// Whether the TaskSpawner switches injection off.
    pub is_disabled: bool,
    /// Whether the Kelos field declares keys of ours: then Kelos may have written what looks like our mark.
    pub field_declares_ours: bool,
    /// Which keys no rules annotation declares: what a new Task has of them are inputs.
    pub new_inputs: NewInputs,
    /// Whether every template may be rendered where it stands: no loops, no calls of templates.
    pub is_straight_line: bool,
    /// The defaults of the cluster that are part of them.
    pub defaults: Arc<Defaults>,
    /// The first eight hex digits of a hash over all that the rules say.
    pub hash: Text,
    /// What they cost.
    pub cost: Cost,
}

/// Where keys stand that the Kelos field or the defaults declare, and no rules annotation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NewInputs {
    /// Among the labels.
    pub labels: bool,
    /// Among the annotations.
    pub annotations: bool,
    /// Among the annotations `kelos.dev/source-*`.
    pub sources: bool,
}

/// What is to be done for one key.
#[derive(Debug)]
pub struct KeyRule {
    /// What the key belongs to.
    pub kind: Kind,
    output: Arc<OutputKey>,
    /// Where the template stands that is rendered.
    pub declared_in: DeclaredIn,
    /// The template, or why there is none.
    pub plan: Result<Arc<Template>, Box<Refusal>>,
    guards: Option<Box<Guards>>,
    /// What happens to a value that is no label value.
    pub on_invalid: OnInvalid,
    /// Whether the value is shown in one short line, and made to fit it.
    pub is_shown_line: bool,
    /// Whether the Kelos field declares the key, so that Kelos may have rendered it already.
    pub in_field: bool,
    /// Whether a rules annotation declares the key: then what is there is no input for its team.
    pub in_annotation: bool,
}

/// Why a key is never rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong, and what to do.
    pub error: Skip,
    /// The template that it is about, if it is about the template.
    pub source: Option<Box<str>>,
}

/// An annotation whose keys are not known, or not all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenAnnotation {
    /// What it holds.
    pub kind: Kind,
    /// Its name.
    pub name: &'static str,
    /// What is wrong, and where in its text.
    pub error: Skip,
}

/// Something that a team should fix in its TaskSpawner. Holds no values of Tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What kind of key it is about.
    pub kind: Kind,
    /// The key, or the rules annotation or the setting if it is about that.
    pub key: String,
    /// The word for it.
    pub reason: Reason,
    /// What is wrong and where.
    pub message: String,
}

impl Problem {
    fn new(kind: Kind, key: &str, error: &Skip) -> Problem {
        let mut message = error.to_string();
        if let Some(hint) = &error.hint {
            message.extend(["; ", hint]);
        }
        Problem { kind, key: key.to_owned(), reason: error.reason, message }
    }
}

impl BrokenAnnotation {
    fn problem(&self) -> Problem {
        Problem::new(Kind::Annotation, self.name, &self.error)
    }
}

impl KeyRule {
    /// The key.
    pub fn key(&self) -> &str {
        self.output.key()
    }

    /// Where the value is written.
    pub fn place(&self) -> Place<'_> {
        self.output.place()
    }

    /// A value without what no label means: the white space at its ends. Annotations keep theirs.
    pub(in crate::engine) fn trimmed<'v>(&self, value: &'v str) -> &'v str {
        match self.kind {
            Kind::Label | Kind::PodLabel | Kind::NodeSelector => value.trim(),
            Kind::Annotation => value,
        }
    }

    /// The template that it would be rendered from, if there is one.
    pub fn source(&self) -> Option<&str> {
        match &self.plan {
            Ok(template) => Some(template.source()),
            Err(refusal) => refusal.source.as_deref(),
        }
    }

    /// Whether that is why the key is never rendered: then it was told when the rules were compiled.
    pub fn refuses(&self, skip: &Skip) -> bool {
        matches!(&self.plan, Err(refusal) if refusal.error == *skip)
    }

    /// Whether templates have no business with this key.
    pub fn is_protected(&self) -> bool {
        matches!(&self.plan, Err(refusal) if refusal.error.reason == Reason::Protected)
    }
}

impl Rules {
    /// The rules of a TaskSpawner that could not be compiled because of a bug: the defaults, and a problem
    /// that says so, on the Task, too.
    pub fn not_compiled(spawner: Arc<TaskSpawner>, policy: &Policy) -> Rules {
        let message = "a bug in kelos-metadata: these rules could not be read, nor those of \
                       annotations; please report the place that the log has";
        let hash = hash::hash(&spawner, policy);
        Rules::without_rules(spawner, hash, Skip::parse(message), policy)
    }

    /// The rules of a TaskSpawner that there is no room for: the defaults, and a problem that says so, on
    /// the Task, too. Of the TaskSpawner it needs no more than the name.
    pub fn refused(spawner: Arc<TaskSpawner>, message: String, policy: &Policy) -> Rules {
        let error = Skip::new(Reason::LimitExceeded, message);
        Rules::without_rules(spawner, Text::new_static(NO_HASH), error, policy)
    }

    /// The rules of Tasks, or Sessions, without a spawner: the defaults.
    pub fn of_nobody(makes: Shape, policy: &Policy) -> Rules {
        let nobody = TaskSpawner { makes, ..TaskSpawner::default() };
        Rules::compile(nobody, policy, &mut Shared::default())
    }

    fn without_rules(spawner: Arc<TaskSpawner>, hash: Text, error: Skip, policy: &Policy) -> Rules {
        let (makes, defaults) = (spawner.makes, &policy.defaults);
        let keys: Arc<Box<[_]>> = Arc::new(defaults.keys(makes).into());
        let (uses, is_straight_line) = uses_of(&keys);
        let broken = BrokenAnnotation { kind: Kind::Label, name: LABELS_RULES, error };
        let bytes = (weight::RULES_BYTES + weight::spawner(&spawner)) as u64;
        Rules {
            hash,
            spawner,
            keys,
            problems: [broken.problem()].into(),
            broken_annotations: [broken].into(),
            failing: Box::default(),
            beyond: None,
            copies: defaults.copies(makes),
            protection: Arc::clone(&policy.protection),
            uses: Arc::new(uses),
            infer: Infer::Off,
            inference: Inference::default(),
            is_disabled: false,
            field_declares_ours: false,
            new_inputs: NewInputs::default(),
            is_straight_line,
            defaults: Arc::clone(&policy.defaults),
            cost: Cost { steps: 0, bytes },
        }
    }

    /// Whether the key is one that these rules write or remove: then it is an output, and an input only
    /// [while the Task is new](Rules::is_new_input).
    pub fn is_output(&self, kind: Kind, key: &str) -> bool {
        match self.rule(kind, key) {
            Some(rule) => !rule.is_protected(),
            None => self.may_be_beyond(kind, key),
        }
    }

    /// Whether the Kelos field or the defaults declare the key, and no rules annotation does: what is there
    /// while the Task is new, Kelos or somebody else has written.
    pub fn is_new_input(&self, kind: Kind, key: &str) -> bool {
        self.rule(kind, key).is_some_and(|rule| !rule.in_annotation)
    }

    /// The keys of a kind that no rule is about, if there are any.
    pub(in crate::engine) fn beyond(&self, kind: Kind) -> Option<&KeyList> {
        self.beyond.as_ref()?.of(kind).filter(|keys| !keys.is_empty())
    }

    /// Whether the Kelos field has a key behind those that rules are made for, or may have it among
    /// those of which nothing is known.
    fn may_be_beyond(&self, kind: Kind, key: &str) -> bool {
        self.field_is_cut(kind) || self.beyond(kind).is_some_and(|keys| keys.has(key))
    }

    fn field_is_cut(&self, kind: Kind) -> bool {
        let field = &self.spawner.spec.task_template.metadata;
        field.as_ref().is_some_and(|field| field.beyond.is_cut(kind))
    }

    /// Whether there are keys, or rules annotations that may have had some.
    pub(in crate::engine) fn has_something_to_say(&self) -> bool {
        !self.keys.is_empty() || !self.broken_annotations.is_empty() || !self.copies.is_empty()
    }

    /// Whether nothing is read back because that takes more to be compiled than a TaskSpawner may cost.
    pub(in crate::engine) fn is_too_costly_to_read(&self) -> bool {
        let is_it = |it: &Problem| it.key == INFER_SETTING && it.reason == Reason::LimitExceeded;
        self.problems.iter().any(is_it)
    }

    /// Whether the Kelos field declares the key.
    pub(in crate::engine) fn is_in_field(&self, kind: Kind, key: &str) -> bool {
        match self.rule(kind, key) {
            Some(rule) => rule.in_field,
            None => self.may_be_beyond(kind, key),
        }
    }

    /// Why Kelos fails on the template of a key, whatever comes.
    pub fn failing(&self, kind: Kind, key: &str) -> Option<&Failing> {
        let is_it = |it: &&Failing| matches!(&it.rendered, Rendered::Metadata(of, name) if *of == kind && **name == *key);
        self.failing.iter().find(is_it)
    }

    /// Where a key stands in the rules annotation that declares it; nothing if that is none of the TaskSpawner's.
    pub fn place_in_annotation(&self, kind: Kind, key: &str) -> Option<Position> {
        let text = self.spawner.metadata.annotations.get(rules_annotation(kind))?;
        annotation::places(text, |it| it == key).remove(key)
    }

    /// Where the keys of a rules annotation stand that have a rule: none of one that can't be read.
    pub(in crate::engine) fn places(&self, kind: Kind) -> BTreeMap<String, Position> {
        let name = rules_annotation(kind);
        let is_broken = self.broken_annotations.iter().any(|broken| broken.name == name);
        let text = self.spawner.metadata.annotations.get(name).filter(|_| !is_broken);
        text.map(|text| annotation::places(text, |key| self.rule(kind, key).is_some()))
            .unwrap_or_default()
    }

    /// The rule of a key.
    pub fn rule(&self, kind: Kind, key: &str) -> Option<&KeyRule> {
        find(&self.keys, kind, key).map(Arc::as_ref)
    }
}

/// The rule of a key, among rules in key order.
fn find<'k>(keys: &'k [Arc<KeyRule>], kind: Kind, key: &str) -> Option<&'k Arc<KeyRule>> {
    let place = keys.binary_search_by(|rule| (rule.kind, rule.key()).cmp(&(kind, key)));
    place.ok().and_then(|place| keys.get(place))
}

/// What all templates read, and whether all of them run from their beginnings to their ends.
fn uses_of(keys: &[Arc<KeyRule>]) -> (Uses, bool) {
    let templates = || keys.iter().filter_map(|rule| rule.plan.as_ref().ok());
    let uses = Uses::together(templates().map(Arc::as_ref));
    (uses, templates().all(|template| template.is_straight_line()))
}

#[cfg(test)]
mod tests;
