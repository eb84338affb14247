//! The step past the switches.

use serde::Serialize;

use super::step::{Sign, Step};
use super::world::World;
use crate::apimachinery::Kind;
use crate::commands::subject::ObjectOrigin;
use crate::engine::kelos::{INJECTION_SETTING, Injection, Shape, Task};
use crate::engine::rules::Rules;

/// What the switches say.
#[derive(Serialize)]
pub(super) struct SwitchesStep {
    #[serde(flatten)]
    pub(super) step: Step,
    pub(super) switches: Vec<Switch>,
}

/// A switch.
#[derive(Serialize)]
pub(super) struct Switch {
    /// What it stands on, with its name.
    pub(super) on: String,
    #[serde(skip)]
    whose: Whose,
    /// What is written there.
    pub(super) value: Option<String>,
    /// `enabled`, `disabled`, `audit`; nothing if that is not known.
    pub(super) means: Option<&'static str>,
}

/// Whose switch it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    Namespace,
    TaskSpawner,
    Task,
}

/// What of the switches keeps labels from a Task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Off {
    /// Whose switch it is, with its name.
    pub(super) on: String,
    pub(super) whose: Whose,
    /// Of what.
    pub(super) shape: Shape,
    /// Whether all is worked out and nothing written.
    pub(super) is_audit: bool,
    /// What switches it on.
    pub(super) command: String,
}

impl Off {
    /// That it is off.
    pub(super) fn clause(&self) -> String {
        let word =
            if self.is_audit { "switched to audit, which writes nothing" } else { "switched off" };
        format!("{} is {word}", self.on)
    }

    /// What to do before Tasks get something; `nothing` is what they get until then.
    pub(super) fn mend(&self, nothing: &str) -> String {
        let command = &self.command;
        match self.whose {
            Whose::Namespace | Whose::TaskSpawner => {
                format!("new Tasks get {nothing} until it is switched on: `{command}`")
            }
            Whose::Task if self.shape == Shape::Session => {
                "a Session that is there stays as it was made: make the next one without that label"
                    .to_owned()
            }
            Whose::Task => format!(
                "`{command}` switches it on, and a backfill then gives it what it may have (docs/backfill.md)"
            ),
        }
    }
}

/// Looks at the switches of Namespace, TaskSpawner and Task.
pub(super) fn switches(
    world: &World,
    task: &Task<'_>,
    rules: Option<&Rules>,
    is_exempt: bool,
) -> (SwitchesStep, Option<Off>) {
    let mut all = vec![namespace(world)];
    let mut remarks: Vec<String> = Vec::new();
    if let Some(known) = world.known.namespace(&world.namespace)
        && known.has_unknown_switch()
    {
        remarks.push(format!(
            "{} has the word `{}`, which is not known and counts as `{}`: write `enabled`, `disabled` or `audit`",
            all[0].on,
            all[0].value.as_deref().unwrap_or_default(),
            known.injection().as_str()
        ));
    }
    let spawner = rules.filter(|rules| !rules.spawner.metadata.name.is_empty());
    if let Some(rules) = spawner {
        let meta = &rules.spawner.metadata;
        let value = meta.annotations.get(INJECTION_SETTING).cloned();
        let on = format!("TaskSpawner {}", meta.name);
        all.push(plain(Whose::TaskSpawner, on, value, rules.is_disabled, &mut remarks));
    }
    let value = task.get(Kind::Label, INJECTION_SETTING).map(str::to_owned);
    all.push(plain(Whose::Task, "the Task".to_owned(), value, is_exempt, &mut remarks));
    let name = spawner.map_or("", |rules| &rules.spawner.metadata.name);
    let off = off(world, task, name, &all);
    let command = off.as_ref().map(|it| format!("to switch it on: `{}`", it.command));
    let step = match &off {
        Some(Off { on, is_audit: true, .. }) => Step::new(
            Sign::No,
            format!(
                "{on} is switched to audit: what a Task would get is worked out, logged, and not written"
            ),
        ),
        Some(Off { on, is_audit: false, .. }) => {
            Step::new(Sign::No, format!("{on} is switched off: `{INJECTION_SETTING}: disabled`"))
        }
        None if all.iter().any(|it| it.means.is_none()) => {
            let why = match world.origin {
                ObjectOrigin::Files => "is not among the files",
                ObjectOrigin::Cluster => "could not be read",
            };
            let text = format!("nothing is switched off, as far as is known: {} {why}", all[0].on);
            Step::new(Sign::Unknown, text)
        }
        None if remarks.is_empty() => Step::new(Sign::Ok, "nothing is switched off"),
        None => Step::new(Sign::Note, "nothing is switched off"),
    };
    (SwitchesStep { step: step.with(remarks).with(command), switches: all }, off)
}

/// The first switch that is off, and what switches it on.
fn off(world: &World, task: &Task<'_>, spawner: &str, all: &[Switch]) -> Option<Off> {
    let namespace = &world.namespace;
    all.iter().find_map(|switch| {
        let is_audit = match switch.means? {
            "disabled" => false,
            "audit" => true,
            _ => return None,
        };
        let command = match switch.whose {
            Whose::Namespace => {
                format!(
                    "kubectl label namespace {namespace} {INJECTION_SETTING}=enabled --overwrite"
                )
            }
            Whose::TaskSpawner => {
                format!(
                    "kubectl annotate {} {spawner} -n {namespace} {INJECTION_SETTING}-",
                    task.shape().spawner().to_ascii_lowercase()
                )
            }
            Whose::Task => {
                let kind = task.shape().as_str().to_ascii_lowercase();
                format!("kubectl label {kind} {} -n {namespace} {INJECTION_SETTING}-", task.name())
            }
        };
        let shape = task.shape();
        Some(Off { on: switch.on.clone(), whose: switch.whose, shape, is_audit, command })
    })
}

fn namespace(world: &World) -> Switch {
    let on = format!("Namespace {}", world.namespace);
    match world.known.namespace(&world.namespace) {
        Some(known) => Switch {
            on,
            whose: Whose::Namespace,
            value: known.injection_word().map(str::to_owned),
            means: Some(known.injection().as_str()),
        },
        None => Switch { on, whose: Whose::Namespace, value: None, means: None },
    }
}

/// The switch of a TaskSpawner or a Task, which knows one word.
fn plain(
    whose: Whose,
    on: String,
    value: Option<String>,
    is_off: bool,
    remarks: &mut Vec<String>,
) -> Switch {
    let means = if is_off { Injection::Disabled } else { Injection::Enabled };
    match value.as_deref() {
        Some("disabled") if !is_off => remarks.push(format!(
            "`{INJECTION_SETTING}: disabled` on {on} comes from the Kelos field, and does not count"
        )),
        Some("disabled" | "enabled") | None => {}
        Some(_) => remarks.push(format!(
            "`{INJECTION_SETTING}` on {on} has a word that is not known, and switches nothing: only `disabled` does"
        )),
    }
    Switch { on, whose, value, means: Some(means.as_str()) }
}
