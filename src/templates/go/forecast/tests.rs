//! What is met, followed and printed in a small world.

use super::*;
use crate::templates::purse::Purse;

/// `N` is a number, `T` a text, `M` may be there, `E` is `push`, `P` has parts, and `P.Q` may be nothing; all else is
/// not there.
struct Some;

impl World for Some {
    fn known(&self, path: &[Text]) -> Known {
        let names: Vec<&str> = path.iter().map(|name| &**name).collect();
        match &*names {
            ["N"] => Known::There(Shape::Number),
            ["T"] => Known::There(Shape::Text),
            ["M"] => Known::Maybe(Shape::Text),
            ["E"] => Known::There(Shape::Is("push".into())),
            ["P"] => Known::There(Shape::Parts),
            ["P", "Q"] => Known::There(Shape::Nullable),
            ["P", "S"] => Known::There(Shape::Pointer),
            _ => Known::Absent,
        }
    }
}

fn forecast(source: &str) -> Forecast {
    let mut purse = Purse::default();
    Plain::parse(source, &mut purse).unwrap().run(&Some, &mut purse).unwrap()
}

/// What is met, with `?` where it is not certain, and what could be written instead.
fn met(source: &str) -> String {
    let faults = forecast(source).faults;
    let shown = faults.iter().map(|fault| {
        let path = fault.path.join(".");
        let perhaps = if fault.is_certain { "" } else { "?" };
        let condition = if fault.is_condition { " in a condition" } else { "" };
        let instead = fault.instead.as_ref().map(|(_, with)| format!(" {with}"));
        format!("{:?} {path}{perhaps}{condition}{}", fault.trouble, instead.unwrap_or_default())
    });
    shown.collect::<Vec<_>>().join(", ")
}

#[test]
fn what_is_not_there_is_met_where_it_is_reached() {
    for (source, expected) in [
        ("{{.T}} {{.N}}", ""),
        ("{{.X}}", "Absent X"),
        ("{{.M}}", "MayBeAbsent M"),
        ("{{if .X}}{{.X}}{{end}}", "Absent X in a condition"),
        ("{{with .M}}{{.}}{{end}}", "MayBeAbsent M in a condition"),
        ("{{or .X \"main\"}}", "Absent X in a condition"),
        ("{{or (index . \"X\") \"main\"}}", ""),
        ("{{index . \"X\"}}", "NoValue X"),
        ("{{index . \"M\"}}", "MayBeNoValue M"),
        ("{{with index . \"X\"}}{{.}}{{else}}main{{end}}", ""),
        ("{{if index . \"M\"}}{{.M}}{{end}}", ""),
        ("{{$m := index . \"M\"}}{{if $m}}{{.M}}{{end}}", ""),
        ("{{if not (index . \"M\")}}none{{else}}{{.M}}{{end}}", ""),
        ("{{if eq .E \"issues\"}}{{.X}}{{end}}", ""),
        ("{{if eq .E \"issues\" \"push\"}}{{.X}}{{end}}", "Absent X"),
        ("{{if ne .E \"push\"}}{{.X}}{{else}}{{.T}}{{end}}", ""),
        ("{{if .T}}{{.X}}{{end}}", "Absent X?"),
        ("{{if .T}}a{{else}}{{.X}}{{end}}", "Absent X?"),
        ("{{and .T .X}}", "Absent X?"),
        ("{{$x := .T}}{{if $x}}{{$x = .T}}{{end}}{{$x}}", ""),
        ("{{range $i, $l := .P.L}}{{$l.Name}}{{end}}", "Absent P.L"),
        ("{{$.X}}", "Absent X"),
        ("{{(.X).Y}}", "Absent X"),
        ("{{define \"a\"}}{{.X}}{{end}}", ""),
    ] {
        assert_eq!(met(source), expected, "{source}");
    }
}

#[test]
fn what_a_value_is_like_is_followed() {
    for (source, expected) in [
        ("{{.T.X}}", "NoField T.X"),
        ("{{index .T 0}}", "ByteOfText T"),
        ("{{range .T}}{{.}}{{end}}", "RangeOfText T"),
        ("{{len .T}}", "LengthOfText T"),
        ("{{if eq .N \"1\"}}a{{end}}", "Compared N 1"),
        ("{{if eq .T 1}}a{{end}}", "Compared T \"1\""),
        // Whether that is meant so, who compares it knows.
        ("{{if gt (len .T) 1}}a{{end}}", "LengthOfText T"),
        ("{{slice .T 0 9}}", "Sliced(0, 9) T printf \"%.9s\" .T"),
        ("{{if gt (len .T) 9}}{{slice .T 0 9}}{{end}}", "LengthOfText T"),
        ("{{slice .E 0 4}}", ""),
        ("{{slice .E 0 5}}", "Sliced(0, 5) E printf \"%.5s\" .E"),
        ("{{.P.Q}}", ""),
        ("{{.P.Q.R}}", "OfNothing P.Q"),
        ("{{with .P.Q}}{{.R}}{{end}}", ""),
        ("{{if .P.Q}}{{.P.Q.R}}{{end}}", ""),
        ("{{if eq .P.S \"open\"}}a{{end}}", "Compared P.S"),
        ("{{printf \"%s\" .T | len}}", "LengthOfText "),
    ] {
        assert_eq!(met(source), expected, "{source}");
    }
}

#[test]
fn what_is_printed_is_known_by_its_variables() {
    let printed = forecast("a{{.T}}{{printf \"%s\" .T}}{{if .N}}b{{end}}{{.E}}").printed;
    let shown: Vec<String> = printed
        .iter()
        .map(|it| {
            let perhaps = if it.is_certain { "" } else { "?" };
            match &it.piece {
                Piece::Text(text) => format!("{text}{perhaps}"),
                Piece::Variable(path, _) => format!(".{}", path.join(".")),
                Piece::Made(of) => {
                    format!("of {}", of.iter().map(|it| it.join(".")).collect::<String>())
                }
            }
        })
        .collect();
    assert_eq!(shown, ["a", ".T", "of T", "b?", "push"]);
}

#[test]
fn a_walk_is_paid_for() {
    let source = "{{if .T}}{{.N}}{{end}}".repeat(100);
    let mut purse = Purse::default();
    let plain = Plain::parse(&source, &mut purse).unwrap();
    assert!(plain.run(&Some, &mut Purse::new(1_000, 1 << 20)).is_err());
}
