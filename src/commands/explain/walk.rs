//! The walk: from the Task along the chain to its keys.

use anyhow::Context;
use serde::Serialize;
use serde_json::Value;

use super::held::{self, AllHeld};
use super::key::{self, KeyStep};
use super::outlook::{Outlook, Switched};
use super::owner::{OwnerStep, owner};
use super::registered::{RegisteredStep, registered};
use super::rules::{RulesStep, Stored, rules, unknown_rules};
use super::step::{Sign, Step};
use super::switches::{SwitchesStep, switches};
use super::verdict::{self, About, Asked};
use super::world::{PolicyOrigin, World};
use crate::clock;
use crate::commands::NO_TASK;
use crate::commands::created::{created, created_text};
use crate::commands::subject::{ObjectOrigin, ShownFailing, Subject};
use crate::engine::comparison::{Compared, Ruled, compare};
use crate::engine::kelos::{INJECTION_SETTING, Namespace, Shape, Task};
use crate::engine::rules::{Rules, Shared};
use crate::engine::stored::as_new;
use crate::engine::variables::report;
use crate::engine::{Decision, Limits, Told, decide, told};

/// The walk, as JSON has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Walk<'w> {
    #[serde(skip)]
    pub(super) shape: Shape,
    pub(super) namespace: &'w str,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<&'w str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'w str>,
    #[serde(skip)]
    pub(super) name: &'w str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) uid: Option<&'w str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) phase: Option<&'w str>,
    /// In RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) created: Option<&'w str>,
    pub(super) spawner: OwnerStep,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) registration: Option<RegisteredStep>,
    pub(super) switches: SwitchesStep,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) policy: Option<Step>,
    /// Nothing where nobody asks for anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rules: Option<RulesStep>,
    pub(super) keys: Vec<KeyStep<'w>>,
    /// The templates of the TaskSpawner that Kelos fails on, so that it makes no new Task.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) failing: Vec<ShownFailing<'w>>,
    /// The rights that are missing, and what else could not be read.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub(super) lacking: &'w [String],
    /// The answer in one sentence.
    pub(super) verdict: String,
    /// Whether the one key that was asked for is absent and nobody declares it.
    #[serde(skip)]
    pub(super) lacks_asked: bool,
    #[serde(skip)]
    pub(super) failing_snippets: Vec<String>,
}

impl Walk<'_> {
    /// Whether each key is as today's rules give it.
    pub(super) fn is_fine(&self) -> bool {
        !self.lacks_asked
            && self.spawner.step.result != Sign::No
            && self.keys.iter().all(|key| !matches!(key.result, Sign::No | Sign::Note))
    }
}

/// What the walk stands on.
struct Ground<'g> {
    world: &'g World,
    object: &'g Value,
    /// The Task as it is.
    stored: &'g Task<'g>,
    /// Its rules, if somebody asks for something.
    known: Option<&'g Rules>,
    /// The same as if no switch were off.
    rules: &'g Rules,
    /// The Task as it is but for its switch.
    evaluated: &'g Task<'g>,
    evaluated_object: &'g Value,
    evaluated_json: &'g str,
}

/// What was seen on the way from the API server to the webhook.
struct Path {
    switches: SwitchesStep,
    registration: Option<RegisteredStep>,
    outlook: Outlook,
}

/// What was seen of a Task.
struct Seen<'s, 't, 'r> {
    subject: &'s Subject<'t, 't>,
    decision: &'s Decision<'r>,
    path: Path,
    asked: Option<&'s str>,
}

