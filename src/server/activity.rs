//! What a connection is doing: one word, written by its task and read by the accept loop.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// The head of a request is whole, its answer not yet sent.
const IN_FLIGHT: u64 = 1;
/// The body of that request is still on its way.
const BODY: u64 = 2;
/// The answer is made, but not yet sent.
const ANSWERED: u64 = 4;
/// The connection gives its place to another and begins nothing any more.
const EVICTED: u64 = 8;
const FLAGS: u64 = 15;
/// Above the flags: since when, in milliseconds. It counts only while no flag is set.
const SHIFT: u32 = 4;
/// Above that: it has been answered before. Whoever has goes after all who have not.
const ANSWERED_BEFORE: u64 = 1 << 63;

/// How long a new connection keeps its place for its first request: some round trips and a handshake.
pub(super) const NEWCOMER: Duration = Duration::from_millis(200);

/// The phases of one connection, from one request to the next.
///
/// Changing the phase is one atomic step without a lock, for it happens several times a request.
#[derive(Debug)]
pub(super) struct Activity {
    word: AtomicU64,
    /// Whether a part of the next request is there. It does not make the connection busy: whoever
    /// sends half a head would keep others out.
    has_begun: AtomicBool,
    epoch: Instant,
}

/// What the stream of a connection has to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing is in flight.
    Idle,
    /// The body of a request is on its way.
    Body,
    /// The client has done its part; we have not.
    Answering,
}

/// Since when a connection is idle. The smaller, the sooner it may go: those that were never answered come
/// first, then those that have been idle for longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct IdleSince(u64);

impl Activity {
    /// Idle from now on; times are counted from `epoch`, which all connections share.
    pub(super) fn new(epoch: Instant) -> Activity {
        let activity =
            Activity { word: AtomicU64::new(0), has_begun: AtomicBool::new(false), epoch };
        activity.word.store(activity.idle_now(), Ordering::Relaxed);
        activity
    }

    fn idle_now(&self) -> u64 {
        let milliseconds = self.epoch.elapsed().as_millis();
        (u64::try_from(milliseconds).unwrap_or(u64::MAX) << SHIFT) & !ANSWERED_BEFORE
    }

    /// The head of a request is whole. `false`: too late, the place was given away.
    pub(super) fn begin(&self, has_body: bool) -> bool {
        let begun = if has_body { IN_FLIGHT | BODY } else { IN_FLIGHT };
        let word = self.word.load(Ordering::Relaxed);
        // Only an eviction can come between, and it stays.
        word & EVICTED == 0
            && self.word.compare_exchange(word, begun, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// The body has arrived, or nobody waits for it any more.
    pub(super) fn body_ended(&self) {
        self.word.fetch_and(!BODY, Ordering::AcqRel);
    }

    /// The answer is made.
    pub(super) fn answered(&self) {
        self.word.fetch_or(ANSWERED, Ordering::AcqRel);
    }

    /// What was written has been sent: if it was the answer, the connection is idle from now on,
    /// and this is `true`.
    pub(super) fn sent(&self) -> bool {
        let is_over = self.word.load(Ordering::Relaxed) == IN_FLIGHT | ANSWERED;
        if is_over {
            self.word.store(self.idle_now() | ANSWERED_BEFORE, Ordering::Release);
        }
        is_over
    }

    /// Says whether a request has begun whose head is not whole yet.
    pub(super) fn set_begun(&self, has_begun: bool) {
        self.has_begun.store(has_begun, Ordering::Relaxed);
    }

    /// Whether a request has begun whose head is not whole yet.
    pub(super) fn has_begun(&self) -> bool {
        self.has_begun.load(Ordering::Relaxed)
    }

    /// Whether nothing of a request or of an answer is under way.
    pub(super) fn is_at_rest(&self) -> bool {
        self.phase() == Phase::Idle && !self.has_begun()
    }

    pub(super) fn phase(&self) -> Phase {
        match self.word.load(Ordering::Relaxed) {
            word if word & IN_FLIGHT == 0 => Phase::Idle,
            word if word & BODY != 0 => Phase::Body,
            _ => Phase::Answering,
        }
    }

    /// Since when the connection is idle, if it is.
    pub(super) fn idle_since(&self) -> Option<IdleSince> {
        let word = self.word.load(Ordering::Acquire);
        (word & FLAGS == 0).then_some(IdleSince(word))
    }

    /// Whether the connection has just come, and its first request may be on its way.
    pub(super) fn is_newcomer(&self, IdleSince(word): IdleSince) -> bool {
        let age = Duration::from_millis(self.idle_now().saturating_sub(word) >> SHIFT);
        word & ANSWERED_BEFORE == 0 && age < NEWCOMER
    }

    /// Takes the connection out of use if it is still idle since then.
    pub(super) fn evict(&self, IdleSince(word): IdleSince) -> bool {
        self.word.compare_exchange(word, EVICTED, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_goes_through_its_phases() {
        let activity = Activity::new(Instant::now());
        assert_eq!(activity.phase(), Phase::Idle);
        assert!(!activity.sent(), "a flush while idle is no answer");
        assert!(activity.begin(true));
        assert_eq!((activity.phase(), activity.idle_since()), (Phase::Body, None));
        activity.body_ended();
        assert_eq!(activity.phase(), Phase::Answering);
        assert!(!activity.sent(), "such as `100 Continue`");
        activity.answered();
        assert!(activity.sent());
        assert_eq!(activity.phase(), Phase::Idle);
        activity.set_begun(true);
        assert_eq!((activity.phase(), activity.is_at_rest()), (Phase::Idle, false));
        activity.set_begun(false);
        assert!(activity.is_at_rest());
        assert!(activity.begin(false));
        assert_eq!((activity.phase(), activity.is_at_rest()), (Phase::Answering, false));
    }

    #[test]
    fn an_answer_before_the_end_of_the_body_leaves_the_body_in_flight() {
        let activity = Activity::new(Instant::now());
        assert!(activity.begin(true));
        activity.answered();
        assert!(!activity.sent());
        assert_eq!(activity.phase(), Phase::Body);
        activity.body_ended();
        assert!(activity.sent());
    }

    #[test]
    fn only_what_is_idle_is_evicted_and_it_begins_nothing_after() {
        let activity = Activity::new(Instant::now());
        let since = activity.idle_since().unwrap();
        assert!(activity.begin(false));
        assert!(!activity.evict(since), "a request came first");
        activity.answered();
        assert!(activity.sent());
        let since = activity.idle_since().unwrap();
        assert!(activity.evict(since));
        assert!(!activity.begin(false));
        assert_eq!(activity.idle_since(), None, "it is not evicted twice");
        activity.body_ended();
        assert!(!activity.sent() && !activity.begin(false));
    }
}
