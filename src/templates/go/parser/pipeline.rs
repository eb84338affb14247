//! Tokens → tree: pipelines, commands and their arguments.

use smallvec::SmallVec;

use super::{Misfit, Parser, RANGE};
use crate::boxed::exact;
use crate::templates::error::{Position, TemplateError};
use crate::templates::go::function::Function;
use crate::templates::go::lexer::{Kind, Token};
use crate::templates::go::literal::{self, Number};
use crate::templates::go::tree::{
    Expr, ExprKind, NO_FUNCTION, Path, Pipeline, ROOT, Span, VariableId,
};
use crate::templates::helpers::{literal_pattern, why_absent};
use crate::templates::value::{Text, Value};

impl Parser<'_, '_> {
    /// Parses a pipeline up to and with the token `end`; `place` is where it stands, in words.
    pub(super) fn pipeline(&mut self, place: &str, end: Kind) -> Result<Pipeline, TemplateError> {
        self.peek_past_space();
        let start = self.tokens[self.at].span.start;
        let (targets, assigns) = self.targets(place)?;
        let mut commands: SmallVec<[Expr; 1]> = SmallVec::new();
        while self.peek_past_space() != end {
            let command = self.command(place, !commands.is_empty())?;
            let previous = commands.last_mut();
            if let (ExprKind::Call(function, _), Some(previous)) = (&command.kind, previous)
                && function.sees_absent()
            {
                previous.allow_absent();
            }
            commands.push(command);
        }
        let end = self.next().span;
        let Some(last) = commands.last() else {
            return self.fail(end.start, format!("a value is missing in {place}"));
        };
        let span = Span { start, end: last.span.end };
        Ok(Pipeline {
            span,
            targets: targets.into(),
            assigns,
            commands: exact(commands.into_iter()),
        })
    }

    /// Parses `$x :=`, `$x =` or, in a range, `$i, $x :=`, if that comes next.
    fn targets(&mut self, place: &str) -> Result<(Vec<VariableId>, bool), TemplateError> {
        let mut targets = Vec::new();
        while self.peek_past_space() == Kind::Variable {
            let before = self.at;
            let token = self.next();
            let separator = self.peek_past_space();
            if !matches!(separator, Kind::Declare | Kind::Assign | Kind::Comma) {
                self.at = before;
                break;
            }
            self.next();
            let variable = self.variables.number(self.text_of(token.span));
            self.scope.declare(variable);
            targets.push(variable);
            if separator != Kind::Comma {
                return Ok((targets, separator == Kind::Assign));
            }
            if place != RANGE || targets.len() > 1 {
                return self.fail(token.span.start, format!("too many variables in {place}"));
            }
            if self.peek_past_space() != Kind::Variable {
                return self.fail(token.span.start, "a second variable must follow the comma");
            }
        }
        Ok((targets, false))
    }

    /// Parses a command and the pipe behind it, if there is one.
    fn command(&mut self, place: &str, piped: bool) -> Result<Expr, TemplateError> {
        let mut operands: SmallVec<[Expr; 3]> = SmallVec::new();
        loop {
            self.peek_past_space();
            operands.extend(self.operand()?);
            let before = self.at;
            let token = self.next();
            match token.kind {
                Kind::Space => {}
                Kind::Pipe if !operands.is_empty() => break,
                Kind::RightDelimiter | Kind::RightParen if !operands.is_empty() => {
                    self.at = before;
                    break;
                }
                _ => return self.unexpected(token, place),
            }
        }
        let mut operands = operands.into_iter();
        let Some(first) = operands.next() else {
            return self.fail(self.tokens[self.at].span.start, format!("empty command in {place}"));
        };
        self.with_arguments(first, exact(operands), piped)
    }

