//! Noticing that another writer fights us: that it undoes what is done.

use std::time::Duration;

use tokio::time::Instant;

use super::step_kind::StepKind;
use crate::telemetry::LogLimiter;

/// How long a step is remembered.
const MEMORY: Duration = Duration::from_secs(60);
/// Who has to take the same step more often than this in that time is being undone.
const OFTEN: usize = 30;

/// The steps of the last minute.
#[derive(Debug, Default)]
pub(super) struct FightDetector {
    taken: Vec<(StepKind, Instant)>,
    /// What was logged of each step.
    logged: [LogLimiter; StepKind::ALL.len()],
}

/// Whether another writer undoes a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fight {
    /// No: go on.
    None,
    /// Yes: slowly. It was logged within the last minute.
    Known,
    /// The same, and it is to be logged.
    News,
}

impl FightDetector {
    /// Remembers a step that was taken, and says whether somebody undoes it.
    pub(super) fn count(&mut self, step: StepKind, now: Instant) -> Fight {
        self.taken.retain(|(_, at)| now.saturating_duration_since(*at) < MEMORY);
        self.taken.push((step, now));
        if self.taken.iter().filter(|(taken, _)| *taken == step).count() < OFTEN {
            return Fight::None;
        }
        if self.logged[step as usize].is_due_at(now) { Fight::News } else { Fight::Known }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_step_again_and_again_is_slowed_down_and_told_once_a_minute() {
        let (mut fights, start) = (FightDetector::default(), Instant::now());
        let mut found = Vec::new();
        for second in 0..120 {
            let now = start + Duration::from_secs(second);
            found.push(fights.count(StepKind::Mend, now));
            if second % 3 == 0 {
                assert_eq!(fights.count(StepKind::Issue, now), Fight::None, "told apart");
            }
        }
        let told: Vec<usize> = (0..120).filter(|at| found[*at] == Fight::News).collect();
        assert_eq!(told, [29, 89]);
        assert!(found[..29].iter().all(|fight| *fight == Fight::None));
        assert!(found[30..89].iter().all(|fight| *fight == Fight::Known));
    }

    #[test]
    fn what_is_seldom_is_free() {
        let (mut fights, start) = (FightDetector::default(), Instant::now());
        for round in 0..200 {
            let now = start + Duration::from_millis(2100) * round;
            assert_eq!(fights.count(StepKind::Publish, now), Fight::None, "{round}");
        }
    }
}
