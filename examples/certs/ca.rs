//! A CA for development: made once, then read from its files.

use std::time::{Duration, SystemTime};

use anyhow::ensure;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::prelude::{FromDer, X509Certificate};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const SERVING_DAYS: u32 = 365;
const CA_DAYS: u32 = 10 * SERVING_DAYS;
/// The subject of the CA: what it issued names it.
const CA_NAME: &str = "kelos-metadata development";

/// A certificate and its private key, as PEM.
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// Signs serving certificates.
pub(crate) struct DevelopmentCa {
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

impl DevelopmentCa {
    /// Makes a new one, for ten years; the pair is what [`DevelopmentCa::load`] takes.
    pub(crate) fn create() -> anyhow::Result<(DevelopmentCa, Pair)> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let params = params()?;
        let certificate = params.self_signed(&key)?.pem();
        let pair = Pair { certificate: certificate.clone(), key: key.serialize_pem() };
        Ok((DevelopmentCa { certificate, issuer: Issuer::new(params, key) }, pair))
    }

    /// Takes one that was made before.
    pub(crate) fn load(pair: Pair) -> anyhow::Result<DevelopmentCa> {
        let key = KeyPair::from_pem(&pair.key)?;
        let der = CertificateDer::from_pem_slice(pair.certificate.as_bytes())?;
        let (_, certificate) = X509Certificate::from_der(&der)?;
        let subject = certificate.subject().iter_common_name().find_map(|name| name.as_str().ok());
        ensure!(subject == Some(CA_NAME), "the certificate is of somebody else");
        let public = &certificate.public_key().subject_public_key.data;
        ensure!(**public == *key.public_key_raw(), "the key does not belong to the certificate");
        let days_left = certificate.validity().time_to_expiration().map(|left| left.whole_days());
        let is_enough = days_left.is_some_and(|days| days > i64::from(SERVING_DAYS));
        ensure!(is_enough, "it ends before a certificate that it would issue");
        Ok(DevelopmentCa { certificate: pair.certificate, issuer: Issuer::new(params()?, key) })
    }

    /// Its certificate, as PEM: what has to be trusted.
    pub(crate) fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Issues a certificate for these names and addresses, with a new key, for a year.
    pub(crate) fn issue(&self, names: &[String]) -> anyhow::Result<Pair> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name = named("kelos-metadata");
        lasting(&mut params, SERVING_DAYS);
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Pair { certificate: certificate.pem(), key: key.serialize_pem() })
    }
}

/// What every CA of ours says of itself; the key makes the difference.
fn params() -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = named(CA_NAME);
    lasting(&mut params, CA_DAYS);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn named(name: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    subject
}

/// Begins an hour ago, for clocks that are late.
fn lasting(params: &mut CertificateParams, days: u32) {
    let now = SystemTime::now();
    params.not_before = (now - DAY / 24).into();
    params.not_after = (now + DAY * days).into();
}
