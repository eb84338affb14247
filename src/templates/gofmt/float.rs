//! Floating-point numbers: Go's strconv layouts over the digits that Rust's standard library finds.

use super::{Printer, Result};

/// No double has more significant digits than this, written out in full.
const MAX_DIGITS: usize = 800;
/// No double has more digits behind the point than this.
const MAX_FRACTION: usize = 1100;

impl Printer<'_> {
    /// Prints a float by one of the verbs `v b g G x X f F e E`.
    pub(super) fn float(&mut self, value: f64, verb: char) -> Result {
        let (layout, default) = match verb {
            'v' => ('g', None),
            'F' => ('f', Some(6)),
            'f' | 'e' | 'E' => (verb, Some(6)),
            _ => (verb, None),
        };
        let precision = self.spec.precision.or(default);
        // Three times: the digits, the number with its sign and zeros, and what is printed of it.
        self.meter.take_bytes(3 * precision.unwrap_or(0))?;
        // Exact digits are slow to find; what is asked for beyond them is zeros.
        self.meter.take_steps(4 + precision.unwrap_or(0).min(MAX_FRACTION) as u64)?;
        let sign = match value.is_sign_negative() && !value.is_nan() {
            true => "-",
            false if self.spec.plus => "+",
            false if self.spec.space => " ",
            false => "",
        };
        if !value.is_finite() {
            let sign = if value.is_nan() || !sign.is_empty() { sign } else { "+" };
            let name = if value.is_nan() { "NaN" } else { "Inf" };
            return self.pad_with_spaces(&format!("{sign}{name}"));
        }
        let mut number = layout_number(value.abs(), layout, precision);
        if self.spec.sharp && layout != 'b' {
            number = with_point(&number, layout, precision);
        }
        if self.spec.zero && !self.spec.minus && !sign.is_empty() {
            // The sign comes before the zeros.
            self.write(sign)?;
            let width = self.spec.width;
            self.spec.width = width.map(|width| width.saturating_sub(sign.len()));
            self.pad(&number)?;
            self.spec.width = width;
            return Ok(());
        }
        self.pad(&format!("{sign}{number}"))
    }
}

/// Lays out a number that is not negative. Without a precision it gets as many digits as it takes
/// to read the same number back.
fn layout_number(value: f64, layout: char, precision: Option<usize>) -> String {
    match layout {
        'b' => {
            let (mantissa, exponent) = parts(value);
            format!("{mantissa}p{:+}", exponent - 52)
        }
        'x' | 'X' => hexadecimal(value, precision, layout == 'X'),
        'e' | 'E' => {
            let precision = precision.unwrap_or(0);
            Decimal::of(value, Some(precision + 1)).with_exponent(precision, layout)
        }
        'f' => {
            let precision = precision.unwrap_or(0);
            let zeros = precision.saturating_sub(MAX_FRACTION);
            format!("{value:.*}{}", precision - zeros, "0".repeat(zeros))
        }
        _ => general(value, precision, if layout == 'G' { 'E' } else { 'e' }),
    }
}

/// With an exponent if that is very small or not smaller than the number of digits.
fn general(value: f64, precision: Option<usize>, letter: char) -> String {
    let decimal = Decimal::of(value, precision.map(|p| p.max(1)));
    let count = decimal.digits.len();
    let point = decimal.point;
    let wanted = precision.map_or(count, |p| p.max(1));
    let limit = match precision {
        None => 6,
        Some(_) if wanted > count && count as i32 >= point => count,
        Some(_) => wanted,
    };
    if point - 1 < -4 || point > limit as i32 {
        return decimal.with_exponent(wanted.min(count) - 1, letter);
    }
    let wanted = if wanted as i32 > point { count } else { wanted };
    decimal.with_fraction((wanted as i32 - point).max(0) as usize)
}

/// The digits of a number and where its point stands: 0.digits × 10^point.
struct Decimal {
    /// Without zeros at the end; empty for zero.
    digits: String,
    point: i32,
}

impl Decimal {
    /// Rounded to so many digits, or the fewest that stand for this number alone.
    fn of(value: f64, count: Option<usize>) -> Decimal {
        let text = match count {
            Some(count) => format!("{value:.*e}", count.min(MAX_DIGITS) - 1),
            None => shortest(value),
        };
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let digits = mantissa.replace('.', "").trim_end_matches('0').to_owned();
        let exponent: i32 = exponent.parse().unwrap_or_default();
        Decimal { point: if digits.is_empty() { 0 } else { exponent + 1 }, digits }
    }

