//! Helpers that print values into a text: `quote`, `squote`, `cat`, `toString`.

use super::Caller;
use super::print;
use crate::templates::error::{ErrorKind, TemplateError};
use crate::templates::gofmt::push_quoted;
use crate::templates::value::Value;

/// `quote X…`: each in double quotes, as Go source has it, with spaces between them. What is
/// nothing is left out.
pub(super) fn quote(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    joined(meter, args, |meter, out, value| {
        let text = print::value(meter, value)?;
        // No character grows to more than four times its bytes, and each is looked up.
        meter.take_bytes(4 * text.len() + 2)?;
        meter.take_steps(text.len() as u64 / 16)?;
        push_quoted(out, &text, false);
        Ok(())
    })
}

/// `squote X…`: each in single quotes, as it is.
pub(super) fn squote(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    joined(meter, args, |meter, out, value| {
        out.push('\'');
        print::append(meter, out, value)?;
        out.push('\'');
        Ok(())
    })
}

/// `cat X…`: all of them with spaces between.
pub(super) fn cat(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    joined(meter, args, print::append)
}

/// `toString X`: as it prints. Nothing has no text: Sprig would write `<nil>`.
pub(super) fn to_string(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    match super::args::get("toString", args, 0)? {
        Value::Str(text) => Ok(Value::Str(text.clone())),
        Value::Nil => {
            let message = "what toString should print is nothing";
            Err(TemplateError::new(ErrorKind::Missing, message)
                .hint("give it a stand-in with `default`"))
        }
        value => print::value(meter, value).map(Value::from),
    }
}

type Print = fn(&mut dyn Caller, &mut String, &Value) -> Result<(), TemplateError>;

fn joined(meter: &mut dyn Caller, args: &[Value], print: Print) -> Result<Value, TemplateError> {
    let mut out = String::new();
    for (index, value) in args.iter().filter(|value| **value != Value::Nil).enumerate() {
        meter.take_steps(1)?;
        if index > 0 {
            out.push(' ');
        }
        print(meter, &mut out, value)?;
    }
    Ok(Value::from(out))
}
