//! Requests that are sent in unusual ways, and rightly.

use std::time::Duration;

use kelos_metadata::server::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{sleep, timeout};

use crate::clients::raw::{answer, call, head, request, shaken};
use crate::support::server::{Running, TIMEOUT};

#[tokio::test(flavor = "multi_thread")]
async fn pipelined_requests_are_answered_in_order() {
    let server = Running::start().await;
    let mut stream = shaken(&server).await;
    let all: String = (0..200).map(request).collect();
    let (mut reader, mut writer) = tokio::io::split(&mut stream);
    let answers = async {
        for length in 0..200 {
            assert_eq!(answer(&mut reader).await, (200, length.to_string()));
        }
    };
    let (sent, ()) = tokio::join!(writer.write_all(all.as_bytes()), answers);
    sent.unwrap();
    call(&mut stream, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_expects_100_continue_gets_it() {
    let server = Running::start().await;
    let mut stream = shaken(&server).await;
    for length in [1_usize, 5000, 1_000_000] {
        let headers = format!("Content-Length: {length}\r\nExpect: 100-continue\r\n");
        stream.write_all(head(&headers).as_bytes()).await.unwrap();
        let mut go_on = [0; 25];
        timeout(TIMEOUT, stream.read_exact(&mut go_on)).await.expect("in time").unwrap();
        assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
        stream.write_all(&vec![b' '; length]).await.unwrap();
        assert_eq!(answer(&mut stream).await, (200, length.to_string()));
        // A client may also send without waiting.
        stream.write_all(head(&headers).as_bytes()).await.unwrap();
        stream.write_all(&vec![b' '; length]).await.unwrap();
        assert_eq!(answer(&mut stream).await.0, 100);
        assert_eq!(answer(&mut stream).await, (200, length.to_string()));
    }
}

/// However a request came, its connection is idle afterwards, and nothing but the idle limit counts.
#[tokio::test(flavor = "multi_thread")]
async fn the_deadlines_of_a_request_end_with_it() {
    let short = Duration::from_millis(500);
    let limits = Limits { head: short, body: short, answer: short, ..Limits::default() };
    let server = Running::with_limits(limits).await;
    let expecting = |length| format!("Content-Length: {length}\r\nExpect: 100-continue\r\n");
    let chunks = "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n";
    let large = "x".repeat(300_000);
    let ways: [Vec<String>; 6] = [
        vec![request(5)],
        vec![head("Content-Length: 5\r\n"), "12345".to_owned()],
        vec![head("Content-Length: 300000\r\n") + &large],
        vec![head("Transfer-Encoding: chunked\r\n"), chunks.to_owned()],
        vec![head("Transfer-Encoding: chunked\r\n") + chunks],
        vec!["GET /elsewhere HTTP/1.1\r\nHost: x\r\n\r\n".to_owned()],
    ];
    let used = ways.map(async |pieces| {
        let mut stream = shaken(&server).await;
        for piece in pieces {
            stream.write_all(piece.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
            sleep(Duration::from_millis(20)).await;
        }
        answer(&mut stream).await;
        stream
    });
    let mut streams = Vec::new();
    for stream in used {
        streams.push(stream.await);
    }
    let mut expected = shaken(&server).await;
    expected.write_all(head(&expecting(3)).as_bytes()).await.unwrap();
    assert_eq!(answer(&mut expected).await.0, 100);
    expected.write_all(b"abc").await.unwrap();
    assert_eq!(answer(&mut expected).await.0, 200);
    streams.push(expected);

    sleep(4 * short).await;
    for stream in &mut streams {
        call(stream, 7).await;
    }
}
