//! A serving key out of a Secret.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use tokio::sync::mpsc::Receiver;

use super::reload::Reload;
use super::{KeyPair, PemPart, ServingKey, TlsError};
use crate::clock;
use crate::cluster::Change;
use crate::unix_seconds::UnixSeconds;

/// The fields of a Secret of type `kubernetes.io/tls`.
const CERT_FIELD: &str = "tls.crt";
const KEY_FIELD: &str = "tls.key";

/// The part of a Secret that a server needs. It has no `Debug`: it can't get into a log.
#[derive(Deserialize, Hash)]
pub struct TlsSecret {
    #[serde(default)]
    data: Data,
}

/// Values in base64.
#[derive(Default, Deserialize, Hash)]
struct Data {
    #[serde(rename = "tls.crt")]
    cert: Option<String>,
    #[serde(rename = "tls.key")]
    key: Option<String>,
    #[serde(rename = "ca.crt")]
    cas: Option<String>,
}

impl TlsSecret {
    /// Whether it holds nothing of a pair: whoever makes one has only begun.
    pub fn is_empty(&self) -> bool {
        let is_empty = |value: &Option<String>| value.as_deref().is_none_or(str::is_empty);
        is_empty(&self.data.cert) && is_empty(&self.data.key)
    }

    /// The pair that it holds; `origin` is the flag that named it, with its value.
    ///
    /// # Errors
    ///
    /// The field that is missing or holds something else, or both if they do not belong together.
    pub fn key_pair(&self, origin: &str, now: UnixSeconds) -> Result<KeyPair, TlsError> {
        let field = |name: &'static str, value: &Option<String>| {
            let origin = format!("{origin}, field data[\"{name}\"]");
            match value.as_deref().map(|text| BASE64.decode(text)) {
                Some(Ok(pem)) if !pem.is_empty() => Ok((origin, pem)),
                _ => Err(TlsError::Field { origin }),
            }
        };
        let (cert_origin, cert) = field(CERT_FIELD, &self.data.cert)?;
        let (key_origin, key) = field(KEY_FIELD, &self.data.key)?;
        let pair = KeyPair::from_pem(
            PemPart { origin: &cert_origin, pem: &cert },
            PemPart { origin: &key_origin, pem: &key },
        )?;
        let cas = self.data.cas.as_deref().map(|text| BASE64.decode(text));
        Ok(pair.beside(&cas.and_then(Result::ok).unwrap_or_default(), now))
    }
}

/// Serves with the pair of a Secret whenever it changes, for as long as changes come; `origin` is the
/// flag that named it, with its value.
///
/// `on_swap` is called with each pair that is taken. A Secret that holds no good pair is logged, once,
/// and the last good one serves on. One that is not there yet, or holds no pair yet, is waited for: at
/// first a controller is at work.
pub async fn follow_secret(
    mut changes: Receiver<Change<TlsSecret>>,
    origin: String,
    serving: Arc<ServingKey>,
    mut on_swap: impl FnMut(&KeyPair),
) {
    let (mut reload, mut listed) = (Reload::default(), None);
    while let Some(change) = changes.recv().await {
        let found = match change {
            Change::Listing | Change::Alive => continue,
            Change::Page(secrets) => {
                listed = secrets.into_iter().next().or(listed);
                continue;
            }
            Change::Listed => listed.take(),
            Change::One(secret) => Some(secret),
            Change::Gone { .. } => None,
        };
        let is_empty = found.as_ref().is_none_or(TlsSecret::is_empty);
        let is_awaited = is_empty && serving.is_awaited();
        let read = found.ok_or_else(|| TlsError::NoSecret { origin: origin.clone() });
        let problem = reload.take(read, |secret| {
            serving.take(secret.key_pair(&origin, clock::now())?, &mut on_swap)
        });
        match problem {
            Some(problem) if is_awaited => {
                tracing::info!(problem, "Waiting for the Secret with the serving key");
            }
            Some(problem) => serving.log_rejection(&problem),
            None => (),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: &str = "--tls-secret kelos-system/tls";

    fn secret(data: serde_json::Value) -> TlsSecret {
        serde_json::from_value(serde_json::json!({"kind": "Secret", "data": data})).unwrap()
    }

    fn pair() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        (BASE64.encode(made.cert.pem()), BASE64.encode(made.signing_key.serialize_pem()))
    }

    #[test]
    fn a_secret_of_type_tls_makes_a_pair() {
        let (cert, key) = pair();
        let found = secret(serde_json::json!({"tls.crt": cert, "tls.key": key, "ca.crt": ""}));
        assert!(found.key_pair(ORIGIN, UnixSeconds(0)).is_ok());
    }

    #[test]
    fn what_is_missing_is_named_with_flag_and_field() {
        let (cert, key) = pair();
        let (other, _) = pair();
        for (data, named, said) in [
            (serde_json::json!({"tls.key": key}), "tls.crt", "is missing or empty"),
            (serde_json::json!({"tls.crt": cert}), "tls.key", "is missing or empty"),
            (serde_json::json!({"tls.crt": cert, "tls.key": ""}), "tls.key", "is missing or empty"),
            (
                serde_json::json!({"tls.crt": cert, "tls.key": "*"}),
                "tls.key",
                "is missing or empty",
            ),
            (serde_json::json!({"tls.crt": key, "tls.key": key}), "tls.crt", "no certificate"),
            (serde_json::json!({"tls.crt": other, "tls.key": key}), "tls.key", "does not belong"),
        ] {
            let said_now = secret(data).key_pair(ORIGIN, UnixSeconds(0)).unwrap_err().to_string();
            let start = format!("{ORIGIN}, field data[\"{named}\"]: ");
            assert!(said_now.starts_with(&start) && said_now.contains(said), "{said_now}");
        }
        let none: TlsSecret = serde_json::from_str(r#"{"kind": "Secret"}"#).unwrap();
        assert!(none.key_pair(ORIGIN, UnixSeconds(0)).is_err());
    }

    #[test]
    fn one_that_holds_only_what_is_to_come_is_empty() {
        for data in [
            serde_json::json!({}),
            serde_json::json!({"tls.crt": "", "tls.key": "", "next-tls.crt": "x", "ca.crt": "x"}),
        ] {
            assert!(secret(data).is_empty());
        }
        for field in ["tls.crt", "tls.key"] {
            assert!(!secret(serde_json::json!({ field: "*" })).is_empty());
        }
    }
}
