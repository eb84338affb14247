//! Clients that have to show a certificate.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{sleep, timeout};

use crate::clients::ca::{Ca, Pair};
use crate::clients::raw::request;
use crate::support::https::{Client, connect, tls_config};
use crate::support::program::{self, Program, TIMEOUT, get, labels};

const NAME: &str = "kube-apiserver";

/// A program that asks for certificates of this CA.
struct Target {
    program: Program,
    addr: std::net::SocketAddr,
    ca_pem: String,
    ca_file: PathBuf,
}

impl Target {
    fn start(ca: &Ca, names: &[&str]) -> Target {
        let folder = program::folder("v: one");
        let ca_file = folder.path().join("clients/ca.crt");
        program::write(&ca_file, &ca.pem);
        let mut flags = vec!["--shutdown-delay", "0s", "--client-ca-file"];
        let file = ca_file.display().to_string();
        flags.push(&file);
        flags.extend(names.iter().flat_map(|name| ["--client-allowed-name", name]));
        let program = Program::with(folder, &flags);
        let addr = program.address("webhook");
        let ca_pem = std::fs::read_to_string(program.folder.path().join("tls/tls.crt")).unwrap();
        Target { program, addr, ca_pem, ca_file }
    }

    /// Settings of a client that shows this certificate.
    fn client(&self, shown: Option<&Pair>) -> Arc<ClientConfig> {
        self.client_of(rustls::ALL_VERSIONS, shown)
    }

    fn client_of(
        &self,
        versions: &[&'static rustls::SupportedProtocolVersion],
        shown: Option<&Pair>,
    ) -> Arc<ClientConfig> {
        let plain = tls_config(&self.ca_pem, versions, &[]);
        let Some(pair) = shown else { return plain };
        let mut config = ClientConfig::clone(&plain);
        let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
        let key = rustls::crypto::ring::sign::any_supported_type(&key).unwrap();
        let shown = rustls::sign::CertifiedKey::new(vec![pair.der.clone()], key);
        config.client_auth_cert_resolver = Arc::new(rustls::sign::SingleCertAndKey::from(shown));
        Arc::new(config)
    }

    /// Whether a client is answered. In TLS 1.3 it learns that it is not after its handshake.
    async fn answers(&self, tls: Arc<ClientConfig>) -> bool {
        let Ok(mut stream) = connect(self.addr, tls).await else { return false };
        let mut received = [0; 12];
        let asked = async {
            stream.write_all(request(0).as_bytes()).await?;
            stream.flush().await?;
            stream.read_exact(&mut received).await
        };
        match timeout(TIMEOUT, asked).await.expect("an answer or the end") {
            Ok(_) => true,
            Err(_) => {
                assert_eq!(received, [0; 12], "whoever is turned away gets no byte");
                false
            }
        }
    }

    /// The problem in the next log line about a client that was rejected.
    fn turned_away(&self) -> String {
        let line = self.program.message("A client was rejected");
        assert!(line["client"].as_str().unwrap().starts_with("127.0.0.1:"), "{line}");
        line["problem"].as_str().unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_clients_of_the_ca_with_an_allowed_name_are_answered() {
    let (ours, other) = (Ca::new(), Ca::new());
    let target = Target::start(&ours, &["somebody", NAME]);
    let good = ours.issue_client(NAME);
    let client = Client::with_tls(target.addr, target.client(Some(&good)));
    assert_eq!(labels(&client).await["v"], "one");
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let tls = |shown: Option<&Pair>| target.client_of(&[version], shown);
        assert!(target.answers(tls(Some(&good))).await);
        for (shown, logged) in [
            (None, "no certificate"),
            (Some(other.issue_client(NAME)), "not signed by a CA of --client-ca-file"),
            (Some(ours.issue_client("nobody")), "--client-allowed-name"),
        ] {
            assert!(!target.answers(tls(shown.as_ref())).await, "{logged}");
            // It is logged once, whatever the version.
            if version.version == rustls::ProtocolVersion::TLSv1_2 {
                let problem = target.turned_away();
                assert!(problem.contains(logged), "{problem}");
            }
        }
    }
    assert_eq!(labels(&client).await["v"], "one");
    let is_told = |line: &Value| line["message"] == "A client was rejected";
    assert!(!target.program.log.try_iter().any(|line| is_told(&line)), "each reason once");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_names_any_client_of_the_ca_will_do_and_others_ports_ask_nobody() {
    let ours = Ca::new();
    let target = Target::start(&ours, &[]);
    let (metrics, health) = (target.program.address("metrics"), target.program.address("health"));
    assert!(target.answers(target.client(Some(&ours.issue_client("anybody")))).await);
    assert!(!target.answers(target.client(None)).await);
    assert!(get(metrics, "/metrics").starts_with("HTTP/1.1 200"));
    assert!(get(health, "/healthz").starts_with("HTTP/1.1 200"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ca_is_read_again_and_no_session_outlives_it() {
    let (old, new) = (Ca::new(), Ca::new());
    let target = Target::start(&old, &[NAME]);
    // Clients that keep what they need to resume a session.
    let of_old = target.client(Some(&old.issue_client(NAME)));
    let of_old_12 = target.client_of(&[&rustls::version::TLS12], Some(&old.issue_client(NAME)));
    let of_new = target.client(Some(&new.issue_client(NAME)));
    for tls in [&of_old, &of_old_12, &of_old] {
        assert!(target.answers(Arc::clone(tls)).await);
    }
    assert!(!target.answers(Arc::clone(&of_new)).await);

    program::write(&target.ca_file, "-----BEGIN CERTIFICATE-----\n");
    let rejected = "Rejected the new client CA; keeping the previous one";
    let problem = target.program.message(rejected)["problem"].to_string();
    assert!(problem.contains("--client-ca-file"), "{problem}");
    assert!(target.answers(Arc::clone(&of_old)).await);

    program::write(&target.ca_file, &new.pem);
    let is_new = async {
        while !target.answers(Arc::clone(&of_new)).await {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(TIMEOUT, is_new).await.expect("the new CA");
    assert!(!target.answers(of_old).await && !target.answers(of_old_12).await);
}
