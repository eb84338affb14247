//! One at a time of each name.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

/// How many names may have a turn to remember before idle ones are forgotten.
const REMEMBERED: usize = 256;

/// A semaphore with one place for each name.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<HashMap<String, Arc<Semaphore>>>);

impl Turns {
    /// The semaphore of a name. Whoever holds its permit is the only one.
    pub(crate) fn of(&self, name: &str) -> Arc<Semaphore> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.len() > REMEMBERED {
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        }
        Arc::clone(turns.entry(name.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(1))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_names_are_forgotten_and_others_are_not() {
        let turns = Turns::default();
        let busy = turns.of("busy").try_acquire_owned().unwrap();
        for n in 0..10 * REMEMBERED {
            assert_eq!(turns.of(&n.to_string()).available_permits(), 1);
        }
        assert!(turns.0.lock().unwrap().len() <= REMEMBERED + 1);
        assert_eq!(turns.of("busy").available_permits(), 0);
        drop(busy);
        assert_eq!(turns.of("busy").available_permits(), 1);
    }
}
