//! What each bomb costs: CPU time beside a yardstick, steps, bytes, and memory.
//!
//! Every bomb is rendered in a process of its own, so that its memory is nobody else's.

use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use kelos_metadata::templates::ErrorKind;
use kelos_metadata::templates::Template;
use kelos_metadata::templates::budget::{Budget, TASK_BYTES, TASK_STEPS, TEMPLATE_BYTES};
use kelos_metadata::templates::value::Map;
use serde::{Deserialize, Serialize};

use testing::hostile::bomb::Bomb;
use testing::hostile::variables::variables;
use testing::measure::child::{self, Cores};
use testing::measure::figures::spread;

/// What the budget of one template promises to be enough, in milliseconds of CPU time.
const PROMISED_MS: f64 = 10.0;
const MIB: f64 = 1024.0 * 1024.0;
/// How many numbers the yardstick sorts.
const SORTED: usize = 1 << 18;

/// What one bomb cost.
#[derive(Serialize, Deserialize)]
struct Cost {
    /// CPU time of each rendering, and of the yardstick just before it, in milliseconds.
    bomb_ms: Vec<f64>,
    yardstick_ms: Vec<f64>,
    steps: u64,
    bytes: u64,
    /// How far the resident memory grew above what it was before the first rendering.
    grown_kib: u64,
}

impl Cost {
    fn ms(&self) -> f64 {
        spread(self.bomb_ms.clone()).1
    }

    /// The median of the ratios; a pair lies close together in time, so that what slows the machine
    /// for a while cancels out.
    fn ratio(&self) -> f64 {
        let pairs = self.bomb_ms.iter().zip(&self.yardstick_ms);
        spread(pairs.map(|(bomb, yardstick)| bomb / yardstick).collect()).1
    }

    fn grown_mib(&self) -> f64 {
        self.grown_kib as f64 / 1024.0
    }
}

/// Prints all bombs, those that take longest first.
pub(crate) fn print_table(runs: u16, cores: Cores) -> Result<()> {
    let measure = |(index, bomb): (usize, Bomb)| {
        let cost = measure_apart(index, runs).with_context(|| bomb.name)?;
        anyhow::Ok((bomb, cost))
    };
    let mut costs = Bomb::all().enumerate().map(measure).collect::<Result<Vec<_>>>()?;
    costs.sort_by(|(_, a), (_, b)| b.ms().total_cmp(&a.ms()));
    println!(
        "bombs: {} of them, median of {runs} runs each, in a process of its own beside the client; {}",
        costs.len(),
        cores.describe(),
    );
    println!(
        "{:<34} {:<6} {:>7} {:>12} {:>8} {:>13} {:>12}",
        "bomb", "in", "CPU ms", "× yardstick", "steps", "MiB charged", "MiB resident"
    );
    for (bomb, cost) in &costs {
        println!(
            "{:<34} {:<6} {:>7.2} {:>12.2} {:>8} {:>13.2} {:>12.1}",
            bomb.name,
            bomb.syntax.as_str(),
            cost.ms(),
            cost.ratio(),
            cost.steps,
            cost.bytes as f64 / MIB,
            cost.grown_mib(),
        );
    }
    print_summary(&costs);
    Ok(())
}

/// Says how many keep to the promise, and what the yardstick took.
fn print_summary(costs: &[(Bomb, Cost)]) {
    let yardsticks = costs.iter().flat_map(|(_, cost)| cost.yardstick_ms.iter().copied());
    let (least, median, most) = spread(yardsticks.collect());
    println!("yardstick, sorting {SORTED} numbers: {median:.2} ms of CPU ({least:.2} … {most:.2})");
    let slow = costs.iter().filter(|(_, cost)| cost.ms() > PROMISED_MS).count();
    let promised_mib = TEMPLATE_BYTES as f64 / MIB;
    let large = costs.iter().filter(|(_, cost)| cost.grown_mib() > promised_mib).count();
    println!(
        "{slow} of {} take more than {PROMISED_MS} ms, {large} more than {promised_mib} MiB",
        costs.len()
    );
}

/// Lets another process of this program measure one bomb.
fn measure_apart(index: usize, runs: u16) -> Result<Cost> {
    let output = Command::new(std::env::current_exe()?)
        .args(["one", &index.to_string(), &runs.to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "its process ended with {}", output.status);
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Measures one bomb in this process, and prints its [`Cost`] as JSON.
pub(crate) fn measure_here(index: usize, runs: u16) -> Result<()> {
    let template = Bomb::at(index)?.compile()?;
    let vars = variables();
    let resident = |name| child::memory_kib(std::process::id(), name);
    let before = resident("VmRSS")?;
    // The first run warms up, and its memory is what counts: later ones find what it left behind.
    let (steps, bytes) = explode(&template, &vars)?;
    let grown_kib = resident("VmHWM")?.saturating_sub(before);
    let (mut bomb_ms, mut yardstick_ms) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        yardstick_ms.push(cpu_ms(yardstick)?.0);
        let (ms, exploded) = cpu_ms(|| explode(&template, &vars))?;
        exploded?;
        bomb_ms.push(ms);
    }
    let cost = Cost { bomb_ms, yardstick_ms, steps, bytes, grown_kib };
    println!("{}", serde_json::to_string(&cost)?);
    Ok(())
}

/// Renders a bomb; gives the steps and bytes that it was charged.
fn explode(template: &Template, vars: &Arc<Map>) -> Result<(u64, u64)> {
    let mut budget = Budget::task();
    match template.render(vars, &mut budget) {
        Err(error) if error.kind == ErrorKind::Limit => {}
        Err(error) => bail!("the bomb ends with {:?}: {error}", error.kind),
        Ok(text) => bail!("the bomb gives a text of {} bytes", text.len()),
    }
    Ok((TASK_STEPS - budget.steps(), TASK_BYTES - budget.bytes()))
}

/// The CPU time of this thread while it does some work, in milliseconds.
fn cpu_ms<T>(work: impl FnOnce() -> T) -> Result<(f64, T)> {
    let used = || {
        // The scheduler brings its account up to date when a thread goes to sleep.
        thread::sleep(Duration::from_micros(1));
        child::cpu_nanoseconds(Path::new("/proc/thread-self"))
    };
    let before = used()?;
    let result = black_box(work());
    Ok(((used()? - before) as f64 / 1e6, result))
}

/// Plain work that has nothing to do with templates, to tell a slow machine from a slow engine.
fn yardstick() -> u64 {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut numbers: Vec<u64> = (0..SORTED).map(|_| next()).collect();
    numbers.sort_unstable();
    numbers[SORTED / 2]
}
