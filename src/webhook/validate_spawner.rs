//! `POST /validate-spawner`: a TaskSpawner or SessionSpawner that is written → what is wrong with it.
//!
//! It is always allowed, and never changed. What is found is told in warnings, which `kubectl apply` and Helm
//! print; where it can't be found in time, nothing is said. Spawners have places and threads of their own, so
//! that no Task ever waits for a warning.

mod judged;

use std::sync::Arc;

use bytes::Bytes;

use self::judged::Judged;
use super::case::IN_LINE_BYTES;
use super::pool::{Pool, turn_of};
use super::report::{self, Linted};
use super::review::{self, SpawnerReview, Unreadable};
use super::router::{Answer, Reply};
use super::time_budget::TimeBudget;
use super::{AdmissionOutcome, Answered, Metrics, Resource};
use crate::engine::kelos::{Injection, Namespace, Shape};
use crate::engine::lint::{Severity, Surroundings, lint};
use crate::spawners::{Snapshot, Spawners};

/// How many spawners are linted at once, one of a namespace: whoever has costly ones waits for itself.
const POOL_PLACES: usize = 2;

/// How many spawners of one namespace may wait at once. The costliest takes some 50 ms: more could not be linted
/// in time, and would take the places of other namespaces' requests.
const WAITING: usize = 8;

/// The largest spawner that is linted, in bytes of JSON. By default etcd takes 1.5 MiB: what is more is forged,
/// or refused later anyway.
const SPAWNER_BYTES: usize = 3 << 19;

/// Warns of what is wrong with spawners.
#[derive(Clone)]
pub struct ValidateSpawner {
    spawners: Arc<Spawners>,
    metrics: Arc<Metrics>,
    pool: Arc<Pool>,
}

impl ValidateSpawner {
    /// Judges by what the cluster admin has decided, as `spawners` knows it at the moment of each request.
    pub fn new(spawners: Arc<Spawners>, metrics: Arc<Metrics>) -> ValidateSpawner {
        ValidateSpawner { spawners, metrics, pool: Arc::new(Pool::new(POOL_PLACES, WAITING)) }
    }

    /// Answers a request, and says what it is about.
    async fn answered(&self, body: Bytes, query: Option<&str>) -> (Resource, Answered) {
        let (time, bytes) = (TimeBudget::start(query), body.len());
        let review = if bytes <= IN_LINE_BYTES {
            SpawnerReview::parse(&body)
        } else {
            let parse = move || SpawnerReview::parse(&body);
            match self.pool.run(turn_of(bytes, None), time.left(), parse).await {
                Some(review) => review,
                None => return (Resource::TaskSpawner, unread()),
            }
        };
        let review = match review {
            Ok(review) => review,
            Err(error) => return (Resource::TaskSpawner, unreadable(error)),
        };
        let resource = review.makes.map_or(Resource::TaskSpawner, Resource::spawner);
        let known = self.spawners.snapshot();
        if bytes <= IN_LINE_BYTES
            && let Some(outcome) = nothing_to_say(&review, &known)
        {
            return (resource, allowed(&review.uid, outcome));
        }
        let (uid, namespace) = (review.uid.clone(), review.namespace.clone());
        let judge = move || judged(&review, &known);
        let judged = self.pool.run(turn_of(bytes, Some(&namespace)), time.left(), judge).await;
        (resource, judged.unwrap_or_else(|| allowed(&uid, AdmissionOutcome::Unavailable)))
    }
}

impl Answer for ValidateSpawner {
    async fn answer(&self, body: Bytes, query: Option<&str>) -> Reply {
        let mut timer = self.metrics.admission(Resource::TaskSpawner);
        let (resource, answered) = self.answered(body, query).await;
        timer.is_about(resource);
        timer.finish(answered.outcome);
        answered.reply
    }
}

/// Answers one AdmissionReview where it stands.
pub fn answer_spawner_review(body: &Bytes, known: &Snapshot) -> Answered {
    match SpawnerReview::parse(body) {
        Ok(review) => judged(&review, known),
        Err(error) => unreadable(error),
    }
}

/// Lints a spawner, if there can be something to say.
fn judged(review: &SpawnerReview, known: &Snapshot) -> Answered {
    match (nothing_to_say(review, known), review.makes) {
        (None, Some(makes)) => linted(review, makes, known),
        (outcome, _) => allowed(&review.uid, outcome.unwrap_or(AdmissionOutcome::NotASpawner)),
    }
}

/// Why nothing is said of a spawner without looking at its templates.
fn nothing_to_say(review: &SpawnerReview, known: &Snapshot) -> Option<AdmissionOutcome> {
    if review.makes.is_none() {
        return Some(AdmissionOutcome::NotASpawner);
    }
    let switch = known.namespace(&review.namespace).map(Namespace::injection);
    if switch == Some(Injection::Disabled) {
        return Some(AdmissionOutcome::Disabled);
    }
    if review.object.len() > SPAWNER_BYTES {
        return Some(AdmissionOutcome::Oversized);
    }
    let Ok(new) = Judged::read(&review.object) else {
        return Some(AdmissionOutcome::NotUnderstood);
    };
    if new.is_disabled() {
        return Some(AdmissionOutcome::Disabled);
    }
    let old = review.old_object.as_deref().and_then(|old| Judged::read(old).ok());
    // One that was switched on again has not been told of anything yet, and its annotations differ.
    let is_known = old.is_some_and(|old| new.is_as(&old));
    (is_known || new.is_being_deleted()).then_some(AdmissionOutcome::Unchanged)
}

/// Lints a spawner, and says what is wrong: what its teams lose by, and no more.
fn linted(review: &SpawnerReview, makes: Shape, known: &Snapshot) -> Answered {
    let around = Surroundings::new(known.policy());
    let json = std::str::from_utf8(&review.object).unwrap_or_default();
    let Ok(mut findings) = lint(makes, json, &around) else {
        return allowed(&review.uid, AdmissionOutcome::NotUnderstood);
    };
    findings.retain(|finding| finding.severity != Severity::Info);
    if findings.is_empty() {
        return allowed(&review.uid, AdmissionOutcome::Unchanged);
    }
    let judged = Judged::read(&review.object).unwrap_or_default();
    let (namespace, name) = (&*review.namespace, judged.name());
    report::linted(&Linted { makes, namespace, name, findings: &findings });
    let body = review::warned(&review.uid, &findings);
    Answered { reply: Reply::ok(body), outcome: AdmissionOutcome::Warned }
}

/// The answer that says nothing.
fn allowed(uid: &str, outcome: AdmissionOutcome) -> Answered {
    Answered { reply: Reply::ok(review::allow(uid)), outcome }
}

/// The answer to a large body that could not be read in time: its uid is not known.
fn unread() -> Answered {
    let reply = Reply::unavailable("too many large requests at once; try again");
    Answered { reply, outcome: AdmissionOutcome::Overloaded }
}

/// The answer to a body that is no request.
fn unreadable(unreadable: Unreadable) -> Answered {
    match unreadable {
        Unreadable::Answerable { uid, message } => Answered {
            reply: Reply::ok(review::unchecked(&uid, &message)),
            outcome: AdmissionOutcome::NotUnderstood,
        },
        Unreadable::NoUid { message } => {
            Answered { reply: Reply::bad_request(&message), outcome: AdmissionOutcome::BadRequest }
        }
    }
}

#[cfg(test)]
mod tests;
