//! What becomes of a TaskSpawner between the watch and the rules: its turn, its room, and whom it holds up.

mod defaults;
mod sessions;

use std::cell::Cell;

use serde_json::json;

use super::super::shares::Bounds;
use super::super::{Lookup, Objects, Spawners, Weight};
use super::*;
use crate::engine::kelos::Owner;
use crate::engine::rules::{Policy, Shared};

const SMALL: Bounds =
    Bounds { namespace: Cost { steps: 10_000_000, bytes: 40_000 }, total_bytes: 60_000 };

thread_local! {
    /// The steps that were compiled on this thread, and how many TaskSpawners.
    static COMPILED: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
}

/// Compiles as always; what it costs stands in the TaskSpawner.
fn costly(spawner: Arc<TaskSpawner>, policy: &Policy, shared: &mut Shared) -> Rules {
    let said = |name: &str| spawner.metadata.annotations.get(name).unwrap().parse().unwrap();
    let cost = Cost { steps: said("steps"), bytes: said("bytes") };
    COMPILED.set((COMPILED.get().0 + cost.steps, COMPILED.get().1 + 1));
    Rules { cost, ..Rules::compile(spawner, policy, shared) }
}

fn spawner(namespace: &str, name: &str, steps: u64, bytes: u64, label: &str) -> Arc<TaskSpawner> {
    let labels = json!({ "a": label }).to_string();
    let annotations = json!({LABELS_RULES: labels, "steps": steps.to_string(),
                             "bytes": bytes.to_string()});
    let metadata = json!({"namespace": namespace, "name": name, "uid": format!("uid-{name}"),
                          "annotations": annotations});
    Arc::new(serde_json::from_value(json!({ "metadata": metadata })).unwrap())
}

fn one(spawner: Arc<TaskSpawner>) -> ClusterChange {
    ClusterChange::Spawners(Shape::Task, Change::One(spawner))
}

fn gone(namespace: &str, name: &str) -> ClusterChange {
    let (namespace, name) = (namespace.to_owned(), name.to_owned());
    ClusterChange::Spawners(Shape::Task, Change::Gone { namespace, name })
}

fn look(spawners: &Spawners, namespace: &str, name: &str) -> Lookup {
    let uid = format!("uid-{name}");
    spawners.snapshot().rules(namespace, &Owner { shape: Shape::Task, name, uid: Some(&uid) })
}

/// The template of the key `a`, or why there is none.
fn label(spawners: &Spawners, namespace: &str, name: &str) -> String {
    match look(spawners, namespace, name) {
        Lookup::Pending => "pending".to_owned(),
        Lookup::Unknown => "unknown".to_owned(),
        Lookup::Found(known) => match known.rules.keys.first() {
            Some(key) => key.source().unwrap().to_owned(),
            None => known.rules.broken_annotations[0].error.reason.to_string(),
        },
    }
}

fn spawners(bounds: Bounds) -> Spawners {
    COMPILED.set((0, 0));
    Spawners::bounded(costly, Policy::default(), bounds)
}

#[test]
fn a_backlog_of_one_namespace_delays_no_change_of_another() {
    let spawners = spawners(BOUNDS);
    spawners.apply(one(spawner("good", "worker", 1_000, 8_000, "old")));
    for number in 0..15 {
        let name = format!("bad{number:02}");
        spawners.take(one(spawner("bad", &name, 500_000, 1_000, "x")));
    }
    assert!(!spawners.work().is_done);
    assert_eq!(label(&spawners, "bad", "bad14"), "pending", "it is new: there is nothing else");
    let before = COMPILED.get().0;
    spawners.take(one(spawner("good", "worker", 1_000, 8_000, "new")));
    assert_eq!(label(&spawners, "good", "worker"), "old", "the old rules stay until then");
    let mut is_done = false;
    while label(&spawners, "good", "worker") != "new" {
        assert!(!is_done);
        is_done = spawners.work().is_done;
    }
    assert!(!is_done, "the backlog is still there");
    // Half of what takes about a tenth of a second.
    let waited = COMPILED.get().0 - before;
    assert!(waited <= 501_000, "{waited} steps");
}

