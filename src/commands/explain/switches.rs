//! The step past the switches.

use serde::Serialize;

use super::step::{Sign, Step};
use super::world::World;
use crate::apimachinery::Kind;
use crate::commands::subject::ObjectOrigin;
use crate::engine::kelos::{INJECTION_SETTING, Injection, Task};
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
    /// What is written there.
    pub(super) value: Option<String>,
    /// `enabled`, `disabled`, `audit`; nothing if that is not known.
    pub(super) means: Option<&'static str>,
}

/// What of the switches keeps labels from a Task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Off {
    /// Whose switch it is.
    pub(super) on: String,
    /// Whether all is worked out and nothing written.
    pub(super) is_audit: bool,
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
            "{} has a word that is not known, which counts as `audit`: write `enabled`, `disabled` or `audit`",
            all[0].on
        ));
    }
    let spawner = rules.filter(|rules| !rules.spawner.metadata.name.is_empty());
    if let Some(rules) = spawner {
        let meta = &rules.spawner.metadata;
        let value = meta.annotations.get(INJECTION_SETTING).cloned();
        let on = format!("TaskSpawner {}", meta.name);
        all.push(plain(on, value, rules.is_disabled, &mut remarks));
    }
    let value = task.get(Kind::Label, INJECTION_SETTING).map(str::to_owned);
    all.push(plain("the Task".to_owned(), value, is_exempt, &mut remarks));
    let off = all.iter().find_map(|switch| match switch.means? {
        "disabled" => Some(Off { on: switch.on.clone(), is_audit: false }),
        "audit" => Some(Off { on: switch.on.clone(), is_audit: true }),
        _ => None,
    });
    let step = match &off {
        Some(Off { on, is_audit: true }) => Step::new(
            Sign::No,
            format!(
                "{on} is switched to audit: what a Task would get is worked out, logged, and not written"
            ),
        ),
        Some(Off { on, is_audit: false }) => {
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
    (SwitchesStep { step: step.with(remarks), switches: all }, off)
}

fn namespace(world: &World) -> Switch {
    let on = format!("Namespace {}", world.namespace);
    match world.known.namespace(&world.namespace) {
        Some(known) => Switch {
            on,
            value: known.injection_word().map(str::to_owned),
            means: Some(known.injection().as_str()),
        },
        None => Switch { on, value: None, means: None },
    }
}

/// The switch of a TaskSpawner or a Task, which knows one word.
fn plain(on: String, value: Option<String>, is_off: bool, remarks: &mut Vec<String>) -> Switch {
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
    Switch { on, value, means: Some(means.as_str()) }
}
