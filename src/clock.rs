//! What time it is, for the engine, which has no clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// The seconds since 1970 (UTC).
pub(crate) fn seconds() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX)
}
