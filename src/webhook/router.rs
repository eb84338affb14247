//! The HTTP surface: which requests are let in, and how large they may be.
//!
//! What a request means is none of its business: bytes go to an [`Answer`], a [`Reply`] comes back.
//! Requests that are turned away here get a Kubernetes `Status` that says what to fix and never
//! repeats what was sent.

mod body;
mod reply;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use self::body::{Bodies, BodyError, WholeBody};
pub use self::reply::Reply;
use super::{AdmissionOutcome, Metrics, Resource};
use crate::certs::OurWebhook;
use crate::server::App;
use crate::telemetry::LogLimiter;

/// Where the API server sends the creation of Tasks.
pub const MUTATE_TASK_PATH: &str = OurWebhook::Task.path();

/// Where the API server sends the creation of Sessions.
pub const MUTATE_SESSION_PATH: &str = OurWebhook::Session.path();

/// Where the API server sends what is written of TaskSpawners and SessionSpawners.
pub const VALIDATE_SPAWNER_PATH: &str = OurWebhook::Spawner.path();

/// The largest body that is read: an object of 3 MiB, the largest that the API server takes,
/// escaped and with its frame.
pub const MAX_BODY_BYTES: usize = 7 * 1024 * 1024;

/// The largest body of a spawner that is read: as large as etcd takes it by default, 1.5 MiB, as it is and as it
/// was, with its frame.
pub const MAX_SPAWNER_BODY_BYTES: usize = 4 * 1024 * 1024;

/// The largest body that shares room and turns with ordinary large ones; a larger one is huge, and waits
/// among the huge ones. By default etcd takes 1.5 MiB: what is more is forged, or refused later anyway.
pub(super) const LARGE_BYTES: usize = 2 * 1024 * 1024;

/// How many requests are answered at once.
///
/// An answer takes some tens of microseconds, so that many are under way only when they wait: for
/// the API server, or for costly templates. Each of them holds its body meanwhile, and what was read of
/// it. All together, in MiB, whatever is sent:
///
/// | | |
/// | --- | --- |
/// | the program at rest, with an ordinary cache | 13 to 50 |
/// | 512 connections, each with a body of 64 KiB, the buffers of TLS and hyper, and its task: 126 KiB as measured | 64 |
/// | larger bodies, and answers over 16 KiB until they are sent: two rooms of `ROOM_BYTES` of `router/body.rs` | 16 |
/// | what was read of requests that wait: 256 times `FREE_BYTES`, and `ROOM_BYTES`, of `reader.rs` | 20 |
/// | two threads of the pool: reading takes 12, a Task's budget is 32, of which a template may hold 16 at once | 64 |
/// | larger bodies of spawners: two rooms of `MAX_SPAWNER_BODY_BYTES` | 8 |
/// | two threads that judge spawners: compiling the rules takes 4, looking at templates 4, and trying them out 8, or, where a spawner is too large for that, its texts 3 | 32 |
/// | together | 217 to 254 |
///
/// The chart gives a Pod 256 MiB. Of the worst that is known less comes together: `tests/it/clients` sends it, and
/// finds that the process stays below 160.
pub const MAX_IN_FLIGHT: usize = 256;

/// How many requests about spawners are answered at once: more than are ever applied at once, and few beside
/// those that Tasks may have.
const SPAWNERS_IN_FLIGHT: usize = 64;

/// How long a request waits for its turn, or for room for its body. The API server asks again after
/// a second, perhaps another replica, and up to ten times: a short wait is enough.
const QUEUE_WAIT: Duration = Duration::from_millis(100);

/// What turns the body of a request into a reply.
pub trait Answer: Clone + Send + Sync + 'static {
    /// Answers one body; `query` is what follows the `?`, such as `timeout=3s`.
    fn answer(&self, body: Bytes, query: Option<&str>) -> impl Future<Output = Reply> + Send;
}

/// The paths of the webhook, and what answers there. It is no router of axum's: for three paths that are known that is more
/// work than the rest of what is done here (docs/decisions, 022).
pub struct Paths<T, S> {
    tasks: Path<T>,
    sessions: Option<Path<T>>,
    spawners: Path<S>,
    strays: Strays,
}

