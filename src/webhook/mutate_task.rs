//! `POST /mutate-task`: the request of a new Task → its answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::pool::Pool;
use super::review::{self, Request, Unreadable};
use super::router::{Answer, Reply};
use crate::clock;
use crate::engine::kelos::{Injection, Namespace, Owner, Task};
use crate::engine::render::TemplateError;
use crate::engine::rules::Rules;
use crate::engine::variables::{Facts, need_workspace};
use crate::engine::{Decision, Limits, Outcome as KeyResult, decide};
use crate::metrics::{KeyOutcome, Metrics, Outcome};
use crate::spawners::{Known, LiveLookup, Looked, Lookup, Snapshot, Spawners};

/// The longest that an answer may take, whatever the API server grants.
const TIME_BUDGET: Duration = Duration::from_millis(1500);
/// What is kept of the API server's time for the way there and back.
const TIME_RESERVE: Duration = Duration::from_secs(1);
/// The longest request out of which variables are read back where requests are read.
const IN_LINE_BYTES: usize = 64 << 10;
/// How many Tasks with costly templates are rendered, and long prompts read, at once.
const POOL_PLACES: usize = 2;
/// The steps that the templates of a Task may take where requests are read: what a hundred ordinary
/// keys need, and too few for anyone else's request to notice.
const IN_LINE_STEPS: u64 = 2_000;

/// Answers requests with the rules of a cache.
#[derive(Clone)]
pub struct MutateTask {
    spawners: Arc<Spawners>,
    live: Option<Arc<LiveLookup>>,
    metrics: Arc<Metrics>,
    limits: Limits,
    pool: Arc<Pool>,
}

/// An answer, and what it counts as.
#[derive(Debug)]
pub struct Answered {
    /// What is sent.
    pub reply: Reply,
    /// What it counts as.
    pub outcome: Outcome,
}

/// What is known while a request is answered.
struct Sight {
    known: Arc<Snapshot>,
    owner: OwnerSight,
}

/// What is known of an owner that the cache does not have.
enum OwnerSight {
    /// Nothing: it can be looked up.
    Askable,
    /// The TaskSpawner was looked up.
    Found(Arc<Known>),
    /// There is none, or there is nobody to ask.
    Missing,
}

/// What an answer needs before it can be made.
#[derive(Debug)]
enum Needs {
    /// The owner has to be looked up.
    Owner { namespace: String, name: String, uid: Option<String> },
    /// Templates that loop, or cost much, have to be rendered, or a long prompt to be read, for a Task
    /// of this namespace.
    Pool { namespace: String },
}

/// Where an answer is being made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Where requests are read: nothing that takes long may be rendered here.
    InLine,
    /// Where there is time for it.
    Apart,
}

impl MutateTask {
    /// Answers with what `spawners` knows at the moment of each request.
    pub fn new(spawners: Arc<Spawners>, metrics: Arc<Metrics>, limits: Limits) -> MutateTask {
        let pool = Arc::new(Pool::new(POOL_PLACES));
        MutateTask { spawners, live: None, metrics, limits, pool }
    }

    /// Looks up an owner that is not known.
    pub fn with_live_lookup(self, live: Arc<LiveLookup>) -> MutateTask {
        MutateTask { live: Some(live), ..self }
    }

    /// Answers a request, taking it through whatever it needs.
    async fn answered(&self, body: Bytes, query: Option<&str>) -> Answered {
        let (started, patience) = (Instant::now(), patience(query));
        let left = || patience.saturating_sub(started.elapsed());
        let owner = if self.live.is_some() { OwnerSight::Askable } else { OwnerSight::Missing };
        let mut sight = Sight { known: self.spawners.snapshot(), owner };
        let mut needs = match respond(&body, &sight, &self.limits, &self.metrics, Place::InLine) {
            Ok(answered) => return answered,
            Err(needs) => needs,
        };
        if let Needs::Owner { namespace, name, uid } = needs {
            let owner = Owner { name: &name, uid: uid.as_deref() };
            sight.owner = match self.look_up(&namespace, &owner, left()).await {
                Some(owner) => owner,
                None => return unavailable("the TaskSpawner is not known yet; try again"),
            };
            needs = match respond(&body, &sight, &self.limits, &self.metrics, Place::InLine) {
                Ok(answered) => return answered,
                Err(needs) => needs,
            };
        }
        let Needs::Pool { namespace } = needs else { return overloaded() };
        let (metrics, limits) = (Arc::clone(&self.metrics), self.limits);
        let work = move || {
            respond(&body, &sight, &limits, &metrics, Place::Apart).unwrap_or_else(|_| overloaded())
        };
        self.pool.run(&namespace, left(), work).await.unwrap_or_else(overloaded)
    }

