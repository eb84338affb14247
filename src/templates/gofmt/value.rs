//! Values of all types: which verbs they take, and how lists and maps print.

use super::{Printer, Result};
use crate::templates::value::Value;

impl Printer<'_> {
    /// Prints an argument of `print` or `printf`.
    pub(super) fn argument(&mut self, arg: &Value, verb: char) -> Result {
        match (arg, verb) {
            (Value::Nil, 'v' | 'T') => self.pad("<nil>"),
            (_, 'T') => self.string(type_name(arg), 's'),
            (Value::Nil, _) | (_, 'p' | 'w') => self.bad_verb(arg, verb),
            _ => self.value(arg, verb),
        }
    }

    /// Prints an argument or an element of one.
    fn value(&mut self, value: &Value, verb: char) -> Result {
        self.meter.take_steps(1)?;
        match (value, verb) {
            (Value::Nil, _) if self.spec.go_syntax => self.write("interface {}(nil)"),
            (Value::Nil, _) => self.write("<nil>"),
            (Value::Bool(b), 't' | 'v') => self.pad(if *b { "true" } else { "false" }),
            (Value::Int(n), 'v' | 'd' | 'b' | 'o' | 'O' | 'x' | 'X' | 'c' | 'q' | 'U') => {
                self.integer(*n, verb)
            }
            (Value::Byte(n), 'v' | 'd' | 'b' | 'o' | 'O' | 'x' | 'X' | 'c' | 'q' | 'U') => {
                let sharp = self.spec.sharp;
                let as_source = verb == 'v' && self.spec.go_syntax;
                self.spec.sharp |= as_source;
                self.integer(i64::from(*n), if as_source { 'x' } else { verb })?;
                self.spec.sharp = sharp;
                Ok(())
            }
            (Value::Float(f), 'v' | 'b' | 'g' | 'G' | 'x' | 'X' | 'f' | 'F' | 'e' | 'E') => {
                self.float(*f, verb)
            }
            (Value::Str(text), 'v' | 's' | 'x' | 'X' | 'q') => self.string(text, verb),
            (Value::Dual(dual), 'v' | 's' | 'x' | 'X' | 'q') => self.string(&dual.text, verb),
            (Value::List(items), _) => {
                let [open, separator, close] = self.brackets("[", "[]interface {}{");
                self.write(open)?;
                for (i, item) in items.iter().enumerate() {
                    self.write(if i > 0 { separator } else { "" })?;
                    self.value(item, verb)?;
                }
                self.write(close)
            }
            (Value::Map(map), _) => {
                let [open, separator, close] = self.brackets("map[", "map[string]interface {}{");
                self.write(open)?;
                for (i, (key, item)) in map.iter().enumerate() {
                    self.write(if i > 0 { separator } else { "" })?;
                    self.value(&Value::Str(key.clone()), verb)?;
                    self.write(":")?;
                    self.value(item, verb)?;
                }
                self.write(close)
            }
            // Nobody knows how it prints: it is kept from here where it may be part of what is printed.
            (Value::Typed(typed), _) => self.write(typed.kind()),
            _ => self.bad_verb(value, verb),
        }
    }

    /// What stands before, between and behind the elements of a list or map.
    fn brackets(&self, open: &'static str, open_in_source: &'static str) -> [&'static str; 3] {
        if self.spec.go_syntax { [open_in_source, ", ", "}"] } else { [open, " ", "]"] }
    }

    /// Says that the value has no such verb.
    fn bad_verb(&mut self, value: &Value, verb: char) -> Result {
        self.write(&format!("%!{verb}("))?;
        self.typed(value)?;
        self.write(")")
    }

    /// Prints a value with its type.
    pub(super) fn typed(&mut self, value: &Value) -> Result {
        if let Value::Nil = value {
            return self.write("<nil>");
        }
        self.write(type_name(value))?;
        self.write("=")?;
        self.value(value, 'v')
    }
}

/// The name of a value's type in Go.
fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Nil => "<nil>",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::Byte(_) => "uint8",
        Value::Float(_) => "float64",
        Value::Str(_) | Value::Dual(_) => "string",
        Value::List(_) => "[]interface {}",
        Value::Map(_) => "map[string]interface {}",
        // No function of Go's that prints a type is given one.
        Value::Typed(_) => "struct {}",
    }
}
