//! What is met, followed and printed in a small world.

use super::*;
use crate::templates::purse::Purse;

/// `N` is a number, `T` a text, `M` may be there, `E` is `push`, `P` is a struct, `P.Q` may be nothing, `P.S` points to a
/// text, and `P.L` is a list of structs; all else is not there.
struct Some;

impl World for Some {
    fn known(&self, path: &[Text]) -> Known {
        let names: Vec<&str> = path.iter().map(|name| &**name).collect();
        match &*names {
            ["N"] => Known::There(Shape::Number),
            ["T"] => Known::There(Shape::Text),
            ["M"] => Known::Maybe(Shape::Text),
            ["E"] => Known::There(Shape::Is("push".into())),
            ["P"] | ["P", "L", ELEMENT] => Known::There(Shape::Struct),
            ["P", "Q"] => Known::There(Shape::Nullable),
            ["P", "Q", "R"] => Known::Maybe(Shape::Pointer(Box::new(Shape::Text))),
            ["P", "Q", "GetR"] => Known::There(Shape::Text),
            ["P", "S"] => Known::There(Shape::Pointer(Box::new(Shape::Text))),
            ["P", "L"] => Known::There(Shape::List),
            ["P", "L", ELEMENT, "T"] => Known::There(Shape::Text),
            ["P", "D"] => Known::There(Shape::Unknown),
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
        let instead = instead.unwrap_or_default();
        match &fault.trouble {
            Trouble::Fails(why) => format!("{why}{perhaps}{instead}"),
            trouble => format!("{trouble:?} {path}{perhaps}{condition}{instead}"),
        }
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
        ("{{range $i, $l := .P.K}}{{$l.Name}}{{end}}", "Absent P.K"),
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
        ("{{.P.Q.GetR}}", ""),
        ("{{with .P.Q}}{{.X}}{{end}}", "NoMember P.Q.X?"),
        ("{{range .P.L}}{{.T}}{{.X}}{{end}}", "NoMember P.L.[].X?"),
        ("{{(index .P.L 0).X}}", "NoMember P.L.[].X"),
        ("{{.P.S.X}}", "NoField P.S.X"),
        ("{{(len .T).X}}", "LengthOfText T, a whole number has no field `X`"),
        ("{{len .P.S}}{{.P.D.Year}}{{.P.D.Format \"2006\"}}", ""),
        ("{{printf \"%s\" .T | len}}", "LengthOfText "),
    ] {
        assert_eq!(met(source), expected, "{source}");
    }
}

#[test]
fn what_go_does_not_compare_is_met_and_what_it_compares_is_not() {
    let refused = |left: &str, right: &str| format!("Go can't compare {left} with {right}");
    let (number, text, switch) = ("a whole number", "a text", "a boolean");
    for (source, why, path) in [
        ("{{eq .N \"1\"}}", refused(number, text), "N 1"),
        ("{{eq .N \"01\"}}", refused(number, text), "N"),
        ("{{eq .T 1}}", refused(text, number), "T \"1\""),
        ("{{eq .T 0x10}}", refused(text, number), "T"),
        ("{{eq .T 'a'}}", refused(text, number), "T \"a\""),
        ("{{eq .N 2.0}}", refused(number, "a floating-point number"), "N 2"),
        ("{{lt .N 2.5}}", refused(number, "a floating-point number"), "N"),
        ("{{eq .T true}}", refused(text, switch), "T"),
        ("{{eq (eq .T \"a\") 1}}", refused(switch, number), ""),
        ("{{eq .P.S \"open\"}}", refused("a pointer", text), "P.S"),
        ("{{eq .P .T}}", refused("a struct", text), "P"),
        ("{{eq . .}}", refused("a map", "a map"), ""),
        ("{{lt .T nil}}", "Go has no order for nothing".to_owned(), "T"),
        ("{{lt (not .T) true}}", "Go has no order for a boolean".to_owned(), ""),
        ("{{.T | eq 1}}", refused(number, text), "T \"1\""),
    ] {
        let (path, instead) = path.split_once(' ').unwrap_or((path, ""));
        let instead = if instead.is_empty() { String::new() } else { format!(" {instead}") };
        assert_eq!(met(source), format!("Compared({why:?}) {path}{instead}"), "{source}");
    }
    for source in [
        "{{eq .P.S nil}}{{ne nil .P.S}}{{eq .P.S .P.S}}{{eq .P.Q nil}}{{eq .P .P.S}}",
        "{{eq .T nil}}{{eq (index . \"M\") 1}}{{eq (index . \"X\") 1}}{{eq .P.L nil}}{{eq .P.L .P.L}}",
        "{{eq \"a\" \"a\" 1}}{{eq .P.D 1}}{{eq (len .T) 1 | not}}",
        "{{if eq .E \"push\"}}{{.T}}{{else}}{{eq .T 1}}{{end}}",
    ] {
        let faults = met(source).replace("LengthOfText T", "");
        assert_eq!(faults, "", "{source}");
    }
    let perhaps = met("{{eq .T \"a\" 1}}");
    assert!(perhaps.ends_with("T? \"1\""), "`eq` may have found its like before: {perhaps}");
}

#[test]
fn what_go_can_not_do_is_met() {
    for (source, expected) in [
        ("{{if .T eq \"x\"}}{{end}}", "only a function can be given arguments eq .T \"x\""),
        ("{{.T \"x\"}}", "only a function can be given arguments"),
        ("{{.T | .N}}", "only a function can be given arguments"),
        ("{{.P.S \"x\"}}", "only a function can be given arguments"),
        ("{{.X \"x\"}}", "only a function can be given arguments"),
        ("{{.X.Y \"x\"}}", "Absent X"),
        ("{{3 4}}", "only a function can be given arguments"),
        ("{{eq .T}}", "`eq` takes at least 2 arguments, not 1"),
        ("{{len}}", "`len` takes 1 argument, not 0"),
        ("{{not .T .T}}", "`not` takes 1 argument, not 2"),
        ("{{and}}", "`and` takes at least 1 argument, not 0"),
        ("{{print nil}}{{html}}", ""),
        ("{{call .T}}", "`call` calls functions, and no variable is one"),
        ("{{template \"y\" .}}", "no template `y` is defined"),
        ("{{if .T}}{{template \"y\" .}}{{end}}", "no template `y` is defined?"),
        ("{{block \"x\" .}}{{.X}}{{end}}", "Absent X"),
        ("{{define \"x\"}}{{$.X}}{{end}}{{template \"x\" .}}", "Absent X"),
        ("{{define \"x\"}}{{.X}}{{end}}{{template \"x\" .T}}", "NoField T.X"),
        ("{{define \"x\"}}{{if .}}{{.X}}{{end}}{{end}}{{template \"x\"}}", ""),
        ("{{define \"x\"}}{{if .T}}{{template \"x\" .}}{{end}}{{end}}{{template \"x\" .}}", ""),
        ("{{len .N}}", "`len` is for texts, lists and maps, not for a whole number"),
        ("{{len .P}}", "`len` is for texts, lists and maps, not for a struct"),
        ("{{len nil}}", "`len` is for texts, lists and maps, not for nothing"),
        ("{{index .N 0}}", "a whole number has no elements"),
        ("{{index .P \"S\"}}", "a struct has no elements"),
        ("{{index .T \"x\"}}", "elements of a text are counted, and a text is no number"),
        ("{{index . 1}}", "what is in a map has a text for its name, not a whole number"),
        ("{{slice .N 0 1}}", "`slice` is for texts and lists, not for a whole number"),
        ("{{slice .T \"a\"}}", "`slice` counts in whole numbers, and a text is none"),
        ("{{slice .P.S 0 1}}", ""),
        ("{{slice .P \"a\"}}", "`slice` is for texts and lists, not for a struct"),
        ("{{slice .T 0 .N}}", "`slice` takes no `.N` for a bound, but `(.N)`"),
        ("{{slice .T 0 (.N)}}{{$n := .N}}{{slice .T $n}}", ""),
        ("{{slice .T 3 1}}", "the first bound of `slice` is behind the second"),
        ("{{slice \"abc\" 0 4}}", "the text has 3 bytes, and no byte 4"),
        ("{{printf .N}}", "the format of `printf` is a text, not a whole number"),
        ("{{printf .P.S}}", ""),
        ("{{range true}}{{end}}", "a boolean is nothing to loop over"),
        ("{{range .P.S}}{{end}}", "a text is nothing to loop over"),
        (
            "{{range index . \"M\"}}{{end}}{{range .N}}{{end}}{{range nil}}{{end}}",
            "`nil` alone is no command",
        ),
        ("{{range $i, $n := .N}}{{end}}", "a loop over a number has one variable, not two"),
    ] {
        assert_eq!(met(source), expected, "{source}");
    }
}

#[test]
fn a_chain_that_goes_on_is_not_replaced_as_a_whole() {
    let faults = forecast("{{.X.Foo}}{{.M.Foo}}{{.M}}").faults;
    let goes_on = |name: &str| {
        let fault = faults.iter().find(|it| it.path.join(".") == name).unwrap();
        (fault.goes_on, fault.action.is_some())
    };
    assert_eq!(goes_on("X"), (true, false));
    assert_eq!(goes_on("M"), (false, true));
    assert_eq!(met("{{.M.Foo}}"), "NoField M.Foo");
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
