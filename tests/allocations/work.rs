//! All the work for a Task is bounded: what it is charged is counted, and so is what the allocator gave.

use std::time::Instant;

use allocation_counter::measure;
use kelos_metadata::engine::kelos::Task;
use kelos_metadata::engine::{Decision, Limits, decide};
use kelos_metadata::templates::budget::Budget;
use testing::hostile::tasks::{self, Hostile};

/// What a decision may hold beside what it is charged for: the outcomes of its keys, with their words.
const UNCHARGED: u64 = 2 << 20;
/// What the webhook takes where requests are read.
const SHARE: u64 = 2_000;
/// What a share may hold in all: its steps pay for so many bytes and a few thousand entries.
const SHARE_BYTES: u64 = 512 << 10;

fn with<T>(hostile: &Hostile, limits: &Limits, look: impl FnOnce(&Decision<'_>) -> T) -> (T, u64) {
    let rules = hostile.rules();
    let task = Task::parse(&hostile.task).unwrap();
    let facts = hostile.facts();
    let mut decision = None;
    let allocated = measure(|| decision = Some(decide(&task, &rules, &facts, limits)));
    (look(&decision.unwrap()), allocated.bytes_max)
}

#[test]
fn whatever_comes_is_decided_within_the_budget() {
    let limits = Limits::default();
    let most = Budget::work();
    let mut failures = Vec::new();
    for hostile in tasks::all() {
        let name = hostile.name;
        let ((steps, bytes), held) = with(&hostile, &limits, |it| (it.steps, it.bytes));
        eprintln!("{name:42} {steps:>7} steps {bytes:>9} bytes, held {held:>9}");
        if steps > most.steps() || bytes > most.bytes() {
            failures.push(format!("{name}: charged {steps} steps, {bytes} bytes"));
        }
        // What is held at once was charged for.
        if held > bytes + UNCHARGED {
            failures.push(format!("{name}: held {held} bytes, charged {bytes}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_share_is_given_up_wherever_it_ends() {
    let (all, share) = (Limits::default(), Limits::default().with_steps(SHARE));
    let (mut failures, mut given_up) = (Vec::new(), 0);
    for hostile in tasks::all() {
        let name = hostile.name;
        let (steps, _) = with(&hostile, &all, |it| it.steps);
        let (is_over, held) = with(&hostile, &share, |it| it.has_hit_limits);
        if is_over != (steps > SHARE) {
            failures.push(format!("{name} takes {steps} steps, is given up: {is_over}"));
        }
        if held > SHARE_BYTES {
            failures.push(format!("{name}: held {held} bytes"));
        }
        given_up += usize::from(is_over);
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(given_up > 35, "only {given_up} are given up");
}

#[test]
fn an_ordinary_task_fits_into_a_share() {
    let limits = Limits::default().with_steps(SHARE);
    let ordinary = tasks::ordinary();
    let ((is_over, steps, patch), _) =
        with(&ordinary, &limits, |it| (it.has_hit_limits, it.steps, it.patch()));
    assert!(!is_over, "it takes more than {steps} steps");
    assert!(steps > 100, "{steps} steps are too few to be true");
    let text = serde_json::to_string(&patch).unwrap();
    assert!(text.contains("Fix it") && text.contains("\"high\""), "{text}");
}

#[test]
fn a_title_is_read_out_of_a_mebibyte() {
    let ((is_over, steps, patch), _) =
        with(&tasks::long(), &Limits::default(), |it| (it.has_hit_limits, it.steps, it.patch()));
    eprintln!("a prompt of a mebibyte takes {steps} steps");
    assert!(!is_over, "it takes more than {steps} steps");
    let text = serde_json::to_string(&patch).unwrap();
    assert!(text.contains("Fix it") && text.contains("\"high\""), "{text}");
}

#[test]
fn a_prompt_is_read_only_where_somebody_asks_for_what_it_tells() {
    let steps = |template: &str, prompt: &str| {
        let task = tasks::without_template(&[("a", template)], prompt);
        with(&task, &Limits::default(), |it| it.steps).0
    };
    let long = "x".repeat(100_000);
    assert_eq!(steps("{{.Number}}", "x"), steps("{{.Number}}", &long), "nobody asks for the title");
    assert!(steps("{{.Title}}", "x") + 1_000 < steps("{{.Title}}", &long));
}

#[test]
fn a_larger_share_gives_the_same_decision_or_none() {
    for hostile in tasks::all().iter().chain([&tasks::ordinary()]) {
        let rules = hostile.rules();
        let task = Task::parse(&hostile.task).unwrap();
        let facts = hostile.facts();
        let all = decide(&task, &rules, &facts, &Limits::default());
        for share in [1, 100, SHARE, 20_000, 150_000] {
            let part = decide(&task, &rules, &facts, &Limits::default().with_steps(share));
            assert!(part.steps <= share, "{}: {} steps of {share}", hostile.name, part.steps);
            if part.has_hit_limits {
                assert!(part.operations.is_empty() && part.keys.is_empty(), "{}", hostile.name);
            } else {
                assert_eq!((part.patch(), part.keys), (all.patch(), all.keys.clone()));
            }
        }
    }
}

#[test]
#[ignore = "it measures: run it by hand, in a quiet hour"]
fn what_a_step_takes() {
    for hostile in tasks::all().iter().chain([&tasks::ordinary()]) {
        let rules = hostile.rules();
        let task = Task::parse(&hostile.task).unwrap();
        let facts = hostile.facts();
        for limits in [Limits::default(), Limits::default().with_steps(SHARE)] {
            // The least: on a machine that others use, too, that is nearest to what it takes.
            let run = || {
                let started = Instant::now();
                std::hint::black_box(decide(&task, &rules, &facts, &limits));
                started.elapsed().as_nanos()
            };
            let least = (0..15).map(|_| run()).min().unwrap() as f64;
            let decision = decide(&task, &rules, &facts, &limits);
            let steps = decision.steps.max(1) as f64;
            eprintln!(
                "{:42} {:>7} steps {:>8.3} ms {:>6.1} ns a step",
                hostile.name,
                decision.steps,
                least / 1e6,
                least / steps
            );
        }
    }
}
