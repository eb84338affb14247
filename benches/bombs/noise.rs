//! A namespace that makes noise: all of its TaskSpawners' templates are bombs.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};

use crate::bomb::Bomb;
use crate::client::{self, Connection};
use crate::fixtures::{self, Templates};
use crate::servers::Running;

/// The noisy namespace.
const NAMESPACE: &str = "noisy";
/// What every answer to it holds.
const STOPPED: &[u8] = b"limit_exceeded";
/// How long the noise may take to begin.
const PATIENCE: Duration = Duration::from_secs(20);

/// Its TaskSpawners, one for each bomb, each with two keys: more than a Task may spend.
pub(crate) fn spawners() -> Vec<Value> {
    let spawner = |(index, bomb): (usize, Bomb)| {
        let mut spawner = fixtures::spawner(index, Templates::Shared);
        let labels = json!({"bomb-a": bomb.source, "bomb-b": bomb.source});
        spawner["metadata"]["annotations"] = json!({
            "metadata.kelos.dev/labels": labels.to_string(),
            "metadata.kelos.dev/syntax": bomb.syntax.as_str(),
        });
        in_namespace(spawner, NAMESPACE)
    };
    Bomb::all().enumerate().map(spawner).collect()
}

/// Requests whose templates are bombs.
pub(crate) struct Noise {
    requests: Vec<Vec<u8>>,
}

impl Noise {
    /// Asks the server for a Task of each of these bombs, and keeps those that go off: some need a
    /// longer body or more labels than a request here has.
    pub(crate) fn of(server: &Running, bombs: impl Fn(&Bomb) -> Result<bool>) -> Result<Noise> {
        let mut requests = Vec::new();
        for (index, bomb) in Bomb::all().enumerate() {
            if !bombs(&bomb)? {
                continue;
            }
            let review = serde_json::from_slice(&fixtures::review(index, 1)?)?;
            let request = client::post(&serde_json::to_vec(&reviewed_in_namespace(review))?);
            let (status, body) =
                client::first_answer(server.server.address, &server.tls, &request)?;
            ensure!(status == 200, "{}: the server answered {status}", bomb.name);
            if holds(&body) {
                requests.push(request);
            }
        }
        ensure!(!requests.is_empty(), "no bomb goes off");
        Ok(Noise { requests })
    }

    /// How many bombs it is made of.
    pub(crate) fn len(&self) -> usize {
        self.requests.len()
    }

    /// Does some work while so many connections ask for these Tasks without a pause; gives what
    /// the work gave and the answers to the noise a second.
    pub(crate) fn during<T>(
        &self,
        server: &Running,
        connections: u8,
        work: impl FnOnce() -> Result<T>,
    ) -> Result<(T, f64)> {
        let (over, answers) = (AtomicBool::new(false), AtomicUsize::new(0));
        thread::scope(|scope| {
            let hammers: Vec<_> = (0..connections)
                .map(|first| {
                    let (over, answers) = (&over, &answers);
                    scope.spawn(move || self.hammer(server, first.into(), over, answers))
                })
                .collect();
            let begun = Instant::now();
            while answers.load(Ordering::Relaxed) < connections.into() && begun.elapsed() < PATIENCE
            {
                thread::sleep(Duration::from_millis(1));
            }
            let (begun, before) = (Instant::now(), answers.load(Ordering::Relaxed));
            let result = work();
            let made = answers.load(Ordering::Relaxed) - before;
            let seconds = begun.elapsed().as_secs_f64();
            over.store(true, Ordering::Relaxed);
            for hammer in hammers {
                match hammer.join() {
                    Ok(result) => result?,
                    Err(_) => bail!("a client thread panicked"),
                }
            }
            Ok((result?, made as f64 / seconds))
        })
    }

    /// Asks for one Task after the other until it is over.
    fn hammer(
        &self,
        server: &Running,
        first: usize,
        over: &AtomicBool,
        answers: &AtomicUsize,
    ) -> Result<()> {
        let mut connection = Connection::open(server.server.address, &server.tls)?;
        for request in self.requests.iter().cycle().skip(first) {
            if over.load(Ordering::Relaxed) {
                break;
            }
            let answer = connection.call(request)?;
            match answer.status {
                200 => ensure!(holds(answer.body), "a bomb did not go off"),
                // Overloaded; the server closes such a connection.
                503 => connection = Connection::open(server.server.address, &server.tls)?,
                other => bail!("the server answered {other}"),
            }
            answers.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// Puts an object into a namespace.
pub(crate) fn in_namespace(mut object: Value, namespace: &str) -> Value {
    object["metadata"]["namespace"] = namespace.into();
    object
}

fn reviewed_in_namespace(mut review: Value) -> Value {
    review["request"]["namespace"] = NAMESPACE.into();
    review["request"]["object"]["metadata"]["namespace"] = NAMESPACE.into();
    review
}

fn holds(body: &[u8]) -> bool {
    body.windows(STOPPED.len()).any(|window| window == STOPPED)
}
