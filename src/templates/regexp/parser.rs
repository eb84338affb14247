//! Source → tree, by the rules of Go's `regexp/syntax` with its Perl flags.

mod escape;
mod set;

use super::PatternError;
use super::class::{self, Class};
use super::repetition::{self, Repetition};
use crate::templates::purse::Purse;

/// What a regular expression, or a part of it, matches.
#[derive(Debug)]
pub(super) enum Node {
    Char(char),
    /// A set, by its number.
    Class(usize),
    /// Any character; with `newline`, a line break too.
    Any {
        newline: bool,
    },
    Look(Look),
    Group(usize, Box<Node>),
    Concat(Vec<Node>),
    Either(Vec<Node>),
    Repeat(Box<Node>, Repetition),
}

/// A place between two characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    TextStart,
    TextEnd,
    LineStart,
    LineEnd,
    Word,
    NotWord,
}

/// What the parser makes of a source.
pub(super) struct Parsed {
    pub(super) root: Node,
    pub(super) classes: Vec<Class>,
    pub(super) groups: Vec<Option<Box<str>>>,
    /// How many characters were looked up for their other cases.
    pub(super) folded: u32,
}

/// Parses a regular expression.
pub(super) fn parse(source: &str, purse: &mut Purse) -> Result<Parsed, PatternError> {
    let mut parser = Parser {
        purse,
        source,
        rest: source,
        flags: Flags::default(),
        classes: Vec::new(),
        ranges: 0,
        folded: 0,
        named: Vec::new(),
        groups: vec![None],
    };
    let root = parser.alternatives()?;
    if !parser.rest.is_empty() {
        return Err(parser.fail("`)` closes nothing"));
    }
    let Parser { classes, groups, folded, .. } = parser;
    Ok(Parsed { root, classes, groups, folded })
}

#[derive(Clone, Copy, Default)]
struct Flags {
    fold: bool,
    multi_line: bool,
    dot_all: bool,
    ungreedy: bool,
}

struct Parser<'s, 'p> {
    purse: &'p mut Purse,
    source: &'s str,
    rest: &'s str,
    flags: Flags,
    classes: Vec<Class>,
    ranges: usize,
    folded: u32,
    /// Unicode's sets that were looked up with their other cases.
    named: Vec<&'s str>,
    groups: Vec<Option<Box<str>>>,
}

type Result<T, E = PatternError> = std::result::Result<T, E>;

