//! Somebody who reaches the webhook's port and floods it, while Tasks are created.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use std::{fs, io};

use futures_util::future::join_all;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::harness::ca;
use crate::harness::cluster::alone_on_cluster;
use crate::harness::wait::eventually;
use crate::harness::webhook::{SERVER_NAME, Webhook};
use crate::load::stream::Stream;
use testing::memory::{memory_limit, peak_memory};

/// How many open connections at once, and how many of them each holds: together more than there are connection slots.
const CROWDS: usize = 8;
const HELD: usize = 60;

fn open_files(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

/// Opens so many connections, and holds the last of them: most say nothing, some begin a handshake, and some a
/// request whose body never comes. Gives how many were let in.
async fn silent_clients(address: SocketAddr, count: usize) -> usize {
    let connector = TlsConnector::from(ca::client());
    let name = ServerName::try_from(SERVER_NAME).unwrap();
    let (mut held, mut let_in) = (VecDeque::new(), 0);
    for number in 0..count {
        // A full backlog makes a client wait; that is its own affair.
        let Ok(Ok(mut stream)) = timeout(Duration::from_secs(1), TcpStream::connect(address)).await
        else {
            continue;
        };
        let_in += 1;
        let stream: Box<dyn Send> = match number % 10 {
            0 => {
                let half = async {
                    let mut stream = connector.connect(name.clone(), stream).await?;
                    stream.write_all((head(100) + "x").as_bytes()).await?;
                    io::Result::Ok(stream)
                };
                Box::new(timeout(Duration::from_secs(5), half).await)
            }
            1..4 => {
                let _ = stream.write_all(&[0x16, 3, 1, 2, 0, 1, 0]).await;
                Box::new(stream)
            }
            _ => Box::new(stream),
        };
        held.push_back(stream);
        if held.len() > HELD {
            held.pop_front();
        }
    }
    let_in
}

/// The head of a request with a body of so many bytes.
fn head(length: usize) -> String {
    format!(
        "POST /mutate-task HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n"
    )
}

/// Sends bodies of seven mebibytes, one after the other, until it is over; gives how many were answered.
async fn bodies(address: SocketAddr, is_over: Arc<AtomicBool>, answered: Arc<AtomicUsize>) {
    let connector = TlsConnector::from(ca::client());
    let name = ServerName::try_from(SERVER_NAME).unwrap();
    let text = "x".repeat((7 << 20) - 1000);
    let body = format!("{{\"request\": {{\"uid\": \"1\", \"object\": \"{text}\"}}}}");
    let head = head(body.len());
    while !is_over.load(Ordering::Relaxed) {
        let once = async {
            let stream = TcpStream::connect(address).await?;
            let mut stream = connector.connect(name.clone(), stream).await?;
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(body.as_bytes()).await?;
            stream.read_u8().await
        };
        if let Ok(Ok(_)) = timeout(Duration::from_secs(20), once).await {
            answered.fetch_add(1, Ordering::Relaxed);
        }
    }
}

async fn is_given_back(webhook: &Webhook, files: usize) {
    eventually("connections are given back", async || {
        // The API server keeps some of its own.
        (open_files(webhook.pid()) <= files + 16).then_some(())
    })
    .await;
}

#[test]
fn ten_thousand_connections_and_a_flood_of_bodies_keep_no_task_from_its_label() {
    alone_on_cluster(async |cluster| {
        let setup = cluster.webhook("flood").with_open_files(256);
        let webhook = setup.registered(|it| it.failure_policy = "Fail").start().await;
        let files = open_files(webhook.pid());
        let stream = Stream::start(webhook.namespace("flood").await).await;
        let (is_over, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let mut flood = JoinSet::new();
        for _ in 0..4 {
            flood.spawn(bodies(webhook.address, Arc::clone(&is_over), Arc::clone(&answered)));
        }
        let crowd = (0..CROWDS).map(|_| silent_clients(webhook.address, 10_000 / CROWDS));
        let let_in: usize = join_all(crowd).await.into_iter().sum();
        stream.flows(20).await;
        is_over.store(true, Ordering::Relaxed);
        flood.join_all().await;
        let tally = stream.end().await;
        let (bodies, peak) = (answered.load(Ordering::Relaxed), peak_memory(webhook.pid()) >> 20);
        println!(
            "{} Tasks beside {let_in} connections and {bodies} bodies of 7 MiB; at most {peak} MiB",
            tally.asked
        );
        tally.all_are_labelled();
        assert!(let_in > 9_000 && bodies > 0, "the flood did not come in: {let_in}");
        assert!(peak_memory(webhook.pid()) < memory_limit(), "{peak} MiB");
        is_given_back(&webhook, files).await;
    });
}
