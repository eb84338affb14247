//! Bodies of answers, read as they come and no further than they may be long.

use http_body_util::BodyExt;
use hyper::header::{DATE, HeaderMap, RETRY_AFTER};
use hyper::http::response::Parts;
use hyper::{Request, Response};
use jiff::fmt::rfc2822;
use kube::Client;
use kube::client::Body;
use kube::core::Status;
use kube::core::response::StatusDetails;

use super::Error;
use crate::unix_seconds::UnixSeconds;

/// The longest answer that is one object: etcd takes 1.5 MiB, as a rule, and JSON may spell a character with six.
pub(super) const OBJECT_BYTES: usize = 20 << 20;
/// The longest answer that is no object of ours: the OpenAPI description of Kelos has 1 MB.
pub(super) const ANSWER_BYTES: usize = 8 << 20;
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
    Ok(head(client, request).await?.1)
}

/// The same with its head.
async fn head(client: &Client, request: Request<Vec<u8>>) -> Result<(Parts, Body), Error> {
    let response: Response<Body> = client.send(request.map(Body::from)).await?;
    let (head, mut body) = response.into_parts();
    if head.status.is_success() {
        return Ok((head, body));
    }
    let said = read(&mut body, REFUSAL_BYTES).await?.unwrap_or_default();
    Err(Error::Api(Box::new(refusal(&head, &said))))
}

/// Sends a request and reads the answer, of at most `limit` bytes, within the time that answers have.
pub(super) async fn exchange(
    client: &Client,
    request: Request<Vec<u8>>,
    limit: usize,
) -> Result<(Parts, Vec<u8>), Error> {
    let answer = async {
        let (head, mut body) = head(client, request).await?;
        let read = read(&mut body, limit).await?;
        Ok((head, read.ok_or(Error::InvalidResponse)?))
    };
    Error::within_timeout(answer).await
}

/// The time of the API server that an answer has in its head, unless it does not say.
pub(super) fn time_of(headers: &HeaderMap) -> Option<UnixSeconds> {
    let date = rfc2822::parse(headers.get(DATE)?.to_str().ok()?).ok()?;
    Some(UnixSeconds(date.timestamp().as_second()))
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

/// Why the API server, or whatever answers in its place, did not do it.
fn refusal(head: &Parts, body: &[u8]) -> Status {
    let mut status: Status = serde_json::from_slice(body).unwrap_or_default();
    let code = head.status.as_u16();
    status.code = code;
    // What limits requests answers with a text, and says when to come again beside it.
    let seconds = head.headers.get(RETRY_AFTER).and_then(|it| it.to_str().ok()?.parse().ok());
    if let Some(seconds) = seconds {
        let details = status.details.get_or_insert_with(no_details);
        details.retry_after_seconds = seconds;
    }
    if status.message.is_empty() {
        status.message = format!("status {code}, without a reason");
    }
    status
}

fn no_details() -> StatusDetails {
    StatusDetails {
        name: String::new(),
        group: String::new(),
        kind: String::new(),
        uid: String::new(),
        causes: Vec::new(),
        retry_after_seconds: 0,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_of_an_answer_is_read() {
        let mut headers = HeaderMap::new();
        assert_eq!(time_of(&headers), None);
        headers.insert(DATE, "Sun, 17 Mar 2030 17:46:40 GMT".parse().unwrap());
        assert_eq!(time_of(&headers), Some(UnixSeconds(1_900_000_000)));
        headers.insert(DATE, "yesterday".parse().unwrap());
        assert_eq!(time_of(&headers), None);
    }
}
