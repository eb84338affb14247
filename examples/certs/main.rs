//! `make certs`: a CA and a serving certificate for development, and for the chart's mode
//! `provided` on a cluster to try things on.
//!
//! The first run makes the CA; every run issues a new serving certificate, so that what
//! trusts the CA goes on trusting it.

mod ca;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use clap::Parser;
use serde_json::json;

use ca::{DevelopmentCa, Pair};

/// The name of the Service, and of the Secret that the chart mounts.
const SERVICE: &str = "kelos-metadata";
const SECRET: &str = "kelos-metadata-tls";

/// Makes certificates for development.
#[derive(Debug, Parser)]
struct Args {
    /// Folder for the files
    #[arg(long, value_name = "DIR", default_value = "target/certs")]
    dir: PathBuf,
    /// Namespace of the Service
    #[arg(long, value_name = "NAMESPACE", default_value = "kelos-system")]
    namespace: String,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("certs: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> anyhow::Result<()> {
    let Args { dir, namespace } = args;
    fs::create_dir_all(dir).with_context(|| format!("--dir {}", dir.display()))?;
    let ca = load_or_create(dir)?;
    let serving = ca.issue(&names(namespace))?;
    publish(&dir.join("tls.crt"), &serving.certificate)?;
    keep(&dir.join("tls.key"), &serving.key)?;
    keep(&dir.join("secret.yaml"), &secret(namespace, &serving))?;
    publish(&dir.join("values.yaml"), &values(ca.certificate()))?;
    let dir = dir.display();
    anstream::println!(
        "{dir}/ca.crt, ca.key: the CA, which clients have to trust; one that was there is kept
{dir}/tls.crt, tls.key: a new serving certificate, for a year

Without a cluster:
  kelos-metadata serve --manifests examples --tls-cert-file {dir}/tls.crt --tls-private-key-file {dir}/tls.key

On a cluster to try things on:
  kubectl apply --filename {dir}/secret.yaml
  helm upgrade --install {SERVICE} charts/{SERVICE} --namespace {namespace} --values {dir}/values.yaml"
    );
    Ok(())
}

/// What the API server, and a developer, call the webhook.
fn names(namespace: &str) -> Vec<String> {
    let service = format!("{SERVICE}.{namespace}.svc");
    let cluster = format!("{service}.cluster.local");
    vec![service, cluster, "localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()]
}

/// The CA of the folder, or a new one.
fn load_or_create(dir: &Path) -> anyhow::Result<DevelopmentCa> {
    let (certificate, key) = (dir.join("ca.crt"), dir.join("ca.key"));
    match (certificate.exists(), key.exists()) {
        (true, true) => {
            let read =
                |path: &Path| fs::read_to_string(path).with_context(|| path.display().to_string());
            let pair = Pair { certificate: read(&certificate)?, key: read(&key)? };
            DevelopmentCa::load(pair).with_context(|| {
                let dir = dir.display();
                format!("{dir}/ca.crt and ca.key are no CA of `make certs`; move them away")
            })
        }
        (false, false) => {
            let (ca, pair) = DevelopmentCa::create()?;
            publish(&certificate, &pair.certificate)?;
            keep(&key, &pair.key)?;
            Ok(ca)
        }
        (has_certificate, _) => {
            let (there, missing) =
                if has_certificate { (certificate, key) } else { (key, certificate) };
            bail!("{} is there without {}; move it away", there.display(), missing.display())
        }
    }
}

/// The Secret that the chart mounts in mode `provided`. JSON is YAML, too.
fn secret(namespace: &str, serving: &Pair) -> String {
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
        "metadata": {"name": SECRET, "namespace": namespace},
        "stringData": {"tls.crt": serving.certificate, "tls.key": serving.key},
    });
    format!("{secret:#}\n")
}

/// The values of the chart that go with the Secret.
fn values(ca: &str) -> String {
    let ca = BASE64.encode(ca);
    format!("certificates:\n  mode: provided\n  secretName: {SECRET}\n  caBundle: {ca}\n")
}

/// Writes a file for everybody.
fn publish(path: &Path, text: &str) -> anyhow::Result<()> {
    replace(path, text, 0o644)
}

/// Writes a file that only its owner reads.
fn keep(path: &Path, text: &str) -> anyhow::Result<()> {
    replace(path, text, 0o600)
}

/// Writes a file anew. It is never there with another mode, nor in part.
fn replace(path: &Path, text: &str, mode: u32) -> anyhow::Result<()> {
    let new = path.with_extension("new");
    let write = || -> std::io::Result<()> {
        match fs::remove_file(&new) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&new)?;
        file.write_all(text.as_bytes())?;
        fs::rename(&new, path)
    };
    write().with_context(|| format!("{} can't be written", path.display()))
}
