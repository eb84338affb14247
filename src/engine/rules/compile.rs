//! A TaskSpawner → its rules.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::annotation::Entry;
use super::declared::{self, Declarations, Declared};
use super::hash::hash;
use super::settings::Settings;
use super::{
    BrokenAnnotation, Cost, DeclaredIn, Infer, KeyRule, OnInvalid, Policy, Problem, Refusal,
    RenderedKeys, Rules, weight,
};
use crate::apimachinery;
use crate::apimachinery::Kind;
use crate::engine::kelos::{
    ANNOTATIONS_RULES, Beyond, INFER_SETTING, INJECTION_SETTING, LABELS_RULES, SOURCE_PREFIX,
    TaskSpawner, is_ours,
};
use crate::engine::patch;
use crate::engine::reason::Reason;
use crate::engine::skip::Skip;
use crate::engine::sources::{Inference, Rendered};
use crate::templates::budget::Exhausted;
use crate::templates::go::why_not_plain_go;
use crate::templates::purse::Purse;
use crate::templates::{Position, Syntax, Templates, Uses};

/// What to do about rules that are too costly.
const TOO_COSTLY_HINT: &str = "the keys from here on are not rendered: make templates and regular expressions shorter, or have fewer";

impl Rules {
    /// Compiles what a TaskSpawner asks for. It never fails: what can't be used becomes a problem
    /// of its key or its rules annotation. What compiling may cost is bounded, whatever the TaskSpawner says.
    /// Templates that others say too are shared through `templates`.
    pub fn compile(
        spawner: impl Into<Arc<TaskSpawner>>,
        policy: &Policy,
        templates: &mut Templates,
    ) -> Rules {
        let spawner = spawner.into();
        let mut compiler = Compiler {
            policy,
            templates,
            purse: Purse::default(),
            settings: Settings::default(),
            problems: Vec::new(),
            has_told: false,
        };
        let weight = weight::RULES_BYTES + weight::PROBLEMS_BYTES + weight::spawner(&spawner);
        // What is over is told with the first key.
        let _ = compiler.purse.take_reading(weight).and(compiler.purse.take_bytes(weight));
        let annotations = &spawner.metadata.annotations;
        let is_disabled =
            annotations.get(INJECTION_SETTING).is_some_and(|value| value == "disabled");
        let mut declared = Declarations::default();
        let held = compiler.purse.spent().bytes;
        if !is_disabled {
            compiler.settings = Settings::read(&spawner);
            compiler.problems = std::mem::take(&mut compiler.settings.problems);
            declared = Declarations::collect(&spawner, policy, &mut compiler.purse);
        }
        let Declarations { keys, broken_annotations, mut problems, beyond } = declared;
        problems.splice(0..0, broken_annotations.iter().map(BrokenAnnotation::problem));
        let read = compiler.purse.spent().bytes - held;
        let kept: usize = keys.keys().map(|(_, key)| weight::key(key)).sum::<usize>()
            + beyond.labels.bytes()
            + beyond.annotations.bytes();
        let keys: Vec<KeyRule> =
            keys.into_iter().map(|((kind, key), said)| compiler.rule(kind, key, said)).collect();
        let field_declares_ours = field_declares_ours(&spawner, &keys, &beyond);
        let rendered_keys = rendered_keys(&keys);
        // What the rules annotations said is in the rules by now.
        compiler.purse.give_back(usize::try_from(read).unwrap_or_default().saturating_sub(kept));
        compiler.purse.give_back(keys.len() * weight::SAID_BYTES);
        let (uses, is_straight_line) = compiler.uses(&keys);
        let infer = compiler.settings.infer.unwrap_or(policy.infer);
        let (inference, uses) = compiler.inference(&spawner, infer, uses);
        if !is_disabled {
            compiler.check_templates_of_kelos(&spawner, &inference);
        }
        problems.append(&mut compiler.problems);
        let told = weight::problems(&problems) + weight::broken_annotations(&broken_annotations);
        let spent = compiler.purse.spent();
        let bytes = spent.bytes.saturating_sub(weight::PROBLEMS_BYTES as u64) + told as u64;
        Rules {
            hash: hash(&spawner, policy),
            spawner,
            keys,
            broken_annotations,
            problems,
            beyond,
            uses,
            infer,
            inference,
            is_disabled,
            field_declares_ours,
            rendered_keys,
            is_straight_line,
            cost: Cost { steps: spent.steps, bytes },
        }
    }
}

/// Whether the Kelos field declares a key of ours, or may declare one behind what is read of it.
fn field_declares_ours(spawner: &TaskSpawner, keys: &[KeyRule], beyond: &Beyond) -> bool {
    keys.iter().any(|rule| rule.in_field && is_ours(&rule.key))
        || Kind::ALL.into_iter().any(|kind| {
            let field = &spawner.spec.task_template.metadata;
            let is_cut = field.as_ref().is_some_and(|field| field.beyond.is_cut(kind));
            is_cut || beyond.of(kind).iter().any(is_ours)
        })
}