#[test]
fn no_backlog_keeps_the_rules_of_others_from_being_there() {
    let spawners = spawners(BOUNDS);
    spawners.take(ClusterChange::Spawners(Shape::Task, Change::Listing));
    let mut all: Vec<_> =
        (0..400).map(|it| spawner("bad", &format!("b{it}"), 500_000, 1_000, "x")).collect();
    all.extend((0..100).map(|it| spawner("good", &format!("g{it}"), 1_000, 8_000, "y")));
    spawners.take(ClusterChange::Spawners(Shape::Task, Change::Page(all)));
    spawners.take(ClusterChange::Spawners(Shape::Task, Change::Listed));
    let mut worked = spawners.work();
    while !worked.has_started {
        worked = spawners.work();
    }
    assert!(!worked.is_done && COMPILED.get().0 <= 1_600_000, "{:?}", COMPILED.get());
    for number in 0..100 {
        assert_eq!(label(&spawners, "good", &format!("g{number}")), "y");
    }
    // The backlog ends at the bound of the namespace: what is behind it is never compiled.
    while !spawners.work().is_done {}
    let bad = COMPILED.get().0 - 100 * 1_000;
    assert!((20 * 500_000..=22 * 500_000).contains(&bad), "{bad}");
    assert_eq!(label(&spawners, "bad", "b399"), "limit_exceeded");
}

#[test]
fn a_batch_ends_before_what_has_no_room_takes_much_memory() {
    let spawners = spawners(BOUNDS);
    for number in 0..400 {
        spawners.take(one(spawner("bad", &format!("b{number}"), 1, 1 << 20, "x")));
    }
    spawners.work();
    assert!(COMPILED.get().1 <= 2, "{:?}", COMPILED.get());
    while !spawners.work().is_done {
        assert!(spawners.weight().bytes <= BOUNDS.namespace.bytes);
    }
    assert!(COMPILED.get().1 <= 34, "{:?}", COMPILED.get());
}

#[test]
fn who_has_no_room_is_told_once_and_has_it_when_an_older_one_goes() {
    let spawners = spawners(SMALL);
    assert_eq!(spawners.apply(one(spawner("ns", "a", 1, 20_000, "x"))), []);
    assert_eq!(spawners.apply(one(spawner("ns", "b", 1, 15_000, "x"))), []);
    let told = spawners.apply(one(spawner("ns", "c", 1, 15_000, "x")));
    let [problem] = &*told else { panic!("{told:?}") };
    assert_eq!((&*problem.spawner, problem.problem.reason), ("c", Reason::LimitExceeded));
    assert!(problem.problem.message.contains("of its 0.1 MiB"), "{problem}");
    assert_eq!(label(&spawners, "ns", "c"), "limit_exceeded");
    assert_eq!(spawners.weight(), Weight { bytes: 35_000 + 2 * 512, refused: 1 });
    let other_uid = Owner { shape: Shape::Task, name: "c", uid: Some("other") };
    assert!(matches!(spawners.snapshot().rules("ns", &other_uid), Lookup::Unknown));

    // The same again, as lists and changes of the status bring it: nothing is compiled or told.
    let compiled = COMPILED.get();
    assert_eq!(spawners.apply(one(spawner("ns", "c", 1, 15_000, "x"))), []);
    assert_eq!(COMPILED.get(), compiled);

    spawners.take(gone("ns", "a"));
    let worked = spawners.work();
    assert_eq!((worked.is_done, worked.wants_lists), (true, vec![WatchedKind::TaskSpawners]));
    assert_eq!(label(&spawners, "ns", "c"), "limit_exceeded", "until it is read again");
    assert_eq!(spawners.apply(one(spawner("ns", "c", 1, 15_000, "x"))), []);
    assert_eq!(label(&spawners, "ns", "c"), "x");
    assert_eq!(spawners.weight().refused, 0);
}

