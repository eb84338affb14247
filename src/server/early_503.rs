//! The end of a connection on which nothing is under way, while its client may just be sending.
//!
//! HTTP/1.1 has no word for "send nothing more": a server that closes an idle connection loses the
//! request that is on its way, and the API server does not send a POST again. So the last thing on
//! such a connection is an answer: who has just sent something takes it for his own and asks again
//! after a second, on another connection. Who has sent nothing closes. See decision 014.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// What is said. Go's client writes it into the log when it was not waiting for an answer: hence a
/// body that explains itself to whoever reads that log.
const EARLY_503: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    retry-after: 1\r\n\
    connection: close\r\n\
    content-type: text/plain; charset=utf-8\r\n\
    content-length: 52\r\n\
    \r\n\
    kelos-metadata is ending; its connections are closed";

/// How long a client may take to close its side. A request that was on its way is there by then; it
/// must be read, for a socket that is closed with unread data is reset, and a reset may overtake
/// what we have said.
const PATIENCE: Duration = Duration::from_secs(1);

/// Says the last word and closes, when the client has closed or after a second.
pub(super) async fn close_with_503<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) {
    let closing = async {
        stream.write_all(EARLY_503).await?;
        stream.shutdown().await?;
        let mut thrown_away = [0; 4096];
        while stream.read(&mut thrown_away).await? > 0 {}
        std::io::Result::Ok(())
    };
    // A client that is gone already needs no word.
    let _ = timeout(PATIENCE, closing).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_word_is_a_whole_answer_and_what_was_sent_meanwhile_is_read() {
        let (server, mut client) = tokio::io::duplex(16 * 1024);
        let closed = tokio::spawn(close_with_503(server));
        client.write_all(&[b'x'; 10_000]).await.unwrap();
        let mut said = String::new();
        client.read_to_string(&mut said).await.unwrap();
        let (head, body) = said.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 503 ") && head.contains("\r\nretry-after: 1\r\n"));
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        assert_eq!(length.unwrap().parse(), Ok(body.len()));
        drop(client);
        closed.await.unwrap();
    }
}
