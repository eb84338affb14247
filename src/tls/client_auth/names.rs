//! The names in a certificate.

use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// Whether a certificate has one of these as its common name or among its DNS names. A certificate
/// that can't be read has no names.
pub(super) fn has_one_of(certificate: &CertificateDer<'_>, allowed: &[String]) -> bool {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else { return false };
    let common = certificate.subject().iter_common_name().filter_map(|name| name.as_str().ok());
    if common.into_iter().any(|name| allowed.iter().any(|allowed| allowed == name)) {
        return true;
    }
    let Ok(Some(alternative)) = certificate.subject_alternative_name() else { return false };
    alternative.value.general_names.iter().any(|name| match name {
        GeneralName::DNSName(name) => {
            allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(name))
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair};

    use super::*;

    #[test]
    fn common_names_count_as_written_and_dns_names_in_any_case() {
        let mut params = CertificateParams::new(["api.example.com".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "kube-apiserver");
        params.distinguished_name.push(DnType::OrganizationName, "org");
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        for (allowed, has) in [
            ("kube-apiserver", true),
            ("Kube-Apiserver", false),
            ("API.example.com", true),
            ("example.com", false),
            ("*.example.com", false),
            ("org", false),
            ("", false),
        ] {
            let allowed = ["other".to_owned(), allowed.to_owned()];
            assert_eq!(has_one_of(certificate.der(), &allowed), has, "{allowed:?}");
        }
        assert!(!has_one_of(&CertificateDer::from(vec![1, 2, 3]), &["x".to_owned()]));
    }
}
