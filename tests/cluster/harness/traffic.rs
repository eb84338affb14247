//! What passes a proxy: writes are counted, requests can be held up, and the clock can be set.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use hyper::Method;
use hyper::header::{DATE, HeaderValue};
use hyper::http::response::Parts;
use jiff::SignedDuration;
use jiff::fmt::rfc2822;
use tokio::sync::watch;
use tokio::time::timeout;

use super::wait::TIMEOUT;

/// A request: its method and its path.
type Asked = (Method, String);

/// What passes a proxy. Leases are not counted: they are renewed whatever else happens.
pub(crate) struct Traffic {
    writes: Mutex<Vec<String>>,
    /// After how many writes nothing passes any more.
    halt_after: AtomicUsize,
    halted: watch::Sender<bool>,
    /// Whether requests for Leases are held up.
    leases_held_up: watch::Sender<bool>,
    /// How many seconds the clock of the API server seems to be ahead.
    clock_ahead: AtomicI64,
}

impl Default for Traffic {
    fn default() -> Traffic {
        Traffic {
            writes: Mutex::default(),
            halt_after: AtomicUsize::new(usize::MAX),
            halted: watch::Sender::new(false),
            leases_held_up: watch::Sender::new(false),
            clock_ahead: AtomicI64::new(0),
        }
    }
}

impl Traffic {
    /// Lets nothing pass any more once the API server has done so many writes. Whoever made the last
    /// one is not told.
    pub(crate) fn halt_after(&self, writes: usize) {
        self.halt_after.store(writes, Ordering::Relaxed);
    }

    /// Returns once nothing passes any more.
    pub(crate) async fn halted(&self) {
        let mut halted = self.halted.subscribe();
        let waited = timeout(TIMEOUT * 2, halted.wait_for(|halted| *halted)).await;
        assert!(waited.is_ok(), "only {:#?}", self.writes());
    }

    /// Holds requests for Leases up, or lets them pass again.
    pub(crate) fn hold_up_leases(&self, held_up: bool) {
        self.leases_held_up.send_replace(held_up);
    }

    /// Sets the clock of the API server, as the client sees it.
    pub(crate) fn set_clock_ahead(&self, seconds: i64) {
        self.clock_ahead.store(seconds, Ordering::Relaxed);
    }

    /// The writes that the API server did, as `METHOD path`.
    pub(crate) fn writes(&self) -> Vec<String> {
        self.writes.lock().unwrap().clone()
    }

    /// Waits until a request may pass.
    pub(super) async fn before(&self, (_, path): &Asked) {
        if path.contains("/leases") {
            let _ = self.leases_held_up.subscribe().wait_for(|held_up| !held_up).await;
        }
        let halted = *self.halted.borrow();
        if halted {
            std::future::pending::<()>().await;
        }
    }

    /// Counts what the API server did, and waits until the answer may pass.
    pub(super) async fn after(&self, (method, path): &Asked, head: &mut Parts) {
        let is_write = *method != Method::GET && !path.contains("/leases");
        if is_write && head.status.is_success() {
            let count = {
                let mut writes = self.writes.lock().unwrap();
                writes.push(format!("{method} {path}"));
                writes.len()
            };
            if count >= self.halt_after.load(Ordering::Relaxed) {
                self.halted.send_replace(true);
            }
        }
        let halted = *self.halted.borrow();
        if halted {
            std::future::pending::<()>().await;
        }
        let ahead = self.clock_ahead.load(Ordering::Relaxed);
        if ahead != 0
            && let Some(date) = head.headers.get_mut(DATE)
        {
            let time = rfc2822::parse(date.to_str().unwrap()).unwrap();
            let time = time.timestamp() + SignedDuration::from_secs(ahead);
            let time = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&time).unwrap();
            *date = HeaderValue::from_str(&time).unwrap();
        }
    }
}
