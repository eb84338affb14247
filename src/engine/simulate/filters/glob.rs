//! Patterns of names and paths, as Go's `filepath.Match` and doublestar read them: as regular expressions.

use thiserror::Error;

use crate::templates::budget::Exhausted;
use crate::templates::purse::Purse;
use crate::templates::regexp::MAX_SOURCE;

/// Why a pattern is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(in crate::engine) enum NotGlob {
    /// It is none, and matches nothing.
    #[error("it is no pattern")]
    Wrong,
    /// Its regular expression would be longer than one may be.
    #[error("the pattern is longer than {MAX_SOURCE} bytes")]
    TooLong,
    /// It costs more than is left.
    #[error(transparent)]
    Exhausted(#[from] Exhausted),
}

/// The regular expression of a pattern as `filepath.Match` reads it.
///
/// # Errors
///
/// It is none, or too long, or costs more than is left.
pub(in crate::engine) fn of_name(pattern: &str, purse: &mut Purse) -> Result<String, NotGlob> {
    Reader { is_double: false, purse }.all(pattern)
}

/// The same as doublestar reads it: `**` stands for any number of folders, `{a,b}` for one of them.
///
/// # Errors
///
/// As [`of_name`].
pub(super) fn of_path(pattern: &str, purse: &mut Purse) -> Result<String, NotGlob> {
    Reader { is_double: true, purse }.all(pattern)
}

struct Reader<'r> {
    is_double: bool,
    purse: &'r mut Purse,
}

impl Reader<'_> {
    fn all(mut self, pattern: &str) -> Result<String, NotGlob> {
        // Braces in braces are read by going into them. No expression is shorter than its pattern.
        if self.is_double && pattern.len() > MAX_SOURCE {
            return Err(NotGlob::TooLong);
        }
        Ok(format!("^{}$", self.part(pattern, true)?))
    }

    /// The regular expression of a part; `is_start` says whether a name begins there.
    fn part(&mut self, pattern: &str, mut is_start: bool) -> Result<String, NotGlob> {
        self.purse.take_steps(1)?;
        self.purse.take_reading(pattern.len())?;
        let (mut regex, mut rest) = (String::new(), pattern);
        while let Some(c) = rest.chars().next() {
            let behind = &rest[c.len_utf8()..];
            let is_name_start = std::mem::replace(&mut is_start, c == '/');
            rest = match c {
                '*' if self.is_double && is_name_start && behind.starts_with("*/") => {
                    regex += "(?:[^/]*/)*";
                    is_start = true;
                    &behind[2..]
                }
                '*' if self.is_double && is_name_start && behind == "*" => {
                    // `a/**` is `a`, too.
                    match regex.strip_suffix('/') {
                        Some(before) => regex = format!("{before}(?:/(?s:.)*)?"),
                        None => regex += "(?s:.)*",
                    }
                    return Ok(regex);
                }
                '*' => {
                    regex += "[^/]*";
                    behind
                }
                '?' => {
                    regex += "[^/]";
                    behind
                }
                '[' => {
                    let class = if self.is_double { class_of_path } else { class_of_name };
                    let (Class { is_negated, ranges }, behind) =
                        class(behind).ok_or(NotGlob::Wrong)?;
                    write_class(is_negated, &ranges, &mut regex);
                    behind
                }
                '{' if self.is_double => {
                    let (all, behind) = choices(behind).ok_or(NotGlob::Wrong)?;
                    regex += &self.either(&all, is_name_start)?;
                    behind
                }
                '\\' => {
                    let next = behind.chars().next().ok_or(NotGlob::Wrong)?;
                    literal(next, &mut regex);
                    &behind[next.len_utf8()..]
                }
                c => {
                    literal(c, &mut regex);
                    behind
                }
            };
        }
        Ok(regex)
    }

    /// The regular expression of what stands in braces: Go comes to what is behind one that is none only where none
    /// before it matches, and gives up there.
    fn either(&mut self, all: &[&str], is_start: bool) -> Result<String, NotGlob> {
        let mut read = Vec::new();
        for choice in all {
            match self.part(choice, is_start) {
                Ok(regex) => read.push(regex),
                Err(NotGlob::Wrong) => break,
                Err(other) => return Err(other),
            }
        }
        if read.is_empty() {
            return Err(NotGlob::Wrong);
        }
        Ok(format!("(?:{})", read.join("|")))
    }
}

