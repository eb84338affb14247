//! The real Sprig.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::thread;

use kelos_metadata::engine::render::value::{Map, Value};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// What Sprig says.
#[derive(Debug)]
pub(crate) enum Answer {
    Gives(Value),
    Fails,
    /// Something that is no UTF-8.
    Binary,
}

#[derive(Serialize)]
struct Question<'q> {
    name: &'q str,
    args: &'q [Json],
}

#[derive(Deserialize)]
struct Reply {
    result: Json,
    error: Option<String>,
    #[serde(default)]
    binary: bool,
}

/// The Go program, built once for all tests.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sprig");
        let status = Command::new("go")
            .args(["build", "-o"])
            .arg(&program)
            .arg(".")
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sprig"))
            .status()
            .expect("these tests ask the real Sprig: install Go 1.26 or later (https://go.dev/dl)");
        assert!(status.success(), "tests/sprig does not build: {status}");
        program
    })
}

/// Asks for all of these at once.
pub(crate) fn ask<'q>(questions: impl Iterator<Item = (&'q str, &'q [Json])>) -> Vec<Answer> {
    let mut input = Vec::new();
    let mut count = 0;
    for (name, args) in questions {
        serde_json::to_writer(&mut input, &Question { name, args }).unwrap();
        input.push(b'\n');
        count += 1;
    }
    let mut sprig = Command::new(program())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program has just been built");
    let mut stdin = sprig.stdin.take().expect("stdin is piped");
    let output = thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(&input).unwrap());
        sprig.wait_with_output().expect("the program ends with its input")
    });
    assert!(output.status.success(), "sprig failed: {}", output.status);
    let replies = serde_json::Deserializer::from_slice(&output.stdout).into_iter::<Reply>();
    let answers: Vec<Answer> = replies
        .map(|reply| match reply.expect("answers are JSON") {
            Reply { binary: true, .. } => Answer::Binary,
            Reply { error: Some(_), .. } => Answer::Fails,
            Reply { result, .. } => Answer::Gives(untagged(&result)),
        })
        .collect();
    assert_eq!(answers.len(), count, "one answer for each question");
    answers
}

/// The value with its types, which the program has written down.
fn untagged(json: &Json) -> Value {
    match json {
        Json::Array(items) => Value::from(items.iter().map(untagged).collect::<Vec<_>>()),
        Json::Object(tagged) => match tagged.iter().next() {
            Some((tag, Json::Number(int))) if tag == "int" => Value::Int(int.as_i64().unwrap()),
            Some((tag, Json::String(float))) if tag == "float" => {
                Value::Float(float.trim_start_matches('+').parse().unwrap())
            }
            Some((tag, Json::Object(map))) if tag == "map" => {
                let entries = map.iter().map(|(key, item)| (key.as_str().into(), untagged(item)));
                Value::from(entries.collect::<Map>())
            }
            other => panic!("this is no tag: {other:?}"),
        },
        plain => Value::from(plain.clone()),
    }
}
