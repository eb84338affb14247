//! Doing what the plan says: read, one step, read again.

use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use serde::de::IgnoredAny;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::time::{Instant, sleep, timeout_at};

use super::brake::{Brake, Pace};
use super::leaf::Leaf;
use super::objects::{Found, Objects, Places, Setback};
use super::observed::{CERTIFICATE, KEY, Secret};
use super::settling::Settling;
use super::{Plan, Step, next_step};
use crate::admin::Readiness;
use crate::cluster::{Change, Leadership, Reflector};
use crate::metrics::{CertificateStep, ControllerMetrics, StepResult};

/// Whether or not anything happens, everything is looked at this often: a clock may have been set,
/// an event may have been missed.
const LOOK: Duration = Duration::from_secs(60);
/// How long changes are gathered before they are looked at.
const GATHER: Duration = Duration::from_millis(50);
/// How long the pause after trouble is, and how long it may become.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// More steps than a round has, unless somebody undoes them.
const STEPS: usize = 32;

/// Keeps the Secret and the configuration as the plan says, while this process leads.
pub struct Keeper {
    client: Client,
    plan: Plan,
    places: Places,
    objects: Objects,
    leadership: Leadership,
    metrics: Arc<ControllerMetrics>,
    readiness: Readiness,
    /// When this began to look.
    started: Instant,
    settling: Settling,
    brake: Brake,
    /// The trouble that was logged last, so that it is logged once.
    told: Option<String>,
}

impl Keeper {
    /// Keeps these objects. It is ready when it has read both.
    pub fn new(
        client: Client,
        plan: Plan,
        places: Places,
        leadership: Leadership,
        metrics: Arc<ControllerMetrics>,
        readiness: Readiness,
    ) -> Keeper {
        let objects = Objects::new(client.clone(), &places);
        Keeper {
            client,
            plan,
            places,
            objects,
            leadership,
            metrics,
            readiness,
            started: Instant::now(),
            settling: Settling::default(),
            brake: Brake::default(),
            told: None,
        }
    }

    /// Works for as long as this runs: whenever an object changes, when the plan says so, and every
    /// minute.
    pub async fn run(mut self) {
        let mut changes = self.watch();
        let mut pause = FIRST_PAUSE;
        loop {
            match self.round().await {
                Ok(time) => {
                    self.told = None;
                    self.readiness.set_ready();
                    pause = FIRST_PAUSE;
                    self.wait(time, &mut changes).await;
                }
                Err(setback) => {
                    self.report(&setback);
                    // What can be done at once is not to wait for what can't.
                    sleep(FIRST_PAUSE).await;
                    self.wait(pause - FIRST_PAUSE, &mut changes).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// Has every change of the objects told. What they have become is read when it is needed.
    fn watch(&self) -> Receiver<()> {
        let (changed, changes) = channel(1);
        for (resource, scope) in self.places.watched() {
            let (client, changed) = (self.client.clone(), changed.clone());
            // Of a list, its end is told: whoever looks then sees all of it.
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
    async fn round(&mut self) -> Result<Duration, Setback> {
        for _ in 0..STEPS {
            let found = self.objects.read().await?;
            self.tell_expiry(found.secret.as_ref());
            let Some(until) = self.leadership.until() else {
                // Who does not lead may miss what whoever leads puts right.
                self.settling.restart();
                return Ok(LOOK);
            };
            let step = self.next_step(&found);
            let kind = match &step {
                Step::Wait(then) => {
                    let seconds = u64::try_from(then.saturating_sub(found.now)).unwrap_or(0);
                    return Ok(LOOK.min(Duration::from_secs(seconds.max(1))));
                }
                Step::Issue { .. } => CertificateStep::Issue,
                Step::Mend { .. } => CertificateStep::Mend,
                Step::Publish { .. } => CertificateStep::Publish,
                Step::Mark(_) => CertificateStep::Mark,
                Step::Promote => CertificateStep::Promote,
            };
            // Who leads no more writes no more, not even what is on its way.
            let taken = timeout_at(until, self.objects.take(&self.plan, step, found)).await;
            match taken.unwrap_or(Err(Setback::Deposed)) {
                Ok(()) => self.metrics.step(kind, StepResult::Done),
                Err(setback) if setback.is_conflict() => {
                    tracing::debug!(step = kind.as_str(), "Somebody else wrote: reading again");
                    self.metrics.step(kind, StepResult::Conflict);
                }
                Err(setback) => {
                    self.metrics.step(kind, StepResult::Failed);
                    return Err(setback);
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
    fn next_step(&mut self, found: &Found) -> Step {
        let (secret, configuration) = (found.secret.as_ref(), found.configuration.as_ref());
        let settled = self.settling.see(secret.and_then(Secret::mark), self.started.elapsed());
        let step = next_step(&self.plan, secret, configuration, found.now, settled);
        if let Step::Publish { settles_anew: true, .. } = &step {
            // Also if the mark can't be taken away.
            self.settling.restart();
        }
        step
    }

    /// Says when the certificate in the Secret expires, also if another process leads.
    fn tell_expiry(&self, secret: Option<&Secret>) {
        let pair = secret.map(|secret| (secret.field(CERTIFICATE), secret.field(KEY)));
        if let Some(leaf) = pair.and_then(|(certificate, key)| Leaf::read(&certificate, &key)) {
            self.metrics.set_certificate_expiry(leaf.not_after);
        }
    }

    /// Whether a step had to be taken so often that somebody else must undo it.
    fn is_undone(&mut self, step: CertificateStep) -> bool {
        let pace = self.brake.count(step, Instant::now());
        let Places { namespace, secret, configuration } = &self.places;
        match (pace, step) {
            (Pace::Free, _) => return false,
            (Pace::Slow, _) => (),
            (Pace::SlowAndTell, CertificateStep::Publish) => tracing::warn!(
                configuration,
                "Somebody else keeps writing the caBundle: take the field out of what they apply"
            ),
            (Pace::SlowAndTell, _) => tracing::warn!(
                namespace,
                secret,
                step = step.as_str(),
                "Somebody else keeps writing the Secret, or changes what is written to it: exempt it \
                 from what they do"
            ),
        }
        true
    }

    /// Logs trouble, unless it is the same as before.
    fn report(&mut self, setback: &Setback) {
        let text = setback.in_full();
        if self.readiness.reason().is_some() {
            self.readiness.set_unready(format!("the Secret and the configuration: {text}"));
        }
        if self.told.as_ref() != Some(&text) {
            tracing::warn!(trouble = text, "The certificates can't be looked after; trying again");
        }
        self.told = Some(text);
    }
}
