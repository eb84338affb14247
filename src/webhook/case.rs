//! One request: what is known of it, and what it needs next.

use std::sync::Arc;

use super::report;
use super::review::{self, Request, Unreadable};
use super::router::Reply;
use super::{AdmissionOutcome, Answered, Metrics};
use crate::apimachinery::NAME_BYTES;
use crate::engine::kelos::{Excess, Injection, Namespace, NoPodPlace, Owner, Task, Workspace};
use crate::engine::rules::Rules;
use crate::engine::variables::{Facts, User, need_workspace};
use crate::engine::{Decision, Limits, decide};
use crate::spawners::{CompiledSpawner, Lookup, Snapshot};
use crate::unix_seconds::UnixSeconds;

/// The longest request that is decided where requests are read. Most have a tenth of that.
pub(super) const IN_LINE_BYTES: usize = 64 << 10;
/// The longest `userInfo` that is read there: names and groups are copied one by one.
const IN_LINE_USER_BYTES: usize = 8 << 10;
/// The steps that the templates of a Task may take where requests are read: what a hundred ordinary
/// keys need, and too few for anyone else's request to notice.
const IN_LINE_STEPS: u64 = 2_000;

/// The longest name of a TaskSpawner in a warning, in characters.
const OWNER_CHARS: usize = 100;

/// What there is to know when a request comes, and what was found out for it.
#[derive(Debug)]
pub(super) struct Sight {
    /// The cache, at the moment of the request.
    pub(super) known: Arc<Snapshot>,
    /// The owner, if the cache does not have it.
    pub(super) owner: Sought<CompiledSpawner>,
    /// The Namespace, if the cache does not have it.
    pub(super) namespace: Sought<Namespace>,
    /// The Workspace, if the cache does not have it.
    pub(super) workspace: Sought<Workspace>,
    /// Whether the owner has been waited for long enough.
    pub(super) gave_up: bool,
    /// The moment of the request.
    pub(super) moment: UnixSeconds,
}

/// What is known of an object that the cache does not have.
#[derive(Debug)]
pub(super) enum Sought<T> {
    /// Nothing: it can be looked up.
    Askable,
    /// It was looked up.
    Found(Arc<T>),
    /// There is none, or nobody could say, or there is nobody to ask.
    Missing,
}

/// What is to be done with a request next.
#[derive(Debug)]
pub(super) enum Next {
    /// This is the answer.
    Reply(Answered),
    /// The owner is to be looked up.
    LookUpOwner,
    /// What is around the Task is to be looked up.
    LookUpAround {
        /// The Namespace.
        namespace: bool,
        /// The Workspace.
        workspace: bool,
    },
    /// The owner is known, but not yet what it asks for.
    NotYet,
    /// It takes more than may be done where requests are read.
    Render,
}

impl Sight {
    /// What the cache has, and looks up the rest if that is possible.
    pub(super) fn new(known: Arc<Snapshot>, moment: UnixSeconds, is_askable: bool) -> Sight {
        fn sought<T>(is_askable: bool) -> Sought<T> {
            if is_askable { Sought::Askable } else { Sought::Missing }
        }
        Sight {
            known,
            owner: sought(is_askable),
            namespace: sought(is_askable),
            workspace: sought(is_askable),
            gave_up: false,
            moment,
        }
    }

    /// What is known about the Task of a request, but for who creates it.
    fn facts<'f>(&'f self, request: &'f Request<'_>, task: &Task<'_>, bytes: usize) -> Facts<'f> {
        let facts = self.known.facts(&request.namespace, task, bytes, self.moment);
        Facts {
            namespace: facts.namespace.or_else(|| self.namespace.found()),
            workspace: facts.workspace.or_else(|| self.workspace.found()),
            ..facts
        }
    }
}

impl<T> Sought<T> {
    pub(super) fn is_askable(&self) -> bool {
        matches!(self, Sought::Askable)
    }

    fn found(&self) -> Option<&T> {
        match self {
            Sought::Found(found) => Some(found),
            Sought::Askable | Sought::Missing => None,
        }
    }
}

/// A request of which all is known that can be.
struct Ready<'c> {
    request: &'c Request<'c>,
    task: &'c Task<'c>,
    /// The owner, or what stands in for it.
    spawner: Arc<CompiledSpawner>,
    /// The owner that is not known, if there is one.
    unknown: Option<Owner<'c>>,
    facts: Facts<'c>,
}

