//! What templates may not do, what they are told, and where.

use super::{compile, gives, render};
use crate::templates::error::{ErrorKind, TemplateError};
use crate::templates::jinja::Program;

fn fails(source: &str) -> TemplateError {
    render(source).expect_err(source)
}

/// The reason, message, line and column of the error that a template gives.
#[track_caller]
fn refuses(source: &str, kind: ErrorKind, message: &str, line: usize, column: usize) {
    let error = fails(source);
    assert_eq!((error.kind, error.message.as_str()), (kind, message), "{source}");
    let position = error.position.expect(source);
    assert_eq!((position.line, position.column), (line, column), "{source}: {error}");
}

/// The message, line and column of a template that does not parse.
#[track_caller]
fn refuses_to_parse(source: &str, message: &str, line: usize, column: usize) {
    refuses(source, ErrorKind::Parse, message, line, column);
    assert!(Program::compile(source).is_err());
}

#[test]
fn templates_that_do_not_parse() {
    refuses_to_parse("{{ title", "`{{` has no `}}`", 1, 1);
    refuses_to_parse("a\n{% if title %}", "`{% if %}` has no `{% endif %}`", 2, 1);
    refuses_to_parse("{{ title | uper }}", "there is no filter `uper`", 1, 12);
    refuses_to_parse("{{ title is strng }}", "there is no test `strng`", 1, 13);
    refuses_to_parse("ä {{ lowr(title) }}", "there is no function `lowr`", 1, 6);
    refuses_to_parse("{{ title | safe }}", "the filter `safe` is not available", 1, 12);
    refuses_to_parse("{% include 'x' %}", "unknown statement include", 1, 4);
    refuses_to_parse("{% extends 'x' %}", "unknown statement extends", 1, 4);
    refuses_to_parse(
        "{% autoescape true %}{% endautoescape %}",
        "there is no automatic escaping",
        1,
        4,
    );
    refuses_to_parse("{{ 1 < number < 3 }}", "comparisons can't be chained", 1, 4);
    refuses_to_parse(
        "{{ title.upper() }}",
        "values have no methods: `.upper(…)` can't be called",
        1,
        9,
    );
    refuses_to_parse(
        "{% for a in 'a' %}{{ loop.changed(a) }}{% endfor %}",
        "values have no methods: `.changed(…)` can't be called",
        1,
        26,
    );
    refuses_to_parse(
        "{% for a in 'a' %}{{ loop.cycle() }}{% endfor %}",
        "`loop.cycle` takes the values to cycle through",
        1,
        26,
    );
    refuses_to_parse(
        "{{ (lower)(title)(x) }}",
        "only functions and macros can be called, by their names",
        1,
        11,
    );
    refuses_to_parse(
        "{{ lower(*labels) }}",
        "arguments can't be taken from a list or map with `*`",
        1,
        4,
    );
    refuses_to_parse(
        "{{ title | replace(**task) }}",
        "arguments can't be taken from a list or map with `*`",
        1,
        12,
    );
}

#[test]
fn calls_that_do_not_parse() {
    refuses_to_parse(
        "{{ [1] * 9 }}",
        "`+` and `*` add and multiply numbers and texts, not lists",
        1,
        4,
    );
    refuses_to_parse("{{ dict(a=1) }}", "`dict` takes its arguments in order, without names", 1, 4);
    refuses_to_parse(
        "{{ title | trunc(count=1) }}",
        "`trunc` takes its arguments in order, without names",
        1,
        12,
    );
    refuses_to_parse("{{ title('x') }}", "`title` is no function", 1, 4);
    refuses_to_parse(
        "{{ uuidv4() }}",
        "`uuidv4` is not offered: the same Task must always give the same result",
        1,
        4,
    );
    refuses_to_parse(
        "{{ title | tpl }}",
        "`tpl` is not offered: rendered text is data, never a template again",
        1,
        12,
    );
    refuses_to_parse(
        "{{ title | regexFind('[') }}",
        "the regular expression is wrong at character 1: `[` is not closed",
        1,
        12,
    );
    refuses_to_parse(
        "{{ regexFind('[', title) }}",
        "the regular expression is wrong at character 1: `[` is not closed",
        1,
        4,
    );
    refuses_to_parse("{{ debug() }}", "there is no function `debug`", 1, 4);
}

#[test]
fn hints_say_what_to_do() {
    for (source, hint) in [
        ("{{ title | trim_prefix('x') }}", "did you mean `trimPrefix`?"),
        ("{{ title is startswith('x') }}", "did you mean `startingwith`?"),
        ("{% include 'x' %}", "a template stands alone, it can't take in others"),
        ("{{ [1] + [2] }}", "loop over one list after the other, or join them to texts first"),
        ("{{ lower }}", "called with parentheses"),
        ("{{ trimPrefix('x', 5) }}", "with `toString`"),
    ] {
        let error = fails(source);
        assert!(error.hint.as_deref().unwrap().contains(hint), "{source}: {error:?}");
    }
    assert!(fails("{{ title | base64 }}").hint.unwrap().contains("docs/helpers.md"));
}

