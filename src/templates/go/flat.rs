//! A template that prints texts, variables by their names and elements of them by their numbers, and nothing else, as most
//! rules do: kept in a tenth of what a tree takes, and rendered from left to right.

use super::function::{Builtin, Function};
use super::parser::Parsed;
use super::tree::{Expr, ExprKind, Node, Path, Pipeline, Span};
use super::{Program, eval};
use crate::templates::budget::Budget;
use crate::templates::error::TemplateError;
use crate::templates::purse::ALLOCATION;
use crate::templates::value::{Map, Text, Value};

/// What it prints, one behind the other.
#[derive(Debug)]
pub(in crate::templates) struct Flat(Box<[Part]>);

/// One thing that is printed: pieces of the source.
#[derive(Debug)]
pub(super) enum Part {
    /// A text.
    Text(ShortSpan),
    /// `.NAME`
    Name(ShortSpan),
    /// `index .NAME NUMBER`
    Element {
        /// All of it.
        call: ShortSpan,
        /// `.NAME`
        of: ShortSpan,
        /// Where the number begins.
        number: u32,
        /// The number.
        at: u32,
    },
}

/// A [`Span`] in half of the bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct ShortSpan {
    start: u32,
    end: u32,
}

impl Flat {
    /// A program that does no more than that.
    pub(in crate::templates) fn of(program: &Program) -> Option<Flat> {
        // Templates that are defined and not called print nothing.
        let Parsed { main, helper: None, .. } = &program.inner.parsed else { return None };
        // With no more room than they take: they are kept.
        let mut parts = Vec::with_capacity(main.len());
        for node in main {
            parts.push(part(node, &program.inner.source)?);
        }
        Some(Flat(parts.into()))
    }

    /// The variables that it reads; `source` is that of the template, here as elsewhere.
    pub(in crate::templates) fn names(&self, source: &str) -> impl Iterator<Item = Text> {
        self.0.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Name(of) | Part::Element { of, .. } => Some(of.name(source).into()),
        })
    }

    /// Whether it prints no elements.
    pub(in crate::templates) fn prints_names_only(&self) -> bool {
        !self.0.iter().any(|part| matches!(part, Part::Element { .. }))
    }

    /// The variable and the number of its element that it prints, if it prints nothing else but white space.
    pub(in crate::templates) fn as_element<'s>(&self, source: &'s str) -> Option<(&'s str, usize)> {
        let is_blank =
            |part: &&Part| matches!(part, Part::Text(text) if text.text(source).trim().is_empty());
        let mut printed = self.0.iter().filter(|part| !is_blank(part));
        match (printed.next()?, printed.next()) {
            (Part::Element { of, at, .. }, None) => Some((of.name(source), *at as usize)),
            _ => None,
        }
    }

    /// Renders it with the variables in `root`.
    ///
    /// # Errors
    ///
    /// `missing_variable`, `render_error` or `limit_exceeded`, with its place.
    pub(in crate::templates) fn render(
        &self,
        source: &str,
        root: &Map,
        budget: &mut Budget,
    ) -> Result<Text, TemplateError> {
        eval::flat(source, &self.0, root, budget)
    }

    /// The bytes that it takes beside its source.
    pub(in crate::templates) fn bytes(&self) -> usize {
        let name = |part: &Part| match part {
            Part::Text(_) => 0,
            // Beside the source it is there once more among those that the rules read, in a list that grows by doubling.
            Part::Name(of) | Part::Element { of, .. } => 2 * size_of::<Text>() + of.long_bytes(),
        };
        size_of_val(&*self.0) + ALLOCATION + self.0.iter().map(name).sum::<usize>()
    }
}

fn part(node: &Node, source: &str) -> Option<Part> {
    let (targets, commands, all) = match node {
        Node::Text(span) => return Some(Part::Text(ShortSpan::of(*span)?)),
        Node::Print(Pipeline { targets, commands, span, .. }) => (targets, commands, span),
        _ => return None,
    };
    let [command] = &**commands else { return None };
    if !targets.is_empty() || command.span != *all {
        return None;
    }
    match &command.kind {
        ExprKind::Call(Function::Builtin(Builtin::Index), arguments) => {
            let [of, at] = &**arguments else { return None };
            let ExprKind::Literal(Value::Int(number)) = &at.kind else { return None };
            Some(Part::Element {
                call: ShortSpan::of(command.span)?,
                of: variable(of, source)?,
                number: at.span.start.try_into().ok()?,
                at: (*number).try_into().ok()?,
            })
        }
        _ => Some(Part::Name(variable(command, source)?)),
    }
}

/// Where `.NAME` stands, if that is what an expression is. What Go prints of a payload is not told here.
fn variable(expr: &Expr, source: &str) -> Option<ShortSpan> {
    let ExprKind::Field(Path { names, may_be_absent: false }) = &expr.kind else { return None };
    let [name] = &**names else { return None };
    let piece = ShortSpan::of(expr.span)?;
    (**name != *"Payload" && piece.name(source) == &**name).then_some(piece)
}

