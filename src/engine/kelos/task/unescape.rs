//! The text of a JSON string that was read over before.

use std::borrow::Cow;

use crate::json_text::{CHUNK, first_special, specials};

/// The text of a string in JSON that is known to be right; nothing if it is none, or has half of a pair of
/// surrogates.
///
/// It is copied chunk by chunk, and what was too much of the last one is taken back: a prompt has an escape in each
/// of its lines.
pub(super) fn text(json: &str) -> Option<Cow<'_, str>> {
    let json = json.strip_prefix('"')?.strip_suffix('"')?;
    let mut rest = json.as_bytes();
    if first_special(rest).is_none() {
        return Some(Cow::Borrowed(json));
    }
    // An escape is never shorter than what it stands for.
    let mut text = Vec::with_capacity(rest.len() + CHUNK);
    while let Some(chunk) = rest.first_chunk() {
        text.extend_from_slice(chunk);
        let plain = specials(chunk).trailing_zeros() as usize;
        if plain < CHUNK {
            text.truncate(text.len() - CHUNK + plain);
            rest = unescape(rest.get(plain..)?, &mut text)?;
        } else {
            rest = rest.get(CHUNK..)?;
        }
    }
    while let Some(plain) = first_special(rest) {
        text.extend_from_slice(rest.get(..plain)?);
        rest = unescape(rest.get(plain..)?, &mut text)?;
    }
    text.extend_from_slice(rest);
    String::from_utf8(text).ok().map(Cow::Owned)
}

/// Adds what the escape stands for that `json` begins with; gives what is behind it.
#[inline]
fn unescape<'j>(json: &'j [u8], text: &mut Vec<u8>) -> Option<&'j [u8]> {
    let [b'\\', letter, behind @ ..] = json else { return None };
    match ESCAPED[usize::from(*letter)] {
        0 if *letter == b'u' => unescape_unit(json, text),
        0 => None,
        byte => {
            text.push(byte);
            Some(behind)
        }
    }
}

/// What each letter stands for behind a backslash; 0 for those that stand for no byte.
static ESCAPED: [u8; 256] = {
    let mut escaped = [0; 256];
    let mut all: &[(u8, u8)] = &[
        (b'"', b'"'),
        (b'\\', b'\\'),
        (b'/', b'/'),
        (b'n', b'\n'),
        (b't', b'\t'),
        (b'r', b'\r'),
        (b'b', 8),
        (b'f', 12),
    ];
    while let [(letter, byte), rest @ ..] = all {
        escaped[*letter as usize] = *byte;
        all = rest;
    }
    escaped
};

/// The same for a `\uXXXX`, or the two of a pair of surrogates; apart, because it would make the other a slow one.
#[cold]
fn unescape_unit<'j>(json: &'j [u8], text: &mut Vec<u8>) -> Option<&'j [u8]> {
    const LENGTH: usize = r"\u000a".len();
    let (first, mut behind) = (unit(json)?, json.get(LENGTH..)?);
    let escaped = match char::from_u32(u32::from(first)) {
        Some(escaped) => escaped,
        None => {
            let pair = [first, unit(behind)?];
            behind = behind.get(LENGTH..)?;
            char::decode_utf16(pair).next()?.ok()?
        }
    };
    text.extend_from_slice(escaped.encode_utf8(&mut [0; 4]).as_bytes());
    Some(behind)
}

/// The number of the `\uXXXX` that a text begins with.
fn unit(json: &[u8]) -> Option<u16> {
    let digits = json.strip_prefix(br"\u")?.get(..4)?;
    u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
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
            r#""fourteen bytes\n, and an escape that the next chunk begins with\\""#,
            r#""fifteen bytes..\u0041, an escape that lies over the edge of two""#,
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
            pieces in prop::collection::vec("a|é|[a-z]{1,40}|\\\\[nrtbf/\"]|\\\\\\\\|\\\\u[dD][89a-fA-F][0-9a-f]{2}|\\\\u[0-9a-f]{4}", 0..8)
        ) {
            let json = format!("\"{}\"", pieces.concat());
            // It is only ever given what was read over.
            prop_assume!(serde_json::from_str::<&serde_json::value::RawValue>(&json).is_ok());
            prop_assert_eq!(text(&json).map(Cow::into_owned), as_serde_reads(&json));
        }
    }
}
