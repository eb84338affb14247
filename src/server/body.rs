//! The body of a request, which says when it has ended.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::HttpBody;
use bytes::Bytes;
use hyper::body::{Frame, Incoming, SizeHint};

use super::connection_state::ConnectionState;

/// hyper's body, with word to the connection when it has arrived or is given up.
#[derive(Debug)]
pub(super) struct TrackedBody {
    body: Incoming,
    on_its_way: Option<Arc<ConnectionState>>,
}

impl TrackedBody {
    pub(super) fn new(body: Incoming, state: &Arc<ConnectionState>) -> TrackedBody {
        let on_its_way = (!body.is_end_stream()).then(|| Arc::clone(state));
        TrackedBody { body, on_its_way }
    }

    fn ended(&mut self) {
        if let Some(state) = self.on_its_way.take() {
            state.body_ended();
        }
    }
}

impl Drop for TrackedBody {
    fn drop(&mut self) {
        self.ended();
    }
}

impl HttpBody for TrackedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if !matches!(frame, Some(Ok(_))) || self.body.is_end_stream() {
            self.ended();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
