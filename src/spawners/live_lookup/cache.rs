//! What look-ups have found a moment ago: bounded in number and in bytes.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::engine::kelos::{Namespace, WorkerPool, Workspace};
use crate::spawners::{CompiledSpawner, WatchedKind};

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
pub(super) enum LookedUpObject {
    Spawner(Arc<CompiledSpawner>),
    Namespace(Arc<Namespace>),
    Workspace(Arc<Workspace>),
    WorkerPool(Arc<WorkerPool>),
}

macro_rules! of_kind {
    ($name:ident, $kind:ident, $object:ty) => {
        pub(super) fn $name(self) -> Option<Arc<$object>> {
            match self {
                LookedUpObject::$kind(object) => Some(object),
                _ => None,
            }
        }
    };
}

impl LookedUpObject {
    of_kind!(spawner, Spawner, CompiledSpawner);
    of_kind!(namespace, Namespace, Namespace);
    of_kind!(workspace, Workspace, Workspace);
    of_kind!(worker_pool, WorkerPool, WorkerPool);
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct LookupQuery<'q> {
    pub(super) kind: WatchedKind,
    /// Its namespace; that of a Namespace is itself.
    pub(super) namespace: &'q str,
    pub(super) name: &'q str,
    pub(super) uid: Option<&'q str>,
}

/// A query that was answered, without the uid.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct CacheKey {
    kind: WatchedKind,
    /// `namespace/name`.
    name: Box<str>,
}

#[derive(Debug, Default)]
pub(super) struct LookupCache {
    by_key: HashMap<CacheKey, Vec<Remembered>>,
    /// The order in which they were given, which is that in which they end.
    order: VecDeque<(CacheKey, u64)>,
    bytes: u64,
    next_id: u64,
}

#[derive(Debug)]
struct Remembered {
    id: u64,
    uid: Option<Box<str>>,
    /// None, if there is none.
    object: Option<LookedUpObject>,
    bytes: u64,
    until: Instant,
}

impl LookupQuery<'_> {
    fn key(&self) -> CacheKey {
        CacheKey { kind: self.kind, name: self.full_name().into() }
    }

    pub(super) fn full_name(&self) -> String {
        [self.namespace, "/", self.name].concat()
    }
}

impl LookupCache {
    /// What was found a moment ago, if anything was: an object, or that there is none.
    pub(super) fn get(&self, query: &LookupQuery<'_>) -> Option<Option<LookedUpObject>> {
        let now = Instant::now();
        let mut fresh = self.by_key.get(&query.key())?.iter().filter(|answer| answer.until > now);
        let answer = fresh.find(|answer| answer.uid.as_deref() == query.uid)?;
        Some(answer.object.clone())
    }

    /// Remembers what was found, in so many bytes.
    pub(super) fn put(
        &mut self,
        query: &LookupQuery<'_>,
        object: Option<LookedUpObject>,
        bytes: u64,
    ) {
        let key = query.key();
        let uid = query.uid;
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
    pub(super) fn forget(&mut self, query: &LookupQuery<'_>) {
        if !self.by_key.is_empty() {
            self.remove(&query.key(), |_| true);
        }
    }

    fn remove(&mut self, key: &CacheKey, which: impl Fn(&Remembered) -> bool) {
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

    fn query(name: &str) -> LookupQuery<'_> {
        LookupQuery { kind: WatchedKind::Namespaces, namespace: name, name, uid: None }
    }

    #[test]
    fn answers_do_not_pile_up() {
        let mut cache = LookupCache::default();
        for n in 0..3 * ANSWERS {
            cache.put(&query(&n.to_string()), None, 0);
        }
        assert_eq!((cache.order.len(), cache.by_key.len()), (ANSWERS, ANSWERS));
        assert!(cache.get(&query("0")).is_none());
        assert!(cache.get(&query(&(3 * ANSWERS - 1).to_string())).is_some());
        for n in 0..3 * ANSWERS {
            cache.forget(&query(&n.to_string()));
        }
        assert_eq!((cache.bytes, cache.by_key.len()), (0, 0));
    }

    #[test]
    fn nor_do_their_bytes() {
        let mut cache = LookupCache::default();
        for n in 0..100 {
            cache.put(&query(&n.to_string()), None, ANSWER_BYTES / 10);
            cache.put(&query("same"), None, ANSWER_BYTES / 10);
            assert!(cache.bytes <= ANSWER_BYTES, "{}", cache.bytes);
        }
        assert_eq!(cache.by_key.len(), 9);
        assert!(cache.get(&query("same")).is_some());
        cache.put(&query("same"), None, ANSWER_BYTES);
        assert!(cache.get(&query("same")).is_none(), "it does not fit");
        assert!(cache.get(&query("99")).is_some(), "and takes no room from others");
    }
}
