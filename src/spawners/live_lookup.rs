//! The look-up of what the watch has not shown (yet): the owner of a Task, and what is around it.

mod cache;
mod get;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kube::Client;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use self::cache::{LookedUpObject, LookupCache, LookupQuery};
use self::get::Get;
use super::lookup_outcome::LookupOutcome;
use super::metrics::SpawnerMetrics;
use super::watches::WatchedKind;
use super::{CompiledSpawner, Lookup, Spawners};
use crate::apimachinery::is_object_name as is_name;
use crate::cluster;
use crate::cluster::Resource;
use crate::engine::kelos::{
    Namespace, Owner, SessionSpawner, Shape, TaskSpawner, TaskSpec, WorkerPool, Workspace,
};
use crate::fair::{Bounds, FairPlaces};
use crate::keyed_semaphore::KeyedSemaphore;
use crate::telemetry::{LogOnce, chain};

/// How many look-ups may be on their way at once, in all and of one namespace: whoever names many
/// objects that nobody knows leaves places for others.
const PLACES: Bounds = Bounds { places: 4, of_one: 2, waiting_of_one: 64 };
/// The longest that the API server may take for one.
const GET_TIMEOUT: Duration = Duration::from_millis(500);

/// Too many of that namespace wait already.
const NO_PLACE: cluster::Error = cluster::Error::Timeout(Duration::ZERO);

/// Looks objects up in the cluster: a few at once, one at a time of each name, and not again within a
/// few seconds.
pub struct LiveLookup {
    get: Get,
    spawners: Arc<Spawners>,
    metrics: Arc<SpawnerMetrics>,
    places: Arc<FairPlaces>,
    one_each: KeyedSemaphore,
    /// Whether look-ups fail since the last good one, and it was logged.
    failure: Mutex<LogOnce<()>>,
    /// Never held while anything is awaited.
    cache: Mutex<LookupCache>,
}

/// What became of a look-up.
#[derive(Clone, Debug)]
pub enum LookupResult<T> {
    /// The object.
    Found(Arc<T>),
    /// There is none of that name, or it has another uid.
    Missing,
    /// It could not be said in time.
    Unavailable,
}

/// An answer could not be had in time.
struct Unavailable;

impl LiveLookup {
    /// Looks up what `spawners` does not know.
    pub fn new(
        client: Client,
        spawners: Arc<Spawners>,
        metrics: Arc<SpawnerMetrics>,
    ) -> LiveLookup {
        LiveLookup {
            get: Get::new(client),
            spawners,
            metrics,
            places: FairPlaces::new(PLACES),
            one_each: KeyedSemaphore::default(),
            failure: Mutex::default(),
            cache: Mutex::default(),
        }
    }

    /// Looks an owner up, within `patience`: waiting for a place counts.
    pub async fn look_up(
        &self,
        namespace: &str,
        owner: &Owner<'_>,
        patience: Duration,
    ) -> LookupResult<CompiledSpawner> {
        let Owner { shape, name, uid } = *owner;
        let query = LookupQuery { kind: WatchedKind::spawners(shape), namespace, name, uid };
        looked(self.find(&query, patience).await, LookedUpObject::spawner)
    }

    /// Looks a Namespace up, within `patience`.
    pub async fn namespace(&self, name: &str, patience: Duration) -> LookupResult<Namespace> {
        let query = LookupQuery { kind: WatchedKind::Namespaces, namespace: name, name, uid: None };
        looked(self.find(&query, patience).await, LookedUpObject::namespace)
    }

    /// Looks up the Workspace that a Task works in, and its WorkerPool before, if that says which one
    /// it is, within `patience`.
    pub async fn workspace(
        &self,
        namespace: &str,
        task: &TaskSpec<'_>,
        patience: Duration,
    ) -> LookupResult<Workspace> {
        let begun = Instant::now();
        let pool = match task.workspace() {
            Some(_) => None,
            None => match self.pool(namespace, task, patience).await {
                LookupResult::Found(pool) => Some(pool),
                LookupResult::Missing => return LookupResult::Missing,
                LookupResult::Unavailable => return LookupResult::Unavailable,
            },
        };
        let of_pool = || pool.as_ref().and_then(|pool| pool.workspace());
        let Some(name) = task.workspace().or_else(of_pool) else { return LookupResult::Missing };
        let query = LookupQuery { kind: WatchedKind::Workspaces, namespace, name, uid: None };
        let left = patience.saturating_sub(begun.elapsed());
        looked(self.known_or_found(&query, left).await, LookedUpObject::workspace)
    }