impl ShortSpan {
    fn of(span: Span) -> Option<ShortSpan> {
        Some(ShortSpan { start: span.start.try_into().ok()?, end: span.end.try_into().ok()? })
    }

    pub(super) fn span(self) -> Span {
        Span { start: self.start as usize, end: self.end as usize }
    }

    pub(super) fn text(self, source: &str) -> &str {
        source.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// What the name in `.NAME` takes where it is a text by itself, if it is a long one.
    fn long_bytes(self) -> usize {
        let length = (self.end - self.start) as usize;
        if length > size_of::<Text>() { length + 2 * ALLOCATION } else { 0 }
    }

    /// The name in `.NAME`.
    pub(super) fn name(self, source: &str) -> &str {
        self.text(source).strip_prefix('.').unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::templates::Uses;
    use crate::templates::value::Value;

    #[test]
    fn it_renders_what_the_program_renders_at_the_same_cost() {
        let root = Map::from([
            ("Title".into(), Value::from("Fix")),
            ("Number".into(), Value::Int(-42)),
            ("Labels".into(), Value::labels(&["a", "b"])),
            ("Nothing".into(), Value::Nil),
            ("Map".into(), Value::from(Map::new())),
            ("Nil".into(), Value::List([Value::Nil].into())),
        ]);
        let root = Arc::new(root);
        for source in [
            "{{.Title}}",
            " {{- .Number }} of {{ .Labels -}} .",
            "x{{.Title}}{{/* nothing */}}{{.Missing}}",
            "{{.Nothing}}",
            "{{.Map}}",
            "{{.Title}} {{.Title}} {{.Title}}",
            "{{index .Labels 0}}",
            "{{- index .Labels 0x1 }}-{{index .Title 2}}{{ .Number }}",
            "{{index .Labels 2}}",
            "{{index .Labels 200}}",
            "{{index .Number 0}}",
            "{{index .Map 0}}",
            "{{index .Nothing 0}}",
            "{{index .Nil 0}}",
            "{{index .Missing 0}}",
        ] {
            let program = Program::compile(source).unwrap();
            let flat = Flat::of(&program).unwrap();
            assert_eq!(Uses::of(flat.names(source)), *program.uses(), "{source}");
            for (steps, bytes) in (0..12).flat_map(|steps| [(steps, 8), (steps, 1000)]) {
                let budgets = [(); 2].map(|()| Budget::new(steps, bytes));
                let [mut of_flat, mut of_program] = budgets;
                let rendered = flat.render(source, &root, &mut of_flat);
                assert_eq!(rendered, program.render(&root, &mut of_program), "{source}");
                let left = |budget: &Budget| (budget.steps(), budget.bytes());
                assert_eq!(left(&of_flat), left(&of_program), "{source} with {steps} steps");
            }
        }
    }

    #[test]
    fn what_does_more_is_none() {
        for source in [
            "{{.}}",
            "{{$}}",
            "{{.Task.Name}}",
            "{{.Payload}}",
            "{{index .Payload 0}}",
            "{{index .Labels}}",
            "{{index .Labels -1}}",
            "{{index .Labels 4294967296}}",
            "{{index .Labels \"x\"}}",
            "{{index .Labels 0 0}}",
            "{{index .Task.Labels 0}}",
            "{{index .Labels 0 | lower}}",
            "{{len .Labels}}",
            "{{$x := .Title}}",
            "{{.Title | lower}}",
            "{{if .Title}}x{{end}}",
            "{{(.Title)}}",
        ] {
            assert!(Flat::of(&Program::compile(source).unwrap()).is_none(), "{source}");
        }
    }

    #[test]
    fn an_element_is_an_index_and_nothing_else() {
        let element = |source: &str| {
            let flat = Flat::of(&Program::compile(source).unwrap())?;
            flat.as_element(source).map(|(name, at)| (name.to_owned(), at))
        };
        let labels = |at| Some(("Labels".to_owned(), at));
        assert_eq!(element("{{index .Labels 0}}"), labels(0));
        assert_eq!(element("{{- index .Labels 12 -}}"), labels(12));
        assert_eq!(element(" {{index .Labels 0}}\n"), labels(0));
        assert_eq!(element("{{define \"x\"}}{{.Body}}{{end}}{{index .Labels 0}}"), labels(0));
        for other in [
            "",
            "0",
            "a {{index .Labels 0}}",
            "{{index .Labels 0}} {{index .Labels 0}}",
            "{{.Labels}}",
            "{{len .Labels}}",
            "{{if index .Labels 0}}x{{end}}",
            "{{index .Labels 0 | printf \"%c\"}}",
            "{{index .Task.Labels 0}}",
            "{{index .Labels \"x\"}}",
            "{{index .Labels}}",
            "{{$x := index .Labels 0}}",
        ] {
            assert_eq!(element(other), None, "{other}");
        }
    }
}
