//! `print`, `println` and `printf`: Go's fmt for the values that templates have.
//!
//! What does not fit its verb prints as Go's error marks do, such as `%!d(string=hi)`.

mod directive;
mod float;
mod integer;
mod text;
mod value;

pub(super) use self::text::{is_printable, push_quoted};
use crate::templates::budget::Exhausted;
use crate::templates::meter::Meter;
use crate::templates::value::Value;

type Result = std::result::Result<(), Exhausted>;

/// Prints values, with a space between two that are both no texts.
///
/// # Errors
///
/// [`Exhausted`] before more is built than the budget allows.
pub(super) fn print(
    args: &[Value],
    meter: &mut dyn Meter,
) -> std::result::Result<String, Exhausted> {
    let mut printer = Printer::new(meter);
    let mut after_text = true;
    for arg in args {
        let is_text = arg.as_text().is_some();
        if !is_text && !after_text {
            printer.write(" ")?;
        }
        after_text = is_text;
        printer.argument(arg, 'v')?;
    }
    Ok(printer.out)
}

/// Prints values with a space between any two and a line break behind them.
///
/// # Errors
///
/// [`Exhausted`], as for [`print`].
pub(super) fn println(
    args: &[Value],
    meter: &mut dyn Meter,
) -> std::result::Result<String, Exhausted> {
    let mut printer = Printer::new(meter);
    for (i, arg) in args.iter().enumerate() {
        if i > 0 {
            printer.write(" ")?;
        }
        printer.argument(arg, 'v')?;
    }
    printer.write("\n")?;
    Ok(printer.out)
}

/// Prints values as the directives in `format` say.
///
/// # Errors
///
/// [`Exhausted`], as for [`print`].
pub(super) fn printf(
    format: &str,
    args: &[Value],
    meter: &mut dyn Meter,
) -> std::result::Result<String, Exhausted> {
    let mut printer = Printer::new(meter);
    directive::format(&mut printer, format, args)?;
    Ok(printer.out)
}

/// The text under way and how the next value is to be printed.
struct Printer<'m> {
    out: String,
    meter: &'m mut dyn Meter,
    spec: Spec,
}

/// What stands between `%` and the verb.
#[derive(Clone, Copy, Default)]
struct Spec {
    width: Option<usize>,
    precision: Option<usize>,
    minus: bool,
    plus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    /// `%#v`: as Go source.
    go_syntax: bool,
}

impl<'m> Printer<'m> {
    fn new(meter: &'m mut dyn Meter) -> Printer<'m> {
        Printer { out: String::new(), meter, spec: Spec::default() }
    }

    fn write(&mut self, text: &str) -> Result {
        self.meter.take_bytes(text.len())?;
        self.out.push_str(text);
        Ok(())
    }

    /// Writes so many zeros, or spaces where zeros may not stand.
    fn write_padding(&mut self, width: usize) -> Result {
        self.meter.take_bytes(width)?;
        let zeros = self.spec.zero && !self.spec.minus;
        self.out.extend(std::iter::repeat_n(if zeros { '0' } else { ' ' }, width));
        Ok(())
    }

    /// Writes a text and fills up to the width, which counts characters.
    fn pad(&mut self, text: &str) -> Result {
        let Some(width) = self.spec.width else { return self.write(text) };
        self.meter.take_reading(text.len())?;
        let padding = width.saturating_sub(text.chars().count());
        if self.spec.minus {
            self.write(text)?;
            self.write_padding(padding)
        } else {
            self.write_padding(padding)?;
            self.write(text)
        }
    }

    /// As [`Printer::pad`], but never with zeros.
    fn pad_with_spaces(&mut self, text: &str) -> Result {
        let zero = std::mem::take(&mut self.spec.zero);
        self.pad(text)?;
        self.spec.zero = zero;
        Ok(())
    }
}