    async fn pool(
        &self,
        namespace: &str,
        task: &TaskSpec<'_>,
        patience: Duration,
    ) -> LookupResult<WorkerPool> {
        let Some(name) = task.worker_pool() else { return LookupResult::Missing };
        let query = LookupQuery { kind: WatchedKind::WorkerPools, namespace, name, uid: None };
        looked(self.known_or_found(&query, patience).await, LookedUpObject::worker_pool)
    }

    async fn known_or_found(
        &self,
        query: &LookupQuery<'_>,
        patience: Duration,
    ) -> Result<Option<LookedUpObject>, Unavailable> {
        match self.watched(query) {
            Some(object) => Ok(Some(object)),
            None => self.find(query, patience).await,
        }
    }

    /// Finds an object; none if there is none.
    async fn find(
        &self,
        query: &LookupQuery<'_>,
        patience: Duration,
    ) -> Result<Option<LookedUpObject>, Unavailable> {
        // What can be no name would lead to another path of the API server.
        if !is_name(query.namespace) || !is_name(query.name) {
            return Ok(None);
        }
        let asked = timeout(patience, self.ask(query)).await;
        let (error, result) = match asked.unwrap_or(Err(cluster::Error::Timeout(patience))) {
            Ok((object, result)) => {
                self.metrics.lookup(result);
                return Ok(object);
            }
            Err(error @ cluster::Error::Timeout(_)) => (error, LookupOutcome::TimedOut),
            Err(error) => (error, LookupOutcome::Failed),
        };
        // Who found no place says nothing about the API server.
        if !matches!(error, cluster::Error::Timeout(Duration::ZERO)) {
            self.complain(query, &error);
        }
        self.metrics.lookup(result);
        if let Some(object) = self.watched(query) {
            return Ok(Some(object));
        }
        // To ask again is no help, unless the right is about to come: just after an installation.
        let is_settled = query.kind.makes().is_none_or(|makes| self.spawners.is_warm(makes));
        if error.is_forbidden() && is_settled {
            self.cache().put(query, None, 0);
            return Ok(None);
        }
        Err(Unavailable)
    }

    /// What the watch has shown (meanwhile).
    fn watched(&self, query: &LookupQuery<'_>) -> Option<LookedUpObject> {
        let LookupQuery { kind, namespace, name, uid } = *query;
        let known = self.spawners.snapshot();
        if let Some(shape) = kind.makes() {
            return match known.rules(namespace, &Owner { shape, name, uid }) {
                Lookup::Found(known) => Some(LookedUpObject::Spawner(known)),
                Lookup::Pending | Lookup::Unknown => None,
            };
        }
        match kind {
            WatchedKind::TaskSpawners | WatchedKind::SessionSpawners => None,
            WatchedKind::Namespaces => {
                known.namespaces.get("", name).cloned().map(LookedUpObject::Namespace)
            }
            WatchedKind::Workspaces => {
                known.workspaces.get(namespace, name).cloned().map(LookedUpObject::Workspace)
            }
            WatchedKind::WorkerPools => {
                known.pools.get(namespace, name).cloned().map(LookedUpObject::WorkerPool)
            }
        }
    }

    /// Logs an error: the first one since the last good look-up for everybody, others for who asks.
    fn complain(&self, query: &LookupQuery<'_>, error: &cluster::Error) {
        let (resource, error) = (query.kind.as_str(), chain(error));
        if self.failure().is_news(()) {
            tracing::warn!(
                resource,
                error,
                "A look-up failed: Tasks whose objects the watch has not shown wait for seconds, \
                 and go without their labels until look-ups work again"
            );
        } else {
            tracing::debug!(resource, error, "A look-up failed");
        }
    }

    /// Forgets what was said of a spawner of that name: the watch knows better now.
    pub fn forget(&self, makes: Shape, namespace: &str, name: &str) {
        let kind = WatchedKind::spawners(makes);
        self.cache().forget(&LookupQuery { kind, namespace, name, uid: None });
    }

