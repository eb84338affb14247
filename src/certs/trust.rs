//! Whom the API server trusts by a caBundle, as far as the bundle alone tells it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::issue::CA_NAME;
use crate::tls::Validity;
use crate::unix_seconds::UnixSeconds;

/// How many CAs are named.
const MOST_NAMES: usize = 4;

/// Whom a caBundle trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Nobody: it is empty.
    Nobody,
    /// Nobody: there is no certificate in it.
    NoCertificate,
    /// Nobody any more, or not yet: none of its CAs is valid now.
    NotValidNow,
    /// A CA of the project's own controller, among others or alone.
    Own,
    /// CAs that somebody else has made, by the names in them.
    Others(Vec<String>),
}

/// Whom the caBundle of a webhook, in Base64, trusts at this moment.
pub fn trust(ca_bundle: &str, now: UnixSeconds) -> Trust {
    if ca_bundle.trim().is_empty() {
        return Trust::Nobody;
    }
    let pem = BASE64.decode(ca_bundle.trim()).unwrap_or_default();
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&pem).flatten().collect();
    let (mut names, mut is_own, mut parsed) = (Vec::new(), false, 0);
    for der in &certificates {
        let Ok((_, certificate)) = X509Certificate::from_der(der) else { continue };
        parsed += 1;
        if !Validity::of(&certificate).has(now) {
            continue;
        }
        let subject = certificate.subject();
        let is_named = |name: &str| subject.iter_common_name().any(|it| it.as_str() == Ok(name));
        is_own |= certificate.is_ca() && is_named(CA_NAME);
        names.push(subject.to_string());
    }
    names.truncate(MOST_NAMES);
    match (parsed, names.is_empty(), is_own) {
        (0, ..) => Trust::NoCertificate,
        (_, true, _) => Trust::NotValidNow,
        (_, _, true) => Trust::Own,
        (_, _, false) => Trust::Others(names),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::certs::issue;

    const NOW: UnixSeconds = UnixSeconds(1_900_000_000);

    fn foreign() -> String {
        let mut params = rcgen::CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, "foreign");
        params.not_after = rcgen::date_time_ymd(2100, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().pem()
    }

    #[test]
    fn a_bundle_says_whom_it_trusts() {
        let own = |at| issue("a.b.svc", Duration::from_secs(100), at).unwrap().ca;
        let said = |pem: &str| trust(&BASE64.encode(pem), NOW);
        assert_eq!(trust("", NOW), Trust::Nobody);
        assert_eq!(trust("\n", NOW), Trust::Nobody);
        assert_eq!(trust("?", NOW), Trust::NoCertificate);
        assert_eq!(said("text"), Trust::NoCertificate);
        assert_eq!(said(&own(NOW)), Trust::Own);
        assert_eq!(said(&own(NOW - 10_000)), Trust::NotValidNow);
        assert_eq!(said(&own(NOW + 10_000)), Trust::NotValidNow);
        assert_eq!(said(&format!("{}{}", own(NOW - 10_000), own(NOW))), Trust::Own);
        let Trust::Others(names) = said(&foreign()) else { panic!("somebody else's") };
        assert!(names[0].contains("foreign"), "{names:?}");
        assert_eq!(said(&format!("{}{}", foreign(), own(NOW))), Trust::Own);
    }
}
