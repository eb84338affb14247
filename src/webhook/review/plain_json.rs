//! JSON as an API server writes it, read with less work than serde_json has: each text is looked at once, and what nobody
//! asks for is read over without a stack.
//!
//! It is a [`Deserializer`], so that what is read into is the same, and it judges nothing: whatever else stands there,
//! wrong or only rare, is a [`Surprise`], and serde_json reads all of it again. Why: docs/decisions, 022.

use serde::de::value::{BorrowedStrDeserializer, MapDeserializer};
use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use crate::json_text::first_special;

/// Something that serde_json is to judge.
#[derive(Debug, thiserror::Error)]
#[error("this is not for the plain reader")]
pub(super) struct Surprise;

impl de::Error for Surprise {
    fn custom<T>(_: T) -> Surprise {
        Surprise
    }
}

/// What serde_json calls a value that is kept as it stands.
const RAW_VALUE: &str = "$serde_json::private::RawValue";
/// How deep in each other the values may be that are read over: as many as a word has bits.
const MOST_DEPTH: u32 = u64::BITS;

/// Reads a value, and nothing if serde_json is to do it.
pub(super) fn read<'de, T: Deserialize<'de>>(json: &'de str) -> Option<T> {
    let mut reader = Reader { json, at: 0 };
    let value = T::deserialize(&mut reader).ok()?;
    reader.blanks();
    (reader.at == json.len()).then_some(value)
}

struct Reader<'de> {
    json: &'de str,
    at: usize,
}

impl<'de> Reader<'de> {
    fn here(&self) -> Option<u8> {
        self.json.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.here() {
            self.at += 1;
        }
    }

    /// The first byte of what comes next, which is not taken.
    fn next(&mut self) -> Result<u8, Surprise> {
        match self.here() {
            Some(byte) if byte > b' ' => Ok(byte),
            _ => {
                self.blanks();
                self.here().ok_or(Surprise)
            }
        }
    }

    /// Takes this byte.
    fn take(&mut self, byte: u8) -> Result<(), Surprise> {
        let is_it = self.next()? == byte;
        self.at += 1;
        is_it.then_some(()).ok_or(Surprise)
    }

    /// Takes a word, which may be cut off from nothing: what follows is no letter where JSON goes on.
    fn word(&mut self, word: &str) -> Result<(), Surprise> {
        let end = self.at + word.len();
        let is_it = self.json.as_bytes().get(self.at..end) == Some(word.as_bytes());
        self.at = end;
        is_it.then_some(()).ok_or(Surprise)
    }

    /// Takes a number without a fraction and without an exponent, or so much of it that what follows is wrong.
    fn number(&mut self) -> Result<(), Surprise> {
        let rest = self.json.as_bytes().get(self.at..).unwrap_or_default();
        let unsigned = rest.strip_prefix(b"-").unwrap_or(rest);
        let digits = unsigned.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let is_plain = digits == 1 || digits > 1 && unsigned.first() != Some(&b'0');
        self.at += rest.len() - unsigned.len() + digits;
        is_plain.then_some(()).ok_or(Surprise)
    }

    /// Takes a text; gives it as it stands between its quotes, and whether it has escapes.
    fn text(&mut self) -> Result<(&'de str, bool), Surprise> {
        self.take(b'"')?;
        let start = self.at;
        let (end, has_escapes) = end_of_text(self.json.as_bytes(), start).ok_or(Surprise)?;
        self.at = end + 1;
        Ok((self.json.get(start..end).ok_or(Surprise)?, has_escapes))
    }

    /// Reads over a text whose first quote comes next.
    fn skip_text(&mut self) -> Result<(), Surprise> {
        let (end, _) = end_of_text(self.json.as_bytes(), self.at + 1).ok_or(Surprise)?;
        self.at = end + 1;
        Ok(())
    }

