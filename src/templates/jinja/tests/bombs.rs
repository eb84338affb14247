//! Templates that would take for ever, or all memory, if they were not bounded. More of them, with their
//! memory counted, are in `tests/allocations/bombs.rs`.

use std::sync::Arc;

use super::{issue, render};
use crate::templates::budget::{Budget, TEMPLATE_BYTES, TEMPLATE_STEPS};
use crate::templates::error::ErrorKind;
use crate::templates::jinja::Program;
use crate::templates::value::{Map, Value};

/// Templates that are refused before they run.
const DUDS: &[&str] = &[
    "{{ [1] * 9999999 == [1] * 9999999 }}",
    "{{ ([[1] * 9999] * 9999) * 9999 }}",
    "{{ ((1, 2) * 9999999) | length }}",
    "{{ 9999999 * [1] in [[1]] }}",
    "{{ ([1] + [2]) | length }}",
    "{{ (0 or [1]) * 9999999 }}",
];

#[test]
fn duds_do_not_compile() {
    for source in DUDS {
        let error = Program::compile(source).expect_err(source);
        assert_eq!(error.kind, ErrorKind::Parse, "{source}");
    }
}

/// Variables that are large themselves.
fn large() -> Arc<Map> {
    let entries = (0..20_000).map(|i| (format!("{i}").into(), Value::from("x"))).collect::<Map>();
    let items: Vec<Value> = (0..20_000).map(Value::Int).collect();
    let texts: Vec<String> = (0..20_000).map(|i| i.to_string()).collect();
    let text = "x".repeat(1 << 20);
    Arc::new(Map::from([
        ("Map".into(), Value::from(entries.clone())),
        ("Other".into(), Value::from(entries)),
        ("List".into(), Value::from(items.clone())),
        ("Same".into(), Value::from(items)),
        ("Labels".into(), Value::labels(&texts)),
        ("Text".into(), Value::from(text.as_str())),
        ("Twin".into(), Value::from(text.as_str())),
    ]))
}

#[test]
fn large_variables_are_paid_for_each_time() {
    for expression in [
        "Map == Other",
        "List == Same",
        "List <= Same",
        "Text == Twin",
        "Text < Twin",
        "Labels == Text",
        "'x' in List",
        "'x' in Text",
        "List in [Same]",
        "Map ~ ''",
        "Labels ~ ''",
        "Map | string",
        "List | join",
        "Map | items",
        "List | list",
        "List | reverse",
        "Labels | upper",
        "List[::-1]",
        "Text[1:2]",
        "Text[-1]",
        "Text | first",
        "Labels | first",
        "coalesce(Text) | length",
        "join('', List)",
        "upper(Text)",
        "trimPrefix('x', Text)",
        "replace('y', 'z', Text)",
        "trunc(-1048575, Text)",
        "[Text, Text] == [Twin, Twin]",
        "{'a': List} == {'a': Same}",
        "List is eq(Same)",
        "Text is upper",
        "List | sort",
        "List | max",
        "List | map('string')",
        "List | select('odd')",
        "Text | indent",
    ] {
        let source =
            format!("{{% for i in range(9000) %}}{{% set x = {expression} %}}{{% endfor %}}");
        let program = Program::compile(&source).unwrap();
        let error = program.render(&large(), &mut Budget::template()).expect_err(expression);
        assert_eq!(error.kind, ErrorKind::Limit, "{expression}: {error}");
    }
    // What costs nothing with large variables costs next to nothing here.
    for expression in ["Map['77']", "List[19999]", "Labels[3]", "Text", "'x' if false else Map"] {
        let source =
            format!("{{% for i in range(4000) %}}{{% set x = {expression} %}}{{% endfor %}}");
        let program = Program::compile(&source).unwrap();
        let result = program.render(&large(), &mut Budget::template());
        assert_eq!(result.as_deref(), Ok(""), "{expression}");
    }
}

#[test]
fn what_arguments_stand_for_by_default_is_paid_for_each_time() {
    for default in ["Text ~ Text", "List | sort", "Labels | upper", "Map | string"] {
        let source = format!(
            "{{% macro f(y={default}) %}}{{% endmacro %}}\
             {{% for i in range(9000) %}}{{{{ f() }}}}{{% endfor %}}"
        );
        let program = Program::compile(&source).unwrap();
        let error = program.render(&large(), &mut Budget::template()).expect_err(default);
        assert_eq!(error.kind, ErrorKind::Limit, "{default}: {error}");
    }
}

#[test]
fn the_result_is_bounded() {
    let error = render("{{ 'x' * 65537 }}").unwrap_err();
    assert_eq!(
        (error.kind, error.message.as_str()),
        (ErrorKind::Limit, "the result is longer than 64 KiB")
    );
    assert_eq!(render("{{ 'x' * 65536 }}").map(|text| text.len()), Ok(65536));
}

#[test]
fn bytes_bound_a_template_as_steps_do() {
    let program = Program::compile("{{ 'x' * 5000 }}").unwrap();
    let mut budget = Budget::new(TEMPLATE_STEPS, 4096);
    let error = program.render(&issue(), &mut budget).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Limit);
    assert_eq!(error.message, "the template builds too much text");
    assert_eq!(budget.bytes(), 0);
    assert!(budget.steps() > TEMPLATE_STEPS - 100);
    let mut budget = Budget::new(64, TEMPLATE_BYTES);
    let error = program.render(&issue(), &mut budget).unwrap_err();
    assert_eq!(error.message, "the template takes too many steps");
    assert_eq!(budget.steps(), 0);
    let mut budget = Budget::new(0, 0);
    assert!(program.render(&issue(), &mut budget).is_err());
}
