//! The chart, installed, with its Pods, as a cluster runs it.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::harness::certificate_watch::{CertificateWatch, Watched, live};
use crate::harness::helm::{Helm, NAMESPACE, RELEASE};
use crate::harness::kubectl::Kubectl;
use crate::harness::pod::{CONFIGURATIONS, Pod, service};
use crate::harness::registration::SERVER_NAME;
use crate::harness::served::{Served, ca_certificates, distrust, served};
use crate::harness::wait::within;
use crate::harness::{Cluster, ca};
use crate::load::endpoints::Endpoints;

/// How many Pods serve.
const REPLICAS: usize = 2;

/// Ten times what is promised for a Secret.
const TIMEOUT: Duration = Duration::from_secs(100);

/// A release of the chart, and its Pods.
pub(crate) struct Installation<'c> {
    cluster: &'c Cluster,
    helm: Helm,
    kubectl: Kubectl,
    endpoints: Endpoints,
    pods: Vec<Pod>,
    controller: Option<Pod>,
    watched: Watched,
}

/// The values of the release; each `edition` excludes another namespace and has Pods of its own.
fn values(edition: &str) -> Value {
    json!({
        "replicas": REPLICAS,
        // Long enough for the Service to forget a Pod that gets SIGTERM.
        "shutdownDelaySeconds": 2,
        "certificates": {"selfManaged": {"lifetime": "30s", "caSettle": "2s"}},
        "controller": {"extraArgs": ["--lease-duration=3s"]},
        "excludeNamespaces": [edition],
        "podLabels": {"edition": edition},
    })
}

fn configuration() -> String {
    format!("{CONFIGURATIONS}/{RELEASE}")
}