    /// Makes a command of its first operand and the rest.
    fn with_arguments(
        &mut self,
        first: Expr,
        mut arguments: Box<[Expr]>,
        piped: bool,
    ) -> Result<Expr, TemplateError> {
        for argument in &arguments {
            if let ExprKind::Call(function, _) = argument.kind {
                self.note_call(function, 0, argument.span.start);
            }
        }
        let end = arguments.last().map_or(first.span.end, |last| last.span.end);
        let span = Span { start: first.span.start, end };
        let kind = match first.kind {
            ExprKind::Call(function, _) => {
                self.note_call(function, arguments.len() + usize::from(piped), span.start);
                if function.takes_pattern() {
                    self.note_pattern(arguments.first())?;
                }
                if function.sees_absent() {
                    arguments.iter_mut().for_each(Expr::allow_absent);
                }
                ExprKind::Call(function, arguments)
            }
            ExprKind::Literal(_) | ExprKind::Dot | ExprKind::Misuse(_) if piped => {
                return self
                    .fail(span.start, "a value is piped into something that is no function");
            }
            ExprKind::Literal(Value::Nil) => ExprKind::Misuse("`nil` alone is no command"),
            kind if arguments.is_empty() && !piped => kind,
            kind @ (ExprKind::Field(_) | ExprKind::Variable(..) | ExprKind::Chain(..)) => {
                let inner = Expr { span: first.span, kind };
                ExprKind::Method(Box::new(inner), arguments)
            }
            _ => ExprKind::Misuse(NO_FUNCTION),
        };
        Ok(Expr { span, kind })
    }

    fn note_call(&mut self, function: Function, arguments: usize, start: usize) {
        let is_first = self.misfit.as_ref().is_none_or(|misfit| start < misfit.start);
        if is_first && !function.accepts(arguments) {
            self.misfit = Some(Misfit { start, function, arguments });
        }
    }

    /// Compiles a regular expression that is spelled out.
    fn note_pattern(&mut self, argument: Option<&Expr>) -> Result<(), TemplateError> {
        self.is_straight_line = false;
        if let Some(Expr { kind: ExprKind::Literal(Value::Str(source)), span }) = argument
            && !self.patterns.contains_key(source)
        {
            let pattern = literal_pattern(source, self.purse)
                .map_err(|error| error.at(Position::of(self.source, span.start)))?;
            self.patterns.insert(source.clone(), pattern);
        }
        Ok(())
    }

    /// Parses a term and the fields that are attached to it; none if no term comes next.
    fn operand(&mut self) -> Result<Option<Expr>, TemplateError> {
        let token = self.tokens[self.at];
        let Some(kind) = self.term()? else { return Ok(None) };
        let mut names = Vec::new();
        while self.peek() == Kind::Field {
            let field = self.next().span;
            names.push(Text::from(&self.source[field.start + 1..field.end]));
        }
        let span = Span { start: token.span.start, end: self.tokens[self.at - 1].span.end };
        let kind = match kind {
            ExprKind::Field(first) => {
                if self.scope.dot_is_root {
                    self.names.extend(first.names.first().cloned());
                }
                match names.is_empty() {
                    true => ExprKind::Field(first),
                    false => ExprKind::Field(Path::new(first.names.into_iter().chain(names))),
                }
            }
            ExprKind::Variable(variable, _) => {
                if variable == ROOT && self.scope.dollar_is_root {
                    self.reads_all |= names.is_empty();
                    self.names.extend(names.first().cloned());
                }
                ExprKind::Variable(variable, Path::new(names))
            }
            kind if names.is_empty() => {
                self.reads_all |= matches!(kind, ExprKind::Dot) && self.scope.dot_is_root;
                kind
            }
            ExprKind::Literal(_) | ExprKind::Dot | ExprKind::Misuse(_) => {
                let text = self.text_of(token.span);
                return self.fail(span.start, format!("`{text}` has no fields"));
            }
            kind => {
                if let ExprKind::Call(function, _) = kind {
                    self.note_call(function, 0, span.start);
                }
                let inner = Expr { span: Span { start: span.start, end: token.span.end }, kind };
                ExprKind::Chain(Box::new(inner), Path::new(names))
            }
        };
        Ok(Some(Expr { span, kind }))
    }

