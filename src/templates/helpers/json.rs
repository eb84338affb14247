//! `toJson` and `fromJson`, as Go's `encoding/json` writes and reads.

use std::borrow::Cow;

use super::args;
use super::time::{self, Moment};
use super::{Caller, ELEMENT};
use crate::templates::error::{ErrorKind, TemplateError};
use crate::templates::value::{Dual, Value};

/// How deep JSON may be nested.
const MAX_DEPTH: usize = 100;
/// The length of `\ud83d`.
const UNIT: usize = 6;

/// What is one character of two, in UTF-16.
enum Half {
    High,
    Low,
}

/// `toJson X`: as JSON in one line, with `<`, `>` and `&` written as `\u003c` and so on. What JSON
/// has no number for gives an empty text.
pub(super) fn to_json(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let mut writer = Writer { meter, out: String::new() };
    match writer.value(args::get("toJson", args, 0)?)? {
        true => Ok(Value::from(writer.out)),
        false => Ok(Value::from("")),
    }
}

/// `fromJson TEXT`: the value that the JSON says, nothing if it is none. Whole numbers stay whole.
pub(super) fn from_json(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let text = args::text("fromJson", args, 0)?;
    // A value takes at least one of these characters, and much more memory than its text.
    let (mut parts, mut depth, mut deepest) = (1usize, 0usize, 0);
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => {
                (parts, depth) = (parts + 1, depth + 1);
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' | b':' => parts += 1,
            _ => {}
        }
    }
    meter.take_steps(parts as u64 + text.len() as u64 / 16)?;
    meter.take_bytes(parts.saturating_mul(8 * ELEMENT).saturating_add(4 * text.len()))?;
    match serde_json::from_str::<serde_json::Value>(&whole_surrogates(text)) {
        Ok(json) if deepest <= MAX_DEPTH || depth_of(&json) <= MAX_DEPTH => Ok(Value::from(json)),
        Err(_) if deepest <= MAX_DEPTH => Ok(Value::Nil),
        _ => {
            let message = format!("fromJson: the text is nested more than {MAX_DEPTH} deep");
            Err(TemplateError::new(ErrorKind::Limit, message))
        }
    }
}

/// The text with each half of a surrogate pair that stands alone, such as `\ud83d`, replaced as Go
/// does it; the parser refuses those.
fn whole_surrogates(json: &str) -> Cow<'_, str> {
    let mut whole = String::new();
    let (mut copied, mut at) = (0, 0);
    while let Some(found) = json[at..].find('\\') {
        at += found;
        let width = match (surrogate(json, at), surrogate(json, at + UNIT)) {
            (Some(Half::High), Some(Half::Low)) => 2 * UNIT,
            (Some(_), _) => {
                whole.push_str(&json[copied..at]);
                whole.push_str("\\ufffd");
                copied = at + UNIT;
                UNIT
            }
            // The backslash and what it escapes, which may be another backslash.
            (None, _) => 1 + json[at + 1..].chars().next().map_or(0, char::len_utf8),
        };
        at += width;
    }
    if copied == 0 {
        return Cow::Borrowed(json);
    }
    whole.push_str(&json[copied..]);
    Cow::Owned(whole)
}

/// The half of a surrogate pair that is written at this place, as in `\ud83d`.
fn surrogate(json: &str, at: usize) -> Option<Half> {
    let digits = json.get(at..at + UNIT)?.strip_prefix("\\u")?;
    let is_hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
    match is_hex.then(|| u16::from_str_radix(digits, 16).ok())?? {
        0xd800..=0xdbff => Some(Half::High),
        0xdc00..=0xdfff => Some(Half::Low),
        _ => None,
    }
}

/// How deep a value is nested: brackets within its texts did not count. The parser goes no deeper
/// than 128.
fn depth_of(json: &serde_json::Value) -> usize {
    match json {
        serde_json::Value::Array(items) => 1 + items.iter().map(depth_of).max().unwrap_or(0),
        serde_json::Value::Object(map) => 1 + map.values().map(depth_of).max().unwrap_or(0),
        _ => 0,
    }
}

struct Writer<'m> {
    meter: &'m mut dyn Caller,
    out: String,
}

impl Writer<'_> {
    /// Writes a value; says whether JSON has a form for it.
    fn value(&mut self, value: &Value) -> Result<bool, TemplateError> {
        self.meter.take_steps(1)?;
        self.meter.take_bytes(ELEMENT)?;
        match value {
            Value::Nil => self.out.push_str("null"),
            Value::Bool(b) => self.out.push_str(if *b { "true" } else { "false" }),
            Value::Int(i) => self.out.push_str(&i.to_string()),
            Value::Byte(b) => self.out.push_str(&b.to_string()),
            // Those are seen by templates of Kelos alone, which have no helpers.
            Value::Typed(_) => return Ok(false),
            Value::Float(f) if !f.is_finite() => return Ok(false),
            Value::Float(f) => self.float(*f)?,
            Value::Str(text) => self.text(text)?,
            Value::Dual(dual) => return self.dual(dual),
            Value::List(items) => {
                self.out.push('[');
                for (index, item) in items.iter().enumerate() {
                    self.out.push_str(if index > 0 { "," } else { "" });
                    if !self.value(item)? {
                        return Ok(false);
                    }
                }
                self.out.push(']');
            }
            Value::Map(map) => {
                self.out.push('{');
                for (index, (key, item)) in map.iter().enumerate() {
                    self.out.push_str(if index > 0 { "," } else { "" });
                    self.text(key)?;
                    self.out.push(':');
                    if !self.value(item)? {
                        return Ok(false);
                    }
                }
                self.out.push('}');
            }
        }
        Ok(true)
    }

    /// A list or a map that reads as a text is the list or the map; a moment is its RFC 3339 text.
    fn dual(&mut self, dual: &Dual) -> Result<bool, TemplateError> {
        match dual.parts {
            Value::Int(seconds) => {
                let text = time::format(self.meter, time::RFC_3339, &Moment::at(seconds))?;
                self.text(&text).map(|()| true)
            }
            ref parts => self.value(parts),
        }
    }

    /// As JavaScript does: no exponent from 1e-6 up to 1e21.
    fn float(&mut self, f: f64) -> Result<(), TemplateError> {
        let size = f.abs();
        if size != 0.0 && !(1e-6..1e21).contains(&size) {
            let text = format!("{f:e}");
            let sign = if size < 1.0 { "" } else { "+" };

            self.out.push_str(&text.replacen('e', &format!("e{sign}"), 1));
        } else {
            self.meter.take_bytes(ELEMENT)?;
            self.out.push_str(&f.to_string());
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), TemplateError> {
        // An escaped character takes up to six bytes; those beyond ASCII begin with this byte.
        let is_escaped = |b: &u8| matches!(b, 0..0x20 | b'"' | b'\\' | b'<' | b'>' | b'&' | 0xe2);
        self.meter.take_steps(text.len() as u64 / 32)?;
        self.meter.take_bytes(text.len() + 5 * text.bytes().filter(|b| is_escaped(b)).count())?;
        self.out.push('"');
        for c in text.chars() {
            match c {
                '"' | '\\' => self.out.extend(['\\', c]),
                '\x08' => self.out.push_str("\\b"),
                '\x0c' => self.out.push_str("\\f"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                '\0'..='\x1f' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                    self.out.push_str(&format!("\\u{:04x}", c as u32))
                }
                c => self.out.push(c),
            }
        }
        self.out.push('"');
        Ok(())
    }
}
