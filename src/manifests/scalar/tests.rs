//! Each style of YAML says where its letters come from; what is not read again to the same text says nothing.

use granit_parser::{Event, Parser};
use proptest::prelude::*;

use super::*;

/// The scalars of a document.
fn scalars(document: &str) -> Vec<Scalar> {
    let events = Parser::new_from_str(document).filter_map(Result::ok);
    let scalars = events.filter_map(|(event, span)| {
        let Event::Scalar(text, style, anchor, _) = event else { return None };
        let range = span.start.byte_offset()?..span.end.byte_offset()?;
        let indent = span.indent.unwrap_or_default();
        let style = Style::of(style);
        let parsed = Parsed { text: &text, style, range, indent, is_shared: anchor != 0 };
        Some(Scalar::read(document, &parsed))
    });
    scalars.collect()
}

/// The last scalar, with every letter of it that the file has, too, at its place.
fn last(document: &str) -> Scalar {
    let scalar = scalars(document).pop().unwrap();
    assert!(!scalar.pieces.is_empty() || scalar.text.is_empty(), "unread: {document:?}");
    for (at, letter) in scalar.text.char_indices() {
        let place = scalar.in_file(&(at..at + letter.len_utf8()));
        if letter.is_alphanumeric() {
            let spelled = &document[place.unwrap()];
            let is_escape = spelled.starts_with('\\');
            assert!(
                is_escape || spelled == letter.to_string(),
                "{spelled:?} {letter} {document:?}"
            );
        }
    }
    scalar
}

#[test]
fn every_style_says_where_its_letters_are() {
    for (document, style, text) in [
        ("a: foo\n  bar\n\n  ü baz # c\n", Style::Plain, "foo bar\nü baz"),
        ("a: 'it''s\n  b '", Style::SingleQuoted, "it's b "),
        ("a: \"x\\u00e9 \\\n   y\\tz\\\" \n\n  w\"", Style::DoubleQuoted, "xé y\tz\"\nw"),
        ("{\"a\":\n\t\"x\\ud83d\\ude00\\/y\"}", Style::DoubleQuoted, "x😀/y"),
        ("a: |\n  l1\n\n    l2\n  l3\n", Style::Literal, "l1\n\n  l2\nl3\n"),
        ("a: |-\r\n  l1\r\n  l2\r\n\r\n", Style::Literal, "l1\nl2"),
        ("a: |2+\n   x\n\n\n", Style::Literal, " x\n\n\n"),
        ("a: |\n\n\n  x\n", Style::Literal, "\n\nx\n"),
        ("a: |\n  x", Style::Literal, "x\n"),
        ("a: >-\n  f1\n  f2\n\n  f3\n   more\n  f4\n\n", Style::Folded, "f1 f2\nf3\n more\nf4"),
        ("a: >+\n  f1\n\n\n", Style::Folded, "f1\n\n\n"),
        ("a: >\n\n  f1\n  f2\n", Style::Folded, "\nf1 f2\n"),
        ("- |\n  x\n  y\n- z", Style::Plain, "z"),
        ("a: \"\"", Style::DoubleQuoted, ""),
    ] {
        let scalar = last(document);
        assert_eq!((scalar.style, &*scalar.text), (style, text), "{document:?}");
    }
}

#[test]
fn a_place_within_an_escape_is_the_whole_of_it() {
    let document = "a: 'it''s'";
    let scalar = last(document);
    let place = |range: Range<usize>| scalar.in_file(&range).map(|it| &document[it]);
    assert_eq!(place(2..3), Some("''"));
    assert_eq!(place(0..4), Some("it''s"));
    assert_eq!(place(4..4), Some(""));
    assert_eq!(scalar.in_file(&(4..4)), Some(9..9));
    assert_eq!(scalar.in_file(&(3..9)), None, "past the end");
    let scalar = last("a: \"\\u00fc\"");
    assert_eq!(scalar.in_file(&(0..2)), Some(4..10));
    assert_eq!(scalar.in_file(&(1..2)), None, "half of a letter");
}

proptest! {
    /// Whatever a scalar is like: its places are exact, or there are none. Blocks of texts, and quotes.
    #[test]
    fn whatever_is_written_has_its_places(
        lines in prop::collection::vec("[a-zü{}.' \"\\\\#:|-]{0,8}", 1..6),
        style in 0..5usize,
    ) {
        let joined = |set_in: &str| lines.join(&format!("\n{set_in}"));
        let document = match style {
            0 => format!("k:\n  a: |\n    {}\n  z: 1\n", joined("    ")),
            1 => format!("k:\n  a: >-\n    {}\n", joined("    ")),
            2 => format!("k: '{}'\n", joined("  ").replace('\'', "''")),
            3 => format!("k: \"{}\"\n", joined("  ").replace('\\', "\\\\").replace('"', "\\\"")),
            _ => format!("k: x{}\n", joined("  ")),
        };
        let parses = Parser::new_from_str(&document).all(|event| event.is_ok());
        for scalar in scalars(&document).iter().filter(|_| parses) {
            prop_assert!(!scalar.pieces.is_empty() || scalar.text.is_empty(), "{document:?} {scalar:?}");
        }
    }
}

#[test]
fn an_empty_text_stands_between_its_quotes() {
    for file in ["a: ''", "a: \"\""] {
        let scalar = last(file);
        assert_eq!(scalar.in_file(&(0..0)), Some(4..4), "{file}");
        assert_eq!(scalar.in_file(&(0..1)), None, "{file}");
    }
}
