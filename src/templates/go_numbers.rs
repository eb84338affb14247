//! How Go writes numbers, where Rust does not: underscores between digits, and floats in
//! hexadecimal digits.

/// The number without its underscores, if each of them stands between two digits or behind the
/// prefix of a base.
pub(super) fn without_underscores(text: &str) -> Option<String> {
    let unsigned = text.trim_start_matches(['+', '-']);
    let (prefix, digits) = match unsigned.as_bytes() {
        [b'0', b'x' | b'X' | b'o' | b'O' | b'b' | b'B', ..] => unsigned.split_at(2),
        _ => ("", unsigned),
    };
    let is_digit =
        |c: char| c.is_ascii_digit() || prefix.ends_with(['x', 'X']) && c.is_ascii_hexdigit();
    let mut before = !prefix.is_empty();
    let mut pending = false;
    for c in digits.chars() {
        if c == '_' && !before || pending && !is_digit(c) {
            return None;
        }
        pending = c == '_';
        before = is_digit(c);
    }
    (!pending).then(|| text.replace('_', ""))
}

/// Reads a float such as `0x1.8p3`, without sign and underscores, as the nearest one there is; the
/// exponent may not be missing. One that is too large is infinite.
pub(super) fn hex_float(text: &str) -> Option<f64> {
    let rest = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    let (digits, exponent) = rest.split_once(['p', 'P'])?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut exponent = binary_exponent(exponent)?;
    // Sixteen digits are kept; of what follows it only counts whether it is nothing.
    let (mut kept, mut rest) = (0u64, false);
    let digits = whole.chars().map(|c| (c, true)).chain(fraction.chars().map(|c| (c, false)));
    for (c, is_whole) in digits {
        let digit = u64::from(c.to_digit(16)?);
        let has_room = kept >> 60 == 0;
        match has_room {
            true => kept = kept << 4 | digit,
            false => rest |= digit != 0,
        }
        exponent += match (has_room, is_whole) {
            (true, false) => -4,
            (false, true) => 4,
            _ => 0,
        };
    }
    (!whole.is_empty() || !fraction.is_empty()).then(|| nearest(kept, rest, exponent))
}

/// A decimal exponent with a sign. A very large one is cut: no template is long enough to have the
/// digits that would make up for it.
fn binary_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let size = is_number.then(|| digits.parse::<i64>().unwrap_or(i64::MAX).min(1 << 40))?;
    Some(if text.starts_with('-') { -size } else { size })
}

/// The float nearest to `kept` times two to the power of `exponent`, or to a little more if there
/// is a rest.
fn nearest(kept: u64, rest: bool, exponent: i64) -> f64 {
    const HALF: u64 = 1 << 63;
    if kept == 0 {
        return 0.0;
    }
    let zeros = kept.leading_zeros();
    let (kept, exponent) = (kept << zeros, exponent - i64::from(zeros));
    if exponent + 63 > 1023 {
        return f64::INFINITY;
    }
    // Of 64 bits a float has 53, and a very small one fewer.
    let surplus = (-1074 - exponent).clamp(11, 65);
    let (bits, lost) = match surplus {
        64 => (0, kept),
        65 => (0, 1),
        surplus => (kept >> surplus, kept << (64 - surplus)),
    };
    let up = lost > HALF || lost == HALF && (rest || bits & 1 == 1);
    // Exact from here on: the bits that are left fit.
    let (float, exponent) = ((bits + u64::from(up)) as f64, exponent + surplus);
    let step = if exponent < 0 { 0.5 } else { 2.0 };
    (0..exponent.abs().min(1100)).fold(float, |float, _| float * step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_floats_are_the_nearest_ones() {
        for (text, expected) in [
            ("0x1p0", 1.0),
            ("0X.8P+1", 1.0),
            ("0x1.p-2", 0.25),
            ("0x0p999999999999", 0.0),
            ("0x1.fffffffffffffp1023", f64::MAX),
            ("0x1.fffffffffffff7p1023", f64::MAX),
            ("0x1.fffffffffffff8p1023", f64::INFINITY),
            ("0x1p1024", f64::INFINITY),
            ("0x1p99999999999999999999", f64::INFINITY),
            ("0x1p-99999999999999999999", 0.0),
            ("0x1p-1074", 5e-324),
            ("0x1p-1075", 0.0),
            ("0x1.8p-1075", 5e-324),
            ("0x3p-1075", 1e-323),
            ("0x1p-1076", 0.0),
            ("0x1p-1200", 0.0),
            ("0x1.00000000000008p0", 1.0),
            ("0x1.000000000000080000001p0", 1.000_000_000_000_000_2),
            ("0x1.00000000000018p0", 1.000_000_000_000_000_4),
            ("0x12345678901234567890p-76", 1.137_777_777_622_557_3),
        ] {
            assert_eq!(hex_float(text), Some(expected), "{text}");
        }
        for text in
            ["0x1", "0xp1", "0x.p1", "0x1p", "0x1p+", "0x1p--1", "0xgp1", "0x1.1.1p1", "1p1"]
        {
            assert_eq!(hex_float(text), None, "{text}");
        }
    }

    #[test]
    fn underscores_stand_between_digits() {
        for (text, expected) in [
            ("1_0", Some("10")),
            ("-0x_f_f", Some("-0xff")),
            ("0b1_01", Some("0b101")),
            ("_1", None),
            ("1_", None),
            ("1__0", None),
            ("1_.5", None),
            ("0_x1", None),
        ] {
            assert_eq!(without_underscores(text).as_deref(), expected, "{text}");
        }
    }
}
