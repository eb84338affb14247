//! What is known of a Task out of a cluster, with the rights of whoever calls. A right that is missing costs what it
//! is for, and is named.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, bail};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use super::Named;
use super::cluster_policy::{self, ServedPolicy};
use super::from_files::did_you_mean;
use super::world::{Registrations, World};
use crate::cli::ExplainArgs;
use crate::cluster::{ObjectPath, Resource, Selection};
use crate::commands::reach::{Reach, lacking};
use crate::commands::reach::{resource_of, spawners_of};
use crate::commands::registrations;
use crate::commands::subject::ObjectOrigin;
use crate::engine::kelos::{Namespace, Shape, Task, TaskSpawner, WorkerPool, Workspace};
use crate::engine::variables::need_workspace;
use crate::registration::{NewTask, Registration, deciding};
use crate::spawners::{Lookup, Objects, Spawners};

/// Among how many Tasks one is looked for that was probably meant.
const MOST_NAMES: usize = 10_000;

/// Reads the Task of this name, and what stands around it.
///
/// # Errors
///
/// When there is no way to the cluster, or the Task can't be read.
pub(super) async fn read(args: &ExplainArgs, named: &Named<'_>) -> anyhow::Result<World> {
    let Named { shape, name } = *named;
    let shape = shape.unwrap_or_default();
    let reach = Reach::connect(&args.connection, "or -f FILE to explain a Task in a file").await?;
    let namespace = args.namespace().unwrap_or(&reach.namespace).to_owned();
    let version = Resource::TASKS.served_version(&reach.client).await;
    let version = version.context("the cluster can't be asked")?;
    let Some(version) = version else {
        bail!("the cluster has no Tasks: is Kelos installed there?")
    };
    let mut reading =
        Reading { reach: &reach, shape, namespace: &namespace, version, lacking: Vec::new() };
    let json = reading.task(name).await?;
    let no_such = || format!("this is no {shape} as Kelos has it");
    let object: Value = serde_json::from_str(&json).with_context(no_such)?;
    let task = Task::parse_as(shape, &json).with_context(no_such)?;
    let known_namespace = reading.namespace().await;
    let registrations = reading.registrations().await;
    let new = (shape, &object);
    let judged = judged(&registrations, new, &namespace, known_namespace.as_ref());
    let is_read = matches!(registrations, Registrations::Read(_));
    let ServedPolicy { policy, origin, has_own_certificate } =
        cluster_policy::read(&reach, &args.policy, judged.as_ref(), is_read).await?;
    let mut objects =
        Objects { namespaces: known_namespace.into_iter().collect(), ..Objects::default() };
    let (spawner_changed, has_asked) = reading.spawner(&task, &mut objects).await?;
    let lacking_around = reading.around(&task, &mut objects).await;
    let spawners = Spawners::new(policy.clone());
    spawners.replace(objects);
    let known = spawners.snapshot();
    let found = task.owner().map(|owner| known.rules(&namespace, &owner));
    let uses_workspace =
        matches!(&found, Some(Lookup::Found(it)) if need_workspace(&it.rules.uses));
    if uses_workspace {
        reading.lacking.extend(lacking_around);
    }
    let lacking = reading.lacking;
    Ok(World {
        shape,
        namespace: namespace.clone(),
        json,
        known,
        has_asked_for_spawner: has_asked,
        spawner_changed,
        registrations,
        policy,
        policy_origin: origin,
        has_own_certificate,
        lacking,
        origin: ObjectOrigin::Cluster,
        written: BTreeMap::new(),
        // Without the rules there is no answer.
        failed: !has_asked,
    })
}

/// The registration that decides, for the way from it to the server.
fn judged(
    registrations: &Registrations,
    (shape, object): (Shape, &Value),
    namespace: &str,
    known: Option<&Namespace>,
) -> Option<Registration> {
    let Registrations::Read(all) = registrations else { return None };
    let namespace_labels = known.map(|it| &it.metadata.labels);
    let task = NewTask { shape, object, namespace, namespace_labels };
    let judged: Vec<Registration> = all.iter().flat_map(|it| it.judge(task)).collect();
    deciding(&judged).cloned()
}

/// An object that was asked for.
enum One<T> {
    Found(T),
    Missing,
    /// Why it could not be read.
    Unread(String),
}

struct Reading<'r> {
    reach: &'r Reach,
    /// What is explained.
    shape: Shape,
    namespace: &'r str,
    /// The version of Kelos's kinds.
    version: String,
    lacking: Vec<String>,
}

