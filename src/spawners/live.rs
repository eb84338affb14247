//! The look-up of an owner that the watch has not shown (yet).

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use kube::Client;
use kube::core::params::GetParams;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::reflected::TASK_SPAWNERS;
use super::{Known, Lookup, Spawners};
use crate::cluster::Trouble;
use crate::engine::kelos::{Owner, TaskSpawner};
use crate::engine::validate::is_object_name as is_name;
use crate::metrics::{LookupResult, Metrics};
use crate::turns::Turns;

/// How many look-ups may be on their way at once.
const PLACES: usize = 4;
/// The longest that the API server may take for one.
const GET_TIMEOUT: Duration = Duration::from_millis(500);
/// How long an answer is good for, if the watch does not say anything about that name before.
const REMEMBER: Duration = Duration::from_secs(5);
/// How many names have answers to remember at the most.
const REMEMBERED_NAMES: usize = 1024;

/// Looks owners up in the cluster: a few at once, one at a time of each name, and not again within a
/// few seconds.
pub struct LiveLookup {
    client: Client,
    spawners: Arc<Spawners>,
    metrics: Arc<Metrics>,
    /// The version that the cluster served last.
    version: ArcSwapOption<String>,
    places: Semaphore,
    turns: Turns,
    /// Whether the last answer was trouble.
    is_troubled: AtomicBool,
    /// By `namespace/name`; never held while anything is awaited.
    answers: Mutex<HashMap<String, Vec<Remembered>>>,
}

/// What became of a look-up.
#[derive(Clone, Debug)]
pub enum Looked {
    /// The TaskSpawner.
    Found(Arc<Known>),
    /// There is none of that name, or it has another uid.
    Missing,
    /// It could not be said in time.
    Unavailable,
}

#[derive(Debug)]
struct Remembered {
    uid: Option<String>,
    known: Option<Arc<Known>>,
    until: Instant,
}

impl LiveLookup {
    /// Looks up what `spawners` does not know.
    pub fn new(client: Client, spawners: Arc<Spawners>, metrics: Arc<Metrics>) -> LiveLookup {
        LiveLookup {
            client,
            spawners,
            metrics,
            version: ArcSwapOption::empty(),
            places: Semaphore::new(PLACES),
            turns: Turns::default(),
            is_troubled: AtomicBool::new(false),
            answers: Mutex::default(),
        }
    }

    /// Looks an owner up, within `patience`: waiting for a place counts.
    pub async fn look_up(&self, namespace: &str, owner: &Owner<'_>, patience: Duration) -> Looked {
        // What can be no name would lead to another path of the API server.
        if !is_name(namespace) || !is_name(owner.name) {
            return Looked::Missing;
        }
        let asked = timeout(patience, self.ask(namespace, owner)).await;
        let failure = match asked.unwrap_or(Err(Trouble::Slow(patience))) {
            Ok((looked, result)) => {
                self.metrics.lookup(result);
                return looked;
            }
            Err(trouble @ Trouble::Slow(_)) => (trouble, LookupResult::TimedOut),
            Err(trouble) => (trouble, LookupResult::Failed),
        };
        self.complain(&failure.0);
        self.metrics.lookup(failure.1);
        self.watched(namespace, owner).unwrap_or(Looked::Unavailable)
    }

    /// What the watch has shown meanwhile.
    fn watched(&self, namespace: &str, owner: &Owner<'_>) -> Option<Looked> {
        match self.spawners.snapshot().rules(namespace, owner) {
            Lookup::Found(known) => Some(Looked::Found(known)),
            Lookup::Pending | Lookup::Unknown => None,
        }
    }

    /// Logs trouble: the first one since the last good look-up for everybody, others for who asks.
    fn complain(&self, trouble: &Trouble) {
        let trouble = trouble.in_full();
        if self.is_troubled.swap(true, Ordering::Relaxed) {
            tracing::debug!(trouble, "A TaskSpawner could not be looked up");
        } else {
            tracing::warn!(
                trouble,
                "A TaskSpawner that the watch has not shown could not be looked up: its Tasks get no \
                 labels until this is mended"
            );
        }
    }

