//! Following a source: what it holds is taken if it is new and valid; else the last good one stays.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::TlsError;
use crate::telemetry::{LogOnce, chain};

/// What was taken from a source, and what was said of it.
#[derive(Debug, Default)]
pub(super) struct Reload {
    /// A hash of what was taken: a private key is not kept for it.
    taken: Option<u64>,
    rejection: LogOnce<String>,
}

impl Reload {
    /// Takes what was read, unless it is what was taken before. What is not valid leaves what was
    /// taken as it is; gives why, if that is to be logged: it is given once.
    pub(super) fn take<C: Hash>(
        &mut self,
        read: Result<C, TlsError>,
        take: impl FnOnce(&C) -> Result<(), TlsError>,
    ) -> Option<String> {
        let taken = read.and_then(|found| {
            let mut hasher = DefaultHasher::new();
            found.hash(&mut hasher);
            let hash = hasher.finish();
            // What was rejected is tried again: what speaks against it may be over.
            if self.taken != Some(hash) {
                take(&found)?;
            }
            Ok(hash)
        });
        match taken {
            Ok(hash) => {
                self.taken = Some(hash);
                self.rejection.clear();
                None
            }
            Err(error) => {
                let problem = chain(&error);
                self.rejection.is_news(problem.clone()).then_some(problem)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_and_valid_is_taken_and_a_rejection_is_told_once() {
        let (mut reload, mut taken) = (Reload::default(), Vec::new());
        let rejection = || TlsError::Expired { origin: "it".to_owned() };
        for (found, told) in [
            (Some("a"), false),
            (Some("a"), false),
            (Some("bad"), true),
            (Some("bad"), false),
            (None, false),
            (Some("a"), false),
            (Some("bad"), true),
            (Some("b"), false),
            (Some("a"), false),
        ] {
            let problem = reload.take(found.ok_or_else(rejection), |found| {
                if *found == "bad" {
                    return Err(rejection());
                }
                taken.push(*found);
                Ok(())
            });
            assert_eq!(problem.is_some(), told, "{found:?}");
        }
        assert_eq!(taken, ["a", "b", "a"]);
    }
}