fn literal(c: char, regex: &mut String) {
    if c.is_ascii_punctuation() && c != '/' && c != '-' && c != '_' {
        regex.push('\\');
    }
    regex.push(c);
}

/// A class: characters from one to another, or all but those. It may be a `/`.
#[derive(Default)]
struct Class {
    is_negated: bool,
    ranges: Vec<(char, char)>,
}

fn write_class(is_negated: bool, ranges: &[(char, char)], regex: &mut String) {
    // Ranges without a character are none of a regular expression, and neither is a class without a range.
    let ranges: Vec<_> = ranges.iter().filter(|(low, high)| low <= high).collect();
    if ranges.is_empty() {
        *regex += if is_negated { "(?s:.)" } else { "[^\\x00-\\x{10FFFF}]" };
        return;
    }
    let one = |c: char, regex: &mut String| match c {
        '-' => regex.push_str("\\-"),
        c => literal(c, regex),
    };
    *regex += if is_negated { "[^" } else { "[" };
    for (low, high) in ranges {
        one(*low, regex);
        if low < high {
            regex.push('-');
            one(*high, regex);
        }
    }
    regex.push(']');
}

/// A class as `filepath.Match` reads it, behind its `[`, and what follows it.
fn class_of_name(rest: &str) -> Option<(Class, &str)> {
    let mut chars = rest.chars();
    let mut class = Class { is_negated: rest.starts_with('^'), ..Class::default() };
    if class.is_negated {
        chars.next();
    }
    let one = |chars: &mut std::str::Chars<'_>| match chars.next()? {
        '\\' => chars.next(),
        '-' | ']' => None,
        c => Some(c),
    };
    while class.ranges.is_empty() || !chars.as_str().starts_with(']') {
        let low = one(&mut chars)?;
        let high = match chars.as_str().starts_with('-') {
            true => chars.next().and_then(|_| one(&mut chars))?,
            false => low,
        };
        class.ranges.push((low, high));
    }
    Some((class, chars.as_str().strip_prefix(']')?))
}

/// The same as doublestar reads it: `-` stands for itself at both ends, and behind a range.
fn class_of_path(rest: &str) -> Option<(Class, &str)> {
    let mut chars = rest.chars();
    let mut class = Class { is_negated: rest.starts_with(['!', '^']), ..Class::default() };
    if class.is_negated {
        chars.next();
    }
    if chars.as_str().starts_with(']') {
        return None;
    }
    let mut is_single = false;
    loop {
        match chars.next()? {
            ']' => return Some((class, chars.as_str())),
            '-' if is_single && !chars.as_str().starts_with(']') => {
                let high = match chars.next()? {
                    '\\' => chars.next()?,
                    c => c,
                };
                class.ranges.last_mut()?.1 = high;
                is_single = false;
            }
            c => {
                let c = if c == '\\' { chars.next()? } else { c };
                class.ranges.push((c, c));
                is_single = true;
            }
        }
    }
}

