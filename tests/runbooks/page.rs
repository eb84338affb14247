//! What the page says.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The programs whose commands are followed.
const PROGRAMS: [&str; 3] = ["kubectl", "helm", "kelos-metadata"];

/// What others than our program say.
const OF_OTHERS: [&str; 1] = ["Unsolicited response received on idle HTTP channel"];

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The page in two: the lines of its blocks of commands, and the rest of its text.
fn parts() -> (Vec<String>, String) {
    let (mut commands, mut text) = (Vec::new(), String::new());
    let mut in_block = false;
    for line in read("docs/operations.md").lines() {
        match line.trim() {
            fence if fence.starts_with("```") => in_block = fence == "```sh",
            command if in_block => commands.push(command.to_owned()),
            other => text.extend([other, " "]),
        }
    }
    (commands, text)
}

/// What stands between backticks in a text.
fn spans(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Every command that the page gives, once. A program with no more than a subcommand, as `helm upgrade`, is only
/// talked about.
pub(crate) fn commands() -> BTreeSet<String> {
    let (blocks, text) = parts();
    let inline = spans(&text).filter(|span| span.split(' ').count() > 2).map(str::to_owned);
    let is_command = |words: &String| {
        let mut words = words.split(' ');
        let program = words.next().unwrap();
        // What our program says may begin with its name, too.
        PROGRAMS.contains(&program) && words.next() != Some("is")
    };
    blocks.into_iter().chain(inline).filter(is_command).collect()
}

/// A log line is quoted with a capital and in several words; it has to be one that the program writes.
#[test]
fn what_the_page_quotes_of_logs_is_logged() {
    let mut source = String::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.extension() {
                None => folders.push(path),
                Some(_) => source += &fs::read_to_string(path).unwrap(),
            }
        }
    }
    let (_, text) = parts();
    let is_line = |span: &&str| span.starts_with(char::is_uppercase) && span.contains(' ');
    let quoted: Vec<&str> = spans(&text).filter(is_line).collect();
    assert!(quoted.len() > 8, "{quoted:#?}");
    for line in quoted {
        assert!(source.contains(line) || OF_OTHERS.contains(&line), "nobody logs `{line}`");
    }
}
