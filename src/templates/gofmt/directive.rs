//! The directives of a format: `%[2]*.[1]*f` and simpler ones.

use super::{Printer, Result, Spec};
use crate::templates::value::Value;

/// The largest width, precision and argument number; Go does not follow larger ones.
const MAX_NUMBER: i64 = 1_000_000;

/// Prints `args` as `format` says.
pub(super) fn format(printer: &mut Printer<'_>, format: &str, args: &[Value]) -> Result {
    let mut directives = Directives {
        format,
        at: 0,
        args,
        next: 0,
        is_reordered: false,
        index_is_good: true,
        after_index: false,
    };
    while directives.literal(printer)? {
        directives.directive(printer)?;
    }
    directives.surplus(printer)
}

struct Directives<'f> {
    format: &'f str,
    at: usize,
    args: &'f [Value],
    /// The argument to print next.
    next: usize,
    /// Whether any directive chose its argument.
    is_reordered: bool,
    /// Whether the argument that this directive chose exists.
    index_is_good: bool,
    /// Whether `[n]` has just been read.
    after_index: bool,
}

impl Directives<'_> {
    fn peek(&self) -> Option<u8> {
        self.format.as_bytes().get(self.at).copied()
    }

    fn accept(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Copies text up to and without the next `%`, which is skipped; false at the end.
    fn literal(
        &mut self,
        printer: &mut Printer<'_>,
    ) -> std::result::Result<bool, super::Exhausted> {
        let rest = &self.format[self.at..];
        let length = rest.find('%');
        let text = &rest[..length.unwrap_or(rest.len())];
        printer.write(text)?;
        self.at += text.len() + 1;
        Ok(length.is_some())
    }

    /// Prints by one directive, whose `%` is behind us.
    fn directive(&mut self, printer: &mut Printer<'_>) -> Result {
        printer.meter.take_steps(1)?;
        printer.spec = Spec::default();
        self.index_is_good = true;
        self.flags(&mut printer.spec);
        self.argument_index();
        self.width(printer)?;
        self.precision(printer)?;
        if !self.after_index {
            self.argument_index();
        }
        let Some(verb) = self.format.get(self.at..).and_then(|rest| rest.chars().next()) else {
            return printer.write("%!(NOVERB)");
        };
        self.at += verb.len_utf8();
        match self.args.get(self.next) {
            _ if verb == '%' => printer.write("%"),
            _ if !self.index_is_good => printer.write(&format!("%!{verb}(BADINDEX)")),
            None => printer.write(&format!("%!{verb}(MISSING)")),
            Some(arg) => {
                self.next += 1;
                if matches!(verb, 'v' | 'w') {
                    let spec = &mut printer.spec;
                    spec.go_syntax = std::mem::take(&mut spec.sharp);
                    spec.plus = false;
                }
                printer.argument(arg, verb)
            }
        }
    }

    fn flags(&mut self, spec: &mut Spec) {
        while let Some(flag) = self.peek() {
            match flag {
                b'#' => spec.sharp = true,
                b'0' => spec.zero = true,
                b'+' => spec.plus = true,
                b'-' => spec.minus = true,
                b' ' => spec.space = true,
                _ => return,
            }
            self.at += 1;
        }
    }

    fn width(&mut self, printer: &mut Printer<'_>) -> Result {
        let spec = &mut printer.spec;
        if self.accept(b'*') {
            self.after_index = false;
            let width = self.number_argument();
            if width.is_some_and(|width| width < 0) {
                spec.minus = true;
                spec.zero = false;
            }
            spec.width = width.map(|width| width.unsigned_abs() as usize);
            if width.is_none() {
                printer.write("%!(BADWIDTH)")?;
            }
        } else {
            spec.width = self.number(self.format.len());
            if self.after_index && spec.width.is_some() {
                self.index_is_good = false;
            }
        }
        Ok(())
    }

    fn precision(&mut self, printer: &mut Printer<'_>) -> Result {
        // A point at the very end is a verb.
        if self.at + 1 >= self.format.len() || !self.accept(b'.') {
            return Ok(());
        }
        if self.after_index {
            self.index_is_good = false;
        }
        self.argument_index();
        if self.accept(b'*') {
            self.after_index = false;
            let precision = self.number_argument();
            printer.spec.precision = precision.and_then(|n| usize::try_from(n).ok());
            if printer.spec.precision.is_none() {
                printer.write("%!(BADPREC)")?;
            }
        } else {
            printer.spec.precision = Some(self.number(self.format.len()).unwrap_or(0));
        }
        Ok(())
    }

    /// The number that stands here, up to `end`; too large a number swallows the rest.
    fn number(&mut self, end: usize) -> Option<usize> {
        let mut number = None;
        while let Some(digit) = self.peek().filter(|b| b.is_ascii_digit() && self.at < end) {
            let so_far = number.unwrap_or(0);
            if so_far > MAX_NUMBER {
                self.at = end;
                return None;
            }
            number = Some(so_far * 10 + i64::from(digit - b'0'));
            self.at += 1;
        }
        number.and_then(|number| usize::try_from(number).ok())
    }

    /// Takes the next argument as a width or precision.
    fn number_argument(&mut self) -> Option<i64> {
        let arg = self.args.get(self.next)?;
        self.next += 1;
        let number = match arg {
            Value::Int(n) => *n,
            Value::Byte(n) => i64::from(*n),
            _ => return None,
        };
        Some(number).filter(|n| (-MAX_NUMBER..=MAX_NUMBER).contains(n))
    }

    /// Reads `[n]`, if that comes next, and makes argument n, counted from 1, the next one.
    fn argument_index(&mut self) {
        self.after_index = false;
        if self.peek() != Some(b'[') {
            return;
        }
        self.is_reordered = true;
        let rest = &self.format[self.at..];
        let Some(length) = rest.find(']').filter(|_| rest.len() >= 3) else {
            self.at += 1;
            self.index_is_good = false;
            return;
        };
        let close = self.at + length;
        self.at += 1;
        let number = self.number(close).filter(|_| self.at == close);
        self.at = close + 1;
        self.after_index = number.is_some();
        match number.and_then(|n| n.checked_sub(1)).filter(|&n| n < self.args.len()) {
            Some(index) => self.next = index,
            None => self.index_is_good = false,
        }
    }

    /// Lists the arguments that no directive asked for.
    fn surplus(&mut self, printer: &mut Printer<'_>) -> Result {
        if self.is_reordered || self.next >= self.args.len() {
            return Ok(());
        }
        printer.spec = Spec::default();
        printer.write("%!(EXTRA ")?;
        for (i, arg) in self.args[self.next..].iter().enumerate() {
            if i > 0 {
                printer.write(", ")?;
            }
            printer.typed(arg)?;
        }
        printer.write(")")
    }
}
