//! Reconciling: read, one step, read again.

use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use serde::de::IgnoredAny;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::time::{Instant, sleep, timeout_at};

use super::fight::{Fight, FightDetector};
use super::metrics::ControllerMetrics;
use super::propagation::Propagation;
use super::serving_cert::ServingCert;
use super::state::{CERTIFICATE, KEY, Secret};
use super::step_kind::{StepKind, StepResult};
use super::store::{ClusterState, ManagedObjects, StepError, Store};
use super::{RotationPolicy, RotationStep, next_step};
use crate::cluster::{Change, Leadership, Reflector};
use crate::readiness::Readiness;
use crate::telemetry::{LogOnce, chain};

/// Whether or not anything happens, everything is looked at this often: a clock may have been set,
/// an event may have been missed.
const LOOK: Duration = Duration::from_secs(60);
/// How long changes are gathered before they are looked at.
const GATHER: Duration = Duration::from_millis(50);
/// How long the pause after an error is, and how long it may become.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// More steps than a round has, unless somebody undoes them.
const STEPS: usize = 32;

/// Reconciles the Secret and the configurations by the rotation policy, while this process leads.
pub struct Reconciler {
    client: Client,
    policy: RotationPolicy,
    managed: ManagedObjects,
    store: Store,
    leadership: Leadership,
    metrics: Arc<ControllerMetrics>,
    readiness: Readiness,
    /// When this began to look.
    started: Instant,
    propagation: Propagation,
    fights: FightDetector,
    /// The error that was logged last, so that it is logged once.
    error: LogOnce<String>,
}

impl Reconciler {
    /// Reconciles these objects. It is ready when it has read all.
    pub fn new(
        client: Client,
        policy: RotationPolicy,
        managed: ManagedObjects,
        leadership: Leadership,
        metrics: Arc<ControllerMetrics>,
        readiness: Readiness,
    ) -> Reconciler {
        let store = Store::new(client.clone(), &managed);
        Reconciler {
            client,
            policy,
            managed,
            store,
            leadership,
            metrics,
            readiness,
            started: Instant::now(),
            propagation: Propagation::default(),
            fights: FightDetector::default(),
            error: LogOnce::default(),
        }
    }

