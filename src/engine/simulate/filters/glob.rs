//! Patterns of names and paths, as Go's `filepath.Match` and doublestar read them: as regular expressions.

/// The regular expression of a pattern as `filepath.Match` reads it; nothing if it is none.
pub(super) fn of_name(pattern: &str) -> Option<String> {
    Reader { pattern, is_double: false }.all()
}

/// The same as doublestar reads it: `**` stands for any number of folders, `{a,b}` for one of them.
pub(super) fn of_path(pattern: &str) -> Option<String> {
    Reader { pattern, is_double: true }.all()
}

struct Reader<'p> {
    pattern: &'p str,
    is_double: bool,
}

impl Reader<'_> {
    fn all(self) -> Option<String> {
        Some(format!("^{}$", self.part(self.pattern, true)?))
    }

    /// The regular expression of a part; `is_start` says whether a name begins there.
    fn part(&self, pattern: &str, is_start: bool) -> Option<String> {
        let (mut regex, mut rest, mut is_start) = (String::new(), pattern, is_start);
        while let Some(c) = rest.chars().next() {
            let behind = &rest[c.len_utf8()..];
            let is_name_start = std::mem::replace(&mut is_start, c == '/');
            match c {
                '*' if self.is_double && is_name_start && behind.starts_with("*/") => {
                    regex += "(?:[^/]*/)*";
                    rest = &behind[2..];
                    is_start = true;
                    continue;
                }
                '*' if self.is_double && is_name_start && behind == "*" => {
                    // `a/**` is `a`, too.
                    match regex.strip_suffix('/') {
                        Some(before) => regex = format!("{before}(?:/(?s:.)*)?"),
                        None => regex += "(?s:.)*",
                    }
                    return Some(regex);
                }
                '*' => regex += "[^/]*",
                '?' => regex += "[^/]",
                '[' => {
                    let (class, behind) = class(behind, self.is_double)?;
                    regex += &class;
                    rest = behind;
                    continue;
                }
                '{' if self.is_double => {
                    let (choices, behind) = choices(behind)?;
                    let each: Option<Vec<String>> =
                        choices.into_iter().map(|it| self.part(it, is_name_start)).collect();
                    regex += &format!("(?:{})", each?.join("|"));
                    rest = behind;
                    continue;
                }
                '\\' => {
                    let next = behind.chars().next()?;
                    literal(next, &mut regex);
                    rest = &behind[next.len_utf8()..];
                    continue;
                }
                c => literal(c, &mut regex),
            }
            rest = behind;
        }
        Some(regex)
    }
}

fn literal(c: char, regex: &mut String) {
    if c.is_ascii_punctuation() && c != '/' && c != '-' && c != '_' {
        regex.push('\\');
    }
    regex.push(c);
}

/// A class behind its `[`, which never is a `/`, and what follows it.
fn class(rest: &str, is_double: bool) -> Option<(String, &str)> {
    let mut chars = rest.chars().peekable();
    let is_not = |c: char| c == '^' || (is_double && c == '!');
    let is_negated = chars.next_if(|c| is_not(*c)).is_some();
    let (mut regex, mut is_empty) = (String::from("["), true);
    if is_negated {
        regex += "^/";
    }
    let one = |chars: &mut std::iter::Peekable<std::str::Chars<'_>>| match chars.next()? {
        '\\' => chars.next(),
        '-' | ']' => None,
        c => Some(c),
    };
    loop {
        if !is_empty && chars.next_if_eq(&']').is_some() {
            regex.push(']');
            let left: usize = chars.map(char::len_utf8).sum();
            return Some((regex, &rest[rest.len() - left..]));
        }
        let low = one(&mut chars)?;
        let high = if chars.next_if_eq(&'-').is_some() { one(&mut chars)? } else { low };
        // One that is empty matches nothing, and is none of a regular expression.
        if low > high || (!is_negated && low <= '/' && '/' <= high) {
            return None;
        }
        regex += &format!("\\x{{{:x}}}-\\x{{{:x}}}", u32::from(low), u32::from(high));
        is_empty = false;
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
        let name = |pattern: &str, text: &str| {
            finds(&of_name(pattern).unwrap(), text, &mut Purse::default()).unwrap()
        };
        let path = |pattern: &str, text: &str| {
            finds(&of_path(pattern).unwrap(), text, &mut Purse::default()).unwrap()
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
        ] {
            assert_eq!(name(pattern, text), matches, "{pattern} {text}");
        }
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
        ] {
            assert_eq!(path(pattern, text), matches, "{pattern} {text}");
        }
        assert!(["a[", "[]", "[b-a]", "a\\"].into_iter().all(|it| of_name(it).is_none()));
        assert_eq!(of_path("{a"), None);
        assert_eq!(
            example(&of_name("release-*").unwrap(), &mut Purse::default()).as_deref(),
            Some("release-")
        );
    }
}
