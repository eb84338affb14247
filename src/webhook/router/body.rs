//! Reading a body that must not be larger than it may be.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::HeaderMap;
use axum::http::header::EXPECT;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;

/// How much of a body that is too large is still taken from the client, and for how long.
///
/// A connection that is closed with unread data in it is reset, and a reset may overtake the
/// answer: who is turned away would never learn why.
const LINGER_BYTES: usize = 64 * 1024 * 1024;
const LINGER_TIME: Duration = Duration::from_secs(5);

/// Why there is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyError {
    /// It is announced to be, or turned out to be, larger than allowed.
    TooLarge,
    /// The client went away, or its chunks can't be read.
    Interrupted,
}

/// Reads a body of at most `limit` bytes into one piece.
///
/// A body that announces too much is refused before it is read; one that announces nothing, as soon
/// as it exceeds the limit. A body that comes in one frame, as small ones do, is not copied.
pub(super) async fn read_body(
    headers: &HeaderMap,
    mut body: Body,
    limit: usize,
) -> Result<Bytes, BodyError> {
    let announced = body.size_hint().lower();
    if announced > limit as u64 {
        // Who waits for `100 Continue` has not sent anything, and need not.
        if !headers.contains_key(EXPECT) {
            linger(body);
        }
        return Err(BodyError::TooLarge);
    }
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| BodyError::Interrupted)?;
        let Ok(data) = frame.into_data() else { continue };
        let read = if all.is_empty() { first.len() } else { all.len() };
        if data.len() > limit - read {
            linger(body);
            return Err(BodyError::TooLarge);
        }
        if read == 0 {
            first = data;
            continue;
        }
        if all.is_empty() {
            all.reserve(usize::try_from(announced).unwrap_or(0).max(read + data.len()));
            all.extend_from_slice(&first);
        }
        all.extend_from_slice(&data);
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

/// Reads on for a moment and throws away what comes, while the answer is on its way.
fn linger(mut body: Body) {
    tokio::spawn(tokio::time::timeout(LINGER_TIME, async move {
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
