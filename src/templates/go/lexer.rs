//! Source → tokens, by the rules of Go's text/template/parse.
//!
//! Spaces are tokens: they separate arguments, and `.A.B` is not `.A .B`.

use super::tree::Span;
use crate::templates::budget::Exhausted;
use crate::templates::error::{Position, TemplateError};
use crate::templates::purse::Purse;

/// What a space costs, in steps and bytes: it is skipped. The list of tokens grows by doubling.
const SPACE: (u64, usize) = (1, 3 * size_of::<Token>());
/// What any other token costs: its place in the list, and the most that the parser makes of one.
const TOKEN: (u64, usize) = (3, 3 * size_of::<Token>() + 176);

/// The tokens of most templates: `x {{.A | b}}`.
const FEW: usize = 16;

const LEFT: &str = "{{";
const RIGHT: &str = "}}";
/// What Go trims and skips: not what Unicode calls white space.
const SPACES: [char; 4] = [' ', '\t', '\r', '\n'];

/// A token and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

/// The kinds of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    LeftDelimiter,
    RightDelimiter,
    Space,
    Declare,
    Assign,
    Comma,
    Pipe,
    LeftParen,
    RightParen,
    Dot,
    Field,
    Variable,
    Identifier,
    Keyword(Keyword),
    Bool(bool),
    Nil,
    QuotedString,
    RawString,
    Char,
    Number,
    End,
}

/// The words that begin an action of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyword {
    Block,
    Break,
    Continue,
    Define,
    Else,
    End,
    If,
    Range,
    Template,
    With,
}

/// Splits a template into tokens; the last one is [`Kind::End`].
///
/// # Errors
///
/// A parse error at the first character that fits nowhere.
pub(super) fn tokens(source: &str, purse: &mut Purse) -> Result<Vec<Token>, TemplateError> {
    purse.take_reading(source.len())?;
    let mut lexer = Lexer { source, start: 0, at: 0, tokens: Vec::with_capacity(FEW), purse };
    while lexer.text()? {
        lexer.action()?;
    }
    lexer.emit(Kind::End)?;
    Ok(lexer.tokens)
}

struct Lexer<'s, 'p> {
    purse: &'p mut Purse,
    source: &'s str,
    /// Where the token under way begins.
    start: usize,
    at: usize,
    tokens: Vec<Token>,
}

