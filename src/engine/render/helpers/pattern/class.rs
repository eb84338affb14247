//! Sets of characters.

use regex_syntax::hir::{self, ClassUnicode, ClassUnicodeRange, HirKind};

/// How many characters may be compared without case in one regular expression: making the other
/// cases of a large set takes long.
pub(super) const MAX_FOLDED: u32 = 300_000;

/// A set of characters: ranges in ascending order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::engine::render::helpers) struct Class(Box<[(char, char)]>);

impl Class {
    /// The set of these ranges.
    pub(super) fn new(ranges: &ClassUnicode) -> Class {
        Class(ranges.ranges().iter().map(|range| (range.start(), range.end())).collect())
    }

    /// How many ranges there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the character is in the set.
    pub(in crate::engine::render::helpers) fn has(&self, c: char) -> bool {
        let at = self.0.partition_point(|(_, end)| *end < c);
        self.0.get(at).is_some_and(|(start, _)| *start <= c)
    }
}

/// The set of the given ranges.
pub(super) fn of(ranges: &[(char, char)]) -> ClassUnicode {
    ClassUnicode::new(ranges.iter().map(|(start, end)| ClassUnicodeRange::new(*start, *end)))
}

/// How many characters are in the set.
pub(super) fn count(class: &ClassUnicode) -> u32 {
    class.ranges().iter().map(|range| range.end() as u32 - range.start() as u32 + 1).sum()
}

/// `\d`, `\s`, `\w`: ASCII only.
pub(super) fn perl(letter: char) -> Option<ClassUnicode> {
    Some(of(match letter {
        'd' => &[('0', '9')],
        's' => &[('\t', '\n'), ('\x0c', '\r'), (' ', ' ')],
        'w' => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        _ => return None,
    }))
}

/// `[:alpha:]` and its like, by name.
pub(super) fn posix(name: &str) -> Option<ClassUnicode> {
    Some(of(match name {
        "alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
        "alpha" => &[('A', 'Z'), ('a', 'z')],
        "ascii" => &[('\0', '\x7f')],
        "blank" => &[('\t', '\t'), (' ', ' ')],
        "cntrl" => &[('\0', '\x1f'), ('\x7f', '\x7f')],
        "digit" => &[('0', '9')],
        "graph" => &[('!', '~')],
        "lower" => &[('a', 'z')],
        "print" => &[(' ', '~')],
        "punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "space" => &[('\t', '\r'), (' ', ' ')],
        "upper" => &[('A', 'Z')],
        "word" => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        "xdigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
        _ => return None,
    }))
}

/// `\p{NAME}`: a category or a script of Unicode.
pub(super) fn unicode(name: &str) -> Option<ClassUnicode> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(is_name) {
        return None;
    }
    match regex_syntax::parse(&format!("\\p{{{name}}}")).ok()?.kind() {
        HirKind::Class(hir::Class::Unicode(class)) => Some(class.clone()),
        // A category with a single character.
        HirKind::Literal(literal) => {
            let c = std::str::from_utf8(&literal.0).ok()?.chars().next()?;
            Some(of(&[(c, c)]))
        }
        _ => None,
    }
}
