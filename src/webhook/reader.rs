//! Body → request: small ones where they come, large ones in the pool, one at a time, and huge ones, too,
//! beside the threads that answer small ones.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::case::IN_LINE_BYTES;
use super::pool::{HUGE, Pool, turn_of};
use super::review::{ParsedReview, Unreadable};
use super::time_budget::TimeBudget;
use crate::engine::kelos::Shape;

/// What may be kept of a request beside its body without asking for room: two hundred labels.
const FREE_BYTES: usize = 16 << 10;
/// What all requests together may keep beside their bodies, while they wait to be looked up, or to be
/// rendered. One takes 12 MiB of it at the most: 80 Ki labels, each a copy of its own.
const ROOM_BYTES: usize = 16 << 20;
/// What huge ones may keep of it: as much as one takes, so that there is some left for others.
const HUGE_ROOM_BYTES: usize = 12 << 20;
/// Room is counted in pieces of this size.
const PIECE_BYTES: usize = 1 << 10;

/// Reads requests.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    pool: Arc<Pool>,
    room: Arc<Semaphore>,
    huge_room: Arc<Semaphore>,
}

/// A request that was read, and the room that it takes.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) review: ParsedReview,
    pub(super) room: Option<Room>,
}

/// Room that is kept until it is dropped: a share of all, and of that of huge requests.
#[derive(Debug)]
pub(super) struct Room {
    _all: OwnedSemaphorePermit,
    _huge: Option<OwnedSemaphorePermit>,
}

/// Why a body was not read: too many large ones at once, or too much is kept of others.
type NoRoom = &'static str;

impl Reader {
    /// Reads large bodies in this pool.
    pub(super) fn new(pool: Arc<Pool>) -> Reader {
        let room = |bytes| Arc::new(Semaphore::new(bytes / PIECE_BYTES));
        Reader { pool, room: room(ROOM_BYTES), huge_room: room(HUGE_ROOM_BYTES) }
    }

    /// Reads a body, once. The largest takes some 20 ms.
    pub(super) async fn read(
        &self,
        shape: Shape,
        body: Bytes,
        time: &TimeBudget,
    ) -> Result<Result<Read, Unreadable>, NoRoom> {
        if body.len() <= IN_LINE_BYTES {
            return self.parse(shape, body);
        }
        let (reader, turn) = (self.clone(), turn_of(body.len(), None));
        let reading = self.pool.run(turn, time.left(), move || reader.parse(shape, body));
        reading.await.unwrap_or(Err("too many large requests at once; try again"))
    }

    fn parse(&self, shape: Shape, body: Bytes) -> Result<Result<Read, Unreadable>, NoRoom> {
        let review = match ParsedReview::parse(shape, body) {
            Ok(review) => review,
            Err(unreadable) => return Ok(Err(unreadable)),
        };
        let bytes = review.request().heap_bytes();
        if bytes <= FREE_BYTES {
            return Ok(Ok(Read { review, room: None }));
        }
        let is_huge = turn_of(review.len(), None) == HUGE;
        match self.room(bytes, is_huge) {
            Some(room) => Ok(Ok(Read { review, room: Some(room) })),
            None => Err("too many requests with many labels at once; try again"),
        }
    }

    /// Takes room for what was read of a request, if there is some.
    fn room(&self, bytes: usize, is_huge: bool) -> Option<Room> {
        let pieces = u32::try_from(bytes.div_ceil(PIECE_BYTES)).ok()?;
        let take = |room: &Arc<Semaphore>| Arc::clone(room).try_acquire_many_owned(pieces).ok();
        let huge = if is_huge { Some(take(&self.huge_room)?) } else { None };
        Some(Room { _all: take(&self.room)?, _huge: huge })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::super::pool::WAITING_TASKS;
    use super::super::router::{LARGE_BYTES, MAX_BODY_BYTES};
    use super::*;

    #[tokio::test]
    async fn a_large_body_is_read_while_a_huge_one_is_worked_on_and_others_wait() {
        let pool = Arc::new(Pool::new(2, WAITING_TASKS));
        let reader = Reader::new(Arc::clone(&pool));
        let (release, blocked) = mpsc::channel::<()>();
        let (entered, has_entered) = tokio::sync::oneshot::channel();
        let busy = tokio::spawn(async move {
            let work = move || {
                let _ = entered.send(());
                blocked.recv().is_ok()
            };
            pool.run(HUGE, Duration::from_secs(20), work).await
        });
        has_entered.await.unwrap();
        let body = |size| Bytes::from(vec![b' '; size]);
        let huge = (0..20).map(|_| {
            let (reader, body) = (reader.clone(), body(LARGE_BYTES + 1));
            tokio::spawn(async move {
                reader.read(Shape::Task, body, &TimeBudget::start(None)).await.is_err()
            })
        });
        let huge: Vec<_> = huge.collect();
        for size in [IN_LINE_BYTES + 1, LARGE_BYTES].repeat(10) {
            let read = reader.read(Shape::Task, body(size), &TimeBudget::start(None)).await;
            assert!(matches!(read, Ok(Err(_))), "it is read, and blank");
        }
        let soon = TimeBudget::start(Some("timeout=1s"));
        assert!(reader.read(Shape::Task, body(MAX_BODY_BYTES), &soon).await.is_err());
        for asked in huge {
            assert!(asked.await.unwrap(), "too many at once");
        }
        release.send(()).unwrap();
        assert_eq!(busy.await.unwrap(), Some(true));
    }

    #[test]
    fn huge_requests_leave_room_to_keep_what_was_read_of_others() {
        let reader = Reader::new(Arc::new(Pool::new(2, WAITING_TASKS)));
        let huge: Vec<_> = (0..20).map_while(|_| reader.room(1 << 20, true)).collect();
        assert_eq!(huge.len(), 12);
        let large: Vec<_> = (0..20).map_while(|_| reader.room(1 << 20, false)).collect();
        assert_eq!(large.len(), 4);
        drop(huge);
        assert!(reader.room(HUGE_ROOM_BYTES, true).is_some(), "the largest that there is");
    }
}
