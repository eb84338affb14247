//! What becomes of TaskSpawners, and of Tasks without one, when other defaults are taken in.

use super::super::super::Worked;
use super::*;

/// Defaults with two keys that have one version.
fn version(version: &str) -> Arc<Defaults> {
    read(&format!("labels: {{v: {version}, w: {version}}}"))
}

fn read(text: &str) -> Arc<Defaults> {
    Arc::new(Defaults::read(text, &Policy::default()).unwrap())
}

fn other(defaults: Arc<Defaults>) -> ClusterChange {
    ClusterChange::Defaults(defaults)
}

/// The template of a key, if there are rules that have it.
fn source(rules: &Rules, key: &str) -> Option<String> {
    let rule = rules.keys.iter().find(|rule| rule.key() == key)?;
    rule.source().map(str::to_owned)
}

/// The version of both keys, which is one; nothing without them.
fn version_of(rules: &Rules) -> Option<String> {
    let (v, w) = (source(rules, "v"), source(rules, "w"));
    assert_eq!(v, w, "half of the old and half of the new");
    v
}

fn version_for(spawners: &Spawners, namespace: &str, name: &str) -> Option<String> {
    match look(spawners, namespace, name) {
        Lookup::Found(known) => version_of(&known.rules),
        found => panic!("{namespace}/{name}: {found:?}"),
    }
}

/// The versions of all TaskSpawners with rules, and how many have each.
fn versions(spawners: &Spawners) -> Vec<(String, usize)> {
    let mut found: Vec<(String, usize)> = Vec::new();
    for (_, rules) in spawners.snapshot().all_rules() {
        let version = version_of(rules).unwrap_or_default();
        match found.iter_mut().find(|(known, _)| *known == version) {
            Some((_, count)) => *count += 1,
            None => found.push((version, 1)),
        }
    }
    found.sort();
    found
}

/// Works until nothing is left, at most so many batches; `after` looks at each.
fn work_to_the_end(spawners: &Spawners, batches: usize, mut after: impl FnMut(Worked)) {
    for _ in 0..batches {
        let worked = spawners.work();
        let is_done = worked.is_done;
        after(worked);
        if is_done {
            return;
        }
    }
    panic!("more than {batches} batches");
}

/// Fifteen TaskSpawners, each of which takes a batch.
fn costly_ones(spawners: &Spawners) {
    let all = (0..15).map(|it| spawner("ns", &format!("n{it:02}"), 500_000, 1_000, "x"));
    assert_eq!(spawners.replace(Objects { spawners: all.collect(), ..Objects::default() }), []);
    COMPILED.set((0, 0));
}

#[test]
fn every_task_spawner_is_compiled_again_and_newer_changes_go_first() {
    let spawners = spawners(BOUNDS);
    costly_ones(&spawners);
    spawners.apply(one(spawner("good", "worker", 1_000, 8_000, "old")));
    COMPILED.set((0, 0));
    spawners.take(other(version("1")));
    assert!(!spawners.work().is_done);
    let batch = COMPILED.get().1;
    assert!((1..=2).contains(&batch), "{batch} in a batch");
    assert_eq!(versions(&spawners).len(), 2, "those whose turn has not come have the old ones");

    spawners.take(one(spawner("good", "worker", 1_000, 8_000, "new")));
    assert!(!spawners.work().is_done);
    assert_eq!(label(&spawners, "good", "worker"), "new");
    assert_eq!(version_for(&spawners, "good", "worker").as_deref(), Some("1"));
    work_to_the_end(&spawners, 20, |_| drop(versions(&spawners)));
    assert_eq!(versions(&spawners), [("1".to_owned(), 16)]);
    // The one that changed was still in its old place: it is compiled as it is now, and once.
    assert!(COMPILED.get().1 <= 17, "{:?}", COMPILED.get());
    let compiled = COMPILED.get();
    assert!(spawners.work().is_done);
    assert_eq!(COMPILED.get(), compiled, "and that is all");
}

#[test]
fn defaults_that_change_again_meanwhile_win_everywhere() {
    let spawners = spawners(BOUNDS);
    costly_ones(&spawners);
    spawners.take(other(version("1")));
    for _ in 0..5 {
        spawners.work();
    }
    spawners.take(other(version("2")));
    let compiled = COMPILED.get().1;
    let firsts = versions(&spawners).into_iter().find(|(it, _)| it == "1").unwrap().1;
    let mut left = firsts;
    work_to_the_end(&spawners, 20, |_| {
        let now = versions(&spawners).into_iter().find(|(it, _)| it == "1").map_or(0, |it| it.1);
        assert!(now <= left, "one more has what is old by now");
        left = now;
    });
    assert_eq!(versions(&spawners), [("2".to_owned(), 15)]);
    assert_eq!(COMPILED.get().1 - compiled, 15, "each once");
}

