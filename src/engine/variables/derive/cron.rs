//! What a schedule makes: `<spawner>-YYYYMMDD-HHMM`, and a variable for nothing else.

use super::{Sight, constants};
use crate::engine::kelos::Cron;
use crate::engine::render::value::Value;
use crate::engine::variables::known::{Known, Origin};

pub(super) fn derive(source: &Cron, sight: &Sight<'_, '_>, known: &mut Known<'_>) {
    known.derive("Kind", "Issue");
    known.derive("Schedule", &source.schedule);
    known.put(Origin::Derived, "Number", || Value::Int(0));
    known.put(Origin::Derived, "Labels", || Value::labels::<&str>(&[]));
    constants(&["Body", "URL", "Comments", "Branch", "ReviewState", "ReviewComments"], known);
    if let Some(id) = sight.name_suffix()
        && let Some(time) = time_of(id)
    {
        known.derive("ID", id);
        known.derive("Time", &time);
        known.derive("Title", &time);
    }
}

/// ID and time say the same, and the title is the time.
pub(super) fn derive_more(known: &mut Known<'_>) {
    let text = |known: &Known<'_>, name| known.get(name).and_then(Value::as_text).cloned();
    if let Some(time) = text(known, "ID").and_then(|id| time_of(&id)) {
        known.derive("Time", &time);
    }
    if let Some(time) = text(known, "Time") {
        known.derive("Title", &time);
        if let Some(id) = id_of(&time) {
            known.derive("ID", &id);
        }
    }
}

/// `20260207-0900` as RFC 3339 in UTC, if it is a date and a time.
pub(in crate::engine::variables) fn time_of(id: &str) -> Option<String> {
    let digits = |range: std::ops::Range<usize>| -> Option<u32> {
        let part = id.get(range)?;
        part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())?
    };
    let (year, month, day) = (digits(0..4)?, digits(4..6)?, digits(6..8)?);
    let (hour, minute) = (digits(9..11)?, digits(11..13)?);
    let is_time = id.len() == 13
        && id.as_bytes()[8] == b'-'
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60;
    is_time.then(|| format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:00Z"))
}

/// `2026-02-07t09-00-00z`, which is what a name keeps of a time, as RFC 3339.
pub(in crate::engine::variables) fn time_in_name(text: &str) -> Option<String> {
    let (day, time) = text.split_once('t')?;
    let time = [day, "T", &time.replace('-', ":").to_ascii_uppercase()].concat();
    id_of(&time).map(|_| time)
}

/// `2026-02-07T09:00:00Z` as `20260207-0900`, if it says no more than that.
fn id_of(time: &str) -> Option<String> {
    let part = |range: std::ops::Range<usize>| time.get(range);
    let id = [part(0..4)?, part(5..7)?, part(8..10)?, "-", part(11..13)?, part(14..16)?].concat();
    (time_of(&id)? == time).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cron_name_says_its_time_and_the_time_its_name() {
        assert_eq!(time_of("20260207-0900").as_deref(), Some("2026-02-07T09:00:00Z"));
        assert_eq!(id_of("2026-02-07T09:00:00Z").as_deref(), Some("20260207-0900"));
        for bad in
            ["", "20260207", "20261307-0900", "20260207-2400", "20260207-09000", "2026+207-0900"]
        {
            assert_eq!(time_of(bad), None, "{bad:?}");
        }
        assert_eq!(time_in_name("2026-02-07t09-00-00z").as_deref(), Some("2026-02-07T09:00:00Z"));
        assert_eq!(time_in_name("2026-02-07t09-00-00"), None);
        for bad in ["", "2026-02-07T09:00:30Z", "2026-02-07T09:00:00+01:00", "2026-02-07 09:00"] {
            assert_eq!(id_of(bad), None, "{bad:?}");
        }
    }
}
