//! The keys that `explain` can be asked about: those that a Task or Session has, and those that the rules of its TaskSpawner
//! declare, or the defaults of the cluster.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::value::RawValue;

use crate::apimachinery::{self, Kind};
use crate::cluster::{Error, ObjectPath, ObjectResponse, Resource};
use crate::commands::reach::{Reach, resource_of, spawners_of};
use crate::engine::kelos::{INJECTION_SETTING, Shape, Task, TaskSpawner};
use crate::engine::rules::Policy;
use crate::spawners::{Lookup, Objects, Spawners};

/// What `kubectl apply` writes on each object: nobody asks for it.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The keys of the Task of this name, and of its rules as far as its TaskSpawner may be read; nothing where the Task
/// may not be read.
pub(super) async fn keys(
    reach: &Reach,
    namespace: &str,
    (shape, name): (Shape, &str),
    policy: Policy,
) -> Option<BTreeSet<String>> {
    let version = resource_of(shape).served_version(&reach.client).await.ok()??;
    let read = async |resource: &Resource, name: &str| {
        let path = ObjectPath {
            collection: resource.path(&version, Some(namespace)),
            name: name.to_owned(),
        };
        let read: Result<ObjectResponse<Box<RawValue>>, Error> = path.read(&reach.client).await;
        read.map(|it| it.object).ok()
    };
    let json = read(&resource_of(shape), name).await?;
    let task = Task::parse_as(shape, json.get()).ok()?;
    let json = match task.owner().filter(|it| apimachinery::is_object_name(it.name)) {
        Some(owner) => read(&spawners_of(shape), owner.name).await,
        None => None,
    };
    let spawner = json.and_then(|it| TaskSpawner::parse_as(shape, it.get()).ok());
    Some(known(&task, namespace, spawner, policy))
}

