//! Durations as people write them.

use std::time::Duration;

use jiff::{Span, SpanRelativeTo};

use super::SettingsError;

/// A duration for which `does` holds, as `90d`, `1h30m` or `500ms`; `hint` says what does.
pub(super) fn duration(
    flag: &'static str,
    value: &str,
    hint: &'static str,
    does: impl Fn(Duration) -> bool,
) -> Result<Duration, SettingsError> {
    let read = || -> Option<Duration> {
        let span: Span = value.parse().ok()?;
        let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
        Duration::try_from(duration).ok()
    };
    let duration = read().filter(|duration| does(*duration));
    duration.ok_or_else(|| SettingsError::Duration { flag, value: value.to_owned(), hint })
}