impl<'s> Lexer<'s, '_> {
    fn rest(&self) -> &'s str {
        &self.source[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn accept(&mut self, wanted: &str) -> bool {
        let found = self.peek().is_some_and(|c| wanted.contains(c));
        self.at += usize::from(found);
        found
    }

    fn skip_while(&mut self, wanted: impl Fn(char) -> bool) {
        let rest = self.rest();
        self.at += rest.find(|c| !wanted(c)).unwrap_or(rest.len());
    }

    fn emit(&mut self, kind: Kind) -> Result<(), Exhausted> {
        self.push(kind, Span { start: self.start, end: self.at })?;
        self.start = self.at;
        Ok(())
    }

    /// Adds a token, and pays for what the parser will make of it.
    fn push(&mut self, kind: Kind, span: Span) -> Result<(), Exhausted> {
        let (steps, bytes) = match kind {
            Kind::Space => SPACE,
            _ => TOKEN,
        };
        self.purse.take_steps(steps)?;
        self.purse.take_bytes(bytes)?;
        self.tokens.push(Token { kind, span });
        Ok(())
    }

    fn fail<T>(&self, at: usize, message: impl Into<String>) -> Result<T, TemplateError> {
        Err(TemplateError::parse(message).at(Position::of(self.source, at)))
    }

    /// Takes text up to the next action; false at the end of the source.
    fn text(&mut self) -> Result<bool, Exhausted> {
        let length = self.rest().find(LEFT);
        self.at += length.unwrap_or(self.rest().len());
        let mut text = &self.source[self.start..self.at];
        if trims_left(&self.source[self.at..]) {
            text = text.trim_end_matches(SPACES);
        }
        if !text.is_empty() {
            let span = Span { start: self.start, end: self.start + text.len() };
            self.push(Kind::Text, span)?;
        }
        self.start = self.at;
        Ok(length.is_some())
    }

    /// Takes a comment or an action, from its left delimiter to behind its right one.
    fn action(&mut self) -> Result<(), TemplateError> {
        let begin = self.at;
        let trim = if trims_left(self.rest()) { 2 } else { 0 };
        self.at += LEFT.len();
        if self.rest()[trim..].starts_with("/*") {
            self.at += trim;
            return self.comment(begin);
        }
        self.emit(Kind::LeftDelimiter)?;
        self.at += trim;
        self.start = self.at;
        let mut open_parens = Vec::new();
        while !self.right_delimiter(&open_parens)? {
            self.inside(begin, &mut open_parens)?;
        }
        Ok(())
    }

    fn comment(&mut self, begin: usize) -> Result<(), TemplateError> {
        self.at += "/*".len();
        let Some(length) = self.rest().find("*/") else {
            return self.fail(begin, "the comment has no closing `*/}}`");
        };
        self.at += length + "*/".len();
        if !self.close() {
            return self.fail(self.at, "a comment must end with `*/}}` or `*/ -}}`");
        }
        self.start = self.at;
        Ok(())
    }

    /// Takes the right delimiter if it comes next.
    fn right_delimiter(&mut self, open_parens: &[usize]) -> Result<bool, TemplateError> {
        let begin = self.at;
        if !self.close() {
            return Ok(false);
        }
        if let Some(&paren) = open_parens.last() {
            return self.fail(paren, "the parenthesis is not closed");
        }
        self.push(Kind::RightDelimiter, Span { start: begin, end: self.at })?;
        self.start = self.at;
        Ok(true)
    }

    /// Skips `}}`, or ` -}}` and the space behind it, if that comes next.
    fn close(&mut self) -> bool {
        if trims_right(self.rest()) {
            self.at += 2 + RIGHT.len();
            self.skip_while(|c| SPACES.contains(&c));
            true
        } else if self.rest().starts_with(RIGHT) {
            self.at += RIGHT.len();
            true
        } else {
            false
        }
    }

    /// Takes one token inside an action.
    fn inside(&mut self, begin: usize, parens: &mut Vec<usize>) -> Result<(), TemplateError> {
        let Some(c) = self.next() else {
            return self.fail(begin, "the action has no closing `}}`");
        };
        let kind = match c {
            _ if SPACES.contains(&c) => self.space(),
            '=' => Kind::Assign,
            ':' if self.accept("=") => Kind::Declare,
            ',' => Kind::Comma,
            '|' => Kind::Pipe,
            '(' => {
                parens.push(self.start);
                Kind::LeftParen
            }
            ')' if parens.pop().is_some() => Kind::RightParen,
            ')' => return self.fail(self.start, "the parenthesis closes nothing"),
            '"' => self.quoted(c, Kind::QuotedString)?,
            '\'' => self.quoted(c, Kind::Char)?,
            '`' => self.raw_string()?,
            '$' => self.name(Kind::Variable)?,
            '.' if !self.peek().is_some_and(|c| c.is_ascii_digit()) => {
                let dot = self.at_terminator();
                self.name(if dot { Kind::Dot } else { Kind::Field })?
            }
            '.' | '+' | '-' | '0'..='9' => {
                self.at = self.start;
                self.number()?
            }
            _ if is_alphanumeric(c) => self.word()?,
            _ => return self.fail(self.start, format!("`{c}` does not belong in an action")),
        };
        self.emit(kind)?;
        Ok(())
    }

    fn space(&mut self) -> Kind {
        self.skip_while(|c| SPACES.contains(&c));
        // The last of them may belong to ` -}}`.
        if trims_right(&self.source[self.at - 1..]) && self.at - 1 > self.start {
            self.at -= 1;
        }
        Kind::Space
    }

    fn quoted(&mut self, quote: char, kind: Kind) -> Result<Kind, TemplateError> {
        loop {
            match self.next() {
                Some(c) if c == quote => return Ok(kind),
                Some('\\') if !matches!(self.next(), None | Some('\n')) => {}
                None | Some('\n' | '\\') => {
                    return self.fail(self.start, format!("the closing `{quote}` is missing"));
                }
                Some(_) => {}
            }
        }
    }

    fn raw_string(&mut self) -> Result<Kind, TemplateError> {
        self.skip_while(|c| c != '`');
        match self.next() {
            Some(_) => Ok(Kind::RawString),
            None => self.fail(self.start, "the closing backquote is missing"),
        }
    }

    /// Takes the letters of a name whose first character is behind us.
    fn name(&mut self, kind: Kind) -> Result<Kind, TemplateError> {
        if kind != Kind::Dot {
            self.skip_while(is_alphanumeric);
        }
        match self.peek() {
            Some(c) if !self.at_terminator() => {
                let name = &self.source[self.start..self.at];
                self.fail(self.at, format!("`{c}` can't follow `{name}`: leave a space"))
            }
            _ => Ok(kind),
        }
    }

    fn word(&mut self) -> Result<Kind, TemplateError> {
        self.name(Kind::Identifier)?;
        Ok(match &self.source[self.start..self.at] {
            "block" => Kind::Keyword(Keyword::Block),
            "break" => Kind::Keyword(Keyword::Break),
            "continue" => Kind::Keyword(Keyword::Continue),
            "define" => Kind::Keyword(Keyword::Define),
            "else" => Kind::Keyword(Keyword::Else),
            "end" => Kind::Keyword(Keyword::End),
            "if" => Kind::Keyword(Keyword::If),
            "range" => Kind::Keyword(Keyword::Range),
            "template" => Kind::Keyword(Keyword::Template),
            "with" => Kind::Keyword(Keyword::With),
            "nil" => Kind::Nil,
            "true" => Kind::Bool(true),
            "false" => Kind::Bool(false),
            _ => Kind::Identifier,
        })
    }

    /// Takes what looks like a number; whether it is one is for [`super::literal`] to say.
    fn number(&mut self) -> Result<Kind, TemplateError> {
        self.accept("+-");
        let mut digits: fn(char) -> bool = |c| c.is_ascii_digit() || c == '_';
        let mut exponent = "eE";
        if self.accept("0") {
            if self.accept("xX") {
                digits = |c| c.is_ascii_hexdigit() || c == '_';
                exponent = "pP";
            } else if self.accept("oO") || self.accept("bB") {
                exponent = "";
            }
        }
        self.skip_while(digits);
        if self.accept(".") {
            self.skip_while(digits);
        }
        if self.accept(exponent) {
            self.accept("+-");
            self.skip_while(|c| c.is_ascii_digit() || c == '_');
        }
        match self.peek() {
            Some(c) if is_alphanumeric(c) || c == '+' || c == '-' => {
                self.skip_while(|c| is_alphanumeric(c) || c == '+' || c == '-');
                let text = &self.source[self.start..self.at];
                self.fail(self.start, format!("`{text}` is not a number"))
            }
            _ => Ok(Kind::Number),
        }
    }

    /// Whether a name may end here.
    fn at_terminator(&self) -> bool {
        self.peek().is_none_or(|c| SPACES.contains(&c) || ".,|:)(".contains(c))
            || self.rest().starts_with(RIGHT)
    }
}

/// Whether an action begins here with `{{- `.
fn trims_left(source: &str) -> bool {
    source.strip_prefix("{{-").is_some_and(|rest| rest.starts_with(SPACES))
}

/// Whether an action ends here with ` -}}`.
fn trims_right(source: &str) -> bool {
    source.strip_prefix(SPACES).is_some_and(|rest| rest.starts_with("-}}"))
}

/// Letters, digits and `_`; a few characters that Go takes for neither are let through.
fn is_alphanumeric(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

#[cfg(test)]
mod tests;