/// Where a request is worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Where {
    /// Where requests are read, and nothing may take long.
    InLine,
    /// Apart from the others, whatever it takes.
    Apart,
}

/// Says what is next: the answer, if nothing is to be looked up before; in line, if it is cheap.
pub(super) fn next(
    request: &Request<'_>,
    bytes: usize,
    sight: &Sight,
    limits: &Limits,
    metrics: &Metrics,
    place: Where,
) -> Next {
    match ready(request, bytes, sight) {
        Err(next) => next,
        Ok(ready) if place == Where::InLine && !ready.may_be_cheap(bytes) => Next::Render,
        Ok(ready) => ready.decide(limits, metrics, place),
    }
}

/// What has to be known before a request can be decided, or what is next without that.
fn ready<'c>(request: &'c Request<'c>, bytes: usize, sight: &'c Sight) -> Result<Ready<'c>, Next> {
    let as_it_is = |outcome| Err(Next::Reply(as_it_is(request, outcome)));
    let Some(task) = request.new_task() else {
        request.sent_elsewhere().into_iter().for_each(report::sent_elsewhere);
        return as_it_is(AdmissionOutcome::NotATask);
    };
    if let Some(excess) = task.excess() {
        return Err(Next::Reply(oversized(request, excess)));
    }
    let (owner, nobody) = (task.owner(), sight.known.of_nobody(task.shape()));
    if owner.is_none() && nobody.is_none() {
        return as_it_is(AdmissionOutcome::NoOwner);
    }
    // The rest of the request is small, but for what says who makes it.
    let facts = sight.facts(request, task, bytes.saturating_sub(request.user_bytes()));
    if facts.injection() == Injection::Disabled {
        // Then nobody has to be asked for its owner.
        return as_it_is(AdmissionOutcome::Disabled);
    }
    let known = owner.as_ref().map(|owner| spawner(request, owner, sight)).transpose()?.flatten();
    let unknown = owner.filter(|_| known.is_none());
    let spawner = match (known.or_else(|| nobody.map(Arc::clone)), &unknown) {
        (Some(spawner), _) => spawner,
        (None, Some(owner)) => return Err(Next::Reply(unknown_owner(request, owner, sight))),
        (None, None) => return as_it_is(AdmissionOutcome::NoOwner),
    };
    let needs_workspace = sight.workspace.is_askable()
        && need_workspace(&spawner.rules.uses)
        && (task.spec())
            .is_some_and(|spec| sight.known.names_unknown_workspace(&request.namespace, spec));
    let needs_namespace = facts.namespace.is_none() && sight.namespace.is_askable();
    if needs_namespace || needs_workspace {
        return Err(Next::LookUpAround { namespace: needs_namespace, workspace: needs_workspace });
    }
    Ok(Ready { request, task, spawner, unknown, facts })
}

/// The owner; none if there is none.
fn spawner(
    request: &Request<'_>,
    owner: &Owner<'_>,
    sight: &Sight,
) -> Result<Option<Arc<CompiledSpawner>>, Next> {
    match (sight.known.rules(&request.namespace, owner), &sight.owner) {
        (Lookup::Found(spawner), _) => Ok(Some(spawner)),
        (Lookup::Pending, _) if sight.gave_up => Ok(None),
        (Lookup::Pending, _) => Err(Next::NotYet),
        (Lookup::Unknown, Sought::Found(spawner)) => Ok(Some(Arc::clone(spawner))),
        (Lookup::Unknown, Sought::Missing) => Ok(None),
        (Lookup::Unknown, Sought::Askable) => Err(Next::LookUpOwner),
    }
}

