//! The look-up of what the watch has not shown (yet): the owner of a Task, and what is around it.

mod answers;
mod get;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kube::Client;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use self::answers::{Answers, Object, Question};
use self::get::Get;
use super::reflected::{NAMESPACES, TASK_SPAWNERS, WORKER_POOLS, WORKSPACES};
use super::{Known, Lookup, Spawners};
use crate::apimachinery::is_object_name as is_name;
use crate::cluster::Trouble;
use crate::engine::kelos::{Namespace, Owner, TaskSpawner, TaskSpec, WorkerPool, Workspace};
use crate::fair::{Bounds, FairPlaces};
use crate::metrics::{LookupResult, Metrics, Watched};
use crate::turns::Turns;

/// How many look-ups may be on their way at once, in all and of one namespace: whoever names many
/// objects that nobody knows leaves places for others.
const PLACES: Bounds = Bounds { places: 4, of_one: 2, waiting_of_one: 64 };
/// The longest that the API server may take for one.
const GET_TIMEOUT: Duration = Duration::from_millis(500);

/// Too many of that namespace wait already.
const NO_PLACE: Trouble = Trouble::Slow(Duration::ZERO);

/// Looks objects up in the cluster: a few at once, one at a time of each name, and not again within a
/// few seconds.
pub struct LiveLookup {
    get: Get,
    spawners: Arc<Spawners>,
    metrics: Arc<Metrics>,
    places: Arc<FairPlaces>,
    turns: Turns,
    /// Whether the last answer was trouble.
    is_troubled: AtomicBool,
    /// Never held while anything is awaited.
    answers: Mutex<Answers>,
}

/// What became of a look-up.
#[derive(Clone, Debug)]
pub enum Looked<T> {
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
    pub fn new(client: Client, spawners: Arc<Spawners>, metrics: Arc<Metrics>) -> LiveLookup {
        LiveLookup {
            get: Get::new(client),
            spawners,
            metrics,
            places: FairPlaces::new(PLACES),
            turns: Turns::default(),
            is_troubled: AtomicBool::new(false),
            answers: Mutex::default(),
        }
    }

    /// Looks an owner up, within `patience`: waiting for a place counts.
    pub async fn look_up(
        &self,
        namespace: &str,
        owner: &Owner<'_>,
        patience: Duration,
    ) -> Looked<Known> {
        let Owner { name, uid } = *owner;
        let question = Question { kind: Watched::TaskSpawners, namespace, name, uid };
        looked(self.find(&question, patience).await, Object::task_spawner)
    }

    /// Looks a Namespace up, within `patience`.
    pub async fn namespace(&self, name: &str, patience: Duration) -> Looked<Namespace> {
        let question = Question { kind: Watched::Namespaces, namespace: name, name, uid: None };
        looked(self.find(&question, patience).await, Object::namespace)
    }

    /// Looks up the Workspace that a Task works in, and its WorkerPool before, if that says which one
    /// it is, within `patience`.
    pub async fn workspace(
        &self,
        namespace: &str,
        task: &TaskSpec<'_>,
        patience: Duration,
    ) -> Looked<Workspace> {
        let begun = Instant::now();
        let pool = match task.workspace() {
            Some(_) => None,
            None => match self.pool(namespace, task, patience).await {
                Looked::Found(pool) => Some(pool),
                Looked::Missing => return Looked::Missing,
                Looked::Unavailable => return Looked::Unavailable,
            },
        };
        let of_pool = || pool.as_ref().and_then(|pool| pool.workspace());
        let Some(name) = task.workspace().or_else(of_pool) else { return Looked::Missing };
        let question = Question { kind: Watched::Workspaces, namespace, name, uid: None };
        let left = patience.saturating_sub(begun.elapsed());
        looked(self.known_or_found(&question, left).await, Object::workspace)
    }

    async fn pool(
        &self,
        namespace: &str,
        task: &TaskSpec<'_>,
        patience: Duration,
    ) -> Looked<WorkerPool> {
        let Some(name) = task.worker_pool() else { return Looked::Missing };
        let question = Question { kind: Watched::WorkerPools, namespace, name, uid: None };
        looked(self.known_or_found(&question, patience).await, Object::worker_pool)
    }

    async fn known_or_found(
        &self,
        question: &Question<'_>,
        patience: Duration,
    ) -> Result<Option<Object>, Unavailable> {
        match self.watched(question) {
            Some(object) => Ok(Some(object)),
            None => self.find(question, patience).await,
        }
    }

    /// Finds an object; none if there is none.
    async fn find(
        &self,
        question: &Question<'_>,
        patience: Duration,
    ) -> Result<Option<Object>, Unavailable> {
        // What can be no name would lead to another path of the API server.
        if !is_name(question.namespace) || !is_name(question.name) {
            return Ok(None);
        }
        let asked = timeout(patience, self.ask(question)).await;
        let (trouble, result) = match asked.unwrap_or(Err(Trouble::Slow(patience))) {
            Ok((object, result)) => {
                self.metrics.lookup(result);
                return Ok(object);
            }
            Err(trouble @ Trouble::Slow(_)) => (trouble, LookupResult::TimedOut),
            Err(trouble) => (trouble, LookupResult::Failed),
        };
        // Who found no place says nothing about the API server.
        if !matches!(trouble, Trouble::Slow(Duration::ZERO)) {
            self.complain(question, &trouble);
        }
        self.metrics.lookup(result);
        if let Some(object) = self.watched(question) {
            return Ok(Some(object));
        }
        // To ask again is no help, unless the right is about to come: just after an installation.
        let is_settled = question.kind != Watched::TaskSpawners || self.spawners.is_warm();
        if trouble.is_forbidden() && is_settled {
            self.answers().put(question, None, 0);
            return Ok(None);
        }
        Err(Unavailable)
    }