impl<'c> Installation<'c> {
    /// Installs the chart with helm, but for `failurePolicy: Fail`, and starts its Pods.
    pub(crate) async fn install(cluster: &'c Cluster) -> Installation<'c> {
        let kubeconfig = cluster.control_plane.admin_kubeconfig();
        let helm = Helm::with_kubeconfig(&kubeconfig).failing_closed();
        helm.install(&values("first")).ok();
        let endpoints = Endpoints::follow(cluster.parts(), service(cluster).await);
        let mut installation = Installation {
            cluster,
            helm,
            kubectl: Kubectl::new(&kubeconfig),
            endpoints,
            pods: Vec::new(),
            controller: None,
            watched: Watched::default(),
        };
        installation.is_edition("first").await;
        installation.replace_controller().await;
        for _ in 0..REPLICAS {
            installation.add().await;
        }
        installation
    }

    /// Watches over every certificate that is served.
    pub(crate) fn watch_certificates(&self) -> CertificateWatch {
        CertificateWatch::begin(self.cluster.admin.clone(), configuration(), self.watched.clone())
    }

    async fn add(&mut self) {
        let pod = Pod::serving(self.cluster).await;
        self.endpoints.lead_to(pod.health(), pod.webhook()).await;
        self.watched.serves(pod.webhook());
        self.pods.push(pod);
    }

    /// Replaces the Pods that serve as a Deployment does: a new one is ready, then an old one gets SIGTERM.
    pub(crate) async fn roll(&mut self) {
        for _ in 0..REPLICAS {
            self.add().await;
            let old = self.pods.remove(0);
            let (health, address) = (old.health(), old.webhook());
            self.watched.leaves(address);
            let status = tokio::task::spawn_blocking(move || old.stop()).await.unwrap();
            assert!(status.success(), "{status}");
            self.endpoints.forget(health);
            self.watched.is_gone(address);
        }
    }

    /// Replaces the Pod of the controller.
    pub(crate) async fn replace_controller(&mut self) {
        let new = Pod::controller(self.cluster).await;
        if let Some(old) = self.controller.replace(new) {
            assert!(old.stop().success());
        }
    }

    /// Kills the Pod of the controller, and starts another.
    pub(crate) async fn kill_controller(&mut self) {
        drop(self.controller.take());
        self.replace_controller().await;
    }

    /// `helm upgrade`: the registration changes, and the Pods are replaced.
    pub(crate) async fn upgrade(&mut self, edition: &str) {
        let output = tokio::task::block_in_place(|| self.helm.upgrade(&values(edition)));
        output.ok();
        self.is_edition(edition).await;
        self.replace_controller().await;
        self.roll().await;
    }

    /// `kubectl apply` of what helm renders, with these flags besides; the Pods stay as they are.
    pub(crate) async fn apply(&self, edition: &str, flags: &[&str]) {
        let args = [&["apply", "--namespace", NAMESPACE, "-f", "-"], flags].concat();
        let output = tokio::task::block_in_place(|| {
            let objects = self.helm.template(&values(edition)).ok();
            self.kubectl.run(&args, &objects)
        });
        output.ok();
        self.is_edition(edition).await;
    }

    /// That the registration is of this edition, fails closed, and is trusted still.
    async fn is_edition(&self, edition: &str) {
        let found = self.cluster.admin.get(&configuration()).await.ok();
        let webhook = &found["webhooks"][0];
        assert_eq!(webhook["failurePolicy"], "Fail", "{webhook:#}");
        assert!(webhook["namespaceSelector"].to_string().contains(edition), "{webhook:#}");
        for pod in &self.pods {
            let leaf = served(pod.webhook()).await.unwrap();
            distrust(&leaf, &live(&self.cluster.admin, &configuration()).await).unwrap();
        }
    }

    /// What each Pod serves.
    async fn served(&self) -> Vec<Served> {
        let mut all = Vec::new();
        for pod in &self.pods {
            all.extend(served(pod.webhook()).await);
        }
        all
    }

    /// Waits until every Pod serves the certificate of the Secret, and it is another one than before.
    async fn is_renewed(&self, before: &[Served]) {
        within(TIMEOUT, "another certificate is served", async || {
            let leaf = Served(ca_certificates(&self.field("tls.crt").await?).first()?.clone());
            let now = self.served().await;
            let is_served = now.len() == REPLICAS && now.iter().all(|served| *served == leaf);
            (is_served && !before.contains(&leaf)).then_some(())
        })
        .await;
    }

    /// Waits for a rotation.
    pub(crate) async fn rotates(&self) {
        self.is_renewed(&self.served().await).await;
    }

    /// Deletes the Secret, and waits until it is repaired.
    pub(crate) async fn delete_secret(&self) {
        let before = self.served().await;
        self.cluster.admin.delete(&self.secret()).await.ok();
        self.is_renewed(&before).await;
    }

    /// Fills the Secret with garbage, and waits until it is repaired.
    pub(crate) async fn spoil_secret(&self) {
        let garbage = BASE64.encode("garbage");
        let fields = ["tls.crt", "tls.key", "ca.crt", "next-tls.crt", "next-tls.key"];
        self.overwrite_secret(fields.iter().map(|field| (*field, garbage.clone())).collect()).await;
    }

    /// Puts a pair into the Secret that fits, of a CA that nobody trusts, and waits until it is repaired.
    pub(crate) async fn plant_pair(&self) {
        let leaf = ca::issue(&[SERVER_NAME]);
        let pair = [("tls.crt", leaf.certificate), ("tls.key", leaf.key)];
        self.overwrite_secret(pair.map(|(field, pem)| (field, BASE64.encode(pem))).into()).await;
    }

    async fn overwrite_secret(&self, data: BTreeMap<&str, String>) {
        let before = self.served().await;
        self.cluster.admin.merge(&self.secret(), &json!({ "data": data })).await.ok();
        self.is_renewed(&before).await;
    }

    async fn field(&self, name: &str) -> Option<Vec<u8>> {
        let secret = self.cluster.admin.get(&self.secret()).await;
        BASE64.decode(secret.body["data"][name].as_str()?).ok()
    }

    fn secret(&self) -> String {
        format!("/api/v1/namespaces/{NAMESPACE}/secrets/kelos-metadata-tls")
    }
}
