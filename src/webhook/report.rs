//! What the log and the metrics hear of a decision.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::review::Request;
use crate::engine::kelos::{Excess, Task};
use crate::engine::render::TemplateError;
use crate::engine::rules::Rules;
use crate::engine::{Decision, Outcome as KeyResult};
use crate::metrics::{KeyOutcome, Metrics, Outcome};
use crate::spawners::Known;

/// How often requests that nobody's API server can have sent are told of.
const TELL_EVERY: Duration = Duration::from_secs(60);

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
pub(super) fn outcome(decision: &Decision<'_>, rules: &Rules) -> Outcome {
    if decision.is_exempt || rules.is_disabled {
        Outcome::Disabled
    } else if !decision.patch.0.is_empty() {
        Outcome::Patched
    } else if decision.keys.iter().any(|key| key.is_news_skip()) {
        Outcome::Skipped
    } else {
        Outcome::Unchanged
    }
}

/// Counts each key, and logs the skipped ones.
pub(super) fn decision(
    request: &Request<'_>,
    task: &Task<'_>,
    spawner: &Known,
    decision: &Decision<'_>,
    metrics: &Metrics,
) {
    for (index, key) in decision.keys.iter().enumerate() {
        let outcome = match &key.outcome {
            KeyResult::Kept => continue,
            KeyResult::Applied(_) => KeyOutcome::Applied,
            KeyResult::Repaired(_) => KeyOutcome::Repaired,
            KeyResult::Skipped(skip) => {
                if skip.reason.is_news() && !decision.was_marked {
                    log_skip(request, task, key, skip, spawner.is_first(index, skip.reason));
                }
                KeyOutcome::Skipped(skip.reason)
            }
        };
        metrics.key(key.kind, outcome);
    }
}

/// Logs a skipped key: at `info` the first time since its TaskSpawner changed, at `debug` from then
/// on, because the next thousand Tasks will say the same. Messages stay out of the log: one about a
/// value may quote a character of it.
fn log_skip(
    request: &Request<'_>,
    task: &Task<'_>,
    key: &crate::engine::KeyOutcome<'_>,
    skip: &TemplateError,
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
