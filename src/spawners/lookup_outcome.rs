//! What live look-ups count as.

use crate::words::words;

words! {
    /// What became of the look-up of an object that the watch had not shown.
    pub enum LookupOutcome {
        /// It is there.
        Found = "found",
        /// It is not there, or has another uid.
        NotFound = "not_found",
        /// It had been looked up a moment before, or the watch showed it in the meantime.
        Remembered = "remembered",
        /// There was no place, or no answer, in time.
        TimedOut = "timed_out",
        /// The API server rejected the request, or could not be reached.
        Failed = "failed",
    }
}
