//! How far a long work has come, on a terminal.

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

/// How often it is shown.
const PERIOD: Duration = Duration::from_millis(100);
/// How many characters the bar has.
const WIDTH: usize = 20;

/// A line on standard error that is written over and over; none where nobody looks.
pub(super) struct Progress {
    what: &'static str,
    done: usize,
    all: Option<usize>,
    shown: Option<Instant>,
    is_terminal: bool,
}

impl Progress {
    /// Nothing is done yet. What is counted is called so.
    pub(super) fn of(what: &'static str) -> Progress {
        Progress { what, done: 0, all: None, shown: None, is_terminal: stderr().is_terminal() }
    }

    /// Says how much is left, if that is known.
    pub(super) fn left(&mut self, left: Option<u64>) {
        let left = left.and_then(|left| usize::try_from(left).ok());
        self.all = left.map(|left| self.done.saturating_add(left));
    }

    /// One more is done.
    pub(super) fn step(&mut self) {
        self.done += 1;
        let is_due = self.shown.is_none_or(|at| at.elapsed() >= PERIOD);
        if self.is_terminal && is_due {
            self.shown = Some(Instant::now());
            let _ = write!(stderr(), "\r{}\x1b[K", self.line());
        }
    }

    /// Takes the line away.
    pub(super) fn clear(&mut self) {
        if self.shown.take().is_some() {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }

    fn line(&self) -> String {
        let Progress { what, done, all, .. } = self;
        match all {
            Some(all) if *all > 0 => {
                let filled = (done * WIDTH / all).min(WIDTH);
                let (full, rest) = ("#".repeat(filled), "-".repeat(WIDTH - filled));
                format!("[{full}{rest}] {done} of {all} {what}")
            }
            _ => format!("{done} {what}"),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_shows_how_much_of_all_is_done() {
        let mut progress = Progress::of("Tasks");
        assert_eq!(progress.line(), "0 Tasks");
        progress.left(Some(8));
        progress.step();
        progress.step();
        assert_eq!(progress.line(), "[#####---------------] 2 of 8 Tasks");
        progress.left(Some(u64::MAX));
        assert!(progress.line().ends_with(" Tasks"), "{}", progress.line());
        progress.left(None);
        assert_eq!(progress.line(), "2 Tasks");
    }
}
