//! What the table of `tests/data/helpers` can't show: what helpers pay, and what they say.

use std::sync::Arc;

use super::{Helper, all, find, unicode_case};
use crate::templates::budget::{Budget, TEMPLATE_BYTES, TEMPLATE_STEPS};
use crate::templates::error::{ErrorKind, TemplateError};
use crate::templates::value::{Map, Value};
use crate::templates::{Syntax, Template};

fn text(text: &str) -> Value {
    Value::from(text)
}

fn call(name: &str, args: &[Value], budget: &mut Budget) -> Result<Value, TemplateError> {
    find(name).unwrap().call(budget, args)
}

#[test]
fn the_table_is_sorted_and_its_names_are_unique() {
    assert!(all().is_sorted_by(|a: &&Helper, b: &&Helper| a.name < b.name));
    assert!(all().all(|helper| find(helper.name).is_some_and(|found| found.name == helper.name)));
}

#[test]
fn a_number_where_a_text_belongs_comes_with_advice() {
    let error = call("trimPrefix", &[text("a"), Value::Int(5)], &mut Budget::template());
    assert!(error.unwrap_err().hint.unwrap().contains("toString"));
}

/// A call of each helper that builds or reads something long.
fn long_calls() -> Vec<(&'static str, Vec<Value>)> {
    let long = text(&"a b".repeat(400));
    let items = Value::from(vec![long.clone(); 64]);
    let map: Map = (0..100).map(|i| (i.to_string().into(), long.clone())).collect();
    let map = Value::from(map);
    vec![
        ("upper", vec![long.clone()]),
        ("lower", vec![long.clone()]),
        ("title", vec![long.clone()]),
        ("trimAll", vec![text("a"), long.clone()]),
        ("nospace", vec![long.clone()]),
        ("trimPrefix", vec![text("a"), long.clone()]),
        ("trimSuffix", vec![text("b"), long.clone()]),
        ("trunc", vec![Value::Int(999), long.clone()]),
        ("abbrev", vec![Value::Int(999), long.clone()]),
        ("substr", vec![Value::Int(0), Value::Int(999), long.clone()]),
        ("replace", vec![text("a"), text("bb"), long.clone()]),
        ("repeat", vec![Value::Int(2), long.clone()]),
        ("snakecase", vec![long.clone()]),
        ("camelcase", vec![long.clone()]),
        ("quote", vec![long.clone()]),
        ("squote", vec![long.clone()]),
        ("cat", vec![long.clone()]),
        ("toString", vec![items.clone()]),
        ("splitList", vec![text(""), long.clone()]),
        ("join", vec![text(","), items.clone()]),
        ("rest", vec![items.clone()]),
        ("initial", vec![items.clone()]),
        ("uniq", vec![items.clone()]),
        ("without", vec![items.clone(), text("a")]),
        ("compact", vec![items.clone()]),
        ("concat", vec![items.clone(), items.clone()]),
        ("sortAlpha", vec![items.clone()]),
        ("until", vec![Value::Int(1000)]),
        ("list", vec![text("a"); 100]),
        ("dict", vec![text("a"); 100]),
        ("keys", vec![map.clone()]),
        ("toJson", vec![map]),
        ("fromJson", vec![text(&format!("[{}1]", "1,".repeat(100)))]),
        ("urlParse", vec![long.clone()]),
        ("dir", vec![text(&"a/".repeat(1000))]),
        ("b64enc", vec![long.clone()]),
        ("stripScope", vec![text(&format!("a/{}", "b".repeat(1000)))]),
        ("labelHash", vec![Value::Int(63), long.clone()]),
        ("date", vec![long.clone(), Value::Int(0)]),
        ("regexFind", vec![text(".*"), long.clone()]),
        ("regexFindAll", vec![text("a"), long.clone(), Value::Int(-1)]),
        ("regexSplit", vec![text("a"), long.clone(), Value::Int(-1)]),
        ("regexReplaceAll", vec![text("a"), long.clone(), text("$0$0")]),
        ("regexQuoteMeta", vec![long]),
    ]
}

#[test]
fn everything_that_is_built_is_charged_before() {
    for (name, args) in long_calls() {
        let mut budget = Budget::new(100_000, 700);
        let error = call(name, &args, &mut budget).unwrap_err();
        assert_eq!((error.kind, budget.bytes()), (ErrorKind::Limit, 0), "{name}");
        let mut budget = Budget::new(6, 1 << 20);
        let error = call(name, &args, &mut budget).unwrap_err();
        assert_eq!((error.kind, budget.steps()), (ErrorKind::Limit, 0), "{name}");
        let mut budget = Budget::template();
        assert!(call(name, &args, &mut budget).is_ok(), "{name}");
        assert!(budget.steps() > TEMPLATE_STEPS * 9 / 10, "{name} costs too much: {budget:?}");
    }
}

