//! One table of all helpers: name, arguments, and what Sprig gives for them.

use super::{all, case, find};
use crate::engine::reason::Reason;
use crate::engine::render::budget::Budget;
use crate::engine::render::value::{Map, Value};

fn text(text: &str) -> Value {
    Value::from(text)
}

fn list(items: &[&str]) -> Value {
    Value::from(items.iter().copied().map(Value::from).collect::<Vec<_>>())
}

fn call(name: &str, args: &[Value]) -> Result<Value, String> {
    let helper = find(name).expect("the table names helpers that exist");
    assert!(helper.accepts(args.len()), "{name} with {} arguments", args.len());
    (helper.call)(&mut Budget::template(), args).map_err(|error| {
        assert_eq!(error.reason, Reason::RenderError);
        error.message
    })
}

fn gives(name: &str, args: &[Value], result: Value) {
    assert_eq!(call(name, args), Ok(result), "{name} {args:?}");
}

fn fails(name: &str, args: &[Value], message: &str) {
    assert_eq!(call(name, args), Err(message.to_owned()), "{name} {args:?}");
}

#[test]
fn texts() {
    let labels = Value::labels(&["bug", "area/ui"]);
    gives("trimPrefix", &[text("a/"), text("a/b")], text("b"));
    gives("trimPrefix", &[text("b"), text("a/b")], text("a/b"));
    gives("trimPrefix", &[text(""), text("")], text(""));
    gives("trimPrefix", &[text("bug, "), labels.clone()], text("area/ui"));
    gives("trimSuffix", &[text("ü"), text("aü")], text("a"));
    gives("trimSuffix", &[text("x"), text("")], text(""));
    gives("lower", &[text("ÄB İ ΣΑΣ")], text("äb i σασ"));
    gives("upper", &[text("straße ᾳ ŉ ﬁ ǆ")], text("STRAßE ᾼ ŉ ﬁ Ǆ"));
    gives("upper", &[labels], text("BUG, AREA/UI"));
    gives("replace", &[text("-"), text("+"), text("a-b-c")], text("a+b+c"));
    gives("replace", &[text(""), text("-"), text("añb")], text("-a-ñ-b-"));
    gives("replace", &[text("x"), text(""), text("abc")], text("abc"));
    gives("replace", &[text("a"), text(""), text("aaa")], text(""));
    fails(
        "trimPrefix",
        &[text("a"), Value::Int(5)],
        "argument 2 of trimPrefix is a whole number, but must be a text",
    );
    fails("upper", &[Value::Nil], "argument 1 of upper is nothing, but must be a text");
    fails("lower", &[list(&["a"])], "argument 1 of lower is a list, but must be a text");
}

#[test]
fn trunc_counts_bytes_and_keeps_characters_whole() {
    for (count, from, to) in [
        (3, "abcdef", "abc"),
        (-3, "abcdef", "def"),
        (0, "abc", ""),
        (9, "abc", "abc"),
        (-9, "abc", "abc"),
        (-6, "abcdef", "abcdef"),
        (2, "aéb", "a"),
        (3, "aéb", "aé"),
        (-2, "aéb", "b"),
        (1, "日", ""),
        (-1, "日", ""),
        (i64::MIN, "日", "日"),
        (i64::MAX, "日", "日"),
    ] {
        gives("trunc", &[Value::Int(count), text(from)], text(to));
    }
    gives("trunc", &[Value::Byte(1), text("ab")], text("a"));
    let message = "argument 1 of trunc is a number, but must be a whole number";
    fails("trunc", &[Value::Float(2.0), text("abc")], message);
}

#[test]
fn choices() {
    let empty = [
        Value::Nil,
        Value::Bool(false),
        Value::Int(0),
        Value::Byte(0),
        Value::Float(0.0),
        text(""),
        list(&[]),
        Value::from(Map::new()),
        Value::labels::<&str>(&[]),
        Value::labels(&[""]),
    ];
    for value in empty {
        gives("empty", std::slice::from_ref(&value), Value::Bool(true));
        gives("default", &[text("x"), value.clone()], text("x"));
        gives("coalesce", &[value, text("z")], text("z"));
    }
    for value in [Value::Bool(true), Value::Float(f64::INFINITY), list(&[""]), text(" ")] {
        gives("empty", std::slice::from_ref(&value), Value::Bool(false));
        gives("default", &[text("x"), value.clone()], value.clone());
        gives("coalesce", &[Value::Nil, value.clone(), text("z")], value);
    }
    gives("default", &[text("x")], text("x"));
    gives("default", &[text("x"), Value::Int(0), Value::Int(1)], text("x"));
    gives("coalesce", &[], Value::Nil);
    gives("coalesce", &[Value::Int(0), text("")], Value::Nil);
}

