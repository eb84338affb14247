//! `preview` of 10,000 Tasks: CPU and memory. Nothing is asserted; five seconds of a CPU are the most that is wanted.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use testing::many_tasks::preview;

fn main() {
    // Cargo gives the flag to benchmarks alone.
    if !std::env::args().any(|it| it == "--bench") {
        println!("nothing measured: run it with `cargo bench --bench preview`");
        return;
    }
    for count in [1_000, 10_000] {
        let taken = preview(env!("CARGO_BIN_EXE_kelos-metadata"), count);
        println!("{count:>6} Tasks {:>8.2?} of a CPU {:>4} MiB", taken.cpu, taken.peak >> 20);
    }
}
