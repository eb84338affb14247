//! The watch of a reflector.

use std::time::Duration;

use kube::core::Status;
use kube::core::params::WatchParams;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::time::{Instant, sleep_until, timeout};

use super::{
    ASKED_RELIST, ASKED_RELIST_JITTER, Change, End, Error, HeadMeta, Reflector, SHORTEST_WATCH,
    STEADY_WATCH, WatchPosition, head, up_to,
};
use crate::cluster::body;

/// After how many seconds the API server ends a watch, if nothing else does: the next one begins
/// where it left off. A quiet watch gives at least this sign of life.
const WATCH_SECONDS: u32 = 45;
/// How long a watch may be silent: a little longer. A connection that died without a word is
/// noticed then.
pub(super) const SILENCE: Duration = Duration::from_secs(50);

/// What a watch says in one line. Its object stays the text that it is: a tree of one with many keys
/// would take dozens of times as much.
#[derive(Deserialize)]
struct Event<'j> {
    #[serde(rename = "type")]
    kind: EventKind,
    #[serde(borrow)]
    object: &'j RawValue,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum EventKind {
    Added,
    Modified,
    Deleted,
    Bookmark,
    Error,
}

impl<T: DeserializeOwned, M> Reflector<T, M> {
    /// Watches, again and again, until it is time to list.
    pub(super) async fn watch_until_due(
        &mut self,
        position: &mut WatchPosition,
    ) -> Result<(), End> {
        while Instant::now() < position.due {
            let begun = Instant::now();
            let ended = self.watch(position).await;
            self.was_steady |= begun.elapsed() >= STEADY_WATCH;
            ended?;
            if begun.elapsed() >= SHORTEST_WATCH {
                self.is_well(position);
            } else if Instant::now() < position.due {
                return Err(Error::WatchClosed.into());
            }
        }
        Ok(())
    }

    async fn watch(&mut self, position: &mut WatchPosition) -> Result<(), End> {
        let params = WatchParams {
            timeout: Some(WATCH_SECONDS),
            bookmarks: true,
            field_selector: self.scope.field_selector(),
            ..WatchParams::default()
        };
        let request = if self.resource.metadata_only {
            position.requests.watch_metadata(&params, &position.from)
        } else {
            position.requests.watch(&params, &position.from)
        };
        let request = request.map_err(Error::from)?;
        let body = match Error::within_timeout(body::ask(&self.client, request)).await {
            Err(error) if error.is_expired() => return Err(End::Relist),
            body => body?,
        };
        self.send(Change::Alive).await?;
        self.follow(body::Lines::new(body), position).await
    }

    /// Passes on the events of a watch until it ends, or it is time to list.
    async fn follow(
        &mut self,
        mut lines: body::Lines,
        position: &mut WatchPosition,
    ) -> Result<(), End> {
        loop {
            let line = tokio::select! {
                line = timeout(SILENCE, lines.next()) => line.map_err(|_| Error::WatchStalled)??,
                () = sleep_until(position.due) => return Ok(()),
                () = self.relist.asked() => {
                    let soonest = Instant::now().max(position.listed + ASKED_RELIST);
                    position.due = position.due.min(soonest + up_to(ASKED_RELIST_JITTER));
                    continue;
                }
            };
            self.silences = 0;
            let Some(line) = line else { return Ok(()) };
            let event: Event<'_> =
                serde_json::from_slice(line).map_err(|_| Error::InvalidResponse)?;
            self.event(&event, position).await?;
            if self.error.clear() {
                self.is_well(position);
            }
        }
    }

    async fn event(&self, event: &Event<'_>, position: &mut WatchPosition) -> Result<(), End> {
        if let EventKind::Error = event.kind {
            let status = Status::deserialize(event.object).map_err(|_| Error::InvalidResponse)?;
            let is_expired = status.code == 410;
            let error = || End::Failed(Error::Api(Box::new(status)));
            return Err(if is_expired { End::Relist } else { error() });
        }
        let head = head(event.object)?;
        position.from.clone_from(&head.resource_version);
        let change = match event.kind {
            EventKind::Added | EventKind::Modified => match self.read(event.object) {
                Some(object) => Change::One(object),
                None => gone(head),
            },
            EventKind::Deleted => gone(head),
            EventKind::Bookmark | EventKind::Error => Change::Alive,
        };
        Ok(self.send(change).await?)
    }
}

fn gone<T>(head: HeadMeta) -> Change<T> {
    Change::Gone { namespace: head.namespace, name: head.name }
}
