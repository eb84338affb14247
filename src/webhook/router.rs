//! The HTTP surface: which requests are let in, and how large they may be.
//!
//! What a request means is none of its business: bytes go to an [`Answer`], a [`Reply`] comes back.
//! Requests that are turned away here get a Kubernetes `Status` that says what to fix and never
//! repeats what was sent.

mod body;
mod reply;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use self::body::{Bodies, BodyError, WholeBody};
pub use self::reply::Reply;
use super::{AdmissionOutcome, Metrics};
use crate::telemetry::LogLimiter;

/// Where the API server sends the creation of Tasks.
pub const MUTATE_TASK_PATH: &str = "/mutate-task";

/// The largest body that is read: an object of 3 MiB, the largest that the API server takes,
/// escaped and with its frame.
pub const MAX_BODY_BYTES: usize = 7 * 1024 * 1024;

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
/// | together | 177 to 214 |
///
/// The chart gives a Pod 256 MiB. Of the worst that is known less comes together: `tests/it/clients` sends it, and
/// finds that the process stays below 160.
pub const MAX_IN_FLIGHT: usize = 256;

/// How long a request waits for its turn, or for room for its body. The API server asks again after
/// a second, perhaps another replica, and up to ten times: a short wait is enough.
const QUEUE_WAIT: Duration = Duration::from_millis(100);

/// What turns the body of a request into a reply.
pub trait Answer: Clone + Send + Sync + 'static {
    /// Answers one body; `query` is what follows the `?`, such as `timeout=3s`.
    fn answer(&self, body: Bytes, query: Option<&str>) -> impl Future<Output = Reply> + Send;
}

/// Builds the router of the webhook; requests it turns away are counted in `metrics`.
pub fn router<A: Answer>(answer: A, metrics: Arc<Metrics>) -> Router {
    with_places(answer, metrics, MAX_IN_FLIGHT)
}

fn with_places<A: Answer>(answer: A, metrics: Arc<Metrics>, in_flight: usize) -> Router {
    let wrong_method = Arc::clone(&metrics);
    let strays = Arc::new(Strays { told: LogLimiter::new(), metrics: Arc::clone(&metrics) });
    let (bodies, places) = (Bodies::new(MAX_BODY_BYTES), Semaphore::new(in_flight));
    let gate = Arc::new(Gate { bodies, places, metrics });
    let mutate_task = post(move |request: Request| {
        let (answer, gate) = (answer.clone(), Arc::clone(&gate));
        async move {
            let result = mutate_task(&answer, &gate, request).await;
            result.unwrap_or_else(|refusal| {
                gate.metrics.refused(refusal.outcome());
                refusal.into_response()
            })
        }
    })
    .fallback(move || {
        wrong_method.refused(AdmissionOutcome::BadRequest);
        async { Refusal::Method.into_response() }
    });
    let elsewhere = move |request: Request| {
        strays.note(&request);
        async { not_found() }
    };
    // The body is taken raw, so that axum's own limit of 2 MB on its extractors has no part in it.
    Router::new().route(MUTATE_TASK_PATH, mutate_task).fallback(elsewhere)
}

/// What all requests share.
struct Gate {
    bodies: Bodies,
    places: Semaphore,
    metrics: Arc<Metrics>,
}

impl Gate {
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
        self.metrics.refused(AdmissionOutcome::BadRequest);
        if self.told.is_due() {
            tracing::warn!(
                path = request.uri().path(),
                "Nothing is served at this path. If an API server calls it, its Tasks get no labels: set \
                 clientConfig.service.path of the MutatingWebhookConfiguration to {MUTATE_TASK_PATH}"
            );
        }
    }
}

async fn mutate_task<A: Answer>(
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
                "send an AdmissionReview of at most 7 MiB",
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
        "nothing is served here; the webhook is at POST /mutate-task",
    )
    .into_response()
}

#[cfg(test)]
mod tests;