    /// Looks up an owner that the cache does not have; nothing if the cache is still cold and the
    /// cluster can't be asked.
    async fn look_up(
        &self,
        namespace: &str,
        owner: &Owner<'_>,
        patience: Duration,
    ) -> Option<OwnerSight> {
        let looked = match &self.live {
            Some(live) => live.look_up(namespace, owner, patience).await,
            None => Looked::Missing,
        };
        match looked {
            Looked::Found(known) => Some(OwnerSight::Found(known)),
            Looked::Unavailable if !self.spawners.is_warm() => None,
            Looked::Missing | Looked::Unavailable => Some(OwnerSight::Missing),
        }
    }
}

impl Answer for MutateTask {
    async fn answer(&self, body: Bytes, query: Option<&str>) -> Reply {
        let timer = self.metrics.admission();
        let answered = self.answered(body, query).await;
        timer.finish(answered.outcome);
        answered.reply
    }
}

/// Answers one AdmissionReview where it stands, whatever its templates do.
pub fn answer_review(
    body: &[u8],
    known: &Arc<Snapshot>,
    limits: &Limits,
    metrics: &Metrics,
) -> Answered {
    let sight = Sight { known: Arc::clone(known), owner: OwnerSight::Missing };
    respond(body, &sight, limits, metrics, Place::Apart).unwrap_or_else(|_| overloaded())
}

fn respond(
    body: &[u8],
    sight: &Sight,
    limits: &Limits,
    metrics: &Metrics,
    place: Place,
) -> Result<Answered, Needs> {
    let request = match Request::parse(body) {
        Ok(request) => request,
        Err(unreadable) => return Ok(refuse(unreadable)),
    };
    let known = &sight.known;
    let uid = &request.uid;
    let as_it_is = |outcome| Ok(Answered { reply: Reply::ok(review::allow(uid)), outcome });
    let Some(task) = request.new_task() else { return as_it_is(Outcome::NotATask) };
    let Some(owner) = task.owner() else { return as_it_is(Outcome::NoOwner) };
    let namespace = known.namespace(&request.namespace);
    let injection = namespace.map(Namespace::injection).unwrap_or_default();
    if injection == Injection::Disabled {
        return as_it_is(Outcome::Disabled);
    }
    let spawner = match (known.rules(&request.namespace, &owner), &sight.owner) {
        (Lookup::Found(spawner), _) => spawner,
        (Lookup::Pending, _) => return Ok(unavailable("the TaskSpawner is being read; try again")),
        (Lookup::Unknown, OwnerSight::Found(spawner)) => Arc::clone(spawner),
        (Lookup::Unknown, OwnerSight::Missing) => return as_it_is(Outcome::UnknownOwner),
        (Lookup::Unknown, OwnerSight::Askable) => {
            return Err(Needs::Owner {
                namespace: request.namespace.to_string(),
                name: owner.name.to_owned(),
                uid: owner.uid.map(str::to_owned),
            });
        }
    };
    let rules = &spawner.rules;
    let is_short = body.len() <= IN_LINE_BYTES || !rules.inference.is_needed();
    let pool = || Err(Needs::Pool { namespace: request.namespace.to_string() });
    let limits = match place {
        Place::InLine if !(rules.is_straight_line && is_short) => return pool(),
        Place::InLine => limits.with_steps(IN_LINE_STEPS),
        Place::Apart => *limits,
    };
    let user = rules.uses.has("User").then(|| request.user());
    let facts = Facts {
        namespace_name: &request.namespace,
        namespace,
        workspace: (task.spec().filter(|_| need_workspace(&rules.uses)))
            .and_then(|spec| known.workspace_of(&request.namespace, spec)),
        user: user.as_ref(),
        task_bytes: body.len(),
        moment: clock::seconds(),
    };
    let decision = decide(task, rules, &facts, &limits);
    if place == Place::InLine && decision.has_hit_limits {
        return pool();
    }
    report(&request, task, &spawner, &decision, metrics);
    Ok(decided(uid, &decision, rules, injection))
}

