//! Helpers for time, which stands still while a request is answered: `now`, `date`, `unixEpoch`.
//! All of it is UTC.

mod layout;
mod moment;

use std::sync::Arc;

pub(super) use self::layout::format;
pub(super) use self::moment::Moment;
use super::Caller;
use super::args;
use crate::templates::error::TemplateError;
use crate::templates::value::{Dual, Value};

/// How Go prints a time.
const PRINTED: &str = "2006-01-02 15:04:05 -0700 MST";
/// How JSON and most others write one.
pub(super) const RFC_3339: &str = "2006-01-02T15:04:05Z07:00";

/// `now`: the moment of the request; it prints as Go prints a time.
pub(super) fn now(meter: &mut dyn Caller, _: &[Value]) -> Result<Value, TemplateError> {
    let seconds = meter.moment();
    let text = format(meter, PRINTED, &Moment::at(seconds))?;
    let parts = Value::Int(seconds);
    Ok(Value::Dual(Arc::new(Dual { text: text.into(), parts })))
}

/// `date LAYOUT X`: a moment in the form of Go's reference time, `2006-01-02T15:04:05Z07:00`. X is
/// a moment, seconds since 1970, or a text in RFC 3339.
pub(super) fn date(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let layout = args::text("date", args, 0)?;
    let moment = Moment::at(seconds("date", args, 1)?);
    Ok(Value::from(format(meter, layout, &moment)?))
}

/// `unixEpoch X`: the seconds since 1970, as a text.
pub(super) fn unix_epoch(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let seconds = seconds("unixEpoch", args, 0)?;
    meter.take_bytes(20)?;
    Ok(Value::from(seconds.to_string()))
}

/// The seconds since 1970 that an argument says.
fn seconds(helper: &str, args: &[Value], index: usize) -> Result<i64, TemplateError> {
    const WANTED: &str = "a moment: `now`, seconds since 1970, or a text such as \
                          2006-01-02T15:04:05Z";
    let value = args::get(helper, args, index)?;
    let seconds = match (value.as_parts(), value.as_text()) {
        (Value::Int(seconds), _) => Some(*seconds),
        (_, Some(text)) => moment::parse(text),
        _ => None,
    };
    seconds
        .filter(|seconds| Moment::RANGE.contains(seconds))
        .ok_or_else(|| args::wrong(helper, index, value, WANTED))
}
