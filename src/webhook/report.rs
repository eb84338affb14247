//! What the log and the metrics hear of a decision.

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use super::review::Request;
use super::{AdmissionOutcome, KeyOutcomeLabel, Metrics};
use crate::engine::Skip;
use crate::engine::kelos::{Excess, Owner, Shape, Task};
use crate::engine::lint::{Finding, Severity};
use crate::engine::reason::Reason;
use crate::engine::rules::Rules;
use crate::engine::{Decision, KeyDecision, KeyOutcome, outcome_list};
use crate::registration::webhook_of;
use crate::spawners::CompiledSpawner;
use crate::telemetry::{LogEachOnce, LogLimiter};

/// How many skipped and defaulted keys of one Task are logged, at some 1,500 bytes each at the most: what is beyond them
/// is counted.
const SKIPS: usize = 32;

/// That there was an [`Excess`].
static EXCESS: LogLimiter = LogLimiter::new();

/// Logs a request that has more of something than can be, once a minute, without anything of it.
pub(super) fn excess(excess: Excess) {
    if EXCESS.is_due() {
        tracing::warn!(
            problem = %excess,
            "A request has more than an API server could store, so that somebody else will have sent \
             it: allowed as it is"
        );
    }
}

/// That something was sent to the path of the other kind.
static ELSEWHERE: LogLimiter = LogLimiter::new();

/// Logs, once a minute, that what has this shape is sent to where the others are answered: its labels are missed, and
/// nobody else on our side sees why.
pub(super) fn sent_elsewhere(sent: Shape) {
    if ELSEWHERE.is_due() {
        let (sent, path) = (sent.several(), webhook_of(sent).path());
        tracing::warn!(
            "{sent} are sent to a path where others are answered, and are created as they are: register them at \
             {path}"
        );
    }
}

/// What a decision counts as.
pub(super) fn outcome(decision: &Decision<'_>, rules: &Rules) -> AdmissionOutcome {
    if decision.is_exempt || rules.is_disabled {
        AdmissionOutcome::Disabled
    } else if !decision.operations.is_empty() {
        AdmissionOutcome::Patched
    } else if decision.keys.iter().any(|key| key.news_skip().is_some()) {
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
    let (mut news, mut telling) = (0, Telling::of(spawner));
    for (index, key) in decision.keys.iter().enumerate() {
        if let Some(skip) = key.news_skip().or(key.news_default())
            && !decision.was_marked
        {
            news += 1;
            if news <= SKIPS {
                log_key(request, task, key, skip, telling.is_new(index, key, skip));
            }
        }
        let outcome = match &key.outcome {
            KeyOutcome::Kept => continue,
            KeyOutcome::Applied(_) => KeyOutcomeLabel::Applied,
            KeyOutcome::Repaired(_) => KeyOutcomeLabel::Repaired,
            KeyOutcome::Defaulted(..) => KeyOutcomeLabel::Defaulted,
            KeyOutcome::Skipped(skip) => KeyOutcomeLabel::Skipped(skip.reason),
        };
        metrics.key(task.shape(), key.kind, outcome);
    }
    if news > SKIPS {
        let (namespace, more) = (&*request.namespace, news - SKIPS);
        let [task, session] = task.names();
        tracing::debug!(namespace, task, session, more, "More keys were skipped or defaulted");
    }
}

/// The longest list of keys in a line of the log, in bytes; longer fields are cut.
const LIST_BYTES: usize = 240;

/// Logs what a Task would have got where its Namespace is switched to `audit`: keys and outcomes, no values.
pub(super) fn audited(request: &Request<'_>, task: &Task<'_>, decision: &Decision<'_>) {
    if decision.was_marked || decision.is_exempt {
        return;
    }
    let [made, session] = task.names();
    tracing::info!(
        namespace = &*request.namespace,
        task = made,
        session,
        spawner = task.owner().map(|owner| owner.name),
        keys = outcome_list(&decision.keys, LIST_BYTES),
        "Would set"
    );
}

/// The spawners that were logged as not known.
static UNKNOWN: LazyLock<LogEachOnce> = LazyLock::new(LogEachOnce::default);

/// Logs a Task or Session whose spawner is not known, once a name.
pub(super) fn unknown_owner(namespace: &str, owner: &Owner<'_>) {
    if !UNKNOWN.is_news(&(namespace, owner.shape, owner.name)) {
        return;
    }
    tracing::info!(
        namespace,
        spawner = owner.name,
        "Unknown {}: its {} get no more than the defaults; was it deleted or renamed?",
        owner.shape.spawner(),
        owner.shape.several()
    );
}

/// What was found wrong with a spawner.
pub(super) struct Linted<'l> {
    /// What it makes.
    pub(super) makes: Shape,
    /// Its namespace.
    pub(super) namespace: &'l str,
    /// Its name, or what its name will begin with.
    pub(super) name: &'l str,
    /// What was found.
    pub(super) findings: &'l [Finding],
}

