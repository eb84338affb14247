//! What a certificate says of itself: when it is valid, and who signed it.

use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{Error, RootCertStore};
use x509_parser::error::X509Error;
use x509_parser::nom;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::provider;
use crate::unix_seconds::UnixSeconds;

/// When a certificate is valid: from the first of these seconds to the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The first second.
    pub not_before: UnixSeconds,
    /// The last one.
    pub not_after: UnixSeconds,
}

impl Validity {
    /// That of a certificate in DER.
    ///
    /// # Errors
    /// When it is no certificate.
    pub fn read(der: &[u8]) -> Result<Validity, nom::Err<X509Error>> {
        X509Certificate::from_der(der).map(|(_, certificate)| Validity::of(&certificate))
    }

    /// That of a certificate.
    pub fn of(certificate: &X509Certificate<'_>) -> Validity {
        let validity = certificate.validity();
        let [not_before, not_after] =
            [validity.not_before, validity.not_after].map(|it| UnixSeconds(it.timestamp()));
        Validity { not_before, not_after }
    }

    /// Whether it is valid at this moment. Go asks that of CAs, too, and webpki does not.
    pub fn has(self, now: UnixSeconds) -> bool {
        (self.not_before..=self.not_after).contains(&now)
    }
}

/// Checks a serving certificate as webpki does: that one of these CAs signed it, by way of those between, and that it
/// is valid at this moment. Whom it is for is another matter.
///
/// # Errors
/// What is wrong with it.
pub fn verify_signed(
    leaf: &ParsedCertificate<'_>,
    between: &[CertificateDer<'_>],
    cas: &RootCertStore,
    now: UnixSeconds,
) -> Result<(), Error> {
    let now = UnixTime::since_unix_epoch(now.since_1970());
    let algorithms = provider().signature_verification_algorithms.all;
    verify_server_cert_signed_by_trust_anchor(leaf, cas, between, now, algorithms)
}
