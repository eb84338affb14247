//! The two plain listeners beside the webhook: metrics, and health.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::metrics::{self, Exposition};
use crate::readiness::Readiness;
use crate::server::Limits;

/// What a scraper or a kubelet may have open at once: enough for several of each.
const CONNECTIONS: usize = 64;

/// How long the two listeners finish what is in flight, when the webhook has ended already.
const DRAIN: Duration = Duration::from_secs(1);

/// The limits that the two listeners are served with.
pub fn limits() -> Limits {
    Limits { connections: CONNECTIONS, drain: DRAIN, ..Limits::default() }
}

/// Builds the router of the metrics listener: `GET /metrics`.
pub fn metrics_router(metrics: Arc<impl Exposition>) -> Router {
    let scrape = move || {
        let metrics = Arc::clone(&metrics);
        async move {
            match metrics.encode() {
                Ok(text) => ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response(),
                Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            }
        }
    };
    Router::new().route("/metrics", get(scrape))
}

/// Builds the router of the health listener: `GET /healthz` and `GET /readyz`.
///
/// `/healthz` answers 200 for as long as the process answers at all: a restart fixes nothing that
/// this process waits for.
pub fn health_router(readiness: Readiness) -> Router {
    let ready = move || {
        let readiness = readiness.clone();
        async move { ready_answer(&readiness) }
    };
    Router::new().route("/healthz", get(async || "ok\n")).route("/readyz", get(ready))
}

fn ready_answer(readiness: &Readiness) -> Response {
    match readiness.reason() {
        None => "ok\n".into_response(),
        Some(reason) => {
            (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {reason}\n")).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::Request;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;
    use crate::webhook::Metrics;

    async fn fetch(router: &Router, path: &str) -> (u16, String, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let content_type = response
            .headers()
            .get(CONTENT_TYPE)
            .map(|v| v.to_str().unwrap().to_owned())
            .unwrap_or_default();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, content_type, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn readiness_follows_its_handle_and_health_does_not() {
        let readiness = Readiness::unready("rules are being read");
        let router = health_router(readiness.clone());
        let (status, _, body) = fetch(&router, "/readyz").await;
        assert_eq!((status, body.as_str()), (503, "not ready: rules are being read\n"));
        assert_eq!(fetch(&router, "/healthz").await.0, 200);

        readiness.set_ready();
        assert_eq!(fetch(&router, "/readyz").await.0, 200);

        readiness.set_unready(format!("ending, {} calls left", 2));
        let (status, _, body) = fetch(&router, "/readyz").await;
        assert_eq!((status, body.as_str()), (503, "not ready: ending, 2 calls left\n"));
        assert_eq!(fetch(&router, "/healthz").await.0, 200);
        assert_eq!(fetch(&router, "/metrics").await.0, 404);
    }

    #[tokio::test]
    async fn metrics_come_with_the_type_that_prometheus_reads() {
        let metrics = Arc::new(Metrics::new());
        metrics.spawners().set_rules(|_| 3, 0);
        let router = metrics_router(metrics);
        let (status, content_type, body) = fetch(&router, "/metrics").await;
        assert_eq!(status, 200);
        assert_eq!(content_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
        assert!(body.contains("kelos_metadata_spawners{kind=\"taskspawners\"} 3\n"));
    }
}
