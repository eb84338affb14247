//! From samples to the figures of the table.

use std::time::Duration;

/// What the rounds of one server gave.
#[derive(Default)]
pub struct Samples {
    /// CPU time of the server for one call, in nanoseconds, one entry a round.
    pub cpu_per_call: Vec<f64>,
    /// How long each call of every round took, as the client saw it.
    pub latencies: Vec<Duration>,
}

impl Samples {
    /// Sorts the latencies, once all are there.
    pub fn finish(mut self) -> Self {
        self.latencies.sort_unstable();
        self
    }

    /// A latency that the given share of calls kept to, in microseconds.
    pub fn latency(&self, percent: usize) -> f64 {
        let index = self.latencies.len().saturating_sub(1) * percent / 100;
        self.latencies.get(index).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1e6)
    }

    /// The median over the rounds of the ratio to another server in the same round.
    ///
    /// Rounds lie close together in time, so what slows the machine for a while cancels out.
    pub fn ratio_to(&self, other: &Self) -> f64 {
        let rounds = self.cpu_per_call.iter().zip(&other.cpu_per_call);
        spread(rounds.map(|(own, other)| own / other).collect()).1
    }
}

/// Smallest, median and largest of some figures.
pub fn spread(mut figures: Vec<f64>) -> (f64, f64, f64) {
    figures.sort_unstable_by(f64::total_cmp);
    let at = |index: usize| figures.get(index).copied().unwrap_or(f64::NAN);
    (at(0), at(figures.len() / 2), at(figures.len().saturating_sub(1)))
}
