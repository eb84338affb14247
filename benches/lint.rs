//! Lint of 1,000 TaskSpawners on one core: the findings alone, and the command with its files and places. Nothing is
//! asserted about time; a second is what is wanted.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![allow(clippy::unwrap_used, reason = "a benchmark may fail so")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use kelos_metadata::engine::kelos::Shape;
use kelos_metadata::engine::lint::{Surroundings, lint};
use kelos_metadata::engine::rules::Policy;
use kelos_metadata::manifests;

/// How many TaskSpawners are linted.
const COUNT: usize = 1000;
/// How often; the quickest run counts, which others have disturbed least.
const RUNS: usize = 5;

fn main() {
    // Cargo gives the flag to benchmarks alone.
    if !std::env::args().any(|it| it == "--bench") {
        println!("nothing measured: run it with `cargo bench --bench lint`");
        return;
    }
    for (name, kinds) in [("the examples, without a mistake", "good"), ("with mistakes", "bad")] {
        let spawners = spawners(kinds);
        let folder = tempfile::tempdir().unwrap();
        for (number, text) in spawners.iter().enumerate() {
            fs::write(folder.path().join(format!("{number:04}.yaml")), text).unwrap();
        }
        println!("{COUNT} TaskSpawners, {name}");
        println!("  findings alone {:>8.1?}", quickest(|| findings(&spawners)));
        println!("  the command    {:>8.1?}", quickest(|| command(folder.path())));
    }
}

/// So many TaskSpawners, none of them twice: those of `tests/data/lint`, and of the examples.
fn spawners(kinds: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(root.join("tests/data/lint")).unwrap() {
        paths.push(entry.unwrap().path().join(format!("{kinds}.yaml")));
    }
    if kinds == "good" {
        for entry in fs::read_dir(root.join("examples")).unwrap() {
            paths.push(entry.unwrap().path().join("taskspawner.yaml"));
        }
    }
    paths.sort();
    let texts = paths.iter().filter_map(|path| fs::read_to_string(path).ok());
    let documents: Vec<String> = texts
        .flat_map(|text| text.split("---\n").map(str::to_owned).collect::<Vec<_>>())
        .filter(|text| text.contains("kind: TaskSpawner\n"))
        .collect();
    let names = documents.iter().cycle().take(COUNT).enumerate();
    names
        .map(|(number, text)| text.replacen("\n  name: ", &format!("\n  name: s{number}-"), 1))
        .collect()
}

fn findings(spawners: &[String]) {
    let policy = Policy::default();
    let around = Surroundings::new(&policy);
    let mut count = 0;
    for text in spawners {
        let path = Path::new("x.yaml").into();
        manifests::parse(&path, text, |found| {
            let json = found.unwrap().json;
            count += lint(Shape::Task, &json, &around).unwrap().len();
        });
    }
    std::hint::black_box(count);
}

fn command(folder: &Path) {
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", "0"]).arg(env!("CARGO_BIN_EXE_kelos-metadata"));
    let output = command.args(["lint", "-o", "json", "-f"]).arg(folder).output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn quickest(run: impl Fn()) -> Duration {
    let times = (0..RUNS).map(|_| {
        let start = Instant::now();
        run();
        start.elapsed()
    });
    times.min().unwrap_or_default()
}
