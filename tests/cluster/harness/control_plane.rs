//! etcd and kube-apiserver, with what they need on disk.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rcgen::KeyPair;
use serde_json::{Value, json};

use super::access::kubeconfig;
use super::api::Api;
use super::binaries::binary;
use super::ca;
use super::process::Process;
use super::registration::SERVER_NAME;
use super::run_folder;
use super::wait::eventually;

/// How often a program is started that ends at once.
const TRIES: usize = 5;

const ADMIN_TOKEN: &str = "cluster-tests-admin";

/// New Tasks as their clients sent them, who touched objects of Kelos, and nothing else.
const AUDIT_POLICY: &str = "\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Request
    verbs: [create]
    resources:
      - {group: kelos.dev, resources: [tasks]}
  - level: Metadata
    resources:
      - {group: kelos.dev}
  - level: None
";

/// The port of the webhook's Service for which the API server shows [`CLIENT_NAME`].
pub(crate) const MUTUAL_TLS_PORT: u16 = 8443;

/// The name that the API server has there.
pub(crate) const CLIENT_NAME: &str = "kube-apiserver-webhooks";

/// What makes the API server show a certificate to webhooks, as docs/security.md has it.
fn admission_configuration(folder: &Path) -> Value {
    json!({
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AdmissionConfiguration",
        "plugins": [{
            "name": "MutatingAdmissionWebhook",
            "configuration": {
                "apiVersion": "apiserver.config.k8s.io/v1",
                "kind": "WebhookAdmissionConfiguration",
                "kubeConfigFile": folder.join("webhooks.kubeconfig"),
            },
        }],
    })
}

/// Which certificate it shows to which webhook.
fn webhooks_kubeconfig(folder: &Path) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "users": [{
            "name": format!("{SERVER_NAME}:{MUTUAL_TLS_PORT}"),
            "user": {
                "client-certificate": folder.join("webhooks.crt"),
                "client-key": folder.join("webhooks.key"),
            },
        }],
    })
}

/// A control plane without controllers and nodes.
pub(crate) struct ControlPlane {
    folder: PathBuf,
    port: u16,
    etcd_port: u16,
    api_server: Mutex<Option<Process>>,
    backends: Mutex<BTreeMap<String, Vec<SocketAddr>>>,
    etcd: Option<Process>,
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        // The API server first: it would complain about its etcd.
        drop(self.api_server.lock().unwrap_or_else(PoisonError::into_inner).take());
        drop(self.etcd.take());
        // Logs are small; this is not.
        let _ = fs::remove_dir_all(self.folder.join("etcd"));
    }
}

impl ControlPlane {
    /// Starts both programs, and waits until the API server is ready.
    pub(crate) async fn start(name: &str) -> ControlPlane {
        let folder = run_folder::folder(name);
        let names = ["127.0.0.1", "localhost", "kubernetes.default.svc"];
        let leaf = ca::issue(&names);
        let accounts = KeyPair::generate().unwrap();
        let client = ca::issue_client(CLIENT_NAME);
        for (file, text) in [
            ("tls.crt", leaf.certificate.as_str()),
            ("tls.key", &leaf.key),
            ("service-accounts.key", &accounts.serialize_pem()),
            ("service-accounts.pub", &accounts.public_key_pem()),
            ("tokens.csv", &format!("{ADMIN_TOKEN},admin,admin,\"system:masters\"\n")),
            ("audit-policy.yaml", AUDIT_POLICY),
            ("webhooks.crt", &client.certificate),
            ("webhooks.key", &client.key),
            ("webhooks.kubeconfig", &webhooks_kubeconfig(&folder).to_string()),
            ("admission.yaml", &admission_configuration(&folder).to_string()),
            ("backends", ""),
        ] {
            fs::write(folder.join(file), text).unwrap();
        }
        let (etcd, etcd_port) = start_etcd(&folder).await;
        let (api_server, backends, etcd) = (Mutex::default(), Mutex::default(), Some(etcd));
        let mut control_plane =
            ControlPlane { folder, port: 0, etcd_port, api_server, backends, etcd };
        for _ in 0..TRIES {
            control_plane.port = free_port();
            if control_plane.tries_to_start_api_server().await {
                return control_plane;
            }
        }
        panic!("kube-apiserver does not start: see {}", control_plane.folder.display());
    }

    /// Starts the API server, again after [`ControlPlane::kill_api_server`]: same port, same data.
    pub(crate) async fn start_api_server(&self) {
        let is_ready = self.tries_to_start_api_server().await;
        assert!(is_ready, "kube-apiserver has ended: see {}", self.folder.display());
    }

