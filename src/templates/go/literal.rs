//! The values of literals: what Go's strconv makes of them.

use crate::templates::go_numbers;
use crate::templates::value::Text;

/// What is wrong with a literal.
pub(super) type Problem = &'static str;

/// A number in a template.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Int(i64),
    Float(f64),
    /// More than an `int` holds; Go complains when it comes to it.
    TooLarge,
}

/// Reads a number. As in Go, its spelling decides its type: with a point or an exponent it is a
/// float, without one an `int`.
///
/// # Errors
///
/// [`Problem`] if it is no number, or none that fits.
pub(super) fn number(text: &str) -> Result<Number, Problem> {
    const ILLEGAL: Problem = "is not a number";
    let plain = go_numbers::without_underscores(text).ok_or(ILLEGAL)?;
    let unsigned = plain.trim_start_matches(['+', '-']);
    let is_hex = unsigned.starts_with("0x") || unsigned.starts_with("0X");
    let has_sign = unsigned.len() < plain.len();
    // Go takes the E of -0xE for an exponent, but not that of 0xE.
    let reads_as_float = text.contains(['.', 'e', 'E', 'p', 'P'])
        && (!is_hex || has_sign || text.contains(['p', 'P']));
    match integer(unsigned) {
        Some(magnitude) => {
            let signed = i128::from(magnitude) * if plain.starts_with('-') { -1 } else { 1 };
            match i64::try_from(signed) {
                Ok(int) if reads_as_float => Ok(Number::Float(int as f64)),
                Ok(int) => Ok(Number::Int(int)),
                Err(_) if has_sign => Err("does not fit into 64 bits"),
                Err(_) => Ok(Number::TooLarge),
            }
        }
        None if !reads_as_float => Err(if is_hex { ILLEGAL } else { "is not a whole number" }),
        None => {
            let float =
                if is_hex { go_numbers::hex_float(unsigned) } else { unsigned.parse().ok() };
            let float = float.filter(|f: &f64| f.is_finite()).ok_or(ILLEGAL)?;
            Ok(Number::Float(if plain.starts_with('-') { -float } else { float }))
        }
    }
}

/// An unsigned integer in any base, without underscores.
fn integer(text: &str) -> Option<u64> {
    let (base, digits) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &text[2..]),
        [b'0', b'o' | b'O', ..] => (8, &text[2..]),
        [b'0', b'b' | b'B', ..] => (2, &text[2..]),
        [b'0', _, ..] => (8, &text[1..]),
        _ => (10, text),
    };
    // from_str_radix would take a second sign.
    digits.starts_with(|c: char| c.is_ascii_hexdigit()).then_some(())?;
    u64::from_str_radix(digits, base).ok()
}

/// Reads a character such as `'a'`, quotes included: its number.
///
/// # Errors
///
/// [`Problem`] if there is not exactly one character between the quotes.
pub(super) fn character(text: &str) -> Result<Number, Problem> {
    match unquote_one(&text[1..], '\'') {
        Some((Unquoted::Char(c), "'")) => Ok(Number::Int(i64::from(u32::from(c)))),
        Some((Unquoted::Byte(b), "'")) => Ok(Number::Int(i64::from(b))),
        _ => Err("is not one character"),
    }
}

