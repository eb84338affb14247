//! Texts as JSON: how long they are as Go's `encoding/json` writes them for the API server, and where one that stands
//! there needs a closer look.

use wide::u8x16;

/// How many bytes of a text are looked at in one go.
pub(crate) const CHUNK: usize = 16;

/// The bytes of a chunk that do not stand for themselves between the quotes of a JSON string: the quote behind it, the
/// beginning of an escape, and what may not stand there. The lowest bit is that of the first byte.
#[inline]
pub(crate) fn specials(chunk: &[u8; CHUNK]) -> u32 {
    are_special(u8x16::new(*chunk)).to_bitmask()
}

#[inline]
fn are_special(chunk: u8x16) -> u8x16 {
    const LAST_CONTROL: u8 = b' ' - 1;
    let are_control = chunk.min(u8x16::splat(LAST_CONTROL)).simd_eq(chunk);
    are(chunk, b'"') | are(chunk, b'\\') | are_control
}

#[inline]
fn are(chunk: u8x16, byte: u8) -> u8x16 {
    chunk.simd_eq(u8x16::splat(byte))
}

/// Where the first such byte of a text stands.
#[inline]
pub(crate) fn first_special(text: &[u8]) -> Option<usize> {
    let mut rest = text;
    while let Some((chunk, behind)) = rest.split_first_chunk() {
        match specials(chunk) {
            0 => rest = behind,
            found => return Some(text.len() - rest.len() + found.trailing_zeros() as usize),
        }
    }
    let is_special = |byte: &u8| *byte < b' ' || *byte == b'"' || *byte == b'\\';
    rest.iter().position(is_special).map(|at| text.len() - rest.len() + at)
}

/// Whether a text stands between its quotes as it is, whoever writes it. Nearly all texts do.
pub(crate) fn is_plain(text: &str) -> bool {
    let (chunks, rest) = text.as_bytes().as_chunks();
    let has_special = |chunk: &[u8; CHUNK]| {
        let chunk = u8x16::new(*chunk);
        let of_go = [b'<', b'>', b'&', SEPARATOR].map(|byte| are(chunk, byte));
        of_go.into_iter().fold(are_special(chunk), |any, these| any | these).any()
    };
    // Without an end before the last byte: the rest is short, and a branch costs more than a byte.
    let in_rest = || rest.iter().fold(0, |any, b| any | IS_SPECIAL[usize::from(*b)]) != 0;
    !chunks.iter().any(has_special) && !in_rest()
}

/// What a text takes between its quotes, in bytes.
pub(crate) fn bytes(text: &str) -> usize {
    if is_plain(text) {
        return text.len();
    }
    let escaped: usize = text.bytes().map(|b| usize::from(ESCAPED_BYTES[usize::from(b)])).sum();
    // U+2028 and U+2029 are escaped, too: three bytes become six.
    let has_separators = text.bytes().any(|b| b == SEPARATOR);
    let separators = |text: &str| text.matches(['\u{2028}', '\u{2029}']).count();
    escaped + if has_separators { 3 * separators(text) } else { 0 }
}

/// What each byte of a text takes in JSON.
const ESCAPED_BYTES: [u8; 256] = {
    let mut bytes = [1; 256];
    let mut b = 0;
    while b < bytes.len() {
        match b as u8 {
            b'"' | b'\\' | 0x08 | 0x0c | b'\n' | b'\r' | b'\t' => bytes[b] = 2,
            b'<' | b'>' | b'&' | 0..0x20 => bytes[b] = 6,
            _ => {}
        }
        b += 1;
    }
    bytes
};

/// The first byte of U+2028 and U+2029.
const SEPARATOR: u8 = 0xe2;

/// 1 for the bytes of which something else may have to be written.
static IS_SPECIAL: [u8; 256] = {
    let mut is = [0; 256];
    let mut b = 0;
    while b < is.len() {
        if ESCAPED_BYTES[b] != 1 || b == SEPARATOR as usize {
            is[b] = 1;
        }
        b += 1;
    }
    is
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_special_byte_is_found_wherever_it_stands() {
        for length in 0..3 * CHUNK {
            let mut text = vec![b'x'; length];
            assert_eq!(first_special(&text), None, "{length}");
            for (at, byte) in (0..length).flat_map(|at| (0..=u8::MAX).map(move |byte| (at, byte))) {
                text[at] = byte;
                let is_special = byte < 0x20 || byte == b'"' || byte == b'\\';
                assert_eq!(
                    first_special(&text),
                    is_special.then_some(at),
                    "{byte} at {at} of {length}"
                );
                text[at] = b'x';
            }
        }
        assert_eq!(
            first_special(b"..............\\\"................\""),
            Some(14),
            "the first one"
        );
    }

    #[test]
    fn what_go_escapes_beyond_json_counts_so() {
        for (text, counted) in
            [("<", 6), ("&>", 12), ("\u{2028}", 6), ("\u{2030}", 3), ("\u{7f}", 1)]
        {
            assert_eq!(bytes(text), counted, "{text:?}");
        }
        for b in 0..0x80 {
            let text = char::from(b).to_string();
            assert_eq!(bytes(&text), usize::from(ESCAPED_BYTES[usize::from(b)]), "{text:?}");
        }
    }

    #[test]
    fn a_text_is_plain_if_no_byte_is_escaped_wherever_it_stands() {
        for (length, at) in (0..40).flat_map(|length| (0..length).map(move |at| (length, at))) {
            let with = |c: char| format!("{}{c}{}", "x".repeat(at), "x".repeat(length - at - 1));
            for b in 0..0x80 {
                let is_escaped = ESCAPED_BYTES[usize::from(b)] != 1;
                assert_eq!(is_plain(&with(char::from(b))), !is_escaped, "{b} at {at} of {length}");
            }
            assert!(is_plain(&with('é')) && !is_plain(&with('\u{2028}')), "{at} of {length}");
        }
    }
}
