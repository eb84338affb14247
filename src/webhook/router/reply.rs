//! What is sent back.

use axum::body::Body;
use axum::http::header::{CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::json;

/// An answer on its way to the client: a status, and JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    status: StatusCode,
    body: Bytes,
    close: bool,
}

impl Reply {
    /// Answers 200 with this JSON, such as an AdmissionReview.
    pub fn ok(json: impl Into<Bytes>) -> Reply {
        Reply { status: StatusCode::OK, body: json.into(), close: false }
    }

    /// Answers with a Kubernetes `Status` of failure; `reason` is one CamelCase word, `message`
    /// says what to fix and holds nothing of what was sent.
    pub fn status(status: StatusCode, reason: &str, message: &str) -> Reply {
        let body = json!({
            "apiVersion": "v1",
            "kind": "Status",
            "metadata": {},
            "status": "Failure",
            "reason": reason,
            "message": message,
            "code": status.as_u16(),
        });
        Reply { status, body: Bytes::from(body.to_string()), close: false }
    }

    /// Answers 400: no request with a uid is to be found in the body.
    pub fn bad_request(message: &str) -> Reply {
        Reply::status(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    /// Answers 503 with `Retry-After: 1`, which the API server obeys, on a connection that is then
    /// closed, so that the next try may reach another replica.
    pub fn unavailable(message: &str) -> Reply {
        Reply::status(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", message).closing()
    }

    /// Closes the connection after this answer.
    pub(super) fn closing(mut self) -> Reply {
        self.close = true;
        self
    }

    /// The same answer with other bytes for its JSON.
    pub(super) fn with_body(self, body: Bytes) -> Reply {
        Reply { body, ..self }
    }

    /// The HTTP status.
    pub fn code(&self) -> StatusCode {
        self.status
    }

    /// The JSON that is sent.
    pub fn body(&self) -> &Bytes {
        &self.body
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if self.close {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
