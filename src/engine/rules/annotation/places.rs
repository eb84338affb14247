//! Where the keys of a rules annotation stand in it.

use std::collections::BTreeMap;

use granit_parser::{Event, Parser, StrInput};

use crate::engine::rules::unquoted::quote_bare_templates;
use crate::templates::Position;

/// The place of each key that is wanted; of a text that is no such mapping, of those before it fails.
pub(in crate::engine::rules) fn places(
    text: &str,
    is_wanted: impl Fn(&str) -> bool,
) -> BTreeMap<String, Position> {
    let quoted = quote_bare_templates(text);
    let options = granit_parser::options! { emit_comments: false };
    let mut parser = Parser::<StrInput<'_>>::new_from_str_with_options(&quoted, options);
    let (mut places, mut depth, mut is_key) = (BTreeMap::new(), 0, true);
    while let Some(Ok((event, span))) = parser.next_event() {
        match event {
            // A list is no mapping of keys.
            Event::SequenceStart(..) if depth == 0 => break,
            Event::MappingStart(..) | Event::SequenceStart(..) => depth += 1,
            Event::MappingEnd | Event::SequenceEnd => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
                is_key |= depth == 1;
            }
            Event::Scalar(key, ..) if depth == 1 => {
                if is_key && is_wanted(&key) {
                    let at = Position::at(text, span.start.line(), span.start.col() + 1);
                    places.entry(key.into_owned()).or_insert(at);
                }
                is_key = !is_key;
            }
            Event::Alias(_) if depth == 1 => is_key = !is_key,
            _ => {}
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_its_place() {
        let text = "# ours\na: {{ .Labels }}\n'x/b': {value: '{{.A}}', default: c}\nlist: [d, {e: f}]\nx/c: d\n  \ng:\n  value: |\n    h: i\n";
        let found = places(text, |key| key != "x/c");
        let found: Vec<_> = found.iter().map(|(key, at)| (&**key, at.line, at.column)).collect();
        assert_eq!(found, [("a", 2, 1), ("g", 7, 1), ("list", 4, 1), ("x/b", 3, 1)]);
        let found = places(r#"{"a":"{{.A}}","ab":"x"}"#, |_| true);
        assert_eq!((found["a"].column, found["ab"].column), (2, 15));
        assert_eq!(places("a: b\n{", |_| true).len(), 1);
        assert_eq!(places("- a", |_| true).len(), 0);
        assert_eq!(places("", |_| true).len(), 0);
    }
}
