//! What is asked of a Go program of `tests/go/oracles`, which answers as Go or Sprig does.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::thread;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::go;

/// The folder with the programs, which are built once for all tests.
fn programs() -> &'static Path {
    static PROGRAMS: OnceLock<PathBuf> = OnceLock::new();
    PROGRAMS.get_or_init(|| go::built("oracles", "./..."))
}

/// Asks a program all of these at once; gives its answers, in the same order.
pub(crate) fn ask<Q, A>(program: &str, questions: impl IntoIterator<Item = Q>) -> Vec<A>
where
    Q: Serialize,
    A: DeserializeOwned,
{
    let mut input = Vec::new();
    let mut count = 0;
    for question in questions {
        serde_json::to_writer(&mut input, &question).unwrap();
        input.push(b'\n');
        count += 1;
    }
    let mut oracle = Command::new(programs().join(program))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program has just been built");
    let mut stdin = oracle.stdin.take().expect("stdin is piped");
    let output = thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(&input).unwrap());
        oracle.wait_with_output().expect("the program ends with its input")
    });
    assert!(output.status.success(), "{program} failed: {}", output.status);
    let answers = serde_json::Deserializer::from_slice(&output.stdout).into_iter::<A>();
    let answers: Vec<A> = answers.map(|answer| answer.expect("answers are JSON")).collect();
    assert_eq!(answers.len(), count, "one answer for each question");
    answers
}

/// What a program prints that is asked nothing.
pub(crate) fn print(program: &str) -> String {
    let output =
        Command::new(programs().join(program)).output().expect("the program has just been built");
    assert!(output.status.success(), "{program} failed: {}", output.status);
    String::from_utf8(output.stdout).expect("the program prints text")
}
