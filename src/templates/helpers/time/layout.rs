//! Go's layouts: how the reference time `Mon Jan 2 15:04:05 2006` would be written.

use std::fmt::Write as _;

use super::moment::Moment;
use crate::templates::budget::Exhausted;
use crate::templates::helpers::Caller;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// A part of a layout that stands for a part of a moment.
#[derive(Clone, Copy)]
enum Part {
    Month,
    ShortMonth,
    Weekday,
    ShortWeekday,
    /// A number, and to how many places it is filled up with which character.
    Number(Number, usize, char),
    /// `AM` or `PM`; with `true` in lower case.
    Half(bool),
    /// What is always the same in UTC.
    Same(&'static str),
    /// So many digits of a fraction, behind a dot or comma: zeros, as moments have none.
    Zeros(char, usize),
}

#[derive(Clone, Copy)]
enum Number {
    Year,
    YearOfCentury,
    Month,
    Day,
    YearDay,
    Hour,
    HalfHour,
    Minute,
    Second,
}

/// Writes a moment as the layout says.
///
/// # Errors
///
/// [`Exhausted`], before it writes more than the meter allows.
pub(in crate::templates::helpers) fn format(
    meter: &mut dyn Caller,
    layout: &str,
    moment: &Moment,
) -> Result<String, Exhausted> {
    meter.take_steps(8 + layout.len() as u64 / 4)?;
    // No part grows to more than twice its bytes.
    meter.take_bytes(2 * layout.len())?;
    let mut out = String::with_capacity(layout.len() + 16);
    let mut rest = layout;
    while let Some(c) = rest.chars().next() {
        match part(rest) {
            Some((part, length)) => {
                write(&mut out, part, moment);
                rest = &rest[length..];
            }
            None => {
                out.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    Ok(out)
}

/// The part that a layout begins with, and its length.
fn part(layout: &str) -> Option<(Part, usize)> {
    use Number::{Day, HalfHour, Hour, Minute, Month, Second, Year, YearDay, YearOfCentury};
    let number = |number, width| Part::Number(number, width, '0');
    let bytes = layout.as_bytes();
    let starts = |start: &str| layout.starts_with(start);
    let is_word = |length: usize| bytes.get(length).is_some_and(u8::is_ascii_lowercase);
    Some(match bytes.first()? {
        b'J' if starts("January") => (Part::Month, 7),
        b'J' if starts("Jan") && !is_word(3) => (Part::ShortMonth, 3),
        b'M' if starts("Monday") => (Part::Weekday, 6),
        b'M' if starts("Mon") && !is_word(3) => (Part::ShortWeekday, 3),
        b'M' if starts("MST") => (Part::Same("UTC"), 3),
        b'0' => match bytes.get(1)? {
            b'1' => (number(Month, 2), 2),
            b'2' => (number(Day, 2), 2),
            b'3' => (number(HalfHour, 2), 2),
            b'4' => (number(Minute, 2), 2),
            b'5' => (number(Second, 2), 2),
            b'6' => (number(YearOfCentury, 2), 2),
            b'0' if starts("002") => (number(YearDay, 3), 3),
            _ => return None,
        },
        b'1' if starts("15") => (number(Hour, 2), 2),
        b'1' => (number(Month, 0), 1),
        b'2' if starts("2006") => (number(Year, 4), 4),
        b'2' => (number(Day, 0), 1),
        b'_' if starts("_2006") => return None,
        b'_' if starts("_2") => (Part::Number(Day, 2, ' '), 2),
        b'_' if starts("__2") => (Part::Number(YearDay, 3, ' '), 3),
        b'3' => (number(HalfHour, 0), 1),
        b'4' => (number(Minute, 0), 1),
        b'5' => (number(Second, 0), 1),
        b'P' if starts("PM") => (Part::Half(false), 2),
        b'p' if starts("pm") => (Part::Half(true), 2),
        b'-' => zone(&layout[1..], ["+000000", "+00:00:00", "+0000", "+00:00", "+00"])?,
        b'Z' => zone(&layout[1..], ["Z"; 5])?,
        b'.' | b',' => fraction(layout)?,
        _ => return None,
    })
}

/// A zone whose digits come next, and what it is in UTC.
fn zone(digits: &str, utc: [&'static str; 5]) -> Option<(Part, usize)> {
    let forms = ["070000", "07:00:00", "0700", "07:00", "07"];
    let form = forms.iter().position(|form| digits.starts_with(form))?;
    Some((Part::Same(utc[form]), forms[form].len() + 1))
}

/// A fraction of a second: a dot or comma, then zeros, or nines for digits that are left out where
/// they are zero; no other digit may follow.
fn fraction(layout: &str) -> Option<(Part, usize)> {
    let bytes = layout.as_bytes();
    let digit = *bytes.get(1).filter(|digit| matches!(digit, b'0' | b'9'))?;
    let count = bytes[1..].iter().take_while(|byte| **byte == digit).count();
    if bytes.get(1 + count).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let part = match digit {
        b'0' => Part::Zeros(char::from(bytes[0]), count),
        _ => Part::Same(""),
    };
    Some((part, 1 + count))
}

fn write(out: &mut String, part: Part, moment: &Moment) {
    let month = MONTHS.get(moment.month - 1).copied().unwrap_or_default();
    let weekday = WEEKDAYS.get(moment.weekday).copied().unwrap_or_default();
    match part {
        Part::Month => out.push_str(month),
        Part::ShortMonth => out.push_str(month.get(..3).unwrap_or_default()),
        Part::Weekday => out.push_str(weekday),
        Part::ShortWeekday => out.push_str(weekday.get(..3).unwrap_or_default()),
        Part::Half(lower) => out.push_str(match (moment.hour >= 12, lower) {
            (true, true) => "pm",
            (true, false) => "PM",
            (false, true) => "am",
            (false, false) => "AM",
        }),
        Part::Same(text) => out.push_str(text),
        Part::Zeros(separator, count) => {
            out.push(separator);
            // Go knows nanoseconds only, and repeats its zeros beyond.
            out.extend(std::iter::repeat_n('0', count));
        }
        Part::Number(number, width, fill) => {
            let value = match number {
                Number::Year => moment.year,
                Number::YearOfCentury => moment.year % 100,
                Number::Month => moment.month as i64,
                Number::Day => moment.day,
                Number::YearDay => moment.year_day,
                Number::Hour => moment.hour,
                Number::HalfHour => (moment.hour + 11) % 12 + 1,
                Number::Minute => moment.minute,
                Number::Second => moment.second,
            };
            // Writing into a String cannot fail.
            let _ = match fill {
                ' ' => write!(out, "{value:>width$}"),
                _ => write!(out, "{value:0>width$}"),
            };
        }
    }
}
