//! A reflector: list once, then watch, for as long as the process lives.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use futures_util::{Stream, TryStreamExt};
use kube::Client;
use kube::core::params::{ListParams, WatchParams};
use kube::core::{Request, WatchEvent};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, sleep, timeout};

use super::{Resource, Scope, Trouble};

/// After how many seconds the API server ends a watch, if nothing else does: the next one begins
/// where it left off. A quiet watch gives at least this sign of life.
const WATCH_SECONDS: u32 = 45;
/// How long a watch may be silent: a little longer. A connection that died without a word is
/// noticed then.
const SILENCE: Duration = Duration::from_secs(50);
/// After how long everything is listed again, so that a version that has come or gone is noticed.
const RELIST: Duration = Duration::from_secs(300);
/// A watch that ends sooner is no watch.
const SHORTEST_WATCH: Duration = Duration::from_secs(1);
/// How many objects the API server gives at once.
const PAGE: u32 = 200;
/// The shortest and the longest pause before the next try.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A watch that lasted so long was no failed try: who cuts watches now and then is not waited for.
const STEADY_WATCH: Duration = Duration::from_secs(10);

/// What has become of the objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change<T> {
    /// These are all there are.
    All(Vec<T>),
    /// This one is new, or has changed.
    One(T),
    /// This one is gone.
    Gone {
        /// Its namespace; empty if its kind has none.
        namespace: String,
        /// Its name.
        name: String,
    },
}

impl<T> Change<T> {
    /// The same change of what `make` makes of each object.
    pub fn map<U>(self, mut make: impl FnMut(T) -> U) -> Change<U> {
        match self {
            Change::All(objects) => Change::All(objects.into_iter().map(make).collect()),
            Change::One(object) => Change::One(make(object)),
            Change::Gone { namespace, name } => Change::Gone { namespace, name },
        }
    }
}

/// Follows the objects of one kind.
pub struct Reflector<T, M, A> {
    client: Client,
    resource: Resource,
    scope: Scope,
    changes: Sender<M>,
    wrap: fn(Change<T>) -> M,
    alive: A,
    /// Whether the first list, or word that there can be none, has been passed on.
    is_synced: bool,
    /// The version that is watched, for the log.
    watched: Option<String>,
    /// The trouble that was logged last, so that it is logged once.
    told: Option<String>,
    /// Whether a watch lasted since the last trouble: then the next one is another.
    was_steady: bool,
}

/// Whoever listens to the changes is gone: the process ends.
struct NobodyListens;

/// Why a round ended.
enum End {
    Relist,
    Trouble(Trouble),
    NobodyListens,
}

impl From<Trouble> for End {
    fn from(trouble: Trouble) -> End {
        End::Trouble(trouble)
    }
}

impl From<NobodyListens> for End {
    fn from(_: NobodyListens) -> End {
        End::NobodyListens
    }
}

