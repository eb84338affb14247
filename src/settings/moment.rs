//! Moments as people write them.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::SettingsError;
use super::duration::duration;
use crate::unix_seconds::UnixSeconds;

const HINT: &str = "a duration such as 168h or 7d, a day such as 2026-11-01, or a time such as 2026-11-01T12:00:00Z";

/// A time, the beginning of a day (UTC), or the moment so long ago.
///
/// # Errors
///
/// [`SettingsError::Duration`].
pub fn moment(
    flag: &'static str,
    value: &str,
    now: UnixSeconds,
) -> Result<UnixSeconds, SettingsError> {
    if let Ok(time) = value.parse::<Timestamp>() {
        return Ok(UnixSeconds(time.as_second()));
    }
    let day = value.parse::<Date>().and_then(|day| day.to_zoned(TimeZone::UTC));
    if let Ok(start) = day {
        return Ok(UnixSeconds(start.timestamp().as_second()));
    }
    let ago = duration(flag, value, HINT, |_| true)?;
    Ok(now - i64::try_from(ago.as_secs()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_time_a_day_or_so_long_ago() {
        let now = UnixSeconds(1_800_000_000);
        for (text, expected) in [
            ("1h", 1_799_996_400),
            ("7d", 1_799_395_200),
            ("2026-11-01", 1_793_491_200),
            ("2026-11-01T12:00:00Z", 1_793_534_400),
            ("2026-11-01T12:00:00+01:00", 1_793_530_800),
        ] {
            assert_eq!(moment("--since", text, now).unwrap(), UnixSeconds(expected), "{text}");
        }
        for text in ["", "yesterday", "2026-13-01", "-1h", "7"] {
            let why = moment("--until", text, now).unwrap_err().to_string();
            assert!(
                why.starts_with(&format!("--until {text:?}: a duration such as 168h")),
                "{why}"
            );
        }
    }
}
