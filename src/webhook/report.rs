//! What the log and the metrics hear of a decision.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::review::Request;
use super::{AdmissionOutcome, KeyOutcomeLabel, Metrics};
use crate::engine::Skip;
use crate::engine::kelos::{Excess, Task};
use crate::engine::rules::Rules;
use crate::engine::{Decision, Outcome as KeyResult};
use crate::spawners::CompiledSpawner;

/// How often requests that nobody's API server can have sent are told of.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// How many skipped keys of one Task are logged, at some 1,500 bytes each at the most: what is beyond them
/// is counted.
const SKIPS: usize = 32;

/// When the log was last told of an [`Excess`].
static EXCESS_TOLD: Mutex<Option<Instant>> = Mutex::new(None);

/// Logs a request that has more of something than can be, once a minute, without anything of it.
pub(super) fn excess(excess: Excess) {
    let mut told = EXCESS_TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    let is_due = told.is_none_or(|told| told.elapsed() >= TELL_EVERY);
    if is_due {
        *told = Some(Instant::now());
        drop(told);
        tracing::warn!(
            problem = %excess,
            "A request has more than an API server could store, so that somebody else will have sent \
             it: allowed as it is"
        );
    }
}

/// What a decision counts as.
pub(super) fn outcome(decision: &Decision<'_>, rules: &Rules) -> AdmissionOutcome {
    if decision.is_exempt || rules.is_disabled {
        AdmissionOutcome::Disabled
    } else if !decision.patch.0.is_empty() {
        AdmissionOutcome::Patched
    } else if decision.keys.iter().any(|key| key.is_news_skip()) {
        AdmissionOutcome::Skipped
    } else {
        AdmissionOutcome::Unchanged
    }
}

/// Counts each key, and logs the skipped ones.
pub(super) fn decision(
    request: &Request<'_>,
    task: &Task<'_>,
    spawner: &CompiledSpawner,
    decision: &Decision<'_>,
    metrics: &Metrics,
) {
    let mut news = 0;
    for (index, key) in decision.keys.iter().enumerate() {
        let outcome = match &key.outcome {
            KeyResult::Kept => continue,
            KeyResult::Applied(_) => KeyOutcomeLabel::Applied,
            KeyResult::Repaired(_) => KeyOutcomeLabel::Repaired,
            KeyResult::Skipped(skip) => {
                if skip.reason.is_news() && !decision.was_marked {
                    news += 1;
                    if news <= SKIPS {
                        log_skip(request, task, key, skip, spawner.is_first(index, skip.reason));
                    }
                }
                KeyOutcomeLabel::Skipped(skip.reason)
            }
        };
        metrics.key(key.kind, outcome);
    }
    if news > SKIPS {
        let (namespace, more) = (&*request.namespace, news - SKIPS);
        tracing::debug!(namespace, task = task.name(), more, "More keys were skipped");
    }
}

/// Logs a skipped key: at `info` the first time since its TaskSpawner changed, at `debug` from then
/// on, because the next thousand Tasks will say the same. Messages stay out of the log: one about a
/// value may quote a character of it.
fn log_skip(
    request: &Request<'_>,
    task: &Task<'_>,
    key: &crate::engine::KeyOutcome<'_>,
    skip: &Skip,
    is_first: bool,
) {
    macro_rules! log {
        ($level:ident) => {
            tracing::$level!(
                namespace = &*request.namespace,
                task = task.name(),
                spawner = task.owner().map(|owner| owner.name),
                kind = key.kind.as_str(),
                key = key.key,
                reason = skip.reason.as_str(),
                line = skip.position.map(|at| at.line),
                column = skip.position.map(|at| at.column),
                "Skipped a key"
            )
        };
    }
    if is_first { log!(info) } else { log!(debug) }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use serde_json::json;

    use crate::engine::Limits;
    use crate::engine::rules::Policy;
    use crate::spawners::{Objects, Spawners};
    use crate::telemetry::{LogFormat, subscriber};
    use crate::webhook::Metrics;
    use crate::webhook::mutate_task::answer_review;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn no_request_fills_the_log_whatever_it_is_called_and_whatever_is_skipped() {
        let keys: serde_json::Map<_, _> = (0..64)
            .map(|n| (format!("{n}\u{1b}{}", "é\"".repeat(100)), json!("{{ .X }}")))
            .collect();
        let keys = serde_json::Value::from(keys).to_string();
        let spawner = json!({"metadata": {"name": "w", "namespace": "ns", "annotations": {
            "metadata.kelos.dev/labels": keys, "metadata.kelos.dev/annotations": keys}}});
        let spawners = Spawners::new(Policy::default());
        let spawner = Arc::new(serde_json::from_value(spawner).unwrap());
        spawners.replace(Objects { spawners: vec![spawner], ..Objects::default() });
        let review = json!({"kind": "AdmissionReview", "request": {
            "uid": "1", "operation": "CREATE", "namespace": "ns",
            "resource": {"group": "kelos.dev", "resource": "tasks"},
            "object": {"metadata": {"name": "\u{1}\n".repeat(3 << 20), "labels": {"kelos.dev/taskspawner": "w"}}},
        }});
        for format in [LogFormat::Text, LogFormat::Json] {
            let log = Log::default();
            let writer = log.clone();
            let subscriber = subscriber(format, "debug", false, move || writer.clone()).unwrap();
            tracing::subscriber::with_default(subscriber, || {
                let known = spawners.snapshot();
                let body = review.to_string();
                answer_review(body.as_bytes(), &known, &Limits::default(), &Metrics::new());
            });
            let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
            assert_eq!(text.lines().count(), super::SKIPS + 1, "{text}");
            assert!(text.len() <= 64 << 10, "{} bytes", text.len());
            assert!(text.contains("More keys were skipped") && text.contains("96"), "{text}");
        }
    }
}