/// Walks along the chain, for one key if one is asked for, and hands over what was found.
pub(super) fn walk(
    world: &World,
    asked: Option<&str>,
    show: impl FnOnce(&Walk<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let object: Value = serde_json::from_str(&world.json).context(NO_TASK)?;
    let stored = Task::parse_as(world.shape, &world.json).context(NO_TASK)?;
    let known = world.rules(&stored);
    let known = known.as_ref().map(|it| &it.rules);
    // What the rules would give is told even where a switch keeps it from being written.
    let on = known.filter(|rules| rules.is_disabled).map(|rules| switched_on(world, rules));
    let nobody = Rules::of_nobody(stored.shape(), &world.policy);
    let evaluated_object = without_switch(&object);
    let evaluated_json = evaluated_object.to_string();
    let ground = Ground {
        world,
        object: &object,
        stored: &stored,
        known,
        rules: on.as_ref().or(known).unwrap_or(&nobody),
        evaluated: &Task::parse_as(world.shape, &evaluated_json).context(NO_TASK)?,
        evaluated_object: &evaluated_object,
        evaluated_json: &evaluated_json,
    };
    ground.walk(asked, show)
}

impl Ground<'_> {
    fn walk(
        &self,
        asked: Option<&str>,
        show: impl FnOnce(&Walk<'_>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let Ground { world, stored, rules, .. } = *self;
        let new = as_new(self.evaluated_object, self.evaluated, rules);
        let json = new.as_ref().map_or(self.evaluated_json, |it| &*it.json);
        let task = Task::parse_as(world.shape, json).context(NO_TASK)?;
        // What depends on the time does on that of its creation.
        let moment = created(self.object).unwrap_or_else(clock::now);
        let mut facts = world.known.facts(&world.namespace, &task, json.len(), moment);
        let namespace = facts.namespace.map(namespace_on);
        facts.namespace = namespace.as_ref();
        let decision = decide(&task, rules, &facts, &Limits::default());
        let (makes, meta) = (rules.spawner.makes, &rules.spawner.metadata);
        let written = (makes, meta.name.to_string(), world.namespace.clone());
        let subject = Subject {
            task: &task,
            namespace: &world.namespace,
            rules,
            report: report(&task, rules, &facts, &world.policy),
            written: world.written.get(&written),
            has_workspace: facts.workspace.is_some(),
            has_namespace: facts.namespace.is_some(),
            origin: world.origin,
        };
        // A switch on the Task that Kelos rendered from a template of the team does not count.
        let decided = |rules: &Rules| decide(stored, rules, &facts, &Limits::default()).is_exempt;
        let path = self.path(self.known.is_some_and(decided));
        let ruled = Ruled { today: rules, before: None };
        let (compared, told) = (compare(stored, &task, &decision, ruled), told(stored));
        let new = new.as_ref().map_or(self.evaluated_object, |it| &it.object);
        let held = held::held(self.object, new, &compared, rules, &facts);
        let keys = self.keys(&subject, &decision, &compared, (&held, &path, &told));
        self.show(Seen { subject: &subject, decision: &decision, path, asked }, keys, show)
    }

    /// The way from the API server to the webhook, and past the switches.
    fn path(&self, is_exempt: bool) -> Path {
        let Ground { world, object, stored, known, .. } = *self;
        let (switches, off) = switches(world, stored, known, is_exempt);
        let registration = registered(world, object);
        let is_known = world.known.namespace(&world.namespace).is_some();
        let switched = match off {
            Some(off) => Switched::Off(off),
            None if is_known => Switched::On,
            None => Switched::Unread(world.namespace.clone()),
        };
        let asked = Outlook::asked(registration.as_ref());
        let is_cluster = world.origin == ObjectOrigin::Cluster;
        Path { switches, registration, outlook: Outlook { switched, asked, is_cluster } }
    }

    fn keys<'k>(
        &self,
        subject: &'k Subject<'_, '_>,
        decision: &'k Decision<'_>,
        compared: &'k [Compared<'k, 'k>],
        (held, path, told): (&AllHeld, &Path, &Told),
    ) -> Vec<KeyStep<'k>> {
        let unmet = path.outlook.unmet();
        let keys = compared.iter().map(|it| {
            let held = held.get(&(it.decision.kind, it.decision.key.to_owned()));
            key::of_compared(subject, it, told, held, unmet)
        });
        let broken = decision.keys.iter().filter(|it| it.declared_in.is_none());
        keys.chain(broken.map(|it| key::of_annotation(subject, it, told))).collect()
    }

    fn show<'s>(
        &'s self,
        Seen { subject, decision, path, asked }: Seen<'s, '_, '_>,
        all: Vec<KeyStep<'s>>,
        show: impl FnOnce(&Walk<'_>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let Ground { world, object, stored: task, known, .. } = *self;
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        let created = created_text(object);
        let stored = Stored { task, object, created };
        let rules = known.map(|known| rules(world, stored, known, decision, &all));
        let rules = rules.or_else(|| unknown_rules(world, stored));
        let failing = if subject.task.is_manual() { &[][..] } else { &subject.rules.failing };
        let names: Vec<String> = all.iter().map(|it| it.shown.key.to_owned()).collect();
        let (keys, lacks) = chosen(all, asked);
        let others_have = asked.and_then(|key| world.others_with_default(key));
        let asked = Asked { key: asked, is_declared: !lacks, declared: &names, others_have };
        let Path { switches, registration, outlook } = path;
        let [of_task, session] = task.names();
        let mut walk = Walk {
            shape: world.shape,
            namespace: &world.namespace,
            task: of_task,
            session,
            name: task.name(),
            uid: text("/metadata/uid"),
            phase: text("/status/phase"),
            created,
            spawner: owner(world, task, object),
            registration,
            switches,
            policy: policy(world, rules.as_ref()),
            rules,
            keys,
            failing: failing.iter().map(|it| subject.shown_failing(it)).collect(),
            failing_snippets: failing.iter().map(|it| subject.failing(it)).collect(),
            lacking: &world.lacking,
            verdict: String::new(),
            lacks_asked: asked.key.is_some_and(|key| lacks && !verdict::has(task, key)),
        };
        let outlook = &outlook;
        walk.verdict = About { walk: &walk, task, object, outlook, asked }.verdict();
        walk.retell(world.shape);
        show(&walk)
    }
}