/// The most findings of one spawner that are logged one by one.
const FINDINGS: usize = 32;

/// The spawners that were logged with something wrong: whoever applies one again and again is told each time,
/// and the log once.
static LINTED: LazyLock<LogEachOnce> = LazyLock::new(LogEachOnce::default);

/// Logs what was found wrong with a spawner: at `info` how much, once as long as that stays the same, and at
/// `debug` each finding. Texts stay out of the log: they quote templates.
pub(super) fn linted(linted: &Linted<'_>) {
    let Linted { makes, namespace, name, findings } = linted;
    let count = |severity| findings.iter().filter(|it| it.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    macro_rules! log {
        ($level:ident) => {
            tracing::$level!(
                namespace,
                kind = makes.spawner(),
                spawner = name,
                errors,
                warnings,
                "Warned whoever wrote a spawner of what is wrong with it"
            )
        };
    }
    match LINTED.is_news(&(makes, namespace, name, errors, warnings)) {
        true => log!(info),
        false => log!(debug),
    }
    for finding in findings.iter().take(FINDINGS) {
        tracing::debug!(
            namespace,
            kind = makes.spawner(),
            spawner = name,
            rule = finding.rule.as_str(),
            severity = finding.severity.as_str(),
            field = %finding.field,
            line = finding.at.map(|at| at.line),
            column = finding.at.map(|at| at.column),
            "Found in a spawner"
        );
    }
}

/// Which skipped keys of a Task are told at `info`: those that depend on the Task, the first time since
/// the TaskSpawner changed. The next thousand Tasks will say the same. What the TaskSpawner itself has
/// wrong was told when its rules were read.
struct Telling<'s> {
    spawner: &'s CompiledSpawner,
    /// The reasons that this Task is the first one to have for keys that no rule is about: all of those keys
    /// are told, though they count as one.
    unruled: Vec<(Reason, bool)>,
}

impl<'s> Telling<'s> {
    fn of(spawner: &'s CompiledSpawner) -> Telling<'s> {
        Telling { spawner, unruled: Vec::new() }
    }

    /// Whether the key of this number is told.
    fn is_new(&mut self, index: usize, key: &KeyDecision<'_>, skip: &Skip) -> bool {
        match self.spawner.rules.keys.get(index) {
            Some(rule) => !rule.refuses(skip) && self.spawner.is_first(index, skip.reason),
            // An annotation that is not known to its end.
            None if key.declared_in.is_none() => false,
            None => match self.unruled.iter().find(|(reason, _)| *reason == skip.reason) {
                Some((_, is_first)) => *is_first,
                None => {
                    let is_first = self.spawner.is_first(index, skip.reason);
                    self.unruled.push((skip.reason, is_first));
                    is_first
                }
            },
        }
    }
}

/// Logs a key that was skipped or has its `default`: at `info` if it is news, else at `debug`. Messages stay
/// out of the log: one about a value may quote a character of it.
fn log_key(
    request: &Request<'_>,
    task: &Task<'_>,
    key: &KeyDecision<'_>,
    skip: &Skip,
    is_news: bool,
) {
    let [made, session] = task.names();
    macro_rules! log {
        ($level:ident, $message:literal) => {
            tracing::$level!(
                namespace = &*request.namespace,
                task = made,
                session,
                spawner = task.owner().map(|owner| owner.name),
                kind = key.kind.as_str(),
                key = key.key,
                reason = skip.reason.as_str(),
                variable = skip.variable.as_deref(),
                line = skip.position.map(|at| at.line),
                column = skip.position.map(|at| at.column),
                $message
            )
        };
    }
    match (matches!(key.outcome, KeyOutcome::Skipped(_)), is_news) {
        (true, true) => log!(info, "Skipped a key"),
        (true, false) => log!(debug, "Skipped a key"),
        (false, true) => log!(info, "Wrote the default of a key"),
        (false, false) => log!(debug, "Wrote the default of a key"),
    }
}