/// Makes the paths of the webhook: the creation of Tasks goes to one answer, that of Sessions, where they are served, to
/// another, and what is written of spawners to the last. Requests that are turned away are counted in `metrics`.
pub fn paths<T: Answer, S: Answer>(
    mutate_task: T,
    mutate_session: Option<T>,
    validate_spawner: S,
    metrics: Arc<Metrics>,
) -> Arc<Paths<T, S>> {
    let gate = Gate::of_tasks(MAX_IN_FLIGHT, Arc::clone(&metrics));
    let beside = gate.beside(Resource::Session);
    let sessions = mutate_session.map(|answer| Path { answer, gate: beside });
    let tasks = Path { answer: mutate_task, gate };
    let spawners = Path { answer: validate_spawner, gate: Gate::of_spawners(Arc::clone(&metrics)) };
    let strays = Strays { told: LogLimiter::new(), metrics };
    Arc::new(Paths { tasks, sessions, spawners, strays })
}

impl<T: Answer, S: Answer> App for Arc<Paths<T, S>> {
    async fn answer(&self, request: Request) -> Response {
        match (request.uri().path(), &self.sessions) {
            (MUTATE_TASK_PATH, _) => self.tasks.respond(request).await,
            (MUTATE_SESSION_PATH, Some(sessions)) => sessions.respond(request).await,
            (VALIDATE_SPAWNER_PATH, _) => self.spawners.respond(request).await,
            _ => {
                self.strays.note(&request);
                not_found()
            }
        }
    }
}

/// What answers at one path, and who is let in.
struct Path<A> {
    answer: A,
    gate: Gate,
}

impl<A: Answer> Path<A> {
    /// Takes a request through the gate to its answer.
    async fn respond(&self, request: Request) -> Response {
        let result = match *request.method() {
            Method::POST => answered(&self.answer, &self.gate, request).await,
            _ => Err(Refusal::Method),
        };
        result.unwrap_or_else(|refusal| {
            self.gate.refused(refusal.outcome());
            refusal.into_response()
        })
    }
}

/// What all requests to one path share, or those of Tasks and Sessions together, and those to another have no part
/// in: whoever writes spawners takes neither place nor room from Tasks.
struct Gate {
    bodies: Arc<Bodies>,
    places: Arc<Semaphore>,
    /// What they count as.
    resource: Resource,
    metrics: Arc<Metrics>,
}

impl Gate {
    fn of_tasks(places: usize, metrics: Arc<Metrics>) -> Gate {
        let (bodies, places) = (Arc::new(Bodies::of_tasks()), Arc::new(Semaphore::new(places)));
        Gate { bodies, places, resource: Resource::Task, metrics }
    }

    fn of_spawners(metrics: Arc<Metrics>) -> Gate {
        let bodies = Arc::new(Bodies::of_spawners());
        let places = Arc::new(Semaphore::new(SPAWNERS_IN_FLIGHT));
        Gate { bodies, places, resource: Resource::TaskSpawner, metrics }
    }

    /// The gate of others that share places and room with these.
    fn beside(&self, resource: Resource) -> Gate {
        let (bodies, places) = (Arc::clone(&self.bodies), Arc::clone(&self.places));
        Gate { bodies, places, resource, metrics: Arc::clone(&self.metrics) }
    }

    /// Counts a request that is turned away.
    fn refused(&self, outcome: AdmissionOutcome) {
        self.metrics.refused(self.resource, outcome);
    }

    /// Waits a moment for a place among the requests that are answered.
    async fn place(&self) -> Option<SemaphorePermit<'_>> {
        timeout(QUEUE_WAIT, self.places.acquire()).await.ok()?.ok()
    }
}

/// Requests that are sent to where nothing is served.
struct Strays {
    told: LogLimiter,
    metrics: Arc<Metrics>,
}

