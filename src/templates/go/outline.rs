//! What a template prints, as far as it can be told without running it.

use super::function::{Builtin, Function};
use super::parser::{self, Parsed};
use super::tree::{self, Expr, ExprKind, Node, Pipeline, ROOT};
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
    /// One of these, and nothing else: `{{if}}` and `{{with}}`, of which the last is what stands behind
    /// `{{else}}`, and `{{index . "X"}}`, which prints `<no value>` where there is no X.
    Choice(Vec<Alternative>),
    /// Whatever a loop or a function gives.
    Other,
}

/// One of several things that a template prints in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alternative {
    /// When it is this one, if none before it is.
    pub when: When,
    /// What is printed then.
    pub pieces: Vec<Piece>,
}

/// What decides for an alternative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// This variable is there and not empty.
    Filled(Box<[Text]>),
    /// What can't be told without running it.
    Unknown,
    /// Nothing: it is the last one.
    Otherwise,
}

/// How deep conditions may stand in each other; what is deeper can be any text.
const MOST_DEPTH: usize = 8;

/// What Go prints for a variable that is not there, where it prints anything.
pub const NO_VALUE: &str = "<no value>";

/// Outlines a template as Kelos reads it, without functions of ours, in at most so many pieces; nothing if
/// it does not parse, costs more than is left, or has more of them. Conditions are outlined where there is
/// room for it.
pub fn outline(source: &str, most: usize, purse: &mut Purse) -> Option<Vec<Piece>> {
    // The pieces take no more than what they are made of.
    let parse = |purse: &mut Purse| parser::parse(source, &Function::builtin, purse);
    let Parsed { main, .. } = purse.keeping(parse, |_| 0).ok()?;
    let dollar_is_root = !sets_dollar(source);
    let of_depth =
        |depth| Outline { source, left: most, dollar_is_root }.block(&main, &Dot::Root, depth);
    of_depth(MOST_DEPTH).or_else(|| of_depth(0))
}

/// Whether `$` itself may be set to something else: it stands before `=`, `:=` or, in a range, a comma.
fn sets_dollar(source: &str) -> bool {
    source.split('$').skip(1).any(|behind| behind.trim_start().starts_with(['=', ':', ',']))
}

/// What `.` is.
enum Dot<'d> {
    /// All variables.
    Root,
    /// The value of a variable that is not empty.
    Field(&'d [Text]),
    /// Something else.
    Other,
}

struct Outline<'o> {
    source: &'o str,
    /// How many pieces there may still be.
    left: usize,
    /// Whether `$` is all variables, wherever it stands.
    dollar_is_root: bool,
}