#[derive(Deserialize)]
struct List {
    metadata: ListMeta,
    #[serde(default)]
    items: Vec<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListMeta {
    #[serde(default)]
    resource_version: String,
    #[serde(default, rename = "continue")]
    next: String,
}

/// The head of any object.
#[derive(Deserialize)]
struct Head {
    metadata: HeadMeta,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HeadMeta {
    #[serde(default)]
    name: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    resource_version: String,
}

impl<T, M, A> Reflector<T, M, A>
where
    T: DeserializeOwned,
    A: Fn(),
{
    /// Sends each change, as `wrap` makes it, into `changes`; calls `alive` whenever the API server
    /// shows that what is known is up to date.
    pub fn new(
        client: Client,
        resource: Resource,
        scope: Scope,
        changes: Sender<M>,
        wrap: fn(Change<T>) -> M,
        alive: A,
    ) -> Reflector<T, M, A> {
        Reflector {
            client,
            resource,
            scope,
            changes,
            wrap,
            alive,
            is_synced: false,
            watched: None,
            told: None,
            was_steady: false,
        }
    }

    /// Follows the objects until nobody listens any more.
    ///
    /// The first change that is sent is [`Change::All`]; it is empty if the cluster does not have
    /// the kind, or does not let us read it. Trouble is logged once, and tried again with pauses.
    pub async fn run(mut self) {
        let mut pauses = pauses();
        loop {
            match self.round().await {
                Err(End::NobodyListens) => return,
                Err(End::Trouble(trouble)) => {
                    if self.report(&trouble).await.is_err() {
                        return;
                    }
                    if std::mem::take(&mut self.was_steady) {
                        pauses = self::pauses();
                    }
                    sleep(pauses.next().unwrap_or(LONGEST_PAUSE)).await;
                }
                Ok(()) => pauses = self::pauses(),
                Err(End::Relist) => sleep(FIRST_PAUSE).await,
            }
        }
    }

    /// Lists everything, then watches until it is time to list again.
    async fn round(&mut self) -> Result<(), End> {
        let version = self.resource.served_version(&self.client).await?.ok_or(Trouble::Absent)?;
        let requests = self.resource.requests(&version, self.scope.namespace());
        let mut resource_version = self.list(&requests).await?;
        self.told = None;
        if self.watched.as_ref() != Some(&version) {
            tracing::info!(resource = self.resource.plural, version, "Watching");
            self.watched = Some(version);
        }
        let listed = Instant::now();
        while listed.elapsed() < RELIST {
            let begun = Instant::now();
            let ended = self.watch(&requests, &mut resource_version).await;
            self.was_steady |= begun.elapsed() >= STEADY_WATCH;
            ended?;
            if begun.elapsed() < SHORTEST_WATCH {
                return Err(Trouble::Hasty.into());
            }
        }
        Ok(())
    }

    /// Reads all objects, page by page, and passes them on; gives the version to watch from.
    async fn list(&mut self, requests: &Request) -> Result<String, End> {
        let mut objects = Vec::new();
        let mut params = ListParams {
            limit: Some(PAGE),
            field_selector: self.scope.field_selector(),
            ..ListParams::default()
        };
        loop {
            let request = if self.resource.metadata_only {
                requests.list_metadata(&params)
            } else {
                requests.list(&params)
            };
            let request = request.map_err(Trouble::from)?;
            let text = match Trouble::in_time(self.client.request_text(request)).await {
                // The pages are too old to be gone on with: from the start.
                Err(trouble) if trouble.is_expired() => return Err(End::Relist),
                Err(trouble) if trouble.is_not_found() => return Err(Trouble::Absent.into()),
                text => text?,
            };
            let page: List = serde_json::from_str(&text).map_err(|_| Trouble::Unreadable)?;
            objects.extend(page.items.iter().filter_map(|json| self.read(&**json)));
            if page.metadata.next.is_empty() {
                self.sync(objects).await?;
                return Ok(page.metadata.resource_version);
            }
            params.continue_token = Some(page.metadata.next);
        }
    }

    async fn watch(&mut self, requests: &Request, from: &mut String) -> Result<(), End> {
        let params = WatchParams {
            timeout: Some(WATCH_SECONDS),
            bookmarks: true,
            field_selector: self.scope.field_selector(),
            ..WatchParams::default()
        };
        let request = if self.resource.metadata_only {
            requests.watch_metadata(&params, from)
        } else {
            requests.watch(&params, from)
        };
        let request = request.map_err(Trouble::from)?;
        let events = match Trouble::in_time(self.client.request_events(request)).await {
            Err(trouble) if trouble.is_expired() => return Err(End::Relist),
            events => events?,
        };
        (self.alive)();
        self.follow(events, from).await
    }

    /// Passes on the events of a watch until it ends.
    async fn follow(
        &mut self,
        events: impl Stream<Item = kube::Result<WatchEvent<Value>>>,
        from: &mut String,
    ) -> Result<(), End> {
        let mut events = std::pin::pin!(events);
        loop {
            let next = timeout(SILENCE, events.try_next()).await.map_err(|_| Trouble::Silent)?;
            let event = match next.map_err(Trouble::from) {
                Ok(Some(event)) => event,
                Ok(None) => return Ok(()),
                Err(trouble) if trouble.is_expired() => return Err(End::Relist),
                Err(trouble) => return Err(trouble.into()),
            };
            (self.alive)();
            match event {
                WatchEvent::Added(json) | WatchEvent::Modified(json) => {
                    *from = head(&json)?.resource_version;
                    let change = match self.read(&json) {
                        Some(object) => Change::One(object),
                        None => gone(head(&json)?),
                    };
                    self.tell(change).await?;
                }
                WatchEvent::Deleted(json) => {
                    let head = head(&json)?;
                    from.clone_from(&head.resource_version);
                    self.tell(gone(head)).await?;
                }
                WatchEvent::Bookmark(mark) => *from = mark.metadata.resource_version,
                WatchEvent::Error(status) if status.code == 410 => return Err(End::Relist),
                WatchEvent::Error(status) => return Err(Trouble::Refused(status).into()),
            }
        }
    }

    /// Reads an object. One that has fields of other types costs only itself.
    fn read<'j>(&self, json: impl Deserializer<'j> + Copy) -> Option<T> {
        match T::deserialize(json) {
            Ok(object) => Some(object),
            Err(_) => {
                let found = head(json).ok();
                tracing::error!(
                    resource = self.resource.plural,
                    namespace = found.as_ref().map(|head| head.namespace.as_str()),
                    name = found.as_ref().map(|head| head.name.as_str()),
                    "An object has fields of other types than Kelos gives them: it is left out"
                );
                None
            }
        }
    }

