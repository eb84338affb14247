//! What is in the cluster: the Secret, as far as it matters here.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use crate::unix_seconds::UnixSeconds;

/// The annotation of the Secret that says since when the configurations are known to have the
/// CA of the certificate that is to serve next.
pub(super) const TRUSTED_SINCE: &str = "metadata.kelos.dev/ca-trusted-since";

/// The fields of the Secret: those of type `kubernetes.io/tls`, the bundle, and the pair that is to
/// serve next.
pub const CERTIFICATE: &str = "tls.crt";
pub(super) const KEY: &str = "tls.key";
/// The bundle.
pub const BUNDLE: &str = "ca.crt";
pub(super) const NEXT_CERTIFICATE: &str = "next-tls.crt";
pub(super) const NEXT_KEY: &str = "next-tls.key";

/// The part of the Secret that matters. It has no `Debug`: it can't get into a log.
#[derive(Clone, Default, Deserialize)]
pub struct Secret {
    #[serde(default)]
    pub(super) metadata: ObjectMetadata,
    #[serde(default, deserialize_with = "or_default")]
    data: BTreeMap<String, String>,
}

/// The part of any metadata that matters.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ObjectMetadata {
    #[serde(default)]
    pub(super) resource_version: String,
    #[serde(default, deserialize_with = "or_default")]
    annotations: BTreeMap<String, String>,
}

/// A field that may be null.
pub(super) fn or_default<'d, D: Deserializer<'d>, T: Default + Deserialize<'d>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl Secret {
    /// What a field holds; nothing if it is not there.
    pub fn field(&self, name: &str) -> Vec<u8> {
        let value = self.data.get(name).map(|text| BASE64.decode(text).unwrap_or_default());
        value.unwrap_or_default()
    }

    /// Since when the CA of the certificate with this fingerprint is known to be in the
    /// configuration.
    pub(super) fn trusted_since(&self, fingerprint: &str) -> Option<UnixSeconds> {
        let (about, time) = self.mark()?.split_once('@')?;
        let time: Timestamp = time.parse().ok()?;
        (about == fingerprint).then(|| UnixSeconds(time.as_second()))
    }

    /// The annotation of which [`Secret::trusted_since`] makes sense, whatever it says.
    pub(super) fn mark(&self) -> Option<&str> {
        self.metadata.annotations.get(TRUSTED_SINCE).map(String::as_str)
    }

    /// Whether something is left of a certificate that is to serve next.
    pub fn has_next(&self) -> bool {
        let has = |field| self.data.contains_key(field);
        has(NEXT_CERTIFICATE) || has(NEXT_KEY) || self.mark().is_some()
    }

    /// The names of the fields that are not ours.
    pub(super) fn strangers(&self) -> impl Iterator<Item = &str> {
        let ours = [CERTIFICATE, KEY, BUNDLE, NEXT_CERTIFICATE, NEXT_KEY];
        self.data.keys().map(String::as_str).filter(move |field| !ours.contains(field))
    }
}

/// What [`Secret::trusted_since`] reads.
pub(super) fn trusted_since(fingerprint: &str, now: UnixSeconds) -> String {
    format!("{fingerprint}@{}", Timestamp::from_second(now.0).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_may_be_missing_null_or_garbage() {
        for data in [json!(null), json!({}), json!({"tls.crt": "*"}), json!({"tls.crt": ""})] {
            let secret: Secret =
                serde_json::from_value(json!({"metadata": {"annotations": null}, "data": data}))
                    .unwrap();
            assert_eq!(secret.field(CERTIFICATE), b"");
            assert!(!secret.has_next());
        }
    }

    #[test]
    fn the_mark_is_about_one_certificate_and_has_a_time() {
        let marked = |mark: &str| -> Secret {
            let annotations = json!({ TRUSTED_SINCE: mark });
            serde_json::from_value(json!({"metadata": {"annotations": annotations}})).unwrap()
        };
        assert_eq!(trusted_since("ab", UnixSeconds(1_900_000_000)), "ab@2030-03-17T17:46:40Z");
        for (mark, since) in [
            ("ab@2030-03-17T17:46:40Z", Some(1_900_000_000)),
            ("cd@2030-03-17T17:46:40Z", None),
            ("ab@yesterday", None),
            ("ab", None),
            ("", None),
        ] {
            assert_eq!(marked(mark).trusted_since("ab"), since.map(UnixSeconds), "{mark}");
            assert!(marked(mark).has_next());
        }
    }
}
