//! The part of the spec of a Task or Session that templates can ask for.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::pod_overrides::{Filling, NoPodPlace, Overrides, PodPlace, overrides};
use super::{Entries, Str, unescape};
use crate::apimachinery::Kind;

/// The part of a Task's spec that templates can ask for. A field of another type counts as absent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TaskSpec<'a> {
    /// The agent's type, as in `claude-code`.
    #[serde(borrow, rename = "type", deserialize_with = "lenient_text")]
    pub agent_type: Option<Str<'a>>,
    /// The model.
    #[serde(borrow, deserialize_with = "lenient_text")]
    pub model: Option<Str<'a>>,
    /// The effort.
    #[serde(borrow, deserialize_with = "lenient_text")]
    pub effort: Option<Str<'a>>,
    /// The branch to work on, as Kelos rendered it.
    #[serde(borrow, deserialize_with = "lenient_text")]
    pub branch: Option<Str<'a>>,
    #[serde(borrow)]
    prompt: Option<&'a RawValue>,
    #[serde(borrow, deserialize_with = "lenient")]
    workspace_ref: Option<NameRef<'a>>,
    #[serde(borrow, deserialize_with = "lenient")]
    worker: Option<Worker<'a>>,
    #[serde(borrow, deserialize_with = "lenient")]
    worker_pool_ref: Option<NameRef<'a>>,
    #[serde(borrow, deserialize_with = "overrides")]
    pod_overrides: Overrides<'a>,
    /// Whether it can say what its Pod is like in its worker alone.
    #[serde(skip)]
    needs_worker: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct NameRef<'a> {
    #[serde(borrow)]
    name: Str<'a>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Worker<'a> {
    #[serde(borrow, rename = "type", deserialize_with = "lenient_text")]
    agent_type: Option<Str<'a>>,
    #[serde(borrow, deserialize_with = "lenient_text")]
    model: Option<Str<'a>>,
    #[serde(borrow, deserialize_with = "lenient_text")]
    effort: Option<Str<'a>>,
    #[serde(borrow, deserialize_with = "lenient")]
    workspace_ref: Option<NameRef<'a>>,
    #[serde(borrow, deserialize_with = "overrides")]
    pod_overrides: Overrides<'a>,
}

impl<'a> TaskSpec<'a> {
    /// That of a Session, which says everything else in its worker.
    pub(super) fn of_session(
        prompt: Option<&'a RawValue>,
        branch: Option<Str<'a>>,
        worker: Option<Worker<'a>>,
    ) -> TaskSpec<'a> {
        TaskSpec { prompt, branch, worker, needs_worker: true, ..TaskSpec::default() }
    }

    /// Where it can say what its Pod is like.
    ///
    /// # Errors
    ///
    /// Why nothing can be said there.
    pub fn pod_place(&self) -> Result<PodPlace, NoPodPlace> {
        if self.worker_pool_ref.is_some() {
            return Err(NoPodPlace::WorkerPool);
        }
        let of_worker = self.worker.as_ref().map(|worker| &worker.pod_overrides);
        if self.needs_worker && of_worker.is_none() {
            return Err(NoPodPlace::NoWorker);
        }
        match (of_worker, &self.pod_overrides) {
            (Some(Overrides::Unreadable), _) | (_, Overrides::Unreadable) => {
                Err(NoPodPlace::Unreadable)
            }
            (Some(Overrides::There(_, filling)), _) => {
                Ok(PodPlace { in_worker: true, overrides: *filling })
            }
            // Those of the worker, once made, would stand for these.
            (_, Overrides::There(_, filling)) => {
                Ok(PodPlace { in_worker: false, overrides: *filling })
            }
            (of_worker, Overrides::Absent) => {
                Ok(PodPlace { in_worker: of_worker.is_some(), overrides: Filling::Absent })
            }
        }
    }

    /// The labels or node selectors that its Pod gets, if it says any.
    pub(super) fn of_pod(&self, kind: Kind) -> Option<&Entries<'a>> {
        let of_worker = self.worker.as_ref().map(|worker| &worker.pod_overrides);
        match of_worker {
            Some(overrides @ Overrides::There(..)) => overrides.entries(kind),
            _ => self.pod_overrides.entries(kind),
        }
    }
}

impl TaskSpec<'_> {
    /// What the agent is asked to do, if it is a text. It may be a megabyte: it is read only when
    /// somebody asks.
    pub fn prompt(&self) -> Option<Str<'_>> {
        unescape::text(self.prompt?.get()).map(Str)
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

    /// The bytes that it takes beside the request.
    pub(super) fn heap_bytes(&self) -> usize {
        let name = |reference: &Option<NameRef<'_>>| {
            reference.as_ref().map_or(0, |reference| reference.name.heap_bytes())
        };
        let texts = |texts: [&Option<Str<'_>>; 3]| -> usize {
            texts.into_iter().flatten().map(Str::heap_bytes).sum()
        };
        let worker = self.worker.as_ref().map_or(0, |worker| {
            texts([&worker.agent_type, &worker.model, &worker.effort])
                + name(&worker.workspace_ref)
                + worker.pod_overrides.heap_bytes()
        });
        texts([&self.agent_type, &self.model, &self.effort])
            + self.branch.as_ref().map_or(0, Str::heap_bytes)
            + name(&self.workspace_ref)
            + name(&self.worker_pool_ref)
            + worker
            + self.pod_overrides.heap_bytes()
    }
}

/// Reads a field of the spec, or nothing if it has another type: the CRD's schema is checked after
/// admission, and a Task is never left without labels for a field that no template asks for.
pub(super) fn lenient<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let raw = <&RawValue>::deserialize(deserializer)?.get();
    // The fields of an object can be read out of a list, too.
    Ok(Some(raw).filter(|raw| raw.starts_with('{')).and_then(|raw| serde_json::from_str(raw).ok()))
}

/// The same of a text.
pub(super) fn lenient_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Str<'de>>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?;
    Ok(unescape::text(raw.get()).map(Str))
}
