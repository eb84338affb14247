//! `test`: the test cases of a team.

mod cases;
mod expected;
mod junit;
mod world;

use std::process::ExitCode;

use self::cases::{Case, Cases};
use self::world::Worlds;
use super::stdio::{complain, print};
use super::{defaults, harmless, not_asked};
use crate::cli::{TestArgs, TestFormat};

/// What became of a case.
struct Ran {
    file: String,
    name: String,
    /// What is wrong, in lines; nothing if it passed.
    wrong: Option<String>,
}

pub(super) fn run(args: &TestArgs) -> anyhow::Result<ExitCode> {
    let policy = defaults::policy(&args.policy)?;
    let mut worlds = Worlds::new(policy, &args.namespace);
    let (mut ran, mut failed) = (Vec::new(), false);
    for path in &args.filename {
        match Cases::read(path) {
            Ok(cases) => {
                for case in &cases.cases {
                    match worlds.run(&cases, case) {
                        Ok(wrong) => ran.push(told(args, &cases, case, wrong)?),
                        Err(error) => {
                            complain(format_args!("{}: {}: {error:#}", path.display(), case.name));
                            failed = true;
                        }
                    }
                }
            }
            Err(error) => {
                complain(format_args!("{error:#}"));
                failed = true;
            }
        }
    }
    let bad = ran.iter().filter(|it| it.wrong.is_some()).count();
    match args.output {
        TestFormat::Text => {
            let (all, good) = (ran.len(), ran.len() - bad);
            let cases = if all == 1 { "case" } else { "cases" };
            print(format_args!("\n{all} {cases}: {good} passed, {bad} failed"))?;
        }
        TestFormat::Junit => print(junit::report(&ran))?,
    }
    Ok(match (failed, bad) {
        (true, _) => not_asked(),
        (false, 0) => ExitCode::SUCCESS,
        (false, _) => ExitCode::FAILURE,
    })
}

/// Tells at once what became of a case.
fn told(args: &TestArgs, cases: &Cases, case: &Case, wrong: Option<String>) -> anyhow::Result<Ran> {
    if args.output == TestFormat::Text {
        let name = harmless::line(&case.name);
        print(format_args!("{} {name}", if wrong.is_some() { "FAIL" } else { "ok  " }))?;
        for line in wrong.iter().flat_map(|it| it.lines()) {
            print(format!("     {}", harmless::line(line)).trim_end())?;
        }
    }
    Ok(Ran { file: cases.path.display().to_string(), name: case.name.clone(), wrong })
}