/// Reads a string in double quotes, quotes included.
///
/// # Errors
///
/// [`Problem`] at an escape that Go does not know, or if the result is not UTF-8.
pub(super) fn quoted_string(text: &str) -> Result<Text, Problem> {
    let mut rest = &text[1..text.len() - 1];
    if !rest.contains('\\') {
        return Ok(rest.into());
    }
    let mut bytes = Vec::with_capacity(rest.len());
    while !rest.is_empty() {
        let (one, tail) = unquote_one(rest, '"').ok_or("has an escape that Go does not know")?;
        match one {
            Unquoted::Byte(b) => bytes.push(b),
            Unquoted::Char(c) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        rest = tail;
    }
    String::from_utf8(bytes).map(Text::from).map_err(|_| "is not UTF-8")
}

/// Reads a string in backquotes, quotes included.
pub(super) fn raw_string(text: &str) -> Text {
    text[1..text.len() - 1].replace('\r', "").into()
}

/// A character of a literal; `\x` and octal escapes are bytes.
enum Unquoted {
    Byte(u8),
    Char(char),
}

/// The first character of a literal, and what comes behind it.
fn unquote_one(text: &str, quote: char) -> Option<(Unquoted, &str)> {
    let mut chars = text.chars();
    let first = chars.next().filter(|&c| c != quote)?;
    if first != '\\' {
        return Some((Unquoted::Char(first), chars.as_str()));
    }
    let escape = chars.next()?;
    let (digits, base) = match escape {
        'x' => (2, 16),
        'u' => (4, 16),
        'U' => (8, 16),
        '0'..='7' => (3, 8),
        _ => {
            let c = match escape {
                'a' => '\x07',
                'b' => '\x08',
                'f' => '\x0c',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'v' => '\x0b',
                _ => Some(escape).filter(|&c| c == '\\' || c == quote)?,
            };
            return Some((Unquoted::Char(c), chars.as_str()));
        }
    };
    let tail = if base == 8 { &text[1..] } else { chars.as_str() };
    let code = tail.get(..digits).filter(|code| code.chars().all(|c| c.is_digit(base)))?;
    let code = u32::from_str_radix(code, base).ok()?;
    let one = match escape {
        'u' | 'U' => Unquoted::Char(char::from_u32(code)?),
        _ => Unquoted::Byte(u8::try_from(code).ok()?),
    };
    Some((one, &tail[digits..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_type_their_spelling_has_in_go() {
        for (text, expected) in [
            ("0", Number::Int(0)),
            ("-9223372036854775808", Number::Int(i64::MIN)),
            ("+017", Number::Int(15)),
            ("0b1_01", Number::Int(5)),
            ("0x_Ff", Number::Int(255)),
            ("0xE", Number::Int(14)),
            ("-0xE", Number::Float(-14.0)),
            ("1e3", Number::Float(1000.0)),
            ("1.", Number::Float(1.0)),
            (".5", Number::Float(0.5)),
            ("0_1.5", Number::Float(1.5)),
            ("0x1.8p1", Number::Float(3.0)),
            ("-0x8p-2", Number::Float(-2.0)),
            ("0x1p-1074", Number::Float(5e-324)),
            ("18446744073709551615", Number::TooLarge),
        ] {
            assert_eq!(number(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for text in [
            "08",
            "1__0",
            "1_",
            "_1",
            "0x",
            "0b2",
            "0o8",
            "0x1.8",
            "1e400",
            "1e",
            ".",
            "-",
            "-9223372036854775809",
            "18446744073709551616",
            "+18446744073709551615",
            "0x1p99999",
            "0_x1",
            "1_.5",
        ] {
            assert!(number(text).is_err(), "{text}");
        }
        for text in ["''", "'ab'", r"'\q'", r#"'\"'"#, r"'\400'", r"'\ud800'"] {
            assert!(character(text).is_err(), "{text}");
        }
        for text in [r#""\q""#, r#""\'""#, r#""\xf""#, r#""\x80""#, r#""\08""#, r#""\U00110000""#] {
            assert!(quoted_string(text).is_err(), "{text}");
        }
    }

    #[test]
    fn escapes_are_characters_or_bytes() {
        assert_eq!(
            quoted_string(r#""\a\n\"\\\101\x41\u00e9\xc3\xa9""#),
            Ok(Text::from("\u{7}\n\"\\AA\u{e9}\u{e9}"))
        );
        assert_eq!(character(r"'\''"), Ok(Number::Int(39)));
        assert_eq!(character(r"'\x80'"), Ok(Number::Int(128)));
        assert_eq!(character("'é'"), Ok(Number::Int(233)));
        assert_eq!(raw_string("`a\r\nb\\n`"), Text::from("a\nb\\n"));
    }
}
