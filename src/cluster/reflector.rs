//! A reflector: list once, then watch, for as long as the process lives.

mod list;
mod watch;

use std::time::Duration;

use kube::Client;
use kube::core::Request;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, sleep};

use super::page::PageSize;
use super::pauses::{LONGEST_PAUSE, pauses, up_to};
use super::{Change, Error, Relist, Resource, Scope};
use crate::telemetry::{LogOnce, chain};

/// After how long everything is listed again, so that a version that has come or gone is noticed; a
/// part of it less, by chance.
const RELIST: Duration = Duration::from_secs(300);
const RELIST_JITTER: Duration = Duration::from_secs(60);
/// The shortest time between two lists that somebody asked for, and what is added by chance.
const ASKED_RELIST: Duration = Duration::from_secs(10);
const ASKED_RELIST_JITTER: Duration = Duration::from_secs(5);
/// Over how long the first lists of all kinds are spread.
const FIRST_SPREAD: Duration = Duration::from_millis(250);
/// A watch that ends sooner is no watch.
const SHORTEST_WATCH: Duration = Duration::from_secs(1);
/// A watch that lasted so long was no failed try: who cuts watches now and then is not waited for.
const STEADY_WATCH: Duration = Duration::from_secs(10);
/// How many watches may be silent in a row: a connection dies once; where the next one is silent, too,
/// something between here and the API server swallows what it says.
const SILENCES: u8 = 2;
/// How often a right may be missing at the very first list before that counts as an answer: an API
/// server that has just started may not have read its roles.
const FIRST_REFUSALS: u8 = 2;

/// Follows the objects of one kind.
pub struct Reflector<T, M> {
    client: Client,
    resource: Resource,
    scope: Scope,
    changes: Sender<M>,
    wrap: fn(Change<T>) -> Option<M>,
    relist: Relist,
    /// How large pages are, learnt from all lists.
    page_size: PageSize,
    /// Whether the first list, or word that there can be none, has been passed on.
    is_synced: bool,
    /// How often the very first list was refused for want of a right.
    refusals: u8,
    /// How many watches in a row gave no sign of life.
    silences: u8,
    /// The version that is watched, for the log.
    watched: Option<String>,
    /// The error that was logged last, so that it is logged once.
    error: LogOnce<String>,
    /// Whether a watch lasted since the last error: then the next one is another.
    was_steady: bool,
}

/// How far the objects have been followed.
struct WatchPosition {
    version: String,
    requests: Request,
    /// The resource version that everything is known up to.
    from: String,
    listed: Instant,
    /// When everything is to be listed again.
    due: Instant,
}

/// Whoever listens to the changes is gone: the process ends.
struct NobodyListens;

/// Why a round ended.
enum End {
    Relist,
    Failed(Error),
    NobodyListens,
}

impl From<Error> for End {
    fn from(error: Error) -> End {
        End::Failed(error)
    }
}

impl From<NobodyListens> for End {
    fn from(_: NobodyListens) -> End {
        End::NobodyListens
    }
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

impl<T: DeserializeOwned, M> Reflector<T, M> {
    /// Sends each change into `changes`, as `wrap` makes it; those of which it makes nothing are not
    /// sent.
    pub fn new(
        client: Client,
        resource: Resource,
        scope: Scope,
        changes: Sender<M>,
        wrap: fn(Change<T>) -> Option<M>,
    ) -> Reflector<T, M> {
        Reflector {
            client,
            resource,
            scope,
            changes,
            wrap,
            relist: Relist::default(),
            page_size: PageSize::default(),
            is_synced: false,
            refusals: 0,
            silences: 0,
            watched: None,
            error: LogOnce::default(),
            was_steady: false,
        }
    }

    /// Lists before its time when `relist` is asked to.
    pub fn with_relist(self, relist: Relist) -> Reflector<T, M> {
        Reflector { relist, ..self }
    }