    /// Parses a term; none, and nothing taken, if none comes next.
    fn term(&mut self) -> Result<Option<ExprKind>, TemplateError> {
        let before = self.at;
        let token = self.next();
        let text = self.text_of(token.span);
        let kind = match token.kind {
            Kind::Identifier => {
                let Some(function) = (self.resolve)(text) else {
                    return self.unknown_function(token);
                };
                if let (Function::Helper(helper), None) = (function, self.helper) {
                    self.helper = Some((token.span.start, helper.name));
                }
                ExprKind::Call(function, Box::default())
            }
            Kind::Dot => ExprKind::Dot,
            Kind::Field => ExprKind::Field(Path::new([text[1..].into()])),
            Kind::Variable => {
                let known = self.variables.find(text).filter(|&it| self.scope.sees(it));
                let Some(variable) = known else {
                    let message = format!("variable `{text}` is not defined");
                    return self.fail(token.span.start, message);
                };
                ExprKind::Variable(variable, Path::new([]))
            }
            Kind::Nil => ExprKind::Literal(Value::Nil),
            Kind::Bool(value) => ExprKind::Literal(Value::Bool(value)),
            Kind::Number => self.number(token, literal::number)?,
            Kind::Char => self.number(token, literal::character)?,
            Kind::QuotedString | Kind::RawString => {
                ExprKind::Literal(Value::Str(self.string(token)?))
            }
            Kind::LeftParen => {
                self.enter(token.span.start)?;
                let inner = self.pipeline("parentheses", Kind::RightParen)?;
                self.nesting -= 1;
                ExprKind::Parens(Box::new(inner))
            }
            _ => {
                self.at = before;
                return Ok(None);
            }
        };
        Ok(Some(kind))
    }

    fn unknown_function<T>(&self, token: Token) -> Result<T, TemplateError> {
        let name = self.text_of(token.span);
        if let Some((message, instead)) = why_absent(name) {
            return self.fail(token.span.start, message).map_err(
                |error: TemplateError| match instead {
                    Some(instead) => error.hint(format!("there is `{instead}`")),
                    None => error,
                },
            );
        }
        self.fail(token.span.start, format!("function `{name}` is not defined")).map_err(
            |error: TemplateError| {
                error.hint(match Function::closest(name) {
                    // Kelos's own templates have none.
                    Some(meant) if meant == name => {
                        format!("only rules annotations have the helper `{name}`")
                    }
                    Some(meant) if (self.resolve)(meant).is_some() => {
                        format!("did you mean `{meant}`?")
                    }
                    Some(meant) => {
                        format!("did you mean `{meant}`? Only rules annotations have it")
                    }
                    None => format!("a variable is written with a dot: `.{name}`"),
                })
            },
        )
    }

    fn number(
        &self,
        token: Token,
        read: fn(&str) -> Result<Number, literal::Problem>,
    ) -> Result<ExprKind, TemplateError> {
        let text = self.text_of(token.span);
        match read(text) {
            Ok(Number::Int(int)) => Ok(ExprKind::Literal(Value::Int(int))),
            Ok(Number::Float(float)) => Ok(ExprKind::Literal(Value::Float(float))),
            Ok(Number::TooLarge) => Ok(ExprKind::Misuse("the number is too large for an int")),
            Err(problem) => {
                let error = TemplateError::parse(format!("`{text}` {problem}"))
                    .at(Position::of(self.source, token.span.start));
                Err(match token.kind {
                    Kind::Char => {
                        error.hint("a text has double quotes in Go: `\"…\"`, or backquotes")
                    }
                    _ => error,
                })
            }
        }
    }

    /// The value of a string token.
    pub(super) fn string(&self, token: Token) -> Result<Text, TemplateError> {
        let text = self.text_of(token.span);
        if token.kind == Kind::RawString {
            return Ok(literal::raw_string(text));
        }
        match literal::quoted_string(text) {
            Ok(string) => Ok(string),
            Err(problem) => self.fail(token.span.start, format!("the string {problem}")),
        }
    }
}