    /// What the watch has shown (meanwhile).
    fn watched(&self, question: &Question<'_>) -> Option<Object> {
        let Question { kind, namespace, name, uid } = *question;
        let known = self.spawners.snapshot();
        match kind {
            Watched::TaskSpawners => match known.rules(namespace, &Owner { name, uid }) {
                Lookup::Found(known) => Some(Object::TaskSpawner(known)),
                Lookup::Pending | Lookup::Unknown => None,
            },
            Watched::Namespaces => known.namespaces.get("", name).cloned().map(Object::Namespace),
            Watched::Workspaces => {
                known.workspaces.get(namespace, name).cloned().map(Object::Workspace)
            }
            Watched::WorkerPools => {
                known.pools.get(namespace, name).cloned().map(Object::WorkerPool)
            }
        }
    }

    /// Logs trouble: the first one since the last good look-up for everybody, others for who asks.
    fn complain(&self, question: &Question<'_>, trouble: &Trouble) {
        let (resource, trouble) = (question.kind.as_str(), trouble.in_full());
        if self.is_troubled.swap(true, Ordering::Relaxed) {
            tracing::debug!(resource, trouble, "A look-up has failed");
        } else {
            tracing::warn!(
                resource,
                trouble,
                "What the watch has not shown can't be looked up: Tasks that need it wait for seconds, \
                 and go without its labels until this is mended"
            );
        }
    }

    /// Forgets what was said of a TaskSpawner of that name: the watch knows better now.
    pub fn forget(&self, namespace: &str, name: &str) {
        let kind = Watched::TaskSpawners;
        self.answers().forget(&Question { kind, namespace, name, uid: None });
    }

    async fn ask(
        &self,
        question: &Question<'_>,
    ) -> Result<(Option<Object>, LookupResult), Trouble> {
        if let Some(object) = self.remembered(question) {
            return Ok((object, LookupResult::Remembered));
        }
        // Whoever waited looks first what others have found, the watch among them.
        let name = [question.kind.as_str(), "/", &question.full_name()].concat();
        // No turn is ever closed.
        let turn = self.turns.of(&name);
        let _turn = turn.acquire().await;
        let Some(_place) = self.places.take(question.namespace).await else {
            return Err(NO_PLACE);
        };
        let known = self.watched(question).map(Some);
        if let Some(object) = known.or_else(|| self.remembered(question)) {
            return Ok((object, LookupResult::Remembered));
        }
        let got = timeout(GET_TIMEOUT, self.get(question)).await;
        let got = got.map_err(|_| Trouble::Slow(GET_TIMEOUT))??;
        let (object, bytes) = match got {
            Some((Read::TaskSpawner(spawner), bytes)) => {
                self.compile(question, spawner, bytes).await
            }
            Some((Read::Object(object), bytes)) => (Some(object), bytes),
            None => (None, 0),
        };
        self.is_troubled.store(false, Ordering::Relaxed);
        self.answers().put(question, object.clone(), bytes);
        let result = if object.is_some() { LookupResult::Found } else { LookupResult::NotFound };
        Ok((object, result))
    }

    async fn get(&self, question: &Question<'_>) -> Result<Option<(Read, u64)>, Trouble> {
        fn read<T>(got: get::Got<T>, wrap: fn(T) -> Read) -> Option<(Read, u64)> {
            got.map(|(object, bytes)| (wrap(object), bytes))
        }
        let get = &self.get;
        Ok(match question.kind {
            Watched::TaskSpawners => read(get.object(TASK_SPAWNERS, question).await?, |it| {
                Read::TaskSpawner(Box::new(it))
            }),
            Watched::Namespaces => read(get.object(NAMESPACES, question).await?, |it| {
                Read::Object(Object::Namespace(Arc::new(it)))
            }),
            Watched::Workspaces => read(get.object(WORKSPACES, question).await?, |it| {
                Read::Object(Object::Workspace(Arc::new(it)))
            }),
            Watched::WorkerPools => read(get.object(WORKER_POOLS, question).await?, |it| {
                Read::Object(Object::WorkerPool(Arc::new(it)))
            }),
        })
    }

    /// Compiles away from the threads that accept requests; gives what it weighs, too.
    async fn compile(
        &self,
        question: &Question<'_>,
        spawner: Box<TaskSpawner>,
        bytes: u64,
    ) -> (Option<Object>, u64) {
        let spawners = Arc::clone(&self.spawners);
        let compiled = spawn_blocking(move || Arc::new(spawners.compile(*spawner))).await;
        let owner = Owner { name: question.name, uid: question.uid };
        match compiled {
            Ok(known) if known.is(&owner) => {
                let bytes = bytes.max(known.rules.cost.bytes);
                (Some(Object::TaskSpawner(known)), bytes)
            }
            _ => (None, 0),
        }
    }

    fn remembered(&self, question: &Question<'_>) -> Option<Option<Object>> {
        self.answers().get(question)
    }

    fn answers(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the API server gave.
enum Read {
    /// It has still to be compiled.
    TaskSpawner(Box<TaskSpawner>),
    Object(Object),
}

fn looked<T>(
    found: Result<Option<Object>, Unavailable>,
    of_kind: fn(Object) -> Option<Arc<T>>,
) -> Looked<T> {
    match found {
        Ok(object) => object.and_then(of_kind).map_or(Looked::Missing, Looked::Found),
        Err(Unavailable) => Looked::Unavailable,
    }
}

#[cfg(test)]
mod tests;