#[test]
fn one_that_grows_costs_younger_ones_their_place_and_gives_it_back_when_it_shrinks() {
    let spawners = spawners(SMALL);
    for name in ["a", "b", "c"] {
        spawners.apply(one(spawner("ns", name, 1, 12_000, "x")));
    }
    let told = spawners.apply(one(spawner("ns", "a", 1, 30_000, "x")));
    assert_eq!(told.iter().map(|it| &*it.spawner).collect::<Vec<_>>(), ["b", "c"]);
    assert_eq!(
        ["a", "b", "c"].map(|name| label(&spawners, "ns", name)).join(" "),
        "x limit_exceeded limit_exceeded"
    );
    // What is refused changes while nobody looks: what it was is not taken for what it is.
    spawners.apply(one(spawner("ns", "c", 1, 1_000, "y")));
    spawners.take(one(spawner("ns", "a", 1, 12_000, "x")));
    assert_eq!(spawners.work().wants_lists, [WatchedKind::TaskSpawners]);
    spawners.apply(one(spawner("ns", "b", 1, 12_000, "x")));
    spawners.apply(one(spawner("ns", "c", 1, 1_000, "y")));
    assert_eq!(["a", "b", "c"].map(|name| label(&spawners, "ns", name)).join(" "), "x x y");
}

#[test]
fn the_first_that_is_refused_is_compiled_again_when_it_shrinks() {
    let spawners = spawners(SMALL);
    spawners.apply(one(spawner("ns", "a", 1, 30_000, "x")));
    spawners.apply(one(spawner("ns", "b", 1, 30_000, "x")));
    assert_eq!(label(&spawners, "ns", "b"), "limit_exceeded");
    spawners.apply(one(spawner("ns", "b", 1, 2_000, "y")));
    assert_eq!(label(&spawners, "ns", "b"), "y");
}

#[test]
fn manifests_have_the_same_bounds_and_find_room_at_once() {
    let spawners = spawners(SMALL);
    let objects = |names: &[&str]| Objects {
        spawners: names.iter().map(|name| spawner("ns", name, 1, 18_000, "x")).collect(),
        ..Objects::default()
    };
    let told = spawners.replace(objects(&["a", "b", "c", "d"]));
    assert_eq!(told.iter().map(|it| &*it.spawner).collect::<Vec<_>>(), ["c", "d"]);
    assert_eq!(spawners.replace(objects(&["a", "b", "c", "d"])), []);
    assert_eq!(spawners.replace(objects(&["c", "d"])), []);
    assert_eq!(["a", "c", "d"].map(|name| label(&spawners, "ns", name)).join(" "), "unknown x x");
}

#[test]
fn of_a_crowd_even_those_are_refused_whose_names_are_not_kept() {
    let spawners = spawners(SMALL);
    let all = (0..1_000).map(|it| spawner("ns", &format!("n{it:03}"), 1, 3_000, "x")).collect();
    let told = spawners.replace(Objects { spawners: all, ..Objects::default() });
    // As many as have their names kept, and some that were refused before an older one took their place.
    assert!((256..400).contains(&told.len()), "{}", told.len());
    assert_eq!(spawners.weight().refused, 256);
    assert_eq!(label(&spawners, "ns", "n010"), "x");
    assert_eq!(label(&spawners, "ns", "n999"), "limit_exceeded");
    assert_eq!(label(&spawners, "other", "n999"), "unknown");
}

