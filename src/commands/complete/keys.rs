//! The keys that `explain` can be asked about: those that a Task has, and those that the rules of its TaskSpawner
//! declare.

use std::collections::BTreeSet;

use serde_json::value::RawValue;

use crate::apimachinery::{self, Kind};
use crate::cluster::{Error, ObjectPath, ObjectResponse, Resource};
use crate::commands::reach::Reach;
use crate::engine::kelos::{Task, TaskSpawner};
use crate::engine::rules::{Policy, Rules};
use crate::templates::Templates;

/// The keys of the Task of this name, `most` at the most; nothing where it or its TaskSpawner may not be read.
pub(super) async fn keys(
    reach: &Reach,
    namespace: &str,
    name: &str,
    most: usize,
) -> Option<Vec<String>> {
    let version = Resource::TASKS.served_version(&reach.client).await.ok()??;
    let read = async |resource: &Resource, name: &str| {
        let path = ObjectPath {
            collection: resource.path(&version, Some(namespace)),
            name: name.to_owned(),
        };
        let read: Result<ObjectResponse<Box<RawValue>>, Error> = path.read(&reach.client).await;
        read.map(|it| it.object)
    };
    let json = read(&Resource::TASKS, name).await.ok()?;
    let task = Task::parse(json.get()).ok()?;
    let spawner = match task.owner().filter(|it| apimachinery::is_object_name(it.name)) {
        None => None,
        Some(owner) => match read(&Resource::TASK_SPAWNERS, owner.name).await {
            Ok(json) => Some(serde_json::from_str::<TaskSpawner>(json.get()).ok()?),
            Err(error) if error.is_not_found() => None,
            Err(_) => return None,
        },
    };
    Some(known(&task, spawner).into_iter().take(most).collect())
}

/// The keys of a Task and of its rules. What is no key is left out: a shell may take it for several words.
fn known(task: &Task<'_>, spawner: Option<TaskSpawner>) -> BTreeSet<String> {
    let rules = spawner.map(|it| Rules::compile(it, &Policy::default(), &mut Templates::default()));
    let declared = rules.iter().flat_map(|it| &it.keys).map(|it| (it.kind, it.key.to_string()));
    let on_task = Kind::ALL.into_iter().flat_map(|kind| {
        let entries = task.entries(kind).into_iter().flatten();
        entries.map(move |(key, _)| (kind, key.to_string()))
    });
    let all = declared.chain(on_task);
    all.filter(|(kind, key)| apimachinery::key(*kind, key).is_ok()).map(|(_, key)| key).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::scripted::{ScriptedResponse as Scripted, api, status, versions};

    const TASK: &str = "/apis/kelos.dev/v1alpha2/namespaces/ns/tasks/w-1";
    const SPAWNER: &str = "/apis/kelos.dev/v1alpha2/namespaces/ns/taskspawners/w";

    /// What is offered where the API server answers so for what has this path.
    async fn offered(path: &'static str, code: u16, reason: &'static str) -> Option<Vec<String>> {
        let task = json!({
            "metadata": {
                "name": "w-1",
                "labels": {"kelos.dev/taskspawner": "w", "Team_Area": "x"},
                "annotations": {"example.com/note": "y"},
            },
            "spec": {"podOverrides": {"labels": {"tier": "a"}, "nodeSelector": {"disk": "ssd"}}},
        });
        let rules = json!({"priority": "high", "no key": "x"}).to_string();
        let spawner = json!({
            "metadata": {"name": "w", "annotations": {"metadata.kelos.dev/labels": rules}},
            "spec": {"when": {"cron": {"schedule": "* * * * *"}}, "taskTemplate": {
                "promptTemplate": "x", "metadata": {"annotations": {"example.com/made": "z"}}}},
        });
        let (client, _) = api(move |asked| match asked {
            asked if asked == path => Scripted::Json(code, status(code, reason, "no")),
            "/apis/kelos.dev" => versions(&["v1alpha2"]),
            TASK => Scripted::Json(200, task.clone()),
            SPAWNER => Scripted::Json(200, spawner.clone()),
            asked => panic!("{asked}"),
        });
        let reach = Reach { client, namespace: "other".to_owned() };
        keys(&reach, "ns", "w-1", 7).await
    }

    #[tokio::test]
    async fn the_keys_of_the_task_and_of_its_rules_are_offered() {
        let of_task = ["Team_Area", "disk", "example.com/note", "kelos.dev/taskspawner", "tier"];
        let all = [of_task.as_slice(), &["example.com/made", "priority"]].concat();
        let mut all: Vec<String> = all.into_iter().map(str::to_owned).collect();
        all.sort_unstable();
        assert_eq!(offered("nothing", 0, "").await, Some(all));
        let gone = offered(SPAWNER, 404, "NotFound").await;
        assert_eq!(gone, Some(of_task.map(str::to_owned).to_vec()), "a TaskSpawner that is gone");
    }

    #[tokio::test]
    async fn where_a_right_is_missing_none_is_offered() {
        for path in ["/apis/kelos.dev", TASK, SPAWNER] {
            assert_eq!(offered(path, 403, "Forbidden").await, None, "{path}");
        }
        assert_eq!(offered(TASK, 404, "NotFound").await, None);
    }

    #[test]
    fn a_task_without_a_spawner_has_its_own() {
        let task = Task::parse(r#"{"metadata": {"labels": {"a": "b"}}}"#).unwrap();
        assert_eq!(known(&task, None).into_iter().collect::<Vec<_>>(), ["a"]);
    }
}
