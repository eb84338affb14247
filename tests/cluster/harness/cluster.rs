//! A cluster: a control plane with the schemas of Kelos.

use std::io::{Write as _, stderr};
use std::ops::Deref;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, RwLock};

use serde_json::json;
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;

use super::access::{Account, SYSTEM};
use super::api::Api;
use super::control_plane::{ControlPlane, MUTUAL_TLS_PORT};
use super::crds::Schemas;
use super::namespace::Namespace;
use super::webhook::{Setup, Webhook};

/// Clients and servers of one test serve others, too, so all tests share the runtime they live in.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// Tests hold it together, and those that count what is lost under load hold it alone: on a busy machine they would
/// measure the others.
static MACHINE: RwLock<()> = RwLock::new(());

/// Runs a test on the cluster that the tests share, which has our own schemas.
pub(crate) fn on_cluster(test: impl AsyncFnOnce(&Cluster)) {
    let _beside_others = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    on_shared(test);
}

/// Runs a test on it while no other test runs.
pub(crate) fn alone_on_cluster(test: impl AsyncFnOnce(&Cluster)) {
    let _alone = MACHINE.write().unwrap_or_else(PoisonError::into_inner);
    on_shared(test);
}

fn on_shared(test: impl AsyncFnOnce(&Cluster)) {
    static SHARED: OnceCell<Cluster> = OnceCell::const_new();
    RUNTIME.block_on(async {
        let cluster = SHARED
            .get_or_init(async || {
                let cluster = Cluster::start("shared").await;
                cluster.install(Schemas::V1alpha2).await;
                cluster
            })
            .await;
        test(cluster).await;
    });
}

/// Runs a test on a cluster of its own, which has no schemas yet.
pub(crate) fn on_own_cluster(name: &str, test: impl AsyncFnOnce(&Cluster)) {
    let _beside_others = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    on_new(name, test);
}

/// Runs a test on one while no other test runs.
pub(crate) fn alone_on_own_cluster(name: &str, test: impl AsyncFnOnce(&Cluster)) {
    let _alone = MACHINE.write().unwrap_or_else(PoisonError::into_inner);
    on_new(name, test);
}

fn on_new(name: &str, test: impl AsyncFnOnce(&Cluster)) {
    RUNTIME.block_on(async {
        let cluster = Cluster::start(name).await;
        test(&cluster).await;
    });
}

/// Runs a test on clusters with our own schemas, and with those that Kelos ships where they lie beside the project.
pub(crate) fn on_each_schema(name: &str, test: impl AsyncFn(&Cluster)) {
    for (schemas, suffix) in [(Schemas::V1alpha2, "v1alpha2"), (Schemas::Kelos052, "kelos-v0.52")] {
        if schemas.folder().is_none() {
            // Printed past the test's captured output: what was not tested must be seen.
            let _ = writeln!(stderr(), "{name}: not tested on {suffix}, its schemas are not here");
            continue;
        }
        on_own_cluster(&format!("{name}-{suffix}"), async |cluster| {
            cluster.install(schemas).await;
            test(cluster).await;
        });
    }
}

/// A cluster, and the webhook that its tests share.
pub(crate) struct Cluster {
    parts: Arc<Parts>,
    shared_webhook: OnceCell<Webhook>,
}

/// A control plane with an administrator. It ends with the last who uses it.
pub(crate) struct Parts {
    pub(crate) control_plane: ControlPlane,
    pub(crate) admin: Api,
    account: OnceCell<Account>,
    schemas: Mutex<Schemas>,
    ports: AtomicU16,
}

impl Deref for Cluster {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}

impl Parts {
    /// The version in which clients write.
    pub(crate) fn version(&self) -> &'static str {
        self.schemas.lock().unwrap().version()
    }

    /// The ServiceAccount with the rights that serving needs.
    pub(crate) async fn account(&self) -> Account {
        let address = self.control_plane.address();
        let made = self.account.get_or_init(async || Account::serving(&self.admin, address).await);
        made.await.clone()
    }
}

impl Cluster {
    async fn start(name: &str) -> Cluster {
        let control_plane = ControlPlane::start(name).await;
        let admin = control_plane.admin();
        admin.create("/api/v1/namespaces", &json!({"metadata": {"name": SYSTEM}})).await.ok();
        let parts = Arc::new(Parts {
            control_plane,
            admin,
            account: OnceCell::new(),
            schemas: Mutex::new(Schemas::V1alpha1),
            ports: AtomicU16::new(443),
        });
        Cluster { parts, shared_webhook: OnceCell::new() }
    }

    /// Installs or replaces the schemas of Kelos.
    pub(crate) async fn install(&self, schemas: Schemas) {
        schemas.install(&self.admin).await;
        *self.schemas.lock().unwrap() = schemas;
    }

    /// A webhook of its own for a test that stops it, or wants it otherwise than the others.
    pub(crate) fn webhook(&self, name: &str) -> Setup {
        Setup::new(Arc::clone(&self.parts), name, self.next_port())
    }

    /// A port of the Service that nobody has.
    pub(crate) fn next_port(&self) -> u16 {
        self.ports.fetch_add(1, Ordering::Relaxed)
    }

    /// One of several webhooks that share a port, a name and a registration.
    pub(crate) fn webhook_on(&self, name: &str, port: u16) -> Setup {
        Setup::new(Arc::clone(&self.parts), name, port).among_others()
    }

    /// What webhooks need to know of it.
    pub(crate) fn parts(&self) -> Arc<Parts> {
        Arc::clone(&self.parts)
    }

    /// A webhook of its own, to which the API server shows a certificate.
    pub(crate) fn webhook_with_client_certificate(&self, name: &str) -> Setup {
        Setup::new(Arc::clone(&self.parts), name, MUTUAL_TLS_PORT)
    }

    /// A namespace for one test, served by the webhook that the tests share.
    pub(crate) async fn namespace(&self, name: &str) -> Namespace {
        self.namespace_with(name, json!({})).await
    }

    /// The same, with labels.
    pub(crate) async fn namespace_with(&self, name: &str, labels: serde_json::Value) -> Namespace {
        self.shared_webhook().await.namespace_with(name, labels).await
    }

    /// A namespace that no webhook of the harness serves.
    pub(crate) async fn bare_namespace(&self, name: &str, labels: serde_json::Value) -> Namespace {
        Namespace::create(Arc::clone(&self.parts), name, labels).await
    }

    /// The webhook that the tests share.
    pub(crate) async fn shared_webhook(&self) -> &Webhook {
        let started = async || self.webhook("kelos-metadata").with_sessions().start().await;
        self.shared_webhook.get_or_init(started).await
    }
}
