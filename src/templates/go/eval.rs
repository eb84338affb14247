//! Tree and variables → text.
//!
//! The stack of variables follows Go's to the letter: names are looked up while rendering, and a
//! variable lives until the block ends in which it was declared *and reached*.

mod expression;
mod plain;

use std::borrow::Cow;
use std::sync::LazyLock;

use smallvec::SmallVec;
use smol_str::SmolStrBuilder;

use super::flat::{Part, ShortSpan};
use super::function::Builtin;
use super::outline::NO_VALUE;
use super::parser::Parsed;
use super::tree::{Block, Choice, Invoke, Node, Pipeline, ROOT, Range, Span, VariableId};
use crate::templates::budget::{Budget, Exhausted, VALUE_BYTES};
use crate::templates::error::ErrorKind;
use crate::templates::error::{Position, TemplateError};
use crate::templates::gofmt;
use crate::templates::value::{Map, Text, Value};

/// How deep templates may call each other.
const MAX_CALLS: usize = 100;
/// How deep blocks, parentheses and template calls together may be under way: less than 1 MiB of
/// stack.
const MAX_DEPTH: usize = 300;
/// How much of the source a message quotes, in characters.
const MAX_QUOTE: usize = 60;

/// Renders a template with `root` as its `.` and `$`; a plain one prints what Go prints for nothing.
///
/// # Errors
///
/// Any reason but a parse error, with its place.
pub(super) fn render(
    source: &str,
    parsed: &Parsed,
    root: Value,
    is_plain: bool,
    budget: &mut Budget,
) -> Result<Text, TemplateError> {
    let mut evaluator = Evaluator::new(source, parsed, is_plain, budget);
    evaluator.variables.push((ROOT, root.clone()));
    evaluator.walk(&root, &parsed.main)?;
    Ok(evaluator.output.finish())
}

/// Renders a flat template, as [`render`] would.
///
/// # Errors
///
/// As [`render`].
pub(super) fn flat(
    source: &str,
    parts: &[Part],
    root: &Map,
    budget: &mut Budget,
) -> Result<Text, TemplateError> {
    static NOTHING: LazyLock<Parsed> = LazyLock::new(Parsed::default);
    let mut evaluator = Evaluator::new(source, &NOTHING, false, budget);
    for part in parts {
        match *part {
            Part::Text(text) => evaluator.write(text.text(source), text.span())?,
            Part::Name(name) => {
                let value = evaluator.variable(root, name)?;
                evaluator.print(value, name.span())?;
            }
            Part::Element { call, of, number, at } => {
                let call = call.span();
                // One for the call, and one for its number.
                evaluator.take_step(call)?;
                let value = evaluator.variable(root, of)?;
                let number = number as usize;
                evaluator.take_step(Span { start: number, end: number })?;
                let arguments = [value.clone(), Value::Int(i64::from(at))];
                let element = Builtin::Index.call(&arguments, evaluator.budget);
                let element = element.map_err(|error| evaluator.place(error, call))?;
                evaluator.print(&element, call)?;
            }
        }
    }
    Ok(evaluator.output.finish())
}

struct Evaluator<'a> {
    source: &'a str,
    parsed: &'a Parsed,
    /// Whether nothing is printed as Go does, instead of being an error.
    is_plain: bool,
    budget: &'a mut Budget,
    variables: SmallVec<[(VariableId, Value); 1]>,
    /// Where the variables of the running template begin.
    frame: usize,
    calls: usize,
    depth: usize,
    output: SmolStrBuilder,
}

/// What comes after a node.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
}