#[test]
fn problems_are_not_told_again_but_new_ones_are() {
    let spawners = spawners(BOUNDS);
    let mut team = TaskSpawner::clone(&spawner("ns", "a", 1, 1, "x"));
    let rules = r#"{"a": "{{", "size": {"value": "x", "default": "xxl"}}"#;
    team.metadata.annotations.insert(LABELS_RULES.into(), rules.into());
    assert_eq!(spawners.apply(one(Arc::new(team))).len(), 1);
    assert_eq!(spawners.apply(other(version("1"))), []);
    let narrow = "labels: {size: {value: m, allowed: [s, m]}}";
    let told = spawners.apply(other(read(narrow)));
    let [problem] = &*told else { panic!("{told:?}") };
    assert_eq!((&*problem.problem.key, problem.problem.reason), ("size", Reason::NotAllowed));
    assert_eq!(spawners.apply(other(version("2"))), []);
    assert_eq!(spawners.snapshot().invalid_templates(), 1);
}

#[test]
fn tasks_of_task_spawners_without_room_get_them() {
    let spawners = spawners(SMALL);
    let all = (0..1_000).map(|it| spawner("ns", &format!("n{it:03}"), 1, 3_000, "x")).collect();
    spawners.replace(Objects { spawners: all, ..Objects::default() });
    for changed in ["1", "2"] {
        spawners.apply(other(version(changed)));
        for (name, reason) in
            [("n000", "x"), ("n100", "limit_exceeded"), ("n999", "limit_exceeded")]
        {
            let Lookup::Found(known) = look(&spawners, "ns", name) else { panic!("{name}") };
            assert_eq!(version_of(&known.rules).as_deref(), Some(changed), "{name}");
            let refused = known.rules.broken_annotations.first();
            let found = refused.map_or("x".to_owned(), |it| it.error.reason.to_string());
            assert_eq!(found, reason, "{name}");
        }
    }
}

#[test]
fn nobodys_tasks_get_them_at_once_and_nothing_without_any() {
    let spawners = spawners(BOUNDS);
    costly_ones(&spawners);
    let nobodys =
        || spawners.snapshot().of_nobody(Shape::Task).map(|it| version_of(&it.rules).unwrap());
    assert_eq!(nobodys(), None);
    spawners.take(other(version("1")));
    assert!(!spawners.work().is_done);
    assert_eq!(nobodys().as_deref(), Some("1"));
    spawners.apply(other(version("2")));
    assert_eq!(nobodys().as_deref(), Some("2"));
    spawners.apply(other(read("labels: {}")));
    assert_eq!(nobodys(), None);
    assert_eq!(versions(&spawners), [(String::new(), 15)]);
}

#[test]
fn a_list_that_is_read_meanwhile_neither_stops_it_nor_begins_it_again() {
    let spawners = spawners(BOUNDS);
    costly_ones(&spawners);
    spawners.take(other(version("1")));
    spawners.work();
    // One is gone, one has changed, and one is new.
    let all = (1..15).map(|it| {
        let label = if it == 7 { "y" } else { "x" };
        spawner("ns", &format!("n{it:02}"), 500_000, 1_000, label)
    });
    let all = all.chain([spawner("ns", "new", 500_000, 1_000, "x")]).collect();
    for change in Change::all(all) {
        spawners.take(ClusterChange::Spawners(Shape::Task, change));
    }
    work_to_the_end(&spawners, 20, |_| drop(versions(&spawners)));
    assert_eq!(versions(&spawners), [("1".to_owned(), 15)]);
    assert_eq!(label(&spawners, "ns", "n00"), "unknown");
    assert_eq!(label(&spawners, "ns", "n07"), "y");
    assert!(COMPILED.get().1 <= 17, "{:?}", COMPILED.get());
}

#[test]
fn what_is_looked_up_live_has_those_of_now() {
    let spawners = spawners(BOUNDS);
    costly_ones(&spawners);
    spawners.take(other(version("1")));
    spawners.work();
    let found = spawners.compile(Arc::unwrap_or_clone(spawner("ns", "young", 1, 1, "x")));
    assert_eq!(version_of(&found.rules).as_deref(), Some("1"));
}
