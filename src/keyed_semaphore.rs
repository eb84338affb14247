//! A semaphore for each name: one at a time may hold it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

/// How many names are remembered before idle ones are forgotten.
const REMEMBERED: usize = 256;

/// A semaphore with one place for each name.
#[derive(Debug, Default)]
pub(crate) struct KeyedSemaphore(Mutex<HashMap<String, Arc<Semaphore>>>);

impl KeyedSemaphore {
    /// The semaphore of a name. Whoever holds its permit is the only one.
    pub(crate) fn of(&self, name: &str) -> Arc<Semaphore> {
        let mut by_name = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if by_name.len() > REMEMBERED {
            by_name.retain(|_, held| Arc::strong_count(held) > 1);
        }
        Arc::clone(by_name.entry(name.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(1))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_names_are_forgotten_and_others_are_not() {
        let semaphores = KeyedSemaphore::default();
        let busy = semaphores.of("busy").try_acquire_owned().unwrap();
        for n in 0..10 * REMEMBERED {
            assert_eq!(semaphores.of(&n.to_string()).available_permits(), 1);
        }
        assert!(semaphores.0.lock().unwrap().len() <= REMEMBERED + 1);
        assert_eq!(semaphores.of("busy").available_permits(), 0);
        drop(busy);
        assert_eq!(semaphores.of("busy").available_permits(), 1);
    }
}
