//! A serving certificate, assessed as the API server and the servers judge it.

use rustls::RootCertStore;
use rustls::client::verify_server_name;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::ParsedCertificate;
use sha2::{Digest, Sha256};

use super::ca_bundle::{Ca, CaBundle};
use super::issue::BACKDATED;
use crate::hex::hex;
use crate::tls::{KeyPair, PemPart, Validity, verify_signed};
use crate::unix_seconds::UnixSeconds;

/// How many bytes of a hash tell certificates apart.
const FINGERPRINT_BYTES: usize = 8;

/// A certificate whose key belongs to it: what `serve` would serve with.
#[derive(Clone, Debug)]
pub(super) struct ServingCert {
    der: CertificateDer<'static>,
    pub(super) validity: Validity,
}

impl ServingCert {
    /// Reads a pair as `serve` does. What it would refuse is none.
    pub(super) fn read(certificate: &[u8], key: &[u8]) -> Option<ServingCert> {
        let part = |pem| PemPart { origin: "the Secret", pem };
        KeyPair::from_pem(part(certificate), part(key)).ok()?;
        let der = CertificateDer::from_pem_slice(certificate).ok()?;
        let validity = Validity::read(&der).ok()?;
        Some(ServingCert { der, validity })
    }

    /// Whether the API server, with this one CA in its caBundle, trusts it for this name.
    pub(super) fn is_trusted(&self, ca: &Ca, name: &str, now: UnixSeconds) -> bool {
        let verified = || -> Option<()> {
            if !ca.validity.has(now) {
                return None;
            }
            let mut roots = RootCertStore::empty();
            roots.add(ca.der.clone()).ok()?;
            let parsed = ParsedCertificate::try_from(&self.der).ok()?;
            verify_signed(&parsed, &[], &roots, now).ok()?;
            verify_server_name(&parsed, &ServerName::try_from(name).ok()?).ok()
        };
        verified().is_some()
    }

    /// Whether one CA of a bundle is enough for that.
    pub(super) fn is_trusted_by_any(
        &self,
        bundle: &CaBundle,
        name: &str,
        now: UnixSeconds,
    ) -> bool {
        bundle.iter().any(|ca| self.is_trusted(ca, name, now))
    }

    /// When a new one is to be made: at two thirds of its life.
    pub(super) fn renewal(&self) -> UnixSeconds {
        renewal(self.validity)
    }

    /// Tells it from others.
    pub(super) fn fingerprint(&self) -> String {
        let hash = Sha256::digest(&self.der);
        hex(&hash[..FINGERPRINT_BYTES])
    }
}

/// When a certificate that was issued for this time is to be renewed.
pub fn renewal(validity: Validity) -> UnixSeconds {
    let Validity { not_before, not_after } = validity;
    let backdated = i64::try_from(BACKDATED.as_secs()).unwrap_or_default();
    let issued = (not_before + backdated).min(not_after);
    issued + (not_after - issued).saturating_mul(2) / 3
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::certs::issue;

    const NOW: UnixSeconds = UnixSeconds(1_900_000_000);
    const NAME: &str = "kelos-metadata.kelos-system.svc";

    #[test]
    fn only_its_own_ca_makes_a_leaf_trusted_and_only_while_both_live() {
        let make = || issue(NAME, Duration::from_secs(90), NOW).unwrap();
        let (one, other) = (make(), make());
        let leaf = ServingCert::read(one.certificate.as_bytes(), one.key.as_bytes()).unwrap();
        let own = CaBundle::read(one.ca.as_bytes());
        let both = CaBundle::read(format!("{}{}", one.ca, other.ca).as_bytes());
        for (bundle, name, now, trusted) in [
            (&own, NAME, NOW, true),
            (&both, NAME, NOW, true),
            (&own, NAME, NOW - 600, true),
            (&own, NAME, NOW - 3600, true),
            (&own, NAME, NOW - 3601, false),
            (&own, NAME, NOW + 90, true),
            (&own, NAME, NOW + 91, false),
            (&own, NAME, UnixSeconds(-1), false),
            (&own, "kelos-metadata.other.svc", NOW, false),
            (&own, "", NOW, false),
            (&CaBundle::read(other.ca.as_bytes()), NAME, NOW, false),
            (&CaBundle::default(), NAME, NOW, false),
        ] {
            assert_eq!(leaf.is_trusted_by_any(bundle, name, now), trusted, "{name} {now}");
        }
        assert_eq!(leaf.renewal(), NOW + 60);
        assert_eq!(leaf.fingerprint().len(), 16);
    }

    #[test]
    fn a_pair_that_serve_would_refuse_is_none() {
        let make = || issue(NAME, Duration::from_secs(90), NOW).unwrap();
        let (one, other) = (make(), make());
        for (certificate, key) in [
            ("", ""),
            (&*one.certificate, ""),
            ("", &*one.key),
            (&one.certificate, &other.key),
            (&one.key, &one.certificate),
            ("garbage", &one.key),
            (&one.certificate, "garbage"),
        ] {
            assert!(ServingCert::read(certificate.as_bytes(), key.as_bytes()).is_none());
        }
    }

    #[test]
    fn a_foreign_certificate_is_renewed_within_its_life() {
        let made = rcgen::generate_simple_self_signed(vec![NAME.to_owned()]).unwrap();
        let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        let leaf = ServingCert::read(certificate.as_bytes(), key.as_bytes()).unwrap();
        assert!(leaf.validity.has(leaf.renewal()));
    }
}