    async fn sync(&mut self, objects: Vec<T>) -> Result<(), NobodyListens> {
        self.is_synced = true;
        (self.alive)();
        self.tell(Change::All(objects)).await
    }

    async fn tell(&self, change: Change<T>) -> Result<(), NobodyListens> {
        self.changes.send((self.wrap)(change)).await.map_err(|_| NobodyListens)
    }

    /// Logs trouble, unless it is the same as before. What is missing, or may not be read, is as
    /// good as empty: nobody waits for it.
    async fn report(&mut self, trouble: &Trouble) -> Result<(), NobodyListens> {
        let text = trouble.in_full();
        if self.told.as_ref() != Some(&text) {
            let resource = self.resource.plural;
            match trouble {
                Trouble::Absent => {
                    tracing::info!(resource, "The cluster does not have this kind of object yet");
                }
                _ if trouble.is_forbidden() => tracing::warn!(
                    resource,
                    trouble = text,
                    "A right is missing: bind a ClusterRole that has it to this user"
                ),
                _ => tracing::warn!(resource, trouble = text, "Trouble with the API server"),
            }
            self.told = Some(text);
            self.watched = None;
        }
        match trouble {
            Trouble::Absent => self.sync(Vec::new()).await,
            _ if trouble.is_forbidden() && !self.is_synced => {
                self.is_synced = true;
                self.tell(Change::All(Vec::new())).await
            }
            _ => Ok(()),
        }
    }
}

fn pauses() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(FIRST_PAUSE)
        .with_max_delay(LONGEST_PAUSE)
        .with_jitter()
        .without_max_times()
        .build()
        // Jitter is added to the longest one, too.
        .map(|pause| pause.min(LONGEST_PAUSE))
}

fn head<'j>(json: impl Deserializer<'j>) -> Result<HeadMeta, Trouble> {
    Ok(Head::deserialize(json).map_err(|_| Trouble::Unreadable)?.metadata)
}

fn gone<T>(head: HeadMeta) -> Change<T> {
    Change::Gone { namespace: head.namespace, name: head.name }
}

#[cfg(test)]
mod tests;
