//! Go templates that end because their budget does.

use super::*;
use crate::templates::budget::{TEMPLATE_BYTES, VALUE_BYTES};
use crate::templates::error::ErrorKind;

/// Renders what has to end at a limit; gives the message.
fn limit(source: &str) -> String {
    let error = error(source);
    assert_eq!(error.kind, ErrorKind::Limit, "{source:.200}: {error}");
    assert!(error.position.is_some(), "{source:.200}");
    error.message
}

#[test]
fn long_loops_end() {
    let steps = Exhausted::Steps.to_string();
    assert_eq!(limit("{{range 1000000000}}{{end}}"), steps);
    assert_eq!(limit("{{range 1000000000}}{{if 1}}{{end}}{{end}}"), steps);
    assert_eq!(limit("{{range 1000}}{{range 1000}}{{$x := .}}{{end}}{{end}}"), steps);
    assert_eq!(limit(&format!("{{{{1{}}}}}", "|print".repeat(50_000))), steps);
    assert_eq!(limit(&format!("{{{{or{}}}}}", " 0".repeat(200_000))), steps);
    assert_eq!(
        limit(&format!("{{{{if 0}}}}{}{{{{end}}}}", "{{else if 0}}".repeat(150_000))),
        steps
    );
}

#[test]
fn variables_in_the_way_cost_steps() {
    let source = |n| {
        let between = "{{$x := 2}}".repeat(n);
        format!("{{{{$z := 1}}}}{between}{{{{range 100}}}}{{{{$y := $z}}}}{{{{end}}}}")
    };
    let cost = |n| {
        let mut budget = Budget::template();
        compile(&source(n)).unwrap().render(&root(), &mut budget).unwrap();
        Budget::template().steps() - budget.steps() - n as u64
    };
    assert!(cost(6400) >= cost(1) + 100 * 90, "{} {}", cost(6400), cost(1));
}

#[test]
fn large_texts_end_before_they_are_built() {
    for source in [
        "{{$x := \"abcdefgh\"}}{{range 60}}{{$x = print $x $x}}{{end}}",
        "{{$x := \"<&>\"}}{{range 60}}{{$x = html $x $x}}{{end}}",
        "{{range 100}}{{$x := printf \"%1000000d\" 1}}{{end}}",
        "{{range 100}}{{$x := printf \"%.*f\" 1000000 1.5}}{{end}}",
        "{{range 100}}{{$x := printf \"%.1000000U\" 1}}{{end}}",
        "{{range 100}}{{$x := printf \"%#.1000000x\" 1.5}}{{end}}",
        "{{range 100}}{{$x := printf \"%-1000000q\" \"a\"}}{{end}}",
    ] {
        limit(source);
    }
    let mut budget = Budget::new(u64::MAX, TEMPLATE_BYTES);
    let program = compile("{{range 100}}{{$x := printf \"%1000000d\" 1}}{{end}}").unwrap();
    let error = program.render(&root(), &mut budget).unwrap_err();
    assert_eq!(error.message, Exhausted::Bytes.to_string());
}

#[test]
fn long_results_end() {
    let value = Exhausted::Value.to_string();
    assert_eq!(limit("{{range 3000}}0123456789012345678901234567890{{end}}"), value);
    assert_eq!(limit("{{printf \"%65537d\" 1}}"), value);
    assert_eq!(text("{{printf \"%65536d\" 1}}").len(), VALUE_BYTES);
}

#[test]
fn deep_nesting_ends() {
    let nested =
        |open: &str, inner: &str, close: &str, n| open.repeat(n) + inner + &close.repeat(n);
    assert_eq!(text(&nested("{{if 1}}", "x", "{{end}}", 100)), "x");
    assert_eq!(text(&format!("{{{{{}}}}}", nested("(", "1", ")", 100))), "1");
    for source in [
        nested("{{if 1}}", "x", "{{end}}", 101),
        format!("{{{{{}}}}}", nested("(", "1", ")", 101)),
        format!("{{{{{}}}}}", nested("(print ", "1", ")", 100_000)),
        nested("{{range 1}}", "x", "{{end}}", 100_000),
    ] {
        assert_eq!(error(&source).kind, ErrorKind::Parse);
    }
    let levels = nested("{{range 1}}", "{{template \"r\" 1}}", "{{end}}", 98);
    limit("{{define \"r\"}}{{template \"r\"}}{{end}}{{template \"r\"}}");
    limit(&format!("{{{{define \"r\"}}}}{levels}{{{{end}}}}{{{{template \"r\" 1}}}}"));
}

#[test]
fn deep_values_end() {
    limit("{{$x := list}}{{range 90000}}{{$x = list $x}}{{end}}");
    limit("{{$x := list}}{{range 60}}{{$x = list $x $x}}{{end}}{{print $x}}");
}

#[test]
fn work_costs_steps() {
    let steps = |source: &str| {
        let mut budget = Budget::template();
        let result = compile(source).unwrap().render(&root(), &mut budget);
        assert!(result.is_ok(), "{source:.200}: {result:?}");
        Budget::template().steps() - budget.steps()
    };
    assert_eq!(steps("plain"), 1);
    assert_eq!(steps("{{.Title}}"), 3);
    assert!(steps("{{printf \"%.700f\" 0.1}}") > 700);
    assert!(steps("{{range 100}}{{end}}") >= 100);
    let long = "é".repeat(10_000);
    assert!(steps(&format!("{{{{$x := js `{long}`}}}}")) > 20_000 / 10);
    assert!(steps(&format!("{{{{$x := printf \"%q\" `{long}`}}}}")) > 20_000 / 20);
    assert!(steps(&format!("{{{{$x := eq `{long}` `{long}`}}}}")) > 20_000 / 100);
}
