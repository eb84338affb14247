//! Sets of characters.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use regex_syntax::hir::{self, ClassUnicode, ClassUnicodeRange, HirKind};

use crate::templates::interner::Interner;

/// How many characters may be compared without case in one regular expression: making the other
/// cases of a large set takes long.
pub(super) const MAX_FOLDED: u32 = 300_000;

/// How many ranges make a set worth sharing.
const SHARED_RANGES: usize = 16;

/// A set of characters: ranges in ascending order. Cloning it is cheap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::templates) struct Class(Arc<Box<[(char, char)]>>);

impl Class {
    /// The set of these ranges. Large ones are there once in a process.
    pub(super) fn new(ranges: &ClassUnicode) -> Class {
        let ranges: Box<[_]> =
            ranges.ranges().iter().map(|range| (range.start(), range.end())).collect();
        if ranges.len() < SHARED_RANGES { Class(Arc::new(ranges)) } else { shared(ranges) }
    }

    /// How many ranges there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// A character of the set, one that is easily read if there is one.
    pub(super) fn example(&self) -> Option<char> {
        let plain = "ax0A-_/. ".chars().find(|c| self.has(*c));
        plain.or_else(|| self.0.first().map(|(start, _)| *start))
    }

    /// Whether the character is in the set.
    pub(in crate::templates) fn has(&self, c: char) -> bool {
        let at = self.0.partition_point(|(_, end)| *end < c);
        self.0.get(at).is_some_and(|(start, _)| *start <= c)
    }
}

/// The set with these ranges that is there already, or a new one.
fn shared(ranges: Box<[(char, char)]>) -> Class {
    type Known = Interner<Box<[(char, char)]>>;
    static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);

    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let hash = known.hash(&ranges);
    if let Some(same) = known.find(hash, |same| *same == ranges) {
        return Class(same);
    }
    let new = Arc::new(ranges);
    known.insert(hash, &new);
    Class(new)
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

/// `\p{NAME}`: a category or a script of Unicode, with the other cases of its letters if asked. Each is
/// made once in the life of a process: Unicode has some 400 names.
pub(super) fn unicode(name: &str, fold: bool) -> Option<Arc<ClassUnicode>> {
    type Known = BTreeMap<(Box<str>, bool), Arc<ClassUnicode>>;
    static KNOWN: Mutex<Known> = Mutex::new(Known::new());

    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(is_name) {
        return None;
    }
    // As Unicode compares names.
    let loose: Box<str> =
        name.chars().filter(|c| *c != '_').map(|c| c.to_ascii_lowercase()).collect();
    let key = (loose, fold);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(class) = known.get(&key) {
        return Some(Arc::clone(class));
    }
    let mut class = parse_unicode(name)?;
    if fold {
        class.case_fold_simple();
    }
    let class = Arc::new(class);
    known.insert(key, Arc::clone(&class));
    Some(class)
}

fn parse_unicode(name: &str) -> Option<ClassUnicode> {
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
