//! What is said of a Go template that does not parse or render.

use super::*;

/// What is said of a template that does not parse, or else does not render.
fn message(source: &str) -> String {
    error(source).to_string()
}

#[test]
fn blocks_say_what_is_open() {
    assert_eq!(message("a\n  {{if .A}}b"), "`{{if}}` has no `{{end}}` (line 2, column 3)");
    assert_eq!(
        message("{{if 1}}{{else}}{{range .A}}{{end}}"),
        "`{{if}}` has no `{{end}}` (line 1, column 1)"
    );
    assert_eq!(message("{{define \"x\"}}"), "`{{define}}` has no `{{end}}` (line 1, column 1)");
    assert_eq!(message("{{if 1}}{{end}}\n{{end}}"), "`{{end}}` closes nothing (line 2, column 1)");
    assert_eq!(message("é {{else}}"), "`{{else}}` belongs to nothing (line 1, column 3)");
    assert_eq!(
        message("{{if 1}}{{else}}{{else}}{{end}}"),
        "this `{{else}}` does not fit `{{if}}` (line 1, column 17)"
    );
    assert_eq!(
        message("{{range .A}}{{else if .B}}{{end}}"),
        "`{{else if}}` does not fit `{{range}}` (line 1, column 13)"
    );
    assert_eq!(
        message("{{if 1}}{{break}}{{end}}"),
        "`{{break}}` is not inside a `{{range}}` (line 1, column 9)"
    );
    assert_eq!(
        message("{{if 1}}{{define \"x\"}}{{end}}{{end}}"),
        "`{{define}}` may not stand inside another block (line 1, column 9)"
    );
    assert_eq!(
        message("{{define \"x\"}}1{{end}}{{define \"x\"}}2{{end}}"),
        "a template of this name is already defined (line 1, column 23)"
    );
    assert_eq!(
        message("{{block \"x\"}}{{end}}"),
        "a value is missing in `{{block}}` (line 1, column 12)"
    );
    assert_eq!(
        message("{{template x}}"),
        "`{{template}}` needs a name in quotes (line 1, column 12)"
    );
}

#[test]
fn actions_say_what_does_not_belong() {
    assert_eq!(message("{{}}"), "a value is missing in an action (line 1, column 3)");
    assert_eq!(message("{{if}}{{end}}"), "a value is missing in `{{if}}` (line 1, column 5)");
    assert_eq!(message("{{.A | | .B}}"), "`|` does not belong in an action (line 1, column 8)");
    assert_eq!(message("{{if end}}"), "`end` does not belong in `{{if}}` (line 1, column 6)");
    assert_eq!(message("{{(1)2}}"), "`2` does not belong in an action (line 1, column 6)");
    assert_eq!(message("{{$x}}"), "variable `$x` is not defined (line 1, column 3)");
    assert_eq!(message("{{\"a\".b}}"), "`\"a\"` has no fields (line 1, column 3)");
    assert_eq!(message("{{08}}"), "`08` is not a whole number (line 1, column 3)");
    assert_eq!(
        message(r#"{{"\q"}}"#),
        "the string has an escape that Go does not know (line 1, column 3)"
    );
    assert_eq!(message("{{$a, $b := 1}}"), "too many variables in an action (line 1, column 3)");
    assert_eq!(
        message("{{1 | 2}}"),
        "a value is piped into something that is no function (line 1, column 7)"
    );
    let unknown = error("{{ body }}");
    assert_eq!(unknown.to_string(), "function `body` is not defined (line 1, column 4)");
    assert_eq!(unknown.hint.as_deref(), Some("a variable is written with a dot: `.body`"));
    let function = error("{{ title }}");
    assert_eq!(function.to_string(), "`title` takes 1 argument, not 0 (line 1, column 4)");
    assert_eq!(function.name.as_deref(), Some("title"), "who knows the variables has a hint");
    let absent = error("{{ env \"HOME\" }}");
    assert_eq!(
        absent.to_string(),
        "`env` is not offered: templates reach no environment (line 1, column 4)"
    );
    let instead = error("{{ .Title | split \"-\" }}");
    assert_eq!(instead.hint.as_deref(), Some("there is `splitList`"));
    assert_eq!(
        message("{{ regexFind \"a(\" .Title }}"),
        "the regular expression is wrong at character 2: `(` is not closed (line 1, column 14)"
    );
}

#[test]
fn failures_name_function_and_place_and_no_value() {
    assert_eq!(message("{{.Title.x}}"), "`.x` can't be looked up in a text (line 1, column 3)");
    assert_eq!(message("{{range .Title}}{{end}}"), "can't range over a text (line 1, column 9)");
    assert_eq!(
        message("{{len .Number}}"),
        "len: only a text, a list or a map has a length, not a whole number (line 1, column 3)"
    );
    assert_eq!(
        message("\n{{print (eq .Title .Number)}}"),
        "eq: can't compare a text with a whole number (line 2, column 10)"
    );
    assert_eq!(
        message("{{lt .Labels 1}}"),
        "lt: can't compare a text with a whole number (line 1, column 3)"
    );
    assert_eq!(
        message("{{index .Labels 9}}"),
        "index: there are not so many elements (line 1, column 3)"
    );
    assert_eq!(
        message("{{index .Labels -1}}"),
        "index: elements are counted from 0 (line 1, column 3)"
    );
    assert_eq!(
        message("{{index .Task 1}}"),
        "index: the key of a map is a text, not a whole number (line 1, column 3)"
    );
    assert_eq!(
        message("{{slice .Title 7}}"),
        "slice: the cut goes through a character (line 1, column 3)"
    );
    assert_eq!(message("{{not 1 2}}"), "`not` takes 1 argument, not 2 (line 1, column 3)");
    assert_eq!(message("{{slice}}"), "`slice` takes 1 to 4 arguments, not 0 (line 1, column 3)");
    assert_eq!(
        message("{{printf .Number}}"),
        "printf: needs a text as its format, not a whole number (line 1, column 3)"
    );
    assert_eq!(
        message("{{.Title 1}}"),
        "only a function can be given arguments (line 1, column 3)"
    );
    assert_eq!(
        message("{{call .Title}}"),
        "call: no variable of a Task is a function (line 1, column 3)"
    );
    assert_eq!(message("{{template \"x\"}}"), "template `x` is not defined (line 1, column 1)");
    assert_eq!(message("{{$x = 1}}"), "variable `$x` is not defined yet (line 1, column 3)");
    assert_eq!(
        message("{{upper 1}}"),
        "argument 1 of upper is a whole number, but must be a text (line 1, column 3)"
    );
    assert_eq!(
        message("{{range $a, $b := 3}}{{end}}"),
        "a range over a number takes one variable, not two (line 1, column 9)"
    );
}

#[test]
fn quotes_of_the_template_are_short() {
    let long = format!("{{{{index . \"{}\"}}}}", "k".repeat(100));
    let message = error(&long).message;
    assert!(message.contains("k…` is not known"), "{message}");
    assert!(message.chars().count() < 100, "{message}");
}
