//! Templates that would take for ever, or all memory, if they were not bounded: what they cost is counted,
//! and so is what the allocator gave.

mod compiling;
mod folder;
mod honest;

use allocation_counter::measure;
use kelos_metadata::templates::ErrorKind;
use kelos_metadata::templates::budget::{
    Budget, TASK_BYTES, TASK_STEPS, TEMPLATE_BYTES, TEMPLATE_STEPS,
};
use kelos_metadata::templates::purse::COMPILING_BYTES;
use kelos_metadata::templates::{Syntax, Template};
use testing::hostile::templates::{GO, JINJA};
use testing::hostile::variables::variables;

/// What a template may hold beside what it is charged for: its own variables and frames.
const UNCHARGED: u64 = 2 << 20;

#[test]
fn every_bomb_ends_within_its_budget_and_its_memory() {
    let vars = variables();
    let bombs = GO.iter().map(|bomb| (Syntax::Go, bomb));
    let bombs: Vec<_> = bombs.chain(JINJA.iter().map(|bomb| (Syntax::Jinja, bomb))).collect();
    assert!(bombs.len() >= 60, "{} bombs", bombs.len());
    let mut failures = Vec::new();
    for (syntax, (name, source)) in bombs {
        let mut compiled = None;
        let compiling = measure(|| compiled = Some(Template::compile(source, syntax)));
        let template = compiled.unwrap().unwrap_or_else(|error| panic!("{name}: {error}"));
        if compiling.bytes_max > COMPILING_BYTES {
            failures.push(format!("{syntax} {name}: compiling held {} bytes", compiling.bytes_max));
        }
        let mut rendered = None;
        let mut budget = Budget::task();
        let rendering = measure(|| rendered = Some(template.render(&vars, &mut budget)));
        match rendered.unwrap() {
            Err(error) if error.kind == ErrorKind::Limit => {}
            other => failures.push(format!("{syntax} {name}: {:.200?}", other)),
        }
        let (steps, bytes) = (TASK_STEPS - budget.steps(), TASK_BYTES - budget.bytes());
        if steps > TEMPLATE_STEPS || bytes > TEMPLATE_BYTES {
            failures.push(format!("{syntax} {name}: charged {steps} steps, {bytes} bytes"));
        }
        if rendering.bytes_max > TEMPLATE_BYTES + UNCHARGED {
            failures.push(format!("{syntax} {name}: held {} bytes", rendering.bytes_max));
        }
        eprintln!("{syntax:5} {name:40} held {:>9} bytes at the most", rendering.bytes_max);
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