/// What may stand in the place of braces, behind the first of them, and what follows.
fn choices(rest: &str) -> Option<(Vec<&str>, &str)> {
    let (mut depth, mut start, mut all, mut is_escaped) = (0, 0, Vec::new(), false);
    for (at, c) in rest.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '{' => depth += 1,
            ',' if depth == 0 => {
                all.push(&rest[start..at]);
                start = at + 1;
            }
            '}' if depth == 0 => {
                all.push(&rest[start..at]);
                return Some((all, &rest[at + 1..]));
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::templates::purse::Purse;
    use crate::templates::regexp::{example, finds};

    #[test]
    fn patterns_match_what_go_matches() {
        let purse = &mut Purse::default();
        let mut name = |pattern: &str, text: &str| {
            finds(&of_name(pattern, purse).unwrap(), text, purse).unwrap()
        };
        for (pattern, text, matches) in [
            ("main", "main", true),
            ("main", "mainly", false),
            ("release-*", "release-1.2", true),
            ("release-*", "release-1/2", false),
            ("feature/*", "feature/x", true),
            ("v?.*", "v1.2", true),
            ("v[0-9]", "v7", true),
            ("v[^0-9]", "v7", false),
            ("a+b", "a+b", true),
            ("a\\*", "a*", true),
            ("**", "a/b", false),
            ("{a,b}", "a", false),
            ("feature[/_]*", "feature/x", true),
            ("feature[^a]x", "feature/x", true),
            ("v[.-9]*", "v/1", true),
            ("v[.-9]*", "v-1", false),
            ("[b-ax]", "x", true),
            ("[b-ax]", "b", false),
            ("[b-a]", "a", false),
            ("[^b-a]", "a", true),
            ("[\\-^]", "^", true),
            ("[a!]", "!", true),
            ("[!a]", "!", true),
        ] {
            assert_eq!(name(pattern, text), matches, "{pattern} {text}");
        }
        let purse = &mut Purse::default();
        let mut path = |pattern: &str, text: &str| {
            finds(&of_path(pattern, purse).unwrap(), text, purse).unwrap()
        };
        for (pattern, text, matches) in [
            ("**", "a/b", true),
            ("docs/**", "docs/a/b.md", true),
            ("docs/**", "docs", true),
            ("docs/**/*.md", "docs/b.md", true),
            ("docs/**/*.md", "docs/a/c/b.md", true),
            ("**/*.go", "main.go", true),
            ("*.go", "a/main.go", false),
            ("src/{a,b/**}/x.rs", "src/a/x.rs", true),
            ("*.{rs,toml}", "Cargo.toml", true),
            ("[!a]", "a", false),
            ("[!a]", "/", true),
            ("[a-]", "-", true),
            ("[-a]", "-", true),
            ("[a-c-e]", "d", false),
            ("[a-c-e]", "-", true),
            ("[c-a]x", "bx", false),
            ("{a,[}", "a", true),
            ("{a,[}", "b", false),
        ] {
            assert_eq!(path(pattern, text), matches, "{pattern} {text}");
        }
        let release = of_name("release-*", purse).unwrap();
        assert_eq!(example(&release, purse).as_deref(), Some("release-"));
    }

    #[test]
    fn what_is_no_pattern_of_go_is_told_from_what_is_too_long() {
        let purse = &mut Purse::default();
        for good in ["", "main", "release-*", "[a-c]x", "[^a]?", "\\[x", "[\\]]", "a]b", "[b-a]"] {
            assert!(of_name(good, purse).is_ok(), "{good}");
        }
        for bad in ["[", "[a-]-z]", "[]", "[]a]", "[a", "[^", "[-a]", "[a-", "x\\", "[\\", "[^]"] {
            assert_eq!(of_name(bad, purse), Err(NotGlob::Wrong), "{bad}");
        }
        for bad in ["{a", "[", "[]", "[!]", "[a", "a\\", "{[,a}"] {
            assert_eq!(of_path(bad, purse), Err(NotGlob::Wrong), "{bad}");
        }
        let long = "a".repeat(MAX_SOURCE + 1);
        assert_eq!(of_path(&long, purse), Err(NotGlob::TooLong));
        assert_eq!(of_name(&(long + "["), purse), Err(NotGlob::Wrong));
        let poor = &mut Purse::new(10, 0);
        assert!(of_path("{a,{b,{c,d}}}", poor).is_ok());
        assert_eq!(of_path(&"{a,".repeat(20), poor), Err(NotGlob::Exhausted(Exhausted::Compiling)));
    }
}
