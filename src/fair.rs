//! Places that those who wait are given in turn by namespace, so that nobody's crowd holds up another.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// How many may be at work at once, and wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// At work in all.
    pub(crate) places: usize,
    /// At work of one namespace.
    pub(crate) of_one: usize,
    /// Waiting of one namespace.
    pub(crate) waiting_of_one: usize,
}

/// So many places, shared fairly: whoever waits is taken namespace by namespace, and in the order of
/// arrival within one.
#[derive(Debug)]
pub(crate) struct FairPlaces {
    bounds: Bounds,
    /// Never held while anything is awaited.
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    free: usize,
    /// Namespaces that hold places or wait for some.
    lanes: HashMap<String, Lane>,
    /// Namespaces of which somebody waits: who is next.
    turns: VecDeque<String>,
}

#[derive(Debug, Default)]
struct Lane {
    held: usize,
    waiting: VecDeque<oneshot::Sender<FairPlace>>,
}

/// A place; dropped, the next one gets it.
#[derive(Debug)]
pub(crate) struct FairPlace {
    /// None, if it was never taken.
    places: Option<Arc<FairPlaces>>,
    namespace: String,
}

impl FairPlaces {
    /// Places within these bounds.
    pub(crate) fn new(bounds: Bounds) -> Arc<FairPlaces> {
        let state =
            State { free: bounds.places, lanes: HashMap::new(), turns: VecDeque::default() };
        Arc::new(FairPlaces { bounds, state: Mutex::new(state) })
    }

    /// Waits for a place; nothing if too many of that namespace wait already.
    pub(crate) async fn take(self: &Arc<FairPlaces>, namespace: &str) -> Option<FairPlace> {
        let place = self.enter(namespace)?;
        // Its sender is dropped only with the place sent, or with us.
        place.await.ok()
    }

    fn enter(self: &Arc<FairPlaces>, namespace: &str) -> Option<oneshot::Receiver<FairPlace>> {
        let mut state = self.state();
        let lane = state.lanes.entry(namespace.to_owned()).or_default();
        // Those whose time is over are still in the row.
        lane.waiting.retain(|waiting| !waiting.is_closed());
        if lane.waiting.len() >= self.bounds.waiting_of_one {
            return None;
        }
        let (place, taken) = oneshot::channel();
        lane.waiting.push_back(place);
        if lane.waiting.len() == 1 && !state.turns.iter().any(|turn| turn == namespace) {
            state.turns.push_back(namespace.to_owned());
        }
        self.give(&mut state);
        Some(taken)
    }

    /// Gives free places to who is next.
    fn give(self: &Arc<FairPlaces>, state: &mut State) {
        while state.free > 0 {
            let may_have = |turn: &String| {
                state.lanes.get(turn).is_some_and(|lane| lane.held < self.bounds.of_one)
            };
            let Some(next) = state.turns.iter().position(may_have) else { break };
            let Some(namespace) = state.turns.remove(next) else { break };
            let Some(lane) = state.lanes.get_mut(&namespace) else { continue };
            if let Some(waiting) = lane.waiting.pop_front() {
                let places = Some(Arc::clone(self));
                let place = FairPlace { places, namespace: namespace.clone() };
                match waiting.send(place) {
                    Ok(()) => {
                        lane.held += 1;
                        state.free -= 1;
                    }
                    // Whoever waited has left: it is still free, and not to be given back.
                    Err(mut unwanted) => unwanted.places = None,
                }
            }
            if !lane.waiting.is_empty() {
                state.turns.push_back(namespace);
            } else if lane.held == 0 {
                state.lanes.remove(&namespace);
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many wait, for tests that have to wait until they do.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.state().lanes.values().map(|lane| lane.waiting.len()).sum()
    }
}

impl Drop for FairPlace {
    fn drop(&mut self) {
        let Some(places) = self.places.take() else { return };
        let mut state = places.state();
        state.free += 1;
        if let Some(lane) = state.lanes.get_mut(&self.namespace) {
            lane.held -= 1;
            if lane.held == 0 && lane.waiting.is_empty() {
                state.lanes.remove(&self.namespace);
            }
        }
        places.give(&mut state);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::task::yield_now;
    use tokio::time::timeout;

    use super::*;

    const BOUNDS: Bounds = Bounds { places: 2, of_one: 1, waiting_of_one: 64 };

    /// Takes a place for each of these namespaces one after the other, as they stand; gives the order
    /// in which they got them.
    async fn order_of(places: &Arc<FairPlaces>, namespaces: &[&str]) -> Vec<String> {
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut asking = Vec::new();
        for namespace in namespaces {
            let (places, order) = (Arc::clone(places), Arc::clone(&order));
            let namespace = (*namespace).to_owned();
            let before = places.waiting();
            asking.push(tokio::spawn({
                let places = Arc::clone(&places);
                async move {
                    let place = places.take(&namespace).await.unwrap();
                    order.lock().unwrap().push(namespace);
                    yield_now().await;
                    drop(place);
                }
            }));
            while places.waiting() == before {
                yield_now().await;
            }
        }
        places.state().free = places.bounds.places;
        places.give(&mut places.state());
        for asked in asking {
            asked.await.unwrap();
        }
        Arc::into_inner(order).unwrap().into_inner().unwrap()
    }

    /// Places that nobody gets yet.
    fn closed(bounds: Bounds) -> Arc<FairPlaces> {
        let places = FairPlaces::new(bounds);
        places.state().free = 0;
        places
    }

    #[tokio::test]
    async fn who_waits_is_taken_namespace_by_namespace() {
        let places = closed(Bounds { places: 1, ..BOUNDS });
        let order = order_of(&places, &["a", "a", "a", "a", "b", "b", "c"]).await;
        assert_eq!(order, ["a", "b", "c", "a", "b", "a", "a"]);
    }

    #[tokio::test]
    async fn one_namespace_never_has_all_places_while_another_waits() {
        let places = FairPlaces::new(BOUNDS);
        let first = places.take("a").await.unwrap();
        let waiting = tokio::spawn({
            let places = Arc::clone(&places);
            async move { places.take("a").await }
        });
        while places.waiting() == 0 {
            yield_now().await;
        }
        let other = timeout(Duration::from_secs(30), places.take("b")).await.unwrap().unwrap();
        assert!(!waiting.is_finished(), "it has one already");
        drop(first);
        drop(waiting.await.unwrap().unwrap());
        drop(other);
        let state = places.state();
        assert_eq!((state.free, state.lanes.len(), state.turns.len()), (2, 0, 0));
    }

    #[tokio::test]
    async fn only_so_many_of_one_namespace_wait_and_who_has_left_does_not_count() {
        let places = closed(Bounds { waiting_of_one: 2, ..BOUNDS });
        for _ in 0..5 {
            let asking = timeout(Duration::from_millis(1), places.take("a"));
            assert!(asking.await.is_err(), "it waits, and leaves");
        }
        let two = [places.enter("a"), places.enter("a")];
        assert!(two.iter().all(Option::is_some));
        assert!(places.take("a").await.is_none());
        assert!(places.enter("b").is_some());
        drop(two);
        places.state().free = 2;
        assert!(places.take("c").await.is_some(), "nobody else is there any more");
        let state = places.state();
        assert_eq!((state.free, state.lanes.len(), state.turns.len()), (2, 0, 0));
    }
}