/// The answer that says what was decided.
fn decided(uid: &str, decision: &Decision<'_>, rules: &Rules, injection: Injection) -> Answered {
    let name = &rules.spawner.metadata.name;
    let (outcome, body) = match outcome(decision, rules) {
        Outcome::Disabled => (Outcome::Disabled, review::allow(uid)),
        _ if injection == Injection::Audit => {
            (Outcome::Audited, review::audited(uid, name, decision))
        }
        outcome => (outcome, review::decided(uid, name, decision)),
    };
    Answered { reply: Reply::ok(body), outcome }
}

fn refuse(unreadable: Unreadable) -> Answered {
    match unreadable {
        Unreadable::Answerable { uid, message } => Answered {
            reply: Reply::ok(review::allow_with_warning(&uid, &message)),
            outcome: Outcome::NotUnderstood,
        },
        Unreadable::NoUid { message } => {
            Answered { reply: Reply::bad_request(&message), outcome: Outcome::BadRequest }
        }
    }
}

/// The API server asks again in a second.
fn unavailable(message: &str) -> Answered {
    Answered { reply: Reply::unavailable(message), outcome: Outcome::Unavailable }
}

fn overloaded() -> Answered {
    unavailable("templates of other Tasks are being rendered; try again")
}

fn outcome(decision: &Decision<'_>, rules: &Rules) -> Outcome {
    if decision.is_exempt || rules.is_disabled {
        Outcome::Disabled
    } else if !decision.patch.0.is_empty() {
        Outcome::Patched
    } else if decision.keys.iter().any(|key| key.is_news_skip()) {
        Outcome::Skipped
    } else {
        Outcome::Unchanged
    }
}

/// Counts each key, and logs the skipped ones.
fn report(
    request: &Request<'_>,
    task: &Task<'_>,
    spawner: &Known,
    decision: &Decision<'_>,
    metrics: &Metrics,
) {
    for (index, key) in decision.keys.iter().enumerate() {
        let outcome = match &key.outcome {
            KeyResult::Kept => continue,
            KeyResult::Applied(_) => KeyOutcome::Applied,
            KeyResult::Repaired(_) => KeyOutcome::Repaired,
            KeyResult::Skipped(skip) => {
                if skip.reason.is_news() && !decision.was_marked {
                    log_skip(request, task, key, skip, spawner.is_first(index, skip.reason));
                }
                KeyOutcome::Skipped(skip.reason)
            }
        };
        metrics.key(key.kind, outcome);
    }
}

/// Logs a skipped key: at `info` the first time since its TaskSpawner changed, at `debug` from then
/// on, because the next thousand Tasks will say the same. Messages stay out of the log: one about a
/// value may quote a character of it.
fn log_skip(
    request: &Request<'_>,
    task: &Task<'_>,
    key: &crate::engine::KeyOutcome<'_>,
    skip: &TemplateError,
    is_first: bool,
) {
    macro_rules! log {
        ($level:ident) => {
            tracing::$level!(
                namespace = &*request.namespace,
                task = task.name(),
                spawner = task.owner().map(|owner| owner.name),
                kind = key.kind.as_str(),
                key = key.key,
                reason = skip.reason.as_str(),
                line = skip.position.map(|at| at.line),
                column = skip.position.map(|at| at.column),
                "Skipped a key"
            )
        };
    }
    if is_first { log!(info) } else { log!(debug) }
}

/// How long an answer may wait: what the API server has left less a reserve, and never long.
fn patience(query: Option<&str>) -> Duration {
    let seconds = query
        .into_iter()
        .flat_map(|query| query.split('&'))
        .find_map(|pair| pair.strip_prefix("timeout=")?.strip_suffix('s')?.parse().ok());
    let granted = seconds
        .map_or(TIME_BUDGET, |seconds| Duration::from_secs(seconds).saturating_sub(TIME_RESERVE));
    granted.min(TIME_BUDGET)
}

#[cfg(test)]
mod tests;
