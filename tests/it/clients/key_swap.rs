//! The kubelet changes a mounted Secret by its swap of links, while clients call.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use tokio::time::{Instant, sleep};

use crate::clients::ca::{Ca, Pair};
use crate::support::https::{Client, connect, tls_config};
use crate::support::program::{self, Program, TIMEOUT, get};

const SWAPS: i32 = 20;

/// Puts a certificate and a key into a folder as the kubelet does.
fn project(mount: &Path, version: &str, cert: &str, key: &str) {
    let data = format!("..{version}");
    program::write(&mount.join(&data).join("tls.crt"), cert);
    program::write(&mount.join(&data).join("tls.key"), key);
    let old = fs::read_link(mount.join("..data")).ok();
    symlink(&data, mount.join("..data_tmp")).unwrap();
    fs::rename(mount.join("..data_tmp"), mount.join("..data")).unwrap();
    for name in ["tls.crt", "tls.key"] {
        let link = mount.join(name);
        if fs::symlink_metadata(&link).is_err() {
            symlink(Path::new("..data").join(name), link).unwrap();
        }
    }
    if let Some(old) = old {
        fs::remove_dir_all(mount.join(old)).unwrap();
    }
}

/// A running program and its mounted key.
struct Target {
    ca: Ca,
    program: Program,
    addr: SocketAddr,
    metrics: SocketAddr,
}

impl Target {
    fn start() -> (Target, Pair) {
        let ca = Ca::new();
        let folder = program::folder("v: one");
        let mount = folder.path().join("tls");
        fs::remove_dir_all(&mount).unwrap();
        let pair = ca.issue(2040);
        project(&mount, "0", &pair.cert, &pair.key);
        let program = Program::on(folder, None);
        let (addr, metrics) = (program.address("webhook"), program.address("metrics"));
        (Target { ca, program, addr, metrics }, pair)
    }

    fn project(&self, version: &str, cert: &str, key: &str) {
        project(&self.program.folder.path().join("tls"), version, cert, key);
    }

    /// Waits until new handshakes see this certificate.
    async fn serves(&self, pair: &Pair) {
        let deadline = Instant::now() + TIMEOUT;
        while self.certificate().await != pair.der {
            assert!(Instant::now() < deadline, "the new certificate is not served");
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// The certificate that a new handshake sees.
    async fn certificate(&self) -> CertificateDer<'static> {
        let tls = tls_config(&self.ca.pem, rustls::ALL_VERSIONS, &[]);
        let stream = connect(self.addr, tls).await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].clone()
    }

    fn expiry(&self) -> String {
        let text = get(self.metrics, "/metrics");
        let name = "kelos_metadata_certificate_expiry_timestamp_seconds ";
        text.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned()
    }
}

/// Calls without a pause until it is told to stop; gives how often. Every call succeeds.
async fn call(client: impl Fn() -> Arc<Client>, stop: Arc<AtomicBool>, calls: Arc<AtomicUsize>) {
    while !stop.load(Ordering::Relaxed) {
        assert_eq!(program::labels(&client()).await["v"], "one");
        calls.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_swapped_under_load_and_no_call_fails() {
    let (target, first) = Target::start();
    assert_eq!(target.certificate().await, first.der);
    let stop = Arc::new(AtomicBool::new(false));
    let calls = [(); 4].map(|()| Arc::new(AtomicUsize::new(0)));
    let mut callers = Vec::new();
    for (number, calls) in calls.iter().enumerate() {
        let (addr, ca_pem) = (target.addr, target.ca.pem.clone());
        let kept = Arc::new(Client::new(addr, &ca_pem));
        let client = move || match number % 2 {
            0 => Arc::clone(&kept),
            _ => Arc::new(Client::new(addr, &ca_pem)),
        };
        callers.push(tokio::spawn(call(client, Arc::clone(&stop), Arc::clone(calls))));
    }

    let mut last = first;
    for swap in 1..=SWAPS {
        last = target.ca.issue(2040 + swap);
        target.project(&swap.to_string(), &last.cert, &last.key);
        target.serves(&last).await;
    }
    stop.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await.expect("no call failed");
    }
    assert!(calls.iter().all(|calls| calls.load(Ordering::Relaxed) > 20), "{calls:?}");
    // 1 January 2060.
    assert_eq!(target.expiry(), "2840140800");

    // The certificate of one pair with the key of another: told once, and the last one serves on.
    let other = target.ca.issue(2070);
    target.project("mixed", &other.cert, &last.key);
    let refused = target.program.message("Rejected the new serving key; keeping the previous one");
    let problem = refused["problem"].as_str().unwrap();
    assert!(problem.contains("--tls-private-key-file") && problem.contains("tls.crt"), "{problem}");
    assert_eq!(target.certificate().await, last.der);
    assert_eq!(target.expiry(), "2840140800");
    target.project("repaired", &other.cert, &other.key);
    target.serves(&other).await;
    let told = target.program.log.try_iter().filter(|line| line["level"] == "ERROR").count();
    assert_eq!(told, 0, "a refusal is told once");
}
