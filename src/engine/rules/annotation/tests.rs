//! The annotation with the rules: what is read out of a text, and where a mistake stands in it.

use super::*;

fn parse(text: &str) -> Result<Entries, AnnotationError> {
    super::parse(text, &mut Purse::default()).map_err(|unreadable| match unreadable {
        Unreadable::Wrong(error) => error,
        Unreadable::Exhausted(_) => panic!("{unreadable}: {text}"),
    })
}

fn templates(text: &str) -> Vec<(String, String)> {
    let entries = parse(text).unwrap();
    entries.into_iter().map(|(key, entry)| (key, entry.unwrap().template)).collect()
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

#[test]
fn json_and_yaml_are_read_alike() {
    let expected = pairs(&[("a/b", "{{.Kind}}"), ("c", "x")]);
    assert_eq!(templates(r#"{"a/b": "{{.Kind}}", "c": "x"}"#), expected);
    assert_eq!(templates("a/b: '{{.Kind}}'\nc: x\n"), expected);
    assert_eq!(templates("# templates\nc: \"x\"\na/b: {{.Kind}}\n"), expected);
    for empty in ["", "  \n", "# nothing", "{}", "~"] {
        assert_eq!(templates(empty), [], "{empty:?}");
    }
}

#[test]
fn plain_scalars_keep_their_text() {
    assert_eq!(
        templates("a: 0123\nb: 1.10\nc: yes\nd:\ne: ~\nf: {{ x }}: {{ y }} # z \ng: null"),
        pairs(&[
            ("a", "0123"),
            ("b", "1.10"),
            ("c", "yes"),
            ("d", ""),
            ("e", "~"),
            ("f", "{{ x }}: {{ y }}"),
            ("g", "null"),
        ])
    );
    assert_eq!(templates(r#"{"a": 5, "b": true}"#), pairs(&[("a", "5"), ("b", "true")]));
}

#[test]
fn a_block_scalar_lacks_its_last_line_break() {
    let text = "a: |\n  {{.X}}\nb: |+\n  {{.X}}\n\nc: >\n  x\n  y\nd: |-\n  x\ne: \"x\\n\"\nf:\n  value: |\n    z\n";
    let expected =
        [("a", "{{.X}}"), ("b", "{{.X}}\n"), ("c", "x y"), ("d", "x"), ("e", "x\n"), ("f", "z")];
    assert_eq!(templates(text), pairs(&expected));
    let entries = parse("a:\n  value: x\n  default: |\n    y\n  allowed: [y]\n").unwrap();
    assert_eq!(entries["a"].clone().unwrap().default.as_deref(), Some("y"));
}

#[test]
fn a_value_has_four_fields() {
    let entries = parse(
        "team:\n  value: {{.Team}}\n  default: other\n  allowed: [red, 007]\n  onInvalid: sanitize\n",
    )
    .unwrap();
    assert_eq!(
        entries["team"],
        Ok(Entry {
            template: "{{.Team}}".to_owned(),
            default: Some("other".to_owned()),
            allowed: Some(vec!["red".to_owned(), "007".to_owned()]),
            on_invalid: Some(OnInvalid::Sanitize),
            line: 1,
            ..Entry::default()
        })
    );
}

#[test]
fn a_bad_entry_costs_only_its_key() {
    for (value, message) in [
        ("[x]", "not a list"),
        ("{default: x}", "`value`"),
        ("{value: x, alowed: [y]}", "`alowed` is no field"),
        ("{value: x, defaults: y}", "`defaults` is no field"),
        ("{value: x, allowed: y}", "`allowed` is a list"),
        ("{value: x, onInvalid: drop}", "`onInvalid`"),
        ("{value: x, on: [tasks]}", "`on` belongs to the defaults of the cluster"),
        ("{value: [[x]]}", "`value` is a text"),
    ] {
        let entries = parse(&format!("a: x\nbad: {value}\nz: x\n")).unwrap();
        let error = entries["bad"].clone().unwrap_err();
        assert!(error.message.contains(message), "{value}: {error}");
        assert_eq!(error.line, 2);
        assert!(entries["a"].is_ok() && entries["z"].is_ok());
    }
}

#[test]
fn errors_stand_where_the_mistake_is() {
    for (text, key, place) in [
        ("a:\n  value: x\n  onInvalid: sanitise\n", "a", (3, 3)),
        ("a: {value: x, allowed: y}", "a", (1, 15)),
        ("b: x\na: [x]", "a", (2, 1)),
    ] {
        let error = parse(text).unwrap()[key].clone().unwrap_err();
        assert_eq!((error.line, error.column), place, "{text:?}: {error}");
    }
    for text in ["a: {% if x %}y{% endif %}", "a: *x", "a: @x", "a: %x", "b: y\na: {# c #}x"] {
        let error = parse(text).unwrap_err();
        assert_eq!(error.hint.as_deref(), Some("put the value in quotes"), "{text:?}: {error}");
    }
}

#[test]
fn a_field_that_was_meant_is_named_and_an_error_has_its_place_in_the_rules_annotation() {
    for (field, meant) in [
        ("alowed", Some("did you mean `allowed`?")),
        ("on_invalid", Some("did you mean `onInvalid`?")),
        ("Default", Some("did you mean `default`?")),
        ("prefix", None),
    ] {
        let text = format!("a: é\nb:\n  value: x\n  {field}: y\n");
        let error = parse(&text).unwrap()["b"].clone().unwrap_err();
        let error = error.within(&text, &mut Purse::default());
        assert_eq!(error.hint.as_deref(), meant, "{error}");
        let position = error.position.unwrap();
        assert_eq!((position.line, position.column), (4, 3));
        assert!(text[position.offset..].starts_with(field), "{position:?}");
    }
}

#[test]
fn what_is_cut_in_a_message_says_so() {
    let long = "é".repeat(33);
    assert_eq!(shown(&long), format!("{}…", "é".repeat(32)));
    assert_eq!(shown(&long[..64]), long[..64]);
}

#[test]
fn what_is_no_mapping_costs_the_rules_annotation() {
    for (text, line, message) in [
        ("- a\n- b", 1, "no mapping"),
        ("just text", 1, "no mapping"),
        ("a: x\na: y", 2, "twice"),
        ("a: &anchor x\nb: *anchor", 1, "anchors"),
        ("a: {value: &x y}", 1, "anchors"),
        ("a: x\n---\nb: y", 2, "second document"),
        ("a: 'x", 1, ""),
        ("a: x\n b: y: z", 2, ""),
        ("{\"a\": {{.X}}}", 1, "key"),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.message.contains(message), "{text:?}: {error}");
        assert!(error.line >= line, "{text:?}: {error}");
    }
}

#[test]
fn a_line_that_is_not_taken_as_it_is_meant_has_a_hint() {
    for (text, hint) in [
        ("a: x\na: y", "remove one of them"),
        ("a: {value: x, value: y}", "remove one of them"),
        ("priority: p: {{.Title}}", "put the value in quotes"),
        (
            "a: \"{{ .Labels | scoped \"priority\" }}\"",
            "put single quotes around the value: `'…'` may hold double ones",
        ),
        ("a: '{{ scoped 'x' .Labels }}'", "within single quotes, write a single quote twice"),
        ("a: '{{ .Title }}", "close the quote"),
        ("b: x\na: \"{{ .Title }}\n", "close the quote"),
        ("a:\n\tvalue: x", "indent with spaces: YAML takes no tabs there"),
        (
            "area: backend\n kind: '{{.Kind}}'",
            "line 2 is indented deeper than line 1: begin all keys in the same column",
        ),
        (
            "area: {{.Kind}}\n\n# more\n  kind: {{.Kind}}",
            "line 4 is indented deeper than line 1: begin all keys in the same column",
        ),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!(error.hint.as_deref(), Some(hint), "{text:?}: {error}");
    }
}

#[test]
fn fields_that_are_not_set_in_below_their_key_are_no_keys() {
    let entries = parse("a: x\npriority:\nvalue: y\ndefault: z\nallowed: [z]\nb: x\n").unwrap();
    let keys: Vec<&str> = entries.keys().map(String::as_str).collect();
    assert_eq!(keys, ["a", "b", "priority"]);
    let error = entries["priority"].clone().unwrap_err();
    assert_eq!((error.line, error.hint.as_deref()), (2, Some("indent `value` below it")));
    assert_eq!(error.message, "`priority` has no template");
    // A key may be called so where the one above it has a value, be it an empty one.
    for text in ["a: x\nvalue: y", "a: \"\"\nvalue: y", "a: ~\nvalue: y", "b:\na: x\nvalue: y"] {
        let entries = parse(text).unwrap();
        assert!(entries.contains_key("value") && entries.values().all(Result::is_ok), "{text:?}");
    }
}