    /// Forgets what was said of a name: the watch knows better now.
    pub fn forget(&self, namespace: &str, name: &str) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if !answers.is_empty() {
            answers.remove(&full_name(namespace, name));
        }
    }

    async fn ask(
        &self,
        namespace: &str,
        owner: &Owner<'_>,
    ) -> Result<(Looked, LookupResult), Trouble> {
        let name = full_name(namespace, owner.name);
        if let Some(looked) = self.remembered(&name, owner) {
            return Ok((looked, LookupResult::Remembered));
        }
        // Neither semaphore is ever closed. Whoever waited looks first what others have found, the
        // watch among them.
        let turn = self.turns.of(&name);
        let _turn = turn.acquire().await;
        let _place = self.places.acquire().await;
        let known = self.watched(namespace, owner);
        if let Some(looked) = known.or_else(|| self.remembered(&name, owner)) {
            return Ok((looked, LookupResult::Remembered));
        }
        let found = timeout(GET_TIMEOUT, self.get(namespace, owner.name)).await;
        let known = match found.map_err(|_| Trouble::Slow(GET_TIMEOUT))?? {
            Some(spawner) => self.compile(spawner).await,
            None => None,
        };
        self.is_troubled.store(false, Ordering::Relaxed);
        let looked = match &known {
            Some(known) if known.is(owner) => Looked::Found(Arc::clone(known)),
            _ => Looked::Missing,
        };
        self.remember(name, owner, &looked);
        let result = match looked {
            Looked::Found(_) => LookupResult::Found,
            _ => LookupResult::NotFound,
        };
        Ok((looked, result))
    }

    /// Reads a TaskSpawner; nothing if there is none of that name.
    async fn get(&self, namespace: &str, name: &str) -> Result<Option<TaskSpawner>, Trouble> {
        if let Some(version) = self.version.load_full() {
            match self.get_version(&version, namespace, name).await {
                Err(trouble) if trouble.is_missing_object() => return Ok(None),
                // The version may be gone since Kelos was upgraded.
                Err(trouble) if trouble.is_not_found() => {}
                answer => return answer.map(Some),
            }
        }
        let Some(version) = TASK_SPAWNERS.served_version(&self.client).await? else {
            return Ok(None);
        };
        let answer = self.get_version(&version, namespace, name).await;
        self.version.store(Some(Arc::new(version)));
        match answer {
            Err(trouble) if trouble.is_not_found() => Ok(None),
            answer => answer.map(Some),
        }
    }

    async fn get_version(
        &self,
        version: &str,
        namespace: &str,
        name: &str,
    ) -> Result<TaskSpawner, Trouble> {
        let requests = TASK_SPAWNERS.requests(version, Some(namespace));
        let request = requests.get(name, &GetParams::default())?;
        let text = self.client.request_text(request).await?;
        serde_json::from_str(&text).map_err(|_| Trouble::Unreadable)
    }

    /// Compiles away from the threads that accept requests.
    async fn compile(&self, spawner: TaskSpawner) -> Option<Arc<Known>> {
        let spawners = Arc::clone(&self.spawners);
        spawn_blocking(move || Arc::new(spawners.compile(spawner))).await.ok()
    }

    fn remembered(&self, name: &str, owner: &Owner<'_>) -> Option<Looked> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let mut fresh = answers.get(name)?.iter().filter(|answer| answer.until > now);
        let answer = fresh.find(|answer| answer.uid.as_deref() == owner.uid)?;
        Some(match &answer.known {
            Some(known) => Looked::Found(Arc::clone(known)),
            None => Looked::Missing,
        })
    }

    fn remember(&self, name: String, owner: &Owner<'_>, looked: &Looked) {
        let known = match looked {
            Looked::Found(known) => Some(Arc::clone(known)),
            _ => None,
        };
        let now = Instant::now();
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= REMEMBERED_NAMES {
            answers.retain(|_, of_name| of_name.iter().any(|answer| answer.until > now));
        }
        if answers.len() >= REMEMBERED_NAMES {
            answers.clear();
        }
        let of_name = answers.entry(name).or_default();
        of_name.retain(|answer| answer.until > now && answer.uid.as_deref() != owner.uid);
        of_name.push(Remembered {
            uid: owner.uid.map(str::to_owned),
            known,
            until: now + REMEMBER,
        });
    }
}

fn full_name(namespace: &str, name: &str) -> String {
    format!("{namespace}/{name}")
}

#[cfg(test)]
mod tests;
