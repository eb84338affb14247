//! Reading a text back into the pieces that it was put together from.
//!
//! Between any two pieces there is a place in the text. Which places it can be is worked out twice:
//! from the end, and then from the beginning within what is left. A piece of which both ends can be at
//! one place only has one reading, whatever the rest of the text is: that is what `Title` has in `Issue
//! #{{.Number}}: {{.Title}}` and a line break, though the text behind it may imitate it as much as it
//! likes.

use std::ops::Range;

use memchr::memmem;

use super::interval_set::IntervalSet;
use super::page;
use super::scan::{MOST_HITS, Scan, Unread};
use crate::engine::meter::Meter;
use crate::engine::sources::variable::Class;

/// A piece of a text that was put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step<'p> {
    /// This text.
    Text(&'p str),
    /// Any text of a class.
    Any(Class),
    /// The same, but not an empty one.
    Filled(Class),
    /// The address of an issue or pull request, which ends with this slash and number.
    Page(&'p str),
    /// The pieces of one of these.
    Choice(Vec<Vec<Step<'p>>>),
}

/// Where a step stands in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// There is more than one way to read it.
    Open,
    /// Here, and nowhere else.
    At(Range<usize>),
    /// Of a choice, the only one that it can be, and where its pieces stand.
    Chosen(usize, Vec<Place>),
}

/// Where the pieces of a text can begin and end, looked at from its end.
struct Ways {
    start: IntervalSet,
    /// Of each piece.
    ends: Vec<IntervalSet>,
    /// Of each choice among them, the ways of those that it is one of.
    choices: Vec<Vec<Ways>>,
}

/// Where each step stands in a text.
pub(super) fn read(text: &str, steps: &[Step<'_>], meter: &Meter) -> Result<Vec<Place>, Unread> {
    let scan = Scan::new(text, meter);
    let ways = backward(&scan, steps, IntervalSet::at(text.len()))?;
    let start = IntervalSet::at(0).meet(&ways.start);
    let (end, places) = forward(&scan, steps, start, &ways)?;
    if end.is_empty() { Err(Unread::NoRendering) } else { Ok(places) }
}

/// Works out from the end where the pieces can begin that end at one of these places.
fn backward(scan: &Scan<'_>, steps: &[Step<'_>], to: IntervalSet) -> Result<Ways, Unread> {
    let (mut ends, mut choices) = (Vec::with_capacity(steps.len()), Vec::new());
    let mut at = to;
    for step in steps.iter().rev() {
        let start = match step {
            Step::Choice(all) => {
                let (start, of_choice) = backward_of_all(scan, all, &at)?;
                choices.push(of_choice);
                start
            }
            _ if at.is_empty() => IntervalSet::default(),
            step => before(scan, step, &at)?,
        };
        ends.push(std::mem::replace(&mut at, start));
    }
    ends.reverse();
    choices.reverse();
    Ok(Ways { start: at, ends, choices })
}

/// The same of each of those that a choice is one of, and where any of them can begin.
fn backward_of_all(
    scan: &Scan<'_>,
    all: &[Vec<Step<'_>>],
    to: &IntervalSet,
) -> Result<(IntervalSet, Vec<Ways>), Unread> {
    let (mut start, mut of_all) = (IntervalSet::default(), Vec::new());
    if to.is_empty() {
        return Ok((start, of_all));
    }
    scan.begin_step()?;
    for steps in all {
        let ways = backward(scan, steps, to.clone())?;
        start = start.join(&ways.start);
        of_all.push(ways);
    }
    Ok((start, of_all))
}

/// Works out from the beginning where the pieces can end that begin at one of these places.
fn forward(
    scan: &Scan<'_>,
    steps: &[Step<'_>],
    from: IntervalSet,
    ways: &Ways,
) -> Result<(IntervalSet, Vec<Place>), Unread> {
    let mut at = from;
    let mut found = Vec::with_capacity(steps.len());
    let mut choices = ways.choices.iter();
    for (step, ends) in steps.iter().zip(&ways.ends) {
        if at.is_empty() {
            return Ok((at, found));
        }
        let (next, place) = match step {
            Step::Choice(all) => {
                let of_choice = choices.next().map(Vec::as_slice).unwrap_or_default();
                choose(scan, all, &at, of_choice)?
            }
            step => {
                let next = after(scan, step, &at, ends)?;
                let span = at.only().zip(next.only());
                (next, span.map_or(Place::Open, |(from, to)| Place::At(from..to)))
            }
        };
        found.push(place);
        at = next;
    }
    Ok((at, found))
}

/// Where a choice can end, and the only one that it can be.
fn choose(
    scan: &Scan<'_>,
    all: &[Vec<Step<'_>>],
    from: &IntervalSet,
    ways: &[Ways],
) -> Result<(IntervalSet, Place), Unread> {
    scan.begin_step()?;
    let (mut ends, mut place) = (IntervalSet::default(), None);
    for (number, (steps, ways)) in all.iter().zip(ways).enumerate() {
        let (end, places) = forward(scan, steps, from.meet(&ways.start), ways)?;
        if !end.is_empty() {
            ends = ends.join(&end);
            place = Some(match place {
                None => Place::Chosen(number, places),
                Some(_) => Place::Open,
            });
        }
    }
    Ok((ends, place.unwrap_or(Place::Open)))
}

/// Where a step can begin that ends at one of these places.
fn before(scan: &Scan<'_>, step: &Step<'_>, to: &IntervalSet) -> Result<IntervalSet, Unread> {
    scan.begin_step()?;
    let mut starts = IntervalSet::default();
    match step {
        Step::Text("") => return Ok(to.clone()),
        Step::Text(text) => {
            let finder = scan.finder(text)?;
            let mut hits = 0;
            for &(first, last) in to.spans() {
                if last >= text.len() {
                    let lowest = first.saturating_sub(text.len());
                    places(scan, &finder, lowest..last, 0, &mut hits, &mut starts)?;
                }
            }
        }
        Step::Page(number) => {
            let finder = scan.finder(number)?;
            let mut tries = 0;
            for &(first, last) in to.spans() {
                page::starts(scan, &finder, first..=last, &mut tries, &mut starts)?;
            }
        }
        Step::Any(Class::Number) | Step::Filled(Class::Number) => {
            let (mut seen, mut run) = (0, 0);
            for &(first, last) in to.spans() {
                // A run of digits may begin before the first place that it can end at.
                let mut at = scan.start_of_run(Class::Number, first, seen)?.unwrap_or(seen);
                while let Some(start) = scan.next_digit(at, last)? {
                    if starts.is_full() {
                        // One more than can be told apart: any place from here on.
                        starts.push(start, last);
                        break;
                    }
                    run = end_of_digits(scan, start, run)?;
                    if start < last {
                        starts.push(start, run.min(last) - 1);
                    }
                    at = run;
                }
                seen = last;
            }
        }
        Step::Any(class) | Step::Filled(class) => {
            let least = usize::from(matches!(step, Step::Filled(_)));
            // Where the last span was looked at from, and where the run of the class begins there.
            let mut known = (0, 0);
            for &(first, last) in to.spans() {
                let start = scan.start_of_run(*class, first, known.0)?.unwrap_or(known.1);
                known = (first, start);
                if start + least <= last {
                    starts.push(start, last - least);
                }
            }
        }
        // Those who look for one look for its pieces.
        Step::Choice(_) => {}
    }
    Ok(starts)
}

/// Where a step can end that begins at one of these places, of the places that it may end at.
fn after(
    scan: &Scan<'_>,
    step: &Step<'_>,
    from: &IntervalSet,
    to: &IntervalSet,
) -> Result<IntervalSet, Unread> {
    scan.begin_step()?;
    let mut ends = IntervalSet::default();
    match step {
        Step::Text("") => return Ok(from.meet(to)),
        Step::Text(text) => {
            let finder = scan.finder(text)?;
            let (length, mut hits) = (text.len(), 0);
            // No more is searched than what can be an end.
            for &(first, last) in from.moved(length).meet(to).spans() {
                places(scan, &finder, first - length..last, length, &mut hits, &mut ends)?;
            }
            return Ok(ends);
        }
        Step::Page(number) => {
            let mut tries = 0;
            for &(first, last) in from.spans() {
                page::ends(scan, number, first..=last, &mut tries, &mut ends)?;
            }
        }
        Step::Any(Class::Number) | Step::Filled(Class::Number) => {
            let mut run = 0;
            for &(first, last) in from.spans() {
                let mut at = first;
                while let Some(start) = scan.next_digit(at, last)? {
                    run = end_of_digits(scan, start, run)?;
                    if ends.is_full() {
                        run = run.max(end_of_digits(scan, last, run)?);
                        ends.push(start + 1, run);
                        break;
                    }
                    ends.push(start + 1, run);
                    at = run;
                }
            }
        }
        Step::Any(class) | Step::Filled(class) => {
            let least = usize::from(matches!(step, Step::Filled(_)));
            // Where the run ends that was looked at last.
            let mut known = None;
            for &(first, last) in from.spans() {
                let end = match known {
                    Some(end) if last <= end => end,
                    _ => scan.end_of_run(*class, last)?,
                };
                known = Some(end);
                if first + least <= end {
                    ends.push(first + least, end);
                }
            }
        }
        Step::Choice(_) => {}
    }
    Ok(ends.meet(to))
}

/// Where the digits end that begin at `from` or before it; the run that was looked at last ends at `run`.
fn end_of_digits(scan: &Scan<'_>, from: usize, run: usize) -> Result<usize, Unread> {
    if from < run { Ok(run) } else { scan.end_of_run(Class::Number, from) }
}

/// Adds each place in `range` where the text of a finder stands, moved on by `offset`.
fn places(
    scan: &Scan<'_>,
    finder: &memmem::Finder<'_>,
    range: Range<usize>,
    offset: usize,
    hits: &mut usize,
    found: &mut IntervalSet,
) -> Result<(), Unread> {
    let mut at = range.start;
    let mut paid = at;
    while let Some(hit) = scan.find(finder, at..range.end, &mut paid)? {
        *hits += 1;
        if found.is_full() || *hits > MOST_HITS {
            // One more than can be told apart: it may stand anywhere from here on.
            let last = range.end - finder.needle().len();
            found.push(hit + offset, last + offset);
            return Ok(());
        }
        found.push(hit + offset, hit + offset);
        // What overlaps counts, too.
        at = hit + 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