#[test]
fn absent_variables_are_named_where_they_stand() {
    let refuses = |source, name, line, column| {
        let message = format!("`{name}` is not known");
        refuses(source, ErrorKind::Missing, &message, line, column);
    };
    refuses("{{ missing }}", "missing", 1, 4);
    refuses("{{ Title }}\n{{ 'ä' ~ missing }}", "missing", 2, 10);
    refuses("{{ titles ~ title ~ missing.x }}", "titles", 1, 4);
    refuses("{{ task.missing }}", "task.missing", 1, 4);
    refuses("{{ missing.name }}", "missing", 1, 4);
    refuses("{{ title.missing | upper }}", "title.missing", 1, 20);
    refuses("{{ lower(missing) }}", "missing", 1, 10);
    refuses("{{ missing | trimPrefix('x') }}", "missing", 1, 14);
    refuses("{% if missing %}{% endif %}", "missing", 1, 7);
    refuses("{% if missing == 'x' %}{% endif %}", "missing", 1, 7);
    refuses("{% for a in missing %}{% endfor %}", "missing", 1, 13);
    refuses("{{ 'a' in missing }}", "missing", 1, 11);
    refuses("{{ missing + 1 }}", "missing", 1, 4);
    refuses("{{ missing[1:] }}", "missing", 1, 4);
    refuses("{{ [title, missing] }}", "missing", 1, 12);
    refuses("{{ files[7] }}", "files[7]", 1, 4);
    refuses("{{ nothing }}", "nothing", 1, 4);
    refuses("{{ 'a' ~ nothing }}", "'a' ~ nothing", 1, 4);
    refuses("{{ first([]) }}", "first([])", 1, 4);
    refuses("{{ [] | first | stripScope }}", "[] | first", 1, 4);
    refuses("{{- files[7] | stripScope }}", "files[7]", 1, 16);
    refuses("{{ lower([] | first | stripScope) }}", "[] | first", 1, 10);
    refuses("{% if not [] | first | stripScope == 'x' %}{% endif %}", "[] | first", 1, 11);
    let error = fails("{{ nothing | upper }}");
    assert_eq!(error.kind, ErrorKind::Missing);
    assert_eq!(error.message, "the value for the filter `upper` is nothing");
}

/// Templates that fail while they run, and what is said about it.
const RUN_TIME_ERRORS: &[(&str, &str)] = &[
    ("{{ 12345 // 0 }}", "the numbers can't be calculated"),
    ("{{ 12345 ** 99 }}", "the numbers can't be calculated"),
    ("{{ title | int }}", "invalid float literal"),
    ("{{ title + 1 }}", "tried to use + operator on unsupported types string and number"),
    ("{{ [id] + [id] }}", "`+` and `*` add and multiply numbers and texts, not lists"),
    ("{{ (id,) * 2 }}", "`+` and `*` add and multiply numbers and texts, not lists"),
    ("{{ 2 * labels }}", "`+` and `*` add and multiply numbers and texts, not lists"),
    ("{{ lower }}", "a function, macro, loop or namespace is no text"),
    ("{{ namespace() }}", "a function, macro, loop or namespace is no text"),
    (
        "{% macro m() %}{% endmacro %}{{ 'a' ~ m }}",
        "a function, macro, loop or namespace is no text",
    ),
    ("{% for a in 'a' %}{{ loop }}{% endfor %}", "a function, macro, loop or namespace is no text"),
    ("{{ lower == upper }}", "a function is no value"),
    ("{% set x = [range] %}", "a list, map or namespace can hold texts, numbers, lists and maps"),
    (
        "{% set n = namespace() %}{% set n.n = n %}",
        "a list, map or namespace can hold texts, numbers, lists and maps",
    ),
    (
        "{% set n = namespace() %}{% set n.n = namespace(n=n) %}",
        "a list, map or namespace can hold texts, numbers, lists and maps",
    ),
    (
        "{% for a in 'a' %}{% set x = {'a': loop} %}{% endfor %}",
        "a list, map or namespace can hold texts, numbers, lists and maps",
    ),
    ("{{ join(',', [[1]]) }}", "a list or map for a helper may hold only texts and numbers"),
    ("{{ {title * 30: 1} }}", "a key of a map must be a number or a text of at most 256 bytes"),
    ("{{ {labels: 1} }}", "a key of a map must be a number or a text of at most 256 bytes"),
    ("{{ trimPrefix('x') }}", "trimPrefix takes 2 arguments, not 1"),
    ("{{ title | trimPrefix }}", "trimPrefix takes 2 arguments, not 1"),
    (
        "{{ trimPrefix('x', number) }}",
        "argument 2 of trimPrefix is a whole number, but must be a text",
    ),
    (
        "{{ number | trimPrefix('x') }}",
        "argument 2 of trimPrefix is a whole number, but must be a text",
    ),
    ("{{ trunc(9223372036854775808, 'x') }}", "a number for a helper does not fit into 64 bits"),
    ("{{ labels | map('nope') }}", "`map` takes the name of a filter as its first argument"),
    ("{{ labels | select('nope') }}", "the first argument must be the name of a test"),
    ("{{ title | select }}", "this filter works on lists, not on string"),
    ("{{ 1 in 2 }}", "`in` looks into texts, lists and maps, not into number"),
    ("{{ title[::0] }}", "a slice cannot have steps of 0"),
    ("{{ number[1:] }}", "a slice is taken of a text or a list, not of number"),
    ("{{ range(1, 2, 0) }}", "a range cannot have steps of 0"),
    ("{% set a, b = [1, 2, 3] %}", "sequence of wrong length (expected 2, got 3)"),
    ("{% set x.y = 1 %}{% set title.x = 1 %}", "can only assign to namespaces, not undefined"),
];

