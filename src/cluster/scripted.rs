//! An API server that answers as a test says, so that what a real one does once in a year can be
//! seen at will. What a real one does every day is in `tests/cluster`.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use http_body_util::BodyExt;
use hyper::{Request, Response};
use kube::Client;
use serde_json::{Value, json};
use tokio::time::sleep;

/// What the API server answers.
pub(crate) enum ScriptedResponse {
    /// JSON, with a status.
    Json(u16, Value),
    /// A status that says after how many seconds to come again, as what limits requests answers.
    RetryAfter(u16, u32),
    /// Text, with a status: a server that has no such path answers so.
    Text(u16, &'static str),
    /// Events of a watch, which then ends after a while, or never.
    Events(Vec<Value>, Option<Duration>),
    /// A body in these pieces.
    Pieces(Vec<Bytes>),
    /// Another answer, later.
    Later(Duration, Box<ScriptedResponse>),
}

/// The paths that were asked for, with their queries.
#[derive(Clone, Default)]
pub(crate) struct Asked(Arc<Mutex<Vec<String>>>);

impl Asked {
    /// How many requests had this text in them.
    pub(crate) fn count(&self, text: &str) -> usize {
        self.all().iter().filter(|asked| asked.contains(text)).count()
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// A client of an API server that answers each path and query so.
pub(crate) fn api(
    answer: impl Fn(&str) -> ScriptedResponse + Clone + Send + 'static,
) -> (Client, Asked) {
    let asked = Asked::default();
    let log = asked.clone();
    let service = tower::service_fn(move |request: Request<kube::client::Body>| {
        let path = request.uri().path_and_query().unwrap().to_string();
        log.0.lock().unwrap().push(path.clone());
        let answer = answer(&path);
        async move { Ok::<_, Infallible>(respond(answer).await) }
    });
    (Client::new(service, "default"), asked)
}

/// The same with what is sent: answers each method, path and body so.
pub(crate) fn api_with_bodies(
    answer: impl Fn(&str, &str, &Value) -> ScriptedResponse + Clone + Send + 'static,
) -> (Client, Asked) {
    let asked = Asked::default();
    let log = asked.clone();
    let service = tower::service_fn(move |request: Request<kube::client::Body>| {
        let (log, answer) = (log.clone(), answer.clone());
        async move {
            let (head, body) = request.into_parts();
            let path = head.uri.path_and_query().unwrap().to_string();
            let body = body.collect().await.unwrap().to_bytes();
            let body = serde_json::from_slice(&body).unwrap_or_default();
            log.0.lock().unwrap().push(format!("{} {path}", head.method));
            let answer = answer(head.method.as_str(), &path, &body);
            Ok::<_, Infallible>(respond(answer).await)
        }
    });
    (Client::new(service, "default"), asked)
}

async fn respond(mut answer: ScriptedResponse) -> Response<Body> {
    while let ScriptedResponse::Later(pause, later) = answer {
        sleep(pause).await;
        answer = *later;
    }
    let (status, body) = match answer {
        ScriptedResponse::Json(status, json) => (status, Body::from(json.to_string())),
        ScriptedResponse::RetryAfter(status, seconds) => {
            let answer = Response::builder().status(status).header("retry-after", seconds);
            return answer.body(Body::from("Too many requests")).unwrap();
        }
        ScriptedResponse::Text(status, text) => (status, Body::from(text)),
        ScriptedResponse::Events(events, end) => {
            let lines = events.into_iter().map(|event| Bytes::from(format!("{event}\n")));
            let rest = stream::once(async move {
                match end {
                    Some(pause) => sleep(pause).await,
                    None => std::future::pending().await,
                }
                Bytes::new()
            });
            (200, Body::from_stream(stream::iter(lines).chain(rest).map(Ok::<_, Infallible>)))
        }
        ScriptedResponse::Pieces(pieces) => {
            (200, Body::from_stream(stream::iter(pieces).map(Ok::<_, Infallible>)))
        }
        ScriptedResponse::Later(..) => unreachable!(),
    };
    Response::builder().status(status).body(body).unwrap()
}

/// What `/apis/kelos.dev` answers where these versions are served.
pub(crate) fn versions(served: &[&str]) -> ScriptedResponse {
    let versions: Vec<Value> = served.iter().map(|version| json!({"version": version})).collect();
    ScriptedResponse::Json(200, json!({"kind": "APIGroup", "versions": versions}))
}

/// A failure, as the API server writes it.
pub(crate) fn status(code: u16, reason: &str, message: &str) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code,
           "reason": reason, "message": message})
}
