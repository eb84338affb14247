//! A namespace that makes noise: it sends costly requests without a pause.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};

use testing::hostile::requests::{Part, review_in};
use testing::measure::client::{self, Connection};
use testing::measure::servers::Running;

/// The noisy namespace.
pub(crate) const NAMESPACE: &str = "noisy";
/// How long the noise may take to begin.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Requests, and what their answers hold.
pub(crate) struct Noise {
    pub(crate) requests: Vec<Vec<u8>>,
    pub(crate) must_hold: &'static [u8],
}

/// What became of the noise, in answers a second.
#[derive(Clone, Copy, Default)]
pub(crate) struct Rates {
    /// Answers with 200.
    pub(crate) answered: f64,
    /// Answers with 503, and connections that the server has closed.
    pub(crate) refused: f64,
}

/// Counts while the noise is made.
#[derive(Default)]
struct Counts {
    is_over: AtomicBool,
    answered: AtomicUsize,
    refused: AtomicUsize,
}

impl Counts {
    fn both(&self) -> (usize, usize) {
        (self.answered.load(Ordering::Relaxed), self.refused.load(Ordering::Relaxed))
    }
}

impl Noise {
    /// Asks the server once for each, and keeps what is answered as it should be: some bombs need a
    /// longer body or more labels than a request here has.
    pub(crate) fn keep_what_goes_off(&mut self, server: &Running) -> Result<()> {
        let mut kept = Vec::new();
        for request in self.requests.drain(..) {
            let (status, body) =
                client::first_answer(server.server.address, &server.tls, &request)?;
            ensure!(status == 200, "the server answered {status}");
            if holds(&body, self.must_hold) {
                kept.push(request);
            }
        }
        ensure!(!kept.is_empty(), "nothing goes off");
        self.requests = kept;
        Ok(())
    }

    /// Does some work while so many connections send these requests without a pause.
    pub(crate) fn during<T>(
        &self,
        server: &Running,
        connections: u8,
        work: impl FnOnce() -> Result<T>,
    ) -> Result<(T, Rates)> {
        let counts = Counts::default();
        thread::scope(|scope| {
            let hammers: Vec<_> = (0..connections)
                .map(|number| {
                    let counts = &counts;
                    // Far from one another, so that none finds what another one has just asked for.
                    let first =
                        self.requests.len() * usize::from(number) / usize::from(connections);
                    scope.spawn(move || self.hammer(server, first, counts))
                })
                .collect();
            let begun = Instant::now();
            let has_begun = |(answered, refused)| answered + refused >= usize::from(connections);
            while !has_begun(counts.both()) && begun.elapsed() < TIMEOUT {
                thread::sleep(Duration::from_millis(1));
            }
            let (begun, before) = (Instant::now(), counts.both());
            let result = work();
            let (after, seconds) = (counts.both(), begun.elapsed().as_secs_f64());
            counts.is_over.store(true, Ordering::Relaxed);
            for hammer in hammers {
                match hammer.join() {
                    Ok(result) => result?,
                    Err(_) => bail!("a client thread panicked"),
                }
            }
            let rate = |before, after| (after - before) as f64 / seconds;
            let (answered, refused) = (rate(before.0, after.0), rate(before.1, after.1));
            Ok((result?, Rates { answered, refused }))
        })
    }

    /// Sends one request after the other until it is over.
    fn hammer(&self, server: &Running, first: usize, counts: &Counts) -> Result<()> {
        let open = || Connection::open(server.server.address, &server.tls);
        let mut connection = open()?;
        for request in self.requests.iter().cycle().skip(first) {
            if counts.is_over.load(Ordering::Relaxed) {
                break;
            }
            match connection.call(request).map(|answer| (answer.status, answer.body)) {
                Ok((200, body)) => {
                    ensure!(holds(body, self.must_hold), "an answer to the noise is another one");
                    counts.answered.fetch_add(1, Ordering::Relaxed);
                }
                // Overloaded: the server closes such a connection, maybe before all was sent.
                Ok((503, _)) | Err(_) => {
                    counts.refused.fetch_add(1, Ordering::Relaxed);
                    connection = open()?;
                }
                Ok((other, _)) => bail!("the server answered {other}"),
            }
        }
        Ok(())
    }
}

/// An object of this kind, name and namespace.
pub(crate) fn object(kind: &str, namespace: &str, name: &str, object: &Value) -> Value {
    let mut object = object.clone();
    object["apiVersion"] = "kelos.dev/v1alpha2".into();
    object["kind"] = kind.into();
    object["metadata"]["namespace"] = namespace.into();
    object["metadata"]["name"] = name.into();
    object
}

/// The review of a new Task of this TaskSpawner, with nothing in it.
pub(crate) fn review(namespace: &str, spawner: &str) -> String {
    review_in(namespace, spawner, Part::Labels, "")
}

/// The review of this Task in the noisy namespace.
pub(crate) fn review_of(mut task: Value) -> Result<Value> {
    task["apiVersion"] = "kelos.dev/v1alpha2".into();
    task["kind"] = "Task".into();
    task["metadata"]["namespace"] = NAMESPACE.into();
    let mut review: Value = serde_json::from_str(&review(NAMESPACE, ""))?;
    review["request"]["object"] = task;
    Ok(review)
}

/// The TaskSpawner of these labels, in this namespace.
pub(crate) fn spawner(namespace: &str, name: &str, labels: &Value, syntax: &str) -> Value {
    let annotations = json!({
        "metadata.kelos.dev/labels": labels.to_string(), "metadata.kelos.dev/syntax": syntax,
    });
    object("TaskSpawner", namespace, name, &json!({"metadata": {"annotations": annotations}}))
}

fn holds(body: &[u8], text: &[u8]) -> bool {
    body.windows(text.len()).any(|window| window == text)
}
