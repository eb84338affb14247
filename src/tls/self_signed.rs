//! A certificate made at start, for a server that was given none.

use std::time::{Duration, SystemTime};

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

use super::{KeyPair, TlsError};

/// The names that a self-signed certificate is good for.
pub const SELF_SIGNED_NAMES: [&str; 4] =
    ["localhost", "127.0.0.1", "::1", "kelos-metadata.kelos-system.svc"];

const HOUR: Duration = Duration::from_secs(60 * 60);
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A self-signed certificate with its key.
///
/// It lives for a year, begins an hour ago for the sake of clocks that are late, and its key
/// exists in this process only.
#[derive(Debug)]
pub struct SelfSigned {
    /// What to serve with.
    pub pair: KeyPair,
    /// What a client has to trust.
    pub certificate_pem: String,
}

impl SelfSigned {
    /// Makes one for [`SELF_SIGNED_NAMES`], with a new P-256 key.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn new() -> Result<SelfSigned, TlsError> {
        let names = SELF_SIGNED_NAMES.map(str::to_owned).to_vec();
        let (certificate_pem, key_pem) = issue(names).map_err(TlsError::SelfSigned)?;
        let origin = "the self-signed certificate";
        let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes())
            .map_err(|source| TlsError::Pem { origin: origin.to_owned(), source })?;
        let chain = rustls::pki_types::CertificateDer::from_pem_slice(certificate_pem.as_bytes())
            .map_err(|source| TlsError::Pem { origin: origin.to_owned(), source })?;
        let pair = KeyPair::checked(vec![chain], key, origin, origin)?;
        Ok(SelfSigned { pair, certificate_pem })
    }
}

/// Signs a certificate for `names` with its own new key; gives both as PEM.
fn issue(names: Vec<String>) -> Result<(String, String), rcgen::Error> {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::new(names)?;
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, "kelos-metadata");
    params.distinguished_name = subject;
    let now = SystemTime::now();
    params.not_before = (now - HOUR).into();
    params.not_after = (now + YEAR).into();
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = params.self_signed(&key)?;
    Ok((certificate.pem(), key.serialize_pem()))
}
