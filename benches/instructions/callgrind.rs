//! Callgrind: a program is run, and what it has executed is read from the file that is left.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::baseline::Circumstances;

/// The function whose instructions, and those of all that it calls, are counted.
const COUNTED: &str = "*instructions*counted*";

/// Valgrind, as it is installed here.
pub(crate) struct Callgrind {
    version: String,
    folder: tempfile::TempDir,
}

impl Callgrind {
    /// Looks for valgrind; none, if there is none.
    pub(crate) fn find() -> Result<Option<Callgrind>> {
        let version = match Command::new("valgrind").arg("--version").output() {
            Ok(output) => String::from_utf8(output.stdout)?.trim().to_owned(),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).context("valgrind"),
        };
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        Ok(Some(Callgrind { version, folder }))
    }

    /// Runs a command, and gives what it has executed inside of [`crate::counted`].
    pub(crate) fn count_inside(&self, command: &[String]) -> Result<u64> {
        let file = self.file("subject");
        let toggle = format!("--toggle-collect={COUNTED}");
        let words = [&self.words(&file)[..], &[toggle], command].concat();
        let (program, arguments) = words.split_first().context("no command")?;
        let output = Command::new(program).args(arguments).stdin(Stdio::null()).output()?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{}: {stderr}", command.join(" "));
        total(&file)
    }

    /// A command line that makes a server run under callgrind, and the file that it leaves.
    pub(crate) fn wrapper(&self, name: &str) -> (Vec<String>, PathBuf) {
        let file = self.file(name);
        (self.words(&file), file)
    }

    /// What decides how many instructions something takes, beside our own code.
    pub(crate) fn circumstances(&self) -> Result<Circumstances> {
        let toolchain = first_line("rustc", "--version")?;
        let glibc = first_line("ldd", "--version")?;
        let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        // The C library and the ciphers choose their loops by these.
        let has = |flag: &&str| cpu.split_ascii_whitespace().any(|found| found == *flag);
        let flags: Vec<_> =
            ["avx2", "avx512f", "bmi2", "erms", "sha_ni"].into_iter().filter(has).collect();
        let machine = format!("{} {}", std::env::consts::ARCH, flags.join(" "));
        Ok(Circumstances { toolchain, glibc, valgrind: self.version.clone(), machine })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn words(&self, file: &std::path::Path) -> Vec<String> {
        let out = format!("--callgrind-out-file={}", file.display());
        ["valgrind".to_owned(), "--tool=callgrind".to_owned(), "--quiet".to_owned(), out].into()
    }
}

/// The instructions that a file of callgrind's tells of.
pub(crate) fn total(file: &std::path::Path) -> Result<u64> {
    let text = fs::read_to_string(file).with_context(|| format!("no {}", file.display()))?;
    let line = text.lines().rev().find_map(|line| line.strip_prefix("totals: "));
    let total = line.context("callgrind has counted nothing")?.trim().parse()?;
    if total == 0 {
        bail!("callgrind has counted nothing: is the function {COUNTED} there?");
    }
    Ok(total)
}

fn first_line(program: &str, argument: &str) -> Result<String> {
    let output = Command::new(program).arg(argument).output().context(program.to_owned())?;
    let text = String::from_utf8(output.stdout)?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
