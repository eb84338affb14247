//! Body → request: small ones where they come, large ones in the pool, one at a time, beside the threads
//! that answer small ones.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::case::IN_LINE_BYTES;
use super::pool::{Pool, UNREAD};
use super::review::{ParsedReview, Unreadable};
use super::time_budget::TimeBudget;

/// What may be kept of a request beside its body without asking for room: two hundred labels.
const FREE_BYTES: usize = 16 << 10;
/// What all requests together may keep beside their bodies, while they wait to be looked up, or to be
/// rendered. One takes 12 MiB of it at the most: 80 Ki labels, each a copy of its own.
const ROOM_BYTES: usize = 16 << 20;
/// Room is counted in pieces of this size.
const PIECE_BYTES: usize = 1 << 10;

/// Reads requests.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    pool: Arc<Pool>,
    room: Arc<Semaphore>,
}

/// A request that was read, and the room that it takes.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) review: ParsedReview,
    pub(super) room: Option<OwnedSemaphorePermit>,
}

/// Why a body was not read: too many large ones at once, or too much is kept of others.
type NoRoom = &'static str;

impl Reader {
    /// Reads large bodies in this pool.
    pub(super) fn new(pool: Arc<Pool>) -> Reader {
        Reader { pool, room: Arc::new(Semaphore::new(ROOM_BYTES / PIECE_BYTES)) }
    }

    /// Reads a body, once. The largest takes some 20 ms.
    pub(super) async fn read(
        &self,
        body: Bytes,
        time: &TimeBudget,
    ) -> Result<Result<Read, Unreadable>, NoRoom> {
        if body.len() <= IN_LINE_BYTES {
            return self.parse(body);
        }
        let reader = self.clone();
        let reading = self.pool.run(UNREAD, time.left(), move || reader.parse(body));
        reading.await.unwrap_or(Err("too many large requests at once; try again"))
    }

    fn parse(&self, body: Bytes) -> Result<Result<Read, Unreadable>, NoRoom> {
        let review = match ParsedReview::parse(body) {
            Ok(review) => review,
            Err(unreadable) => return Ok(Err(unreadable)),
        };
        let bytes = review.request().heap_bytes();
        if bytes <= FREE_BYTES {
            return Ok(Ok(Read { review, room: None }));
        }
        let pieces = u32::try_from(bytes.div_ceil(PIECE_BYTES)).unwrap_or(u32::MAX);
        match Arc::clone(&self.room).try_acquire_many_owned(pieces) {
            Ok(room) => Ok(Ok(Read { review, room: Some(room) })),
            Err(_) => Err("too many requests with many labels at once; try again"),
        }
    }
}