impl<'s> Parser<'s, '_> {
    fn fail(&self, what: &str) -> PatternError {
        let before = &self.source[..self.source.len() - self.rest.len()];
        PatternError::Wrong(format!("is wrong at character {}: {what}", before.chars().count() + 1))
    }

    fn eat(&mut self, start: &str) -> bool {
        match self.rest.strip_prefix(start) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let c = chars.next()?;
        self.rest = chars.as_str();
        Some(c)
    }

    /// Parses up to the end of the group or of the source.
    fn alternatives(&mut self) -> Result<Node> {
        let mut branches = vec![self.sequence()?];
        while self.eat("|") {
            branches.push(self.sequence()?);
        }
        Ok(if branches.len() == 1 { branches.remove(0) } else { Node::Either(branches) })
    }

    fn sequence(&mut self) -> Result<Node> {
        let mut items: Vec<Node> = Vec::new();
        // Whether a repetition has something to repeat.
        let mut repeatable = false;
        while let Some(c) = self.rest.chars().next().filter(|c| !matches!(c, '|' | ')')) {
            if let Some((repetition, rest)) = self.repetition()? {
                let Some(item) = items.pop().filter(|_| repeatable) else {
                    return Err(self.fail("there is nothing to repeat"));
                };
                items.push(Node::Repeat(Box::new(item), repetition));
                self.rest = rest;
                if self.repetition()?.is_some() {
                    return Err(self.fail("a repetition can't be repeated: use a group `(?:…)`"));
                }
                continue;
            }
            let before = items.len();
            match c {
                '(' => items.extend(self.group()?),
                '\\' if self.eat("\\Q") => {
                    let (literal, rest) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
                    self.rest = rest;
                    for c in literal.chars() {
                        items.push(self.literal(c)?);
                    }
                }
                _ => items.push(self.single(c)?),
            }
            // As in Go, what follows flags repeats what is before them.
            repeatable |= items.len() > before;
        }
        Ok(if items.len() == 1 { items.remove(0) } else { Node::Concat(items) })
    }

    /// The repetition that comes next, and what follows it; nothing is taken yet.
    fn repetition(&self) -> Result<Option<(Repetition, &'s str)>> {
        repetition::parse(self.rest, self.flags.ungreedy).map_err(|what| self.fail(what))
    }

    /// Parses one character, or what stands for one or for a place.
    fn single(&mut self, c: char) -> Result<Node> {
        let lines = self.flags.multi_line;
        match c {
            '[' => self.class(),
            '\\' => self.escaped(),
            _ => {
                self.next();
                match c {
                    '.' => Ok(Node::Any { newline: self.flags.dot_all }),
                    '^' => Ok(Node::Look(if lines { Look::LineStart } else { Look::TextStart })),
                    '$' => Ok(Node::Look(if lines { Look::LineEnd } else { Look::TextEnd })),
                    c => self.literal(c),
                }
            }
        }
    }

    fn literal(&mut self, c: char) -> Result<Node> {
        let has_cases = self.flags.fold && (c.is_alphabetic() || !c.is_ascii());
        match has_cases {
            true => self.set(class::of(&[(c, c)]), false),
            false => Ok(Node::Char(c)),
        }
    }

    /// Parses what begins with a backslash, outside of a set.
    fn escaped(&mut self) -> Result<Node> {
        for (written, look) in [
            ("\\A", Look::TextStart),
            ("\\b", Look::Word),
            ("\\B", Look::NotWord),
            ("\\z", Look::TextEnd),
        ] {
            if self.eat(written) {
                return Ok(Node::Look(look));
            }
        }
        match self.escaped_class()? {
            Some(class) => self.add(&class),
            None => {
                let c = self.escape()?;
                self.literal(c)
            }
        }
    }

    /// Parses `(…)`, which comes next; `(?i)` alone gives nothing and sets flags.
    fn group(&mut self) -> Result<Option<Node>> {
        let whole = self.rest;
        let outer = self.flags;
        let mut number = None;
        if self.eat("(?P<") || self.eat("(?<") {
            let name = self.group_name()?;
            self.groups.push(Some(name));
            number = Some(self.groups.len() - 1);
        } else if self.eat("(?") {
            if self.set_flags()? == ')' {
                return Ok(None);
            }
        } else {
            self.next();
            self.groups.push(None);
            number = Some(self.groups.len() - 1);
        }
        let inner = self.alternatives()?;
        if !self.eat(")") {
            self.rest = whole;
            return Err(self.fail("`(` is not closed"));
        }
        self.flags = outer;
        Ok(Some(match number {
            Some(number) => Node::Group(number, Box::new(inner)),
            None => Node::Concat(vec![inner]),
        }))
    }

    fn group_name(&mut self) -> Result<Box<str>> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let (name, rest) = self.rest.split_once('>').unwrap_or_default();
        if name.is_empty() || !name.chars().all(is_name) {
            return Err(self.fail("a group's name has letters, digits and `_`, and `>` behind it"));
        }
        self.rest = rest;
        Ok(name.into())
    }

    /// Parses flags up to `:` or `)`, and says which it was.
    fn set_flags(&mut self) -> Result<char> {
        let (mut on, mut any) = (true, false);
        loop {
            let before = self.rest;
            match self.next() {
                Some('i') => self.flags.fold = on,
                Some('m') => self.flags.multi_line = on,
                Some('s') => self.flags.dot_all = on,
                Some('U') => self.flags.ungreedy = on,
                Some('-') if on => (on, any) = (false, false),
                Some(end @ (':' | ')')) if on || any => return Ok(end),
                _ => {
                    self.rest = before;
                    return Err(self.fail(
                        "`(?` takes the flags i, m, s and U, a name `(?P<name>…)`, or `(?:…)`",
                    ));
                }
            }
            any |= before.as_bytes().first() != Some(&b'-');
        }
    }
}