#[test]
fn lists() {
    let mixed = Value::from(vec![
        Value::Int(1),
        Value::Nil,
        text("a"),
        Value::Float(2.5),
        Value::Bool(true),
        list(&["x", "y"]),
        Value::from(vec![Value::Nil]),
    ]);
    gives("join", &[text(","), mixed], text("1,a,2.5,true,[x y],[<nil>]"));
    gives("join", &[text("|"), Value::labels(&["a", "b"])], text("a|b"));
    gives("join", &[text(","), text("a")], text("a"));
    gives("join", &[text(","), Value::Int(5)], text("5"));
    gives("join", &[text(","), Value::Nil], text(""));
    gives("join", &[text(","), list(&[])], text(""));
    let map = Value::from(Map::from([("b".into(), Value::Nil), ("a".into(), Value::Int(1))]));
    gives("join", &[text(","), map], text("map[a:1 b:<nil>]"));
    for (float, printed) in [
        (123456.0, "123456"),
        (1e6, "1e+06"),
        (123456789.0, "1.23456789e+08"),
        (0.0001, "0.0001"),
        (1e-5, "1e-05"),
        (1e100, "1e+100"),
        (-0.0, "-0"),
        (f64::NAN, "NaN"),
        (f64::NEG_INFINITY, "-Inf"),
    ] {
        gives("join", &[text(""), Value::Float(float)], text(printed));
    }
    gives("splitList", &[text(","), text("a,,b")], list(&["a", "", "b"]));
    gives("splitList", &[text(","), text("")], list(&[""]));
    gives("splitList", &[text(""), text("añb")], list(&["a", "ñ", "b"]));
    gives("splitList", &[text(""), text("")], list(&[]));
    gives("splitList", &[text(", "), Value::labels(&["a", "b"])], list(&["a", "b"]));
    gives("first", &[Value::labels(&["a", "b"])], text("a"));
    gives("last", &[list(&["a", "b"])], text("b"));
    gives("first", &[list(&[])], Value::Nil);
    gives("last", &[Value::labels::<&str>(&[])], Value::Nil);
    fails("first", &[text("abc")], "argument 1 of first is a text, but must be a list");
    fails("last", &[Value::Nil], "argument 1 of last is nothing, but must be a list");
}

#[test]
fn labels() {
    gives("labelValue", &[text("priority/critical")], text("priority-critical"));
    gives("labelValue", &[text("日本")], text(""));
    gives("labelValue", &[Value::labels(&["a", "b"])], text("a-b"));
    gives("labelValue", &[Value::Int(-42)], text("42"));
    gives("labelValue", &[Value::Bool(true)], text("true"));
    fails("labelValue", &[Value::Nil], "argument 1 of labelValue is nothing, but must be a text");
    for (label, name) in [
        ("priority/critical", "critical"),
        ("area:x", "x"),
        ("area: x ", "x"),
        ("kind::bug", "bug"),
        ("area/ui/forms", "ui/forms"),
        ("a/b:c", "b:c"),
        ("a:b/c", "b/c"),
        ("bug", "bug"),
        ("", ""),
        ("wip:", "wip:"),
        ("a/ ", "a/ "),
        (":bug:", ":bug:"),
        ("/x", "/x"),
        ("größe/XL", "XL"),
    ] {
        gives("stripScope", &[text(label)], text(name));
    }
}

#[test]
fn a_number_where_a_text_belongs_comes_with_advice() {
    let helper = find("trimPrefix").unwrap();
    let args = [text("a"), Value::Int(5)];
    let error = (helper.call)(&mut Budget::template(), &args).unwrap_err();
    assert!(error.hint.unwrap().contains("printf \"%d\""));
}

#[test]
fn everything_that_is_built_is_charged_before() {
    let long = text(&"a".repeat(1000));
    for (name, args) in [
        ("upper", vec![long.clone()]),
        ("lower", vec![long.clone()]),
        ("trimPrefix", vec![text("a"), long.clone()]),
        ("trimSuffix", vec![text("a"), long.clone()]),
        ("trunc", vec![Value::Int(999), long.clone()]),
        ("replace", vec![text("a"), text("bb"), long.clone()]),
        ("splitList", vec![text(""), long.clone()]),
        ("join", vec![text(","), Value::from(vec![long.clone()])]),
        ("stripScope", vec![text(&format!("a/{}", "b".repeat(1000)))]),
    ] {
        let helper = find(name).unwrap();
        let mut budget = Budget::new(10_000, 900);
        let error = (helper.call)(&mut budget, &args).unwrap_err();
        assert_eq!((error.reason, budget.bytes()), (Reason::LimitExceeded, 0), "{name}");
        let mut budget = Budget::new(10, 1 << 20);
        let error = (helper.call)(&mut budget, &args).unwrap_err();
        assert_eq!((error.reason, budget.steps()), (Reason::LimitExceeded, 0), "{name}");
    }
}

#[test]
fn a_replacement_bomb_never_explodes() {
    let helper = find("replace").unwrap();
    let args = [text(""), text(&"x".repeat(1 << 20)), text(&"a".repeat(1 << 10))];
    let error = (helper.call)(&mut Budget::template(), &args).unwrap_err();
    assert_eq!(error.reason, Reason::LimitExceeded);
}

#[test]
fn the_table_is_sorted_and_its_names_are_unique() {
    let names: Vec<_> = all().map(|helper| helper.name).collect();
    assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
    assert_eq!(names.len(), 15);
}

#[test]
fn case_mapping_never_grows_beyond_what_is_charged() {
    for c in '\0'..=char::MAX {
        for mapped in [case::upper(c), case::lower(c)] {
            assert!(2 * mapped.len_utf8() <= 3 * c.len_utf8(), "{c:?}");
        }
    }
}