/// The keys of a Task and of its rules. What is no key is left out: a shell may take it for several words.
fn known(
    task: &Task<'_>,
    namespace: &str,
    spawner: Option<TaskSpawner>,
    policy: Policy,
) -> BTreeSet<String> {
    let spawner = spawner.map(|mut it| {
        // Where it is switched off, what it declares is explained all the same.
        it.metadata.annotations.remove(INJECTION_SETTING);
        Arc::new(it)
    });
    let spawners = Spawners::new(policy);
    spawners.replace(Objects { spawners: spawner.into_iter().collect(), ..Objects::default() });
    let known = spawners.snapshot();
    let found = task.owner().and_then(|owner| match known.rules(namespace, &owner) {
        Lookup::Found(found) => Some(found),
        Lookup::Pending | Lookup::Unknown => None,
    });
    let compiled = found.as_ref().or(known.of_nobody(task.shape()));
    let declared = compiled.iter().flat_map(|it| &*it.rules.keys);
    let declared = declared.map(|it| (it.kind, it.key().to_owned()));
    let on_task = Kind::ALL.into_iter().flat_map(|kind| {
        let entries = task.entries(kind).into_iter().flatten();
        entries.map(move |(key, _)| (kind, key.to_string()))
    });
    let all = declared.chain(on_task).filter(|(_, key)| key != LAST_APPLIED);
    all.filter(|(kind, key)| apimachinery::key(*kind, key).is_ok()).map(|(_, key)| key).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::cluster::scripted::{ScriptedResponse as Scripted, api, status, versions};
    use crate::engine::rules::Defaults;

    const TASK: &str = "/apis/kelos.dev/v1alpha2/namespaces/ns/tasks/w-1";
    const SPAWNER: &str = "/apis/kelos.dev/v1alpha2/namespaces/ns/taskspawners/w";
    const OF_TASK: [&str; 5] =
        ["Team_Area", "disk", "example.com/note", "kelos.dev/taskspawner", "tier"];
    const DECLARED: [&str; 2] = ["example.com/made", "priority"];

    fn task() -> Value {
        let owner = json!({"apiVersion": "kelos.dev/v1alpha2", "kind": "TaskSpawner", "name": "w", "uid": "1", "controller": true});
        json!({
            "metadata": {
                "name": "w-1",
                "labels": {"kelos.dev/taskspawner": "w", "Team_Area": "x"},
                "annotations": {"example.com/note": "y", LAST_APPLIED: "{}"},
                "ownerReferences": [owner],
            },
            "spec": {"podOverrides": {"labels": {"tier": "a"}, "nodeSelector": {"disk": "ssd"}}},
        })
    }

    fn spawner(uid: &str) -> Value {
        let rules = json!({"priority": "high", "no key": "x"}).to_string();
        json!({
            "metadata": {"name": "w", "namespace": "ns", "uid": uid, "annotations": {
                "metadata.kelos.dev/labels": rules, INJECTION_SETTING: "disabled"}},
            "spec": {"when": {"cron": {"schedule": "* * * * *"}}, "taskTemplate": {
                "promptTemplate": "x", "metadata": {"annotations": {"example.com/made": "z"}}}},
        })
    }

    /// What is offered where the API server answers so for what has this path.
    async fn offered(path: &'static str, code: u16, reason: &'static str) -> Option<Vec<String>> {
        let (client, _) = api(move |asked| match asked {
            asked if asked == path => Scripted::Json(code, status(code, reason, "no")),
            "/apis/kelos.dev" => versions(&["v1alpha2"]),
            TASK => Scripted::Json(200, task()),
            SPAWNER => Scripted::Json(200, spawner("1")),
            asked => panic!("{asked}"),
        });
        let reach = Reach { client, namespace: "other".to_owned() };
        let found = keys(&reach, "ns", (Shape::Task, "w-1"), Policy::default()).await?;
        Some(found.into_iter().collect())
    }

    fn sorted(all: &[&[&str]]) -> Vec<String> {
        let mut all: Vec<String> = all.concat().into_iter().map(str::to_owned).collect();
        all.sort_unstable();
        all
    }

    #[tokio::test]
    async fn the_keys_of_the_task_and_of_its_rules_are_offered() {
        assert_eq!(offered("nothing", 0, "").await, Some(sorted(&[&OF_TASK, &DECLARED])));
        // A TaskSpawner that is gone, or may not be read.
        for (code, reason) in [(404, "NotFound"), (403, "Forbidden")] {
            assert_eq!(offered(SPAWNER, code, reason).await, Some(sorted(&[&OF_TASK])), "{code}");
        }
    }

    #[tokio::test]
    async fn where_the_task_may_not_be_read_none_is_offered() {
        for path in ["/apis/kelos.dev", TASK] {
            assert_eq!(offered(path, 403, "Forbidden").await, None, "{path}");
        }
        assert_eq!(offered(TASK, 404, "NotFound").await, None);
    }

    #[test]
    fn rules_are_those_that_explain_finds() {
        let defaults = Defaults::read("labels:\n  team: x\n", &Policy::default()).unwrap();
        let policy = Policy { defaults: Arc::new(defaults), ..Policy::default() };
        let known = |task: &Value, uid: Option<&str>, policy: &Policy| {
            let spawner = uid.map(|uid| serde_json::from_value(spawner(uid)).unwrap());
            let json = task.to_string();
            let found = known(&Task::parse(&json).unwrap(), "ns", spawner, policy.clone());
            found.into_iter().collect::<Vec<_>>()
        };
        let none = Policy::default();
        assert_eq!(known(&task(), Some("1"), &none), sorted(&[&OF_TASK, &DECLARED]));
        assert_eq!(known(&task(), Some("2"), &none), sorted(&[&OF_TASK]), "made again");
        let all = sorted(&[&OF_TASK, &DECLARED, &["team"]]);
        assert_eq!(known(&task(), Some("1"), &policy), all);
        assert_eq!(known(&task(), Some("2"), &policy), sorted(&[&OF_TASK, &["team"]]));
        let bare = json!({"metadata": {"labels": {"a": "b"}}});
        assert_eq!(known(&bare, None, &none), ["a"]);
        assert_eq!(known(&bare, None, &policy), ["a", "team"]);
    }
}
