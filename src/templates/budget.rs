//! What a template may cost: counted in steps and bytes, never in time, so that the same template
//! and the same Task always give the same answer.

use thiserror::Error;

use crate::unix_seconds::UnixSeconds;

/// Steps one template may take. What costs a step takes about 100 ns at the most: decision 003 has what was
/// measured.
pub const TEMPLATE_STEPS: u64 = 100_000;
/// Bytes one template may build, its intermediate texts and lists included: 16 MiB.
pub const TEMPLATE_BYTES: u64 = 16 << 20;
/// Steps all templates of one Task may take together.
pub const TASK_STEPS: u64 = 200_000;
/// Bytes all templates of one Task may build together: 32 MiB.
pub const TASK_BYTES: u64 = 32 << 20;
/// Steps that knowing a Task may take: building variables and reading them back.
pub const VARIABLES_STEPS: u64 = 200_000;
/// Bytes that knowing a Task may build: 16 MiB.
pub const VARIABLES_BYTES: u64 = 16 << 20;
/// The longest value a template may give: 64 KiB.
pub const VALUE_BYTES: usize = 64 << 10;

/// One step pays for this many bytes that are copied, compared or scanned.
pub(super) const BYTES_PER_STEP: u64 = 64;

/// What is left to spend, and the moment at which it is spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    steps: u64,
    bytes: u64,
    moment: UnixSeconds,
}

/// A bound was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Exhausted {
    /// The template took too many steps.
    #[error("the template takes too many steps")]
    Steps,
    /// The template built too much text or too many list elements.
    #[error("the template builds too much text")]
    Bytes,
    /// The result is longer than [`VALUE_BYTES`].
    #[error("the result is longer than 64 KiB")]
    Value,
    /// The rules of the TaskSpawner take too many steps to compile, or too much memory.
    #[error("compiling the rules of this TaskSpawner takes too many steps or too much memory")]
    Compiling,
}

impl Budget {
    /// A budget of so many steps and bytes.
    pub fn new(steps: u64, bytes: u64) -> Budget {
        Budget { steps, bytes, moment: UnixSeconds::default() }
    }

    /// The same budget at a moment: what `now` gives.
    #[must_use]
    pub fn at(self, moment: UnixSeconds) -> Budget {
        Budget { moment, ..self }
    }

    /// The moment of the request.
    pub fn moment(&self) -> UnixSeconds {
        self.moment
    }

    /// What one template may cost on its own.
    pub fn template() -> Budget {
        Budget::new(TEMPLATE_STEPS, TEMPLATE_BYTES)
    }

    /// What all templates of one Task may cost together.
    pub fn task() -> Budget {
        Budget::new(TASK_STEPS, TASK_BYTES)
    }

    /// What building the variables of one Task may cost, and reading them back.
    pub fn variables() -> Budget {
        Budget::new(VARIABLES_STEPS, VARIABLES_BYTES)
    }

    /// What all work for one Task may cost: to know it, and to render its templates.
    pub fn work() -> Budget {
        Budget::new(VARIABLES_STEPS + TASK_STEPS, VARIABLES_BYTES + TASK_BYTES)
    }

    /// The steps that are left.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The bytes that are left.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether anything is left: one that could not pay has nothing.
    pub fn has_more(&self) -> bool {
        self.steps > 0 && self.bytes > 0
    }

    /// Takes `n` steps.
    ///
    /// # Errors
    ///
    /// [`Exhausted::Steps`] when fewer are left; the budget is empty from then on.
    pub fn take_steps(&mut self, n: u64) -> Result<(), Exhausted> {
        match self.steps.checked_sub(n) {
            Some(left) => {
                self.steps = left;
                Ok(())
            }
            None => {
                self.steps = 0;
                Err(Exhausted::Steps)
            }
        }
    }

    /// Takes the steps that reading `n` bytes costs.
    ///
    /// # Errors
    ///
    /// [`Exhausted::Steps`], as for [`Budget::take_steps`].
    pub fn take_reading(&mut self, n: usize) -> Result<(), Exhausted> {
        self.take_steps(n as u64 / BYTES_PER_STEP)
    }

    /// Takes `n` bytes that are about to be built, and the steps that this costs.
    ///
    /// Call it before the bytes are allocated.
    ///
    /// # Errors
    ///
    /// [`Exhausted::Bytes`] or [`Exhausted::Steps`]; the budget is empty from then on.
    pub fn take_bytes(&mut self, n: usize) -> Result<(), Exhausted> {
        self.take_reading(n)?;
        self.take_room(n)
    }

    /// Takes `n` bytes that are about to be built, and no steps.
    ///
    /// # Errors
    ///
    /// [`Exhausted::Bytes`]; no byte is left from then on.
    pub fn take_room(&mut self, n: usize) -> Result<(), Exhausted> {
        match self.bytes.checked_sub(n as u64) {
            Some(left) => {
                self.bytes = left;
                Ok(())
            }
            None => {
                self.bytes = 0;
                Err(Exhausted::Bytes)
            }
        }
    }

    /// Lets `work` spend from the smaller of this budget and `cap`, and takes off what it spent.
    pub fn within<T>(&mut self, cap: Budget, work: impl FnOnce(&mut Budget) -> T) -> T {
        let start =
            Budget::new(self.steps.min(cap.steps), self.bytes.min(cap.bytes)).at(self.moment);
        let mut purse = start;
        let result = work(&mut purse);
        self.steps -= start.steps - purse.steps;
        self.bytes -= start.bytes - purse.bytes;
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exhausted_budget_stays_exhausted() {
        let mut budget = Budget::new(2, 100);
        assert_eq!(budget.take_steps(3), Err(Exhausted::Steps));
        assert_eq!(budget.take_steps(1), Err(Exhausted::Steps));
        assert_eq!(budget.take_bytes(1), Ok(()), "one byte costs no whole step");
        assert_eq!(budget.take_bytes(100), Err(Exhausted::Steps));
    }

    #[test]
    fn a_share_is_taken_off_the_whole() {
        let mut task = Budget::new(10, 1000);
        let spent = task.within(Budget::new(4, 2000), |share| {
            assert_eq!(share.bytes(), 1000);
            share.take_steps(3).and(share.take_bytes(60))
        });
        assert_eq!(spent, Ok(()));
        assert_eq!((task.steps(), task.bytes()), (7, 940));
    }
}
