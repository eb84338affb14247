//! `POST /mutate-task` and `POST /mutate-session`: the request of a new Task or Session → its answer.

use std::sync::Arc;

use bytes::Bytes;

use super::case::{self, Next, Sight, Sought, Where};
use super::pool::{Pool, WAITING_TASKS, turn_of};
use super::reader::{Read, Reader};
use super::review::{ParsedReview, Request};
use super::router::{Answer, Reply};
use super::time_budget::TimeBudget;
use super::{AdmissionOutcome, Answered, Metrics, Resource};
use crate::clock;
use crate::engine::Limits;
use crate::engine::kelos::{Namespace, Shape, Workspace};
use crate::spawners::{CompiledSpawner, LiveLookup, LookupResult, Snapshot, Spawners};

/// How many Tasks with costly templates, or of many bytes, are read and decided at once.
const POOL_PLACES: usize = 2;

/// Answers requests with the rules of a cache.
#[derive(Clone)]
pub struct MutateTask {
    shape: Shape,
    spawners: Arc<Spawners>,
    live: Option<Arc<LiveLookup>>,
    metrics: Arc<Metrics>,
    limits: Limits,
    reader: Reader,
    pool: Arc<Pool>,
}

impl MutateTask {
    /// Answers with what `spawners` knows at the moment of each request.
    pub fn new(spawners: Arc<Spawners>, metrics: Arc<Metrics>, limits: Limits) -> MutateTask {
        let pool = Arc::new(Pool::new(POOL_PLACES, WAITING_TASKS));
        let reader = Reader::new(Arc::clone(&pool));
        MutateTask { shape: Shape::Task, spawners, live: None, metrics, limits, reader, pool }
    }

    /// Looks up what is not known.
    pub fn with_live_lookup(self, live: Arc<LiveLookup>) -> MutateTask {
        MutateTask { live: Some(live), ..self }
    }

    /// Answers requests of Sessions: beside those of Tasks, and no more of both at once than of one.
    #[must_use]
    pub fn of_sessions(&self) -> MutateTask {
        MutateTask { shape: Shape::Session, ..self.clone() }
    }

    /// Answers a request, taking it through whatever it needs. What hardly a request waits for is kept in a
    /// place of its own, so that the others need not move that much.
    async fn answered(&self, body: Bytes, query: Option<&str>) -> Answered {
        let time = TimeBudget::start(query);
        let Read { review, room } = match self.reader.read(self.shape, body, &time).await {
            Ok(Ok(read)) => read,
            Ok(Err(unreadable)) => return case::unreadable(unreadable),
            Err(no_room) => {
                let reply = Reply::unavailable(no_room);
                return Answered { reply, outcome: AdmissionOutcome::Overloaded };
            }
        };
        let is_askable = self.live.is_some();
        let mut sight = Sight::new(self.spawners.snapshot(), clock::now(), is_askable);
        loop {
            let request = review.request();
            let (bytes, limits, metrics) = (review.len(), &self.limits, &self.metrics);
            match case::next(request, bytes, &sight, limits, metrics, Where::InLine) {
                Next::Reply(answered) => return answered,
                Next::Render => break,
                Next::NotYet if time.has_another_try() => {
                    return unavailable(IS_BEING_READ);
                }
                Next::NotYet => sight.gave_up = true,
                Next::LookUpOwner => {
                    let looked = Box::pin(self.look_up_owner(request, &time)).await;
                    match sought(looked, &time) {
                        Some(owner) => sight.owner = owner,
                        None => return unavailable("the spawner is not known yet; try again"),
                    }
                }
                Next::LookUpAround { namespace, workspace } => {
                    let looking = self.look_around(request, namespace, workspace, &time);
                    let looked = Box::pin(looking).await;
                    match (sought(looked.0, &time), sought(looked.1, &time)) {
                        (Some(namespace), Some(workspace)) => {
                            (sight.namespace, sight.workspace) = (namespace, workspace);
                        }
                        _ => {
                            return unavailable("what it works in is not known yet; try again");
                        }
                    }
                }
            }
        }
        Box::pin(self.rendered(review, sight, room, &time)).await
    }

