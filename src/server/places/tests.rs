//! Who gives up its place for a new connection, and who never does.

use std::future::pending;

use super::super::activity::{NEWCOMER, SLOW_BODY};
use super::*;

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Takes a place for a connection that lasts until it is evicted, and waits until it is no newcomer.
async fn connect(places: &Arc<Places>) -> Arc<Activity> {
    let activity = come(places).await;
    sleep(NEWCOMER).await;
    activity
}

/// Takes a place for a connection that lasts until it is evicted.
async fn come(places: &Arc<Places>) -> Arc<Activity> {
    let place = timeout(PATIENCE, places.take()).await.expect("a place");
    let (id, activity) = (place.id(), Arc::clone(place.activity()));
    let task = tokio::spawn(async move {
        let _place = place;
        pending::<()>().await;
    });
    places.held_by(id, task.abort_handle());
    activity
}

fn is_evicted(activity: &Activity) -> bool {
    !activity.begin(false)
}

#[tokio::test(start_paused = true)]
async fn the_oldest_idle_one_goes_first_and_a_busy_one_never() {
    let places = Places::new(3);
    let (oldest, older, young) =
        (connect(&places).await, connect(&places).await, connect(&places).await);
    assert!(oldest.begin(true));
    let next = connect(&places).await;
    // Its request is over: from now on it is the youngest.
    oldest.body_ended();
    oldest.answered();
    assert!(oldest.sent());
    let last = connect(&places).await;
    assert!(is_evicted(&older) && is_evicted(&young));
    assert!(!is_evicted(&oldest) && !is_evicted(&next) && !is_evicted(&last));
    assert!(places.are_full());
    assert_eq!(places.taken().by_id.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn who_was_answered_before_goes_last() {
    let places = Places::new(2);
    let answered = connect(&places).await;
    assert!(answered.begin(false));
    answered.answered();
    assert!(answered.sent());
    for _ in 0..20 {
        let stranger = connect(&places).await;
        connect(&places).await;
        assert!(is_evicted(&stranger) && !is_evicted(&answered));
        answered.answered();
        assert!(answered.sent());
    }
    // Among themselves it is the oldest again.
    places.evict_all();
    let pair = [connect(&places).await, connect(&places).await];
    for one in [&pair[1], &pair[0]] {
        assert!(one.begin(false));
        one.answered();
        assert!(one.sent());
        sleep(Duration::from_millis(1)).await;
    }
    connect(&places).await;
    assert!(is_evicted(&pair[1]) && !is_evicted(&pair[0]));
}

/// Heads that are whole, and bodies that never are, keep nobody out, and push out none who was answered.
#[tokio::test(start_paused = true)]
async fn bodies_that_stop_make_room_before_who_was_answered() {
    let places = Places::new(3);
    let answered = connect(&places).await;
    let slow = connect(&places).await;
    for one in [&answered, &slow] {
        assert!(one.begin(false));
        one.answered();
        assert!(one.sent());
    }
    assert!(slow.begin(true));
    for _ in 0..20 {
        let before = Instant::now();
        assert!(come(&places).await.begin(true));
        assert!(before.elapsed() <= SLOW_BODY + LOOK_AGAIN * 2);
    }
    assert!(is_evicted(&slow), "it was answered before, and is slow: that goes after strangers");
    assert!(!is_evicted(&answered));
}

#[tokio::test(start_paused = true)]
async fn a_newcomer_keeps_its_place_for_a_moment() {
    let places = Places::new(2);
    let answered = connect(&places).await;
    assert!(answered.begin(false));
    answered.answered();
    assert!(answered.sent());
    let before = Instant::now();
    for _ in 0..20 {
        come(&places).await;
    }
    // The first one found a free place, and each of the others waited for the one before.
    assert!(before.elapsed() >= NEWCOMER * 19, "{:?}", before.elapsed());
    assert!(!is_evicted(&answered));
}

#[tokio::test(start_paused = true)]
async fn a_new_one_waits_only_while_all_are_busy() {
    let places = Places::new(2);
    let (one, two) = (connect(&places).await, connect(&places).await);
    assert!(one.begin(false) && two.begin(false));
    let mut next = Box::pin(connect(&places));
    assert!(timeout(LOOK_AGAIN * 5, next.as_mut()).await.is_err());
    two.answered();
    assert!(two.sent());
    next.await;
    assert!(is_evicted(&two) && one.waiting().is_none());
}

/// How many places are taken, and how many given up.
fn numbers(places: &Places) -> (usize, usize) {
    let taken = places.taken();
    (taken.by_id.len(), taken.given_up)
}

#[tokio::test(start_paused = true)]
async fn a_shortage_costs_places_but_never_the_last_and_no_busy_connection() {
    let places = Places::new(16);
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(connect(&places).await);
    }
    assert!(open[0].begin(false));
    places.shrink().await;
    assert_eq!(numbers(&places), (6, 10));
    assert!(is_evicted(&open[1]) && is_evicted(&open[2]) && !is_evicted(&open[3]));
    for _ in 0..20 {
        places.shrink().await;
    }
    assert_eq!(numbers(&places), (2, 14));
    assert!(open[0].waiting().is_none() && open[3].waiting().is_none());
    places.evict_all();
    let next = connect(&places).await;
    assert!(next.waiting().is_some());

    let empty = Places::new(4);
    empty.shrink().await;
    connect(&empty).await;
    assert_eq!(empty.taken().given_up, 3);
}

#[tokio::test(start_paused = true)]
async fn all_places_come_back() {
    let places = Places::new(4);
    for _ in 0..20 {
        connect(&places).await.begin(false);
        if places.are_full() {
            places.evict_all();
        }
    }
    places.evict_all();
    let all = timeout(PATIENCE, places.free.acquire_many(4)).await;
    assert!(all.expect("free").is_ok() && places.taken().by_id.is_empty());
}
