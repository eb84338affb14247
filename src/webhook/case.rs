//! One request: what is known of it, and what it needs next.

use std::sync::Arc;

use super::mutate_task::Answered;
use super::report;
use super::review::{self, Request, Unreadable};
use super::router::Reply;
use super::{AdmissionOutcome as Outcome, Metrics};
use crate::engine::kelos::{Excess, Injection, Namespace, Owner, Task, Workspace};
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
            moment,
        }
    }

    fn namespace(&self, name: &str) -> Option<&Namespace> {
        self.known.namespace(name).or_else(|| self.namespace.found())
    }

    fn workspace(
        &self,
        request: &Request<'_>,
        task: &Task<'_>,
        rules: &Rules,
    ) -> Option<&Workspace> {
        let spec = task.spec().filter(|_| need_workspace(&rules.uses))?;
        self.known.workspace_of(&request.namespace, spec).or_else(|| self.workspace.found())
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
    spawner: Arc<CompiledSpawner>,
    namespace: Option<&'c Namespace>,
    injection: Injection,
}

/// Says what is next: the answer, if that is cheap. Nothing that takes long is done here.
pub(super) fn next(
    request: &Request<'_>,
    bytes: usize,
    sight: &Sight,
    limits: &Limits,
    metrics: &Metrics,
) -> Next {
    let ready = match ready(request, sight) {
        Ok(ready) => ready,
        Err(next) => return next,
    };
    let rules = &ready.spawner.rules;
    let reads_a_long_user = rules.uses.has("User") && request.user_bytes() > IN_LINE_USER_BYTES;
    if !rules.is_straight_line || bytes > IN_LINE_BYTES || reads_a_long_user {
        return Next::Render;
    }
    ready
        .decide(bytes, sight, &limits.with_steps(IN_LINE_STEPS), metrics, true)
        .unwrap_or(Next::Render)
}

/// Answers a request whatever that takes; what was not looked up counts as missing.
pub(super) fn render(
    request: &Request<'_>,
    bytes: usize,
    sight: &Sight,
    limits: &Limits,
    metrics: &Metrics,
) -> Next {
    let ready = match ready(request, sight) {
        Ok(ready) => ready,
        Err(next) => return next,
    };
    ready.decide(bytes, sight, limits, metrics, false).unwrap_or(Next::Render)
}

/// What has to be known before a request can be decided, or what is next without that.
fn ready<'c>(request: &'c Request<'c>, sight: &'c Sight) -> Result<Ready<'c>, Next> {
    let as_it_is = |outcome| Err(Next::Reply(as_it_is(request, outcome)));
    let Some(task) = request.new_task() else { return as_it_is(Outcome::NotATask) };
    if let Some(excess) = task.excess() {
        return Err(Next::Reply(oversized(request, excess)));
    }
    let Some(owner) = task.owner() else { return as_it_is(Outcome::NoOwner) };
    let namespace = sight.namespace(&request.namespace);
    let injection = namespace.map(Namespace::injection).unwrap_or_default();
    if injection == Injection::Disabled {
        return as_it_is(Outcome::Disabled);
    }
    let spawner = match spawner(request, &owner, sight) {
        Ok(Some(spawner)) => spawner,
        Ok(None) => return as_it_is(Outcome::UnknownOwner),
        Err(next) => return Err(next),
    };
    let needs_workspace = sight.workspace.is_askable()
        && need_workspace(&spawner.rules.uses)
        && (task.spec())
            .is_some_and(|spec| sight.known.names_unknown_workspace(&request.namespace, spec));
    let needs_namespace = namespace.is_none() && sight.namespace.is_askable();
    if needs_namespace || needs_workspace {
        return Err(Next::LookUpAround { namespace: needs_namespace, workspace: needs_workspace });
    }
    Ok(Ready { request, task, spawner, namespace, injection })
}

/// The owner; none if there is none.
fn spawner(
    request: &Request<'_>,
    owner: &Owner<'_>,
    sight: &Sight,
) -> Result<Option<Arc<CompiledSpawner>>, Next> {
    match (sight.known.rules(&request.namespace, owner), &sight.owner) {
        (Lookup::Found(spawner), _) => Ok(Some(spawner)),
        (Lookup::Pending, _) => Err(Next::NotYet),
        (Lookup::Unknown, Sought::Found(spawner)) => Ok(Some(Arc::clone(spawner))),
        (Lookup::Unknown, Sought::Missing) => Ok(None),
        (Lookup::Unknown, Sought::Askable) => Err(Next::LookUpOwner),
    }
}

impl Ready<'_> {
    /// Decides, and makes the answer; nothing, if the limits were too small and others are to follow.
    fn decide(
        &self,
        bytes: usize,
        sight: &Sight,
        limits: &Limits,
        metrics: &Metrics,
        may_be_again: bool,
    ) -> Option<Next> {
        let Ready { request, task, spawner, namespace, injection } = self;
        let rules = &spawner.rules;
        let user: Option<User> = match rules.uses.has("User").then(|| request.user()) {
            Some(Err(excess)) => return Some(Next::Reply(oversized(request, excess))),
            Some(Ok(user)) => user,
            None => None,
        };
        let facts = Facts {
            namespace_name: &request.namespace,
            namespace: *namespace,
            workspace: sight.workspace(request, task, rules),
            user: user.as_ref(),
            // The rest of the request is small, but for what says who makes it.
            task_bytes: bytes.saturating_sub(request.user_bytes()),
            moment: sight.moment,
        };
        let decision = decide(task, rules, &facts, limits);
        if may_be_again && decision.has_hit_limits {
            return None;
        }
        report::decision(request, task, spawner, &decision, metrics);
        Some(Next::Reply(decided(&request.uid, &decision, rules, *injection)))
    }
}

/// The answer that says what was decided.
fn decided(uid: &str, decision: &Decision<'_>, rules: &Rules, injection: Injection) -> Answered {
    let name = &rules.spawner.metadata.name;
    let (outcome, body) = match report::outcome(decision, rules) {
        Outcome::Disabled => (Outcome::Disabled, review::allow(uid)),
        _ if injection == Injection::Audit => {
            (Outcome::Audited, review::audited(uid, name, decision))
        }
        outcome => (outcome, review::decided(uid, name, decision)),
    };
    Answered { reply: Reply::ok(body), outcome }
}

/// The answer that lets the Task be, without a word.
pub(super) fn as_it_is(request: &Request<'_>, outcome: Outcome) -> Answered {
    Answered { reply: Reply::ok(review::allow(&request.uid)), outcome }
}

/// The answer to what no API server can have sent.
fn oversized(request: &Request<'_>, excess: Excess) -> Answered {
    report::excess(excess);
    let body = review::allow_with_warning(&request.uid, &excess.to_string());
    Answered { reply: Reply::ok(body), outcome: Outcome::Oversized }
}

/// The answer to a body that is no request.
pub(super) fn unreadable(unreadable: Unreadable) -> Answered {
    match unreadable {
        Unreadable::Answerable { uid, message } => Answered {
            reply: Reply::ok(review::allow_with_warning(&uid, &message)),
            outcome: Outcome::NotUnderstood,
        },
        Unreadable::NoUid { message } => {
            Answered { reply: Reply::bad_request(&message), outcome: Outcome::BadRequest }
        }
    }
}