#[test]
fn another_one_of_the_same_name_is_waited_for() {
    let spawners = spawners(BOUNDS);
    spawners.apply(one(spawner("ns", "a", 1, 1, "x")));
    // Others of the same namespace are older, so that it is not its turn yet.
    for number in 0..5 {
        spawners.take(one(spawner("ns", &format!("{number}"), 500_000, 1, "x")));
    }
    let mut again = Arc::unwrap_or_clone(spawner("ns", "a", 1, 1, "y"));
    again.metadata.uid = Some("uid-2".into());
    spawners.take(one(Arc::new(again)));
    spawners.work();
    let rules = |uid| {
        spawners.snapshot().rules("ns", &Owner { shape: Shape::Task, name: "a", uid: Some(uid) })
    };
    assert!(matches!(rules("uid-2"), Lookup::Pending));
    assert!(matches!(rules("uid-a"), Lookup::Unknown));
}

#[test]
fn a_switch_that_is_off_stays_off_without_room() {
    let spawners = spawners(SMALL);
    spawners.apply(one(spawner("ns", "a", 1, 39_000, "x")));
    let mut off = Arc::unwrap_or_clone(spawner("ns", "b", 1, 39_000, "x"));
    off.metadata.annotations.insert("metadata.kelos.dev/injection".into(), "disabled".into());
    spawners.apply(one(Arc::new(off)));
    let Lookup::Found(known) = look(&spawners, "ns", "b") else { panic!() };
    assert!(known.rules.is_disabled);
}

#[test]
fn deletions_and_lists_are_seen_whatever_waits() {
    let spawners = spawners(BOUNDS);
    spawners.apply(one(spawner("good", "a", 1, 1, "x")));
    spawners.apply(one(spawner("good", "b", 1, 1, "x")));
    for number in 0..9 {
        spawners.take(one(spawner("bad", &format!("{number}"), 500_000, 1, "x")));
    }
    spawners.take(gone("good", "a"));
    spawners.work();
    assert_eq!(label(&spawners, "good", "a"), "unknown");
    for change in Change::all(vec![spawner("bad", "8", 500_000, 1, "x")]) {
        spawners.take(ClusterChange::Spawners(Shape::Task, change));
    }
    let worked = spawners.work();
    assert!(worked.is_done, "what is gone does not wait any more");
    assert_eq!(label(&spawners, "good", "b"), "unknown");
    assert_eq!(label(&spawners, "bad", "8"), "x");
    assert_eq!(spawners.snapshot().spawner_count(Shape::Task), 1);
}

#[test]
fn four_thousand_ordinary_ones_fit_into_a_namespace_and_ten_thousand_into_the_cache() {
    let spawners = spawners(BOUNDS);
    let ordinary = |namespace: &str, number| {
        spawner(namespace, &format!("n{number:05}"), 1_500, 7_600, "{{.Kind}}")
    };
    let mut all: Vec<_> = (0..4_000).map(|number| ordinary("large", number)).collect();
    all.extend((0..6_000).map(|number| ordinary(&format!("ns{}", number % 50), number)));
    let told = spawners.replace(Objects { spawners: all, ..Objects::default() });
    assert_eq!(told, []);
    assert_eq!(spawners.snapshot().spawner_count(Shape::Task), 10_000);
    assert_eq!(spawners.weight().refused, 0);
}

#[test]
fn names_of_refused_ones_take_next_to_nothing() {
    let spawners = spawners(SMALL);
    let text = "x".repeat(20_000);
    let used = allocation_counter::measure(|| {
        for number in 0..2_000 {
            let name = format!("n{number:05}");
            spawners.apply(one(spawner("ns", &name, 1, 30_000, &text)));
        }
    });
    assert_eq!(
        (spawners.snapshot().spawner_count(Shape::Task), spawners.weight().refused),
        (1, 256)
    );
    assert!(used.bytes_current < 400_000, "{} are kept", used.bytes_current);
}

