//! The figures as a table, with sentences.

use bigdecimal::num_bigint::Sign;
use bigdecimal::{BigDecimal, RoundingMode, ToPrimitive};
use comfy_table::{Attribute, Cell, CellAlignment};
use jiff::{SignedDuration, Timestamp};

use super::super::counted::{by_count, counted};
use super::super::harmless;
use super::super::render::table::wrapped;
use super::super::stdio::print;
use super::Ledger;
use super::entry::State;
use super::figures::{Figures, MOST_LINES};
use crate::unix_seconds::UnixSeconds;

/// How many lines a table has; the other formats have all.
const TABLE_LINES: usize = 50;
/// How many characters the bar has.
const BAR: usize = 12;
/// The states that a table has a column for in any case; the others only where some Task is in them.
const ALWAYS: [State; 3] = [State::Running, State::Succeeded, State::Failed];

/// Prints a table.
///
/// # Errors
///
/// When it can't be written.
pub(super) fn table(ledger: &Ledger, namespace: Option<&str>) -> anyhow::Result<()> {
    let groups = &ledger.groups;
    let total = &groups.total;
    if total.tasks > 0 {
        let columns = Columns::of(total);
        let mut header: Vec<&str> = groups.by.iter().map(String::as_str).collect();
        header.extend(columns.header());
        let sorted = groups.sorted();
        let mut rows: Vec<Vec<Cell>> = vec![];
        for (values, figures) in sorted.iter().take(TABLE_LINES) {
            rows.push(columns.row(values.iter().map(|it| value(it.as_deref())), figures));
        }
        let hidden = sorted.len().saturating_sub(TABLE_LINES);
        let names = |name: &str| {
            let name = Cell::new(name).add_attribute(Attribute::Bold);
            std::iter::once(name).chain((1..groups.by.len()).map(|_| Cell::new("")))
        };
        rows.push(columns.row(names("all"), total));
        print(format_args!("{}\n", wrapped(&header, rows)))?;
        if hidden > 0 {
            print(format_args!("{hidden} more lines are in -o csv and -o json"))?;
        }
    }
    sentences(ledger, namespace).into_iter().try_for_each(print)
}

fn value(value: Option<&str>) -> Cell {
    match value {
        None => Cell::new("(no label)").add_attribute(Attribute::Dim),
        Some("") => Cell::new("\"\""),
        Some(value) => Cell::new(harmless::line(value)),
    }
}

/// Which figures a table has.
struct Columns<'f> {
    states: Vec<State>,
    has_tokens: bool,
    total: &'f Figures,
}

impl<'f> Columns<'f> {
    fn of(total: &'f Figures) -> Columns<'f> {
        let has = |state: &State| ALWAYS.contains(state) || total.of(*state) > 0;
        let states = State::ALL.into_iter().filter(has).collect();
        Columns { states, has_tokens: total.with_tokens > 0, total }
    }

    fn header(&self) -> Vec<&'static str> {
        let state = |state: &State| match state {
            State::NoPhase => "NO PHASE",
            State::Pending => "PENDING",
            State::Waiting => "WAITING",
            State::Running => "RUNNING",
            State::Succeeded => "SUCCEEDED",
            State::Failed => "FAILED",
            State::Other => "OTHER",
        };
        let mut header = vec!["TASKS"];
        header.extend(self.states.iter().map(state));
        header.extend(["SUCCESS", "P50", "P90"]);
        if self.has_tokens {
            header.extend(["TOKENS IN", "TOKENS OUT"]);
        }
        if self.has_cost() {
            header.push("USD");
        }
        header.push(if self.has_cost() { "SHARE OF USD" } else { "SHARE OF TASKS" });
        header
    }

    fn has_cost(&self) -> bool {
        self.total.with_cost > 0
    }

    fn row(&self, values: impl Iterator<Item = Cell>, figures: &Figures) -> Vec<Cell> {
        let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
        let count = |count: usize| if count == 0 { "-".to_owned() } else { count.to_string() };
        let seconds = |part| match figures.durations.quantile(part) {
            Some(seconds) => time(seconds),
            None => "-".to_owned(),
        };
        let mut row: Vec<Cell> = values.collect();
        row.push(right(figures.tasks.to_string()));
        row.extend(self.states.iter().map(|state| right(count(figures.of(*state)))));
        let success = figures.success().map(|it| format!("{:.0} %", it * 100.0));
        row.push(right(success.unwrap_or_else(|| "-".to_owned())));
        row.extend([0.5, 0.9].map(|part| right(seconds(part))));
        if self.has_tokens {
            let known = figures.with_tokens > 0;
            for tokens in [figures.input_tokens, figures.output_tokens] {
                row.push(right(if known { amount(tokens) } else { "-".to_owned() }));
            }
        }
        if self.has_cost() {
            let known = figures.with_cost > 0;
            row.push(right(if known { dollars(&figures.cost) } else { "-".to_owned() }));
        }
        row.push(Cell::new(bar(self.share(figures))));
        row
    }

