//! A Lease that one process holds at a time: the leader, which may write.
//!
//! Who holds it renews it; who does not watches whether it is renewed. Clocks of different machines
//! are never compared: a Lease is over when it has not changed for its duration, as this process saw
//! it, and a leader stops a third of that earlier, whether or not it hears anything. What it wrote
//! by then must do no harm if it arrives late, so writes are compare-and-swap besides.

use std::time::Duration;

use jiff::Timestamp;
use kube::Client;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::{Error, ObjectPath, Patch};
use crate::telemetry::{LogOnce, chain};

/// How a Lease is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseTiming {
    /// How long a Lease that is not renewed keeps others away; whole seconds.
    pub duration: Duration,
}

impl LeaseTiming {
    /// How long its holder relies on it: shorter, so that nobody else holds it by then.
    fn reliable(self) -> Duration {
        self.duration * 2 / 3
    }

    /// How often it is renewed, or looked at.
    fn pause(self) -> Duration {
        self.duration / 8
    }
}

/// Whether this process leads. Clones share their state.
#[derive(Clone, Debug)]
pub struct Leadership(watch::Receiver<Option<Instant>>);

impl Leadership {
    /// Until when this process leads, if nothing else happens; `None` if it does not lead.
    pub fn until(&self) -> Option<Instant> {
        (*self.0.borrow()).filter(|until| Instant::now() < *until)
    }

    /// Returns when this process has begun to lead, or has led on.
    pub async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending().await
        }
    }
}

/// A process that wants to lead.
pub struct Election {
    client: Client,
    lease: ObjectPath,
    identity: String,
    timing: LeaseTiming,
    until: watch::Sender<Option<Instant>>,
    /// The Lease as it was when it was last seen to change, and when that was.
    seen: Option<(Spec, Instant)>,
    error: LogOnce<String>,
}

#[derive(Deserialize)]
struct Lease {
    metadata: LeaseMetadata,
    #[serde(default)]
    spec: Option<Spec>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LeaseMetadata {
    #[serde(default)]
    resource_version: String,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
struct Spec {
    holder_identity: Option<String>,
    lease_duration_seconds: Option<i64>,
    renew_time: Option<String>,
    lease_transitions: Option<i64>,
}

impl Spec {
    /// Who holds it; nobody, if it was let go.
    fn holder(&self) -> Option<&str> {
        self.holder_identity.as_deref().filter(|holder| !holder.is_empty())
    }

    /// How long it keeps others away.
    fn duration(&self, usual: Duration) -> Duration {
        let seconds = self.lease_duration_seconds.and_then(|seconds| u64::try_from(seconds).ok());
        seconds.map_or(usual, Duration::from_secs)
    }
}

impl Election {
    /// Takes part in the election for a Lease, under a name that no other process has.
    pub fn new(
        client: Client,
        lease: ObjectPath,
        identity: String,
        timing: LeaseTiming,
    ) -> (Election, Leadership) {
        let (until, leadership) = watch::channel(None);
        let election = Election {
            client,
            lease,
            identity,
            timing,
            until,
            seen: None,
            error: LogOnce::default(),
        };
        (election, Leadership(leadership))
    }

    /// Leads whenever nobody else does, for as long as this runs. `on_round` hears whether it leads.
    pub async fn run(&mut self, on_round: impl Fn(bool)) {
        let mut led = false;
        loop {
            let patience = self.timing.reliable();
            let attempt = timeout(patience, self.attempt()).await;
            self.report(attempt.unwrap_or(Err(Error::Timeout(patience))).err());
            let leads = self.leads();
            if led != leads {
                let (lease, identity) = (&self.lease.name, &self.identity);
                if leads {
                    tracing::info!(lease, identity, "Leading");
                } else {
                    tracing::warn!(lease, identity, "Not leading any more: nothing is written");
                }
                led = leads;
            }
            on_round(leads);
            sleep(self.timing.pause()).await;
        }
    }

    /// Lets the Lease go, so that another process need not wait for its end.
    pub async fn release(mut self) {
        if !self.leads() {
            return;
        }
        self.until.send_replace(None);
        let released = timeout(self.timing.reliable(), async {
            let found = self.lease.read::<Lease>(&self.client).await?.object;
            let spec = found.spec.unwrap_or_default();
            if spec.holder() != Some(&self.identity) {
                return Ok(());
            }
            let patch = self.patch(&found.metadata, json!({"holderIdentity": ""}));
            self.lease.patch(&self.client, patch).await
        });
        self.report(released.await.unwrap_or(Err(Error::Timeout(self.timing.reliable()))).err());
    }

    fn leads(&self) -> bool {
        self.until.borrow().is_some_and(|until| Instant::now() < until)
    }

    /// Looks at the Lease, and takes or renews it if it may be.
    async fn attempt(&mut self) -> Result<(), Error> {
        let begun = Instant::now();
        let found = match self.lease.read::<Lease>(&self.client).await {
            Ok(found) => found.object,
            Err(error) if error.is_not_found() => {
                let lease = json!({
                    "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                    "metadata": {"name": self.lease.name},
                    "spec": self.taken(0),
                });
                self.lease.create(&self.client, &lease).await?;
                self.lead_from(begun);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let spec = found.spec.unwrap_or_default();
        let change = if spec.holder() == Some(&self.identity) {
            json!({"renewTime": now()})
        } else {
            // Whatever this process believed: it is somebody else's, or was.
            self.until.send_replace(None);
            if !self.is_over(&spec) {
                return Ok(());
            }
            self.taken(spec.lease_transitions.unwrap_or(0).saturating_add(1))
        };
        self.lease.patch(&self.client, self.patch(&found.metadata, change)).await?;
        self.lead_from(begun);
        Ok(())
    }

    /// Whether nobody holds a Lease any more, as far as this process has seen.
    fn is_over(&mut self, spec: &Spec) -> bool {
        let seen = match self.seen.take() {
            Some((seen, since)) if seen == *spec => (seen, since),
            _ => (spec.clone(), Instant::now()),
        };
        let since = self.seen.insert(seen).1;
        spec.holder().is_none() || since.elapsed() >= spec.duration(self.timing.duration)
    }

    fn lead_from(&self, begun: Instant) {
        self.until.send_replace(Some(begun + self.timing.reliable()));
    }

    /// The Lease in our hands.
    fn taken(&self, transitions: i64) -> Value {
        json!({
            "holderIdentity": self.identity,
            "leaseDurationSeconds": self.timing.duration.as_secs(),
            "acquireTime": now(),
            "renewTime": now(),
            "leaseTransitions": transitions,
        })
    }

    fn patch(&self, metadata: &LeaseMetadata, spec: Value) -> Patch {
        let metadata = json!({"resourceVersion": metadata.resource_version});
        Patch::Merge(json!({"metadata": metadata, "spec": spec}))
    }

    /// Logs an error, unless it is the same as before.
    fn report(&mut self, error: Option<Error>) {
        // Somebody else was faster: there is a leader.
        let Some(error) = error.filter(|error| !error.is_conflict()) else {
            self.error.clear();
            return;
        };
        let error = chain(&error);
        if self.error.is_news(error.clone()) {
            tracing::warn!(
                lease = self.lease.name,
                error,
                "Failed to keep the Lease; trying again"
            );
        }
    }
}

/// The time as Leases have it.
fn now() -> String {
    format!("{:.6}", Timestamp::now())
}

#[cfg(test)]
mod tests;
