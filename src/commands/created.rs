//! The moment at which an object was created, as the API server has noted it.

use jiff::Timestamp;
use serde_json::Value;

use crate::unix_seconds::UnixSeconds;

/// The moment in RFC 3339; nothing of an object that is not stored yet.
pub(super) fn created_text(object: &Value) -> Option<&str> {
    object.pointer("/metadata/creationTimestamp")?.as_str()
}

/// The same in seconds.
pub(super) fn created(object: &Value) -> Option<UnixSeconds> {
    let moment: Timestamp = created_text(object)?.parse().ok()?;
    Some(UnixSeconds(moment.as_second()))
}