    /// Reads over a value.
    fn skip(&mut self) -> Result<(), Surprise> {
        // Of those that it is in, the innermost one is the lowest bit: whether it is an object.
        let (mut depth, mut objects) = (0, 0_u64);
        loop {
            let first = self.next()?;
            match first {
                b'"' => self.skip_text()?,
                b'{' | b'[' => {
                    self.at += 1;
                    // Those that close them are two behind them in ASCII.
                    if self.next()? == first + 2 {
                        self.at += 1;
                    } else if depth < MOST_DEPTH {
                        let is_object = first == b'{';
                        (depth, objects) = (depth + 1, objects << 1 | u64::from(is_object));
                        if is_object {
                            self.key()?;
                        }
                        continue;
                    } else {
                        return Err(Surprise);
                    }
                }
                b't' => self.word("true")?,
                b'f' => self.word("false")?,
                b'n' => self.word("null")?,
                _ => self.number()?,
            }
            loop {
                if depth == 0 {
                    return Ok(());
                }
                let is_object = objects & 1 == 1;
                match (self.next()?, is_object) {
                    (b',', _) => break,
                    (b'}', true) | (b']', false) => {
                        (depth, objects) = (depth - 1, objects >> 1);
                        self.at += 1;
                    }
                    _ => return Err(Surprise),
                }
            }
            self.at += 1;
            if objects & 1 == 1 {
                self.key()?;
            }
        }
    }

    /// Reads over a key and its colon.
    fn key(&mut self) -> Result<(), Surprise> {
        match self.next()? {
            b'"' => self.skip_text()?,
            _ => return Err(Surprise),
        }
        self.take(b':')
    }
}

/// Where the text ends that begins here, behind its first quote, and whether it has escapes; nothing if it has none, or
/// something that JSON has not in a text.
#[inline]
fn end_of_text(bytes: &[u8], start: usize) -> Option<(usize, bool)> {
    let mut rest = bytes.get(start..)?;
    let mut has_escapes = false;
    loop {
        rest = match rest.get(first_special(rest)?..)? {
            found @ [b'"', ..] => return Some((bytes.len() - found.len(), has_escapes)),
            [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', behind @ ..] => behind,
            [b'\\', b'u', a, b, c, d, behind @ ..]
                if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) =>
            {
                behind
            }
            _ => return None,
        };
        has_escapes = true;
    }
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Surprise;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Surprise> {
        match self.next()? {
            b'"' => {
                let start = self.at;
                match self.text()? {
                    (text, false) => visitor.visit_borrowed_str(text),
                    (_, true) => {
                        let json = self.json.get(start..self.at).ok_or(Surprise)?;
                        let text: String = serde_json::from_str(json).map_err(|_| Surprise)?;
                        visitor.visit_str(&text)
                    }
                }
            }
            b'{' => {
                self.at += 1;
                let value = visitor.visit_map(Items { reader: self, is_first: true })?;
                self.take(b'}').map(|()| value)
            }
            b'[' => {
                self.at += 1;
                let value = visitor.visit_seq(Items { reader: self, is_first: true })?;
                self.take(b']').map(|()| value)
            }
            b't' => self.word("true").and_then(|()| visitor.visit_bool(true)),
            b'f' => self.word("false").and_then(|()| visitor.visit_bool(false)),
            _ => Err(Surprise),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Surprise> {
        match self.next()? {
            b'n' => self.word("null").and_then(|()| visitor.visit_none()),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Surprise> {
        self.skip().and_then(|()| visitor.visit_unit())
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Surprise> {
        if name != RAW_VALUE {
            return visitor.visit_newtype_struct(self);
        }
        self.next()?;
        let start = self.at;
        self.skip()?;
        let value = self.json.get(start..self.at).ok_or(Surprise)?;
        let [name, value] = [name, value].map(BorrowedStrDeserializer::new);
        visitor.visit_map(MapDeserializer::new([(name, value)].into_iter()))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct enum identifier
    }
}

/// What is between the brackets of an object or a list.
struct Items<'r, 'de> {
    reader: &'r mut Reader<'de>,
    is_first: bool,
}

impl Items<'_, '_> {
    /// Whether there is one more before this end; then it comes next.
    fn has_next(&mut self, end: u8) -> Result<bool, Surprise> {
        if self.reader.next()? == end {
            return Ok(false);
        }
        if !std::mem::take(&mut self.is_first) {
            self.reader.take(b',')?;
        }
        Ok(true)
    }
}

impl<'de> MapAccess<'de> for Items<'_, 'de> {
    type Error = Surprise;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Surprise> {
        match self.has_next(b'}')? {
            true if self.reader.next()? == b'"' => seed.deserialize(&mut *self.reader).map(Some),
            true => Err(Surprise),
            false => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Surprise> {
        self.reader.take(b':')?;
        seed.deserialize(&mut *self.reader)
    }
}

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
    type Error = Surprise;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Surprise> {
        match self.has_next(b']')? {
            true => seed.deserialize(&mut *self.reader).map(Some),
            false => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests;
