//! Webhooks behind one Service, as a Deployment keeps them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::harness::cluster::{Cluster, Parts};
use crate::harness::namespace::Namespace;
use crate::harness::webhook::{Setup, Webhook, get};

/// How often the kubelet looks, and the Service follows: a second or more in a cluster.
const PROBE_PERIOD: Duration = Duration::from_millis(100);

/// Webhooks that share a port of the Service.
pub(crate) struct Fleet<'c> {
    cluster: &'c Cluster,
    name: String,
    failure_policy: &'static str,
    args: Vec<String>,
    port: u16,
    members: Vec<Webhook>,
    endpoints: Arc<Endpoints>,
    follower: JoinHandle<()>,
}

/// Which of the webhooks the Service leads to.
struct Endpoints {
    cluster: Arc<Parts>,
    service: String,
    /// Where each webhook listens, by where it tells its health.
    members: Mutex<BTreeMap<SocketAddr, SocketAddr>>,
}

impl Endpoints {
    /// Whether a webhook is one of them still.
    fn has(&self, webhook: &SocketAddr) -> bool {
        self.members.lock().unwrap().values().any(|member| member == webhook)
    }

    /// Leads to those that are ready, and goes on looking.
    async fn follow(self: Arc<Self>) {
        let mut last = Vec::new();
        loop {
            let members = self.members.lock().unwrap().clone();
            let mut ready = Vec::new();
            for (health, webhook) in members {
                if is_ready(health).await {
                    ready.push(webhook);
                }
            }
            ready.retain(|webhook| self.has(webhook));
            if ready != last {
                self.cluster.control_plane.set_backends(&self.service, ready.clone());
                last = ready;
            }
            sleep(PROBE_PERIOD).await;
        }
    }
}

async fn is_ready(health: SocketAddr) -> bool {
    TcpStream::connect(health).await.is_ok()
        && get(health, "/readyz").await.starts_with("HTTP/1.1 200")
}

impl<'c> Fleet<'c> {
    /// Starts so many webhooks, started with these arguments besides, and registers them.
    pub(crate) async fn start(
        cluster: &'c Cluster,
        name: &str,
        count: usize,
        failure_policy: &'static str,
        args: &[&str],
    ) -> Fleet<'c> {
        let port = cluster.next_port();
        let endpoints = Arc::new(Endpoints {
            cluster: cluster.parts(),
            service: Setup::service(port),
            members: Mutex::default(),
        });
        let follower = tokio::spawn(Arc::clone(&endpoints).follow());
        let mut fleet = Fleet {
            cluster,
            name: name.to_owned(),
            failure_policy,
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
            port,
            members: Vec::new(),
            endpoints,
            follower,
        };
        for _ in 0..count {
            fleet.add().await;
        }
        Webhook::register_all(&fleet.members.iter().collect::<Vec<_>>()).await;
        fleet
    }

    /// A namespace that the webhooks serve.
    pub(crate) async fn namespace(&self, name: &str) -> Namespace {
        self.members[0].namespace(name).await
    }

    /// Starts one more, and waits until the Service leads to it.
    pub(crate) async fn add(&mut self) {
        let policy = self.failure_policy;
        let setup = self.cluster.webhook_on(&self.name, self.port);
        let setup = setup.with_flags(self.args.clone()).registered(|it| it.failure_policy = policy);
        let webhook = setup.launch().await;
        self.endpoints.members.lock().unwrap().insert(webhook.health(), webhook.address);
        webhook.is_ready().await;
        // Two rounds of the follower: one may have been under way.
        sleep(3 * PROBE_PERIOD).await;
        self.members.push(webhook);
    }

    /// Replaces the oldest one as a Deployment does: a new one is ready, then the old one is told to stop,
    /// and at the same time the Service begins to forget it.
    pub(crate) async fn replace_oldest(&mut self) {
        self.add().await;
        let mut old = self.members.remove(0);
        let status = tokio::task::spawn_blocking(move || old.stop()).await.unwrap();
        assert!(status.success(), "{status}");
        self.forget_the_dead();
    }

    /// Kills one as the kernel does, and starts it again after a while.
    pub(crate) async fn kill_and_restart(&mut self, which: usize, after: Duration) {
        self.members.remove(which).kill();
        self.forget_the_dead();
        sleep(after).await;
        self.add().await;
    }

    /// Kills all of them.
    pub(crate) fn kill_all(&mut self) {
        self.members.drain(..).for_each(|mut webhook| webhook.kill());
    }

    fn forget_the_dead(&self) {
        let alive: Vec<_> = self.members.iter().map(Webhook::health).collect();
        self.endpoints.members.lock().unwrap().retain(|health, _| alive.contains(health));
    }
}

impl Drop for Fleet<'_> {
    fn drop(&mut self) {
        self.follower.abort();
    }
}
