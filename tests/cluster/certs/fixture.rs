//! A webhook with a Secret and a configuration of its own, and whoever looks after them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use kelos_metadata::certs::{Issued, issue};
use kelos_metadata::unix_seconds::UnixSeconds;
use serde_json::{Value, json};

use crate::certs::no_downtime::NoDowntime;
use crate::harness::access::{Account, SYSTEM};
use crate::harness::api::Api;
use crate::harness::certificate_watch::{CertificateWatch, Watched, live};
use crate::harness::controller::Controller;
use crate::harness::namespace::Namespace;
use crate::harness::registration::{CONFIGURATIONS, SERVER_NAME};
use crate::harness::served::{Served, ca_certificates, distrust, served};
use crate::harness::wait::{eventually, within};
use crate::harness::webhook::Webhook;
use crate::harness::{Cluster, spawner};

/// Ten times what is promised for a caBundle.
pub(crate) const BUNDLE_TIMEOUT: Duration = Duration::from_secs(10);
/// Ten times what is promised for a Secret.
pub(crate) const SECRET_TIMEOUT: Duration = Duration::from_secs(100);

/// A day.
pub(crate) const DAY: Duration = Duration::from_secs(86_400);

/// A webhook that fails closed, and whose certificates somebody has to look after.
pub(crate) struct Fixture {
    name: String,
    admin: Api,
    api_server: SocketAddr,
    account: Account,
    pub(crate) webhook: Webhook,
    namespace: Arc<Namespace>,
    task: Value,
}

impl Fixture {
    /// Starts the webhook, which has no key yet, and registers it without a caBundle.
    pub(crate) async fn new(cluster: &Cluster, name: &str) -> Fixture {
        let (admin, api_server) = (cluster.admin.clone(), cluster.control_plane.address());
        let account = Account::controlling(&admin, api_server, name).await;
        let serving = Account::with_secret(&admin, api_server, name).await;
        let webhook = cluster
            .webhook(name)
            .with_secret(name)
            .with_account(serving)
            .registered(|registration| {
                registration.failure_policy = "Fail";
                registration.is_trusted = false;
            })
            .launch()
            .await;
        webhook.register_unasked().await;
        let namespace = Arc::new(webhook.namespace(name).await);
        let worker = namespace.creates(spawner("worker").labels(json!({"area": "backend"}))).await;
        let task = worker.issue(1).into();
        let name = name.to_owned();
        Fixture { name, admin, api_server, account, webhook, namespace, task }
    }

    /// Starts a controller.
    pub(crate) async fn controller(&self, flags: &[&str]) -> Controller {
        self.controller_through(self.api_server, flags).await
    }

    /// Starts one that reaches the API server at another address.
    pub(crate) async fn controller_through(&self, at: SocketAddr, flags: &[&str]) -> Controller {
        Controller::start(&self.name, &self.account, at, flags).await
    }

    /// Leaves the controller the rights that it had before spawners were registered.
    pub(crate) async fn takes_right_to_validating(&self) {
        let resource = "validatingwebhookconfigurations";
        let role = format!("/apis/rbac.authorization.k8s.io/v1/clusterroles/{}", self.name);
        let mut rules = self.admin.get(&role).await.ok()["rules"].take();
        let rules_left = rules.as_array_mut().unwrap();
        rules_left.retain(|rule| rule["resources"] != json!([resource]));
        assert_eq!(rules_left.len(), 1, "{rules_left:?}");
        self.admin.merge(&role, &json!({"rules": rules})).await.ok();
        let path = format!("/apis/admissionregistration.k8s.io/v1/{resource}/{}", self.name);
        eventually("the right is gone", async || {
            (self.account.api(self.api_server).get(&path).await.status == 403).then_some(())
        })
        .await;
    }

    /// Where the API server is.
    pub(crate) fn api_server(&self) -> SocketAddr {
        self.api_server
    }

    /// Waits until Tasks are created, and labelled.
    pub(crate) async fn labels(&self) {
        eventually("a Task is labelled", async || {
            let reply = self.namespace.post("tasks", "?dryRun=All", self.task.clone()).await;
            (reply.body["metadata"]["labels"]["area"] == "backend").then_some(())
        })
        .await;
    }

    /// Watches over every certificate that is served, and creates Tasks, until it is ended.
    pub(crate) fn no_downtime(&self) -> NoDowntime {
        let watched = Watched::default();
        watched.serves(self.webhook.address);
        let path = self.configuration_path();
        let certificates = CertificateWatch::begin(self.admin.clone(), path, watched);
        NoDowntime::begin(certificates, Arc::clone(&self.namespace), self.task.clone())
    }

    /// What is served now.
    pub(crate) async fn served(&self) -> Option<Served> {
        served(self.webhook.address).await
    }

    /// What is served, as soon as something is.
    pub(crate) async fn served_at_last(&self) -> Served {
        eventually("something is served", async || self.served().await).await
    }

