//! A serving certificate and a caBundle, judged as the API server does it.

use jiff::Timestamp;
use rustls::client::verify_server_name;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error, RootCertStore};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::commands::counted::{by_count, counted};
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
/// nothing of it, until when it trusts it.
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
    let served = Served { leaf, parsed: &parsed, validity, intermediates };
    let cas = Cas::read(bundle);
    if cas.at(now).is_empty() {
        return Err(cas.none_valid(now));
    }
    let server_name = ServerName::try_from(name).map_err(|_| format!("{name} is no name"))?;
    served.judge(&cas, now)?;
    verify_server_name(&parsed, &server_name)
        .map_err(|_| format!("the certificate is not for {name}"))?;
    Ok(served.trusted_until(&cas))
}

/// A certificate as a server shows it, with those between it and its CA.
struct Served<'s> {
    leaf: &'s CertificateDer<'s>,
    parsed: &'s ParsedCertificate<'s>,
    validity: Validity,
    intermediates: &'s [CertificateDer<'s>],
}

impl Served<'_> {
    /// Whether these CAs have it trusted at this moment, or why not.
    fn judge(&self, cas: &Cas, now: UnixSeconds) -> Result<(), String> {
        if is_pinned(self.leaf, cas, now) {
            return Ok(());
        }
        let signed = verify_signed(self.parsed, self.intermediates, &cas.at(now), now);
        signed.map_err(|error| self.why(&error, cas, now))
    }

    /// The last moment of the trust that there is now: that judgement is asked for each moment at which a certificate
    /// ends that it may depend on.
    fn trusted_until(&self, cas: &Cas) -> UnixSeconds {
        let last = self.validity.not_after;
        let shown = std::iter::once(self.leaf).chain(self.intermediates);
        let shown: Vec<X509Certificate<'_>> = shown.filter_map(|it| x509(it)).collect();
        let names_issuer = |ca: &X509Certificate<'_>| {
            shown.iter().any(|it| it.issuer().as_raw() == ca.subject().as_raw())
        };
        let of_cas = cas.0.iter().filter_map(|it| x509(it.der.as_ref()?)).filter(names_issuer);
        let ends = shown.iter().map(|it| Validity::of(it).not_after);
        let ends = ends.chain(of_cas.map(|it| Validity::of(&it).not_after));
        let mut ends: Vec<UnixSeconds> = ends.filter(|end| *end < last).collect();
        ends.sort_unstable();
        ends.into_iter().find(|end| self.judge(cas, *end + 1).is_err()).unwrap_or(last)
    }

    fn why(&self, error: &Error, cas: &Cas, now: UnixSeconds) -> String {
        use CertificateError::{
            BadSignature, Expired, ExpiredContext, NotValidYet, NotValidYetContext, UnknownIssuer,
        };
        match error {
            Error::InvalidCertificate(Expired | ExpiredContext { .. }) => {
                match self.validity.not_after < now {
                    true => format!("the certificate ended at {}", moment(self.validity.not_after)),
                    false => "a certificate between it and the CA is out of date".to_owned(),
                }
            }
            Error::InvalidCertificate(NotValidYet | NotValidYetContext { .. }) => {
                match now < self.validity.not_before {
                    true => "the certificate has not begun".to_owned(),
                    false => "a certificate between it and the CA has not begun".to_owned(),
                }
            }
            Error::InvalidCertificate(UnknownIssuer | BadSignature) => {
                let has = cas.count();
                match verify_signed(self.parsed, self.intermediates, &cas.all(), now) {
                    Ok(()) => format!(
                        "the CA that signed the certificate is in the caBundle, which has {has}, and is not valid now"
                    ),
                    Err(_) => {
                        format!("no CA of the caBundle, which has {has}, signed the certificate")
                    }
                }
            }
            other => format!("the certificate is not trusted: {other}"),
        }
    }
}

fn x509<'d>(der: &'d CertificateDer<'_>) -> Option<X509Certificate<'d>> {
    X509Certificate::from_der(der).ok().map(|(_, certificate)| certificate)
}

