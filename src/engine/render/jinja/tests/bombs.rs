//! Templates that would take for ever, or all memory, if they were not bounded.

use std::sync::Arc;

use super::{issue, render};
use crate::engine::reason::Reason;
use crate::engine::render::budget::{Budget, TEMPLATE_BYTES, TEMPLATE_STEPS};
use crate::engine::render::jinja::Program;
use crate::engine::render::value::{Map, Value};

/// Templates that end with `limit_exceeded`, and leave next to nothing of their budget.
const BOMBS: &[(&str, &str)] = &[
    ("loop", "{% for a in range(40000) %}{{ a }}{% endfor %}"),
    (
        "loops in loops",
        "{% for a in range(999) %}{% for b in range(999) %}{% endfor %}{% endfor %}",
    ),
    ("huge range", "{{ range(9223372036854775807) | length }}"),
    ("huge range down", "{{ range(9223372036854775807, -9223372036854775808, -1) | length }}"),
    ("wide range", "{% for a in range(-9223372036854775808, 9223372036854775807) %}x{% endfor %}"),
    ("text output", "{% for a in range(9999) %}{{ body * 50 }}{% endfor %}"),
    ("repeated text", "{{ 'x' * 1000000000 }}"),
    ("text repeated again and again", "{% set x = 'x' * 1000 %}{{ x * 1000 * 1000 }}"),
    (
        "doubled text",
        "{% set ns = namespace(x='x') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    ),
    (
        "added text",
        "{% set ns = namespace(x='x') %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
    ),
    (
        "replaced text",
        "{% set ns = namespace(x='xxxx') %}{% for i in range(99) %}{% set ns.x = ns.x | replace('x', 'xxxx') %}{% endfor %}",
    ),
    (
        "helper replacing",
        "{% set ns = namespace(x='xxxx') %}{% for i in range(99) %}{% set ns.x = replace('x', 'xxxx', ns.x) %}{% endfor %}",
    ),
    ("joined text", "{{ range(9000) | join('x' * 100000) }}"),
    ("helper joining", "{{ join('x' * 100000, range(9000)) }}"),
    ("indented text", "{{ 'x' | indent(1000000000, true) }}"),
    ("indented lines", "{{ ('x\n' * 10000) | indent(10000) }}"),
    ("format width", "{{ '%1000000000d' | format(1) }}"),
    ("format precision", "{{ '%.1000000000f' | format(1.5) }}"),
    (
        "captured text",
        "{% set x %}{% for i in range(9999) %}{{ body * 100 }}{% endfor %}{% endset %}",
    ),
    (
        "filtered text",
        "{% filter upper %}{% for i in range(9999) %}{{ body * 100 }}{% endfor %}{% endfilter %}",
    ),
    ("characters", "{{ ('x' * 3000000) | list | length }}"),
    ("splitting", "{{ ('x,' * 1500000) | split(',') | length }}"),
    ("helper splitting", "{{ splitList('', 'x' * 3000000) | length }}"),
    ("macro calling itself", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"),
    (
        "macro calling itself twice",
        "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
    ),
    (
        "macros calling each other",
        "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
    ),
    ("loop calling itself", "{% set x = [1] %}{% for a in x recursive %}{{ loop(x) }}{% endfor %}"),
    (
        "call blocks",
        "{% macro m() %}{{ caller() }}{{ caller() }}{% endmacro %}{% macro n(i) %}{% call m() %}{% if i %}{{ n(i - 1) }}{% endif %}{% endcall %}{% endmacro %}{{ n(20) }}",
    ),
    (
        "equal texts compared",
        "{% set a = 'x' * 300000 %}{% set b = 'x' * 300000 %}{% for i in range(4000) %}{% if a == b %}{% endif %}{% endfor %}",
    ),
    (
        "unequal texts compared",
        "{% set a = 'x' * 300000 %}{% set b = a ~ 'y' %}{% for i in range(4000) %}{% if a < b %}{% endif %}{% endfor %}",
    ),
    (
        "texts compared by a test",
        "{% set a = 'x' * 300000 %}{% set b = 'x' * 300000 %}{% for i in range(4000) %}{% if a is eq b %}{% endif %}{% endfor %}",
    ),
    (
        "text looked for in a list",
        "{% set a = 'x' * 300000 %}{% set b = ['x' * 300000] %}{% for i in range(4000) %}{% if a in b %}{% endif %}{% endfor %}",
    ),
    (
        "text looked for in a text",
        "{% set a = 'x' * 300000 %}{% for i in range(4000) %}{% if 'y' in a %}{% endif %}{% endfor %}",
    ),
    (
        "text looked at",
        "{% set a = 'x' * 300000 %}{% for i in range(4000) %}{% if a is lower %}{% endif %}{% endfor %}",
    ),
    (
        "start of a text",
        "{% set a = 'x' * 300000 %}{% for i in range(4000) %}{% if a is startingwith(a ~ 'y') %}{% endif %}{% endfor %}",
    ),
    (
        "slices of a text",
        "{% set a = 'x' * 300000 %}{% for i in range(4000) %}{% if a[1:2] %}{% endif %}{% endfor %}",
    ),
    (
        "index into a text",
        "{% set a = 'x' * 300000 %}{% for i in range(4000) %}{% if a[-1] %}{% endif %}{% endfor %}",
    ),
    (
        "index counted",
        "{% set a = 'x' * 300000 %}{% for i in range(296000, 300000) %}{% if a[i] %}{% endif %}{% endfor %}",
    ),
    (
        "loop over a text",
        "{% set a = 'x' * 300000 %}{% for i in range(4000) %}{% for c in a %}{% break %}{% endfor %}{% endfor %}",
    ),
    (
        "recursive loop over a text",
        "{% set a = 'x' * 300000 %}{% for i in range(4000) %}{% for c in ['x'] recursive %}{% if loop.depth == 1 %}{{ loop(a) }}{% endif %}{% break %}{% endfor %}{% endfor %}",
    ),
    (
        "filters on a text",
        "{% set a = 'x' * 300000 %}{% for i in range(4000) %}{% if a | first %}{% endif %}{% endfor %}",
    ),
    (
        "filters with a text",
        "{% set a = 'x' * 300000 %}{% for i in range(4000) %}{% if 'x' | replace(a, 'y') %}{% endif %}{% endfor %}",
    ),
    (
        "a text for each element",
        "{% set a = 'x' * 300000 %}{{ range(4000) | map('replace', a, 'y') | length }}",
    ),
    (
        "a test for each element",
        "{% set a = 'x' * 300000 %}{{ range(4000) | select('in', [a]) | length }}",
    ),
    ("mapped texts", "{{ range(4000) | map('indent', 100000, true) | length }}"),
    ("long texts sorted", "{{ ('x' * 300000 ~ ',a' * 2000) | split(',') | sort | length }}"),
    (
        "long texts without doubles",
        "{{ ('x' * 300000 ~ ',a' * 2000) | split(',') | unique | length }}",
    ),
    ("longest text", "{{ ('x' * 300000 ~ ',a' * 2000) | split(',') | max | length }}"),
    (
        "lists in lists",
        "{% set ns = namespace(x=[1]) %}{% for i in range(9999) %}{% set ns.x = [ns.x] %}{% endfor %}",
    ),
    (
        "shared lists",
        "{% set x = [title] %}{% for i in [1] %}{% set x = [[[[x, x], x], x], x] %}{{ x }}{% endfor %}",
    ),
    (
        "wide shared lists",
        "{% set a = range(99) %}{% set b = [a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a] %}{% set c = [b,b,b,b,b,b,b,b,b,b,b,b,b,b,b,b,b,b,b,b] %}{% set d = [c,c,c,c,c,c,c,c,c,c,c,c,c,c,c,c,c,c,c,c] %}{{ d == d[:] }}",
    ),
    (
        "maps in maps",
        "{% set ns = namespace(x={}) %}{% for i in range(9999) %}{% set ns.x = {'a': ns.x, 'b': ns.x} %}{% endfor %}",
    ),
    (
        "long chain of slices",
        "{% set ns = namespace(x=range(9)) %}{% for i in range(9999) %}{% set ns.x = ns.x[:] %}{% endfor %}",
    ),
    (
        "long chain of reversals",
        "{% set ns = namespace(x=range(9)) %}{% for i in range(9999) %}{% set ns.x = ns.x | reverse %}{% endfor %}",
    ),
    (
        "closures",
        "{% for i in range(15000) %}{% macro m() %}{{ title }}{{ i }}{% endmacro %}{% endfor %}",
    ),
];

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
        assert_eq!(error.reason, Reason::ParseError, "{source}");
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
        assert_eq!(error.reason, Reason::LimitExceeded, "{expression}: {error}");
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
fn the_result_is_bounded() {
    let error = render("{{ 'x' * 65537 }}").unwrap_err();
    assert_eq!(
        (error.reason, error.message.as_str()),
        (Reason::LimitExceeded, "the result is longer than 64 KiB")
    );
    assert_eq!(render("{{ 'x' * 65536 }}").map(|text| text.len()), Ok(65536));
}

#[test]
fn bytes_bound_a_template_as_steps_do() {
    let program = Program::compile("{{ 'x' * 5000 }}").unwrap();
    let mut budget = Budget::new(TEMPLATE_STEPS, 4096);
    let error = program.render(&issue(), &mut budget).unwrap_err();
    assert_eq!(error.reason, Reason::LimitExceeded);
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

#[test]
fn bombs_run_out_of_their_budget() {
    for (name, source) in BOMBS {
        let program = Program::compile(source).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut budget = Budget::template();
        let error = program.render(&issue(), &mut budget).expect_err(name);
        assert_eq!(error.reason, Reason::LimitExceeded, "{name}: {error}");
        assert!(error.position.is_some(), "{name}");
    }
}
