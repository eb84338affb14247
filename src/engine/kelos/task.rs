//! A Task or Session at the moment of its creation.
//!
//! Whoever can reach the webhook can send one, so what is kept of it has bounds of its own, whatever
//! its bytes say.

mod entries;
mod metadata;
mod pod_overrides;
mod session;
mod spec;
mod text;
mod unescape;

use serde::Deserialize;
use serde::de::Error;
use thiserror::Error as ThisError;

pub use self::entries::Entries;
use self::metadata::TaskMeta;
pub use self::pod_overrides::{Filling, NoPodPlace, PodPlace};
pub use self::session::Session;
pub use self::spec::TaskSpec;
pub use self::text::Str;
use super::{CREATED_FROM_ANNOTATION, Shape, TASKSPAWNER_LABEL, group_of};
use crate::apimachinery::Kind;

/// A new Task, read from JSON in one pass and without building a tree; or a new [`Session`], of which the same
/// is known.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Task<'a> {
    #[serde(skip)]
    shape: Shape,
    #[serde(borrow)]
    metadata: TaskMeta<'a>,
    #[serde(borrow)]
    spec: Option<TaskSpec<'a>>,
}

/// What a request has more of than an API server could ever store or make. None of it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
pub enum Excess {
    /// Labels and annotations.
    #[error("it has more labels and annotations than an API server can store")]
    Entries,
    /// Owner references.
    #[error("it has more owner references than an API server can store")]
    OwnerReferences,
    /// Groups of the user who asks.
    #[error("the user is in more groups than an API server gives")]
    Groups,
}

/// The spawner that a Task or Session says it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner<'a> {
    /// What it makes.
    pub shape: Shape,
    /// Its name, in the namespace of what it has made.
    pub name: &'a str,
    /// Its uid, where an owner reference gives it.
    pub uid: Option<&'a str>,
}

impl<'a> Task<'a> {
    /// Reads a Task from its JSON. What the fields of its spec hold, and how deep, does not matter
    /// here.
    ///
    /// # Errors
    ///
    /// JSON that is no object, metadata of other types than Kubernetes gives it, or a spec that is no
    /// object: the API server refuses them, too. [`Excess`], as a message.
    pub fn parse(json: &'a str) -> Result<Task<'a>, serde_json::Error> {
        Task::parse_as(Shape::Task, json)
    }

    /// The same of something of this shape.
    ///
    /// # Errors
    ///
    /// As [`Task::parse`].
    pub fn parse_as(shape: Shape, json: &'a str) -> Result<Task<'a>, serde_json::Error> {
        let task: Task<'a> = match shape {
            Shape::Task => serde_json::from_str(json)?,
            Shape::Session => serde_json::from_str::<Session<'a>>(json)?.into(),
        };
        match task.excess() {
            None => Ok(task),
            Some(excess) => Err(serde_json::Error::custom(excess)),
        }
    }

    /// Which of the two it is.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// What it has too much of to be stored. Then nothing else that is said of it counts.
    pub fn excess(&self) -> Option<Excess> {
        self.metadata.excess
    }

    /// The bytes that it takes beside the JSON that it was read from, or somewhat more.
    pub fn heap_bytes(&self) -> usize {
        self.metadata.heap_bytes() + self.spec.as_ref().map_or(0, TaskSpec::heap_bytes)
    }

    /// Its name; empty while the API server has not made one from `generateName`.
    pub fn name(&self) -> &str {
        self.metadata.name.as_deref().unwrap_or_default()
    }

    /// Its name if it is a Task, and its name if it is a Session.
    pub fn names(&self) -> [Option<&str>; Shape::ALL.len()] {
        Shape::ALL.map(|shape| (shape == self.shape).then(|| self.name()))
    }

    /// Its `generateName`, or nothing.
    pub fn generate_name(&self) -> &str {
        self.metadata.generate_name.as_deref().unwrap_or_default()
    }

    /// Its labels or annotations, or those of its Pod, if it has such a map at all.
    pub fn entries(&self, kind: Kind) -> Option<&Entries<'a>> {
        match kind {
            Kind::Label => self.metadata.labels.as_ref(),
            Kind::Annotation => self.metadata.annotations.as_ref(),
            Kind::PodLabel | Kind::NodeSelector => self.spec.as_ref()?.of_pod(kind),
        }
    }

    /// Where it can say what its Pod is like.
    ///
    /// # Errors
    ///
    /// Why nothing can be said there.
    pub fn pod_place(&self) -> Result<PodPlace, NoPodPlace> {
        self.spec.as_ref().map_or(Err(NoPodPlace::NoSpec), TaskSpec::pod_place)
    }

    /// The value of a key.
    pub fn get(&self, kind: Kind, key: &str) -> Option<&str> {
        self.entries(kind)?.get(key).map(|value| &**value)
    }

    /// The spawner it comes from, as Kelos itself decides it: a controller owner reference counts alone;
    /// of a Task without one the label does, and then the annotation of a manual run.
    pub fn owner(&self) -> Option<Owner<'_>> {
        let shape = self.shape;
        if let Some(controller) = &self.metadata.controller {
            let made = Shape::of_spawner(group_of(&controller.api_version), &controller.kind);
            let is_ours = made == Some(shape) && !controller.name.is_empty();
            let uid = Some(&*controller.uid).filter(|uid| !uid.is_empty());
            return is_ours.then(|| Owner { shape, name: &controller.name, uid });
        }
        let named = |kind, key| self.get(kind, key).filter(|name| !name.is_empty());
        named(Kind::Label, shape.owner_label()?)
            .or_else(|| named(Kind::Annotation, CREATED_FROM_ANNOTATION))
            .map(|name| Owner { shape, name, uid: None })
    }

    /// Whether a controller reference names its owner: Kelos sets one since v0.26.
    pub fn has_controller(&self) -> bool {
        self.metadata.controller.is_some()
    }

    /// Whether a person started it with the Kelos CLI: then it has neither the reference nor the label by
    /// which a TaskSpawner owns its Tasks. The annotation alone may come from a template.
    pub fn is_manual(&self) -> bool {
        self.shape == Shape::Task
            && self.get(Kind::Annotation, CREATED_FROM_ANNOTATION).is_some()
            && !self.has_controller()
            && self.get(Kind::Label, TASKSPAWNER_LABEL).is_none_or(str::is_empty)
    }

    /// Its spec, if it has one.
    pub fn spec(&self) -> Option<&TaskSpec<'a>> {
        self.spec.as_ref()
    }
}

#[cfg(test)]
mod tests;
