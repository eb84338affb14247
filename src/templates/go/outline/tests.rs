//! What a template is outlined as.

use super::*;

fn shown(source: &str) -> Option<String> {
    let pieces = outline(source, 128, &mut Purse::default())?;
    Some(shown_pieces(&pieces))
}

fn shown_pieces(pieces: &[Piece]) -> String {
    let alternative = |it: &Alternative| {
        let when = match &it.when {
            When::Filled(names) => format!("{}: ", names.join(".")),
            When::Is(names, text) => format!("{} = {text:?}: ", names.join(".")),
            When::IsNot(names, text) => format!("{} != {text:?}: ", names.join(".")),
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
            r#"[A: "a" | B = "b": B | else C]"#,
        ),
        (
            r#"{{if ne "b" (index . "B")}}x{{end}}{{with eq .A ""}}{{.}}{{end}}"#,
            r#"[B != "b": "x" | else ] [A = "": ? | else ]"#,
        ),
        (
            r#"{{if eq .A "a" "b"}}{{else if eq .A .B}}{{else if eq .A 1}}{{end}}"#,
            "[?:  | ?:  | ?:  | else ]",
        ),
        ("{{with .A}}{{.B}}{{$.B}}{{.}}{{end}}", "[A: ? B A | else ]"),
        ("{{with .A}}a{{else with .B}}{{.}}{{else}}{{.C}}{{end}}", r#"[A: "a" | B: B | else C]"#),
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
