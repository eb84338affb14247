//! Arrows point inward only: each floor knows those below it, and the inner ones do nothing but compute.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What the inner floors may not name: they have no clock, no files, no network, no environment and no
/// log.
const FORBIDDEN: [&str; 23] = [
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
    "clock::now",
    "Instant",
    "println!",
    "dbg!",
    "rand",
];

/// The rooms that only compute.
const PURE: [&str; 5] = ["templates", "apimachinery", "engine", "monitoring", "registration"];

/// The rooms of the house, from the ground up: each knows only those in front of it.
const HOUSE: &[&str] = &[
    "words",
    "boxed",
    "hex",
    "json_text",
    "unix_seconds",
    "clock",
    "readiness",
    "fair",
    "keyed_semaphore",
    "watch",
    "telemetry",
    "templates",
    "apimachinery",
    "engine",
    "cluster",
    "manifests",
    "tls",
    "metrics",
    "monitoring",
    "cli",
    "server",
    "admin",
    "settings",
    "spawners",
    "certs",
    "registration",
    "webhook",
    "commands",
    "main",
];

/// The floors of the templates.
const TEMPLATES: &[&str] = &[
    "budget",
    "suggest",
    "camel_case",
    "interner",
    "go_numbers",
    "syntax",
    "error",
    "value",
    "meter",
    "purse",
    "uses",
    "regexp",
    "gofmt",
    "helpers",
    "go",
    "jinja",
    "body",
    "detect",
    "template",
    "intern",
];

/// The floors of the engine.
const ENGINE: &[&str] = &[
    "reason",
    "repository",
    "link",
    "meter",
    "kelos",
    "patch",
    "sources",
    "skip",
    "size",
    "pods",
    "line",
    "rules",
    "mark",
    "stored",
    "decision",
    "candidate",
    "variables",
    "remedy",
    "merge",
    "comparison",
    "revision",
    "simulate",
    "lint",
];

/// A Rust file, and the modules that it is part of.
struct File {
    path: PathBuf,
    modules: Vec<String>,
    text: String,
}

/// All files under `src` but tests, which may start threads, to give a template a small stack, and may
/// look at what stands above them.
fn files() -> Vec<File> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    let mut open = vec![src.clone()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.file_stem().is_some_and(|stem| stem == "tests") {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let module = path.strip_prefix(&src).unwrap().with_extension("");
                let modules = module.iter().map(|it| it.to_str().unwrap().to_owned()).collect();
                let text = fs::read_to_string(&path).unwrap();
                let text = text.split("\n#[cfg(test)]\nmod tests").next().unwrap().to_owned();
                files.push(File { path, modules, text });
            }
        }
    }
    files
}

/// The lines of a file that are code.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim_start()));
    lines.filter(|(_, line)| !line.starts_with("//"))
}

/// A line without what stands in quotes: `"kube-state-metrics"` is not the crate.
fn without_texts(line: &str) -> String {
    line.replace("\\\"", "").split('"').step_by(2).collect()
}

fn names(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !is_part(line[..at].chars().next_back()) && !is_part(line[at + name.len()..].chars().next())
    })
}

/// The modules right under `root` that a line names, by `root::NAME` or `root::{NAME, …}`; the words of
/// items, which begin with a capital, are the root's own.
fn named<'l>(line: &'l str, root: &str) -> Vec<&'l str> {
    let mut found = Vec::new();
    for (at, _) in line.match_indices(root) {
        let rest = &line[at + root.len()..];
        let list = rest.strip_prefix('{').map_or(rest, |list| list.split('}').next().unwrap());
        let parts = if rest.starts_with('{') { list.split(',').collect() } else { vec![rest] };
        for part in parts {
            let part = part.trim_start();
            let end = part.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(part.len());
            found.push(&part[..end]);
        }
    }
    found
}

