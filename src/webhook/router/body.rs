//! Reading a body that must not be larger than it may be, nor too many large ones at once. Large ones never
//! wait for huge ones.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::HeaderMap;
use axum::http::header::EXPECT;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::{LARGE_BYTES, MAX_BODY_BYTES, MAX_SPAWNER_BODY_BYTES, QUEUE_WAIT};

/// How much of a body that is too large is still taken from the client, and for how long.
///
/// A connection that is closed with unread data in it is reset, and a reset may overtake the
/// answer: who is turned away would never learn why.
const LINGER_BYTES: usize = 64 * 1024 * 1024;
const LINGER_TIME: Duration = Duration::from_secs(5);

/// Bodies up to this size are read without asking for room. The limit on connections bounds what
/// they take together, and large bodies never keep the ordinary Task waiting.
const SMALL_BYTES: usize = 64 * 1024;
/// Answers up to this size are sent without asking for room: the ordinary one has a tenth of it.
const SMALL_ANSWER_BYTES: usize = 16 * 1024;
/// What all larger bodies of up to [`LARGE_BYTES`] may take at once, while they are read and answered, and
/// all such answers until they are sent; and as much what is huge. The largest body fits.
const ROOM_BYTES: usize = 8 * 1024 * 1024;
/// The capacity of a large body. Only the pages that are written are taken, which is what room was kept
/// for. The C library maps what is larger than 32 MiB by itself and gives it back at once; of smaller
/// pieces each thread may keep a few after they are freed, and there are many threads.
const MAPPED_BYTES: usize = 33 * 1024 * 1024;
/// Room is counted in pieces of this size.
const PIECE_BYTES: usize = 1024;

/// Why there is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyError {
    /// It is announced to be, or turned out to be, larger than allowed.
    TooLarge,
    /// The client went away or took too long, or its chunks can't be read.
    Interrupted,
    /// There is no room for it: too many large ones are in flight.
    NoRoom,
}

/// A body in one piece, and the room that is kept for it until that is dropped.
#[derive(Debug)]
pub(super) struct WholeBody {
    pub(super) bytes: Bytes,
    pub(super) room: Option<OwnedSemaphorePermit>,
}

/// Reads bodies of at most a certain size, so many bytes at once: large ones beside huge ones, so that
/// neither takes the room of the others.
#[derive(Debug)]
pub(super) struct Bodies {
    limit: usize,
    /// For bodies and answers of up to [`LARGE_BYTES`].
    large: Arc<Semaphore>,
    /// For larger ones, and for those that announce no length.
    huge: Arc<Semaphore>,
}

impl Bodies {
    /// Takes the bodies of requests about Tasks.
    pub(super) fn of_tasks() -> Bodies {
        Bodies::with_room(MAX_BODY_BYTES, ROOM_BYTES)
    }

    /// Takes the bodies of requests about spawners: in each room is one of the largest.
    pub(super) fn of_spawners() -> Bodies {
        Bodies::with_room(MAX_SPAWNER_BODY_BYTES, MAX_SPAWNER_BODY_BYTES)
    }

    /// With so many bytes in each of the two rooms.
    fn with_room(limit: usize, room: usize) -> Bodies {
        let room = || Arc::new(Semaphore::new(room / PIECE_BYTES));
        Bodies { limit, large: room(), huge: room() }
    }

