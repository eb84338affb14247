//! A Task at the moment of its creation.

use std::borrow::{Borrow, Cow};
use std::collections::BTreeMap;
use std::ops::Deref;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{CREATED_FROM_ANNOTATION, GROUP, Kind, TASKSPAWNER_LABEL, group_of};

/// A text borrowed from the request where it has no escapes.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(transparent)]
pub struct Str<'a>(#[serde(borrow)] pub Cow<'a, str>);

impl Deref for Str<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Str<'_> {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl<'a> From<&'a str> for Str<'a> {
    fn from(text: &'a str) -> Str<'a> {
        Str(Cow::Borrowed(text))
    }
}

/// A new Task, read from JSON in one pass and without building a tree.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Task<'a> {
    #[serde(borrow)]
    metadata: TaskMeta<'a>,
    #[serde(borrow)]
    spec: Option<TaskSpec<'a>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct TaskMeta<'a> {
    #[serde(borrow)]
    name: Option<Str<'a>>,
    #[serde(borrow)]
    generate_name: Option<Str<'a>>,
    #[serde(borrow)]
    labels: Option<BTreeMap<Str<'a>, Str<'a>>>,
    #[serde(borrow)]
    annotations: Option<BTreeMap<Str<'a>, Str<'a>>>,
    #[serde(borrow)]
    owner_references: Option<Vec<OwnerReference<'a>>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct OwnerReference<'a> {
    #[serde(borrow)]
    api_version: Str<'a>,
    #[serde(borrow)]
    kind: Str<'a>,
    #[serde(borrow)]
    name: Str<'a>,
    #[serde(borrow)]
    uid: Str<'a>,
    controller: Option<bool>,
}

/// The TaskSpawner that a Task says it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner<'a> {
    /// Its name, in the Task's namespace.
    pub name: &'a str,
    /// Its uid, where an owner reference gives it.
    pub uid: Option<&'a str>,
}

/// The part of a Task's spec that templates can ask for. A field of another type counts as absent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TaskSpec<'a> {
    /// The agent's type, as in `claude-code`.
    #[serde(borrow, rename = "type", deserialize_with = "lenient")]
    pub agent_type: Option<Str<'a>>,
    /// The model.
    #[serde(borrow, deserialize_with = "lenient")]
    pub model: Option<Str<'a>>,
    /// The effort.
    #[serde(borrow, deserialize_with = "lenient")]
    pub effort: Option<Str<'a>>,
    /// The branch to work on, as Kelos rendered it.
    #[serde(borrow, deserialize_with = "lenient")]
    pub branch: Option<Str<'a>>,
    #[serde(borrow)]
    prompt: Option<&'a RawValue>,
    #[serde(borrow, deserialize_with = "lenient")]
    workspace_ref: Option<NameRef<'a>>,
    #[serde(borrow, deserialize_with = "lenient")]
    worker: Option<Worker<'a>>,
    #[serde(borrow, deserialize_with = "lenient")]
    worker_pool_ref: Option<NameRef<'a>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct NameRef<'a> {
    #[serde(borrow)]
    name: Str<'a>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Worker<'a> {
    #[serde(borrow, rename = "type", deserialize_with = "lenient")]
    agent_type: Option<Str<'a>>,
    #[serde(borrow, deserialize_with = "lenient")]
    model: Option<Str<'a>>,
    #[serde(borrow, deserialize_with = "lenient")]
    effort: Option<Str<'a>>,
    #[serde(borrow, deserialize_with = "lenient")]
    workspace_ref: Option<NameRef<'a>>,
}

impl<'a> Task<'a> {
    /// Reads a Task from its JSON. What the fields of its spec hold, and how deep, does not matter
    /// here.
    ///
    /// # Errors
    ///
    /// JSON that is no object, metadata of other types than Kubernetes gives it, or a spec that is no
    /// object: the API server refuses them, too.
    pub fn parse(json: &'a str) -> Result<Task<'a>, serde_json::Error> {
        serde_json::from_str(json)
    }

    /// Its name; empty while the API server has not made one from `generateName`.
    pub fn name(&self) -> &str {
        self.metadata.name.as_deref().unwrap_or_default()
    }

    /// Its `generateName`, or nothing.
    pub fn generate_name(&self) -> &str {
        self.metadata.generate_name.as_deref().unwrap_or_default()
    }

    /// Its labels or annotations, if it has such a map at all.
    pub fn entries(&self, kind: Kind) -> Option<&BTreeMap<Str<'a>, Str<'a>>> {
        match kind {
            Kind::Label => self.metadata.labels.as_ref(),
            Kind::Annotation => self.metadata.annotations.as_ref(),
        }
    }

    /// The value of a label or annotation.
    pub fn get(&self, kind: Kind, key: &str) -> Option<&str> {
        self.entries(kind)?.get(key).map(|value| &**value)
    }

    /// The TaskSpawner it comes from, as Kelos itself decides it: a controller owner reference
    /// counts alone; without one the label does, and then the annotation of a manual run.
    pub fn owner(&self) -> Option<Owner<'_>> {
        let mut references = self.metadata.owner_references.iter().flatten();
        if let Some(controller) = references.find(|owner| owner.controller == Some(true)) {
            let is_ours = group_of(&controller.api_version) == GROUP
                && &*controller.kind == "TaskSpawner"
                && !controller.name.is_empty();
            return is_ours.then(|| Owner { name: &controller.name, uid: Some(&controller.uid) });
        }
        let named = |kind, key| self.get(kind, key).filter(|name| !name.is_empty());
        named(Kind::Label, TASKSPAWNER_LABEL)
            .or_else(|| named(Kind::Annotation, CREATED_FROM_ANNOTATION))
            .map(|name| Owner { name, uid: None })
    }

    /// Whether a controller reference names its owner: Kelos sets one since v0.26.
    pub fn has_controller(&self) -> bool {
        let mut references = self.metadata.owner_references.iter().flatten();
        references.any(|owner| owner.controller == Some(true))
    }

    /// Whether a person started it with the Kelos CLI.
    pub fn is_manual(&self) -> bool {
        self.get(Kind::Annotation, CREATED_FROM_ANNOTATION).is_some()
    }

    /// Its spec, if it has one.
    pub fn spec(&self) -> Option<&TaskSpec<'a>> {
        self.spec.as_ref()
    }
}

impl TaskSpec<'_> {
    /// What the agent is asked to do, if it is a text. It may be a megabyte: it is read only when
    /// somebody asks.
    pub fn prompt(&self) -> Option<Str<'_>> {
        serde_json::from_str(self.prompt?.get()).ok()
    }

    /// The prompt as it stands in the JSON of the Task; empty if there is none.
    pub fn prompt_json(&self) -> &str {
        self.prompt.map_or("", RawValue::get)
    }

    /// The name of the WorkerPool whose agents do it.
    pub fn worker_pool(&self) -> Option<&str> {
        self.worker_pool_ref.as_ref().map(|pool| &*pool.name).filter(|name| !name.is_empty())
    }

    /// The name of its Workspace: its own or its worker's.
    pub fn workspace(&self) -> Option<&str> {
        let own = self.workspace_ref.as_ref();
        let worker = self.worker.as_ref().and_then(|worker| worker.workspace_ref.as_ref());
        own.or(worker).map(|reference| &*reference.name).filter(|name| !name.is_empty())
    }

    /// The agent's type: its own or its worker's.
    pub fn agent_type(&self) -> Option<&str> {
        self.own_or_worker(&self.agent_type, |worker| &worker.agent_type)
    }

    /// The model: its own or its worker's.
    pub fn model(&self) -> Option<&str> {
        self.own_or_worker(&self.model, |worker| &worker.model)
    }

    /// The effort: its own or its worker's.
    pub fn effort(&self) -> Option<&str> {
        self.own_or_worker(&self.effort, |worker| &worker.effort)
    }

    fn own_or_worker<'s>(
        &'s self,
        own: &'s Option<Str<'_>>,
        of_worker: impl Fn(&'s Worker<'s>) -> &'s Option<Str<'s>>,
    ) -> Option<&'s str> {
        own.as_deref().or_else(|| of_worker(self.worker.as_ref()?).as_deref())
    }
}