/// The keys that are asked for, and whether none of them is among all.
fn chosen<'k>(all: Vec<KeyStep<'k>>, asked: Option<&str>) -> (Vec<KeyStep<'k>>, bool) {
    let Some(asked) = asked else { return (all, false) };
    let has = all.iter().any(|it| it.shown.key == asked);
    let is_asked = |it: &KeyStep<'_>| it.shown.key == asked || (!has && it.change().is_none());
    (all.into_iter().filter(is_asked).collect(), !has)
}

/// The rules of a TaskSpawner as if its switch were on.
fn switched_on(world: &World, rules: &Rules) -> Rules {
    let mut spawner = (*rules.spawner).clone();
    spawner.metadata.annotations.remove(INJECTION_SETTING);
    Rules::compile(spawner, &world.policy, &mut Shared::default())
}

/// The Namespace as if its switch were on.
fn namespace_on(namespace: &Namespace) -> Namespace {
    let mut namespace = namespace.clone();
    namespace.metadata.labels.remove(INJECTION_SETTING);
    namespace
}

/// The Task without a switch of its own.
fn without_switch(object: &Value) -> Value {
    let mut object = object.clone();
    let labels = object.pointer_mut("/metadata/labels").and_then(Value::as_object_mut);
    labels.and_then(|labels| labels.remove(INJECTION_SETTING));
    object
}

/// Where the policy comes from, if it comes from elsewhere.
fn policy(world: &World, rules: Option<&RulesStep>) -> Option<Step> {
    match &world.policy_origin {
        PolicyOrigin::Flags => None,
        PolicyOrigin::Deployment(name) => Some(Step::new(
            Sign::Ok,
            format!("the policy of the cluster is that of Deployment {name}"),
        )),
        PolicyOrigin::Assumed(_) if rules.is_some_and(RulesStep::is_same) => Some(Step::new(
            Sign::Ok,
            "the flags that are assumed are those of the server: the hash in the mark covers them",
        )),
        PolicyOrigin::Assumed(why) => {
            let text = "the policy of the cluster is not known: no --protect, --on-invalid, --infer and --defaults \
                        are assumed";
            let details =
                [why.clone(), "give the flags that the server has, if it has some".to_owned()];
            Some(Step::new(Sign::Unknown, text).with(details))
        }
    }
}
