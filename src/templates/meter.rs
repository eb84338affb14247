//! Whoever runs for a template pays here.

use super::budget::{BYTES_PER_STEP, Budget, Exhausted};

/// Where what is done for a template charges what it costs: Go templates pay from their [`Budget`], Jinja
/// templates with minijinja's fuel.
pub trait Meter {
    /// Takes steps before they are made.
    ///
    /// # Errors
    ///
    /// [`Exhausted`] when the template has none left.
    fn take_steps(&mut self, n: u64) -> Result<(), Exhausted>;

    /// Takes bytes (16 for a list element) before they are allocated.
    ///
    /// # Errors
    ///
    /// [`Exhausted`] when the template has none left.
    fn take_bytes(&mut self, n: usize) -> Result<(), Exhausted>;

    /// Takes the steps that reading `n` bytes costs.
    ///
    /// # Errors
    ///
    /// [`Exhausted`] when the template has none left.
    fn take_reading(&mut self, n: usize) -> Result<(), Exhausted> {
        self.take_steps(n as u64 / BYTES_PER_STEP)
    }
}

impl Meter for Budget {
    fn take_steps(&mut self, n: u64) -> Result<(), Exhausted> {
        Budget::take_steps(self, n)
    }

    fn take_bytes(&mut self, n: usize) -> Result<(), Exhausted> {
        Budget::take_bytes(self, n)
    }
}