impl Ready<'_> {
    /// Whether a few steps may be enough, as far as can be seen without any.
    fn may_be_cheap(&self, bytes: usize) -> bool {
        let rules = &self.spawner.rules;
        let reads_a_long_user =
            rules.uses.has("User") && self.request.user_bytes() > IN_LINE_USER_BYTES;
        rules.is_straight_line && bytes <= IN_LINE_BYTES && !reads_a_long_user
    }

    /// Decides, and makes the answer, unless what may be done in line is not enough.
    fn decide(&self, limits: &Limits, metrics: &Metrics, place: Where) -> Next {
        let Ready { request, task, spawner, unknown, facts } = self;
        let rules = &spawner.rules;
        let user: Option<User> = match rules.uses.has("User").then(|| request.user()) {
            Some(Err(excess)) => return Next::Reply(oversized(request, excess)),
            Some(Ok(user)) => user,
            None => None,
        };
        let facts = Facts { user: user.as_ref(), ..*facts };
        let limits = match place {
            Where::InLine => limits.with_steps(IN_LINE_STEPS),
            Where::Apart => *limits,
        };
        let decision = decide(task, rules, &facts, &limits);
        if place == Where::InLine && decision.has_hit_limits {
            return Next::Render;
        }
        report::decision(request, task, spawner, &decision, metrics);
        if facts.injection() == Injection::Audit {
            report::audited(request, task, &decision);
        }
        let unknown = unknown.as_ref().map(|owner| not_known(request, owner));
        let warnings: Vec<String> = unknown.into_iter().chain(name_warning(task)).collect();
        let Answered { reply, outcome } =
            decided(&request.uid, &decision, rules, facts.injection(), warnings);
        let is_unknown = self.unknown.is_some() && outcome != AdmissionOutcome::Disabled;
        let outcome = if is_unknown { AdmissionOutcome::UnknownOwner } else { outcome };
        Next::Reply(Answered { reply, outcome })
    }
}

/// The answer that says what was decided.
fn decided(
    uid: &str,
    decision: &Decision<'_>,
    rules: &Rules,
    injection: Injection,
    warnings: Vec<String>,
) -> Answered {
    let name = &rules.spawner.metadata.name;
    let (outcome, body) = match report::outcome(decision, rules) {
        AdmissionOutcome::Disabled => (AdmissionOutcome::Disabled, review::allow(uid)),
        _ if injection == Injection::Audit => {
            (AdmissionOutcome::Audited, review::audited(uid, name, decision, warnings))
        }
        outcome => (outcome, review::decided(uid, name, decision, warnings)),
    };
    Answered { reply: Reply::ok(body), outcome }
}

/// Kelos gives the Job of a Task, and labels of it, the name of the Task; a Job that is refused for it is
/// tried again for ever, and nothing says so. A WorkerPool has its Pods without a Job.
fn name_warning(task: &Task<'_>) -> Option<String> {
    let name = task.name();
    if !task.shape().has_job() {
        return None;
    }
    let has_job = task.pod_place() != Err(NoPodPlace::WorkerPool);
    (name.len() > NAME_BYTES && has_job).then(|| {
        format!(
            "the name has {} bytes: Kelos makes no Job of a Task with more than {NAME_BYTES}",
            name.len()
        )
    })
}

/// The answer that lets the Task be, without a word.
pub(super) fn as_it_is(request: &Request<'_>, outcome: AdmissionOutcome) -> Answered {
    Answered { reply: Reply::ok(review::allow(&request.uid)), outcome }
}

/// The answer that lets the Task be, because nothing is known of its TaskSpawner.
fn unknown_owner(request: &Request<'_>, owner: &Owner<'_>, sight: &Sight) -> Answered {
    if sight.gave_up {
        return as_it_is(request, AdmissionOutcome::UnknownOwner);
    }
    let body = review::allow_with_warning(&request.uid, &not_known(request, owner));
    Answered { reply: Reply::ok(body), outcome: AdmissionOutcome::UnknownOwner }
}

/// Says that a TaskSpawner is not known, and logs it.
fn not_known(request: &Request<'_>, owner: &Owner<'_>) -> String {
    report::unknown_owner(&request.namespace, owner);
    let name = review::shorten_middle(owner.name, OWNER_CHARS);
    let with_uid = if owner.uid.is_some() { " with the uid of the owner reference" } else { "" };
    format!("there is no {} {name}{with_uid} in this namespace", owner.shape.spawner())
}

/// The answer to what no API server can have sent.
fn oversized(request: &Request<'_>, excess: Excess) -> Answered {
    report::excess(excess);
    let body = review::allow_with_warning(&request.uid, &excess.to_string());
    Answered { reply: Reply::ok(body), outcome: AdmissionOutcome::Oversized }
}

/// The answer to a body that is no request.
pub(super) fn unreadable(unreadable: Unreadable) -> Answered {
    match unreadable {
        Unreadable::Answerable { uid, message } => Answered {
            reply: Reply::ok(review::allow_with_warning(&uid, &message)),
            outcome: AdmissionOutcome::NotUnderstood,
        },
        Unreadable::NoUid { message } => {
            Answered { reply: Reply::bad_request(&message), outcome: AdmissionOutcome::BadRequest }
        }
    }
}