impl Outline<'_> {
    fn block(&mut self, nodes: &[Node], dot: &Dot<'_>, depth: usize) -> Option<Vec<Piece>> {
        let mut pieces = Vec::new();
        for node in nodes {
            let piece = match node {
                Node::Text(span) => Piece::Text(self.source.get(span.start..span.end)?.into()),
                Node::Print(pipeline) => match self.printed(pipeline, dot) {
                    Some(piece) => piece,
                    None => continue,
                },
                Node::Choice(choice) => {
                    let before = self.left;
                    let alternatives = self.alternatives(choice, dot, depth);
                    if alternatives.is_none() {
                        self.left = before;
                    }
                    alternatives.map_or(Piece::Other, Piece::Choice)
                }
                Node::Range(_) | Node::Invoke(_) => Piece::Other,
                Node::Break | Node::Continue => return None,
            };
            self.left = self.left.checked_sub(weight(&piece))?;
            pieces.push(piece);
        }
        Some(pieces)
    }

    fn alternatives(
        &mut self,
        choice: &tree::Choice,
        dot: &Dot<'_>,
        depth: usize,
    ) -> Option<Vec<Alternative>> {
        let depth = depth.checked_sub(1)?;
        let mut alternatives = Vec::new();
        for (condition, block) in &choice.arms {
            self.left = self.left.checked_sub(1)?;
            let tested = self.tested(condition, dot);
            let inner = match &tested {
                _ if !choice.sets_dot => dot,
                Some(names) => &Dot::Field(names),
                None => &Dot::Other,
            };
            let pieces = self.block(block, inner, depth)?;
            alternatives
                .push(Alternative { when: tested.map_or(When::Unknown, When::Filled), pieces });
        }
        self.left = self.left.checked_sub(1)?;
        let pieces = self.block(&choice.otherwise, dot, depth)?;
        alternatives.push(Alternative { when: When::Otherwise, pieces });
        Some(alternatives)
    }

    /// What an action prints; one that declares or assigns prints nothing.
    fn printed(&self, pipeline: &Pipeline, dot: &Dot<'_>) -> Option<Piece> {
        if !pipeline.targets.is_empty() {
            return None;
        }
        let [command] = &*pipeline.commands else { return Some(Piece::Other) };
        Some(match &command.kind {
            ExprKind::Literal(Value::Str(text)) => Piece::Text(text.to_string()),
            ExprKind::Parens(inner) => return self.printed(inner, dot),
            _ => match (self.field(command, dot), self.indexed(command, dot)) {
                (Some(names), _) => Piece::Field(names),
                (None, Some(names)) => or_no_value(names),
                (None, None) => Piece::Other,
            },
        })
    }

    /// The variable that a condition is about, if it holds where that is there and not empty.
    fn tested(&self, condition: &Pipeline, dot: &Dot<'_>) -> Option<Box<[Text]>> {
        let [command] = &*condition.commands else { return None };
        match &command.kind {
            ExprKind::Parens(inner) if inner.targets.is_empty() => self.tested(inner, dot),
            _ => self.field(command, dot).or_else(|| self.indexed(command, dot)),
        }
    }

    /// The variable that an expression is: `.X`, `$.X`, or `.` where it is one.
    fn field(&self, expr: &Expr, dot: &Dot<'_>) -> Option<Box<[Text]>> {
        match (&expr.kind, dot) {
            (ExprKind::Field(path), Dot::Root) => Some(path.names.clone()),
            (ExprKind::Variable(ROOT, path), _)
                if self.dollar_is_root && !path.names.is_empty() =>
            {
                Some(path.names.clone())
            }
            (ExprKind::Dot, Dot::Field(names)) => Some((*names).into()),
            _ => None,
        }
    }

    /// The variable that `index . "X"` or `index .Context "x"` gives.
    fn indexed(&self, expr: &Expr, dot: &Dot<'_>) -> Option<Box<[Text]>> {
        let ExprKind::Call(Function::Builtin(Builtin::Index), arguments) = &expr.kind else {
            return None;
        };
        let [of, at] = &**arguments else { return None };
        let ExprKind::Literal(Value::Str(at)) = &at.kind else { return None };
        let all = match (&of.kind, dot) {
            (ExprKind::Dot, Dot::Root) => true,
            (ExprKind::Variable(ROOT, path), _) => self.dollar_is_root && path.names.is_empty(),
            _ => false,
        };
        let at = Text::from(&**at);
        if all {
            return Some([at].into());
        }
        match &*self.field(of, dot)? {
            [context] if **context == *"Context" => Some([Text::clone(context), at].into()),
            _ => None,
        }
    }
}

/// Why Go's text/template does not take a template where it has no functions of ours: nothing if it does, or if
/// finding out costs more than is left.
pub fn why_not_plain_go(source: &str, purse: &mut Purse) -> Option<TemplateError> {
    let parse = |purse: &mut Purse| parser::parse(source, &Function::builtin, purse);
    let error = purse.keeping(parse, |_| 0).err()?;
    (error.kind == ErrorKind::Parse).then_some(error)
}

/// For how many pieces one counts, those of the alternatives left out.
fn weight(piece: &Piece) -> usize {
    match piece {
        Piece::Choice(alternatives) if is_indexed(alternatives) => 5,
        _ => 1,
    }
}

fn is_indexed(alternatives: &[Alternative]) -> bool {
    matches!(alternatives, [Alternative { when: When::Unknown, pieces }, _]
        if matches!(&**pieces, [Piece::Field(_)]))
}

/// The variable, or what Go prints where there is none.
fn or_no_value(names: Box<[Text]>) -> Piece {
    let found = Alternative { when: When::Unknown, pieces: vec![Piece::Field(names)] };
    let pieces = vec![Piece::Text(NO_VALUE.to_owned())];
    Piece::Choice(vec![found, Alternative { when: When::Otherwise, pieces }])
}