    /// Whether it is ready: it ends where somebody else has its port.
    async fn tries_to_start_api_server(&self) -> bool {
        let started = Process::start(&binary("kube-apiserver"), |command| {
            let log = log_file(&self.folder, "kube-apiserver.log");
            command
                .args(self.flags())
                .env("SERVICE_BACKENDS", self.folder.join("backends"))
                .stdout(log.try_clone().unwrap())
                .stderr(log);
        });
        *self.api_server.lock().unwrap() = Some(started);
        let api = self.admin();
        eventually("the API server is ready", async || {
            let ended = self.api_server.lock().unwrap().as_mut().and_then(Process::ended);
            match ended {
                Some(_) => Some(false),
                None => api.text("/readyz").await.ok().map(|_| true),
            }
        })
        .await
    }

    /// Kills the API server as a power cut would.
    pub(crate) fn kill_api_server(&self) {
        self.api_server.lock().unwrap().take().unwrap().kill();
    }

    /// Says where a port of a Service is; several addresses take turns.
    pub(crate) fn set_backends(&self, service: &str, addresses: Vec<SocketAddr>) {
        let mut backends = self.backends.lock().unwrap();
        backends.insert(service.to_owned(), addresses);
        let lines: String = backends
            .iter()
            .flat_map(|(service, addresses)| {
                addresses.iter().map(move |at| format!("{service} {at}\n"))
            })
            .collect();
        let new = self.folder.join("backends.new");
        fs::write(&new, lines).unwrap();
        fs::rename(new, self.folder.join("backends")).unwrap();
    }

    /// A client that may do everything.
    pub(crate) fn admin(&self) -> Api {
        Api::new(self.address(), ADMIN_TOKEN)
    }

    /// A kubeconfig for that, for programs that are clients.
    pub(crate) fn admin_kubeconfig(&self) -> String {
        kubeconfig(self.address(), ADMIN_TOKEN)
    }

    /// Where the API server listens.
    pub(crate) fn address(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    /// The events of the audit log so far whose line holds this text.
    pub(crate) fn audit_events(&self, text: &str) -> Vec<Value> {
        let log = fs::read_to_string(self.folder.join("audit.log")).unwrap_or_default();
        // The line that is being written may be there in part.
        let lines = log.lines().filter(|line| line.contains(text));
        lines.filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The API server's own log so far.
    pub(crate) fn api_server_log(&self) -> String {
        fs::read_to_string(self.folder.join("kube-apiserver.log")).unwrap_or_default()
    }

    fn flags(&self) -> Vec<String> {
        let file = |name: &str| self.folder.join(name).display().to_string();
        [
            ("etcd-servers", format!("http://127.0.0.1:{}", self.etcd_port)),
            ("bind-address", "127.0.0.1".to_owned()),
            ("secure-port", self.port.to_string()),
            ("cert-dir", file("certificates")),
            ("tls-cert-file", file("tls.crt")),
            ("tls-private-key-file", file("tls.key")),
            ("service-account-issuer", "https://kubernetes.default.svc".to_owned()),
            ("service-account-key-file", file("service-accounts.pub")),
            ("service-account-signing-key-file", file("service-accounts.key")),
            ("token-auth-file", file("tokens.csv")),
            ("authorization-mode", "RBAC".to_owned()),
            ("service-cluster-ip-range", "10.0.0.0/24".to_owned()),
            ("disable-admission-plugins", "ServiceAccount".to_owned()),
            ("endpoint-reconciler-type", "none".to_owned()),
            ("admission-control-config-file", file("admission.yaml")),
            ("audit-policy-file", file("audit-policy.yaml")),
            ("audit-log-path", file("audit.log")),
        ]
        .map(|(flag, value)| format!("--{flag}={value}"))
        .to_vec()
    }
}

/// Starts etcd; gives its port, too.
async fn start_etcd(folder: &Path) -> (Process, u16) {
    for _ in 0..TRIES {
        let port = free_port();
        let mut etcd = run_etcd(folder, port);
        let is_up =
            eventually("etcd listens, or ends because somebody has its port", async || match etcd
                .ended()
            {
                Some(_) => Some(false),
                None => TcpStream::connect(("127.0.0.1", port)).ok().map(|_| true),
            });
        if is_up.await {
            return (etcd, port);
        }
    }
    panic!("etcd does not start: see {}", folder.display());
}

fn run_etcd(folder: &Path, port: u16) -> Process {
    // One member has no peers: which port that is, nobody has to know.
    let (client, peer) = (format!("http://127.0.0.1:{port}"), "http://127.0.0.1:0");
    Process::start(&binary("etcd"), |command| {
        let log = log_file(folder, "etcd.log");
        command
            .args(["--unsafe-no-fsync", "--name", "test", "--log-level", "warn"])
            .args(["--data-dir", &folder.join("etcd").display().to_string()])
            .args(["--listen-client-urls", &client, "--advertise-client-urls", &client])
            .args(["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer])
            .args(["--initial-cluster", &format!("test={peer}")])
            .stdout(log.try_clone().unwrap())
            .stderr(log);
    })
}

fn log_file(folder: &Path, name: &str) -> File {
    File::options().create(true).append(true).open(folder.join(name)).unwrap()
}

/// A port that nobody has now. The programs can't pick one themselves: each has to be told the other's. Until they listen
/// somebody else may get it, so they are tried again.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
