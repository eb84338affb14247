//! Whole numbers.

use super::text::{is_printable, quote_char};
use super::{Printer, Result};

impl Printer<'_> {
    /// Prints a whole number by one of the verbs `v d b o O x X c q U`.
    pub(super) fn integer(&mut self, number: i64, verb: char) -> Result {
        // Go takes negative numbers for characters far beyond Unicode.
        let code = number as u64;
        let magnitude = number.unsigned_abs();
        let (digits, prefix) = match verb {
            'b' => (format!("{magnitude:b}"), "0b"),
            'o' | 'O' => (format!("{magnitude:o}"), "0"),
            'x' => (format!("{magnitude:x}"), "0x"),
            'X' => (format!("{magnitude:X}"), "0X"),
            'c' => return self.pad(character(code).encode_utf8(&mut [0; 4])),
            'q' => return self.pad(&quote_char(character(code), self.spec.plus)),
            'U' => return self.unicode(code),
            _ => (magnitude.to_string(), ""),
        };
        if self.spec.precision == Some(0) && number == 0 {
            return self.pad_with_spaces("");
        }
        let sign = match number {
            ..0 => "-",
            _ if self.spec.plus => "+",
            _ if self.spec.space => " ",
            _ => "",
        };
        let zeros = self.leading_zeros(sign, &digits)?;
        let prefix = match verb {
            'O' if self.spec.sharp && zeros.is_empty() && number != 0 => "0o0",
            'O' => "0o",
            'o' if !zeros.is_empty() || number == 0 => "",
            _ if self.spec.sharp => prefix,
            _ => "",
        };
        self.pad_with_spaces(&format!("{sign}{prefix}{zeros}{digits}"))
    }

    /// The zeros that a precision, or a width with the flag `0`, puts before the digits.
    fn leading_zeros(
        &mut self,
        sign: &str,
        digits: &str,
    ) -> std::result::Result<String, super::Exhausted> {
        let spec = self.spec;
        let least = match (spec.precision, spec.width) {
            (Some(precision), _) => precision,
            (None, Some(width)) if spec.zero && !spec.minus => width.saturating_sub(sign.len()),
            _ => 0,
        };
        let zeros = least.saturating_sub(digits.len());
        // Once for these zeros and once for the text they become a part of.
        self.meter.take_bytes(2 * zeros)?;
        Ok("0".repeat(zeros))
    }

    /// `U+0041`, and with the flag `#` also `'A'`.
    fn unicode(&mut self, code: u64) -> Result {
        let width = self.spec.precision.unwrap_or(0).max(4);
        self.meter.take_bytes(2 * width)?;
        let digits = format!("{code:X}");
        let zeros = "0".repeat(width.saturating_sub(digits.len()));
        let shown = u32::try_from(code).ok().and_then(char::from_u32);
        let shown = match shown.filter(|&c| self.spec.sharp && is_printable(c)) {
            Some(c) => format!(" '{c}'"),
            None => String::new(),
        };
        self.pad_with_spaces(&format!("U+{zeros}{digits}{shown}"))
    }
}

/// The character of that number, or the replacement character.
fn character(code: u64) -> char {
    u32::try_from(code).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}
