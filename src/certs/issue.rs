//! Making a CA and the one certificate that it signs.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};

use crate::unix_seconds::UnixSeconds;

/// The common name of every CA: how ours are told from others in a bundle.
pub(super) const CA_NAME: &str = "kelos-metadata-ca";

/// How much earlier than now a certificate begins, for clocks that are late.
pub(super) const BACKDATED: Duration = Duration::from_secs(60 * 60);

/// The longest time that a CA outlives its leaf.
pub(super) const LONGEST_AFTERLIFE: Duration = Duration::from_secs(60 * 60);

/// A CA, and the leaf that it signed. It has no `Debug`: the key can't get into a log.
pub struct Issued {
    /// The certificate of the CA, as PEM. Its key is gone.
    pub ca: String,
    /// The leaf, as PEM.
    pub certificate: String,
    /// The private key of the leaf, as PEM.
    pub key: String,
}

/// Makes a new CA and a P-256 leaf for one DNS name, which lives so long from `now` on. The CA outlives it by a tenth of that, an hour at most.
///
/// # Errors
/// When the system gives no randomness, or `name` can be no DNS name.
pub fn issue(name: &str, lifetime: Duration, now: UnixSeconds) -> Result<Issued, rcgen::Error> {
    let now = UNIX_EPOCH + now.since_1970();
    let ends = now + lifetime;
    let afterlife = (lifetime / 10).clamp(Duration::from_secs(1), LONGEST_AFTERLIFE);

    let mut ca_params = named(CertificateParams::default(), CA_NAME, now, ends + afterlife);
    ca_params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    ca_params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let ca_key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let ca = ca_params.self_signed(&ca_key)?;

    let params = CertificateParams::new(vec![name.to_owned()])?;
    let mut leaf = named(params, "kelos-metadata", now, ends);
    leaf.is_ca = IsCa::ExplicitNoCa;
    leaf.use_authority_key_identifier_extension = true;
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    // The only use of the CA's key: it is dropped here.
    let certificate = leaf.signed_by(&key, &Issuer::new(ca_params, ca_key))?;
    Ok(Issued { ca: ca.pem(), certificate: certificate.pem(), key: key.serialize_pem() })
}

fn named(
    mut params: CertificateParams,
    common_name: &str,
    now: SystemTime,
    ends: SystemTime,
) -> CertificateParams {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, common_name);
    params.distinguished_name = subject;
    params.not_before = (now - BACKDATED).into();
    params.not_after = ends.into();
    params
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

    use super::*;

    const NOW: UnixSeconds = UnixSeconds(1_900_000_000);
    const NAME: &str = "kelos-metadata.kelos-system.svc";

    fn issued(lifetime: u64) -> [CertificateDer<'static>; 2] {
        let issued = issue(NAME, Duration::from_secs(lifetime), NOW).unwrap();
        [issued.ca, issued.certificate]
            .map(|pem| CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
    }

    fn read<'d>(der: &'d CertificateDer<'static>) -> X509Certificate<'d> {
        X509Certificate::from_der(der).unwrap().1
    }

    #[test]
    fn the_leaf_is_for_one_name_and_the_ca_outlives_it() {
        for (lifetime, afterlife) in [(10, 1), (5, 1), (600, 60), (90 * 86_400, 3600)] {
            let [ca, leaf] = issued(i64::unsigned_abs(lifetime));
            let (ca, leaf) = (read(&ca), read(&leaf));
            for certificate in [&ca, &leaf] {
                assert_eq!(certificate.validity().not_before.timestamp(), (NOW - 3600).0);
            }
            assert_eq!(leaf.validity().not_after.timestamp(), (NOW + lifetime).0);
            assert_eq!(ca.validity().not_after.timestamp(), (NOW + lifetime + afterlife).0);
            let names = leaf.subject_alternative_name().unwrap().unwrap();
            assert_eq!(names.value.general_names, [GeneralName::DNSName(NAME)]);
            assert!(ca.is_ca() && !leaf.is_ca());
            assert_eq!(ca.basic_constraints().unwrap().unwrap().value.path_len_constraint, Some(0));
            assert_eq!(leaf.issuer(), ca.subject());
        }
    }

    #[test]
    fn each_time_there_is_a_new_ca() {
        let ([one, _], [other, _]) = (issued(60), issued(60));
        assert_ne!(read(&one).public_key().raw, read(&other).public_key().raw);
    }
}
