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
/// Above the flags: since when it is idle, or a body is on its way, in milliseconds.
const SHIFT: u32 = 4;
/// Above that: it has been answered before.
const ANSWERED_BEFORE: u64 = 1 << 63;
/// Since when, without the rest.
const SINCE: u64 = !(FLAGS | ANSWERED_BEFORE);

/// How long a new connection keeps its place for its first request: some round trips and a handshake.
pub(super) const NEWCOMER: Duration = Duration::from_millis(200);
/// How long a body may be on its way while others want the place. A whole one comes with its head.
pub(super) const SLOW_BODY: Duration = Duration::from_secs(1);

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

/// A connection that waits for its client: how it stands when there are more connections than places. The
/// smaller goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Waiting {
    pub(super) rank: Rank,
    since: u64,
    word: u64,
}

/// Who goes before whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// It was never answered, and had the time for a request.
    Stranger,
    /// It was answered before, and has been sending a body for long.
    Slow,
    /// It was answered before, as the API server's are, and is idle.
    Idle,
    /// It was never answered, and its first request may be on its way. It has to stay.
    Newcomer,
}

impl Activity {
    /// Idle from now on; times are counted from `epoch`, which all connections share.
    pub(super) fn new(epoch: Instant) -> Activity {
        let activity =
            Activity { word: AtomicU64::new(0), has_begun: AtomicBool::new(false), epoch };
        activity.word.store(activity.now(), Ordering::Relaxed);
        activity
    }

    fn now(&self) -> u64 {
        let milliseconds = self.epoch.elapsed().as_millis();
        (u64::try_from(milliseconds).unwrap_or(u64::MAX) << SHIFT) & SINCE
    }

    /// The head of a request is whole. `false`: too late, the place was given away.
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
    pub(super) fn waiting(&self) -> Option<Waiting> {
        const SENDING: u64 = IN_FLIGHT | BODY;
        let word = self.word.load(Ordering::Acquire);
        let since = word & SINCE;
        let age = Duration::from_millis(self.now().saturating_sub(since) >> SHIFT);
        let rank = match (word & FLAGS, word & ANSWERED_BEFORE == 0) {
            (0, false) => Rank::Idle,
            (0, true) if age >= NEWCOMER => Rank::Stranger,
            (SENDING, true) if age >= SLOW_BODY => Rank::Stranger,
            (0 | SENDING, true) => Rank::Newcomer,
            (SENDING, false) if age >= SLOW_BODY => Rank::Slow,
            _ => return None,
        };
        Some(Waiting { rank, since, word })
    }

    /// Takes the connection out of use if nothing has happened to it since.
    pub(super) fn evict(&self, Waiting { word, .. }: Waiting) -> bool {
        self.word.compare_exchange(word, EVICTED, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    #[test]
    fn a_request_goes_through_its_phases() {
        let activity = Activity::new(Instant::now());
        assert_eq!(activity.phase(), Phase::Idle);
        assert!(!activity.sent(), "a flush while idle is no answer");
        assert!(activity.begin(true));
        assert_eq!(activity.phase(), Phase::Body);
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
    fn only_what_waits_is_evicted_and_it_begins_nothing_after() {
        let activity = Activity::new(Instant::now());
        let waiting = activity.waiting().unwrap();
        assert!(activity.begin(false));
        assert!(!activity.evict(waiting), "a request came first");
        activity.answered();
        assert!(activity.sent());
        let waiting = activity.waiting().unwrap();
        assert!(activity.evict(waiting));
        assert!(!activity.begin(false));
        assert_eq!(activity.waiting(), None, "it is not evicted twice");
        activity.body_ended();
        assert!(!activity.sent() && !activity.begin(false));
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_longer_than_a_request_takes_may_go() {
        let activity = Activity::new(Instant::now());
        let rank = || activity.waiting().map(|waiting| waiting.rank);
        assert_eq!(rank(), Some(Rank::Newcomer));
        sleep(NEWCOMER).await;
        assert_eq!(rank(), Some(Rank::Stranger));
        assert!(activity.begin(true));
        assert_eq!(rank(), Some(Rank::Newcomer));
        sleep(SLOW_BODY).await;
        assert_eq!(rank(), Some(Rank::Stranger));
        activity.body_ended();
        assert_eq!(rank(), None, "the answer is ours to give");
        activity.answered();
        assert!(activity.sent());
        assert_eq!(rank(), Some(Rank::Idle));
        assert!(activity.begin(true));
        assert_eq!(rank(), None);
        sleep(SLOW_BODY).await;
        assert_eq!(rank(), Some(Rank::Slow));
        assert!(activity.evict(activity.waiting().unwrap()));
        activity.body_ended();
        activity.answered();
        assert!(!activity.sent() && !activity.begin(true));
    }
}
