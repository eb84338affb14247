//! Which TaskSpawners have room, whatever came first, and what is said of the others.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::super::why::Limit;
use super::share::{ENTRY_BYTES, plus};
use super::*;

const SMALL: Bounds = Bounds { namespace: Cost { steps: 100, bytes: 20_000 }, total_bytes: 50_000 };

/// An object as a test makes it.
#[derive(Clone, Debug)]
struct Made {
    namespace: Arc<str>,
    seat: Seat,
    cost: Cost,
}

fn made(namespace: &str, created: i64, name: &str, steps: u64, bytes: u64) -> Made {
    let seat = Seat { created, name: name.into() };
    Made { namespace: namespace.into(), seat, cost: Cost { steps, bytes } }
}

type Names = BTreeSet<(Arc<str>, Arc<str>)>;

/// Who has its place now; nobody may ever take more than there is.
fn inside(shares: &Shares, bounds: Bounds) -> Names {
    let mut names = Names::new();
    let mut total = 0;
    for (namespace, share) in &shares.namespaces {
        let mut sum = Cost::default();
        for (seat, record) in &share.line {
            if record.standing == Standing::In {
                sum = plus(sum, record.weight());
                names.insert((Arc::clone(namespace), Arc::clone(&seat.name)));
            }
        }
        assert_eq!(sum, share.used);
        let all = share.line.values().fold(Cost::default(), |sum, it| plus(sum, it.weight()));
        assert_eq!(all, share.all);
        assert!(sum.steps <= bounds.namespace.steps && sum.bytes <= bounds.namespace.bytes);
        total += sum.bytes;
    }
    assert!(total <= bounds.total_bytes, "{total}");
    assert_eq!(total, shares.bytes());
    assert_eq!(
        shares.refused(),
        shares.namespaces.values().map(|share| share.refused).sum::<usize>()
    );
    assert_eq!(shares.wanted, shares.namespaces.values().map(|share| share.wanted).sum::<u64>());
    names
}

/// Lists these objects, in this order, until there is nothing to do; settles now and then.
fn list(shares: &mut Shares, objects: &[Made], bounds: Bounds) -> Names {
    for round in 0.. {
        assert!(round < 100, "it comes to rest");
        let mut is_restless = false;
        shares.begin_list(FIRST_LIST);
        for (count, Made { namespace, seat, cost }) in objects.iter().enumerate() {
            shares.enter(namespace, seat, 1);
            let standing = shares.standing(namespace, &seat.name);
            if standing == Some((Standing::Waiting, 1)) && !shares.is_closed_to(namespace, seat) {
                shares.weigh(namespace, &seat.name, *cost);
            }
            if count % 3 == 0 {
                is_restless |= shares.settle().iter().any(|turned| turned.2 == Turn::Room);
                inside(shares, bounds);
            }
        }
        shares.end_list(FIRST_LIST);
        is_restless |= shares.settle().iter().any(|turned| turned.2 == Turn::Room);
        is_restless |= shares.has_forgotten();
        if !is_restless {
            break;
        }
    }
    inside(shares, bounds)
}

/// Who should have its place, worked out from all that there is.
fn expected(objects: &[Made], bounds: Bounds) -> Names {
    let mut lines: BTreeMap<Arc<str>, Vec<&Made>> = BTreeMap::new();
    objects.iter().for_each(|it| lines.entry(Arc::clone(&it.namespace)).or_default().push(it));
    let fitting = |line: &[&Made], bytes: u64| {
        let mut sum = Cost::default();
        let fits = |it: &&&Made| {
            sum = plus(sum, Cost { bytes: it.cost.bytes + ENTRY_BYTES, ..it.cost });
            sum.steps <= bounds.namespace.steps && sum.bytes <= bytes
        };
        line.iter().take_while(fits).copied().cloned().collect::<Vec<Made>>()
    };
    let weight = |all: &[Made]| all.iter().map(|it| it.cost.bytes + ENTRY_BYTES).sum::<u64>();
    for line in lines.values_mut() {
        line.sort_by(|a, b| a.seat.cmp(&b.seat));
    }
    let wanted = lines.values().map(|line| weight(&fitting(line, bounds.namespace.bytes)));
    let level = level(wanted, bounds.total_bytes).min(bounds.namespace.bytes);
    let all = lines.values().flat_map(|line| fitting(line, level));
    all.map(|it| (it.namespace, it.seat.name)).collect()
}

