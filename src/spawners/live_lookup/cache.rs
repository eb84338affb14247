//! What look-ups have found a moment ago: bounded in number and in bytes.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::engine::kelos::{Namespace, WorkerPool, Workspace};
use crate::metrics::Watched;
use crate::spawners::Known;

/// How long an answer is good for, if the watch does not say anything about that name before.
const REMEMBER: Duration = Duration::from_secs(5);
/// How many answers are remembered at the most.
const ANSWERS: usize = 1024;
/// How many bytes they may take. One TaskSpawner with all its rules takes up to some MiB; what does not
/// fit is asked for again.
const ANSWER_BYTES: u64 = 8 << 20;
/// What is kept of an answer beside its object.
const ANSWER_OVERHEAD: u64 = 512;

/// An object that was looked up.
#[derive(Clone, Debug)]
pub(super) enum Object {
    TaskSpawner(Arc<Known>),
    Namespace(Arc<Namespace>),
    Workspace(Arc<Workspace>),
    WorkerPool(Arc<WorkerPool>),
}

macro_rules! of_kind {
    ($name:ident, $kind:ident, $object:ty) => {
        pub(super) fn $name(self) -> Option<Arc<$object>> {
            match self {
                Object::$kind(object) => Some(object),
                _ => None,
            }
        }
    };
}

impl Object {
    of_kind!(task_spawner, TaskSpawner, Known);
    of_kind!(namespace, Namespace, Namespace);
    of_kind!(workspace, Workspace, Workspace);
    of_kind!(worker_pool, WorkerPool, WorkerPool);
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'q> {
    pub(super) kind: Watched,
    /// Its namespace; that of a Namespace is itself.
    pub(super) namespace: &'q str,
    pub(super) name: &'q str,
    pub(super) uid: Option<&'q str>,
}

/// A question that was answered, without the uid.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    kind: Watched,
    /// `namespace/name`.
    name: Box<str>,
}

#[derive(Debug, Default)]
pub(super) struct Answers {
    by_key: HashMap<Key, Vec<Remembered>>,
    /// The order in which they were given, which is that in which they end.
    order: VecDeque<(Key, u64)>,
    bytes: u64,
    next_id: u64,
}

#[derive(Debug)]
struct Remembered {
    id: u64,
    uid: Option<Box<str>>,
    /// None, if there is none.
    object: Option<Object>,
    bytes: u64,
    until: Instant,
}

impl Question<'_> {
    fn key(&self) -> Key {
        Key { kind: self.kind, name: self.full_name().into() }
    }

    pub(super) fn full_name(&self) -> String {
        [self.namespace, "/", self.name].concat()
    }
}

impl Answers {
    /// What was found a moment ago, if anything was: an object, or that there is none.
    pub(super) fn get(&self, question: &Question<'_>) -> Option<Option<Object>> {
        let now = Instant::now();
        let mut fresh =
            self.by_key.get(&question.key())?.iter().filter(|answer| answer.until > now);
        let answer = fresh.find(|answer| answer.uid.as_deref() == question.uid)?;
        Some(answer.object.clone())
    }

    /// Remembers what was found, in so many bytes.
    pub(super) fn put(&mut self, question: &Question<'_>, object: Option<Object>, bytes: u64) {
        let key = question.key();
        let uid = question.uid;
        let bytes = bytes + ANSWER_OVERHEAD + 2 * key.name.len() as u64;
        self.remove(&key, |answer| answer.uid.as_deref() == uid);
        if bytes > ANSWER_BYTES {
            return;
        }
        let now = Instant::now();
        while let Some((oldest, id)) = self.order.front().cloned() {
            let is_over = self
                .by_key
                .get(&oldest)
                .and_then(|of_key| of_key.iter().find(|answer| answer.id == id))
                .is_none_or(|answer| answer.until <= now);
            if !is_over && self.order.len() < ANSWERS && self.bytes + bytes <= ANSWER_BYTES {
                break;
            }
            self.order.pop_front();
            self.remove(&oldest, |answer| answer.id == id);
        }
        let id = self.next_id;
        self.next_id += 1;
        self.bytes += bytes;
        self.order.push_back((key.clone(), id));
        let uid = uid.map(Box::from);
        let answer = Remembered { id, uid, object, bytes, until: now + REMEMBER };
        self.by_key.entry(key).or_default().push(answer);
    }

    /// Forgets all that was said of a name.
    pub(super) fn forget(&mut self, question: &Question<'_>) {
        if !self.by_key.is_empty() {
            self.remove(&question.key(), |_| true);
        }
    }

    fn remove(&mut self, key: &Key, which: impl Fn(&Remembered) -> bool) {
        let Some(of_key) = self.by_key.get_mut(key) else { return };
        of_key.retain(|answer| {
            let goes = which(answer);
            if goes {
                self.bytes -= answer.bytes;
            }
            !goes
        });
        if of_key.is_empty() {
            self.by_key.remove(key);
        }
    }

    /// Lets the moment of all answers be over.
    #[cfg(test)]
    pub(super) fn expire(&mut self) {
        for answer in self.by_key.values_mut().flatten() {
            answer.until = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(name: &str) -> Question<'_> {
        Question { kind: Watched::Namespaces, namespace: name, name, uid: None }
    }

    #[test]
    fn answers_do_not_pile_up() {
        let mut answers = Answers::default();
        for n in 0..3 * ANSWERS {
            answers.put(&question(&n.to_string()), None, 0);
        }
        assert_eq!((answers.order.len(), answers.by_key.len()), (ANSWERS, ANSWERS));
        assert!(answers.get(&question("0")).is_none());
        assert!(answers.get(&question(&(3 * ANSWERS - 1).to_string())).is_some());
        for n in 0..3 * ANSWERS {
            answers.forget(&question(&n.to_string()));
        }
        assert_eq!((answers.bytes, answers.by_key.len()), (0, 0));
    }

    #[test]
    fn nor_do_their_bytes() {
        let mut answers = Answers::default();
        for n in 0..100 {
            answers.put(&question(&n.to_string()), None, ANSWER_BYTES / 10);
            answers.put(&question("same"), None, ANSWER_BYTES / 10);
            assert!(answers.bytes <= ANSWER_BYTES, "{}", answers.bytes);
        }
        assert_eq!(answers.by_key.len(), 9);
        assert!(answers.get(&question("same")).is_some());
        answers.put(&question("same"), None, ANSWER_BYTES);
        assert!(answers.get(&question("same")).is_none(), "it does not fit");
        assert!(answers.get(&question("99")).is_some(), "and takes no room from others");
    }
}
