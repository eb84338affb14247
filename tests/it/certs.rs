//! `certs/`: what it says makes certificates that the program serves with, and that a client trusts
//! that knows the CA.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use crate::support::https::Client;
use crate::support::program::{Program, labels, spawner, write};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use kelos_metadata::tls::KeyPair;
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use serde_json::Value;
use tempfile::TempDir;

const SERVICE: &str = "kelos-metadata.kelos-system.svc";

/// Runs the program behind `make certs`.
fn make_certs(dir: &Path) -> Output {
    let programs = Path::new(env!("CARGO_BIN_EXE_kelos-metadata")).parent().unwrap();
    let certs = programs.join("certs");
    assert!(certs.exists(), "build it first: cargo build --profile checked --workspace --bins");
    Command::new(certs).arg("--dir").arg(dir).output().unwrap()
}

fn read(path: PathBuf) -> String {
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap()
}

/// Whether a client that knows only `ca.crt` takes `tls.crt` for this name, now.
fn is_trusted(dir: &Path, name: &str) -> bool {
    let der = |file: &str| CertificateDer::from_pem_file(dir.join(file)).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(der("ca.crt")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
    let name = ServerName::try_from(name).unwrap();
    let verifier = verifier.build().unwrap();
    verifier.verify_server_cert(&der("tls.crt"), &[], &name, &[], UnixTime::now()).is_ok()
}

#[tokio::test]
async fn what_make_certs_writes_is_served_and_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("tls");
    assert!(make_certs(&dir).status.success());
    for name in [SERVICE, "kelos-metadata.kelos-system.svc.cluster.local", "localhost", "::1"] {
        assert!(is_trusted(&dir, name), "{name}");
    }
    assert!(!is_trusted(&dir, "kelos-metadata.other.svc"));
    write(&folder.path().join("rules/spawner.yaml"), &spawner("v: one"));
    let program = Program::on(folder, None);
    let client = Client::new(program.address("webhook"), &read(dir.join("ca.crt")));
    assert_eq!(labels(&client).await["v"], "one");
}

#[test]
fn make_certs_again_renews_and_keeps_the_ca() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    assert!(make_certs(dir).status.success());
    let before = ["ca.crt", "ca.key", "tls.crt", "tls.key"].map(|file| read(dir.join(file)));
    fs::set_permissions(dir.join("tls.key"), fs::Permissions::from_mode(0o644)).unwrap();
    assert!(make_certs(dir).status.success());
    let after = ["ca.crt", "ca.key", "tls.crt", "tls.key"].map(|file| read(dir.join(file)));
    assert_eq!(before[..2], after[..2], "the CA");
    assert!(before[2] != after[2] && before[3] != after[3], "the serving certificate");
    assert!(is_trusted(dir, SERVICE));
    for (file, mode) in [("ca.key", 0o600), ("tls.key", 0o600), ("secret.yaml", 0o600)] {
        let found = fs::metadata(dir.join(file)).unwrap().permissions().mode();
        assert_eq!(found & 0o777, mode, "{file}");
    }

    // Secret and values are what the two files are.
    let (secret, values) = (read(dir.join("secret.yaml")), read(dir.join("values.yaml")));
    let (secret, values) = (yaml(&secret), yaml(&values));
    assert_eq!(secret["metadata"]["name"], values["certificates"]["secretName"]);
    assert_eq!((&secret["type"], &secret["kind"]), (&"kubernetes.io/tls".into(), &"Secret".into()));
    assert_eq!(secret["stringData"]["tls.crt"], after[2]);
    assert_eq!(secret["stringData"]["tls.key"], after[3]);
    assert_eq!(values["certificates"]["mode"], "provided");
    assert_eq!(values["certificates"]["caBundle"], BASE64.encode(&after[0]));
}

#[test]
fn make_certs_takes_no_ca_that_is_not_its_own() {
    let complaint = |prepare: fn(&Path) -> io::Result<()>| {
        let folder = tempfile::tempdir().unwrap();
        assert!(make_certs(folder.path()).status.success());
        let serving = read(folder.path().join("tls.crt"));
        prepare(folder.path()).unwrap();
        let output = make_certs(folder.path());
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(read(folder.path().join("tls.crt")), serving, "nothing is touched");
        String::from_utf8(output.stderr).unwrap()
    };
    let half = complaint(|dir| fs::remove_file(dir.join("ca.key")));
    assert!(half.contains("ca.crt is there without") && half.contains("ca.key"), "{half}");
    let other = complaint(|dir| fs::copy(dir.join("tls.crt"), dir.join("ca.crt")).map(|_| ()));
    assert!(other.contains("move them away") && other.contains("somebody else"), "{other}");
    let mixed = complaint(|dir| fs::copy(dir.join("tls.key"), dir.join("ca.key")).map(|_| ()));
    assert!(mixed.contains("the key does not belong"), "{mixed}");
}

/// The block of the README that calls openssl first.
fn openssl_commands() -> String {
    let page = read(Path::new(env!("CARGO_MANIFEST_DIR")).join("certs/README.md"));
    let blocks = page.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.into_iter().find(|block| block.starts_with("openssl ")).unwrap().to_owned()
}

#[test]
fn the_commands_for_openssl_make_a_pair_that_is_served_and_trusted() {
    let commands = openssl_commands();
    let version = Command::new("openssl").arg("version").output();
    if !version.is_ok_and(|output| output.stdout.starts_with(b"OpenSSL 3")) {
        return crate::support::skipped("there is no OpenSSL 3, which certs/README.md takes");
    }
    let folder: TempDir = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let shell = Command::new("sh").args(["-ec", &commands]).current_dir(dir).output().unwrap();
    assert!(shell.status.success(), "{}", String::from_utf8_lossy(&shell.stderr));
    KeyPair::from_files(&dir.join("tls.crt"), &dir.join("tls.key")).unwrap();
    assert!(is_trusted(dir, SERVICE) && !is_trusted(dir, "localhost"));
}

#[test]
fn the_samples_for_cert_manager_agree_with_each_other() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("certs/cert-manager");
    let documents = |file: &str| -> Vec<Value> {
        let text = read(samples.join(file));
        assert!(text.starts_with("# "), "{file} says what it is for");
        text.split("\n---\n").map(yaml).collect()
    };
    let issuers = documents("cluster-issuer.yaml");
    let certificate = documents("certificate.yaml").remove(0);
    let values = documents("values.yaml").remove(0);
    let issuer = &issuers.last().unwrap();
    assert_eq!(issuer["kind"], "ClusterIssuer");
    for named in
        [&certificate["spec"]["issuerRef"], &values["certificates"]["certManager"]["issuerRef"]]
    {
        assert_eq!(named["name"], issuer["metadata"]["name"]);
        assert_eq!(named["kind"], issuer["kind"]);
        assert_eq!(format!("{}/v1", named["group"].as_str().unwrap()), issuer["apiVersion"]);
    }
    assert_eq!(issuers[1]["spec"]["secretName"], issuer["spec"]["ca"]["secretName"]);
    assert_eq!(issuers[1]["spec"]["issuerRef"]["name"], issuers[0]["metadata"]["name"]);
    assert_eq!(certificate["spec"]["dnsNames"][0], SERVICE);
}