impl Strays {
    /// Counts what is sent with POST, and tells of it: a registration with a wrong path is seen nowhere else
    /// on our side, and its Tasks get no labels. Others only look around.
    fn note(&self, request: &Request) {
        if request.method() != Method::POST {
            return;
        }
        let path = request.uri().path();
        let is_of_sessions = path == MUTATE_SESSION_PATH;
        let resource = if is_of_sessions { Resource::Session } else { Resource::Task };
        self.metrics.refused(resource, AdmissionOutcome::BadRequest);
        if !self.told.is_due() {
        } else if is_of_sessions {
            tracing::warn!(
                path,
                "Nothing is served at this path: Sessions get no labels until `serve` is started with --sessions"
            );
        } else {
            tracing::warn!(
                path,
                "Nothing is served at this path. If an API server calls it, its Tasks or Sessions get no labels: set \
                 clientConfig.service.path of the MutatingWebhookConfiguration to {MUTATE_TASK_PATH}, of Sessions to \
                 {MUTATE_SESSION_PATH}, and of the ValidatingWebhookConfiguration to {VALIDATE_SPAWNER_PATH}"
            );
        }
    }
}

async fn answered<A: Answer>(
    answer: &A,
    gate: &Gate,
    request: Request,
) -> Result<Response, Refusal> {
    if !is_json(request.headers()) {
        return Err(Refusal::ContentType);
    }
    let (head, body) = request.into_parts();
    // The bytes live as long as the answer is being made, and so long their room is kept.
    let WholeBody { bytes, room } = gate.bodies.read(&head.headers, body).await?;
    // Whoever sends slowly waits outside, and keeps no place from others.
    let place = gate.place().await.ok_or(Refusal::Overloaded)?;
    let reply = answer.answer(bytes, head.uri.query()).await;
    drop((place, room));
    let body = gate.bodies.answer(reply.body().clone()).await.ok_or(Refusal::NoRoom)?;
    Ok(reply.with_body(body).into_response())
}

/// Whether the request says that it is JSON; parameters such as `charset` do not matter.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(value)) = headers.get(CONTENT_TYPE).map(HeaderValue::to_str) else {
        return false;
    };
    if value == "application/json" {
        // As the API server says it.
        return true;
    }
    let essence = value.split_once(';').map_or(value, |(essence, _)| essence);
    essence.trim().eq_ignore_ascii_case("application/json")
}

/// Why a request was turned away before anyone looked at its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    Method,
    ContentType,
    TooLarge,
    Interrupted,
    NoRoom,
    Overloaded,
}

impl From<BodyError> for Refusal {
    fn from(error: BodyError) -> Refusal {
        match error {
            BodyError::TooLarge => Refusal::TooLarge,
            BodyError::Interrupted => Refusal::Interrupted,
            BodyError::NoRoom => Refusal::NoRoom,
        }
    }
}

impl Refusal {
    fn outcome(self) -> AdmissionOutcome {
        match self {
            Refusal::Method | Refusal::ContentType => AdmissionOutcome::BadRequest,
            Refusal::TooLarge => AdmissionOutcome::TooLarge,
            Refusal::Interrupted => AdmissionOutcome::Abandoned,
            Refusal::NoRoom | Refusal::Overloaded => AdmissionOutcome::Overloaded,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Refusal::Method => {
                let reply = Reply::status(
                    StatusCode::METHOD_NOT_ALLOWED,
                    "MethodNotAllowed",
                    "send an AdmissionReview with POST",
                );
                ([(ALLOW, "POST")], reply).into_response()
            }
            Refusal::ContentType => Reply::status(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "UnsupportedMediaType",
                "send an AdmissionReview as JSON, with Content-Type: application/json",
            )
            .into_response(),
            Refusal::TooLarge => Reply::status(
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestEntityTooLarge",
                "send an AdmissionReview of at most 7 MiB, or of at most 4 MiB for a spawner",
            )
            .closing()
            .into_response(),
            Refusal::Interrupted => Reply::status(
                StatusCode::BAD_REQUEST,
                "BadRequest",
                "the body ended before its announced length, took too long, or its framing is broken",
            )
            .closing()
            .into_response(),
            Refusal::NoRoom => {
                Reply::unavailable("too many large requests at once; try again").into_response()
            }
            Refusal::Overloaded => {
                Reply::unavailable("too many requests at once; try again").into_response()
            }
        }
    }
}

fn not_found() -> Response {
    Reply::status(
        StatusCode::NOT_FOUND,
        "NotFound",
        "nothing is served here; send Tasks to POST /mutate-task, Sessions to POST /mutate-session (with --sessions), and \
         spawners to POST /validate-spawner",
    )
    .into_response()
}

#[cfg(test)]
mod tests;
