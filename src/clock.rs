//! What time it is, for the engine, which has no clock.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::unix_seconds::UnixSeconds;

/// What time it is. A clock that is before 1970 is taken for one at 1970.
pub(crate) fn now() -> UnixSeconds {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixSeconds::from_secs(elapsed.as_secs())
}