impl<'a> Evaluator<'a> {
    fn new(
        source: &'a str,
        parsed: &'a Parsed,
        is_plain: bool,
        budget: &'a mut Budget,
    ) -> Evaluator<'a> {
        Evaluator {
            source,
            parsed,
            is_plain,
            budget,
            variables: SmallVec::new(),
            frame: 0,
            calls: 0,
            depth: 0,
            output: SmolStrBuilder::new(),
        }
    }

    /// The variable of a flat template that is named there.
    fn variable<'r>(&mut self, root: &'r Map, name: ShortSpan) -> Result<&'r Value, TemplateError> {
        let span = name.span();
        // One for the expression, and one for its name.
        self.take_step(span)?;
        self.take_step(span)?;
        let value = root.get(name.name(self.source));
        value.ok_or_else(|| self.place(TemplateError::missing(&self.quote(span)), span))
    }

    fn take_step(&mut self, span: Span) -> Result<(), TemplateError> {
        self.budget.take_steps(1).map_err(|error| self.place(error, span))
    }

    fn walk(&mut self, dot: &Value, block: &'a Block) -> Result<Flow, TemplateError> {
        for node in block {
            let flow = self.node(dot, node)?;
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn node(&mut self, dot: &Value, node: &'a Node) -> Result<Flow, TemplateError> {
        match node {
            Node::Text(span) => self.write(&self.source[span.start..span.end], *span)?,
            Node::Print(pipeline) => {
                let value = self.pipeline(dot, pipeline)?;
                if pipeline.targets.is_empty() {
                    self.print(&value, pipeline.span)?;
                }
            }
            Node::Choice(choice) => return self.choose(dot, choice),
            Node::Range(range) => return self.range(dot, range),
            Node::Invoke(invoke) => self.invoke(dot, invoke)?,
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::Next)
    }

    fn choose(&mut self, dot: &Value, choice: &'a Choice) -> Result<Flow, TemplateError> {
        let mark = self.variables.len();
        let mut chosen = (dot.clone(), &choice.otherwise);
        for (condition, body) in &choice.arms {
            let value = self.pipeline(dot, condition)?;
            if value.is_true() {
                chosen = (if choice.sets_dot { value } else { chosen.0 }, body);
                break;
            }
        }
        self.descend(choice.span)?;
        let flow = self.walk(&chosen.0, chosen.1)?;
        self.depth -= 1;
        self.variables.truncate(mark);
        Ok(flow)
    }

    fn range(&mut self, dot: &Value, range: &'a Range) -> Result<Flow, TemplateError> {
        let span = range.over.span;
        let mark = self.variables.len();
        let mut over = self.pipeline(dot, &range.over)?;
        if let Value::Typed(typed) = &over {
            let pointed = typed.known().and_then(|()| typed.pointed());
            over = pointed.map_err(|e| self.place(e, span))?.unwrap_or(over);
        }
        let items = items(&over, range.over.targets.len()).map_err(|e| self.place(e, span))?;
        self.descend(span)?;
        let mut is_empty = true;
        for (key, element) in items {
            is_empty = false;
            if self.iterate(range, key, element)? == Flow::Break {
                break;
            }
        }
        let mut flow = Flow::Next;
        if is_empty {
            flow = self.walk(dot, &range.otherwise)?;
            // As in Go, `{{break}}` in an `{{else}}` ends this range, not the one around it.
            if flow == Flow::Break {
                flow = Flow::Next;
            }
        }
        self.depth -= 1;
        self.variables.truncate(mark);
        Ok(flow)
    }

    fn iterate(
        &mut self,
        range: &'a Range,
        key: Value,
        element: Value,
    ) -> Result<Flow, TemplateError> {
        let span = range.over.span;
        self.budget.take_steps(2).map_err(|e| self.place(e, span))?;
        let mark = self.variables.len();
        // One variable takes the element, two take key and element, in this order. Declared ones
        // were pushed by the pipeline: they are the topmost.
        let values = [key, element.clone()];
        let values = values.into_iter().skip(2 - range.over.targets.len());
        for (i, (&target, value)) in range.over.targets.iter().zip(values).enumerate() {
            let slot = if range.over.assigns {
                self.slot(target, span)?
            } else {
                mark - range.over.targets.len() + i
            };
            self.variables[slot].1 = value;
        }
        let flow = self.walk(&element, &range.body)?;
        self.variables.truncate(mark);
        Ok(flow)
    }

    fn invoke(&mut self, dot: &Value, invoke: &'a Invoke) -> Result<(), TemplateError> {
        let Some(Some(body)) = self.parsed.templates.get(invoke.template) else {
            let message = format!("template `{}` is not defined", invoke.name);
            return Err(self.place(TemplateError::render(message), invoke.span));
        };
        let argument = match &invoke.argument {
            Some(pipeline) => self.pipeline(dot, pipeline)?,
            None => Value::Nil,
        };
        self.budget.take_steps(1).map_err(|e| self.place(e, invoke.span))?;
        if self.calls == MAX_CALLS {
            return Err(self.too_deep(invoke.span));
        }
        self.calls += 1;
        self.descend(invoke.span)?;
        let (mark, caller) = (self.variables.len(), self.frame);
        self.frame = mark;
        self.variables.push((ROOT, argument.clone()));
        self.walk(&argument, body)?;
        self.variables.truncate(mark);
        self.frame = caller;
        self.depth -= 1;
        self.calls -= 1;
        Ok(())
    }

    /// Goes one level deeper; whoever calls this goes back up.
    fn descend(&mut self, span: Span) -> Result<(), TemplateError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(self.too_deep(span)) } else { Ok(()) }
    }

    fn too_deep(&self, span: Span) -> TemplateError {
        let message = "template calls and blocks are nested too deep";
        self.place(TemplateError::new(ErrorKind::Limit, message), span)
    }

    /// The value of a pipeline, stored in its variables if it has any.
    fn pipeline(&mut self, dot: &Value, pipeline: &'a Pipeline) -> Result<Value, TemplateError> {
        let mut value = None;
        for command in &pipeline.commands {
            value = Some(self.expression(dot, command, value)?);
        }
        let value = value.unwrap_or_default();
        for &target in &pipeline.targets {
            if pipeline.assigns {
                let slot = self.slot(target, pipeline.span)?;
                self.variables[slot].1 = value.clone();
            } else {
                self.variables.push((target, value.clone()));
            }
        }
        Ok(value)
    }

    /// Where the value of a variable is.
    fn slot(&mut self, variable: VariableId, span: Span) -> Result<usize, TemplateError> {
        let found = self.variables[self.frame..].iter().rposition(|&(id, _)| id == variable);
        let Some(index) = found else {
            let behind_root = variable.checked_sub(ROOT + 1);
            let name = behind_root.and_then(|at| self.parsed.variables.get(at));
            let name = name.map_or("$", |name| &**name);
            let error = TemplateError::render(format!("variable `{name}` is not defined yet"));
            return Err(self.place(error, span));
        };
        // The search has a price when thousands of variables are in the way.
        let searched = self.variables.len() - self.frame - index;
        self.budget.take_reading(searched).map_err(|e| self.place(e, span))?;
        Ok(self.frame + index)
    }

    fn print(&mut self, value: &Value, span: Span) -> Result<(), TemplateError> {
        match value {
            Value::Nil if self.is_plain => self.write(NO_VALUE, span),
            Value::Nil => Err(self.place(TemplateError::missing(&self.quote(span)), span)),
            Value::Str(text) => self.write(text, span),
            Value::Dual(dual) => self.write(&dual.text, span),
            Value::Int(number) => {
                let mut digits = itoa::Buffer::new();
                let text = digits.format(*number);
                // As it costs wherever else a number is printed.
                let paid = self.budget.take_steps(1);
                let paid = paid.and_then(|()| self.budget.take_bytes(text.len()));
                paid.map_err(|e| self.place(e, span))?;
                self.write(text, span)
            }
            Value::Typed(typed) => {
                let printed = typed.printed().map_err(|e| self.place(e, span))?;
                self.print(&printed, span)
            }
            other if self.is_plain && other.holds_typed() => {
                Err(self.place(plain::prints_address(), span))
            }
            other => {
                let text = gofmt::print(std::slice::from_ref(other), self.budget);
                let text = text.map_err(|e| self.place(e, span))?;
                self.write(&text, span)
            }
        }
    }

    fn write(&mut self, text: &str, span: Span) -> Result<(), TemplateError> {
        if text.len() > VALUE_BYTES - self.output.len() {
            return Err(self.place(Exhausted::Value, span));
        }
        let paid = self.budget.take_steps(1).and_then(|()| self.budget.take_bytes(text.len()));
        paid.map_err(|e| self.place(e, span))?;
        self.output.push_str(text);
        Ok(())
    }

    /// The error at the place that it stems from, unless it knows a closer one.
    fn place(&self, error: impl Into<TemplateError>, span: Span) -> TemplateError {
        let error = error.into();
        match error.position {
            Some(_) => error,
            None => error.at(Position::of(self.source, span.start)),
        }
    }

    /// A piece of the template, for a message.
    fn quote(&self, span: Span) -> Cow<'a, str> {
        let text = &self.source[span.start..span.end];
        match text.char_indices().nth(MAX_QUOTE) {
            Some((end, _)) => format!("{}…", &text[..end]).into(),
            None => text.into(),
        }
    }
}

/// The keys and elements that a range goes through.
type Items<'v> = Box<dyn Iterator<Item = (Value, Value)> + 'v>;

/// What a range with so many variables goes through.
fn items(over: &Value, variables: usize) -> Result<Items<'_>, TemplateError> {
    Ok(match over.as_parts() {
        Value::Nil => Box::new(std::iter::empty()),
        Value::Int(_) | Value::Byte(_) if variables > 1 => {
            let message = "a range over a number takes one variable, not two";
            return Err(TemplateError::render(message));
        }
        &Value::Int(end) => Box::new((0..end).map(|i| (Value::Nil, Value::Int(i)))),
        &Value::Byte(end) => Box::new((0..end).map(|i| (Value::Nil, Value::Byte(i)))),
        Value::List(items) => {
            Box::new((0..).zip(&**items).map(|(i, item)| (Value::Int(i), item.clone())))
        }
        Value::Map(map) => {
            Box::new(map.iter().map(|(key, item)| (Value::Str(key.clone()), item.clone())))
        }
        other => return Err(TemplateError::render(format!("can't range over {}", other.kind()))),
    })
}
