//! A serving certificate and a caBundle, judged as the API server does it.

use jiff::Timestamp;
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error, RootCertStore};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::commands::counted::counted;
use crate::tls::provider;
use crate::unix_seconds::UnixSeconds;

/// The certificates of PEM text; what is none is left out.
pub(super) fn chain(pem: &[u8]) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem).flatten().collect()
}

/// When a certificate begins and ends; nothing if it is none.
pub(super) fn validity(der: &CertificateDer<'_>) -> Option<[UnixSeconds; 2]> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let validity = certificate.validity();
    Some([validity.not_before, validity.not_after].map(|it| UnixSeconds(it.timestamp())))
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
    let (Ok(parsed), Some([_, ends])) = (ParsedCertificate::try_from(leaf), validity(leaf)) else {
        return Err("the certificate can't be read".to_owned());
    };
    let (roots, old) = trusted(bundle, now);
    if roots.is_empty() {
        return Err(match old {
            0 => "the caBundle holds no CA".to_owned(),
            old => format!("the caBundle holds {}, and all are out of date", counted(old, "CA")),
        });
    }
    let server_name = ServerName::try_from(name).map_err(|_| format!("{name} is no name"))?;
    if !is_pinned(leaf, bundle, now) {
        let time = UnixTime::since_unix_epoch(now.since_1970());
        let algorithms = provider().signature_verification_algorithms.all;
        verify_server_cert_signed_by_trust_anchor(&parsed, &roots, intermediates, time, algorithms)
            .map_err(|error| why(&error, roots.len(), ends))?;
    }
    verify_server_name(&parsed, &server_name)
        .map_err(|_| format!("the certificate is not for {name}"))?;
    Ok(ends)
}

/// Whether a bundle has this very certificate, in date and good for servers: Go takes that for trust, whoever signed it.
fn is_pinned(leaf: &CertificateDer<'_>, bundle: &[u8], now: UnixSeconds) -> bool {
    let is_in_date = |[begins, ends]: [UnixSeconds; 2]| (begins..=ends).contains(&now);
    let is_for_servers = || -> Option<bool> {
        let (_, certificate) = X509Certificate::from_der(leaf).ok()?;
        let usage = certificate.extended_key_usage().ok()?;
        Some(usage.is_none_or(|usage| usage.value.any || usage.value.server_auth))
    };
    validity(leaf).is_some_and(is_in_date)
        && is_for_servers() == Some(true)
        && chain(bundle).contains(leaf)
}

/// The CAs of a bundle that are in date, and how many are not: webpki does not look at that, Go does.
fn trusted(bundle: &[u8], now: UnixSeconds) -> (RootCertStore, usize) {
    let (mut roots, mut old) = (RootCertStore::empty(), 0);
    for ca in chain(bundle) {
        match validity(&ca) {
            Some([begins, ends]) if (begins..=ends).contains(&now) => {
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
            (&own.ca, NAME, NOW - 3601, "the caBundle holds 1 CA, and all are out of date"),
            (&own.ca, NAME, NOW + 1_000, "the caBundle holds 1 CA, and all are out of date"),
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
