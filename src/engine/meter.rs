//! What work costs that is done in pieces of less than a step.

use std::cell::Cell;

use crate::templates::budget::{Budget, Exhausted};

/// How many parts a step has. A part pays for a byte that is copied, compared or looked at.
pub(super) const PARTS_PER_STEP: u64 = 64;

/// Spends a budget in parts of steps and loses none of them: what is left of a step that was begun
/// pays for what comes next.
#[derive(Debug)]
pub(super) struct Meter {
    budget: Cell<Budget>,
    /// The parts of the last step that are not spent yet.
    begun: Cell<u64>,
}

impl Meter {
    /// Spends from this budget.
    pub(super) fn new(budget: Budget) -> Meter {
        Meter { budget: Cell::new(budget), begun: Cell::new(0) }
    }

    /// What is left. A step that was begun is spent.
    pub(super) fn left(&self) -> Budget {
        self.budget.get()
    }

    /// Takes parts of steps.
    ///
    /// # Errors
    ///
    /// [`Exhausted::Steps`] when there are not so many; nothing is left from then on.
    pub(super) fn take(&self, parts: usize) -> Result<(), Exhausted> {
        let parts = parts as u64;
        let begun = self.begun.get();
        if parts <= begun {
            self.begun.set(begun - parts);
            return Ok(());
        }
        let missing = parts - begun;
        let steps = missing.div_ceil(PARTS_PER_STEP);
        self.begun.set(0);
        self.spend(|budget| budget.take_steps(steps))?;
        self.begun.set(steps * PARTS_PER_STEP - missing);
        Ok(())
    }

    /// Takes whole steps.
    ///
    /// # Errors
    ///
    /// [`Exhausted::Steps`], as for [`Meter::take`].
    pub(super) fn take_steps(&self, steps: usize) -> Result<(), Exhausted> {
        self.spend(|budget| budget.take_steps(steps as u64))
    }

    /// Takes bytes that are about to be built, and what it costs to fill them.
    ///
    /// # Errors
    ///
    /// [`Exhausted::Steps`] or [`Exhausted::Bytes`]; nothing is left from then on.
    pub(super) fn take_bytes(&self, bytes: usize) -> Result<(), Exhausted> {
        self.take(bytes)?;
        self.take_room(bytes)
    }

    /// Takes bytes that are about to be built, and no steps.
    ///
    /// # Errors
    ///
    /// [`Exhausted::Bytes`]; nothing is left from then on.
    pub(super) fn take_room(&self, bytes: usize) -> Result<(), Exhausted> {
        self.spend(|budget| budget.take_room(bytes))
    }

    fn spend(
        &self,
        take: impl FnOnce(&mut Budget) -> Result<(), Exhausted>,
    ) -> Result<(), Exhausted> {
        let mut budget = self.budget.get();
        let taken = take(&mut budget);
        self.budget.set(budget);
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_a_step_is_lost() {
        let meter = Meter::new(Budget::new(100, 100));
        for _ in 0..64 {
            assert_eq!(meter.take(1), Ok(()));
        }
        assert_eq!(meter.left().steps(), 99, "64 bytes are one step");
        assert_eq!(meter.take(65), Ok(()));
        assert_eq!(meter.left().steps(), 97);
        assert_eq!(meter.take(63), Ok(()));
        assert_eq!(meter.left().steps(), 97, "what was begun pays for it");
        assert_eq!(meter.take_bytes(100), Ok(()));
        assert_eq!((meter.left().steps(), meter.left().bytes()), (95, 0));
        assert_eq!(meter.take_bytes(1), Err(Exhausted::Bytes));
    }

    #[test]
    fn an_exhausted_meter_stays_exhausted() {
        let meter = Meter::new(Budget::new(2, 100));
        assert_eq!(meter.take(3 * 64), Err(Exhausted::Steps));
        assert_eq!(meter.take(1), Err(Exhausted::Steps));
        assert_eq!(meter.take(0), Ok(()));
    }
}
