//! The address of the page of an issue or pull request, where its number is known.
//!
//! GitHub gives it: the scheme, a host, an owner, a repository, `issues` or `pull`, the number. Nothing
//! more is taken for granted, because GitHub Enterprise speaks http, too, has ports, and owners with an
//! underscore. A page that begins at a place ends at one place at the most, and the other way round, and
//! no two lie over each other: so all of them are found by looking at each byte a few times.

use std::ops::RangeInclusive;

use memchr::memmem;

use super::interval_set::IntervalSet;
use super::scan::{MOST_HITS, Scan, Unread};

const BEHIND_SCHEME: &str = "://";
const SCHEMES: [&[u8]; 2] = [b"http", b"https"];
/// What stands before the slash and the number.
const KINDS: [&[u8]; 2] = [b"/issues", b"/pull"];

/// Adds where the pages end that begin in `places`. `tries` counts what looks like one.
pub(super) fn ends(
    scan: &Scan<'_>,
    number: &str,
    places: RangeInclusive<usize>,
    tries: &mut usize,
    found: &mut IntervalSet,
) -> Result<(), Unread> {
    let finder = scan.finder(BEHIND_SCHEME)?;
    let (first, last) = places.into_inner();
    // Behind the last place there is as much as the longest scheme.
    let top = last + b"https".len() + BEHIND_SCHEME.len();
    let (mut at, mut paid) = (first, first);
    while let Some(colon) = scan.find(&finder, at..top, &mut paid)? {
        at = colon + 1;
        let starts = |scheme: &&[u8]| scan.text().get(first..colon)?.strip_suffix(*scheme);
        let start = SCHEMES.iter().find_map(|scheme| Some(first + starts(scheme)?.len()));
        if start.is_none_or(|start| start > last) {
            continue;
        }
        *tries += 1;
        if found.is_full() || *tries > MOST_HITS {
            // More than can be told apart: any place from here on.
            found.push(colon, scan.text().len());
            return Ok(());
        }
        if let Some(end) = end(scan, colon + BEHIND_SCHEME.len(), number)? {
            found.push(end, end);
        }
    }
    Ok(())
}

/// Adds where the pages begin that end in `places`; the finder is for the slash and the number. `tries`
/// counts what looks like one.
pub(super) fn starts(
    scan: &Scan<'_>,
    finder: &memmem::Finder<'_>,
    places: RangeInclusive<usize>,
    tries: &mut usize,
    found: &mut IntervalSet,
) -> Result<(), Unread> {
    let length = finder.needle().len();
    let (first, last) = places.into_inner();
    let mut at = first.saturating_sub(length);
    let mut paid = at;
    while let Some(slash) = scan.find(finder, at..last, &mut paid)? {
        at = slash + 1;
        *tries += 1;
        if found.is_full() || *tries > MOST_HITS {
            let behind_last = found.spans().last().map_or(0, |(_, to)| *to);
            found.push(behind_last, last);
            return Ok(());
        }
        if let Some(start) = start(scan, slash)? {
            found.push(start, start);
        }
    }
    Ok(())
}

/// Where a page ends of which the host begins here.
fn end(scan: &Scan<'_>, host: usize, number: &str) -> Result<Option<usize>, Unread> {
    let mut at = host;
    for _ in ["host", "owner", "repository"] {
        let Some(slash) = scan.end_of_segment(at)? else { return Ok(None) };
        at = slash + 1;
    }
    scan.look_at(number.len())?;
    let rest = scan.text().get(at - 1..).unwrap_or_default();
    let behind = |kind: &&[u8]| rest.strip_prefix(*kind)?.strip_prefix(number.as_bytes());
    let behind = KINDS.iter().find_map(behind);
    Ok(behind.map(|behind| scan.text().len() - behind.len()))
}

/// Where a page begins of which the number stands behind this slash.
fn start(scan: &Scan<'_>, slash: usize) -> Result<Option<usize>, Unread> {
    scan.look_at(0)?;
    let before = scan.text().get(..slash).unwrap_or_default();
    let Some(before) = KINDS.iter().find_map(|kind| before.strip_suffix(*kind)) else {
        return Ok(None);
    };
    let mut at = before.len() + 1;
    for _ in ["repository", "owner", "host"] {
        let Some(start) = scan.start_of_segment(at - 1)? else { return Ok(None) };
        at = start;
    }
    let before = scan.text().get(..at).unwrap_or_default();
    let Some(before) = before.strip_suffix(BEHIND_SCHEME.as_bytes()) else { return Ok(None) };
    let start = SCHEMES.iter().find_map(|scheme| before.strip_suffix(*scheme));
    Ok(start.map(<[u8]>::len))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::meter::Meter;
    use crate::templates::budget::Budget;

    fn found(text: &str) -> Vec<(usize, usize)> {
        let meter = Meter::new(Budget::task());
        let scan = Scan::new(text, &meter);
        let (mut ends_of, mut starts_of) = (IntervalSet::default(), IntervalSet::default());
        ends(&scan, "/42", 0..=text.len(), &mut 0, &mut ends_of).unwrap();
        let finder = memmem::Finder::new("/42");
        starts(&scan, &finder, 0..=text.len(), &mut 0, &mut starts_of).unwrap();
        let only = |set: &IntervalSet| -> Vec<usize> {
            set.spans().iter().flat_map(|(from, to)| *from..=*to).collect()
        };
        assert_eq!(only(&ends_of).len(), only(&starts_of).len(), "both ways find the same");
        only(&starts_of).into_iter().zip(only(&ends_of)).collect()
    }

    #[test]
    fn pages_of_every_host_are_found_from_both_ends() {
        for page in [
            "https://github.com/acme/widgets/issues/42",
            "https://github.com/Acme/kelos.dev/pull/42",
            "http://ghe.example.com:8080/tools_corp/a/issues/42",
            "https://x/y/z/pull/42",
            "https://[::1]:3000/é/ü/issues/42",
        ] {
            for (before, after) in
                [("", ""), ("See ", " now"), ("(", ")"), ("http", "1"), ("é", "/")]
            {
                let text = [before, page, after].concat();
                let at = before.len();
                assert_eq!(found(&text), [(at, at + page.len())], "{text}");
            }
        }
    }

    #[test]
    fn nothing_else_is_a_page() {
        for text in [
            "",
            "https://github.com/acme/widgets/issues/43",
            "https://github.com/acme/widgets/pulls/42",
            "https://github.com/acme/issues/42",
            "https://github.com/a/acme/widgets/issues/42",
            "https://github.com//widgets/issues/42",
            "https:///acme/widgets/issues/42",
            "ftp://github.com/acme/widgets/issues/42",
            "://github.com/acme/widgets/issues/42",
            "https://github.com/acme /widgets/issues/42",
            "https://github.com/acme/widgets/issues/ 42",
            "https://github.com/acme/widgets/issues/4",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn many_pages_are_told_apart_and_no_two_lie_over_each_other() {
        let page = "https://github.com/acme/widgets/issues/42";
        let n = page.len();
        let chain = |between: &str, count: usize| vec![page; count].join(between);
        assert_eq!(found(&chain("", 2)), [(0, n), (n, 2 * n)]);
        assert_eq!(found(&chain(" ", 2)), [(0, n), (n + 1, 2 * n + 1)]);
        // The second is in the path of the first, which then is none.
        assert_eq!(found("https://a/https://b/c/d/issues/42"), [(10, 33)]);
    }
}
