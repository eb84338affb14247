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
/// The connection gives its slot to another and begins nothing any more.
const EVICTED: u64 = 8;
const FLAGS: u64 = 15;
/// Above the flags: since when it is idle, or a body is on its way, in milliseconds.
const SHIFT: u32 = 4;
/// Above that: it has been answered before.
const ANSWERED_BEFORE: u64 = 1 << 63;
/// Since when, without the rest.
const SINCE: u64 = !(FLAGS | ANSWERED_BEFORE);

/// How long a new connection keeps its slot for its first request: some round trips and a handshake.
pub(super) const FIRST_REQUEST: Duration = Duration::from_millis(200);
/// How long a body may be on its way while others want the slot. A whole one comes with its head.
pub(super) const SLOW_BODY: Duration = Duration::from_secs(1);

/// The phases of one connection, from one request to the next.
///
/// Changing the phase is one atomic step without a lock, for it happens several times a request.
#[derive(Debug)]
pub(super) struct ConnectionState {
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

/// A connection that waits for its client: how it stands when there are more connections than slots. The
/// smaller goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct EvictionCandidate {
    pub(super) class: EvictionClass,
    since: u64,
    word: u64,
}

/// Who goes before whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum EvictionClass {
    /// It was never answered, and had the time for a request.
    NeverServed,
    /// It was answered before, and has been sending a body for long.
    SlowBody,
    /// It was answered before, as the API server's are, and is idle.
    Idle,
    /// It was never answered, and its first request may be on its way. It has to stay.
    New,
}

impl ConnectionState {
    /// Idle from now on; times are counted from `epoch`, which all connections share.
    pub(super) fn new(epoch: Instant) -> ConnectionState {
        let state =
            ConnectionState { word: AtomicU64::new(0), has_begun: AtomicBool::new(false), epoch };
        state.word.store(state.now(), Ordering::Relaxed);
        state
    }

    fn now(&self) -> u64 {
        let milliseconds = self.epoch.elapsed().as_millis();
        (u64::try_from(milliseconds).unwrap_or(u64::MAX) << SHIFT) & SINCE
    }

    /// The head of a request is whole. `false`: too late, the slot was given away.
    pub(super) fn begin(&self, has_body: bool) -> bool {
        let word = self.word.load(Ordering::Relaxed);
        let phase = if has_body { IN_FLIGHT | BODY | self.now() } else { IN_FLIGHT };
        let begun = phase | word & ANSWERED_BEFORE;
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
        let is_over = self.word.load(Ordering::Relaxed) & FLAGS == IN_FLIGHT | ANSWERED;
        if is_over {
            self.word.store(self.now() | ANSWERED_BEFORE, Ordering::Release);
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

    /// How the connection stands if it waits for its client; nothing if we have to do our part.
    pub(super) fn waiting(&self) -> Option<EvictionCandidate> {
        const SENDING: u64 = IN_FLIGHT | BODY;
        let word = self.word.load(Ordering::Acquire);
        let since = word & SINCE;
        let age = Duration::from_millis(self.now().saturating_sub(since) >> SHIFT);
        let class = match (word & FLAGS, word & ANSWERED_BEFORE == 0) {
            (0, false) => EvictionClass::Idle,
            (0, true) if age >= FIRST_REQUEST => EvictionClass::NeverServed,
            (SENDING, true) if age >= SLOW_BODY => EvictionClass::NeverServed,
            (0 | SENDING, true) => EvictionClass::New,
            (SENDING, false) if age >= SLOW_BODY => EvictionClass::SlowBody,
            _ => return None,
        };
        Some(EvictionCandidate { class, since, word })
    }

    /// Takes the connection out of use if nothing has happened to it since.
    pub(super) fn evict(&self, EvictionCandidate { word, .. }: EvictionCandidate) -> bool {
        self.word.compare_exchange(word, EVICTED, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    #[test]
    fn a_request_goes_through_its_phases() {
        let state = ConnectionState::new(Instant::now());
        assert_eq!(state.phase(), Phase::Idle);
        assert!(!state.sent(), "a flush while idle is no answer");
        assert!(state.begin(true));
        assert_eq!(state.phase(), Phase::Body);
        state.body_ended();
        assert_eq!(state.phase(), Phase::Answering);
        assert!(!state.sent(), "such as `100 Continue`");
        state.answered();
        assert!(state.sent());
        assert_eq!(state.phase(), Phase::Idle);
        state.set_begun(true);
        assert_eq!((state.phase(), state.is_at_rest()), (Phase::Idle, false));
        state.set_begun(false);
        assert!(state.is_at_rest());
        assert!(state.begin(false));
        assert_eq!((state.phase(), state.is_at_rest()), (Phase::Answering, false));
    }

    #[test]
    fn an_answer_before_the_end_of_the_body_leaves_the_body_in_flight() {
        let state = ConnectionState::new(Instant::now());
        assert!(state.begin(true));
        state.answered();
        assert!(!state.sent());
        assert_eq!(state.phase(), Phase::Body);
        state.body_ended();
        assert!(state.sent());
    }

    #[test]
    fn only_what_waits_is_evicted_and_it_begins_nothing_after() {
        let state = ConnectionState::new(Instant::now());
        let waiting = state.waiting().unwrap();
        assert!(state.begin(false));
        assert!(!state.evict(waiting), "a request came first");
        state.answered();
        assert!(state.sent());
        let waiting = state.waiting().unwrap();
        assert!(state.evict(waiting));
        assert!(!state.begin(false));
        assert_eq!(state.waiting(), None, "it is not evicted twice");
        state.body_ended();
        assert!(!state.sent() && !state.begin(false));
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_longer_than_a_request_takes_may_go() {
        let state = ConnectionState::new(Instant::now());
        let class = || state.waiting().map(|waiting| waiting.class);
        assert_eq!(class(), Some(EvictionClass::New));
        sleep(FIRST_REQUEST).await;
        assert_eq!(class(), Some(EvictionClass::NeverServed));
        assert!(state.begin(true));
        assert_eq!(class(), Some(EvictionClass::New));
        sleep(SLOW_BODY).await;
        assert_eq!(class(), Some(EvictionClass::NeverServed));
        state.body_ended();
        assert_eq!(class(), None, "the answer is ours to give");
        state.answered();
        assert!(state.sent());
        assert_eq!(class(), Some(EvictionClass::Idle));
        assert!(state.begin(true));
        assert_eq!(class(), None);
        sleep(SLOW_BODY).await;
        assert_eq!(class(), Some(EvictionClass::SlowBody));
        assert!(state.evict(state.waiting().unwrap()));
        state.body_ended();
        state.answered();
        assert!(!state.sent() && !state.begin(true));
    }
}
