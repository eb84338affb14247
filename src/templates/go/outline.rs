//! What a template prints, as far as it can be told without running it.

use super::function::{Builtin, Function};
use super::parser::{self, Parsed};
use super::tree::{Expr, ExprKind, Node, Pipeline};
use crate::templates::error::{ErrorKind, TemplateError};
use crate::templates::purse::Purse;
use crate::templates::value::{Text, Value};

/// A piece of what a template prints, from left to right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text that is there whatever the variables are.
    Text(String),
    /// A variable printed by itself: `{{.Title}}` as `["Title"]`.
    Field(Box<[Text]>),
    /// Whatever a condition, a loop or a function gives.
    Other,
}

/// Outlines a template as Kelos reads it, without functions of ours; nothing if it does not parse, or
/// costs more than is left.
pub fn outline(source: &str, purse: &mut Purse) -> Option<Vec<Piece>> {
    // The pieces take no more than what they are made of.
    let parse = |purse: &mut Purse| parser::parse(source, &Function::builtin, purse);
    let Parsed { main, .. } = purse.keeping(parse, |_| 0).ok()?;
    let mut pieces = Vec::with_capacity(main.len());
    for node in &main {
        match node {
            Node::Text(span) => pieces.push(Piece::Text(source.get(span.start..span.end)?.into())),
            Node::Print(pipeline) => pieces.extend(printed(pipeline)),
            Node::Choice(_) | Node::Range(_) | Node::Invoke(_) => pieces.push(Piece::Other),
            Node::Break | Node::Continue => return None,
        }
    }
    Some(pieces)
}

/// Why Go's text/template does not take a template where it has no functions of ours: nothing if it does, or if
/// finding out costs more than is left.
pub fn why_not_plain_go(source: &str, purse: &mut Purse) -> Option<TemplateError> {
    let parse = |purse: &mut Purse| parser::parse(source, &Function::builtin, purse);
    let error = purse.keeping(parse, |_| 0).err()?;
    (error.kind == ErrorKind::Parse).then_some(error)
}

/// What an action prints; one that declares or assigns prints nothing.
fn printed(pipeline: &Pipeline) -> Option<Piece> {
    if !pipeline.targets.is_empty() {
        return None;
    }
    Some(match &*pipeline.commands {
        [Expr { kind: ExprKind::Field(path), .. }] => Piece::Field(path.names.clone()),
        [Expr { kind: ExprKind::Literal(Value::Str(text)), .. }] => Piece::Text(text.to_string()),
        [Expr { kind: ExprKind::Parens(inner), .. }] => return printed(inner),
        _ => Piece::Other,
    })
}

/// The variable and the number of the element that a template prints, if it does nothing else.
pub(super) fn element(main: &[Node]) -> Option<(&str, usize)> {
    let [Node::Print(Pipeline { targets, commands, .. })] = main else { return None };
    let [Expr { kind: ExprKind::Call(Function::Builtin(Builtin::Index), arguments), .. }] =
        &**commands
    else {
        return None;
    };
    let [of, at] = &**arguments else { return None };
    match (&of.kind, &at.kind) {
        (ExprKind::Field(path), ExprKind::Literal(Value::Int(at))) if targets.is_empty() => {
            let [name] = &*path.names else { return None };
            Some((&**name, usize::try_from(*at).ok()?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(source: &str) -> Option<String> {
        let pieces = outline(source, &mut Purse::default())?;
        let show = |piece: &Piece| match piece {
            Piece::Text(text) => format!("{text:?}"),
            Piece::Field(names) => names.join("."),
            Piece::Other => "?".to_owned(),
        };
        Some(pieces.iter().map(show).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn an_element_is_an_index_and_nothing_else() {
        let element = |source: &str| {
            let program = crate::templates::go::Program::compile(source).unwrap();
            program.as_element().map(|(name, at)| (name.to_owned(), at))
        };
        let labels = |at| Some(("Labels".to_owned(), at));
        assert_eq!(element("{{index .Labels 0}}"), labels(0));
        assert_eq!(element("{{- index .Labels 12 -}}"), labels(12));
        for other in [
            "",
            "0",
            "a {{index .Labels 0}}",
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

    #[test]
    fn a_template_is_texts_variables_and_the_rest() {
        for (source, expected) in [
            ("", Some("")),
            ("#{{.Number}}: {{ .Title }}\n", Some(r##""#" Number ": " Title "\n""##)),
            ("a {{- .Title -}} b", Some(r#""a" Title "b""#)),
            ("{{/* no */}}x{{- /* trimmed */ -}} y", Some(r#""x" "y""#)),
            (r#"{{"{{"}}{{(.Title)}}"#, Some(r#""{{" Title"#)),
            ("{{.Context.build}}", Some("Context.build")),
            ("{{$x := .Title}}{{$x}}", Some("?")),
            ("{{if .Body}}b{{end}}{{with .Body}}{{.}}{{end}}", Some("? ?")),
            ("{{range .Labels}}x{{end}}{{.Title | printf \"%q\"}}", Some("? ?")),
            (r#"{{define "a"}}x{{end}}{{template "a"}}"#, Some("?")),
            ("{{.Title | lower}}", None),
            ("{{.Title", None),
        ] {
            assert_eq!(shown(source).as_deref(), expected, "{source}");
        }
    }
}
