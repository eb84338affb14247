//! A template that prints texts and variables by their names, and nothing else, as most rules do: kept in a tenth of what
//! a tree takes, and rendered from left to right.

use super::outline;
use super::parser::Parsed;
use super::tree::{Expr, ExprKind, Node, Path, Pipeline, Span};
use super::{Program, eval};
use crate::templates::budget::Budget;
use crate::templates::error::TemplateError;
use crate::templates::purse::{ALLOCATION, text_bytes};
use crate::templates::uses::Uses;
use crate::templates::value::{Map, Text};

/// What it prints, one behind the other.
#[derive(Debug)]
pub(in crate::templates) struct Names(Box<[Part]>);

/// One thing that is printed.
#[derive(Debug)]
pub(super) enum Part {
    /// A text of the source.
    Text(Span),
    /// A variable, and where it stands in the source.
    Name(Span, Text),
}

impl Names {
    /// A program that does no more than that.
    pub(in crate::templates) fn of(program: &Program) -> Option<Names> {
        let Parsed { main, templates, .. } = &program.inner.parsed;
        let parts = main.iter().map(|node| match node {
            Node::Text(span) => Some(Part::Text(*span)),
            Node::Print(Pipeline { commands, span, .. }) => match &**commands {
                [
                    Expr { kind: ExprKind::Field(Path { names, may_be_absent: false }), span: at },
                ] if at == span => Some(Part::Name(*span, Text::clone(names.first()?))),
                _ => None,
            },
            _ => None,
        });
        let is_that = templates.is_empty() && outline::prints_names_only(main);
        let parts = is_that.then(|| parts.collect::<Option<Box<[Part]>>>())??;
        Some(Names(parts))
    }

    /// Which variables it reads.
    pub(in crate::templates) fn uses(&self) -> Uses {
        Uses::of(self.0.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Name(_, name) => Some(Text::clone(name)),
        }))
    }

    /// Renders it with the variables in `root`; `source` is that of the template.
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
        eval::names(source, &self.0, root, budget)
    }

    /// The bytes that it takes beside its source.
    pub(in crate::templates) fn bytes(&self) -> usize {
        let names = self.0.iter().map(|part| match part {
            Part::Text(_) => 0,
            Part::Name(_, name) => text_bytes(name),
        });
        size_of_val(&*self.0) + ALLOCATION + names.sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::templates::value::Value;

    #[test]
    fn it_renders_what_the_program_renders_at_the_same_cost() {
        let root = Map::from([
            ("Title".into(), Value::from("Fix")),
            ("Number".into(), Value::Int(-42)),
            ("Labels".into(), Value::labels(&["a", "b"])),
            ("Nothing".into(), Value::Nil),
            ("Map".into(), Value::from(Map::new())),
        ]);
        let root = Arc::new(root);
        for source in [
            "{{.Title}}",
            " {{- .Number }} of {{ .Labels -}} .",
            "x{{.Title}}{{/* nothing */}}{{.Missing}}",
            "{{.Nothing}}",
            "{{.Map}}",
            "{{.Title}} {{.Title}} {{.Title}}",
        ] {
            let program = Program::compile(source).unwrap();
            let names = Names::of(&program).unwrap();
            assert_eq!(names.uses(), *program.uses(), "{source}");
            for (steps, bytes) in (0..12).flat_map(|steps| [(steps, 8), (steps, 1000)]) {
                let budgets = [(); 2].map(|()| Budget::new(steps, bytes));
                let [mut of_names, mut of_program] = budgets;
                let rendered = names.render(source, &root, &mut of_names);
                assert_eq!(rendered, program.render(&root, &mut of_program), "{source}");
                let left = |budget: &Budget| (budget.steps(), budget.bytes());
                assert_eq!(left(&of_names), left(&of_program), "{source} with {steps} steps");
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
            "{{$x := .Title}}",
            "{{.Title | lower}}",
            "{{if .Title}}x{{end}}",
            "{{(.Title)}}",
            "{{define \"t\"}}{{end}}{{.Title}}",
        ] {
            assert!(Names::of(&Program::compile(source).unwrap()).is_none(), "{source}");
        }
    }
}