/// The variable and the number of the element that a template prints, if it does nothing else but print
/// white space around it.
pub(super) fn element<'m>(main: &'m [Node], source: &str) -> Option<(&'m str, usize)> {
    let is_blank = |node: &&Node| match node {
        Node::Text(span) => source.get(span.start..span.end).is_some_and(|it| it.trim().is_empty()),
        _ => false,
    };
    let mut printed = main.iter().filter(|node| !is_blank(node));
    let Some(Node::Print(Pipeline { targets, commands, .. })) = printed.next() else { return None };
    if printed.next().is_some() {
        return None;
    }
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
        let pieces = outline(source, 128, &mut Purse::default())?;
        Some(shown_pieces(&pieces))
    }

    fn shown_pieces(pieces: &[Piece]) -> String {
        let alternative = |it: &Alternative| {
            let when = match &it.when {
                When::Filled(names) => format!("{}: ", names.join(".")),
                When::Unknown => "?: ".to_owned(),
                When::Otherwise => "else ".to_owned(),
            };
            when + &shown_pieces(&it.pieces)
        };
        let show = |piece: &Piece| match piece {
            Piece::Text(text) => format!("{text:?}"),
            Piece::Field(names) => names.join("."),
            Piece::Choice(all) => {
                format!("[{}]", all.iter().map(alternative).collect::<Vec<_>>().join(" | "))
            }
            Piece::Other => "?".to_owned(),
        };
        pieces.iter().map(show).collect::<Vec<_>>().join(" ")
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
        assert_eq!(element(" {{index .Labels 0}}\n"), labels(0));
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
    fn a_condition_is_its_alternatives() {
        for (source, expected) in [
            (
                r#"{{with index . "Branch"}}{{.}}{{else}}main{{end}}"#,
                r#"[Branch: Branch | else "main"]"#,
            ),
            (r#"{{index . "X"}}"#, r#"[?: X | else "<no value>"]"#),
            (r#"{{index $ "X"}}{{$.Y}}"#, r#"[?: X | else "<no value>"] Y"#),
            (r#"{{index .Context "x"}}"#, r#"[?: Context.x | else "<no value>"]"#),
            (r#"{{index .Payload "x"}}{{index . "x" "y"}}{{index . .X}}"#, "? ? ?"),
            (
                "{{if .A}}a{{else if eq .B \"b\"}}{{.B}}{{else}}{{.C}}{{end}}",
                r#"[A: "a" | ?: B | else C]"#,
            ),
            ("{{with .A}}{{.B}}{{$.B}}{{.}}{{end}}", "[A: ? B A | else ]"),
            (
                "{{with .A}}a{{else with .B}}{{.}}{{else}}{{.C}}{{end}}",
                r#"[A: "a" | B: B | else C]"#,
            ),
            ("{{with len .A}}{{.}}{{end}}", "[?: ? | else ]"),
            ("{{with $x := .A}}{{$x}}{{end}}", "[A: ? | else ]"),
            ("{{if .A}}{{if .B}}x{{end}}{{end}}", r#"[A: [B: "x" | else ] | else ]"#),
            ("{{$ = 1}}{{$.B}}", "?"),
            ("{{with $ := .A}}{{$.B}}{{end}}", "[A: ? | else ]"),
        ] {
            assert_eq!(shown(source).as_deref(), Some(expected), "{source}");
        }
    }

    #[test]
    fn what_has_no_room_can_be_any_text() {
        let pieces = |source: &str, most| {
            outline(source, most, &mut Purse::default()).map(|pieces| shown_pieces(&pieces))
        };
        let chain = "{{if .A}}{{.B}}{{end}}".repeat(20);
        assert_eq!(pieces(&chain, 20).unwrap(), ["?"; 20].join(" "));
        assert_eq!(pieces(&chain, 19), None);
        let deep = "{{if .A}}".repeat(9) + "x" + &"{{end}}".repeat(9);
        assert!(pieces(&deep, 128).unwrap().contains('?'));
        // What does not fit is any text, and the rest is what it is.
        assert_eq!(pieces("{{if .A}}abc{{.B}}{{.B}}{{end}}{{.C}}", 4).unwrap(), "? C");
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
            (
                "{{if .Body}}b{{end}}{{with .Body}}{{.}}{{end}}",
                Some(r#"[Body: "b" | else ] [Body: Body | else ]"#),
            ),
            ("{{range .Labels}}x{{end}}{{.Title | printf \"%q\"}}", Some("? ?")),
            (r#"{{define "a"}}x{{end}}{{template "a"}}"#, Some("?")),
            ("{{.Title | lower}}", None),
            ("{{.Title", None),
        ] {
            assert_eq!(shown(source).as_deref(), expected, "{source}");
        }
    }
}
