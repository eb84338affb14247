//! Texts that people typed, as variables: each paid for before it is built.

use crate::engine::link;
use crate::engine::meter::Meter;
use crate::engine::repository::{self, Repository};
use crate::templates::budget::Exhausted;
use crate::templates::value::Value;

/// What an entry of a map, an element of a list or a variable costs beside its bytes: two texts are
/// allocated at the most, and one is put into its place.
pub(in crate::engine) const ENTRY_STEPS: usize = 4;
/// What an entry takes beside its texts.
pub(in crate::engine) const ENTRY_BYTES: usize = 128;
/// What reading a URL costs, and each of its bytes, of which three can come out.
const URL_STEPS: usize = 16;
const URL_BYTE_PARTS: usize = 16;
const URL_GROWTH: usize = 3;

/// A text as a variable: one that is a URL as a whole loses what is secret in it.
pub(in crate::engine) fn text(value: &str, meter: &Meter) -> Result<Value, Exhausted> {
    meter.take_bytes(value.len())?;
    if link::is_link(value) {
        pay_for_url(value, meter)?;
    }
    Ok(Value::from(link::without_secrets(value).as_ref()))
}

/// Names as the labels of an issue: of each that is a URL what may be secret is taken out.
pub(in crate::engine) fn clean_labels<S: AsRef<str>>(
    names: &[S],
    meter: &Meter,
) -> Result<Value, Exhausted> {
    let links = names.iter().map(AsRef::as_ref).filter(|name| link::is_link(name));
    links.into_iter().try_for_each(|link| pay_for_url(link, meter))?;
    Ok(labels_without_secrets(names))
}

/// The same of names that are paid for.
pub(in crate::engine) fn labels_without_secrets<S: AsRef<str>>(names: &[S]) -> Value {
    let clean: Vec<_> = names.iter().map(|name| link::without_secrets(name.as_ref())).collect();
    Value::labels(&clean)
}

/// A repository out of what people typed.
pub(in crate::engine) fn repository(typed: &str, meter: &Meter) -> Option<Repository> {
    pay_for_url(typed, meter).ok()?;
    Repository::parse(typed)
}

/// The address of a server out of what people typed, without what may be secret in it.
pub(in crate::engine) fn url(typed: &str, meter: &Meter) -> Option<String> {
    pay_for_url(typed, meter).ok()?;
    repository::without_secrets(typed)
}

/// Pays for reading a URL.
pub(in crate::engine) fn pay_for_url(typed: &str, meter: &Meter) -> Result<(), Exhausted> {
    meter.take_steps(URL_STEPS)?;
    meter.take(URL_BYTE_PARTS.saturating_mul(typed.len()))?;
    meter.take_bytes(URL_GROWTH.saturating_mul(typed.len()))
}