fn objects() -> impl Strategy<Value = Vec<Made>> {
    let one = (0..5_u8, 0..6_i64, 0..12_u8, 0..40_u64, 0..6_000_u64);
    proptest::collection::vec(one, 0..40).prop_map(|all| {
        let mut by_name = BTreeMap::new();
        for (namespace, created, name, steps, bytes) in all {
            let (namespace, name) = (format!("ns{namespace}"), format!("n{name}"));
            let one = made(&namespace, created, &name, steps, bytes);
            by_name.insert((namespace, name), one);
        }
        by_name.into_values().collect()
    })
}

proptest! {
    #[test]
    fn who_has_room_depends_on_what_there_is_and_not_on_what_came_first(
        (all, shuffled) in objects().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        kept in proptest::collection::vec(any::<bool>(), 40),
    ) {
        let mut shares = Shares::new(SMALL);
        prop_assert_eq!(&list(&mut shares, &shuffled, SMALL), &expected(&all, SMALL));
        // The same after some have gone, and after they have come back.
        let some: Vec<Made> =
            shuffled.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(it, _)| it.clone()).collect();
        prop_assert_eq!(list(&mut shares, &some, SMALL), expected(&some, SMALL));
        prop_assert_eq!(&list(&mut shares, &all, SMALL), &expected(&all, SMALL));
    }

    #[test]
    fn the_level_gives_all_that_there_is_and_to_nobody_more_than_it_wants(
        wanted in proptest::collection::vec(0..1_000_u64, 0..20),
        total in 0..10_000_u64,
    ) {
        let level = level(wanted.iter().copied(), total);
        let given: u64 = wanted.iter().map(|wants| (*wants).min(level)).sum();
        let all: u64 = wanted.iter().sum();
        prop_assert!(given <= total);
        // What is left of an equal division is less than one for each.
        prop_assert!(given == all || total - given < wanted.len() as u64, "{} of {}", given, total);
    }
}

#[test]
fn a_namespace_that_takes_all_it_can_costs_others_nothing() {
    let mut all: Vec<Made> =
        (0..100).map(|number| made("bad", 0, &format!("b{number:03}"), 0, 4_000)).collect();
    all.extend((0..8).map(|number| made("good", 9, &format!("g{number}"), 1, 1_000)));
    let names = list(&mut Shares::new(SMALL), &all, SMALL);
    let count = |namespace: &str| names.iter().filter(|(found, _)| &**found == namespace).count();
    assert_eq!((count("good"), count("bad")), (8, 4), "4 × (4,000 + 512) bytes fit into 20,000");
}

#[test]
fn namespaces_that_want_more_than_their_share_get_the_same() {
    let mut all = Vec::new();
    for namespace in ["a", "b", "c", "d"] {
        all.extend((0..30).map(|number| made(namespace, 0, &format!("n{number:02}"), 0, 1_488)));
    }
    all.extend((0..5).map(|number| made("small", 0, &format!("n{number}"), 0, 488)));
    let names = list(&mut Shares::new(SMALL), &all, SMALL);
    let count = |namespace: &str| names.iter().filter(|(found, _)| &**found == namespace).count();
    assert_eq!(count("small"), 5);
    assert_eq!(["a", "b", "c", "d"].map(count), [5; 4], "of (50,000 - 5,000) / 4 bytes 2,000 each");
}

