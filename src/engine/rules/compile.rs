//! A TaskSpawner → its rules.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::declared::{Declarations, Declared};
use super::hash::hash;
use super::settings::Settings;
use super::{
    BrokenAnnotation, Copies, Cost, DeclaredIn, Infer, KeyRule, NewInputs, Policy, Problem, Rules,
    Shared, find, uses_of, weight,
};
use crate::apimachinery::Kind;
use crate::engine::kelos::{
    Beyond, INFER_SETTING, INJECTION_SETTING, SOURCE_PREFIX, Shape, TaskSpawner, is_ours,
};
use crate::engine::skip::Skip;
use crate::engine::sources::Inference;
use crate::templates::Uses;
use crate::templates::budget::Exhausted;
use crate::templates::purse::Purse;

impl Rules {
    /// Compiles what a TaskSpawner asks for. It never fails: what can't be used becomes a problem
    /// of its key or its rules annotation. What compiling may cost is bounded, whatever the TaskSpawner says.
    /// What others say too is shared.
    pub fn compile(
        spawner: impl Into<Arc<TaskSpawner>>,
        policy: &Policy,
        shared: &mut Shared,
    ) -> Rules {
        let spawner = spawner.into();
        let mut compiler = Compiler::new(spawner.makes, policy, shared, Purse::default());
        let weight = weight::RULES_BYTES + weight::PROBLEMS_BYTES + weight::spawner(&spawner);
        // What is over is told with the first key.
        let _ = compiler.purse.take_reading(weight).and(compiler.purse.take_bytes(weight));
        let annotations = &spawner.metadata.annotations;
        let is_disabled =
            annotations.get(INJECTION_SETTING).is_some_and(|value| value == "disabled");
        let mut declared = Declarations::default();
        let held = compiler.purse.spent().bytes;
        if !is_disabled {
            compiler.settings = Settings::read(&spawner, &policy.protection);
            compiler.problems = std::mem::take(&mut compiler.settings.problems);
            declared = Declarations::collect(&spawner, policy, &mut compiler.purse);
        }
        let Declarations { keys, broken_annotations, mut problems, beyond } = declared;
        problems.splice(0..0, broken_annotations.iter().map(BrokenAnnotation::problem));
        let read = compiler.purse.spent().bytes - held;
        let kept: usize = keys.keys().map(|(_, key)| weight::key(key)).sum::<usize>()
            + beyond.labels.bytes()
            + beyond.annotations.bytes();
        let mut keys = compiler.rules(keys);
        // What the rules annotations said is in the rules by now.
        compiler.purse.give_back((read as usize).saturating_sub(kept));
        compiler.purse.give_back(keys.len() * weight::SAID_BYTES);
        let mut copies = Arc::default();
        if !is_disabled {
            compiler.add_defaults(&mut keys);
            copies = compiler.copies();
        }
        let (uses, is_straight_line) = uses_of(&keys);
        let infer = compiler.settings.infer.unwrap_or(policy.infer);
        let (inference, uses) = compiler.inference(&spawner, infer, uses);
        let failing = if is_disabled { Vec::new() } else { compiler.failing(&spawner, &inference) };
        problems.append(&mut compiler.problems);
        let told = weight::problems(&problems)
            + weight::broken_annotations(&broken_annotations)
            + weight::failing(&failing);
        let spent = compiler.purse.spent();
        let bytes = (spent.bytes as usize).saturating_sub(weight::PROBLEMS_BYTES) + told;
        Rules {
            hash: hash(&spawner, policy),
            field_declares_ours: field_declares_ours(&spawner, &keys, &beyond),
            new_inputs: new_inputs(&keys),
            spawner,
            keys: shared.keys(keys),
            broken_annotations: broken_annotations.into(),
            problems: problems.into(),
            failing: failing.into(),
            beyond: (beyond != Beyond::default()).then(|| Box::new(beyond)),
            copies,
            protection: Arc::clone(&policy.protection),
            uses,
            infer,
            inference,
            is_disabled,
            is_straight_line,
            defaults: Arc::clone(&policy.defaults),
            cost: Cost { steps: spent.steps.into(), bytes: bytes as u64 },
        }
    }
}

/// Whether the Kelos field declares a key of ours, or may declare one behind what is read of it.
fn field_declares_ours(spawner: &TaskSpawner, keys: &[Arc<KeyRule>], beyond: &Beyond) -> bool {
    keys.iter().any(|rule| rule.in_field && is_ours(rule.key()))
        || Kind::OF_METADATA.into_iter().any(|kind| {
            let field = &spawner.spec.task_template.metadata;
            let is_cut = field.as_ref().is_some_and(|field| field.beyond.is_cut(kind));
            is_cut || beyond.of(kind).is_some_and(|keys| keys.iter().any(is_ours))
        })
}