    /// The part of the cost, or of the Tasks where no cost is known.
    #[allow(clippy::cast_precision_loss, reason = "the objects of a cluster are fewer than 2^52")]
    fn share(&self, figures: &Figures) -> f64 {
        if self.has_cost() {
            let [part, all] = [&figures.cost, &self.total.cost].map(|it| it.to_f64());
            part.zip(all).map_or(0.0, |(part, all)| if all > 0.0 { part / all } else { 0.0 })
        } else {
            figures.tasks as f64 / self.total.tasks as f64
        }
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share is between 0 and 1"
)]
fn bar(share: f64) -> String {
    let full = ((share * BAR as f64).round() as usize).min(BAR);
    format!("{}{} {:>3.0} %", "█".repeat(full), "░".repeat(BAR - full), share * 100.0)
}

/// Hours, minutes and seconds.
fn time(seconds: f64) -> String {
    match SignedDuration::try_from_secs_f64(seconds.round()) {
        Ok(duration) => format!("{duration:#}"),
        Err(_) => format!("{seconds} s"),
    }
}

/// A number of tokens with three digits or so.
#[allow(
    clippy::cast_precision_loss,
    reason = "of a number this large only the first digits are shown"
)]
fn amount(count: u64) -> String {
    let units = [(1_000_000_000.0, "G"), (1_000_000.0, "M"), (1_000.0, "k")];
    let count = count as f64;
    match units.into_iter().find(|(unit, _)| count >= *unit) {
        Some((unit, name)) => format!("{:.1}{name}", count / unit),
        None => format!("{count}"),
    }
}

/// Dollars with cents; with less than one, whatever there is of them.
fn dollars(cost: &BigDecimal) -> String {
    let cents = cost.with_scale_round(2, RoundingMode::HalfEven);
    let is_less = cents.sign() == Sign::NoSign && cost.sign() != Sign::NoSign;
    if is_less { cost.normalized().to_plain_string() } else { cents.to_plain_string() }
}

fn sentences(ledger: &Ledger, namespace: Option<&str>) -> Vec<String> {
    let place = match namespace {
        Some(namespace) => format!("in namespace {namespace}"),
        None => "in all namespaces".to_owned(),
    };
    let total = &ledger.groups.total;
    let mut said = vec![match (ledger.tasks, ledger.gone) {
        (0, 0) => format!("No Task {place}{}", ledger.window),
        (tasks, 0) => format!("{} {place}{}", counted(tasks, "Task"), ledger.window),
        (tasks, gone) => format!(
            "{} {place}, and {} of Tasks that are gone{}",
            counted(tasks, "Task"),
            counted(gone, "TaskRecord"),
            ledger.window
        ),
    }];
    if total.with_cost > 0 && total.with_cost < total.tasks {
        said.push(format!(
            "{} of {} {}",
            total.with_cost,
            counted(total.tasks, "Task"),
            by_count(total.with_cost, "says what it cost", "say what they cost")
        ));
    }
    if ledger.groups.others.tasks > 0 {
        said.push(format!(
            "{} {} values that came after {MOST_LINES} others: they are in the last line only",
            counted(ledger.groups.others.tasks, "Task"),
            by_count(ledger.groups.others.tasks, "has", "have")
        ));
    }
    if !ledger.has_records {
        said.push(
            "This Kelos keeps no TaskRecords (v0.44 and later do): Tasks that were deleted are not counted"
                .to_owned(),
        );
    }
    if ledger.unreadable > 0 {
        said.push(format!(
            "{} without the fields that Kelos gives {}",
            counted(ledger.unreadable, "object"),
            by_count(ledger.unreadable, "it", "them")
        ));
    }
    said
}

impl std::fmt::Display for super::Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(since) = self.since {
            write!(f, ", since {}", moment(since))?;
        }
        match self.until {
            Some(until) => write!(f, ", until {}", moment(until)),
            None => Ok(()),
        }
    }
}

/// A moment as Kubernetes writes it.
pub(super) fn moment(moment: UnixSeconds) -> String {
    match Timestamp::from_second(moment.0) {
        Ok(time) => time.to_string(),
        Err(_) => "the beginning of time".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_as_short_as_they_can_be() {
        assert_eq!([999, 1_000, 12_345, 2_000_000].map(amount), ["999", "1.0k", "12.3k", "2.0M"]);
        let usd = |text: &str| dollars(&text.parse().unwrap());
        let costs = ["0", "1.2345", "12", "0.005", "0.0051", "0.00002"].map(usd);
        assert_eq!(costs, ["0.00", "1.23", "12.00", "0.005", "0.01", "0.00002"]);
        assert_eq!([0.4, 59.6, 5_400.0].map(time), ["0s", "1m", "1h 30m"]);
        assert_eq!(bar(0.5), "██████░░░░░░  50 %");
        assert_eq!(bar(1.0), "████████████ 100 %");
        assert_eq!(moment(UnixSeconds(i64::MIN)), "the beginning of time");
    }

    #[test]
    fn an_empty_value_is_not_the_lack_of_a_label() {
        let shown = [None, Some(""), Some("a")].map(|it| value(it).content());
        assert_eq!(shown, ["(no label)", "\"\"", "a"]);
    }
}
