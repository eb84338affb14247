//! Who gives up its place for a new connection, and who never does.

use std::future::pending;

use super::super::connection_state::{FIRST_REQUEST, SLOW_BODY};
use super::*;

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Takes a slot for a connection that lasts until it is evicted, and waits until it is new no more.
async fn connect(slots: &Arc<ConnectionSlots>) -> Arc<ConnectionState> {
    let state = come(slots).await;
    sleep(FIRST_REQUEST).await;
    state
}

/// Takes a slot for a connection that lasts until it is evicted.
async fn come(slots: &Arc<ConnectionSlots>) -> Arc<ConnectionState> {
    let slot = timeout(PATIENCE, slots.take()).await.expect("a slot");
    let (id, state) = (slot.id(), Arc::clone(slot.state()));
    let task = tokio::spawn(async move {
        let _slot = slot;
        pending::<()>().await;
    });
    slots.held_by(id, task.abort_handle());
    state
}

fn is_evicted(state: &ConnectionState) -> bool {
    !state.begin(false)
}

#[tokio::test(start_paused = true)]
async fn the_oldest_idle_one_goes_first_and_a_busy_one_never() {
    let slots = ConnectionSlots::new(3);
    let (oldest, older, young) =
        (connect(&slots).await, connect(&slots).await, connect(&slots).await);
    assert!(oldest.begin(true));
    let next = connect(&slots).await;
    // Its request is over: from now on it is the youngest.
    oldest.body_ended();
    oldest.answered();
    assert!(oldest.sent());
    let last = connect(&slots).await;
    assert!(is_evicted(&older) && is_evicted(&young));
    assert!(!is_evicted(&oldest) && !is_evicted(&next) && !is_evicted(&last));
    assert!(slots.are_full());
    assert_eq!(slots.taken().by_id.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn who_was_answered_before_goes_last() {
    let slots = ConnectionSlots::new(2);
    let answered = connect(&slots).await;
    assert!(answered.begin(false));
    answered.answered();
    assert!(answered.sent());
    for _ in 0..20 {
        let never_served = connect(&slots).await;
        connect(&slots).await;
        assert!(is_evicted(&never_served) && !is_evicted(&answered));
        answered.answered();
        assert!(answered.sent());
    }
    // Among themselves it is the oldest again.
    slots.evict_all();
    let pair = [connect(&slots).await, connect(&slots).await];
    for one in [&pair[1], &pair[0]] {
        assert!(one.begin(false));
        one.answered();
        assert!(one.sent());
        sleep(Duration::from_millis(1)).await;
    }
    connect(&slots).await;
    assert!(is_evicted(&pair[1]) && !is_evicted(&pair[0]));
}

/// Heads that are whole, and bodies that never are, keep nobody out, and push out none who was answered.
#[tokio::test(start_paused = true)]
async fn bodies_that_stop_make_room_before_who_was_answered() {
    let slots = ConnectionSlots::new(3);
    let answered = connect(&slots).await;
    let slow = connect(&slots).await;
    for one in [&answered, &slow] {
        assert!(one.begin(false));
        one.answered();
        assert!(one.sent());
    }
    assert!(slow.begin(true));
    for _ in 0..20 {
        let before = Instant::now();
        assert!(come(&slots).await.begin(true));
        assert!(before.elapsed() <= SLOW_BODY + LOOK_AGAIN * 2);
    }
    assert!(
        is_evicted(&slow),
        "it was answered before, and is slow: that goes after those never served"
    );
    assert!(!is_evicted(&answered));
}

#[tokio::test(start_paused = true)]
async fn a_new_connection_keeps_its_slot_for_a_moment() {
    let slots = ConnectionSlots::new(2);
    let answered = connect(&slots).await;
    assert!(answered.begin(false));
    answered.answered();
    assert!(answered.sent());
    let before = Instant::now();
    for _ in 0..20 {
        come(&slots).await;
    }
    // The first one found a free slot, and each of the others waited for the one before.
    assert!(before.elapsed() >= FIRST_REQUEST * 19, "{:?}", before.elapsed());
    assert!(!is_evicted(&answered));
}

#[tokio::test(start_paused = true)]
async fn a_new_one_waits_only_while_all_are_busy() {
    let slots = ConnectionSlots::new(2);
    let (one, two) = (connect(&slots).await, connect(&slots).await);
    assert!(one.begin(false) && two.begin(false));
    let mut next = Box::pin(connect(&slots));
    assert!(timeout(LOOK_AGAIN * 5, next.as_mut()).await.is_err());
    two.answered();
    assert!(two.sent());
    next.await;
    assert!(is_evicted(&two) && one.waiting().is_none());
}

/// How many slots are taken, and how many given up.
fn numbers(slots: &ConnectionSlots) -> (usize, usize) {
    let taken = slots.taken();
    (taken.by_id.len(), taken.given_up)
}

#[tokio::test(start_paused = true)]
async fn a_shortage_costs_places_but_never_the_last_and_no_busy_connection() {
    let slots = ConnectionSlots::new(16);
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(connect(&slots).await);
    }
    assert!(open[0].begin(false));
    slots.shrink().await;
    assert_eq!(numbers(&slots), (6, 10));
    assert!(is_evicted(&open[1]) && is_evicted(&open[2]) && !is_evicted(&open[3]));
    for _ in 0..20 {
        slots.shrink().await;
    }
    assert_eq!(numbers(&slots), (2, 14));
    assert!(open[0].waiting().is_none() && open[3].waiting().is_none());
    slots.evict_all();
    let next = connect(&slots).await;
    assert!(next.waiting().is_some());

    let empty = ConnectionSlots::new(4);
    empty.shrink().await;
    connect(&empty).await;
    assert_eq!(empty.taken().given_up, 3);
}

#[tokio::test(start_paused = true)]
async fn all_places_come_back() {
    let slots = ConnectionSlots::new(4);
    for _ in 0..20 {
        connect(&slots).await.begin(false);
        if slots.are_full() {
            slots.evict_all();
        }
    }
    slots.evict_all();
    let all = timeout(PATIENCE, slots.free.acquire_many(4)).await;
    assert!(all.expect("free").is_ok() && slots.taken().by_id.is_empty());
}
