//! What the webhook logs.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::wait::eventually;

/// The lines of a JSON log so far.
#[derive(Clone, Default)]
pub(crate) struct Log {
    lines: Arc<Mutex<Vec<Value>>>,
}

impl Log {
    /// Collects a log until its end, and writes it to a file for people to read.
    pub(crate) fn follow(output: impl Read + Send + 'static, copy: &Path) -> Log {
        let log = Log::default();
        let mut copy = File::create(copy).unwrap();
        let lines = Arc::clone(&log.lines);
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                writeln!(copy, "{line}").unwrap();
                let line = serde_json::from_str(&line).unwrap_or_else(|_| json!({"message": line}));
                lines.lock().unwrap().push(line);
            }
        });
        log
    }

    /// Every line so far for which this holds.
    pub(crate) fn lines(&self, is_it: impl Fn(&Value) -> bool) -> Vec<Value> {
        self.lines.lock().unwrap().iter().filter(|line| is_it(line)).cloned().collect()
    }

    /// The first line for which this holds, as soon as it is there.
    pub(crate) async fn line(&self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        eventually(&format!("a log line: {what}"), async || {
            self.lines.lock().unwrap().iter().find(|line| is_it(line)).cloned()
        })
        .await
    }
}