    async fn ask(
        &self,
        query: &LookupQuery<'_>,
    ) -> Result<(Option<LookedUpObject>, LookupOutcome), cluster::Error> {
        if let Some(object) = self.remembered(query) {
            return Ok((object, LookupOutcome::Remembered));
        }
        // Whoever waited looks first what others have found, the watch among them.
        let name = [query.kind.as_str(), "/", &query.full_name()].concat();
        // No turn is ever closed.
        let turn = self.one_each.of(&name);
        let _turn = turn.acquire().await;
        let Some(_place) = self.places.take(query.namespace).await else {
            return Err(NO_PLACE);
        };
        let known = self.watched(query).map(Some);
        if let Some(object) = known.or_else(|| self.remembered(query)) {
            return Ok((object, LookupOutcome::Remembered));
        }
        let got = timeout(GET_TIMEOUT, self.get(query)).await;
        let got = got.map_err(|_| cluster::Error::Timeout(GET_TIMEOUT))??;
        let (object, bytes) = match got {
            Some((Fetched::Spawner(spawner), bytes)) => self.compile(query, spawner, bytes).await,
            Some((Fetched::Ready(object), bytes)) => (Some(object), bytes),
            None => (None, 0),
        };
        self.failure().clear();
        self.cache().put(query, object.clone(), bytes);
        let result = if object.is_some() { LookupOutcome::Found } else { LookupOutcome::NotFound };
        Ok((object, result))
    }

    async fn get(&self, query: &LookupQuery<'_>) -> Result<Option<(Fetched, u64)>, cluster::Error> {
        fn read<T>(got: get::Got<T>, wrap: fn(T) -> Fetched) -> Option<(Fetched, u64)> {
            got.map(|(object, bytes)| (wrap(object), bytes))
        }
        let get = &self.get;
        Ok(match query.kind {
            WatchedKind::TaskSpawners => {
                read(get.object(Resource::TASK_SPAWNERS, query).await?, |it| {
                    Fetched::Spawner(Box::new(it))
                })
            }
            WatchedKind::SessionSpawners => {
                read(get.object(Resource::SESSION_SPAWNERS, query).await?, |it: SessionSpawner| {
                    Fetched::Spawner(Box::new(it.into()))
                })
            }
            WatchedKind::Namespaces => read(get.object(Resource::NAMESPACES, query).await?, |it| {
                Fetched::Ready(LookedUpObject::Namespace(Arc::new(it)))
            }),
            WatchedKind::Workspaces => read(get.object(Resource::WORKSPACES, query).await?, |it| {
                Fetched::Ready(LookedUpObject::Workspace(Arc::new(it)))
            }),
            WatchedKind::WorkerPools => {
                read(get.object(Resource::WORKER_POOLS, query).await?, |it| {
                    Fetched::Ready(LookedUpObject::WorkerPool(Arc::new(it)))
                })
            }
        })
    }

    /// Compiles away from the threads that accept requests; gives what it weighs, too.
    async fn compile(
        &self,
        query: &LookupQuery<'_>,
        spawner: Box<TaskSpawner>,
        bytes: u64,
    ) -> (Option<LookedUpObject>, u64) {
        let spawners = Arc::clone(&self.spawners);
        let shape = spawner.makes;
        let compiled = spawn_blocking(move || Arc::new(spawners.compile(*spawner))).await;
        let owner = Owner { shape, name: query.name, uid: query.uid };
        match compiled {
            Ok(known) if known.is(&owner) => {
                let bytes = bytes.max(known.rules.cost.bytes);
                (Some(LookedUpObject::Spawner(known)), bytes)
            }
            _ => (None, 0),
        }
    }

    fn failure(&self) -> MutexGuard<'_, LogOnce<()>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remembered(&self, query: &LookupQuery<'_>) -> Option<Option<LookedUpObject>> {
        self.cache().get(query)
    }

    fn cache(&self) -> MutexGuard<'_, LookupCache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the API server gave.
enum Fetched {
    /// It has still to be compiled.
    Spawner(Box<TaskSpawner>),
    Ready(LookedUpObject),
}

fn looked<T>(
    found: Result<Option<LookedUpObject>, Unavailable>,
    of_kind: fn(LookedUpObject) -> Option<Arc<T>>,
) -> LookupResult<T> {
    match found {
        Ok(object) => object.and_then(of_kind).map_or(LookupResult::Missing, LookupResult::Found),
        Err(Unavailable) => LookupResult::Unavailable,
    }
}

#[cfg(test)]
mod tests;
