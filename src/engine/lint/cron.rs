//! Schedules, as the parser reads them that Kelos uses: five fields, and no `@daily`.

use super::Lint;
use super::faults::KNOWN;
use super::finding::{Field, Finding, Rule, Severity};

/// A field of a schedule.
struct Unit {
    name: &'static str,
    least: u32,
    most: u32,
    /// What numbers are also called, from `least` on.
    names: &'static [&'static str],
}

const UNITS: [Unit; 5] = [
    Unit { name: "minute", least: 0, most: 59, names: &[] },
    Unit { name: "hour", least: 0, most: 23, names: &[] },
    Unit { name: "day of the month", least: 1, most: 31, names: &[] },
    Unit {
        name: "month",
        least: 1,
        most: 12,
        names: &[
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ],
    },
    Unit {
        name: "day of the week",
        least: 0,
        most: 6,
        names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    },
];

/// What others write for a schedule, and what it is here.
const SHORTHANDS: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

pub(super) fn look(lint: &mut Lint<'_>) {
    let Some(cron) = &lint.view.spec.when.cron else { return };
    let schedule = &*cron.schedule;
    let Err(Wrong { why, help }) = read(schedule) else { return };
    let field = Field::of(&["spec", "when", "cron", "schedule"]);
    let text = format!("Kelos can't read this schedule ({KNOWN}) and makes no Task: {why}");
    let finding = Finding::new(Rule::CronSchedule, Severity::Error, field, text).help(help);
    let meant = SHORTHANDS.iter().find(|(written, _)| *written == schedule);
    lint.add(match meant {
        Some((_, meant)) => finding.fix(0..schedule.len(), *meant),
        None => finding,
    });
}

/// Why a schedule is none, and what to do.
#[derive(Debug, PartialEq, Eq)]
struct Wrong {
    why: String,
    help: String,
}

const ORDER: &str = "minute, hour, day of the month, month, day of the week: `0 9 * * 1-5`";

fn read(schedule: &str) -> Result<(), Wrong> {
    let wrong = |why: String, help: &str| Err(Wrong { why, help: help.to_owned() });
    let mut rest = schedule;
    if schedule.starts_with("TZ=") || schedule.starts_with("CRON_TZ=") {
        let Some((_, behind)) = schedule.split_once(' ') else {
            return wrong("there is nothing behind the time zone".to_owned(), ORDER);
        };
        rest = behind.trim();
    }
    if rest.starts_with('@') {
        let help = SHORTHANDS.iter().find(|(written, _)| *written == rest);
        let help = help.map_or(ORDER.to_owned(), |(_, meant)| format!("write `{meant}`"));
        return wrong("it takes no words that begin with `@`".to_owned(), &help);
    }
    let fields: Vec<&str> = rest.split_whitespace().collect();
    if fields.len() != UNITS.len() {
        let count = fields.len();
        return wrong(format!("it has {count} fields instead of 5"), ORDER);
    }
    let read = |(field, unit): (&&str, &Unit)| {
        let mut parts = field.split(',').filter(|part| !part.is_empty());
        parts.try_for_each(|part| range(part, unit))
    };
    fields.iter().zip(&UNITS).try_for_each(read)
}

/// `NUMBER`, `NUMBER-NUMBER` or `*`, with `/STEP` behind it or not.
fn range(part: &str, unit: &Unit) -> Result<(), Wrong> {
    let Unit { name, least, most, .. } = unit;
    let wrong = |why: String| {
        let help = match (*name, part) {
            ("day of the week", "7") => "Sunday is `0`".to_owned(),
            _ => format!("a {name} is a number from {least} to {most}, a range or `*`"),
        };
        Err(Wrong { why, help })
    };
    let number = |text: &str| value(text, unit);
    let no_number =
        |text: &str| wrong(format!("`{}` is no {name}", text.chars().take(32).collect::<String>()));
    let (span, step) = part.split_once('/').map_or((part, None), |(span, step)| (span, Some(step)));
    let (low, high) = span.split_once('-').map_or((span, None), |(low, high)| (low, Some(high)));
    let (start, end) = match (low, high) {
        // What stands behind such a star is not looked at.
        ("*" | "?", _) => (*least, *most),
        (low, None) => {
            let Some(start) = number(low) else { return no_number(low) };
            (start, if step.is_some() { *most } else { start })
        }
        (low, Some(high)) => {
            let Some(start) = number(low) else { return no_number(low) };
            let Some(end) = number(high) else { return no_number(high) };
            (start, end)
        }
    };
    match step.map(|step| (step, digits(step))) {
        None | Some((_, Some(1..))) => {}
        Some((step, _)) => return no_number(&format!("/{step}")),
    }
    if start < *least || end > *most {
        return wrong(format!("{name} goes from {least} to {most}"));
    }
    if start > end {
        return wrong(format!("the {name} ends before it begins"));
    }
    Ok(())
}

/// A number, or what it is also called.
fn value(text: &str, unit: &Unit) -> Option<u32> {
    let place = unit.names.iter().position(|name| name.eq_ignore_ascii_case(text));
    match place.and_then(|place| u32::try_from(place).ok()) {
        Some(place) => Some(unit.least + place),
        None => digits(text),
    }
}

/// A number as Go reads it, of which larger ones are all alike here.
fn digits(text: &str) -> Option<u32> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    // Go reads 64 bits.
    is_number.then(|| digits.parse::<i64>().ok())?.map(|it| u32::try_from(it).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each was given to `cron.NewParser(Minute | Hour | Dom | Month | Dow)` of robfig/cron v3.0.1.
    #[test]
    fn schedules_are_read_as_kelos_reads_them() {
        for good in [
            "0 9 * * 1",
            "*/15 * * * *",
            "0 9 * * 1-5",
            "0 9 1,15 * ?",
            "5/10 0-23/2 * jan-MAR sun",
            "+5 0 1 1 0",
            "  0   9 * *\t1 ",
            "TZ=Europe/Berlin 0 9 * * 1",
            "CRON_TZ=UTC  0 9 * * 1",
            "0,, 9 * * 1",
            ", 9 * * 1",
            "*-x/2 9 * * 1",
            "*-3-4 9 * * 1",
            "59 23 31 12 6",
            "0/99 9 * * 1",
        ] {
            assert_eq!(read(good), Ok(()), "{good:?}");
        }
        for bad in [
            "",
            "   ",
            "@daily",
            "@every 1h",
            "@nonsense",
            "TZ=UTC",
            "TZ=UTC @daily",
            "0 9 * *",
            "0 0 9 * * 1",
            "0 9 * * 7",
            "0 24 * * 1",
            "60 9 * * 1",
            "0 9 0 * 1",
            "0 9 32 * 1",
            "0 9 * 13 1",
            "0 9 * 0 1",
            "0 9 * * monday",
            "0 9 * * 5-1",
            "*/0 9 * * 1",
            "*/x 9 * * 1",
            "1/2/3 9 * * 1",
            "1-2-3 9 * * 1",
            "-5 9 * * 1",
            "5- 9 * * 1",
            "0 9 * * 1.5",
            "jan 9 * * 1",
            "99999999999999999999 9 * * 1",
            "0 9 L * *",
        ] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }
}