    /// Works for as long as this runs: whenever an object changes, when the policy says so, and every
    /// minute.
    pub async fn run(mut self) {
        let mut changes = self.watch();
        let mut pause = FIRST_PAUSE;
        loop {
            match self.reconcile().await {
                Ok(time) => {
                    self.error.clear();
                    self.readiness.set_ready();
                    pause = FIRST_PAUSE;
                    self.wait(time, &mut changes).await;
                }
                Err(error) => {
                    self.report(&error);
                    // What can be done at once is not to wait for what can't.
                    sleep(FIRST_PAUSE).await;
                    self.wait(pause - FIRST_PAUSE, &mut changes).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// Hears of every change of the objects. What they have become is read when it is needed.
    fn watch(&self) -> Receiver<()> {
        let (changed, changes) = channel(1);
        for (resource, scope) in self.managed.watched() {
            let (client, changed) = (self.client.clone(), changed.clone());
            // Of a list, its end counts: whoever looks then sees all of it.
            let news = |change| match change {
                Change::Listed | Change::One(_) | Change::Gone { .. } => Some(()),
                Change::Listing | Change::Page(_) | Change::Alive => None,
            };
            let reflector: Reflector<IgnoredAny, ()> =
                Reflector::new(client, resource, scope, changed, news);
            tokio::spawn(reflector.run());
        }
        changes
    }

    /// Waits for the next reason to look, so long at the most.
    async fn wait(&self, time: Duration, changes: &mut Receiver<()>) {
        tokio::select! {
            () = sleep(time) => return,
            () = self.begins_to_lead() => return,
            Some(()) = changes.recv() => (),
        }
        sleep(GATHER).await;
        while changes.try_recv().is_ok() {}
    }

    /// Returns when this process leads that does not now.
    async fn begins_to_lead(&self) {
        let mut leadership = self.leadership.clone();
        if leadership.until().is_some() {
            std::future::pending::<()>().await;
        }
        while leadership.until().is_none() {
            leadership.changed().await;
        }
    }

    /// Takes steps until there is nothing to do; gives the time until there is.
    async fn reconcile(&mut self) -> Result<Duration, StepError> {
        for _ in 0..STEPS {
            let found = self.store.read().await?;
            self.set_expiry(found.secret.as_ref());
            let Some(until) = self.leadership.until() else {
                // Who does not lead may miss what whoever leads puts right.
                self.propagation.restart();
                return Ok(LOOK);
            };
            let step = self.next_step(&found);
            let kind = match &step {
                RotationStep::Wait(then) => {
                    let seconds = u64::try_from(*then - found.now).unwrap_or(0);
                    return Ok(LOOK.min(Duration::from_secs(seconds.max(1))));
                }
                RotationStep::Issue { .. } => StepKind::Issue,
                RotationStep::Mend { .. } => StepKind::Mend,
                RotationStep::Publish { .. } => StepKind::Publish,
                RotationStep::Mark(_) => StepKind::Mark,
                RotationStep::Promote => StepKind::Promote,
            };
            // Who leads no more writes no more, not even what is on its way.
            let taken = timeout_at(until, self.store.take(&self.policy, step, found)).await;
            match taken.unwrap_or(Err(StepError::Deposed)) {
                Ok(()) => self.metrics.step(kind, StepResult::Done),
                Err(error) if error.is_conflict() => {
                    tracing::debug!(step = kind.as_str(), "Somebody else wrote: reading again");
                    self.metrics.step(kind, StepResult::Conflict);
                }
                Err(error) => {
                    self.metrics.step(kind, StepResult::Failed);
                    return Err(error);
                }
            }
            if self.is_undone(kind) {
                break;
            }
        }
        sleep(LONGEST_PAUSE).await;
        Ok(Duration::ZERO)
    }

    /// Says what comes next, as far as this process knows.
    fn next_step(&mut self, found: &ClusterState) -> RotationStep {
        let (secret, configurations) = (found.secret.as_ref(), &found.configurations);
        let settled = self.propagation.see(secret.and_then(Secret::mark), self.started.elapsed());
        let step = next_step(&self.policy, secret, configurations, found.now, settled);
        if let RotationStep::Publish { settles_anew: true, .. } = &step {
            // Also if the mark can't be taken away.
            self.propagation.restart();
        }
        step
    }

    /// Says when the certificate in the Secret expires, also if another process leads.
    fn set_expiry(&self, secret: Option<&Secret>) {
        let pair = secret.map(|secret| (secret.field(CERTIFICATE), secret.field(KEY)));
        if let Some(leaf) =
            pair.and_then(|(certificate, key)| ServingCert::read(&certificate, &key))
        {
            self.metrics.set_certificate_expiry(leaf.validity.not_after);
        }
    }

    /// Whether a step had to be taken so often that somebody else must undo it.
    fn is_undone(&mut self, step: StepKind) -> bool {
        let fight = self.fights.count(step, Instant::now());
        let ManagedObjects { namespace, secret, configuration } = &self.managed;
        match (fight, step) {
            (Fight::None, _) => return false,
            (Fight::Known, _) => (),
            (Fight::News, StepKind::Publish) => tracing::warn!(
                configuration,
                "Somebody else keeps writing the caBundle: take the field out of what they apply"
            ),
            (Fight::News, _) => tracing::warn!(
                namespace,
                secret,
                step = step.as_str(),
                "Somebody else keeps writing the Secret, or changes what is written to it: exempt it \
                 from what they do"
            ),
        }
        true
    }

    /// Logs an error, unless it is the same as before.
    fn report(&mut self, error: &StepError) {
        let text = chain(error);
        if self.readiness.reason().is_some() {
            self.readiness.set_unready(format!("the Secret and the configurations: {text}"));
        }
        if self.error.is_news(text.clone()) {
            tracing::warn!(error = text, "Failed to reconcile the certificates; trying again");
        }
    }
}
