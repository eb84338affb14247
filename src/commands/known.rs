//! What the webhook knows of a cluster, read once with the rights of whoever calls.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::counted::by_count;
use super::reach::{Reach, lacking, unreadable};
use super::stdio::warn;
use crate::cluster::{Error, ObjectPath, Resource, Selection};
use crate::engine::kelos::{Namespace, SessionSpawner, Shape, TaskSpawner};
use crate::engine::rules::Policy;
use crate::spawners::{Objects, SpawnerProblem, Spawners};

/// The rules of a namespace, or of all, and what they may ask for.
pub(super) struct Known {
    pub(super) spawners: Spawners,
    /// What teams have to fix in their TaskSpawners.
    pub(super) problems: Vec<SpawnerProblem>,
    /// What could not be read, each in words for who lacks the right.
    pub(super) lacking: Vec<String>,
    /// The kinds that this is about.
    pub(super) unread: Vec<Resource>,
}

/// The objects of a namespace, or of all.
pub(super) struct Listed {
    pub(super) objects: Objects,
    /// What could not be read, each in words for who lacks the right.
    pub(super) lacking: Vec<String>,
    /// The kinds that this is about.
    pub(super) unread: Vec<Resource>,
}

impl Known {
    /// Reads the spawners of what has this shape, Workspaces, WorkerPools and Namespaces: of one namespace, or of all.
    ///
    /// # Errors
    ///
    /// When there is no way to the cluster, it has no such spawners, or they can't be read. What else can't be read
    /// is only told.
    pub(super) async fn read(
        reach: &Reach,
        makes: Shape,
        namespace: Option<&str>,
        policy: Policy,
    ) -> anyhow::Result<Known> {
        Ok(Listed::read(reach, makes, namespace).await?.known(policy))
    }
}

impl Listed {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// As [`Known::read`].
    pub(super) async fn read(
        reach: &Reach,
        makes: Shape,
        namespace: Option<&str>,
    ) -> anyhow::Result<Listed> {
        let mut reading = Reading { reach, namespace, lacking: Vec::new(), unread: Vec::new() };
        let objects = Objects {
            spawners: reading.spawners(makes).await?,
            workspaces: reading.others(&Resource::WORKSPACES).await,
            pools: reading.others(&Resource::WORKER_POOLS).await,
            namespaces: reading.namespaces().await,
        };
        let Reading { lacking, unread, .. } = reading;
        Ok(Listed { objects, lacking, unread })
    }

    /// Reads TaskSpawners alone. What is none is told.
    ///
    /// # Errors
    ///
    /// When the cluster has no TaskSpawners, or they can't be read.
    pub(super) async fn spawners(
        reach: &Reach,
        namespace: Option<&str>,
    ) -> anyhow::Result<Objects> {
        let mut reading = Reading { reach, namespace, lacking: Vec::new(), unread: Vec::new() };
        let spawners = reading.spawners(Shape::Task).await?;
        reading.lacking.iter().for_each(warn);
        Ok(Objects { spawners, ..Objects::default() })
    }

    /// Makes rules of them.
    pub(super) fn known(self, policy: Policy) -> Known {
        let Listed { objects, lacking, unread } = self;
        let spawners = Spawners::new(policy);
        let problems = spawners.replace(objects);
        Known { spawners, problems, lacking, unread }
    }
}

struct Reading<'r> {
    reach: &'r Reach,
    namespace: Option<&'r str>,
    lacking: Vec<String>,
    unread: Vec<Resource>,
}

impl Reading<'_> {
    async fn all<T: DeserializeOwned>(&mut self, resource: &Resource) -> Result<Vec<T>, Error> {
        let selection = Selection { namespace: self.namespace, ..Selection::default() };
        let all = resource.read_all(&self.reach.client, selection).await?;
        let parsed = all.iter().map(|json| serde_json::from_str(json.get()));
        let (good, bad): (Vec<_>, Vec<_>) = parsed.partition(Result::is_ok);
        if !bad.is_empty() {
            let (count, plural) = (bad.len(), resource.plural);
            let (have, them) = (by_count(count, "has", "have"), by_count(count, "it", "them"));
            self.lacking.push(format!(
                "{count} of the {plural} {have} not the fields that Kelos gives {them}"
            ));
        }
        Ok(good.into_iter().flatten().collect())
    }

    async fn spawners(&mut self, makes: Shape) -> anyhow::Result<Vec<Arc<TaskSpawner>>> {
        let (what, resource, all) = match makes {
            Shape::Task => {
                let resource = Resource::TASK_SPAWNERS;
                ("TaskSpawners", resource, self.all(&resource).await)
            }
            Shape::Session => {
                let resource = Resource::SESSION_SPAWNERS;
                let all = self.all::<SessionSpawner>(&resource).await;
                let all = all.map(|all| all.into_iter().map(TaskSpawner::from).collect());
                ("SessionSpawners", resource, all)
            }
        };
        match all {
            Ok(all) => Ok(all.into_iter().map(Arc::new).collect()),
            Err(error) => Err(unreadable(what, &resource, self.namespace, &error)),
        }
    }

    /// The same of objects that little depends on.
    async fn others<T: DeserializeOwned>(&mut self, resource: &Resource) -> Vec<T> {
        match self.all(resource).await {
            Ok(all) => all,
            Err(Error::KindNotServed) => Vec::new(),
            Err(error) => {
                self.unread.push(*resource);
                self.lacking.push(lacking("list", resource, self.namespace, &error));
                Vec::new()
            }
        }
    }

    async fn namespaces(&mut self) -> Vec<Namespace> {
        let Some(name) = self.namespace else { return self.others(&Resource::NAMESPACES).await };
        let collection = Resource::NAMESPACES.path("v1", None);
        let path = ObjectPath { collection, name: name.to_owned() };
        match path.read(&self.reach.client).await {
            Ok(read) => vec![read.object],
            Err(error) if error.is_not_found() => Vec::new(),
            Err(error) => {
                self.unread.push(Resource::NAMESPACES);
                self.lacking.push(lacking("get", &Resource::NAMESPACES, self.namespace, &error));
                Vec::new()
            }
        }
    }
}
