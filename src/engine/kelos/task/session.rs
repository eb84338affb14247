//! A Session as JSON: what differs from a Task is where it has its prompt and its branch.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::metadata::TaskMeta;
use super::spec::{Worker, lenient, lenient_text};
use super::{Str, Task, TaskSpec};
use crate::engine::kelos::Shape;

/// A new Session, read as a [`Task`] is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Session<'a> {
    #[serde(borrow)]
    metadata: TaskMeta<'a>,
    #[serde(borrow)]
    spec: Option<SessionSpec<'a>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SessionSpec<'a> {
    #[serde(borrow)]
    initial_prompt: Option<&'a RawValue>,
    #[serde(borrow, deserialize_with = "lenient_text")]
    initial_branch: Option<Str<'a>>,
    #[serde(borrow, deserialize_with = "lenient")]
    worker: Option<Worker<'a>>,
}

impl<'a> From<Session<'a>> for Task<'a> {
    fn from(session: Session<'a>) -> Task<'a> {
        let Session { metadata, spec } = session;
        let spec = spec.map(|SessionSpec { initial_prompt, initial_branch, worker }| {
            TaskSpec::of_session(initial_prompt, initial_branch, worker)
        });
        Task { shape: Shape::Session, metadata, spec }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apimachinery::Kind;
    use crate::engine::kelos::{Filling, NoPodPlace, PodPlace};

    fn session(json: &str) -> Task<'_> {
        Task::parse_as(Shape::Session, json).unwrap()
    }

    #[test]
    fn prompt_and_branch_are_the_first_ones_and_those_of_a_task_count_for_nothing() {
        let read = session(
            r#"{"spec": {"initialPrompt": "p\n", "initialBranch": "b", "prompt": "no", "branch": "no",
                "worker": {"type": "codex", "model": "m", "workspaceRef": {"name": "w"}}}}"#,
        );
        let spec = read.spec().unwrap();
        assert_eq!(spec.prompt().as_deref(), Some("p\n"));
        assert_eq!(spec.branch.as_deref(), Some("b"));
        assert_eq!((spec.agent_type(), spec.model()), (Some("codex"), Some("m")));
        assert_eq!(spec.workspace(), Some("w"));
        let task =
            Task::parse(r#"{"spec": {"initialPrompt": "p", "initialBranch": "b"}}"#).unwrap();
        let spec = task.spec().unwrap();
        assert_eq!((spec.prompt().as_deref(), spec.branch.as_deref()), (None, None));
    }

    #[test]
    fn a_controller_reference_of_a_session_spawner_alone_names_the_owner() {
        let reference = |kind: &str, controller: bool| {
            format!(
                r#"{{"metadata": {{"labels": {{"kelos.dev/taskspawner": "t", "kelos.dev/sessionspawner": "u"}},
                "annotations": {{"kelos.dev/sessionspawner-name": "s", "kelos.dev/created-from-taskspawner": "t"}},
                "ownerReferences": [{{"apiVersion": "kelos.dev/v1alpha2", "kind": "{kind}", "name": "s",
                "uid": "u", "controller": {controller}}}]}}}}"#
            )
        };
        let spawned = reference("SessionSpawner", true);
        let session_of = session(&spawned);
        let owner = session_of.owner().unwrap();
        assert_eq!((owner.shape, owner.name, owner.uid), (Shape::Session, "s", Some("u")));
        for json in [reference("SessionSpawner", false), reference("TaskSpawner", true)] {
            assert_eq!(session(&json).owner(), None);
            assert!(!session(&json).is_manual());
        }
        assert_eq!(Task::parse(&spawned).unwrap().owner(), None, "a Task of a SessionSpawner");
    }

    #[test]
    fn its_pod_is_told_of_in_its_worker() {
        let place = |spec: &str| session(&format!(r#"{{"spec": {spec}}}"#)).pod_place();
        let there = |overrides| Ok(PodPlace { in_worker: true, overrides });
        assert_eq!(place(r#"{"worker": {}}"#), there(Filling::Absent));
        assert_eq!(
            place(r#"{"worker": {"podOverrides": {"labels": {"a": "b"}}}}"#),
            there(Filling::Filled)
        );
        assert_eq!(place(r#"{"worker": {}, "podOverrides": {}}"#), there(Filling::Absent));
        assert_eq!(place("{}"), Err(NoPodPlace::NoWorker));
        let of = session(r#"{"spec": {"worker": {"podOverrides": {"labels": {"a": "b"}}}}}"#);
        assert_eq!(of.get(Kind::PodLabel, "a"), Some("b"));
    }
}