/// Reads a field of the spec, or nothing if it has another type: the CRD's schema is checked after
/// admission, and a Task is never left without labels for a field that no template asks for.
fn lenient<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let raw = <&RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(raw.get()).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(json: &str) -> Option<(String, Option<String>)> {
        let task = Task::parse(json).unwrap();
        task.owner().map(|owner| (owner.name.to_owned(), owner.uid.map(str::to_owned)))
    }

    #[test]
    fn a_controller_reference_counts_alone() {
        let controller = |group: &str, kind: &str| {
            format!(
                r#"{{"metadata": {{"labels": {{"kelos.dev/taskspawner": "label"}}, "ownerReferences": [
                    {{"apiVersion": "apps/v1", "kind": "Deployment", "name": "d", "uid": "1"}},
                    {{"apiVersion": "{group}", "kind": "{kind}", "name": "ref", "uid": "2", "controller": true}}
                ]}}}}"#
            )
        };
        let ours = Some(("ref".to_owned(), Some("2".to_owned())));
        assert_eq!(owner(&controller("kelos.dev/v1alpha2", "TaskSpawner")), ours);
        assert_eq!(owner(&controller("kelos.dev/v9", "TaskSpawner")), ours);
        assert_eq!(owner(&controller("kelos.dev/v1alpha2", "Session")), None);
        assert_eq!(owner(&controller("example.com/v1", "TaskSpawner")), None);
    }

    #[test]
    fn without_one_the_label_counts_and_then_the_annotation() {
        let label = r#""labels": {"kelos.dev/taskspawner": "a"}"#;
        let annotation = r#""annotations": {"kelos.dev/created-from-taskspawner": "b"}"#;
        let named = |name: &str| Some((name.to_owned(), None));
        assert_eq!(owner(&format!(r#"{{"metadata": {{{label}, {annotation}}}}}"#)), named("a"));
        assert_eq!(owner(&format!(r#"{{"metadata": {{{annotation}}}}}"#)), named("b"));
        let empty = r#""labels": {"kelos.dev/taskspawner": ""}"#;
        assert_eq!(owner(&format!(r#"{{"metadata": {{{empty}, {annotation}}}}}"#)), named("b"));
        assert_eq!(owner(r#"{"metadata": {"labels": null}}"#), None);
        assert_eq!(owner("{}"), None);
    }

    #[test]
    fn a_spec_of_any_shape_is_read_as_far_as_it_goes() {
        let spec = |spec: &str| {
            let json = format!(r#"{{"spec": {spec}}}"#);
            let task = Task::parse(&json).unwrap();
            let spec = task.spec().cloned().unwrap_or_default();
            (spec.model().map(str::to_owned), spec.workspace().map(str::to_owned))
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            spec(r#"{"model": "m", "workspaceRef": {"name": "w"}}"#),
            (some("m"), some("w"))
        );
        assert_eq!(
            spec(r#"{"worker": {"model": "m", "workspaceRef": {"name": "w"}}}"#),
            (some("m"), some("w"))
        );
        assert_eq!(spec(r#"{"model": 5, "workspaceRef": {"name": "w"}}"#), (None, some("w")));
        assert_eq!(spec("null"), (None, None));
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let with_deep = format!(r#"{{"prompt": {deep}, "model": "m", "branch": {deep}}}"#);
        assert_eq!(spec(&with_deep), (some("m"), None));
    }
}