/// The arrows of the rooms under `root` (a path of modules) that lead up, or to a room that is not in the
/// list.
fn arrows_up(files: &[File], root: &[&str], floors: &[&str]) -> Vec<String> {
    let floor: BTreeMap<&str, usize> = floors.iter().enumerate().map(|(i, it)| (*it, i)).collect();
    let absolute =
        format!("crate::{}", root.iter().map(|it| format!("{it}::")).collect::<String>());
    let mut found = Vec::new();
    for file in files {
        if !file.modules.iter().map(String::as_str).take(root.len()).eq(root.iter().copied()) {
            continue;
        }
        let inside = &file.modules[root.len()..];
        let Some(room) = inside.first().map(String::as_str).filter(|room| *room != "lib") else {
            continue;
        };
        let Some(own) = floor.get(room) else {
            found.push(format!("{}: the room has no floor", file.path.display()));
            continue;
        };
        for (number, line) in code(&file.text) {
            let mut to = named(line, &absolute);
            if inside.len() == 1 {
                to.extend(named(line, "super::"));
            }
            let is_up = |name: &&str| {
                // Macros and the items of the root, which are above all that stands in it.
                floor.get(name).map_or(!name.is_empty(), |floor| floor > own)
            };
            if let Some(name) = to.into_iter().find(is_up) {
                found.push(format!("{}:{number}: {room} → {name}: {line}", file.path.display()));
            }
        }
    }
    found
}

#[test]
fn what_computes_does_nothing_else() {
    let files = files();
    let pure: Vec<_> = files.iter().filter(|it| PURE.contains(&&*it.modules[0])).collect();
    assert!(pure.len() > 100, "there are more files than {}", pure.len());
    let mut found = Vec::new();
    for file in pure {
        for (number, line) in code(&file.text) {
            let code = without_texts(line);
            if FORBIDDEN.iter().any(|name| names(&code, name)) {
                found.push(format!("{}:{number}: {line}", file.path.display()));
            }
        }
    }
    assert!(found.is_empty(), "it reaches out:\n{}", found.join("\n"));
}

#[test]
fn each_room_knows_only_the_floors_below_it() {
    let files = files();
    let mut found = arrows_up(&files, &[], HOUSE);
    found.extend(arrows_up(&files, &["templates"], TEMPLATES));
    found.extend(arrows_up(&files, &["engine"], ENGINE));
    assert!(found.is_empty(), "arrows lead up:\n{}", found.join("\n"));
}

#[test]
fn no_room_is_half_of_the_house() {
    let files = files();
    let lines = |files: &mut dyn Iterator<Item = &File>| -> usize {
        files.map(|file| file.text.lines().count()).sum()
    };
    let all = lines(&mut files.iter());
    for room in HOUSE {
        let own = lines(&mut files.iter().filter(|file| file.modules[0] == *room));
        assert!(own * 100 <= all * 40, "{room} has {own} of {all} lines");
    }
}

#[test]
fn the_check_sees_what_it_forbids() {
    assert!(names("use std::fs::File;", "std::fs"));
    let line = without_texts(r#"let name = "kube \" std::fs"; kube::Client"#);
    assert!(names(&line, "kube") && !names(&line, "std::fs"), "{line}");
    assert!(names("let now = Instant::now();", "Instant"));
    assert!(!names("fn instantiate()", "Instant"));
    assert!(!names("operand", "rand"));
    assert_eq!(named("use crate::{clock, cli::Args};", "crate::"), ["clock", "cli"]);
    assert_eq!(named("crate::engine::decide(crate::cli::x)", "crate::"), ["engine", "cli"]);
    let file = |modules: &[&str], text: &str| File {
        path: PathBuf::from(modules.join("/")),
        modules: modules.iter().map(|it| (*it).to_owned()).collect(),
        text: text.to_owned(),
    };
    let up = [
        file(&["low"], "use super::high::X;"),
        file(&["low", "deep"], "use crate::high;"),
        file(&["low"], "use crate::{low, high};"),
        file(&["low"], "use crate::Root;"),
        file(&["unknown"], ""),
    ];
    assert_eq!(arrows_up(&up, &[], &["low", "high"]).len(), up.len());
    let down = [
        file(&["high"], "use super::low;\nuse crate::low::X;\n// use crate::high;"),
        file(&["high", "deep"], "use super::other;"),
        file(&["lib"], "pub mod high;"),
    ];
    assert_eq!(arrows_up(&down, &[], &["low", "high"]), Vec::<String>::new());
}
