//! Texts as JSON, as Go's `encoding/json` writes them for the API server.

/// Whether a text stands between its quotes as it is, whoever writes it. Nearly all texts do.
pub(crate) fn is_plain(text: &str) -> bool {
    // Without an end before the last byte: texts are short, and a branch costs more than a byte.
    text.bytes().fold(0, |any, b| any | IS_SPECIAL[usize::from(b)]) == 0
}

/// What a text takes between its quotes, in bytes.
pub(crate) fn bytes(text: &str) -> usize {
    if is_plain(text) {
        return text.len();
    }
    let escaped: usize = text.bytes().map(|b| usize::from(ESCAPED_BYTES[usize::from(b)])).sum();
    // U+2028 and U+2029 are escaped, too: three bytes become six.
    let has_separators = text.bytes().any(|b| b == 0xe2);
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

/// 1 for the bytes of which something else may have to be written.
static IS_SPECIAL: [u8; 256] = {
    let mut is = [0; 256];
    let mut b = 0;
    while b < is.len() {
        // It begins the two separators.
        if ESCAPED_BYTES[b] != 1 || b == 0xe2 {
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
}
