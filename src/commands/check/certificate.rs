//! A serving certificate and a caBundle, judged as the API server does it.

use jiff::Timestamp;
use rustls::client::verify_server_name;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error, RootCertStore};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::tls::{Validity, verify_signed};
use crate::unix_seconds::UnixSeconds;

/// The certificates of PEM text; what is none is left out.
pub(super) fn chain(pem: &[u8]) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem).flatten().collect()
}

/// A moment as people read it.
pub(super) fn moment(at: UnixSeconds) -> String {
    Timestamp::from_second(at.0).map_or_else(|_| at.to_string(), |it| it.to_string())
}

/// What keeps the API server from trusting a chain, whose own certificate is the first, for this name; with
/// nothing of it, when that certificate ends.
pub(super) fn distrust(
    chain: &[CertificateDer<'_>],
    bundle: &[u8],
    name: &str,
    now: UnixSeconds,
) -> Result<UnixSeconds, String> {
    let Some((leaf, intermediates)) = chain.split_first() else {
        return Err("there is no certificate".to_owned());
    };
    let (Ok(parsed), Ok(validity)) = (ParsedCertificate::try_from(leaf), Validity::read(leaf))
    else {
        return Err("the certificate can't be read".to_owned());
    };
    let (roots, old) = trusted(bundle, now);
    if roots.is_empty() {
        return Err(match old {
            0 => "the caBundle holds no CA".to_owned(),
            1 => "the caBundle holds 1 CA, which is out of date".to_owned(),
            old => format!("the caBundle holds {old} CAs, and all are out of date"),
        });
    }
    let server_name = ServerName::try_from(name).map_err(|_| format!("{name} is no name"))?;
    if !is_pinned(leaf, bundle, now) {
        verify_signed(&parsed, intermediates, &roots, now)
            .map_err(|error| why(&error, roots.len(), validity.not_after))?;
    }
    verify_server_name(&parsed, &server_name)
        .map_err(|_| format!("the certificate is not for {name}"))?;
    Ok(validity.not_after)
}

/// Whether a bundle has this very certificate, in date and good for servers: Go takes that for trust, whoever signed it.
fn is_pinned(leaf: &CertificateDer<'_>, bundle: &[u8], now: UnixSeconds) -> bool {
    let Ok((_, certificate)) = X509Certificate::from_der(leaf) else { return false };
    let is_for_servers = certificate
        .extended_key_usage()
        .is_ok_and(|usage| usage.is_none_or(|usage| usage.value.any || usage.value.server_auth));
    Validity::of(&certificate).has(now) && is_for_servers && chain(bundle).contains(leaf)
}

/// The CAs of a bundle that are in date, and how many are not.
fn trusted(bundle: &[u8], now: UnixSeconds) -> (RootCertStore, usize) {
    let (mut roots, mut old) = (RootCertStore::empty(), 0);
    for ca in chain(bundle) {
        match Validity::read(&ca) {
            Ok(validity) if validity.has(now) => {
                // What is no CA is none that is trusted.
                let _ = roots.add(ca);
            }
            _ => old += 1,
        }
    }
    (roots, old)
}

fn why(error: &Error, cas: usize, ends: UnixSeconds) -> String {
    use CertificateError::{
        BadSignature, Expired, ExpiredContext, NotValidYet, NotValidYetContext, UnknownIssuer,
    };
    match error {
        Error::InvalidCertificate(Expired | ExpiredContext { .. }) => {
            format!("the certificate ended at {}", moment(ends))
        }
        Error::InvalidCertificate(NotValidYet | NotValidYetContext { .. }) => {
            "the certificate has not begun".to_owned()
        }
        Error::InvalidCertificate(UnknownIssuer | BadSignature) => {
            format!("no CA of the caBundle, which has {cas}, signed the certificate")
        }
        other => format!("the certificate is not trusted: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::certs::issue;

    const NOW: UnixSeconds = UnixSeconds(1_900_000_000);
    const NAME: &str = "kelos-metadata.kelos-system.svc";

    #[test]
    fn a_certificate_is_trusted_by_its_ca_for_its_name_in_its_time() {
        let make = || issue(NAME, Duration::from_secs(100), NOW).unwrap();
        let (own, other) = (make(), make());
        let leaf = chain(own.certificate.as_bytes());
        let both = format!("{}{}", other.ca, own.ca);
        let judge = |bundle: &str, name: &str, now| distrust(&leaf, bundle.as_bytes(), name, now);
        assert_eq!(judge(&own.ca, NAME, NOW), Ok(NOW + 100));
        assert_eq!(judge(&both, NAME, NOW), Ok(NOW + 100));
        for (bundle, name, now, said) in [
            (&*other.ca, NAME, NOW, "no CA of the caBundle, which has 1, signed the certificate"),
            ("", NAME, NOW, "the caBundle holds no CA"),
            (&own.ca, "other.kelos-system.svc", NOW, "is not for other.kelos-system.svc"),
            (&own.ca, "", NOW, "is no name"),
            (&own.ca, NAME, NOW + 101, "the certificate ended at 2030-03-17T17:48:20Z"),
            (&own.ca, NAME, NOW - 3601, "the caBundle holds 1 CA, which is out of date"),
            (&own.ca, NAME, NOW + 1_000, "the caBundle holds 1 CA, which is out of date"),
        ] {
            let why = judge(bundle, name, now).unwrap_err();
            assert!(why.contains(said), "{said}: {why}");
        }
        let pinned = |at| distrust(&leaf, own.certificate.as_bytes(), NAME, at);
        assert_eq!(pinned(NOW), Ok(NOW + 100), "Go trusts what stands in the bundle itself");
        assert!(pinned(NOW + 101).is_err());
        assert!(distrust(&leaf, own.certificate.as_bytes(), "other.ns.svc", NOW).is_err());
        assert!(distrust(&[], own.ca.as_bytes(), NAME, NOW).is_err());
        let garbage = [CertificateDer::from(vec![1, 2])];
        assert!(distrust(&garbage, own.ca.as_bytes(), NAME, NOW).is_err());
    }
}