#[test]
fn one_that_asks_for_nothing_hears_nothing_when_there_is_no_room() {
    let spawners = Spawners::bounded(costly, Policy::default(), SMALL);
    let mut silent = TaskSpawner::clone(&spawner("ns", "b", 1, 30_000, "x"));
    silent.metadata.annotations.remove(LABELS_RULES);
    let all = vec![spawner("ns", "a", 1, 30_000, "x"), Arc::new(silent)];
    let problems = spawners.replace(Objects { spawners: all, ..Objects::default() });
    assert_eq!((problems.len(), spawners.weight().refused), (0, 1));
    let Lookup::Found(known) = look(&spawners, "ns", "b") else { panic!("it is there") };
    assert_eq!((known.rules.keys.len(), known.rules.broken_annotations.len()), (0, 0));
    assert_eq!(label(&spawners, "ns", "a"), "x");
}

/// A cache of so many TaskSpawners in one namespace.
fn cache_of(count: usize) -> Spawners {
    let spawners = Spawners::new(Policy::default());
    let all = (0..count).map(|n| spawner("ns", &format!("s{n:05}"), 1, 1, "x")).collect();
    spawners.replace(Objects { spawners: all, ..Objects::default() });
    assert_eq!(spawners.snapshot().spawner_count(Shape::Task), count);
    spawners
}

#[test]
fn what_changes_no_rules_makes_no_snapshot() {
    let spawners = cache_of(3);
    let before = spawners.snapshot();
    let namespace: Namespace = serde_json::from_value(json!({"metadata": {"name": "ns"}})).unwrap();
    spawners.apply(ClusterChange::Namespaces(Change::One(namespace.clone())));
    let with_namespace = spawners.snapshot();
    assert!(!Arc::ptr_eq(&before, &with_namespace));
    let changes = [
        one(spawner("ns", "s00001", 1, 1, "x")),
        ClusterChange::Spawners(Shape::Task, Change::Alive),
        ClusterChange::Namespaces(Change::One(namespace)),
        gone("ns", "never-there"),
    ];
    for changed in changes {
        assert_eq!(spawners.apply(changed), []);
        assert!(Arc::ptr_eq(&with_namespace, &spawners.snapshot()));
    }
    spawners.apply(one(spawner("ns", "s00001", 1, 1, "y")));
    assert!(!Arc::ptr_eq(&with_namespace, &spawners.snapshot()));
}

#[test]
fn an_event_allocates_the_same_whatever_the_cache_holds() {
    let [few, many] = [100, 4_000].map(|count| {
        let spawners = cache_of(count);
        let _request_under_way = spawners.snapshot();
        ["x", "y"].map(|value| {
            let event = one(spawner("ns", "s00050", 1, 1, value));
            allocation_counter::measure(|| drop(spawners.apply(event))).bytes_total
        })
    });
    assert_eq!(few[0], many[0], "nothing but a status has changed");
    // The way to one of four thousand is one node longer than to one of a hundred.
    assert!(many[1] <= few[1] + 1_024, "{few:?}, {many:?}");
}

#[test]
fn how_many_have_rules_and_templates_that_do_not_parse_is_counted_as_they_come_and_go() {
    let spawners = Spawners::new(Policy::default());
    let counts = || {
        (spawners.snapshot().spawner_count(Shape::Task), spawners.snapshot().invalid_templates())
    };
    for (changed, expected) in [
        (one(spawner("ns", "a", 1, 1, "{{")), (1, 1)),
        (one(spawner("ns", "b", 1, 1, "x")), (2, 1)),
        (one(spawner("ns", "a", 1, 1, "x")), (2, 0)),
        (one(spawner("ns", "b", 1, 1, "{{")), (2, 1)),
        (gone("ns", "b"), (1, 0)),
        (gone("ns", "b"), (1, 0)),
        (gone("ns", "a"), (0, 0)),
    ] {
        spawners.apply(changed);
        assert_eq!(counts(), expected);
        let walked: Vec<_> =
            spawners.snapshot().all_rules().map(|(_, it)| it.problems.len()).collect();
        assert_eq!((walked.len(), walked.iter().sum()), expected);
    }
}