fn new_inputs(keys: &[Arc<KeyRule>]) -> NewInputs {
    let mut found = NewInputs::default();
    for rule in keys.iter().filter(|rule| !rule.in_annotation) {
        match rule.kind {
            Kind::Label => found.labels = true,
            Kind::Annotation => found.annotations = true,
            Kind::PodLabel | Kind::NodeSelector => {}
        }
        found.sources |= rule.kind == Kind::Annotation && rule.key().starts_with(SOURCE_PREFIX);
    }
    found
}

/// What is worked with while rules are made.
pub(super) struct Compiler<'c> {
    /// What the spawner makes.
    pub(super) makes: Shape,
    pub(super) policy: &'c Policy,
    pub(super) shared: &'c mut Shared,
    pub(super) purse: Purse,
    pub(super) settings: Settings,
    pub(super) problems: Vec<Problem>,
    /// Whether it was told that compiling costs too much.
    pub(super) has_told: bool,
}

impl<'c> Compiler<'c> {
    pub(super) fn new(
        makes: Shape,
        policy: &'c Policy,
        shared: &'c mut Shared,
        purse: Purse,
    ) -> Compiler<'c> {
        Compiler {
            makes,
            policy,
            shared,
            purse,
            settings: Settings::default(),
            problems: Vec::new(),
            has_told: false,
        }
    }

    /// The rules of the keys that a TaskSpawner declares.
    fn rules(&mut self, keys: BTreeMap<(Kind, Box<str>), Declared<'_>>) -> Vec<Arc<KeyRule>> {
        let rule = |((kind, key), said): ((Kind, Box<str>), Declared<'_>)| {
            let in_field = said.field.is_some() || said.is_beyond;
            let declared_in =
                if in_field { DeclaredIn::KelosField } else { DeclaredIn::RulesAnnotation };
            Arc::new(self.rule(kind, key, said, declared_in))
        };
        keys.into_iter().map(rule).collect()
    }

    /// Puts the defaults beside the keys of a TaskSpawner, which are in order and stay so.
    fn add_defaults(&mut self, keys: &mut Vec<Arc<KeyRule>>) {
        let defaults = self.policy.defaults.keys(self.makes);
        if defaults.is_empty() {
            return;
        }
        // The rules themselves are there once for all TaskSpawners.
        let _ = self.purse.take_bytes(size_of_val(defaults));
        let is_declared = |rule: &Arc<KeyRule>| find(keys, rule.kind, rule.key()).is_some();
        let others: Vec<_> = defaults.iter().filter(|it| !is_declared(it)).cloned().collect();
        keys.extend(others);
        keys.sort_by(|one, other| (one.kind, one.key()).cmp(&(other.kind, other.key())));
    }

    /// The labels of Tasks that Pods get, too.
    fn copies(&mut self) -> Arc<Copies> {
        let of_cluster = self.policy.defaults.copies(self.makes);
        let mut copies = std::mem::take(&mut self.settings.copies);
        if copies.is_empty() {
            return of_cluster;
        }
        copies.add(&of_cluster);
        // What is over is told with the first key.
        let _ = self.purse.take_bytes(copies.bytes());
        Arc::new(copies)
    }

    /// What is read back, and with it what is read.
    fn inference(
        &mut self,
        spawner: &TaskSpawner,
        infer: Infer,
        uses: Uses,
    ) -> (Inference, Arc<Uses>) {
        let was_empty = self.purse.is_empty();
        let inference = match infer {
            // The names are there once more in what is wanted, and once more with what helps.
            Infer::On if self.purse.take_bytes(3 * uses.bytes()).is_ok() => {
                self.shared.templates.sharing(&mut self.purse, |purse| {
                    Inference::compile(spawner, &self.policy.protection, &uses, purse)
                })
            }
            _ => Inference::default(),
        };
        let uses = uses.with(inference.helpful());
        let uses = self.shared.templates.sharing(&mut self.purse, |purse| purse.shared(uses));
        if self.purse.is_empty() && !was_empty {
            let error = Skip::from(Exhausted::Compiling);
            let hint = "nothing is read back: shorten the prompt template";
            self.problem(Kind::Annotation, INFER_SETTING, &error.hint(hint));
        }
        (inference, uses)
    }
}
