//! Noticing that somebody else undoes what is done.

use std::time::Duration;

use tokio::time::Instant;

use crate::metrics::CertificateStep;

/// How long a step is remembered.
const MEMORY: Duration = Duration::from_secs(60);
/// Who has to take the same step more often than this in that time is being undone.
const OFTEN: usize = 30;

/// The steps of the last minute.
#[derive(Debug, Default)]
pub(super) struct Brake {
    taken: Vec<(CertificateStep, Instant)>,
    /// When somebody was last told of which step, so that it is told once a minute.
    told: Vec<(CertificateStep, Instant)>,
}

/// What the brake says of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// Go on.
    Free,
    /// Somebody undoes it: slowly.
    Slow,
    /// The same, and nobody was told of it within the last minute.
    SlowAndTell,
}

impl Brake {
    /// Remembers a step that was taken, and says how to go on.
    pub(super) fn count(&mut self, step: CertificateStep, now: Instant) -> Pace {
        for list in [&mut self.taken, &mut self.told] {
            list.retain(|(_, at)| now.saturating_duration_since(*at) < MEMORY);
        }
        self.taken.push((step, now));
        if self.taken.iter().filter(|(taken, _)| *taken == step).count() < OFTEN {
            return Pace::Free;
        }
        if self.told.iter().any(|(told, _)| *told == step) {
            return Pace::Slow;
        }
        self.told.push((step, now));
        Pace::SlowAndTell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_step_again_and_again_is_slowed_down_and_told_once_a_minute() {
        let (mut brake, start) = (Brake::default(), Instant::now());
        let mut paces = Vec::new();
        for second in 0..120 {
            let now = start + Duration::from_secs(second);
            paces.push(brake.count(CertificateStep::Mend, now));
            if second % 3 == 0 {
                assert_eq!(brake.count(CertificateStep::Issue, now), Pace::Free, "told apart");
            }
        }
        let told: Vec<usize> = (0..120).filter(|at| paces[*at] == Pace::SlowAndTell).collect();
        assert_eq!(told, [29, 89]);
        assert!(paces[..29].iter().all(|pace| *pace == Pace::Free));
        assert!(paces[30..89].iter().all(|pace| *pace == Pace::Slow));
    }

    #[test]
    fn what_is_seldom_is_free() {
        let (mut brake, start) = (Brake::default(), Instant::now());
        for round in 0..200 {
            let now = start + Duration::from_millis(2100) * round;
            assert_eq!(brake.count(CertificateStep::Publish, now), Pace::Free, "{round}");
        }
    }
}
