//! Arrows point inward only: the engine does nothing but compute.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail so")]

use std::fs;
use std::path::{Path, PathBuf};

/// What the engine may not name: it has no clock, no files, no network, no environment, no log, and
/// it knows of no room outside itself.
const FORBIDDEN: [&str; 22] = [
    "tokio",
    "kube",
    "hyper",
    "axum",
    "rustls",
    "tracing",
    "notify",
    "anstream",
    "clap",
    "prometheus_client",
    "std::fs",
    "std::env",
    "std::net",
    "std::time",
    "std::thread",
    "std::process",
    "std::io",
    "SystemTime",
    "Instant",
    "println!",
    "dbg!",
    "rand",
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_test = path.file_stem().is_some_and(|stem| stem == "tests");
        if is_test {
            continue; // tests may start threads, to give a template a small stack
        }
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The lines of a file that are code.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim_start()));
    lines.filter(|(_, line)| !line.starts_with("//"))
}

fn names(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !is_part(line[..at].chars().next_back()) && !is_part(line[at + name.len()..].chars().next())
    })
}

#[test]
fn the_engine_is_pure() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = sources(&src.join("engine"));
    files.push(src.join("engine.rs"));
    assert!(files.len() > 30, "the engine has more files than {}", files.len());
    let mut found = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for (number, line) in code(&text) {
            let outside = line
                .match_indices("crate::")
                .any(|(at, _)| !line[at + "crate::".len()..].starts_with("engine"));
            let forbidden = FORBIDDEN.iter().find(|name| names(line, name));
            if outside || forbidden.is_some() {
                found.push(format!("{}:{number}: {line}", file.display()));
            }
        }
    }
    assert!(found.is_empty(), "the engine reaches out:\n{}", found.join("\n"));
}

#[test]
fn the_check_sees_what_it_forbids() {
    assert!(names("use std::fs::File;", "std::fs"));
    assert!(names("let now = Instant::now();", "Instant"));
    assert!(!names("fn instantiate()", "Instant"));
    assert!(!names("operand", "rand"));
}