    /// Reads a body into one piece.
    ///
    /// A body that announces too much is refused before it is read; one that announces nothing, as
    /// soon as it exceeds the limit. A body that comes in one frame, as small ones do, is not
    /// copied. How long it may take is the business of the connection.
    pub(super) async fn read(
        &self,
        headers: &HeaderMap,
        mut body: Body,
    ) -> Result<WholeBody, BodyError> {
        let announced = body.size_hint().lower();
        let announced = usize::try_from(announced).unwrap_or(usize::MAX);
        if announced > self.limit {
            // Who waits for `100 Continue` has not sent anything, and need not.
            if !headers.contains_key(EXPECT) {
                linger(body);
            }
            return Err(BodyError::TooLarge);
        }
        let mut room = None;
        let mut first = Bytes::new();
        let mut all = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| BodyError::Interrupted)?;
            let Ok(data) = frame.into_data() else { continue };
            let read = if all.is_empty() { first.len() } else { all.len() };
            if data.len() > self.limit - read {
                linger(body);
                return Err(BodyError::TooLarge);
            }
            if room.is_none() && read + data.len() > SMALL_BYTES {
                room = self.room(announced).await;
                if room.is_none() {
                    linger(body);
                    return Err(BodyError::NoRoom);
                }
            }
            if read == 0 {
                first = data;
                continue;
            }
            if all.is_empty() {
                all.extend_from_slice(&std::mem::take(&mut first));
            }
            // What is announced is only taken when there is room for it.
            let whole = if room.is_some() { MAPPED_BYTES } else { announced.min(SMALL_BYTES) };
            all.reserve(whole.max(read + data.len()) - all.len());
            all.extend_from_slice(&data);
        }
        Ok(WholeBody { bytes: if all.is_empty() { first } else { all.freeze() }, room })
    }

    /// Keeps room for an answer until its last byte is sent, which is up to the client; nothing if there
    /// is none.
    pub(super) async fn answer(&self, answer: Bytes) -> Option<Bytes> {
        if answer.len() <= SMALL_ANSWER_BYTES {
            return Some(answer);
        }
        let room = self.room(answer.len()).await?;
        Some(Bytes::from_owner(Kept { answer, _room: room }))
    }

    /// Waits for the room that a body will take: what it announces, or if that is nothing, all that
    /// it may take.
    async fn room(&self, announced: usize) -> Option<OwnedSemaphorePermit> {
        let bytes = if announced == 0 { self.limit } else { announced };
        let pieces = u32::try_from(bytes.div_ceil(PIECE_BYTES)).ok()?;
        let room = if bytes <= LARGE_BYTES { &self.large } else { &self.huge };
        timeout(QUEUE_WAIT, Arc::clone(room).acquire_many_owned(pieces)).await.ok()?.ok()
    }
}

/// An answer that is as long on its way as its room is kept.
struct Kept {
    answer: Bytes,
    _room: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        &self.answer
    }
}

/// Reads on for a moment and throws away what comes, while the answer is on its way.
fn linger(mut body: Body) {
    tokio::spawn(timeout(LINGER_TIME, async move {
        let mut left = LINGER_BYTES;
        while let Some(Ok(frame)) = body.frame().await {
            let size = frame.data_ref().map_or(0, Bytes::len);
            match left.checked_sub(size) {
                Some(rest) => left = rest,
                None => break,
            }
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(bodies: &Bodies, size: usize) -> Result<WholeBody, BodyError> {
        bodies.read(&HeaderMap::new(), Body::from(vec![b' '; size])).await
    }

    #[tokio::test]
    async fn large_bodies_share_their_room_and_small_ones_need_none() {
        const LARGE: usize = 100 * 1024;
        let bodies = Bodies::with_room(7 * 1024 * 1024, 2 * LARGE);
        let first = read(&bodies, LARGE).await.unwrap();
        let _second = read(&bodies, LARGE).await.unwrap();
        assert_eq!(read(&bodies, LARGE).await.unwrap_err(), BodyError::NoRoom);
        for size in [0, 1, SMALL_BYTES] {
            let small = read(&bodies, size).await.unwrap();
            assert_eq!((small.bytes.len(), small.room.is_none()), (size, true));
        }
        assert_eq!(read(&bodies, SMALL_BYTES + 1).await.unwrap_err(), BodyError::NoRoom);
        drop(first);
        assert_eq!(read(&bodies, LARGE).await.unwrap().bytes.len(), LARGE);
    }

    #[tokio::test]
    async fn a_large_answer_keeps_its_room_until_it_is_sent() {
        const LARGE: usize = 100 * 1024;
        let bodies = Bodies::with_room(7 * 1024 * 1024, LARGE);
        let large = Bytes::from(vec![b' '; LARGE]);
        let on_its_way = bodies.answer(large.clone()).await.unwrap();
        assert_eq!(on_its_way, large);
        let last_piece = on_its_way.slice(LARGE - 1..);
        drop(on_its_way);
        assert!(bodies.answer(large.clone()).await.is_none());
        assert_eq!(read(&bodies, LARGE).await.unwrap_err(), BodyError::NoRoom);
        let small = Bytes::from(vec![b' '; SMALL_ANSWER_BYTES]);
        assert_eq!(bodies.answer(small.clone()).await, Some(small));
        drop(last_piece);
        assert!(bodies.answer(large).await.is_some());
    }

    #[tokio::test]
    async fn who_waits_for_room_gets_it_when_another_is_done() {
        const LARGE: usize = 100 * 1024;
        let bodies = Bodies::with_room(LARGE, LARGE);
        for _ in 0..20 {
            let first = read(&bodies, LARGE).await.unwrap();
            let (second, ()) = tokio::join!(read(&bodies, LARGE), async {
                tokio::task::yield_now().await;
                drop(first);
            });
            assert_eq!(second.unwrap().bytes.len(), LARGE);
        }
    }
}
