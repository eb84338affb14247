//! Characters written with a backslash.

use super::{Parser, Result};

impl Parser<'_, '_> {
    /// Parses a character written with a backslash, which comes next.
    pub(super) fn escape(&mut self) -> Result<char> {
        let before = self.rest;
        let escaped = self.try_escape();
        escaped.ok_or_else(|| {
            self.rest = before;
            match before.as_bytes().get(1) {
                None => self.fail("a backslash stands at the end"),
                Some(b'1'..=b'9') => self.fail("it can't refer back to a group"),
                Some(b'C') => self.fail("texts have no single bytes: `\\C` is not available"),
                Some(_) => self.fail("there is no such character with a backslash"),
            }
        })
    }

    fn try_escape(&mut self) -> Option<char> {
        self.next()?;
        let c = self.next()?;
        let is_octal = |c: char| c.is_digit(8);
        match c {
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => Some(c),
            '1'..='7' if !self.rest.starts_with(is_octal) => None,
            '0'..='7' => {
                let mut code = c.to_digit(8)?;
                for _ in 0..2 {
                    let Some(digit) = self.rest.chars().next().and_then(|c| c.to_digit(8)) else {
                        break;
                    };
                    self.next();
                    code = code * 8 + digit;
                }
                char::from_u32(code)
            }
            'x' => {
                let (digits, rest) = match self.rest.strip_prefix('{') {
                    Some(braced) => braced.split_once('}')?,
                    None => self.rest.split_at_checked(2)?,
                };
                let is_hex = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
                self.rest = rest;
                u32::from_str_radix(digits, 16).ok().filter(|_| is_hex).and_then(char::from_u32)
            }
            'a' => Some('\x07'),
            'f' => Some('\x0c'),
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'v' => Some('\x0b'),
            _ => None,
        }
    }
}
