//! Requests that nobody's API server sends, sent to the program: it stays small, and ordinary calls go on.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::clients::raw::{head, head_to, send, shaken_with};
use crate::support::https::Client;
use crate::support::program::{self, Program, TIMEOUT};
use kelos_metadata::webhook::router::{MUTATE_TASK_PATH, VALIDATE_SPAWNER_PATH};
use testing::hostile::requests::{
    Part, SpawnerPart, escaped_entries, repeated, review, spawner_review, tiny_entries,
};
use testing::memory::peak_memory;

/// What the process may take at the most, in bytes, with an ordinary cache and sixteen threads that answer.
const MOST_BYTES: usize = 160 << 20;
/// How often each request is sent, and how many at once.
const ROUNDS: usize = 2;
const AT_ONCE: usize = 10;
/// Clients that stop shortly before the end of a small body.
const HALF: usize = 300;

/// Reads who asks and what there is, and loops.
const HUNGRY: &str = "user: '{{ .User.Name }}'\nall: '{{ len .Annotations }}'\n\
                      loop: '{{ range .Task.Labels }}x{{ end }}'";

/// Sends a body; it is answered, or told to come back. Gives whether it was answered.
async fn sent(addr: SocketAddr, ca_pem: Arc<str>, path: &str, body: Arc<str>) -> bool {
    let mut stream = shaken_with(addr, &ca_pem).await;
    let headers = format!("Content-Length: {}\r\nConnection: close\r\n", body.len());
    let sending = async {
        stream.write_all(head_to(path, &headers).as_bytes()).await?;
        stream.write_all(body.as_bytes()).await?;
        stream.flush().await
    };
    // Who is turned away may be reset while he sends.
    let _ = timeout(TIMEOUT, sending).await.expect("taken or refused");
    let mut received = Vec::new();
    let _ = timeout(TIMEOUT, stream.read_to_end(&mut received)).await.expect("closed");
    let received = String::from_utf8_lossy(&received);
    let is_answered = received.starts_with("HTTP/1.1 200 ");
    assert!(is_answered || received.starts_with("HTTP/1.1 503 "), "{received:.80}");
    assert!(!is_answered || received.contains("\"allowed\":true"), "{received:.400}");
    is_answered
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_sent_the_program_stays_small_and_serves() {
    let folder = program::folder("v: one");
    let hungry = program::spawner(HUNGRY).replace("\"worker\"", "\"hungry\"");
    program::write(&folder.path().join("rules/hungry.yaml"), &hungry);
    let program =
        Program::with_env(folder, &["--shutdown-delay", "0s"], &[("TOKIO_WORKER_THREADS", "16")]);
    let addr = program.address("webhook");
    let ca_pem = std::fs::read_to_string(program.folder.path().join("tls/tls.crt")).unwrap();
    let mut held = Vec::new();
    for _ in 0..HALF {
        let mut stream = shaken_with(addr, &ca_pem).await;
        send(&mut stream, &(head("Content-Length: 65536\r\n") + &" ".repeat(65_000))).await;
        held.push(stream);
    }
    let client = Client::new(addr, &ca_pem);
    let ca: Arc<str> = Arc::from(ca_pem.as_str());
    let tasks = [
        ("owner references", review("hungry", Part::Owners, &repeated("{}", 2_400_000))),
        ("groups", review("hungry", Part::Groups, &repeated("\"\"", 2_000_000))),
        ("annotations", review("hungry", Part::Annotations, &tiny_entries(270_000))),
        ("labels", review("hungry", Part::Labels, &tiny_entries(270_000))),
        ("as many labels as can be", review("hungry", Part::Labels, &tiny_entries(80_000))),
        ("annotations with escapes", review("hungry", Part::Annotations, &escaped_entries(80_000))),
        ("few labels", review("hungry", Part::Labels, &tiny_entries(5_500))),
    ];
    let entries = tiny_entries(100_000);
    let as_many_before =
        [(SpawnerPart::Annotations, &*entries), (SpawnerPart::OldAnnotations, &*entries)];
    let loops = "{{range 20000}}{{$.Payload.Issue.Number}}{{end}}".repeat(20);
    let events = r#""githubWebhook":{"events":["issues","pull_request","push","check_run"]}"#;
    let template = format!(r#""branch":"{loops}""#);
    let costly = [(SpawnerPart::When, events), (SpawnerPart::Template, &*template)];
    let spawners = [
        ("annotations of a spawner", spawner_review(&as_many_before)),
        ("a costly spawner", spawner_review(&costly)),
    ];
    let tasks = tasks.into_iter().map(|(name, body)| (name, MUTATE_TASK_PATH, body));
    let spawners = spawners.into_iter().map(|(name, body)| (name, VALIDATE_SPAWNER_PATH, body));
    for (name, path, body) in tasks.chain(spawners) {
        let body: Arc<str> = Arc::from(body);
        let mut answered = 0;
        for _ in 0..ROUNDS {
            let mut sending = JoinSet::new();
            for _ in 0..AT_ONCE {
                sending.spawn(sent(addr, Arc::clone(&ca), path, Arc::clone(&body)));
            }
            assert_eq!(program::labels(&client).await["v"], "one", "meanwhile: {name}");
            while let Some(sent) = sending.join_next().await {
                answered += usize::from(sent.expect("answered or told to come back"));
            }
        }
        let peak = peak_memory(program.child.id());
        eprintln!("{name:26} {:>8} bytes, {answered:>2} answered, {} MiB", body.len(), peak >> 20);
        assert!(answered > 0, "{name}");
        assert!(peak <= MOST_BYTES, "{name}: {peak} bytes");
    }
}