#[test]
fn run_time_errors_hold_no_values() {
    for &(source, message) in RUN_TIME_ERRORS {
        let error = fails(source);
        if error.kind != ErrorKind::Missing {
            assert_eq!(
                (error.kind, error.message.as_str()),
                (ErrorKind::Render, message),
                "{source}"
            );
        }
        assert!(error.position.is_some(), "{source}");
    }
}

#[test]
fn what_would_use_up_the_stack_is_refused() {
    let many = |part: &str| part.repeat(100_000);
    let sources = [
        format!("{{{{ {}1{} }}}}", many("("), many(")")),
        format!("{{{{ {}1{} }}}}", many("["), many("]")),
        format!("{{{{ {} }}}}", many("{1:")),
        format!("{{{{ {} }}}}", many("-")),
        format!("{{{{ {}1 }}}}", many("not ")),
        format!("{{{{ {}1 }}}}", many("1+")),
        format!("{{{{ {}1 }}}}", many("1 if 1 else ")),
        format!("{{{{ {}1 }}}}", many("lower(")),
        format!("{{{{ 1{} }}}}", many(".x")),
        format!("{{{{ 1{} }}}}", many("|upper")),
        format!("{{{{ 1{} }}}}", many("[0]")),
        many("{% if 1 %}"),
        format!("{{% if 1 %}}{}{{% endif %}}", many("{% elif 1 %}")),
        many("{% for x in y %}"),
        many("{% macro m() %}"),
        many("{{"),
        many("{%"),
    ];
    for source in sources {
        for length in [5_000, 60_000, source.len()] {
            let cut = &source[..length.min(source.len())];
            let error = compile(cut).expect_err("refused");
            assert_eq!(error.kind, ErrorKind::Parse, "{error}");
        }
    }
}

#[test]
fn what_is_allowed_fits_into_a_small_stack() {
    let many = |part: &str, count: usize| part.repeat(count);
    let sources = [
        format!("{{{{ {}1{} }}}}", many("(", 70), many(")", 70)),
        format!("{{{{ {}1 }}}}", many("-", 490)),
        format!("{{{{ {}1 }}}}", many("not ", 490)),
        format!("{{{{ {}1 }}}}", many("1+", 240)),
        format!("{{{{ {}1 }}}}", many("1 if 0 else ", 120)),
        format!("{{{{ 1{} }}}}", many("|string", 240)),
        format!("{{% if 0 %}}{}{{% endif %}}", many("{% elif 0 %}", 100)),
        format!("{}{}", many("{% if 1 %}", 100), many("{% endif %}", 100)),
        format!("{}{}", many("{% for a in 'a' %}", 70), many("{% endfor %}", 70)),
        "{% macro m(n) %}{{ m(n - 1) if n }}{% endmacro %}{{ m(70) }}".to_owned(),
        "{% macro c() %}{{ caller() }}{% endmacro %}{% macro m(n) %}{% call c() %}{{ m(n - 1) if n }}{% endcall %}{% endmacro %}{{ m(20) }}".to_owned(),
    ];
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(move || {
        for source in sources {
            gives_anything(&source);
        }
    });
    thread.unwrap().join().unwrap();
}

fn gives_anything(source: &str) {
    let result = render(source);
    assert!(result.is_ok(), "{source}: {result:?}");
}

#[test]
fn long_templates() {
    let text = "x".repeat(65_000);
    gives(&format!("{text}{{{{ '' }}}}"), &text);
    let lines = "\n".repeat(65_000);
    let error = fails(&format!("{lines}{{{{ missing }}}}"));
    assert_eq!(error.position.unwrap().line, 65_001);
    let error = fails(&"x".repeat((64 << 10) + 1));
    assert_eq!((error.kind, error.position), (ErrorKind::Parse, None));
    let expressions = "{{ number }}".repeat(5_000);
    gives(&expressions, &"42".repeat(5_000));
}