impl Reading<'_> {
    async fn task(&self, name: &str) -> anyhow::Result<Box<str>> {
        let (resource, shape) = (&resource_of(self.shape), self.shape);
        let path = self.path(resource, name);
        match path.read::<Box<RawValue>>(&self.reach.client).await {
            Ok(read) => Ok(read.object.into()),
            Err(error) if error.is_not_found() => {
                let meant = self.meant(name).await;
                bail!("there is no {shape} {name} in namespace {}{meant}", self.namespace)
            }
            Err(error) if error.is_forbidden() => {
                bail!(lacking("get", resource, Some(self.namespace), &error))
            }
            Err(error) => Err(error).with_context(|| format!("the {shape} can't be read")),
        }
    }

    /// The name of a Task that was probably meant, if Tasks may be listed.
    async fn meant(&self, name: &str) -> String {
        let selection = Selection { namespace: Some(self.namespace), ..Selection::default() };
        let names = resource_of(self.shape).names(&self.reach.client, selection, MOST_NAMES).await;
        did_you_mean(self.shape, name, &names)
    }

    fn path(&self, resource: &Resource, name: &str) -> ObjectPath {
        let collection = resource.path(&self.version, Some(self.namespace));
        ObjectPath { collection, name: name.to_owned() }
    }

    /// An object of Kelos in the namespace of the Task.
    async fn one<T: DeserializeOwned>(&self, resource: &Resource, name: &str) -> One<T> {
        match self.path(resource, name).read(&self.reach.client).await {
            Ok(read) => One::Found(read.object),
            Err(error) if error.is_not_found() => One::Missing,
            Err(error) => One::Unread(lacking("get", resource, Some(self.namespace), &error)),
        }
    }

    /// The TaskSpawner of the Task; gives when it was changed last, and whether it could be asked for.
    async fn spawner(
        &mut self,
        task: &Task<'_>,
        objects: &mut Objects,
    ) -> anyhow::Result<(Option<String>, bool)> {
        let Some(owner) = task.owner() else { return Ok((None, true)) };
        match self.one::<Box<RawValue>>(&spawners_of(self.shape), owner.name).await {
            One::Found(json) => {
                let spawner = TaskSpawner::parse_as(self.shape, json.get()).with_context(|| {
                    let kind = self.shape.spawner();
                    format!("its {kind} has not the fields that Kelos gives it")
                })?;
                objects.spawners.push(Arc::new(spawner));
                Ok((last_change(json.get()), true))
            }
            One::Missing => Ok((None, true)),
            One::Unread(why) => {
                self.lacking.push(why);
                Ok((None, false))
            }
        }
    }

    async fn namespace(&mut self) -> Option<Namespace> {
        let collection = Resource::NAMESPACES.path("v1", None);
        let path = ObjectPath { collection, name: self.namespace.to_owned() };
        match path.read(&self.reach.client).await {
            Ok(read) => Some(read.object),
            Err(error) => {
                let why = lacking("get", &Resource::NAMESPACES, Some(self.namespace), &error);
                self.lacking.push(why);
                None
            }
        }
    }

    async fn registrations(&mut self) -> Registrations {
        match registrations::read(self.reach).await {
            Ok(read) => Registrations::Read(read),
            Err(why) => {
                self.lacking.push(why);
                Registrations::Unread
            }
        }
    }

    /// The Workspace of the Task, by its WorkerPool if it has one; gives what could not be read.
    async fn around(&self, task: &Task<'_>, objects: &mut Objects) -> Vec<String> {
        let mut unread = Vec::new();
        let Some(spec) = task.spec() else { return unread };
        let mut workspace = spec.workspace().map(str::to_owned);
        if let Some(pool) = spec.worker_pool() {
            match self.one::<WorkerPool>(&Resource::WORKER_POOLS, pool).await {
                One::Found(pool) => {
                    workspace = workspace.or_else(|| pool.workspace().map(str::to_owned));
                    objects.pools.push(pool);
                }
                One::Missing => {}
                One::Unread(why) => unread.push(why),
            }
        }
        let Some(name) = workspace else { return unread };
        match self.one::<Workspace>(&Resource::WORKSPACES, &name).await {
            One::Found(workspace) => objects.workspaces.push(workspace),
            One::Missing => {}
            One::Unread(why) => unread.push(why),
        }
        unread
    }
}

/// When an object was changed last, its status left out; nothing if it does not say so.
fn last_change(json: &str) -> Option<String> {
    let object: Value = serde_json::from_str(json).ok()?;
    let managed = object["metadata"]["managedFields"].as_array()?;
    let entries = managed.iter().filter(|entry| entry.get("subresource").is_none());
    entries.filter_map(|entry| entry["time"].as_str()).max().map(str::to_owned)
}