    /// Follows the objects until nobody listens any more.
    ///
    /// A list is the first that is sent; it is empty if the cluster does not have the kind, or does
    /// not let us read it. Error is logged once, and tried again with pauses: a watch that broke
    /// goes on where it was.
    pub async fn run(mut self) {
        sleep(up_to(FIRST_SPREAD)).await;
        let mut pauses = pauses();
        let mut position = None;
        loop {
            match self.round(&mut position).await {
                Ok(()) => {
                    pauses = self::pauses();
                    continue;
                }
                Err(End::NobodyListens) => return,
                Err(End::Relist) => (),
                Err(End::Failed(error)) => {
                    if self.report(&error).await.is_err() {
                        return;
                    }
                }
            }
            if std::mem::take(&mut self.was_steady) {
                pauses = self::pauses();
            }
            sleep(pauses.next().unwrap_or(LONGEST_PAUSE)).await;
        }
    }

    /// Lists everything, unless that is known from the round before, then watches until it is time to
    /// list again.
    async fn round(&mut self, position: &mut Option<WatchPosition>) -> Result<(), End> {
        let known = position.take().filter(|position| Instant::now() < position.due);
        let mut here = match known {
            Some(position) => position,
            None => self.begin().await?,
        };
        let ended = self.watch_until_due(&mut here).await;
        if let Err(End::Failed(error)) = &ended
            && self.can_go_on_after(error)
        {
            *position = Some(here);
        }
        ended
    }

    /// Whether the next watch may begin where this one broke. Not where it would meet the same again: a
    /// version that is not served any more, an event that nobody can read, silence upon silence.
    fn can_go_on_after(&mut self, error: &Error) -> bool {
        if !matches!(error, Error::WatchStalled) {
            return !error.is_not_found() && !matches!(error, Error::InvalidResponse);
        }
        self.silences += 1;
        if self.silences < SILENCES {
            return true;
        }
        self.silences = 0;
        false
    }

    /// Lists everything with the version of the day.
    async fn begin(&mut self) -> Result<WatchPosition, End> {
        let version =
            self.resource.served_version(&self.client).await?.ok_or(Error::KindNotServed)?;
        let requests = self.resource.requests(&version, self.scope.namespace());
        let from = self.list(&requests).await?;
        let listed = Instant::now();
        let due = listed + RELIST - up_to(RELIST_JITTER);
        let position = WatchPosition { version, requests, from, listed, due };
        self.is_well(&position);
        Ok(position)
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

    /// Says that there are no objects.
    async fn is_empty(&mut self) -> Result<(), NobodyListens> {
        self.is_synced = true;
        self.send(Change::Listing).await?;
        self.send(Change::Listed).await
    }

    async fn send(&self, change: Change<T>) -> Result<(), NobodyListens> {
        match (self.wrap)(change) {
            Some(message) => self.changes.send(message).await.map_err(|_| NobodyListens),
            None => Ok(()),
        }
    }

    /// The error is over, if there was any.
    fn is_well(&mut self, position: &WatchPosition) {
        self.error.clear();
        if self.watched.as_ref() != Some(&position.version) {
            tracing::info!(resource = self.resource.plural, version = position.version, "Watching");
            self.watched = Some(position.version.clone());
        }
    }

    /// Logs an error, unless it is the same as before. What is missing, or may not be read, is as
    /// good as empty: nobody waits for it.
    async fn report(&mut self, error: &Error) -> Result<(), NobodyListens> {
        let is_first_list = error.is_forbidden() && !self.is_synced;
        self.refusals += u8::from(is_first_list);
        if is_first_list && self.refusals < FIRST_REFUSALS {
            return Ok(());
        }
        let text = chain(error);
        if self.error.is_news(text.clone()) {
            let resource = self.resource.plural;
            match error {
                Error::KindNotServed => {
                    tracing::info!(resource, "The cluster does not have this kind of object yet");
                }
                _ if error.is_forbidden() => tracing::warn!(
                    resource,
                    error = text,
                    "A right is missing: bind a ClusterRole that has it to this user"
                ),
                _ => {
                    tracing::warn!(resource, error = text, "Failed to list or watch; trying again")
                }
            }
            self.watched = None;
        }
        if matches!(error, Error::KindNotServed) {
            // Nor is anything older than this known of it.
            self.is_empty().await?;
            return self.send(Change::Alive).await;
        }
        if is_first_list { self.is_empty().await } else { Ok(()) }
    }
}

fn head<'j>(json: impl Deserializer<'j>) -> Result<HeadMeta, Error> {
    Ok(Head::deserialize(json).map_err(|_| Error::InvalidResponse)?.metadata)
}

#[cfg(test)]
mod tests;
