//! Where tokens begin and end, what is trimmed, and what is said of a text that has none.

use super::*;

fn texts(source: &str) -> Vec<&str> {
    let tokens = tokens(source, &mut Purse::default()).unwrap();
    tokens.iter().map(|token| &source[token.span.start..token.span.end]).collect()
}

#[test]
fn trims_what_go_calls_space_and_nothing_else() {
    assert_eq!(texts("a \n{{- .B -}}\t c"), ["a", "{{", ".B", " -}}\t ", "c", ""]);
    assert_eq!(texts("a\u{a0}{{- 1 -}}\u{a0}b"), ["a\u{a0}", "{{", "1", " -}}", "\u{a0}b", ""]);
    assert_eq!(texts("{{-1}}"), ["{{", "-1", "}}", ""]);
    assert_eq!(texts("{{.A   -}} b"), ["{{", ".A", "  ", " -}} ", "b", ""]);
}

#[test]
fn a_comment_trims_on_its_own_sides_only() {
    assert_eq!(texts("a {{- /* x */}} b"), ["a", " b", ""]);
    assert_eq!(texts("a {{/* x */ -}} b"), ["a ", "b", ""]);
}

#[test]
fn errors_have_a_place() {
    let message = |source| tokens(source, &mut Purse::default()).unwrap_err().to_string();
    assert_eq!(message("a\n{{ .B"), "the action has no closing `}}` (line 2, column 1)");
    assert_eq!(message("{{ (.A }}"), "the parenthesis is not closed (line 1, column 4)");
    assert_eq!(message("{{ .A) }}"), "the parenthesis closes nothing (line 1, column 6)");
    assert_eq!(message("{{ \"a }}"), "the closing `\"` is missing (line 1, column 4)");
    assert_eq!(message("{{ % }}"), "`%` does not belong in an action (line 1, column 4)");
    assert_eq!(message("{{ 1x }}"), "`1x` is not a number (line 1, column 4)");
    assert_eq!(
        message("{{ .A\"x\" }}"),
        "`\"` can't follow `.A`: leave a space (line 1, column 6)"
    );
}
