//! What holds for any template that is put together of expressions.

use proptest::prelude::*;

use super::issue;
use crate::templates::budget::Budget;
use crate::templates::error::ErrorKind;
use crate::templates::jinja::Program;

const VALUES: &[&str] = &[
    "title",
    "body",
    "labels",
    "labels[0]",
    "files",
    "task",
    "user",
    "number",
    "ratio",
    "draft",
    "nothing",
    "missing",
    "'a'",
    "''",
    "'%d'",
    "0",
    "-1",
    "2.5",
    "9223372036854775807",
    "none",
    "true",
    "[]",
    "[1, 'a']",
    "('a', 1)",
    "{'a': 1}",
    "range(3)",
    "lower",
    "ns",
    "ns.x",
];

const OPERATORS: &[&str] = &[
    "+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", "<=", ">", ">=", "in", "not in",
    "and", "or",
];

const AFTER: &[&str] = &[
    "|upper",
    "|lower",
    "|title",
    "|capitalize",
    "|replace('a', 'bb')",
    "|first",
    "|last",
    "|length",
    "|join(',')",
    "|default('x')",
    "|int",
    "|float",
    "|round(-1)",
    "|abs",
    "|list",
    "|sort",
    "|unique",
    "|reverse",
    "|split",
    "|lines",
    "|trim('a')",
    "|indent(3)",
    "|format(1)",
    "|string",
    "|bool",
    "|min",
    "|max",
    "|items",
    "|map('upper')",
    "|select('string')",
    "|reject('eq', 'a')",
    "|trimPrefix('a')",
    "|trunc(-2)",
    "|splitList('')",
    "|labelValue",
    "|stripScope",
    "|empty",
    "|coalesce('x')",
    " is defined",
    " is none",
    " is lower",
    " is eq('a')",
    " is divisibleby(2)",
    "[0]",
    "[-1]",
    "[1:]",
    "[::-2]",
    ".name",
];

fn expressions() -> impl Strategy<Value = String> {
    let value = prop::sample::select(VALUES).prop_map(str::to_owned);
    value.prop_recursive(4, 12, 2, |inner| {
        let operator = prop::sample::select(OPERATORS);
        let after = prop::sample::select(AFTER);
        prop_oneof![
            (inner.clone(), operator, inner.clone())
                .prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            (inner.clone(), after).prop_map(|(a, after)| format!("({a}{after})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[{a}, {b}]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("coalesce({a}, {b})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("({a} if {b} else 'c')")),
        ]
    })
}

fn statements() -> impl Strategy<Value = String> {
    let part = (0..5, expressions(), expressions()).prop_map(|(shape, a, b)| match shape {
        0 => format!("{{% set x = {a} %}}{{{{ x }}}}"),
        1 => format!("{{% set ns.x = {a} %}}"),
        2 => format!("{{% for x in {a} %}}{{{{ {b} }}}}{{% endfor %}}"),
        3 => format!("{{% if {a} %}}{{{{ {b} }}}}{{% endif %}}"),
        _ => format!("{{{{ {a} }}}}"),
    });
    let parts = prop::collection::vec(part, 1..3);
    parts.prop_map(|parts| format!("{{% set ns = namespace(x='y') %}}{}", parts.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_template_fails_in_known_ways_and_always_the_same(source in statements()) {
        let program = match Program::compile(&source) {
            Ok(program) => program,
            Err(error) => {
                prop_assert_eq!(error.kind, ErrorKind::Parse);
                return Ok(());
            }
        };
        let mut budget = Budget::template();
        let result = program.render(&issue(), &mut budget);
        let spent = Budget::template().steps() - budget.steps();
        prop_assert!(spent > 0);
        if let Err(error) = &result {
            let known = [ErrorKind::Missing, ErrorKind::Render, ErrorKind::Limit];
            prop_assert!(known.contains(&error.kind), "{}", error);
            prop_assert!(error.position.is_some(), "{}", error);
        }
        // With just as much it gives the same again, with less it gives nothing else.
        let again = program.render(&issue(), &mut Budget::new(spent + 1, u64::MAX));
        prop_assert_eq!(&again, &result);
        let less = program.render(&issue(), &mut Budget::new(spent / 2, u64::MAX));
        prop_assert!(less == result || less.is_err_and(|e| e.kind == ErrorKind::Limit));
    }
}