/// Whether a bundle has this very certificate, in date and good for servers: Go takes that for trust, whoever signed it.
fn is_pinned(leaf: &CertificateDer<'_>, cas: &Cas, now: UnixSeconds) -> bool {
    let Some(certificate) = x509(leaf) else { return false };
    let is_for_servers = certificate
        .extended_key_usage()
        .is_ok_and(|usage| usage.is_none_or(|usage| usage.value.any || usage.value.server_auth));
    Validity::of(&certificate).has(now)
        && is_for_servers
        && cas.0.iter().any(|it| it.der.as_ref() == Some(leaf))
}

/// What a caBundle holds, block by block.
struct Cas(Vec<Ca>);

/// A block of a caBundle.
struct Ca {
    /// Nothing of a block that is not even Base64.
    der: Option<CertificateDer<'static>>,
    /// Nothing of what is no certificate.
    validity: Option<Validity>,
}

impl Cas {
    fn read(bundle: &[u8]) -> Cas {
        let blocks = CertificateDer::pem_slice_iter(bundle).map(Result::ok);
        let read = blocks.map(|der| {
            let validity = der.as_ref().and_then(|it| Validity::read(it).ok());
            Ca { der, validity }
        });
        Cas(read.collect())
    }

    /// Those that are trusted, by when they are valid.
    fn store(&self, is_trusted: impl Fn(Validity) -> bool) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        for Ca { der, validity } in &self.0 {
            if let Some(der) = der.as_ref().filter(|_| validity.is_some_and(&is_trusted)) {
                // What is no CA is none that is trusted.
                let _ = roots.add(der.clone());
            }
        }
        roots
    }

    /// Those that are valid at this moment: Go asks that of CAs, too.
    fn at(&self, now: UnixSeconds) -> RootCertStore {
        self.store(|validity| validity.has(now))
    }

    fn all(&self) -> RootCertStore {
        self.store(|_| true)
    }

    fn count(&self) -> usize {
        self.0.iter().filter(|it| it.validity.is_some()).count()
    }

    /// That none of them is valid at this moment, and why.
    fn none_valid(&self, now: UnixSeconds) -> String {
        let valid = || self.0.iter().filter_map(|it| it.validity);
        let ended = valid().filter(|it| it.not_after < now).count();
        let to_come = valid().filter(|it| now < it.not_before).count();
        let held = match (ended, to_come) {
            (0, 0) => "no CA".to_owned(),
            (1, 0) => "1 CA, which is out of date".to_owned(),
            (0, 1) => "1 CA, which has not begun".to_owned(),
            (ended, 0) => format!("{ended} CAs, and all are out of date"),
            (0, to_come) => format!("{to_come} CAs, and none has begun"),
            (ended, to_come) => format!(
                "{} CAs: {ended} {} out of date, and {to_come} {} not begun",
                ended + to_come,
                by_count(ended, "is", "are"),
                by_count(to_come, "has", "have")
            ),
        };
        let unreadable = self.0.iter().filter(|it| it.validity.is_none()).count();
        let unreadable = match unreadable {
            0 => String::new(),
            some => format!(" ({} in it can't be read)", counted(some, "block")),
        };
        format!("the caBundle holds {held}{unreadable}")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

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
            (&own.ca, NAME, NOW - 3601, "the caBundle holds 1 CA, which has not begun"),
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
    /// A certificate of a test, with its key.
    struct Made {
        params: CertificateParams,
        key: KeyPair,
        pem: String,
    }

    /// Makes one that is valid from and to these seconds after `NOW`: a CA of this name, or a leaf if it has none.
    fn make(ca: Option<&str>, issuer: Option<&Made>, from: i64, to: i64) -> Made {
        let names = if ca.is_some() { vec![] } else { vec![NAME.to_owned()] };
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, ca.unwrap_or("leaf"));
        if ca.is_some() {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        let at = |seconds: i64| std::time::UNIX_EPOCH + (NOW + seconds).since_1970();
        (params.not_before, params.not_after) = (at(from).into(), at(to).into());
        let key = KeyPair::generate().unwrap();
        let pem = match issuer {
            Some(Made { params: of, key: by, .. }) => {
                params.signed_by(&key, &Issuer::from_params(of, by)).unwrap().pem()
            }
            None => params.self_signed(&key).unwrap().pem(),
        };
        Made { params, key, pem }
    }

    /// What is said of what is served, by a caBundle of these.
    fn said(served: &[&Made], cas: &[&Made]) -> Result<UnixSeconds, String> {
        let pem = |all: &[&Made]| all.iter().map(|it| &*it.pem).collect::<String>();
        distrust(&chain(pem(served).as_bytes()), pem(cas).as_bytes(), NAME, NOW)
    }

    #[test]
    fn it_is_trusted_until_the_first_end_of_all_that_the_trust_stands_on() {
        let (root, short) = (make(Some("root"), None, -9, 900), make(Some("short"), None, -9, 100));
        let other = make(Some("other"), None, -9, 10);
        let leaf = make(None, Some(&root), -9, 500);
        assert_eq!(said(&[&leaf], &[&root]), Ok(NOW + 500));
        assert_eq!(said(&[&leaf, &other], &[&root, &other]), Ok(NOW + 500), "of no matter");
        let of_short = make(None, Some(&short), -9, 500);
        assert_eq!(said(&[&of_short], &[&short, &root]), Ok(NOW + 100));
        let between = make(Some("between"), Some(&root), -9, 200);
        let of_between = make(None, Some(&between), -9, 500);
        assert_eq!(said(&[&of_between, &between], &[&root]), Ok(NOW + 200));
        // Another CA of that name and key takes over.
        let mut again = make(Some("short"), None, -9, 900);
        again.pem = again.params.self_signed(&short.key).unwrap().pem();
        assert_eq!(said(&[&of_short], &[&short, &again]), Ok(NOW + 500));
    }

    #[test]
    fn what_is_not_in_its_time_is_what_is_named() {
        let root = make(Some("root"), None, -900, 900);
        let (over, to_come) =
            (make(Some("over"), Some(&root), -900, -1), make(Some("later"), Some(&root), 1, 900));
        let (of_over, of_later) =
            (make(None, Some(&over), -9, 500), make(None, Some(&to_come), -9, 500));
        let why = |served: &[&Made], cas: &[&Made]| said(served, cas).unwrap_err();
        assert_eq!(
            why(&[&of_over, &over], &[&root]),
            "a certificate between it and the CA is out of date"
        );
        assert_eq!(
            why(&[&of_later, &to_come], &[&root]),
            "a certificate between it and the CA has not begun"
        );
        let early = make(None, Some(&root), 1, 500);
        assert_eq!(why(&[&early], &[&root]), "the certificate has not begun");
        let (ended, other) =
            (make(Some("ended"), None, -900, -1), make(Some("other"), None, -9, 900));
        let leaf = make(None, Some(&ended), -9, 500);
        let not_now = "the CA that signed the certificate is in the caBundle, which has 2, and is not valid now";
        assert_eq!(why(&[&leaf], &[&ended, &other]), not_now);
        assert_eq!(
            why(&[&leaf], &[&over, &other, &root]),
            "no CA of the caBundle, which has 3, signed the certificate"
        );
    }

    #[test]
    fn a_ca_bundle_of_which_nothing_is_valid_says_what_it_holds() {
        let leaf = chain(make(None, None, -9, 9).pem.as_bytes());
        let ended = make(Some("ended"), None, -900, -1).pem;
        let to_come = make(Some("to come"), None, 1, 900).pem;
        let block = |text: &str| {
            format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
        };
        let (junk, no_base64) = (block("AAAA"), block("?"));
        for (bundle, held) in [
            (ended.clone(), "1 CA, which is out of date"),
            (to_come.clone(), "1 CA, which has not begun"),
            (ended.repeat(2), "2 CAs, and all are out of date"),
            (to_come.repeat(2), "2 CAs, and none has begun"),
            (format!("{ended}{to_come}{ended}"), "3 CAs: 2 are out of date, and 1 has not begun"),
            (junk.clone(), "no CA (1 block in it can't be read)"),
            (
                format!("{junk}{no_base64}{ended}"),
                "1 CA, which is out of date (2 blocks in it can't be read)",
            ),
        ] {
            let why = distrust(&leaf, bundle.as_bytes(), NAME, NOW).unwrap_err();
            assert_eq!(why, format!("the caBundle holds {held}"));
        }
    }
}