    /// The digits from `start` on, with zeros where there are none.
    fn digits(&self, start: i32, count: usize) -> impl Iterator<Item = char> {
        let digits = self.digits.as_bytes();
        (start..).take(count).map(move |i| {
            let digit = usize::try_from(i).ok().and_then(|i| digits.get(i));
            digit.map_or('0', |&digit| char::from(digit))
        })
    }

    /// `d.ddde+dd`
    fn with_exponent(&self, fraction: usize, letter: char) -> String {
        let mut out: String = self.digits(0, 1).collect();
        if fraction > 0 {
            out.push('.');
            out.extend(self.digits(1, fraction));
        }
        let exponent = if self.digits.is_empty() { 0 } else { self.point - 1 };
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{out}{letter}{sign}{:02}", exponent.abs())
    }

    /// `ddd.ddd`
    fn with_fraction(&self, fraction: usize) -> String {
        let mut out = String::new();
        match usize::try_from(self.point) {
            Ok(whole @ 1..) => out.extend(self.digits(0, whole)),
            _ => out.push('0'),
        }
        if fraction > 0 {
            out.push('.');
            out.extend(self.digits(self.point, fraction));
        }
        out
    }
}

/// The fewest digits that stand for this number alone, with an exponent.
fn shortest(value: f64) -> String {
    let text = format!("{value:e}");
    let digits = text.find('e').unwrap_or(0) - usize::from(text.contains('.'));
    if digits > 15 {
        // Two numbers of that many digits may be equally near: Go takes the even one.
        let even = format!("{value:.*e}", digits - 1);
        if even.parse() == Ok(value) {
            return even;
        }
    }
    text
}

/// Mantissa and exponent: value = mantissa × 2^(exponent - 52).
fn parts(value: f64) -> (u64, i32) {
    let bits = value.to_bits();
    let mantissa = bits & ((1 << 52) - 1);
    match (bits >> 52 & 0x7ff) as i32 {
        0 => (mantissa, -1022),
        exponent => (mantissa | 1 << 52, exponent - 1023),
    }
}

/// `0x1.8p+00`
fn hexadecimal(value: f64, precision: Option<usize>, upper: bool) -> String {
    let (mantissa, exponent) = parts(value);
    // One digit before the point, thirteen behind it.
    let shift = mantissa.leading_zeros().saturating_sub(11);
    let mut mantissa = if mantissa == 0 { 0 } else { mantissa << shift };
    let mut exponent = if mantissa == 0 { 0 } else { exponent - shift as i32 };
    let fraction = precision.unwrap_or(13);
    if fraction < 13 {
        // Round half to even.
        let cut = 4 * (13 - fraction);
        let (kept, rest, half) = (mantissa >> cut, mantissa & ((1 << cut) - 1), 1 << (cut - 1));
        let up = rest > half || rest == half && kept & 1 == 1;
        mantissa = (kept + u64::from(up)) << cut;
        if mantissa >> 53 != 0 {
            mantissa >>= 1;
            exponent += 1;
        }
    }
    let mut digits = format!("{:013x}", mantissa & ((1 << 52) - 1));
    match precision {
        None => digits.truncate(digits.trim_end_matches('0').len()),
        Some(precision) => {
            digits.truncate(precision);
            digits.extend(std::iter::repeat_n('0', precision.saturating_sub(13)));
        }
    }
    let point = if digits.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    let text = format!("0x{}{point}{digits}p{sign}{:02}", mantissa >> 52, exponent.abs());
    if upper { text.to_uppercase() } else { text }
}

/// The number with a point even where it needs none, and with the zeros that `%g` drops.
fn with_point(number: &str, layout: char, precision: Option<usize>) -> String {
    let ends_at: &[char] = if matches!(layout, 'x' | 'X') { &['p', 'P'] } else { &['e', 'E'] };
    let (mantissa, exponent) = number.split_at(number.find(ends_at).unwrap_or(number.len()));
    let wanted = if matches!(layout, 'g' | 'G' | 'x') { precision.unwrap_or(6) } else { 0 };
    let significant = mantissa.trim_start_matches(['0', '.']).replace('.', "").len();
    let has_point = mantissa.contains('.');
    // The zero of 0.0 counts as a digit.
    let significant = significant + usize::from(!has_point && mantissa == "0");
    let zeros = "0".repeat(wanted.saturating_sub(significant));
    let point = if has_point { "" } else { "." };
    format!("{mantissa}{point}{zeros}{exponent}")
}
