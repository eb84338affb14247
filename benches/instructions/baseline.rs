//! What was counted before, and where: a file of the repository.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// The file.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions.json");
/// How many percent more than before are too many. What an allocator and a socket do differs from run to run:
/// by one percent as measured, of the server that does nothing by two.
const PERCENT: u64 = 3;

/// Instructions by what was done once.
pub(crate) type Counts = BTreeMap<String, u64>;

/// What decides how many instructions something takes, beside our own code.
#[derive(Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Circumstances {
    pub(crate) toolchain: String,
    pub(crate) glibc: String,
    pub(crate) valgrind: String,
    pub(crate) machine: String,
}

/// What was counted, and under which circumstances.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Baseline {
    pub(crate) made_with: Circumstances,
    pub(crate) counts: Counts,
}

impl Baseline {
    /// Prints the counts beside those of the file, or writes the file if `BLESS` asks for it; says whether
    /// nothing takes too many more.
    pub(crate) fn judge(&self) -> Result<bool> {
        if std::env::var_os("BLESS").is_some() {
            let mut text = serde_json::to_string_pretty(self)?;
            text.push('\n');
            fs::write(FILE, text).context(FILE)?;
        }
        let text = fs::read_to_string(FILE).context(FILE)?;
        let before: Baseline = serde_json::from_str(&text).context(FILE)?;
        let is_comparable = before.made_with == self.made_with;
        println!("{:<64} {:>12} {:>12} {:>8}", "instructions", "now", "before", "");
        let mut is_fine = true;
        for (name, now) in &self.counts {
            let Some(then) = before.counts.get(name) else {
                println!("{name:<64} {now:>12} {:>12}   new: BLESS=1 keeps it", "");
                is_fine = false;
                continue;
            };
            let is_more = now * 100 > then * (100 + PERCENT);
            let percent = (*now as f64 / *then as f64 - 1.0) * 100.0;
            let mark = if is_more { "  too many" } else { "" };
            println!("{name:<64} {now:>12} {then:>12} {percent:>+7.1}%{mark}");
            is_fine &= !is_more;
        }
        if !is_comparable {
            let is =
                |was, is| if was == is { String::new() } else { format!(" {was:?} is {is:?};") };
            let (then, now) = (&before.made_with, &self.made_with);
            let differ = [
                is(&then.toolchain, &now.toolchain),
                is(&then.glibc, &now.glibc),
                is(&then.valgrind, &now.valgrind),
                is(&then.machine, &now.machine),
            ];
            println!("nothing is compared: the baseline was made elsewhere:{}", differ.concat());
        }
        if is_comparable && !is_fine {
            println!("{}", advice());
        }
        Ok(is_fine || !is_comparable)
    }
}

fn advice() -> String {
    let file = Path::new(FILE).strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(Path::new(FILE));
    format!("if that is what it should take, BLESS=1 writes {}", file.display())
}
