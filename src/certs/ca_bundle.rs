//! The CA bundle: the CAs that the API server is to trust.

use std::cmp::Reverse;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::issue::CA_NAME;
use crate::tls::Validity;
use crate::unix_seconds::UnixSeconds;

/// How many CAs a bundle has at most. Two are usual, three while a Secret is repaired; more
/// come about only if somebody spoils the Secret again and again.
const MOST: usize = 8;

/// The width of a line of PEM.
const PEM_WIDTH: usize = 64;

/// A CA that this program made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ca {
    pub(super) validity: Validity,
    pub(super) der: CertificateDer<'static>,
}

impl Ca {
    /// Reads one, unless it is no CA of ours.
    fn read(der: CertificateDer<'static>) -> Option<Ca> {
        let validity = {
            let (rest, certificate) = X509Certificate::from_der(&der).ok()?;
            let subject = certificate.subject();
            let is_ours = subject.iter_common_name().any(|name| name.as_str() == Ok(CA_NAME));
            if !rest.is_empty() || !certificate.is_ca() || !is_ours {
                return None;
            }
            Validity::of(&certificate)
        };
        Some(Ca { validity, der })
    }

    /// Whether it is expired. Its leaf was before.
    pub(super) fn is_expired(&self, now: UnixSeconds) -> bool {
        self.validity.not_after < now
    }
}

/// CAs of ours, each once, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaBundle(Vec<Ca>);

impl CaBundle {
    /// Reads PEM. What is no CA of ours is left out.
    pub fn read(pem: &[u8]) -> CaBundle {
        let found = CertificateDer::pem_slice_iter(pem).flatten();
        let mut bundle = CaBundle(found.filter_map(Ca::read).collect());
        bundle.sort();
        bundle
    }

    /// Both together.
    pub(super) fn union(mut self, other: &CaBundle) -> CaBundle {
        self.0.extend(other.0.iter().cloned());
        self.sort();
        self
    }

    /// Leaves out all others.
    pub(super) fn only(mut self, is_wanted: impl Fn(&Ca) -> bool) -> CaBundle {
        self.0.retain(is_wanted);
        self
    }

    /// Whether the other one has all of these.
    pub fn is_within(&self, other: &CaBundle) -> bool {
        self.0.iter().all(|ca| other.0.contains(ca))
    }

    /// Leaves out what is expired, and the oldest ones of those that are too many, but none for which
    /// `is_needed` holds.
    pub(super) fn pruned(mut self, now: UnixSeconds, is_needed: impl Fn(&Ca) -> bool) -> CaBundle {
        self.0.retain(|ca| !ca.is_expired(now));
        while self.0.len() > MOST
            && let Some(oldest) = self.0.iter().rposition(|ca| !is_needed(ca))
        {
            self.0.remove(oldest);
        }
        self
    }

    /// The CAs.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Ca> {
        self.0.iter()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// When the first of them expires.
    pub(super) fn first_expiry(&self) -> Option<UnixSeconds> {
        self.0.iter().map(|ca| ca.validity.not_after).min()
    }

    /// The one PEM text of this bundle.
    pub(super) fn pem(&self) -> String {
        let mut pem = String::new();
        for ca in &self.0 {
            pem.push_str("-----BEGIN CERTIFICATE-----\n");
            let mut text = BASE64.encode(&ca.der);
            while text.len() > PEM_WIDTH {
                let rest = text.split_off(PEM_WIDTH);
                pem.extend([&text, "\n"]);
                text = rest;
            }
            pem.extend([&text, "\n-----END CERTIFICATE-----\n"]);
        }
        pem
    }

    fn sort(&mut self) {
        let place = |ca: &Ca| (Reverse(ca.validity.not_before), ca.der.to_vec());
        self.0.sort_by_cached_key(place);
        self.0.dedup();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::certs::issue;

    const NOW: UnixSeconds = UnixSeconds(1_900_000_000);

    fn ca(issued_at: UnixSeconds) -> String {
        issue("a.b.svc", Duration::from_secs(100), issued_at).unwrap().ca
    }

    #[test]
    fn a_bundle_is_written_as_it_is_read() {
        let (old, new) = (ca(NOW), ca(NOW + 1));
        let both = CaBundle::read(format!("{old}{new}{old}").as_bytes());
        assert_eq!(both.pem(), format!("{new}{old}"));
        assert_eq!(CaBundle::read(both.pem().as_bytes()), both);
        assert_eq!(both.first_expiry(), Some(NOW + 110));
        assert_eq!(CaBundle::read(new.as_bytes()).union(&CaBundle::read(old.as_bytes())), both);
    }

    #[test]
    fn what_is_no_ca_of_ours_is_left_out() {
        let ours = ca(NOW);
        let mut params = rcgen::CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = rcgen::KeyPair::generate().unwrap();
        let foreign = params.self_signed(&key).unwrap().pem();
        let leaf = issue("a.b.svc", Duration::from_secs(100), NOW).unwrap();
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let expected = CaBundle::read(ours.as_bytes());
        assert_eq!(expected.len(), 1);
        for junk in [&*foreign, &leaf.certificate, &leaf.key, broken, "text", "-----BEGIN"] {
            assert_eq!(CaBundle::read(junk.as_bytes()).len(), 0, "{junk}");
            assert_eq!(CaBundle::read(format!("{ours}{junk}").as_bytes()), expected, "{junk}");
        }
        assert_eq!(CaBundle::read(format!("{broken}{ours}").as_bytes()), expected);
        assert_eq!(CaBundle::read(&[0xff, 0xfe]).len(), 0);
    }

    #[test]
    fn what_is_expired_goes_and_what_is_needed_stays() {
        let all: String = (0..20).map(|age| ca(NOW - 10 * age)).collect();
        let all = CaBundle::read(all.as_bytes());
        let young = all.clone().pruned(NOW, |_| true);
        assert_eq!(young.len(), 12, "those that end at {NOW} or later");
        let oldest = all.iter().last().unwrap().validity.not_after;
        assert_eq!(all.clone().pruned(NOW, |ca| ca.validity.not_after == oldest).len(), MOST);
        let needed = young.first_expiry().unwrap();
        let kept = all.pruned(NOW, |ca| ca.validity.not_after == needed);
        assert_eq!((kept.len(), kept.first_expiry()), (MOST, Some(needed)));
    }
}