    /// Waits until something else is served than this, which the API server trusts.
    pub(crate) async fn serves_other_than(&self, old: Option<&Served>) -> Served {
        within(SECRET_TIMEOUT, "another certificate is served", async || {
            let now = self.served().await?;
            let is_good = distrust(&now, &self.live().await).is_ok();
            (old != Some(&now) && is_good).then_some(now)
        })
        .await
    }

    /// The live caBundle.
    pub(crate) async fn live(&self) -> Vec<u8> {
        live(&self.admin, &self.configuration_path()).await
    }

    /// How many CAs it has.
    pub(crate) async fn ca_certificates(&self) -> usize {
        ca_certificates(&self.live().await).len()
    }

    /// Writes the live caBundle.
    pub(crate) async fn edit(&self, bundle: &[u8]) {
        let webhook = json!([{"op": "add", "path": "/webhooks/0/clientConfig/caBundle",
                              "value": BASE64.encode(bundle)}]);
        self.admin.json_patch(&self.configuration_path(), &webhook).await.ok();
    }

    /// Takes the configuration away; gives what it was.
    pub(crate) async fn take_configuration(&self) -> Value {
        let mut found = self.admin.get(&self.configuration_path()).await.ok();
        self.admin.delete(&self.configuration_path()).await.ok();
        let metadata = json!({"name": self.name});
        found["metadata"] = metadata;
        found
    }

    /// Puts a configuration there.
    pub(crate) async fn put_configuration(&self, configuration: &Value) {
        self.admin.create(CONFIGURATIONS, configuration).await.ok();
    }

    /// Waits until the live caBundle is as expected, for this long.
    pub(crate) async fn is_repaired(&self, expected: &[u8]) {
        within(BUNDLE_TIMEOUT, "the caBundle is repaired", async || {
            (self.live().await == expected).then_some(())
        })
        .await;
    }

    /// The Secret, if there is one.
    pub(crate) async fn secret(&self) -> Option<Value> {
        let reply = self.admin.get(&self.secret_path()).await;
        reply.status.is_success().then_some(reply.body)
    }

    /// What a field of the Secret holds.
    pub(crate) async fn field(&self, name: &str) -> Option<Vec<u8>> {
        let secret = self.secret().await?;
        Some(BASE64.decode(secret["data"][name].as_str()?).unwrap())
    }

    /// Whether no rotation is going on: nothing is to serve next, and the bundle is published.
    pub(crate) async fn is_settled(&self) -> bool {
        let next = self.field("next-tls.crt").await;
        next.is_none() && self.field("ca.crt").await == Some(self.live().await)
    }

    /// Deletes the Secret.
    pub(crate) async fn delete_secret(&self) {
        self.admin.delete(&self.secret_path()).await.ok();
    }

    /// Changes the fields of the Secret.
    pub(crate) async fn spoil_secret(&self, data: Value) {
        self.admin.merge(&self.secret_path(), &json!({ "data": data })).await.ok();
    }

    /// Makes the Secret one that nobody can change.
    pub(crate) async fn freeze_secret(&self) {
        self.admin.merge(&self.secret_path(), &json!({"immutable": true})).await.ok();
    }

    /// The mark in the Secret, as soon as there is one, or another one than this.
    pub(crate) async fn is_marked(&self, before: Option<&Value>) -> Value {
        eventually("the caBundle settles", async || {
            let secret = self.secret().await?;
            let mark = &secret["metadata"]["annotations"]["metadata.kelos.dev/ca-trusted-since"];
            (mark.is_string() && Some(mark) != before).then(|| mark.clone())
        })
        .await
    }

    /// Writes a Secret as a controller leaves it, with this certificate, which is published, and
    /// other CAs.
    pub(crate) async fn seed(&self, issued: &Issued, others: &str) {
        // The newest CA is the first.
        let bundle = format!("{}{others}", issued.ca);
        let data = json!({
            "tls.crt": BASE64.encode(&issued.certificate),
            "tls.key": BASE64.encode(&issued.key),
            "ca.crt": BASE64.encode(&bundle),
        });
        let metadata = json!({"name": self.name});
        let secret = json!({"type": "kubernetes.io/tls", "metadata": metadata, "data": data});
        let secrets = format!("/api/v1/namespaces/{SYSTEM}/secrets");
        self.admin.create(&secrets, &secret).await.ok();
        self.edit(bundle.as_bytes()).await;
    }

    /// Takes the Lease away: whoever comes first holds it.
    pub(crate) async fn delete_lease(&self) {
        let leases = format!("/apis/coordination.k8s.io/v1/namespaces/{SYSTEM}/leases");
        self.admin.delete(&format!("{leases}/{}", self.name)).await.ok();
    }

    fn configuration_path(&self) -> String {
        format!("{CONFIGURATIONS}/{}", self.name)
    }

    fn secret_path(&self) -> String {
        format!("/api/v1/namespaces/{SYSTEM}/secrets/{}", self.name)
    }
}

/// A certificate that was issued so long ago, for so long.
pub(crate) fn issued_ago(age: Duration, lifetime: Duration) -> Issued {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let then = UnixSeconds::from_secs((now - age).as_secs());
    issue(SERVER_NAME, lifetime, then).unwrap()
}
