//! Where a Service leads, as the kubelet's probes and kube-proxy have it in a cluster.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::harness::cluster::Parts;
use crate::harness::wait::eventually;
use crate::harness::webhook::try_get;

/// How often the kubelet looks, and the Service follows: a second or more in a cluster.
const PROBE_PERIOD: Duration = Duration::from_millis(100);
/// How long a probe may take, as by the kubelet's default.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);

/// The endpoints of a Service, which follow the readiness of its members until this is dropped.
pub(crate) struct Endpoints {
    shared: Arc<Shared>,
    follower: JoinHandle<()>,
}

struct Shared {
    cluster: Arc<Parts>,
    service: String,
    /// Where each member serves, by where it reports its health.
    members: Mutex<BTreeMap<SocketAddr, SocketAddr>>,
    /// Where the Service leads now.
    ready: Mutex<Vec<SocketAddr>>,
}

impl Endpoints {
    /// Leads a Service to whoever is ready.
    pub(crate) fn follow(cluster: Arc<Parts>, service: String) -> Endpoints {
        let (members, ready) = (Mutex::default(), Mutex::default());
        let shared = Arc::new(Shared { cluster, service, members, ready });
        let follower = tokio::spawn(Arc::clone(&shared).follow());
        Endpoints { shared, follower }
    }

    /// Adds a member, and waits until the Service leads to it.
    pub(crate) async fn lead_to(&self, health: SocketAddr, address: SocketAddr) {
        self.shared.members.lock().unwrap().insert(health, address);
        eventually("the Service leads there", async || {
            self.shared.ready.lock().unwrap().contains(&address).then_some(())
        })
        .await;
    }

    /// Takes a member out at once, as when its Pod is deleted.
    pub(crate) fn forget(&self, health: SocketAddr) {
        self.shared.members.lock().unwrap().remove(&health);
    }
}

impl Drop for Endpoints {
    fn drop(&mut self) {
        self.follower.abort();
    }
}

impl Shared {
    fn lead_to(&self, ready: Vec<SocketAddr>) {
        let mut last = self.ready.lock().unwrap();
        if ready != *last {
            self.cluster.control_plane.set_backends(&self.service, ready.clone());
            *last = ready;
        }
    }

    async fn follow(self: Arc<Self>) {
        loop {
            let members = self.members.lock().unwrap().clone();
            let mut ready = Vec::new();
            for (health, address) in members {
                let is_ready = is_ready(health).await;
                // It may be gone since.
                if is_ready && self.members.lock().unwrap().contains_key(&health) {
                    ready.push(address);
                }
            }
            self.lead_to(ready);
            sleep(PROBE_PERIOD).await;
        }
    }
}

async fn is_ready(health: SocketAddr) -> bool {
    let probe = timeout(PROBE_TIMEOUT, try_get(health, "/readyz")).await;
    probe.is_ok_and(|answer| answer.is_ok_and(|answer| answer.starts_with("HTTP/1.1 200")))
}
