//! `report` of 20,000 TaskRecords: CPU and memory. Nothing is asserted.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use testing::many_tasks::report;

fn main() {
    // Cargo gives the flag to benchmarks alone.
    if !std::env::args().any(|it| it == "--bench") {
        println!("nothing measured: run it with `cargo bench --bench report`");
        return;
    }
    for records in [2_000, 20_000] {
        let taken = report(env!("CARGO_BIN_EXE_kelos-metadata"), 100, records);
        let (cpu, peak) = (taken.cpu, taken.peak >> 20);
        println!("{records:>6} TaskRecords {cpu:>8.2?} of a CPU {peak:>4} MiB");
    }
}
