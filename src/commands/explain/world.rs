//! What is known of a Task and of what stands around it, wherever it was read.

use std::sync::Arc;

use serde_json::Value;

use crate::certs::OurWebhook;
use crate::commands::read::written::Written;
use crate::commands::subject::ObjectOrigin;
use crate::engine::kelos::{Shape, Task};
use crate::engine::rules::{Policy, Rules};
use crate::registration::{Configuration, NewTask, Registration, Webhook};
use crate::spawners::{CompiledSpawner, Lookup, Snapshot};

/// What is known.
pub(super) struct World {
    /// The Task as JSON.
    pub(super) json: Box<str>,
    pub(super) namespace: String,
    /// TaskSpawner, Namespace, Workspace and WorkerPool, as far as they could be read.
    /// What is explained.
    pub(super) shape: Shape,
    pub(super) known: Arc<Snapshot>,
    /// Whether the TaskSpawner could be asked for: if not, that it is not known says nothing.
    pub(super) has_asked_for_spawner: bool,
    /// When the TaskSpawner was changed last, in RFC 3339, if it says so.
    pub(super) spawner_changed: Option<String>,
    pub(super) registrations: Registrations,
    pub(super) policy: Policy,
    pub(super) policy_origin: PolicyOrigin,
    /// Whether the server has its certificate from the controller of the project; nothing if nobody knows.
    pub(super) has_own_certificate: Option<bool>,
    /// The rights that are missing, and what else could not be read.
    pub(super) lacking: Vec<String>,
    pub(super) origin: ObjectOrigin,
    pub(super) written: Written,
    /// Whether a file could not be used.
    pub(super) failed: bool,
}

/// The MutatingWebhookConfigurations.
pub(super) enum Registrations {
    /// Nobody named any.
    NotGiven,
    /// They could not be read.
    Unread,
    /// All there are.
    Read(Vec<Configuration>),
}

/// Where the policy comes from.
pub(super) enum PolicyOrigin {
    /// The flags of this call.
    Flags,
    /// The Deployment of the cluster, of this name.
    Deployment(String),
    /// Nobody could say: flags that are not given are taken for those of the server. Why.
    Assumed(String),
}

impl World {
    /// The rules of the Task: those of its TaskSpawner, or else the defaults of the cluster.
    pub(super) fn rules(&self, task: &Task<'_>) -> Option<Arc<CompiledSpawner>> {
        self.spawner(task).or_else(|| self.known.of_nobody(task.shape()).map(Arc::clone))
    }

    /// The TaskSpawner of the Task, if it is known.
    pub(super) fn spawner(&self, task: &Task<'_>) -> Option<Arc<CompiledSpawner>> {
        match self.known.rules(&self.namespace, &task.owner()?) {
            Lookup::Found(spawner) => Some(spawner),
            Lookup::Pending | Lookup::Unknown => None,
        }
    }

    /// The shapes that the defaults of the cluster say something of, but for the one that is explained, and what they say.
    pub(super) fn defaults_for_others(&self) -> impl Iterator<Item = (Shape, &Rules)> {
        let others = Shape::ALL.into_iter().filter(move |shape| *shape != self.shape);
        others.filter_map(move |shape| Some((shape, &self.known.of_nobody(shape)?.rules)))
    }

    /// The other shape that has a default of this key, if one has.
    pub(super) fn others_with_default(&self, key: &str) -> Option<Shape> {
        let declares =
            |(_, rules): &(Shape, &Rules)| rules.keys.iter().any(|rule| rule.key() == key);
        self.defaults_for_others().find(declares).map(|(shape, _)| shape)
    }

    /// Whether the chart has made the MutatingWebhookConfiguration of this name.
    pub(super) fn is_of_chart(&self, name: &str) -> bool {
        let Registrations::Read(all) = &self.registrations else { return false };
        all.iter().any(|it| it.name() == name && it.is_of_chart())
    }

    /// The registered webhooks of one kind of ours, as far as they are known.
    pub(super) fn webhooks(&self, ours: OurWebhook) -> impl Iterator<Item = &Webhook> {
        let all = match &self.registrations {
            Registrations::Read(all) => &all[..],
            _ => &[],
        };
        all.iter().flat_map(move |configuration| configuration.ours(ours))
    }

    /// The webhooks of ours that are registered, judged; nothing if that is not known.
    pub(super) fn registered(&self, object: &Value) -> Option<Vec<Registration>> {
        let Registrations::Read(all) = &self.registrations else { return None };
        let labels = self.known.namespace(&self.namespace).map(|it| &it.metadata.labels);
        let task = NewTask {
            shape: self.shape,
            object,
            namespace: &self.namespace,
            namespace_labels: labels,
        };
        Some(all.iter().flat_map(|configuration| configuration.judge(task)).collect())
    }
}