    /// Answers where there is time for it.
    async fn rendered(
        &self,
        review: ParsedReview,
        sight: Sight,
        room: impl Send + 'static,
        time: &TimeBudget,
    ) -> Answered {
        let (namespace, bytes) = (review.request().namespace.to_string(), review.len());
        let (metrics, limits) = (Arc::clone(&self.metrics), self.limits);
        let work = move || {
            let request = review.request();
            let next = case::next(request, bytes, &sight, &limits, &metrics, Where::Apart);
            drop((review, room));
            next
        };
        match self.pool.run(turn_of(bytes, Some(&namespace)), time.left(), work).await {
            Some(Next::Reply(answered)) => answered,
            _ => overloaded(),
        }
    }

    async fn look_up_owner(
        &self,
        request: &Request<'_>,
        time: &TimeBudget,
    ) -> LookupResult<CompiledSpawner> {
        let owner = request.new_task().and_then(|task| task.owner());
        match (&self.live, owner) {
            (Some(live), Some(owner)) => {
                live.look_up(&request.namespace, &owner, time.left()).await
            }
            _ => LookupResult::Missing,
        }
    }

    /// Looks up the Namespace and the Workspace, or the one or the other, at once.
    async fn look_around(
        &self,
        request: &Request<'_>,
        namespace: bool,
        workspace: bool,
        time: &TimeBudget,
    ) -> (LookupResult<Namespace>, LookupResult<Workspace>) {
        let spec = request.new_task().and_then(|task| task.spec());
        let (Some(live), left) = (&self.live, time.left()) else {
            return (LookupResult::Missing, LookupResult::Missing);
        };
        let of_namespace = async {
            if namespace {
                live.namespace(&request.namespace, left).await
            } else {
                LookupResult::Missing
            }
        };
        let of_workspace = async {
            match spec.filter(|_| workspace) {
                Some(spec) => live.workspace(&request.namespace, spec, left).await,
                None => LookupResult::Missing,
            }
        };
        tokio::join!(of_namespace, of_workspace)
    }
}

/// What a look-up tells; nothing, if it has failed and the API server asks again: a cache that has not
/// shown an object for a moment can't be told from one that never will.
fn sought<T>(looked: LookupResult<T>, time: &TimeBudget) -> Option<Sought<T>> {
    match looked {
        LookupResult::Found(found) => Some(Sought::Found(found)),
        LookupResult::Unavailable if time.has_another_try() => None,
        LookupResult::Missing | LookupResult::Unavailable => Some(Sought::Missing),
    }
}

impl Answer for MutateTask {
    async fn answer(&self, body: Bytes, query: Option<&str>) -> Reply {
        let timer = self.metrics.admission(Resource::made(self.shape));
        let answered = self.answered(body, query).await;
        timer.finish(answered.outcome);
        answered.reply
    }
}

/// Answers one AdmissionReview where it stands, whatever its templates do.
pub fn answer_review(
    shape: Shape,
    body: &[u8],
    known: &Arc<Snapshot>,
    limits: &Limits,
    metrics: &Metrics,
) -> Answered {
    let request = match Request::parse(shape, body) {
        Ok(request) => request,
        Err(unreadable) => return case::unreadable(unreadable),
    };
    let sight = Sight::new(Arc::clone(known), clock::now(), false);
    match case::next(&request, body.len(), &sight, limits, metrics, Where::Apart) {
        Next::Reply(answered) => answered,
        _ => unavailable(IS_BEING_READ),
    }
}

const IS_BEING_READ: &str = "the spawner is being read; try again";

/// The API server asks again in a second.
fn unavailable(message: &str) -> Answered {
    Answered { reply: Reply::unavailable(message), outcome: AdmissionOutcome::Unavailable }
}

fn overloaded() -> Answered {
    unavailable("templates of other Tasks are being rendered; try again")
}

#[cfg(test)]
mod tests;
