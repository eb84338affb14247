//! Whose turn it is to be compiled.

use super::*;

fn waiting(namespace: &str, created: i64, name: &str, bytes: u64) -> Waiting {
    let seat = Seat { created, name: name.into() };
    Waiting { namespace: namespace.into(), seat, spawner: Arc::default(), bytes }
}

/// Takes the next one out, which takes so many steps; gives `namespace/name`.
fn next(queue: &mut Queue, steps: impl Fn(&str) -> u64) -> Option<(String, u64)> {
    let waiting = queue.pop()?;
    let steps = steps(&waiting.namespace);
    queue.charge(&waiting, steps);
    Some((format!("{}/{}", waiting.namespace, waiting.seat.name), steps))
}

#[test]
fn the_oldest_of_a_namespace_goes_first_and_only_its_newest_version() {
    let mut queue = Queue::default();
    for (created, name) in [(2, "b"), (1, "z"), (2, "a"), (1, "z"), (3, "c")] {
        queue.push(waiting("ns", created, name, 10));
    }
    queue.push(waiting("ns", 9, "c", 10));
    assert_eq!(queue.bytes, 40);
    queue.remove("ns", "b");
    let mut order = Vec::new();
    while let Some((name, _)) = next(&mut queue, |_| 1) {
        order.push(name);
    }
    assert_eq!(order, ["ns/z", "ns/a", "ns/c"]);
    assert!(queue.is_empty() && queue.bytes == 0);
}

#[test]
fn who_changes_all_the_time_keeps_nobody_of_its_namespace_from_its_turn() {
    let mut queue = Queue::default();
    queue.push(waiting("ns", 2, "young", 1));
    for _ in 0..3 {
        queue.push(waiting("ns", 1, "busy", 1));
        if next(&mut queue, |_| 1).unwrap().0 == "ns/young" {
            return;
        }
    }
    panic!("young never had its turn");
}

#[test]
fn a_backlog_of_costly_ones_holds_up_no_other_namespace() {
    let cost = |namespace: &str| if namespace == "bad" { 500_000 } else { 1_000 };
    let mut queue = Queue::default();
    (0..200).for_each(|number| drop(queue.push(waiting("bad", 0, &format!("{number:03}"), 1))));
    for _ in 0..7 {
        next(&mut queue, cost);
    }
    // One change: it waits for what is being compiled, at the most.
    queue.push(waiting("good", 9, "one", 1));
    let mut waited = 0;
    loop {
        let (name, steps) = next(&mut queue, cost).unwrap();
        if name == "good/one" {
            break;
        }
        waited += steps;
    }
    assert!(waited <= 500_000, "{waited}");
    // A thousand: of all the steps until they are done about half are theirs.
    (0..1_000).for_each(|number| drop(queue.push(waiting("good", 9, &format!("{number}"), 1))));
    let (mut others, mut left) = (0, 1_000);
    while left > 0 {
        let (name, steps) = next(&mut queue, cost).unwrap();
        if name.starts_with("good/") { left -= 1 } else { others += steps }
    }
    assert!(others <= 1_500_000, "{others}");
}

#[test]
fn the_first_steps_of_all_namespaces_are_not_held_up_by_backlogs() {
    let cost = |namespace: &str| if namespace.starts_with("bad") { 500_000 } else { 1_000 };
    let mut queue = Queue::default();
    for namespace in ["bad1", "bad2", "good1", "good2"] {
        (0..300).for_each(|it| drop(queue.push(waiting(namespace, 0, &format!("{it}"), 1))));
    }
    let mut steps = 0;
    while !queue.has_started() {
        steps += next(&mut queue, cost).unwrap().1;
    }
    assert!(!queue.is_empty());
    assert!(steps <= 4 * 1_000_000, "{steps}");
    queue.push(waiting("late", 0, "late", 1));
    assert!(queue.has_started(), "once it was so, it stays so");
    assert!(Queue::default().has_started(), "who has nothing needs nothing");
}

#[test]
fn what_waits_is_bounded_and_who_has_little_loses_nothing() {
    let mut queue = Queue::default();
    queue.push(waiting("good", 9, "small", 1_000));
    let mut dropped = Vec::new();
    for number in 0..100 {
        dropped.extend(queue.push(waiting("bad", number, &format!("{number:03}"), 300_000)));
        assert!(queue.bytes <= WAITING_BYTES);
    }
    assert!(queue.get("good", "small").is_some());
    assert_eq!(dropped.len(), 45, "the youngest of the namespace that has the most");
    assert!(dropped.iter().all(|it| &*it.namespace == "bad" && it.seat.created >= 55));
    assert!(!queue.wants_list(), "there is no room yet");
    while next(&mut queue, |_| 1).is_some() {}
    assert!(queue.wants_list() && !queue.wants_list(), "it is said once");
    queue.push(waiting("bad", 0, "alone", 2 * WAITING_BYTES));
    assert!(queue.get("bad", "alone").is_some(), "the only one is not waited for in vain");
}
