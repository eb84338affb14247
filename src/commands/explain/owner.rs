//! The step from a Task to its TaskSpawner.

use serde::Serialize;
use serde_json::Value;

use super::step::{Sign, Step};
use super::world::World;
use crate::apimachinery::Kind;
use crate::commands::read::written::elsewhere;
use crate::commands::subject::ObjectOrigin;
use crate::engine::kelos::{CREATED_FROM_ANNOTATION, Owner, Shape, TASKSPAWNER_LABEL, Task};
use crate::spawners::Lookup;

/// How a Task and its TaskSpawner have found each other.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OwnerStep {
    #[serde(flatten)]
    pub(super) step: Step,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    /// What names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) found_by: Option<&'static str>,
}

/// Looks for the TaskSpawner as Kelos does.
pub(super) fn owner(world: &World, task: &Task<'_>, object: &Value) -> OwnerStep {
    let Some(owner) = task.owner() else {
        let step = with_defaults(world, Step::new(Sign::No, nobody(world.shape, object)));
        return OwnerStep { step, name: None, found_by: None };
    };
    let found_by = found_by(task);
    let step = match world.known.rules(&world.namespace, &owner) {
        Lookup::Found(_) => {
            let how = if owner.uid.is_some() { "with this uid" } else { "of this name" };
            let text =
                format!("TaskSpawner {}, named by {found_by}: there is one {how}", owner.name);
            Step::new(Sign::Ok, text)
        }
        _ if !world.has_asked_for_spawner => {
            let text = format!(
                "TaskSpawner {}, named by {found_by}: it could not be read, so its rules are not known",
                owner.name
            );
            Step::new(Sign::Unknown, text)
        }
        Lookup::Pending | Lookup::Unknown => with_defaults(world, missing(world, &owner, found_by)),
    };
    OwnerStep { step, name: Some(owner.name.to_owned()), found_by: Some(found_by) }
}

/// What names the owner.
fn found_by(task: &Task<'_>) -> &'static str {
    let has_label = task.get(Kind::Label, TASKSPAWNER_LABEL).is_some_and(|name| !name.is_empty());
    match (task.has_controller(), has_label) {
        (true, _) => "the controller owner reference",
        (false, true) => "the label kelos.dev/taskspawner",
        (false, false) => "the annotation kelos.dev/created-from-taskspawner",
    }
}

/// Why the Task has no owner.
fn nobody(shape: Shape, object: &Value) -> String {
    let references = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    let controller = references.into_iter().flatten().find(|it| it["controller"] == true);
    let Some(controller) = controller else {
        if shape.owner_label().is_none() {
            return "it names no TaskSpawner: it has no controller owner reference".to_owned();
        }
        return format!(
            "it names no TaskSpawner: it has no controller owner reference, no label {TASKSPAWNER_LABEL} and no \
             annotation {CREATED_FROM_ANNOTATION}"
        );
    };
    let text = |field: &str| controller[field].as_str().unwrap_or_default();
    format!(
        "its controller owner reference names `{} {}` of {}, and it counts alone: for Kelos it is a Task of no TaskSpawner",
        text("kind"),
        text("name"),
        text("apiVersion")
    )
}

/// Why a TaskSpawner that is named is not known.
fn missing(world: &World, owner: &Owner<'_>, found_by: &str) -> Step {
    let (name, namespace) = (owner.name, &world.namespace);
    let now = world.known.rules(namespace, &Owner { uid: None, ..*owner });
    if let (Some(uid), Lookup::Found(now)) = (owner.uid, now) {
        let other = now.rules.spawner.metadata.uid.as_deref().unwrap_or_default();
        let text = format!(
            "{found_by} names TaskSpawner {name} with the uid {uid}, and the one that is there has {other}: it was \
             deleted and made again"
        );
        return Step::new(Sign::No, text)
            .with(["new Tasks of the new one get what it asks for".to_owned()]);
    }
    let text = match world.origin {
        ObjectOrigin::Cluster => format!(
            "{found_by} names TaskSpawner {name}, and namespace {namespace} has none of that name: it was deleted, or \
             never there"
        ),
        ObjectOrigin::Files => format!(
            "{found_by} names TaskSpawner {namespace}/{name}, which is not in what -f names{}",
            elsewhere(&world.written, namespace, owner)
        ),
    };
    let renamed =
        "if it was renamed: its old Tasks stay as they are, and new ones are those of the new name";
    Step::new(Sign::No, text)
        .with((world.origin == ObjectOrigin::Cluster).then(|| renamed.to_owned()))
}

/// Says what a Task gets without a TaskSpawner.
fn with_defaults(world: &World, step: Step) -> Step {
    match world.known.of_nobody(world.shape) {
        Some(_) => Step { result: Sign::Note, ..step }
            .with(["it gets the defaults of the cluster, and nothing else".to_owned()]),
        None => {
            let others = world.defaults_for_others();
            step.with(others.map(|(shape, _)| {
                format!("the defaults of the cluster are for `{}` alone (`on`)", shape.several())
            }))
        }
    }
}
