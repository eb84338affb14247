//! What a schedule makes: `<spawner>-YYYYMMDD-HHMM`, and a variable for nothing else.

use jiff::civil::DateTime;

use super::variable::{InName, Others, Table, Variable as V};
use super::variable_set::{Letters, Origin, VariableSet};
use super::work_item::WORK_ITEM;
use super::{Evidence, constants};
use crate::engine::kelos::Cron;
use crate::templates::value::Value;

pub(super) const TABLE: Table = Table {
    name: "cron",
    variables: &[
        WORK_ITEM,
        &[
            V::word("ID").in_name(InName::Tick).needs(&["Time", "Title"]),
            V::number("Number"),
            V::line("Title").in_name(InName::Time).needs(&["ID", "Time"]),
            V::word("URL"),
            V::word("Time").in_name(InName::Time).needs(&["ID", "Title"]),
            V::line("Schedule"),
        ],
    ],
    others: Others::Context,
    has_first_prompt: true,
};

/// All of it is exact: constants of Kelos, the schedule that Kelos takes from the same TaskSpawner, and a
/// name that Kelos makes of the identifier, which is the time of the tick in UTC.
pub(super) fn derive(source: &Cron, evidence: &Evidence<'_, '_>, known: &mut VariableSet<'_>) {
    let exact = Letters::Exact;
    known.derive(exact, "Kind", "Issue");
    known.derive(exact, "Schedule", &source.schedule);
    known.put(Origin::Derived, exact, "Number", |_| Ok(Value::Int(0)));
    known.put(Origin::Derived, exact, "Labels", |_| Ok(Value::labels::<&str>(&[])));
    constants(&["Body", "URL", "Comments", "Branch", "ReviewState", "ReviewComments"], known);
    if let Some(id) = evidence.name_suffix()
        && let Some(time) = time_of(id)
    {
        known.derive(exact, "ID", id);
        known.derive(exact, "Time", &time);
        known.derive(exact, "Title", &time);
    }
}

/// Identifier and time say the same, and the title is the time.
pub(super) fn derive_more(known: &mut VariableSet<'_>) {
    let exact = Letters::Exact;
    let text = |known: &VariableSet<'_>, name| known.get(name).and_then(Value::as_text).cloned();
    let of_id = text(known, "ID").and_then(|id| time_of(&id));
    let of_title = || Some(text(known, "Title")?.to_string()).filter(|it| id_of(it).is_some());
    if let Some(time) = of_id.or_else(of_title) {
        known.derive(exact, "Time", &time);
    }
    if let Some(time) = text(known, "Time") {
        known.derive(exact, "Title", &time);
        if let Some(id) = id_of(&time) {
            known.derive(exact, "ID", &id);
        }
    }
}

/// `20260207-0900` as RFC 3339 in UTC, if it is a date and a time.
pub(in crate::engine::sources) fn time_of(id: &str) -> Option<String> {
    let digits = |range: std::ops::Range<usize>| -> Option<i16> {
        let part = id.get(range)?;
        part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())?
    };
    let two = |range| digits(range).and_then(|number| i8::try_from(number).ok());
    if id.len() != 13 || id.as_bytes()[8] != b'-' {
        return None;
    }
    let (year, month, day) = (digits(0..4)?, two(4..6)?, two(6..8)?);
    let (hour, minute) = (two(9..11)?, two(11..13)?);
    let time = DateTime::new(year, month, day, hour, minute, 0, 0).ok()?;
    Some(time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// `2026-02-07t09-00-00z`, which is what a name keeps of a time, as RFC 3339.
pub(in crate::engine::sources) fn time_in_name(text: &str) -> Option<String> {
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
        assert_eq!(time_of("20280229-2359").as_deref(), Some("2028-02-29T23:59:00Z"), "a leap day");
        assert_eq!(time_of("00010101-0000").as_deref(), Some("0001-01-01T00:00:00Z"));
        for bad in
            ["", "20260207", "20261307-0900", "20260207-2400", "20260207-09000", "2026+207-0900"]
                .into_iter()
                // Days that there are not.
                .chain(["20260231-0900", "20260229-0900", "20260400-0900", "20260431-0900"])
        {
            assert_eq!(time_of(bad), None, "{bad:?}");
        }
        assert_eq!(time_in_name("2026-02-07t09-00-00z").as_deref(), Some("2026-02-07T09:00:00Z"));
        assert_eq!(time_in_name("2026-02-07t09-00-00"), None);
        assert_eq!(time_in_name("2026-02-31t09-00-00z"), None);
        for bad in [
            "",
            "2026-02-31T09:00:00Z",
            "2026-02-07T09:00:30Z",
            "2026-02-07T09:00:00+01:00",
            "2026-02-07 09:00",
        ] {
            assert_eq!(id_of(bad), None, "{bad:?}");
        }
    }
}
