//! Completion, asked of real shells.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{run, text};
use crate::support::skipped;

/// Where `make shells` puts what the system does not have.
fn tools() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/shells")
}

/// What is typed, the last word not to its end, and one of the words that a shell has to offer.
const TYPED: [(&[&str], &str); 8] = [
    (&["re"], "render"),
    (&["render", "--out"], "--output"),
    (&["render", "--output", ""], "wide"),
    (&["render", "-o", "j"], "json"),
    (&["render", "--on-invalid", ""], "sanitize"),
    (&["eval", "--syntax", ""], "jinja"),
    (&["serve", "--log-level", ""], "debug"),
    (&["controller", "--log-format", ""], "json"),
];

/// A folder with the script for this shell.
fn script(shell: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("_kelos-metadata");
    let output = run(&["completions", shell]);
    assert!(output.status.success(), "{shell}: {}", text(&output.stderr));
    fs::write(&file, output.stdout).unwrap();
    (folder, file)
}

/// The shell of the system, or the one that `make shells` has put beside it; says so where there is none.
fn shell(name: &str) -> Option<Command> {
    let tools = tools();
    let ours = [tools.join("bin").join(name), tools.join("usr/bin").join(name)];
    let ours = ours.into_iter().find(|path| path.exists());
    let mut command = Command::new(ours.as_deref().unwrap_or(Path::new(name)));
    if ours.is_some() {
        let libraries = tools.join("usr/lib").join(format!("{}-linux-gnu", std::env::consts::ARCH));
        command.env("LD_LIBRARY_PATH", libraries);
    }
    let mut version = Command::new(command.get_program());
    version.envs(command.get_envs().filter_map(|(key, value)| Some((key, value?))));
    if version.arg("--version").output().is_ok_and(|output| output.status.success()) {
        return Some(command);
    }
    skipped(&format!("{name} is missing: `make shells` installs it"));
    None
}

#[test]
fn bash_completes_every_word_and_values() {
    let Some(_) = shell("bash") else { return };
    let (_folder, file) = script("bash");
    for (typed, offered) in TYPED {
        // As bash calls the function that `complete -F` names: program, word, word before.
        let ask = r#"source "$1"; shift
            function=$(complete -p kelos-metadata | sed 's/.*-F \([^ ]*\).*/\1/')
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
            "$function" "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
            printf '%s\n' "${COMPREPLY[@]}""#;
        let mut command = shell("bash").unwrap();
        command.args(["--norc", "-c", ask, "bash"]).arg(&file).arg("kelos-metadata").args(typed);
        let output = command.output().unwrap();
        let lines: Vec<&str> = text(&output.stdout).lines().collect();
        assert!(lines.contains(&offered), "{typed:?}: {lines:?} {}", text(&output.stderr));
    }
}

#[test]
fn fish_completes_every_word_and_values() {
    let Some(_) = shell("fish") else { return };
    let (_folder, file) = script("fish");
    for (typed, offered) in TYPED {
        let ask = format!(
            "source '{}'; complete -C 'kelos-metadata {}'",
            file.display(),
            typed.join(" ")
        );
        let output = shell("fish").unwrap().args(["--no-config", "-c", &ask]).output().unwrap();
        let words: Vec<&str> =
            text(&output.stdout).lines().filter_map(|line| line.split('\t').next()).collect();
        assert!(words.contains(&offered), "{typed:?}: {words:?} {}", text(&output.stderr));
    }
}

#[test]
fn zsh_completes_every_word_and_values() {
    let Some(zsh) = shell("zsh") else { return };
    let (_folder, file) = script("zsh");
    let offers = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/manners/offers.zsh");
    let of_ours = Path::new(zsh.get_program()).starts_with(tools());
    for (typed, offered) in TYPED {
        // It waits for what is awaited, for as long as it takes and no longer than a minute.
        let mut command = Command::new("timeout");
        command.arg("60").arg(zsh.get_program()).arg("-f").arg(&offers);
        command.arg(if of_ours { tools() } else { PathBuf::new() }).arg(&file);
        command.args([offered, &typed.join(" ")]).env("ZSH", zsh.get_program());
        let output = command.output().unwrap();
        let status = output.status.code();
        assert_eq!(status, Some(0), "{typed:?}: {}", String::from_utf8_lossy(&output.stdout));
    }
}
