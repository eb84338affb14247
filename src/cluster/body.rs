//! Bodies of answers, read as they come and no further than they may be long.

use http_body_util::BodyExt;
use hyper::{Request, Response};
use kube::Client;
use kube::client::Body;

use super::Error;
use super::object::refusal;

/// The longest answer that says why there is none.
const REFUSAL_BYTES: usize = 64 << 10;
/// The longest line of a watch: the API server takes objects of 3 MiB, and JSON may spell a
/// character with six.
const LINE_BYTES: usize = 20 << 20;
/// What is kept for the next line, once a longer one has been read.
const KEPT_BYTES: usize = 64 << 10;

/// Sends a request; gives the body of an answer that is one.
///
/// kube's own ways to do so read an answer to its end, whatever its length, and log one that does not
/// parse.
pub(super) async fn ask(client: &Client, request: Request<Vec<u8>>) -> Result<Body, Error> {
    let response: Response<Body> = client.send(request.map(Body::from)).await?;
    let (head, mut body) = response.into_parts();
    if head.status.is_success() {
        return Ok(body);
    }
    let said = read(&mut body, REFUSAL_BYTES).await?.unwrap_or_default();
    Err(Error::Api(Box::new(refusal(&head, &said))))
}

/// Reads a body to its end; nothing if it is longer than `limit` bytes.
pub(super) async fn read(body: &mut Body, limit: usize) -> Result<Option<Vec<u8>>, Error> {
    let mut read = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if read.len() + data.len() > limit {
            return Ok(None);
        }
        read.extend_from_slice(&data);
    }
    Ok(Some(read))
}

/// The lines of a body that does not end soon.
pub(super) struct Lines {
    body: Body,
    buffer: Vec<u8>,
    /// How much of the buffer has no line break in it.
    searched: usize,
    /// The length of the line that was given last: it is still in front.
    given: usize,
}

impl Lines {
    pub(super) fn new(body: Body) -> Lines {
        Lines { body, buffer: Vec::new(), searched: 0, given: 0 }
    }

    /// The next line with its line break; nothing at the end, or where a line was cut off. Nothing is lost if this is
    /// dropped before it is ready.
    pub(super) async fn next(&mut self) -> Result<Option<&[u8]>, Error> {
        self.forget();
        loop {
            if let Some(at) = memchr::memchr(b'\n', &self.buffer[self.searched..]) {
                self.given = self.searched + at + 1;
                return Ok(Some(&self.buffer[..self.given]));
            }
            self.searched = self.buffer.len();
            if self.searched > LINE_BYTES {
                return Err(Error::InvalidResponse);
            }
            match self.body.frame().await {
                Some(frame) => {
                    if let Ok(data) = frame?.into_data() {
                        self.buffer.extend_from_slice(&data);
                    }
                }
                None => return Ok(None),
            }
        }
    }

    /// Lets go of the line before.
    fn forget(&mut self) {
        if self.given == 0 {
            return;
        }
        self.buffer.drain(..std::mem::take(&mut self.given));
        self.buffer.shrink_to(KEPT_BYTES);
        self.searched = 0;
    }
}
