//! The text of a JSON string that was read over before.

use std::borrow::Cow;

use memchr::memchr;

/// The text of a string in JSON that is known to be right; nothing if it is none, or has half of a pair of
/// surrogates.
///
/// What stands between two escapes is copied as a whole: a prompt has one in each of its lines.
pub(super) fn text(json: &str) -> Option<Cow<'_, str>> {
    let mut rest = json.strip_prefix('"')?.strip_suffix('"')?;
    let mut text = String::new();
    while let Some(at) = memchr(b'\\', rest.as_bytes()) {
        if text.is_empty() {
            // An escape is never shorter than what it stands for.
            text.reserve_exact(rest.len());
        }
        text.push_str(rest.get(..at)?);
        let (escaped, length) = escape(rest.get(at..)?)?;
        text.push(escaped);
        rest = rest.get(at + length..)?;
    }
    if text.is_empty() {
        return Some(Cow::Borrowed(rest));
    }
    text.push_str(rest);
    Some(Cow::Owned(text))
}

/// What the escape stands for that a text begins with, and how long it is.
fn escape(text: &str) -> Option<(char, usize)> {
    const SHORT: usize = r"\n".len();
    const LONG: usize = r"\u000a".len();
    let escaped = match text.as_bytes().get(1)? {
        b'n' => '\n',
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b't' => '\t',
        b'r' => '\r',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'u' => {
            let unit = unit(text)?;
            return match char::from_u32(u32::from(unit)) {
                Some(escaped) => Some((escaped, LONG)),
                None => {
                    let pair = [unit, self::unit(text.get(LONG..)?)?];
                    let escaped = char::decode_utf16(pair).next()?.ok()?;
                    Some((escaped, 2 * LONG))
                }
            };
        }
        _ => return None,
    };
    Some((escaped, SHORT))
}

/// The number of the `\uXXXX` that a text begins with.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix(r"\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn as_serde_reads(json: &str) -> Option<String> {
        serde_json::from_str(json).ok()
    }

    #[test]
    fn it_reads_what_serde_json_reads() {
        for json in [
            r#""""#,
            r#""plain""#,
            r#""\n""#,
            r#""a\"b\\c\/d\b\f\n\r\te""#,
            r#""\u0041\u00e9\u2028\uD83D\uDE00 and more""#,
            r#""\uD83D""#,
            r#""\uD83D x""#,
            r#""\uD83DA\u0041""#,
            r#""\uDE00\uD83D""#,
            r#""é\né""#,
            "null",
            "5",
            "[\"a\"]",
            "{}",
        ] {
            assert_eq!(text(json).map(Cow::into_owned), as_serde_reads(json), "{json}");
        }
        assert!(matches!(text(r#""plain""#), Some(Cow::Borrowed(_))));
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(written in any::<String>()) {
            let json = serde_json::to_string(&written).unwrap();
            prop_assert_eq!(text(&json), Some(Cow::Borrowed(written.as_str())));
        }

        #[test]
        fn any_escapes_are_read_as_serde_json_reads_them(
            pieces in prop::collection::vec("a|é|\\\\[nrtbf/\"]|\\\\\\\\|\\\\u[dD][89a-fA-F][0-9a-f]{2}|\\\\u[0-9a-f]{4}", 0..8)
        ) {
            let json = format!("\"{}\"", pieces.concat());
            // It is only ever given what was read over.
            prop_assume!(serde_json::from_str::<&serde_json::value::RawValue>(&json).is_ok());
            prop_assert_eq!(text(&json).map(Cow::into_owned), as_serde_reads(&json));
        }
    }
}
