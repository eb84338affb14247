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
use super::{Change, Relist, Resource, Scope, Trouble};

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
    /// The trouble that was logged last, so that it is logged once.
    told: Option<String>,
    /// Whether a watch lasted since the last trouble: then the next one is another.
    was_steady: bool,
}

/// How far the objects have been followed.
struct Place {
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
            told: None,
            was_steady: false,
        }
    }

    /// Lists before its time when `relist` is asked to.
    pub fn with_relist(self, relist: Relist) -> Reflector<T, M> {
        Reflector { relist, ..self }
    }

    /// Follows the objects until nobody listens any more.
    ///
    /// A list is the first that is told; it is empty if the cluster does not have the kind, or does
    /// not let us read it. Trouble is logged once, and tried again with pauses: a watch that broke
    /// goes on where it was.
    pub async fn run(mut self) {
        sleep(up_to(FIRST_SPREAD)).await;
        let mut pauses = pauses();
        let mut place = None;
        loop {
            match self.round(&mut place).await {
                Ok(()) => {
                    pauses = self::pauses();
                    continue;
                }
                Err(End::NobodyListens) => return,
                Err(End::Relist) => (),
                Err(End::Trouble(trouble)) => {
                    if self.report(&trouble).await.is_err() {
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
    async fn round(&mut self, place: &mut Option<Place>) -> Result<(), End> {
        let known = place.take().filter(|place| Instant::now() < place.due);
        let mut here = match known {
            Some(place) => place,
            None => self.begin().await?,
        };
        let ended = self.watch_until_due(&mut here).await;
        if let Err(End::Trouble(trouble)) = &ended
            && self.can_go_on_after(trouble)
        {
            *place = Some(here);
        }
        ended
    }

    /// Whether the next watch may begin where this one broke. Not where it would meet the same again: a
    /// version that is not served any more, an event that nobody can read, silence upon silence.
    fn can_go_on_after(&mut self, trouble: &Trouble) -> bool {
        if !matches!(trouble, Trouble::Silent) {
            return !trouble.is_not_found() && !matches!(trouble, Trouble::Unreadable);
        }
        self.silences += 1;
        if self.silences < SILENCES {
            return true;
        }
        self.silences = 0;
        false
    }

    /// Lists everything with the version of the day.
    async fn begin(&mut self) -> Result<Place, End> {
        let version = self.resource.served_version(&self.client).await?.ok_or(Trouble::Absent)?;
        let requests = self.resource.requests(&version, self.scope.namespace());
        let from = self.list(&requests).await?;
        let listed = Instant::now();
        let due = listed + RELIST - up_to(RELIST_JITTER);
        let place = Place { version, requests, from, listed, due };
        self.is_well(&place);
        Ok(place)
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
        self.tell(Change::Listing).await?;
        self.tell(Change::Listed).await
    }

    async fn tell(&self, change: Change<T>) -> Result<(), NobodyListens> {
        match (self.wrap)(change) {
            Some(message) => self.changes.send(message).await.map_err(|_| NobodyListens),
            None => Ok(()),
        }
    }

    /// The trouble is over, if there was any.
    fn is_well(&mut self, place: &Place) {
        self.told = None;
        if self.watched.as_ref() != Some(&place.version) {
            tracing::info!(resource = self.resource.plural, version = place.version, "Watching");
            self.watched = Some(place.version.clone());
        }
    }

    /// Logs trouble, unless it is the same as before. What is missing, or may not be read, is as
    /// good as empty: nobody waits for it.
    async fn report(&mut self, trouble: &Trouble) -> Result<(), NobodyListens> {
        let is_first_list = trouble.is_forbidden() && !self.is_synced;
        self.refusals += u8::from(is_first_list);
        if is_first_list && self.refusals < FIRST_REFUSALS {
            return Ok(());
        }
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
        if matches!(trouble, Trouble::Absent) {
            // Nor is anything older than this known of it.
            self.is_empty().await?;
            return self.tell(Change::Alive).await;
        }
        if is_first_list { self.is_empty().await } else { Ok(()) }
    }
}

fn head<'j>(json: impl Deserializer<'j>) -> Result<HeadMeta, Trouble> {
    Ok(Head::deserialize(json).map_err(|_| Trouble::Unreadable)?.metadata)
}

#[cfg(test)]
mod tests;