#[test]
fn the_oldest_stay_whatever_comes_and_steps_count_as_bytes_do() {
    let all = [
        made("ns", 1, "old", 60, 0),
        made("ns", 3, "young", 1, 0),
        made("ns", 2, "large", 41, 0),
        made("ns", 2, "middle", 40, 0),
    ];
    let mut shares = Shares::new(SMALL);
    let names = list(&mut shares, &all, SMALL);
    let names: Vec<&str> = names.iter().map(|(_, name)| &**name).collect();
    assert_eq!(names, ["old"], "from the first that does not fit on, all are refused");
    let why = shares.namespaces["ns"].end.as_ref().unwrap().1;
    assert_eq!((why.limit, why.share), (Limit::NamespaceSteps, 100));
    assert!(why.wanted > 100, "{why}");
}

#[test]
fn names_of_refused_ones_are_kept_up_to_a_number_and_found_again() {
    let mut all: Vec<Made> =
        (0..5_000).map(|number| made("ns", number, &format!("n{number}"), 0, 3_500)).collect();
    let mut shares = Shares::new(SMALL);
    assert_eq!(list(&mut shares, &all, SMALL).len(), 4);
    assert_eq!((shares.refused(), shares.namespaces["ns"].line.len()), (256, 260));
    assert_eq!(shares.crowded().count(), 1);
    assert_eq!(shares.standing("ns", "n4999"), None);
    let young = all.split_off(4_990);
    assert_eq!(list(&mut shares, &young, SMALL).len(), 4);
    assert_eq!((shares.refused(), shares.crowded().count()), (6, 0));
}

#[test]
fn a_refused_one_that_changed_unseen_is_weighed_again_when_there_is_room() {
    let mut shares = Shares::new(SMALL);
    let [old, large] = [made("ns", 1, "old", 0, 15_000), made("ns", 2, "large", 0, 15_000)];
    assert_eq!(list(&mut shares, &[old, large.clone()], SMALL).len(), 1);
    shares.outdate("ns", "large");
    assert_eq!(shares.settle(), [(Arc::clone(&large.namespace), Arc::from("large"), Turn::Room)]);
}

#[test]
fn why_says_whose_share_it_is_how_much_and_what_to_do() {
    let why = |limit| Why { limit, share: 32 << 20, wanted: (32 << 20) + 1 }.to_string();
    assert_eq!(
        why(Limit::NamespaceBytes),
        "no room for these rules: the namespace wants 32.1 MiB or more of its 32.0 MiB; have fewer keys or \
         TaskSpawners"
    );
    assert!(
        why(Limit::NamespaceSteps).contains("33554433 or more of its 33554432 steps to compile")
    );
    assert!(
        why(Limit::CacheBytes).contains("32.1 MiB or more of its share of the cache, 32.0 MiB")
    );
    // What a warning has of its 200 characters beside this.
    let head = "kelos-metadata: label metadata.kelos.dev/labels: limit_exceeded: ";
    for limit in [Limit::NamespaceBytes, Limit::NamespaceSteps, Limit::CacheBytes] {
        let most = Why { limit, share: 10_000_000, wanted: 99_999_999_999 };
        assert!(head.len() + most.to_string().len() <= 200, "a warning cuts it: {most}");
    }
}

#[test]
fn while_there_is_room_a_change_looks_at_its_own_namespace_and_at_no_other_object() {
    let bounds =
        Bounds { namespace: Cost { steps: 1 << 20, bytes: 1 << 30 }, total_bytes: 1 << 40 };
    let mut shares = Shares::new(bounds);
    let objects: Vec<_> =
        (0..1_000).map(|n| made(&format!("ns-{}", n % 100), 1, &format!("o-{n}"), 1, 1)).collect();
    list(&mut shares, &objects, bounds);
    let before = shares.given;
    assert_eq!(shares.settle(), []);
    assert_eq!(shares.given, before, "nothing has changed");
    shares.weigh("ns-7", "o-7", Cost { steps: 2, bytes: 2 });
    assert_eq!(shares.settle(), []);
    assert_eq!(shares.given, before + 1);
    assert_eq!(shares.namespaces.values().map(|share| share.walks.get()).sum::<usize>(), 0);
    assert_eq!(inside(&shares, bounds).len(), 1_000);
}