fn rendered_keys(keys: &[KeyRule]) -> RenderedKeys {
    let mut found = RenderedKeys::default();
    for rule in keys.iter().filter(|rule| rule.in_field && !rule.in_annotation) {
        match rule.kind {
            Kind::Label => found.labels = true,
            Kind::Annotation => found.annotations = true,
        }
        found.sources |= rule.kind == Kind::Annotation && rule.key.starts_with(SOURCE_PREFIX);
    }
    found
}

struct Compiler<'c> {
    policy: &'c Policy,
    templates: &'c mut Templates,
    purse: Purse,
    settings: Settings,
    problems: Vec<Problem>,
    /// Whether it was told that compiling costs too much.
    has_told: bool,
}

impl Compiler<'_> {
    /// The rule of one key, at the cost of the purse.
    fn rule(&mut self, kind: Kind, key: Box<str>, said: Declared<'_>) -> KeyRule {
        let in_field = said.field.is_some() || said.is_beyond;
        let declared_in =
            if in_field { DeclaredIn::KelosField } else { DeclaredIn::RulesAnnotation };
        let most = weight::refusal(&key);
        let has_room = self.purse.take_bytes(most).is_ok();
        let told = self.problems.len();
        let Declared { annotation, field, is_beyond } = said;
        let in_annotation = annotation.is_some();
        let is_asked = in_annotation || is_ours(&key);
        let entry = match annotation {
            Some(Ok(entry)) => Ok(Some(entry)),
            Some(Err(error)) if !in_field => Err(error),
            // The annotation's entry is not rendered, but it may have held a guard: say so.
            Some(Err(error)) => {
                self.problem(kind, &key, &error);
                Ok(None)
            }
            None => Ok(None),
        };
        let (default, allowed, on_invalid) =
            self.guards(entry.as_ref().ok().and_then(Option::as_ref));
        let allowed: Option<BTreeSet<Box<str>>> =
            allowed.map(|values| values.iter().map(|value| value.as_str().into()).collect());
        let sound_default = check_default(kind, default, allowed.as_ref());
        let default = default.filter(|_| sound_default.is_ok()).map(Box::from);
        let refusal = self.refusal(kind, &key, is_beyond);
        let plan = refusal.map_or(Ok(()), Err).and_then(|()| {
            let entry = entry.map_err(Refusal::from)?.unwrap_or_default();
            sound_default.map_err(Refusal::from)?;
            let (source, syntax) = match field {
                Some(template) => (template, Syntax::Go),
                None => (&*entry.template, self.settings.syntax),
            };
            let compiled = self.templates.compile(source, syntax, &mut self.purse);
            let compiled = compiled.map_err(Skip::from).and_then(|template| {
                let helper = field.and_then(|_| template.helper());
                helper.map_or(Ok(template), |(name, at)| Err(helper_in_field(kind, name, at)))
            });
            compiled.map_err(|error| self.refused(source, error))
        });
        let plan = plan.map_err(Box::new);
        if let Err(refusal) = &plan
            && (is_asked || refusal.error.reason != Reason::Protected)
        {
            self.tell(kind, &key, &refusal.error);
        }
        if has_room && plan.is_ok() && self.problems.len() == told {
            self.purse.give_back(most);
        }
        KeyRule {
            kind,
            path: patch::path(kind, &key),
            key,
            declared_in,
            plan,
            default,
            allowed,
            on_invalid: on_invalid.or(self.settings.on_invalid).unwrap_or(self.policy.on_invalid),
            in_field,
            in_annotation,
        }
    }

    /// What an entry says beside its template. Where there is no room for it, the template is not compiled
    /// either.
    fn guards<'e>(
        &mut self,
        entry: Option<&'e Entry>,
    ) -> (Option<&'e str>, Option<&'e [String]>, Option<OnInvalid>) {
        let Some(entry) = entry else { return Default::default() };
        let (default, allowed) = (entry.default.as_deref(), entry.allowed.as_deref());
        match self.purse.take_bytes(weight::guards(default, allowed.unwrap_or_default())) {
            Ok(()) => (default, allowed, entry.on_invalid),
            Err(_) => Default::default(),
        }
    }

    /// Why the key is never rendered, whatever its template says.
    fn refusal(&self, kind: Kind, key: &str, is_beyond: bool) -> Option<Refusal> {
        let error = if self.policy.protection.covers(kind, key) {
            let message = "this key is not for templates; choose another";
            Skip::new(Reason::Protected, message)
        } else if let Err(error) = apimachinery::key(kind, key) {
            Skip::new(Reason::InvalidKey, error.to_string())
        } else if is_beyond {
            let message =
                "in `spec.taskTemplate.metadata` it is over the limit of 64 keys and 64 KiB";
            Skip::new(Reason::LimitExceeded, message).hint(declared::FEWER_KEYS)
        } else if self.purse.is_empty() {
            Exhausted::Compiling.into()
        } else {
            return None;
        };
        Some(Refusal::from(error))
    }

    /// A template that does not compile, with its source if there is room for it.
    fn refused(&mut self, source: &str, error: Skip) -> Refusal {
        let has_room = self.purse.take_bytes(source.len()).is_ok();
        Refusal { error, source: has_room.then(|| source.into()) }
    }

    /// Tells why a key is not rendered. That it costs too much is told once, not for thousands of keys.
    fn tell(&mut self, kind: Kind, key: &str, error: &Skip) {
        let is_costly = error.message == Exhausted::Compiling.to_string();
        if !is_costly {
            return self.problem(kind, key, error);
        }
        if !std::mem::replace(&mut self.has_told, true) {
            self.problem(kind, key, &error.clone().hint(TOO_COSTLY_HINT));
        }
    }

    fn problem(&mut self, kind: Kind, key: &str, error: &Skip) {
        self.problems.push(Problem::new(kind, key, error));
    }

    /// What all templates read, and whether all of them run from their beginnings to their ends.
    fn uses(&mut self, keys: &[KeyRule]) -> (Uses, bool) {
        let mut uses = Uses::default();
        let mut is_straight_line = true;
        for template in keys.iter().filter_map(|rule| rule.plan.as_ref().ok()) {
            template.uses().into_iter().for_each(|used| uses.extend(used));
            is_straight_line &= template.is_straight_line();
        }
        (uses, is_straight_line)
    }

    /// Tells which of the templates that only Kelos renders it will not take: then it makes no Task.
    fn check_templates_of_kelos(&mut self, spawner: &TaskSpawner, inference: &Inference) {
        let template = &spawner.spec.task_template;
        let (prompt, branch, name) =
            (&template.prompt_template, &template.branch, &template.name_template);
        for (rendered, name, source, is_whole) in [
            (Rendered::Prompt, "spec.taskTemplate.promptTemplate", &**prompt, prompt.is_whole()),
            (Rendered::Branch, "spec.taskTemplate.branch", &**branch, branch.is_whole()),
            (Rendered::Name, "spec.taskTemplate.nameTemplate", &**name, name.is_whole()),
        ] {
            // What is cut may end in the middle of an action; what is read back was parsed so already.
            if !is_whole || !source.contains("{{") || inference.reads(&rendered) {
                continue;
            }
            if let Some(error) = why_not_plain_go(source, &mut self.purse) {
                let message = format!("Kelos makes no Task of this template: {}", error.message);
                let error = Skip { message, ..Skip::from(error) };
                self.problem(Kind::Annotation, name, &error);
            }
        }
    }

    /// What is read back, and with it what is read.
    fn inference(
        &mut self,
        spawner: &TaskSpawner,
        infer: Infer,
        mut uses: Uses,
    ) -> (Inference, Uses) {
        let was_empty = self.purse.is_empty();
        let inference = match infer {
            // The names are there once more in what is wanted, and once more with what helps.
            Infer::On if self.purse.take_bytes(3 * uses.bytes()).is_ok() => {
                Inference::compile(spawner, &self.policy.protection, &uses, &mut self.purse)
            }
            _ => Inference::default(),
        };
        uses.add(inference.helpful());
        if self.purse.is_empty() && !was_empty {
            let error = Skip::from(Exhausted::Compiling);
            let hint = "nothing is read back: shorten the prompt template";
            self.problem(Kind::Annotation, INFER_SETTING, &error.hint(hint));
        }
        (inference, uses)
    }
}

impl From<Skip> for Refusal {
    fn from(error: Skip) -> Refusal {
        Refusal { error, source: None }
    }
}

/// A helper in the Kelos field: Kelos does not know it.
fn helper_in_field(kind: Kind, name: &str, at: Position) -> Skip {
    let annotation = match kind {
        Kind::Label => LABELS_RULES,
        Kind::Annotation => ANNOTATIONS_RULES,
    };
    let message = format!("Kelos has no function `{name}`: it would make no Task at all");
    let hint = format!("move the key to the annotation `{annotation}`, where helpers are");
    Skip::parse(message).at(at).hint(hint)
}

/// A default is literal, so it can be judged before any Task comes.
fn check_default(
    kind: Kind,
    default: Option<&str>,
    allowed: Option<&BTreeSet<Box<str>>>,
) -> Result<(), Skip> {
    let Some(default) = default else { return Ok(()) };
    if let Err(error) = apimachinery::value(kind, default) {
        return Err(Skip::parse(format!("`default` can't be written: {error}")));
    }
    if allowed.is_some_and(|allowed| !allowed.contains(default)) {
        return Err(Skip::parse("`default` is not in `allowed`"));
    }
    Ok(())
}
