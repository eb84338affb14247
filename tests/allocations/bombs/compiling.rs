//! TaskSpawners that would take all memory or all time to read and to compile, if that were not bounded.

use std::sync::Arc;

use allocation_counter::{AllocationInfo, measure};
use kelos_metadata::engine::kelos::{Namespace, TaskSpawner, WorkerPool, Workspace};
use kelos_metadata::engine::reason::Reason;
use kelos_metadata::engine::rules::{Policy, Rules, Shared};
use kelos_metadata::templates::purse::{COMPILING_BYTES, COMPILING_STEPS};
use testing::hostile::spawners::{ALL, Hostile};

/// What reading and compiling may hold at once beside the JSON itself: serde's copy of a text with escapes
/// grows to twice its length.
const PEAK: u64 = 8 << 20;

/// What interning keeps beside the rules.
const INTERNED: u64 = 16 << 10;

/// Reads and compiles one; a name that is too long is no TaskSpawner.
fn compile(json: &str) -> (Option<Rules>, AllocationInfo) {
    let mut rules = None;
    let held = measure(|| {
        let spawner: Option<TaskSpawner> = serde_json::from_str(json).ok();
        let compile = |spawner| Rules::compile(spawner, &Policy::default(), &mut Shared::default());
        rules = spawner.map(compile);
    });
    (rules, held)
}

fn check(hostile: &Hostile, bytes: usize) -> Result<u64, String> {
    let json = hostile.json(bytes);
    let (rules, held) = compile(&json);
    let Some(rules) = rules else { return Ok(0) };
    let cost = rules.cost;
    let kept = u64::try_from(held.bytes_current).unwrap_or_default();
    eprintln!(
        "{:36} {:>9} bytes: {:>7} steps, charged {:>8}, kept {kept:>8}, peak {:>8}, in all {:>9}",
        hostile.name,
        json.len(),
        cost.steps,
        cost.bytes,
        held.bytes_max,
        held.bytes_total
    );
    let failed = |what: String| Err(format!("{} of {}: {what}", hostile.name, json.len()));
    if held.bytes_max > PEAK {
        return failed(format!("held {} bytes at once", held.bytes_max));
    }
    if cost.steps > COMPILING_STEPS || cost.bytes > COMPILING_BYTES {
        return failed(format!("charged {cost:?}"));
    }
    if kept > cost.bytes + INTERNED {
        return failed(format!("keeps {kept} bytes and is charged {}", cost.bytes));
    }
    if rules.problems.len() > 300 || rules.keys.len() > 256 {
        return failed(format!("{} problems, {} keys", rules.problems.len(), rules.keys.len()));
    }
    let is_over = cost.steps == COMPILING_STEPS;
    let tells = rules.problems.iter().any(|problem| problem.reason == Reason::LimitExceeded);
    if is_over && !tells {
        return failed("does not say that it is over".to_owned());
    }
    Ok(if is_over { 0 } else { cost.steps })
}

#[test]
fn every_hostile_task_spawner_is_read_and_compiled_within_its_budget() {
    let mut failures = Vec::new();
    for hostile in ALL {
        // Unicode's tables are made once in a process.
        drop(compile(&hostile.json(2_000)));
        let whole = check(hostile, hostile.most_bytes);
        let half = check(hostile, hostile.most_bytes / 2);
        if let (Ok(whole), Ok(half)) = (&whole, &half)
            && *half > 0
            && *whole > half * 23 / 10 + 2_000
        {
            let name = hostile.name;
            failures.push(format!("{name}: {half} steps, and {whole} for twice as much"));
        }
        failures.extend([whole, half].into_iter().filter_map(Result::err));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn who_has_compiled_the_same_before_changes_no_cost() {
    let mut shared = Shared::default();
    for hostile in ALL {
        for bytes in [2_000, 20_000] {
            let Ok(spawner) = serde_json::from_str::<TaskSpawner>(&hostile.json(bytes)) else {
                continue;
            };
            let spawner = Arc::new(spawner);
            let compile = |shared: &mut Shared| {
                Rules::compile(Arc::clone(&spawner), &Policy::default(), shared)
            };
            let alone = compile(&mut Shared::default());
            let first = compile(&mut shared);
            let again = compile(&mut shared);
            for rules in [&first, &again] {
                assert_eq!(
                    (rules.cost, &rules.problems),
                    (alone.cost, &alone.problems),
                    "{}",
                    hostile.name
                );
            }
        }
    }
}

/// Reads an object; says what it keeps and held at the most.
fn read<T: serde::de::DeserializeOwned>(json: &serde_json::Value) -> (i64, u64) {
    let json = json.to_string();
    let mut object = None;
    let held = measure(|| object = serde_json::from_str::<T>(&json).ok());
    assert!(object.is_some(), "it is read");
    (held.bytes_current, held.bytes_max)
}

#[test]
fn other_objects_are_read_into_a_bounded_amount_of_memory() {
    let text = "x".repeat(1_300_000);
    let keys: serde_json::Map<_, _> = (0..50_000).map(|n| (format!("k{n}"), "x".into())).collect();
    let meta = serde_json::json!({"name": "a", "labels": keys, "annotations": {
        "metadata.kelos.dev/labels": text, "long": text, "metadata.kelos.dev/syntax": text}});
    let workspace = serde_json::json!({"metadata": meta, "spec": {"repo": text, "ref": text}});
    let pool =
        serde_json::json!({"metadata": meta, "spec": {"worker": {"workspaceRef": {"name": text}}}});
    let namespace = serde_json::json!({"metadata": meta, "spec": {"finalizers": [text]}});
    for (name, (kept, held)) in [
        ("Workspace", read::<Workspace>(&workspace)),
        ("WorkerPool", read::<WorkerPool>(&pool)),
        ("Namespace", read::<Namespace>(&namespace)),
    ] {
        assert!(kept <= 128 << 10 && held <= 256 << 10, "{name}: {kept} bytes, {held} at the most");
    }
}
