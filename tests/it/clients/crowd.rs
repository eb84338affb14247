//! Thousands of clients that say nothing, or half a word, against a process with few files.

use std::collections::VecDeque;
use std::fs;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use crate::clients::raw::{ended_by, request, shaken_with, until_closed};
use crate::support::https::Client;
use crate::support::program::{self, Program, TIMEOUT};

/// How many of a crowd stay at a time.
const AT_A_TIME: usize = 600;

/// A server, and what an ordinary client of it has to know.
struct Target {
    program: Program,
    addr: SocketAddr,
    ca_pem: String,
}

impl Target {
    fn start(open_files: u32) -> Target {
        let program = Program::on(program::folder("v: one"), Some(open_files));
        let addr = program.address("webhook");
        // Whatever is open for good is open then.
        program.message("Ready");
        let ca_pem = fs::read_to_string(program.folder.path().join("tls/tls.crt")).unwrap();
        Target { program, addr, ca_pem }
    }

    fn files(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.program.child.id())).unwrap().count()
    }

    /// Waits until no more files are open than that.
    async fn gives_back_all_but(&self, files: usize) {
        let deadline = Instant::now() + TIMEOUT;
        while self.files() > files {
            assert!(Instant::now() < deadline, "{} files, not {files}", self.files());
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Calls from new clients, one after the other, until the crowd is gone; gives how many.
    async fn serves_until(&self, gone: &AtomicBool) -> usize {
        let mut calls = 0;
        while !gone.load(Ordering::Relaxed) {
            let client = Client::new(self.addr, &self.ca_pem);
            assert_eq!(program::labels(&client).await["v"], "one");
            calls += 1;
        }
        calls
    }

    /// Lets a crowd come, one each `pause`; some are silent, some begin a handshake.
    async fn crowd(&self, count: usize, pause: Duration, gone: &AtomicBool) {
        let mut held = VecDeque::new();
        for number in 0..count {
            let mut stream = TcpStream::connect(self.addr).await.unwrap();
            if number % 3 == 0 {
                // The server may have closed it again by now.
                let _ = stream.write_all(&[0x16, 3, 1, 2, 0, 1, 0]).await;
            }
            held.push_back(stream);
            if held.len() > AT_A_TIME {
                held.pop_front();
            }
            sleep(pause).await;
        }
        gone.store(true, Ordering::Relaxed);
    }

    fn logged(&self, message: &str) -> usize {
        self.program.log.try_iter().filter(|line: &Value| line["message"] == message).count()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_that_says_nothing_keeps_nobody_out_and_leaves_nothing_behind() {
    let target = Target::start(256);
    let before = target.files();
    let gone = AtomicBool::new(false);
    let crowd = target.crowd(3000, Duration::from_millis(1), &gone);
    let (calls, ()) = tokio::join!(target.serves_until(&gone), crowd);
    assert!(calls > 10, "{calls}");
    target.gives_back_all_but(before).await;
    assert_eq!(
        target.logged("All connection slots are taken: idle connections are evicted for new ones"),
        1
    );

    // Fewer than there are slots are closed by their deadlines alone: 10 s for a handshake, 5 s
    // for a head.
    let mut waiting = Vec::new();
    for number in 0..100 {
        let (addr, ca_pem) = (target.addr, target.ca_pem.clone());
        waiting.push(tokio::spawn(async move {
            let begun = Instant::now();
            if number % 2 == 0 {
                until_closed(TcpStream::connect(addr).await.unwrap()).await;
                ended_by(Duration::from_secs(10), begun);
            } else {
                let mut stream = shaken_with(addr, &ca_pem).await;
                stream.write_all(&request(0).as_bytes()[..40]).await.unwrap();
                until_closed(stream).await;
                ended_by(Duration::from_secs(5), begun);
            }
        }));
    }
    for client in waiting {
        client.await.unwrap();
    }
    target.gives_back_all_but(before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_without_files_closes_idle_connections_and_says_so_once() {
    // Three quarters of these are connection slots; what the program has open besides is more
    // than the rest.
    let target = Target::start(40);
    let before = target.files();
    assert!(before > 10, "{before}");
    let gone = AtomicBool::new(false);
    let crowd = target.crowd(400, Duration::from_millis(10), &gone);
    let (calls, ()) = tokio::join!(target.serves_until(&gone), crowd);
    assert!(calls > 10, "{calls}");
    target.gives_back_all_but(before).await;
    let refused = "Connections cannot be accepted for now; idle ones are closed instead";
    assert_eq!(target.logged(refused), 1);
    let client = Client::new(target.addr, &target.ca_pem);
    assert_eq!(program::labels(&client).await["v"], "one");
}
