//! The servers that are compared, and how each is started.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::child::{Cores, Server};
use crate::client::{self, Connection};
use crate::fixtures::{self, Templates};

pub(crate) const PRODUCT: &str = "kelos-metadata";
pub(crate) const GO_WEBHOOK: &str = "go-webhook";
pub(crate) const NOOP: &str = "noop";

/// The certificate, key and folders that the servers are started with.
pub(crate) struct Stage {
    pub(crate) folder: tempfile::TempDir,
    certificate: PathBuf,
    key: PathBuf,
    pub(crate) cores: Cores,
}

impl Stage {
    /// Makes the certificate; the servers keep to these cores.
    pub(crate) fn set(cores: Cores) -> Result<Self> {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let made = rcgen::generate_simple_self_signed(names)?;
        let (certificate, key) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
        fs::write(&certificate, made.cert.pem())?;
        fs::write(&key, made.signing_key.serialize_pem())?;
        Ok(Self { folder, certificate, key, cores })
    }

    /// Writes a folder of manifests; gives its first file.
    pub(crate) fn manifests(
        &self,
        name: &str,
        count: usize,
        templates: Templates,
    ) -> Result<PathBuf> {
        fixtures::write_manifests(&self.folder.path().join(name), count, templates)
    }

    /// Starts this program as the do-nothing server.
    pub(crate) fn noop(&self) -> Result<Running> {
        self.noop_within(&[])
    }

    /// Starts it behind these words of a command line, which run what follows them.
    pub(crate) fn noop_within(&self, wrapper: &[String]) -> Result<Running> {
        let program = std::env::current_exe()?;
        let command = words([&program, Path::new("noop"), &self.certificate, &self.key])?;
        let command = [wrapper, &command].concat();
        Running::start(NOOP, &command, self.cores, 1, &self.certificate)
    }

    /// Starts the binary that Cargo built beside this benchmark, with one worker thread.
    pub(crate) fn product(&self, manifests: &Path) -> Result<Running> {
        self.product_from("--manifests", manifests, 1)
    }

    /// Starts it with rules from where this flag says, and with so many worker threads.
    pub(crate) fn product_from(&self, flag: &str, rules: &Path, workers: u8) -> Result<Running> {
        let command = self.product_command(flag, rules)?;
        Running::start(PRODUCT, &command, self.cores, workers, &self.certificate)
    }

    /// Starts it behind these words of a command line, which run what follows them; once told to, it ends
    /// at once.
    pub(crate) fn product_within(&self, wrapper: &[String], manifests: &Path) -> Result<Running> {
        let command = self.product_command("--manifests", manifests)?;
        let ending = ["--shutdown-delay", "0s"].map(str::to_owned);
        let command = [wrapper, &command, &ending].concat();
        Running::start(PRODUCT, &command, self.cores, 1, &self.certificate)
    }

    fn product_command(&self, flag: &str, rules: &Path) -> Result<Vec<String>> {
        const ANY_PORT: &str = "127.0.0.1:0";
        let mut command = words([
            Path::new(env!("CARGO_BIN_EXE_kelos-metadata")),
            Path::new("serve"),
            Path::new(flag),
            rules,
            Path::new("--tls-cert-file"),
            &self.certificate,
            Path::new("--tls-private-key-file"),
            &self.key,
        ])?;
        for flag in ["--bind-address", "--metrics-bind-address", "--health-probe-bind-address"] {
            command.extend([flag.to_owned(), ANY_PORT.to_owned()]);
        }
        command.extend(["--log-format", "json"].map(str::to_owned));
        Ok(command)
    }

    /// Builds and starts the Go webhook.
    pub(crate) fn go_webhook(&self, manifest: &Path) -> Result<Running> {
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(GO_WEBHOOK);
        let built = Command::new("go")
            .args(["build", "-trimpath", "-buildvcs=false", "-o"])
            .arg(&program)
            .arg(".")
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/go-webhook"))
            .stdin(Stdio::null())
            .status()
            .context("go is not there to build it")?;
        ensure!(built.success(), "`go build` failed");
        let certificate = self.folder.path().join("go.crt");
        let flags = ["--manifest", "--cert-file"].map(Path::new);
        let command = words([&program, flags[0], manifest, flags[1], &certificate])?;
        Running::start(GO_WEBHOOK, &command, self.cores, 1, &certificate)
    }
}

/// The words of a command line, for the tools that wrap it.
fn words<const N: usize>(words: [&Path; N]) -> Result<Vec<String>> {
    let text = |word: &Path| word.to_str().map(str::to_owned).context("a path is not UTF-8");
    words.into_iter().map(text).collect()
}

/// A started server and how to speak to it.
pub(crate) struct Running {
    pub(crate) name: &'static str,
    pub(crate) server: Server,
    pub(crate) tls: Arc<ClientConfig>,
}

impl Running {
    fn start(
        name: &'static str,
        command: &[String],
        cores: Cores,
        workers: u8,
        certificate: &Path,
    ) -> Result<Self> {
        let server = Server::start(command, cores, workers)?;
        // Go writes its certificate before it listens, so the file is complete by now.
        let tls = client::trusting(CertificateDer::from_pem_file(certificate)?)?;
        Ok(Self { name, server, tls })
    }

    /// Opens kept-alive connections.
    pub(crate) fn connect(&self, count: u8) -> Result<Vec<Connection>> {
        (0..count).map(|_| Connection::open(self.server.address, &self.tls)).collect()
    }

    /// Asks for one Task of a TaskSpawner and checks all of the answer.
    pub(crate) fn check(&self, spawner: usize, number: usize, templates: Templates) -> Result<()> {
        let review = fixtures::review(spawner, number)?;
        let request = client::post(&review);
        let (status, body) = client::first_answer(self.server.address, &self.tls, &request)?;
        ensure!(status == 200, "{} answered {status}", self.name);
        if self.name == NOOP {
            return Ok(());
        }
        fixtures::check_answer(&review, &body, spawner, templates)
            .with_context(|| format!("{} answered wrongly", self.name))
    }
}
