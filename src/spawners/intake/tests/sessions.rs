//! TaskSpawners and SessionSpawners in one cache: two kinds, two lists, one share of a namespace.

use super::*;

fn session_spawner(name: &str, bytes: u64, label: &str) -> Arc<TaskSpawner> {
    let mut spawner = TaskSpawner::clone(&spawner("ns", name, 1, bytes, label));
    spawner.makes = Shape::Session;
    Arc::new(spawner)
}

fn label_of(spawners: &Spawners, shape: Shape, name: &str) -> Option<String> {
    match spawners.snapshot().rules("ns", &Owner { shape, name, uid: None }) {
        Lookup::Found(known) => {
            let key = known.rules.keys.first();
            Some(key.map_or("refused", |key| key.source().unwrap()).to_owned())
        }
        Lookup::Pending | Lookup::Unknown => None,
    }
}

#[test]
fn two_of_one_name_are_two_and_the_end_of_a_list_is_about_one_kind() {
    let spawners = spawners(BOUNDS);
    let take = |makes, change| spawners.take(ClusterChange::Spawners(makes, change));
    assert!(!Shape::ALL.into_iter().any(|makes| spawners.is_warm(makes)));
    // Both lists are under way at once.
    take(Shape::Task, Change::Listing);
    take(Shape::Session, Change::Listing);
    take(Shape::Task, Change::Page(vec![spawner("ns", "a", 1, 1, "task")]));
    take(Shape::Session, Change::Page(vec![session_spawner("a", 1, "session")]));
    take(Shape::Session, Change::Listed);
    spawners.work();
    assert!(spawners.is_warm(Shape::Session) && !spawners.is_warm(Shape::Task));
    take(Shape::Task, Change::Listed);
    spawners.work();
    let both = || Shape::ALL.map(|shape| label_of(&spawners, shape, "a"));
    assert_eq!(both(), [Some("task".to_owned()), Some("session".to_owned())]);
    let counted = || Shape::ALL.map(|makes| spawners.snapshot().spawner_count(makes));
    assert_eq!(counted(), [1, 1]);

    take(Shape::Session, Change::Listing);
    take(Shape::Session, Change::Listed);
    spawners.work();
    assert_eq!(both(), [Some("task".to_owned()), None]);
    spawners.apply(ClusterChange::Spawners(
        Shape::Session,
        Change::One(session_spawner("a", 1, "again")),
    ));
    spawners.apply(gone("ns", "a"));
    assert_eq!(both(), [None, Some("again".to_owned())]);
    assert_eq!(counted(), [0, 1]);
}

#[test]
fn other_defaults_reach_both() {
    let spawners = Spawners::new(Policy::default());
    let objects = vec![spawner("ns", "a", 1, 1, "task"), session_spawner("a", 1, "session")];
    spawners.replace(Objects { spawners: objects, ..Objects::default() });
    let text = "labels: {b: {value: x, on: [sessions]}, c: y}";
    let defaults = Arc::new(Defaults::read(text, &Policy::default()).unwrap());
    spawners.apply(ClusterChange::Defaults(defaults));
    let keys = |shape| match spawners.snapshot().rules("ns", &Owner { shape, name: "a", uid: None })
    {
        Lookup::Found(known) => {
            let keys = known.rules.keys.iter().map(|rule| rule.key().to_string());
            keys.collect::<Vec<_>>()
        }
        Lookup::Pending | Lookup::Unknown => panic!("it is there"),
    };
    assert_eq!(keys(Shape::Task), ["a", "c"]);
    assert_eq!(keys(Shape::Session), ["a", "b"]);
    let nobodys = Shape::ALL.map(|shape| {
        let known = spawners.snapshot();
        known.of_nobody(shape).map(|it| it.rules.keys[0].key().to_owned())
    });
    assert_eq!(nobodys, [Some("c".to_owned()), Some("b".to_owned())]);
}

#[test]
fn a_namespace_has_one_share_for_both() {
    let spawners = Spawners::bounded(costly, Policy::default(), SMALL);
    let all = vec![spawner("ns", "a", 1, 30_000, "x"), session_spawner("b", 30_000, "y")];
    let problems = spawners.replace(Objects { spawners: all, ..Objects::default() });
    let [problem] = &*problems else { panic!("{problems:?}") };
    assert!(problem.to_string().starts_with("SessionSpawner ns/b: "), "{problem}");
    assert_eq!(label_of(&spawners, Shape::Task, "a").as_deref(), Some("x"));
    assert_eq!(label_of(&spawners, Shape::Session, "b").as_deref(), Some("refused"));
    assert_eq!(spawners.weight().refused, 1);
}
