//! Tokens → tree: blocks and the actions that open and close them.
//!
//! What Go refuses while parsing is refused here, and what it refuses only while executing is not.

mod pipeline;
mod scope;
mod templates;
mod variables;

use std::collections::BTreeMap;

use self::scope::Scope;
use self::variables::Variables;
use super::function::Function;
use super::lexer::{self, Keyword, Kind, Token};
use super::tree::{Block, Choice, Node, Nodes, Range, Span, TemplateId};
use crate::boxed::exact;
use crate::templates::error::{Position, TemplateError};
use crate::templates::purse::Purse;
use crate::templates::regexp::Patterns;
use crate::templates::uses::Uses;
use crate::templates::value::Text;

/// A call with a number of arguments that its function does not take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Misfit {
    pub(super) start: usize,
    pub(super) function: Function,
    pub(super) arguments: usize,
}

/// How deep blocks and parentheses may be nested, so that no template overflows the stack.
const MAX_NESTING: usize = 100;

/// What any template takes, however short it is.
const PARSED_BYTES: usize = 1 << 10;

/// How messages call the action that may declare two variables.
const RANGE: &str = "`{{range}}`";

/// Finds a function by its name.
pub(super) type Resolve<'a> = &'a dyn Fn(&str) -> Option<Function>;

/// What the parser makes of a source.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) main: Block,
    /// The templates that are defined, by number; one that is only called is absent.
    pub(super) templates: Box<[Option<Block>]>,
    /// The names of the variables, by number; `$`, which is the first, is left out.
    pub(super) variables: Box<[Text]>,
    pub(super) uses: Uses,
    pub(super) is_straight_line: bool,
    /// The regular expressions that it spells out.
    pub(super) patterns: Patterns,
    pub(super) misfit: Option<Misfit>,
    /// Where the first function is named that Go does not have.
    pub(super) helper: Option<(usize, &'static str)>,
}

/// Parses a template.
///
/// # Errors
///
/// A parse error, with its place.
pub(super) fn parse(
    source: &str,
    resolve: Resolve<'_>,
    purse: &mut Purse,
) -> Result<Parsed, TemplateError> {
    purse.take_bytes(PARSED_BYTES + source.len())?;
    let mut parser = Parser {
        source,
        resolve,
        tokens: lexer::tokens(source, purse)?,
        purse,
        at: 0,
        closed_at: 0,
        nesting: 0,
        scope: Scope::main(),
        variables: Variables::default(),
        template_ids: BTreeMap::new(),
        templates: Vec::new(),
        names: Vec::new(),
        reads_all: false,
        is_straight_line: true,
        patterns: Patterns::new(),
        misfit: None,
        helper: None,
    };
    let main = parser.main()?;
    let templates = parser.templates.into_iter().map(|defined| defined.map(|it| it.body));
    let mut uses = Uses::of(parser.names);
    uses.all = parser.reads_all;
    Ok(Parsed {
        main,
        templates: templates.collect(),
        variables: parser.variables.into_names(),
        uses,
        is_straight_line: parser.is_straight_line,
        patterns: parser.patterns,
        misfit: parser.misfit,
        helper: parser.helper,
    })
}

/// What to write for a method, which no value has.
pub(super) fn no_method(name: &str) -> String {
    match Function::closest(name) {
        Some(function) => format!("values have no methods: pipe them, as in `.Title | {function}`"),
        None => "values have no methods: pipe them, as in `.Title | lower`".to_owned(),
    }
}

struct Parser<'s, 'p> {
    purse: &'p mut Purse,
    source: &'s str,
    resolve: Resolve<'s>,
    tokens: Vec<Token>,
    /// The next token.
    at: usize,
    /// Where the action begins that closed the last block.
    closed_at: usize,
    nesting: usize,
    scope: Scope,
    variables: Variables<'s>,
    template_ids: BTreeMap<Text, TemplateId>,
    templates: Vec<Option<Defined>>,
    /// The names of the variables that it may read, and whether it may read all of them.
    names: Vec<Text>,
    reads_all: bool,
    is_straight_line: bool,
    patterns: Patterns,
    /// The first call with a wrong number of arguments: where it stands, and what it calls.
    misfit: Option<Misfit>,
    helper: Option<(usize, &'static str)>,
}

/// A template that is defined.
struct Defined {
    body: Block,
    /// Whether it gives nothing but white space.
    is_blank: bool,
}

/// What opened a block: its keyword and where its action begins.
#[derive(Clone, Copy)]
struct Opener {
    keyword: &'static str,
    start: usize,
}

/// What ended a block; of `{{else if` and `{{else with` the pipeline comes next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Closer {
    End,
    Else,
    ElseIf,
    ElseWith,
}

