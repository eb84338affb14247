//! The uid of a request that is otherwise broken, so that the API server takes the answer.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

/// The longest uid that is answered. The API server makes UUIDs; without a bound an answer could be as
/// large as a body.
pub(super) const MOST_BYTES: usize = 128;
/// The shortest uid that is too long.
pub(super) const TOO_MANY_BYTES: usize = MOST_BYTES + 1;

/// Finds `request.uid`, even where the JSON breaks off or goes wrong behind it.
pub(super) fn find(body: &[u8]) -> Option<String> {
    let mut found = None;
    let mut json = serde_json::Deserializer::from_slice(body);
    // What goes wrong after the uid does not matter, and before it there is nothing to find.
    let _ = Field { name: "request", inner: Field { name: "uid", inner: Text(&mut found) } }
        .deserialize(&mut json);
    found.filter(|uid| !uid.is_empty() && uid.len() <= MOST_BYTES)
}

/// Descends into one field of an object.
struct Field<S> {
    name: &'static str,
    inner: S,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Field<S> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, S: DeserializeSeed<'de>> Visitor<'de> for Field<S> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with `{}`", self.name)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut inner = Some(self.inner);
        while let Some(key) = map.next_key::<String>()? {
            match inner.take_if(|_| key == self.name) {
                Some(seed) => {
                    map.next_value_seed(seed)?;
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Keeps a text.
struct Text<'f>(&'f mut Option<String>);

impl<'de> DeserializeSeed<'de> for Text<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Text<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        *self.0 = Some(text.to_owned());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn a_uid_is_found_in_broken_bodies() {
        let deep = "[".repeat(100_000);
        for (body, expected) in [
            (r#"{"request": {"uid": "1"}}"#.to_owned(), Some("1")),
            (r#"{"request": {"uid": "1", "object": {"metadata""#.to_owned(), Some("1")),
            (r#"{"kind": 5, "request": {"a": [], "uid": "1", "#.to_owned(), Some("1")),
            (
                format!(r#"{{"x": {deep}{}, "request": {{"uid": "1""#, "]".repeat(100_000)),
                Some("1"),
            ),
            (r#"{"request": {"uid": 5}}"#.to_owned(), None),
            (r#"{"request": {"uid": ""}}"#.to_owned(), None),
            (r#"{"uid": "1"}"#.to_owned(), None),
            (r#"{"request": [{"uid": "1"}]}"#.to_owned(), None),
            (deep, None),
            (String::new(), None),
        ] {
            assert_eq!(
                find(body.as_bytes()).as_deref(),
                expected,
                "{}",
                &body[..body.len().min(60)]
            );
        }
    }
}
