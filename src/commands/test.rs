//! `test`: the test cases of a team.

mod cases;
mod expected;
mod files;
mod junit;
mod place;
mod world;

use std::process::ExitCode;

use self::cases::Cases;
use self::world::Worlds;
use super::counted::counted;
use super::stdio::{complain, print};
use super::{defaults, harmless, not_asked};
use crate::cli::{TestArgs, TestFormat};

/// A case, and what became of it.
struct Ran {
    file: String,
    /// What the case shows; the file itself where its cases can't be read.
    name: String,
    outcome: Outcome,
}

/// What became of a case.
enum Outcome {
    Passed,
    /// What is wrong, in lines.
    Failed(String),
    /// Why it could not be asked, in lines.
    Unasked(String),
}

pub(super) fn run(args: &TestArgs) -> anyhow::Result<ExitCode> {
    let policy = defaults::policy(&args.policy)?;
    let mut worlds = Worlds::new(policy, &args.namespace);
    let mut ran = Vec::new();
    for path in args.files.iter().chain(&args.filename) {
        for file in files::cases(path) {
            let (file, cases) = (file.path.display().to_string(), file.cases);
            let mut take = |name: &str, outcome: Outcome| -> anyhow::Result<()> {
                let it = Ran { file: file.clone(), name: name.to_owned(), outcome };
                it.tell(args.output)?;
                ran.push(it);
                Ok(())
            };
            match cases {
                Ok(cases) => all(&mut worlds, &cases, &mut take)?,
                Err(error) => take(&file, Outcome::Unasked(format!("{error:#}")))?,
            }
        }
    }
    let count = |is_it: fn(&Outcome) -> bool| ran.iter().filter(|it| is_it(&it.outcome)).count();
    let bad = count(|it| matches!(it, Outcome::Failed(_)));
    let unasked = count(|it| matches!(it, Outcome::Unasked(_)));
    match args.output {
        TestFormat::Text => {
            let (all, good) = (ran.len(), ran.len() - bad - unasked);
            let cases = counted(all, "case");
            let errors = match unasked {
                0 => String::new(),
                some => format!(", {}", counted(some, "error")),
            };
            print(format_args!("\n{cases}: {good} passed, {bad} failed{errors}"))?;
        }
        TestFormat::Junit => print(junit::report(&ran))?,
    }
    Ok(match (unasked, bad) {
        (0, 0) => ExitCode::SUCCESS,
        (0, _) => ExitCode::FAILURE,
        _ => not_asked(),
    })
}

/// Runs the cases of a file.
fn all(
    worlds: &mut Worlds<'_>,
    cases: &Cases,
    take: &mut impl FnMut(&str, Outcome) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    for (number, case) in cases.cases.iter().enumerate() {
        let outcome = match worlds.run(cases, case) {
            Ok(None) => Outcome::Passed,
            Ok(Some(wrong)) => Outcome::Failed(wrong),
            Err(error) => {
                let place = place::of(cases, number, &error);
                Outcome::Unasked(format!("{place}: {}: {error:#}", case.name))
            }
        };
        take(&case.name, outcome)?;
    }
    Ok(())
}

impl Ran {
    /// Tells at once what became of it. What could not be asked is told on standard error, too.
    fn tell(&self, format: TestFormat) -> anyhow::Result<()> {
        let (word, lines) = match &self.outcome {
            Outcome::Passed => ("ok  ", None),
            Outcome::Failed(wrong) => ("FAIL", Some(wrong)),
            Outcome::Unasked(why) => {
                complain(why);
                ("ERR ", None)
            }
        };
        if format == TestFormat::Text {
            print(format_args!("{word} {}", harmless::line(&self.name)))?;
            for line in lines.iter().flat_map(|it| it.lines()) {
                print(format!("     {}", harmless::line(line)).trim_end())?;
            }
        }
        Ok(())
    }
}