impl<'s> Parser<'s, '_> {
    fn next(&mut self) -> Token {
        let token = self.tokens[self.at];
        // The last token is the end of the source: it stays.
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    fn peek(&self) -> Kind {
        self.tokens[self.at].kind
    }

    fn peek_past_space(&mut self) -> Kind {
        self.at += usize::from(self.peek() == Kind::Space);
        self.peek()
    }

    fn next_past_space(&mut self) -> Token {
        self.peek_past_space();
        self.next()
    }

    fn text_of(&self, span: Span) -> &'s str {
        &self.source[span.start..span.end]
    }

    fn fail<T>(&self, at: usize, message: impl Into<String>) -> Result<T, TemplateError> {
        Err(TemplateError::parse(message).at(Position::of(self.source, at)))
    }

    fn unexpected<T>(&self, token: Token, place: &str) -> Result<T, TemplateError> {
        let text = self.text_of(token.span).trim();
        let error = TemplateError::parse(format!("`{text}` does not belong in {place}"))
            .at(Position::of(self.source, token.span.start));
        Err(match self.called_like_jinja(token) {
            Some(hint) => error.hint(hint),
            None => error,
        })
    }

    /// What to write where a parenthesis follows a name without a space, as Jinja calls a function.
    fn called_like_jinja(&self, token: Token) -> Option<String> {
        let at = self.tokens.partition_point(|it| it.span.start < token.span.start);
        let before = self.tokens.get(at.checked_sub(1)?)?;
        let name = self.text_of(before.span);
        match (before.kind, token.kind) {
            (Kind::Identifier, Kind::LeftParen) => Some(format!(
                "in Go, arguments follow the name without parentheses and commas: `{name} …`"
            )),
            (Kind::Field, Kind::LeftParen) => Some(no_method(&name[1..])),
            _ => None,
        }
    }

    fn close_action(&mut self, keyword: &str) -> Result<(), TemplateError> {
        match self.next_past_space() {
            Token { kind: Kind::RightDelimiter, .. } => Ok(()),
            token => self.unexpected(token, &format!("`{{{{{keyword}}}}}`")),
        }
    }

    fn enter(&mut self, at: usize) -> Result<(), TemplateError> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            let what = "blocks and parentheses are nested too deep";
            return self.fail(at, format!("{what}: more than {MAX_NESTING} levels"));
        }
        Ok(())
    }

    /// Parses the whole source; only here templates may be defined.
    fn main(&mut self) -> Result<Block, TemplateError> {
        let mut nodes = Nodes::new();
        loop {
            let token = self.next();
            match token.kind {
                Kind::End => return Ok(exact(nodes.into_iter())),
                Kind::Text => nodes.push(Node::Text(token.span)),
                _ => match self.peek_past_space() {
                    Kind::Keyword(Keyword::Define) => self.define(token.span.start)?,
                    Kind::Keyword(Keyword::End) => {
                        return self.fail(token.span.start, "`{{end}}` closes nothing");
                    }
                    Kind::Keyword(Keyword::Else) => {
                        return self.fail(token.span.start, "`{{else}}` belongs to nothing");
                    }
                    _ => nodes.push(self.action(token.span.start)?),
                },
            }
        }
    }

    /// Parses what stands in a block, and what closes it.
    fn block(&mut self, opener: Opener) -> Result<(Block, Closer), TemplateError> {
        self.enter(opener.start)?;
        let mut nodes = Nodes::new();
        let closer = loop {
            let token = self.next();
            self.closed_at = token.span.start;
            match token.kind {
                Kind::Text => nodes.push(Node::Text(token.span)),
                Kind::End => {
                    let keyword = opener.keyword;
                    let message = format!("`{{{{{keyword}}}}}` has no `{{{{end}}}}`");
                    return self.fail(opener.start, message);
                }
                _ => match self.peek_past_space() {
                    Kind::Keyword(Keyword::End) => {
                        self.next();
                        self.close_action("end")?;
                        break Closer::End;
                    }
                    Kind::Keyword(Keyword::Else) => break self.alternative()?,
                    Kind::Keyword(Keyword::Define) => {
                        let message = "`{{define}}` may not stand inside another block";
                        return self.fail(token.span.start, message);
                    }
                    _ => nodes.push(self.action(token.span.start)?),
                },
            }
        };
        self.nesting -= 1;
        Ok((exact(nodes.into_iter()), closer))
    }

    /// Parses `else`, which comes next, up to its pipeline if it has one.
    fn alternative(&mut self) -> Result<Closer, TemplateError> {
        self.next();
        let closer = match self.peek_past_space() {
            Kind::Keyword(Keyword::If) => Closer::ElseIf,
            Kind::Keyword(Keyword::With) => Closer::ElseWith,
            _ => {
                self.close_action("else")?;
                return Ok(Closer::Else);
            }
        };
        self.next();
        Ok(closer)
    }

    /// Parses the block that nothing but `{{end}}` may close.
    fn last_block(&mut self, opener: Opener) -> Result<Block, TemplateError> {
        match self.block(opener)? {
            (block, Closer::End) => Ok(block),
            _ => {
                let keyword = opener.keyword;
                let message = format!("this `{{{{else}}}}` does not fit `{{{{{keyword}}}}}`");
                self.fail(self.closed_at, message)
            }
        }
    }

    /// Parses an action that neither closes nor defines; its left delimiter, at `start`, is behind us.
    fn action(&mut self, start: usize) -> Result<Node, TemplateError> {
        let Kind::Keyword(keyword) = self.peek_past_space() else {
            return Ok(Node::Print(self.pipeline("an action", Kind::RightDelimiter)?));
        };
        let token = self.next();
        match keyword {
            Keyword::If => self.choice(Opener { keyword: "if", start }),
            Keyword::With => self.choice(Opener { keyword: "with", start }),
            Keyword::Range => self.range(Opener { keyword: "range", start }),
            Keyword::Template => self.template(start),
            Keyword::Block => self.define_and_call(start),
            Keyword::Break => self.leave_range("break", start, Node::Break),
            Keyword::Continue => self.leave_range("continue", start, Node::Continue),
            Keyword::Define | Keyword::Else | Keyword::End => self.unexpected(token, "an action"),
        }
    }

    fn leave_range(
        &mut self,
        keyword: &str,
        start: usize,
        node: Node,
    ) -> Result<Node, TemplateError> {
        self.close_action(keyword)?;
        if self.scope.ranges == 0 {
            let message = format!("`{{{{{keyword}}}}}` is not inside a `{{{{range}}}}`");
            return self.fail(start, message);
        }
        Ok(node)
    }

    fn choice(&mut self, opener: Opener) -> Result<Node, TemplateError> {
        let sets_dot = opener.keyword == "with";
        let (again, place) =
            if sets_dot { (Closer::ElseWith, "`{{with}}`") } else { (Closer::ElseIf, "`{{if}}`") };
        let mark = self.scope.mark();
        let mut arms = Vec::new();
        let otherwise = loop {
            let condition = self.pipeline(place, Kind::RightDelimiter)?;
            let outer = self.scope.dot_is_root;
            self.scope.dot_is_root &= !sets_dot;
            let (body, closer) = self.block(opener)?;
            self.scope.dot_is_root = outer;
            arms.push((condition, body));
            if closer != again {
                break self.otherwise(opener, closer)?;
            }
        };
        self.scope.close(mark);
        let span = Span { start: opener.start, end: self.closed_at };
        Ok(Node::Choice(Box::new(Choice { span, sets_dot, arms: arms.into(), otherwise })))
    }

    /// Parses the `{{else}}` block if `closer` announces one.
    fn otherwise(&mut self, opener: Opener, closer: Closer) -> Result<Block, TemplateError> {
        match closer {
            Closer::End => Ok(Block::default()),
            Closer::Else => self.last_block(opener),
            Closer::ElseIf | Closer::ElseWith => {
                let keyword = opener.keyword;
                let other = if closer == Closer::ElseIf { "if" } else { "with" };
                let message = format!("`{{{{else {other}}}}}` does not fit `{{{{{keyword}}}}}`");
                self.fail(self.closed_at, message)
            }
        }
    }

    fn range(&mut self, opener: Opener) -> Result<Node, TemplateError> {
        self.is_straight_line = false;
        let mark = self.scope.mark();
        let over = self.pipeline(RANGE, Kind::RightDelimiter)?;
        let outer = self.scope.dot_is_root;
        self.scope.dot_is_root = false;
        self.scope.ranges += 1;
        let (body, closer) = self.block(opener)?;
        self.scope.ranges -= 1;
        self.scope.dot_is_root = outer;
        let otherwise = self.otherwise(opener, closer)?;
        self.scope.close(mark);
        Ok(Node::Range(Box::new(Range { over, body, otherwise })))
    }
}