#[test]
fn bombs_never_explode() {
    let huge = text(&"a".repeat(1 << 16));
    let labels: Vec<Value> = (0..10_000).map(|i| text(&format!("label {i}"))).collect();
    let nested: Vec<Value> = (0..2000).map(|i| Value::from(vec![Value::Int(i)])).collect();
    let deep = (0..150).fold(Value::Nil, |inner, _| Value::from(vec![inner]));
    let wide = (0..30).fold(text("x"), |inner, _| Value::from(vec![inner.clone(), inner]));
    for (name, args) in [
        ("replace", vec![text(""), huge.clone(), text(&"a".repeat(1 << 10))]),
        ("repeat", vec![Value::Int(i64::MAX), text("a")]),
        ("repeat", vec![Value::Int(1 << 20), huge.clone()]),
        ("until", vec![Value::Int(i64::MAX)]),
        ("until", vec![Value::Int(i64::MIN)]),
        ("uniq", vec![Value::from(nested)]),
        ("toJson", vec![wide.clone()]),
        ("join", vec![text(","), wide.clone()]),
        ("quote", vec![wide.clone()]),
        ("list", vec![wide.clone()]),
        ("has", vec![wide.clone(), Value::from(vec![wide])]),
        ("fromJson", vec![text(&"[".repeat(1 << 16))]),
        ("fromJson", vec![text(&format!("{}{}", "[".repeat(120), "]".repeat(120)))]),
        ("list", vec![(0..60).fold(deep, |inner, _| Value::from(vec![inner]))]),
        ("regexMatch", vec![text("(a*)*b"), text(&"a".repeat(1 << 17))]),
        ("regexReplaceAll", vec![text("(?:a*b)|a"), huge.clone(), text("-")]),
        ("regexMatch", vec![text("(?:a?){1000}a{1000}b"), huge]),
    ] {
        let mut budget = Budget::template();
        let error = call(name, &args, &mut budget).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Limit, "{name}: {error}");
    }
    for (name, args) in [
        ("uniq", vec![Value::from(labels.clone())]),
        ("sortAlpha", vec![Value::from(labels.clone())]),
        ("has", vec![text("x"), Value::from(labels)]),
        ("repeat", vec![Value::Int(i64::MAX), text("")]),
    ] {
        let mut budget = Budget::new(TEMPLATE_STEPS, TEMPLATE_BYTES);
        assert!(call(name, &args, &mut budget).is_ok(), "{name}: {budget:?}");
    }
}

#[test]
fn case_mapping_never_grows_beyond_what_is_charged() {
    for c in '\0'..=char::MAX {
        for mapped in [unicode_case::upper(c), unicode_case::lower(c), unicode_case::title(c)] {
            assert!(2 * mapped.len_utf8() <= 3 * c.len_utf8(), "{c:?}");
        }
    }
}

#[test]
fn two_long_names_stay_two() {
    let hash = |name: &str| {
        call("labelHash", &[Value::Int(20), text(name)], &mut Budget::template()).unwrap()
    };
    let long = "feature/a-branch-with-a-long-name";
    assert_ne!(hash(&format!("{long}-1")), hash(&format!("{long}-2")));
    assert_ne!(hash("日本"), hash("中国"));
    assert_eq!(hash(long), hash(long));
}

#[test]
fn nothing_that_is_absent_is_there() {
    for (name, message, instead) in [
        ("env", "`env` is not offered: templates reach no environment", None),
        ("uuidv4", "the same Task must always give the same result", Some("sha256sum")),
        ("mustRegexMatch", "an error skips the key anyway", Some("regexMatch")),
        ("nindent", "docs/helpers.md lists what is", None),
    ] {
        let (found, hint) = super::why_absent(name).unwrap();
        assert!(found.contains(message), "{found}");
        assert_eq!(hint, instead);
    }
    assert_eq!(super::unsupported::other_name("toLower"), Some("lower"));
    for name in ["truncate", "strip", "capitalize", "substring", "UPPERCASE"] {
        let helper = super::unsupported::other_name(name).unwrap();
        assert!(find(helper).is_some() && find(name).is_none(), "{name}");
    }
    assert_eq!(super::why_absent("frob"), None);
    assert_eq!(super::why_absent("mustard"), None);
    for (_, names) in super::not_offered() {
        assert!(names.iter().all(|name| find(name).is_none()));
    }
    for (absent, helper) in super::unsupported::INSTEAD {
        assert!(find(helper).is_some() && super::why_absent(absent).is_some(), "{absent}");
    }
}

#[test]
fn time_stands_still_everywhere_in_a_template() {
    let moment = crate::unix_seconds::UnixSeconds(1_795_370_645);
    for source in [
        "{{ now | unixEpoch }} {{ date \"2006\" now }}",
        "{{ now() | unixEpoch }} {{ now() | date('2006') }}",
        "{% macro m() %}{{ now() | unixEpoch }}{% endmacro %}{{ m() }} {{ date('2006', now()) }}",
    ] {
        let template = Template::compile(source, Syntax::Auto).unwrap();
        let mut budget = Budget::task().at(moment);
        let text = template.render(&Arc::new(Map::new()), &mut budget).unwrap();
        assert_eq!((text.as_str(), budget.moment()), ("1795370645 2026", moment), "{source}");
    }
}

#[test]
fn templates_with_regular_expressions_are_not_straight() {
    for (source, is_straight) in [
        ("{{ trunc 3 .Title }}", true),
        ("{{ regexFind \"a\" .Title }}", false),
        ("{{ .Title | regexMatch .Body }}", false),
        ("{{ regexQuoteMeta .Title }}", true),
        ("{{ title | trunc(3) }}", true),
        ("{{ title | regexFind('a') }}", false),
        ("{{ regexFind(body, title) }}", false),
        ("{{ labels | map('upper') | join }}", true),
        ("{{ labels | map('regexFind', 'a') | join }}", false),
        ("{{ labels | map(title) | join }}", false),
    ] {
        let template = Template::compile(source, Syntax::Auto).unwrap();
        assert_eq!(template.is_straight_line(), is_straight, "{source}");
    }
}
