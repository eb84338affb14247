//! The serving key in files: which pair is taken, and what is said of another one.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use super::*;

pub(super) struct Files {
    dir: tempfile::TempDir,
}

impl Files {
    pub(super) fn new() -> Files {
        Files { dir: tempfile::tempdir().unwrap() }
    }

    pub(super) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

/// A new pair as PEM: certificate, key.
pub(super) fn pems() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

fn message(error: &TlsError) -> String {
    crate::telemetry::chain(error)
}

/// Loads the pair, which must fail, and gives the message.
fn refused(cert: &Path, key: &Path) -> String {
    message(&KeyPair::from_files(cert, key).unwrap_err())
}

#[test]
fn a_whole_pair_is_taken_and_its_expiry_known() {
    let files = Files::new();
    let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(2040, 1, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = params.self_signed(&key).unwrap();
    let (other, _) = pems();
    let chain = files.write("tls.crt", &format!("{}{other}", leaf.pem()));
    let key = files.write("tls.key", &key.serialize_pem());
    let pair = KeyPair::from_files(&chain, &key).unwrap();
    assert_eq!(pair.expires(), UnixSeconds(2_208_988_800));
    assert_eq!(pair.certified.cert.len(), 2, "the whole chain is served");
}

#[test]
fn missing_files_name_their_flag() {
    let files = Files::new();
    let (cert, key) = pems();
    let (cert, key) = (files.write("tls.crt", &cert), files.write("tls.key", &key));
    let nowhere = files.dir.path().join("nowhere.pem");
    let at = nowhere.display();
    let text = refused(&nowhere, &key);
    assert!(text.starts_with(&format!("--tls-cert-file {at}: cannot be read: No such")), "{text}");
    let text = refused(&cert, &nowhere);
    assert!(text.starts_with(&format!("--tls-private-key-file {at}: cannot be read")), "{text}");
}

#[test]
fn files_that_hold_something_else_say_what_they_hold() {
    let files = Files::new();
    let (cert_pem, key_pem) = pems();
    let (cert, key) = (files.write("tls.crt", &cert_pem), files.write("tls.key", &key_pem));
    let empty = files.write("empty", "");
    let broken = files.write("broken", &cert_pem.replace("-----END CERTIFICATE-----", ""));
    let garbage =
        files.write("garbage", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let encrypted = files.write(
        "encrypted",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    let bad_key =
        files.write("bad-key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    for (cert, key, expected) in [
        (&empty, &key, "no certificate in it (a PEM section that begins with"),
        (
            &key,
            &cert,
            "no certificate in it (it holds a private key: are the two files exchanged?)",
        ),
        (&broken, &key, "not valid PEM: "),
        (&garbage, &key, "the certificate is damaged"),
        (&cert, &empty, "no private key in it (a PEM section that ends in"),
        (&cert, &cert, "no private key in it (it holds a certificate"),
        (&cert, &encrypted, "no private key in it (it is encrypted"),
        (&cert, &bad_key, "the private key cannot be used"),
    ] {
        let text = refused(cert, key);
        assert!(text.contains(expected), "{expected}: {text}");
        assert!(text.starts_with("--tls-"), "{text}");
    }
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let files = Files::new();
    let (cert, _) = pems();
    let (_, key) = pems();
    let (cert, key) = (files.write("tls.crt", &cert), files.write("tls.key", &key));
    let text = refused(&cert, &key);
    assert!(text.contains("does not belong to the certificate of --tls-cert-file"), "{text}");
    assert!(text.starts_with("--tls-private-key-file"), "{text}");
}

#[test]
fn a_self_signed_certificate_has_its_names_and_a_year() {
    let made = SelfSigned::new().unwrap();
    let der = CertificateDer::from_pem_slice(made.certificate_pem.as_bytes()).unwrap();
    let (_, certificate) = X509Certificate::from_der(&der).unwrap();
    assert!(!certificate.is_ca());
    let names = certificate.subject_alternative_name().unwrap().unwrap();
    let mut dns = Vec::new();
    let mut addresses = Vec::new();
    for name in &names.value.general_names {
        match name {
            GeneralName::DNSName(name) => dns.push(*name),
            GeneralName::IPAddress(bytes) => addresses.push(bytes.len()),
            other => panic!("unexpected name {other:?}"),
        }
    }
    assert_eq!(dns, ["localhost", "kelos-metadata.kelos-system.svc"]);
    assert_eq!(addresses, [4, 16]);
    let life = certificate.validity();
    assert_eq!(life.not_after.timestamp() - life.not_before.timestamp(), (365 * 24 + 1) * 60 * 60);
    assert_eq!(made.pair.expires(), UnixSeconds(life.not_after.timestamp()));
}

#[test]
fn a_replaced_key_is_what_new_handshakes_get() {
    let (first, second) = (SelfSigned::new().unwrap(), SelfSigned::new().unwrap());
    let expected = second.pair.certified.cert.clone();
    let serving = ServingKey::new(first.pair);
    serving.replace(second.pair);
    assert_eq!(serving.current.load_full().unwrap().certified.cert, expected);
}

/// A pair, issued by a CA of its own until then, and that CA.
fn issued(until: UnixSeconds) -> (KeyPair, String) {
    let made = crate::certs::issue("localhost", Duration::from_secs(100), until - 100).unwrap();
    let part = |pem| PemPart { origin: "the Secret", pem };
    let pair = KeyPair::from_pem(part(made.certificate.as_bytes()), part(made.key.as_bytes()));
    (pair.unwrap(), made.ca)
}

#[test]
fn a_pair_that_nobody_trusts_does_not_take_the_place_of_a_good_one() {
    const NOW: UnixSeconds = UnixSeconds(1_900_000_000);
    let ((good, ca), (next, other_ca)) = (issued(NOW + 50), issued(NOW + 60));
    let serving = ServingKey::new(good.clone());
    let refused = |pair: KeyPair, now| serving.offer(pair, now).unwrap_err().to_string();

    let said = refused(issued(NOW - 1).0, NOW);
    assert!(said.starts_with("the Secret: the certificate is expired"), "{said}");
    let said = refused(next.clone().beside(ca.as_bytes(), NOW), NOW);
    assert!(said.starts_with("the Secret: the certificate is not signed by a CA"), "{said}");
    assert!(serving.is(&good));

    // What can't be told does not count.
    for cas in ["", "garbage", &other_ca, &format!("{ca}{other_ca}")] {
        serving.replace(good.clone());
        assert!(serving.offer(next.clone().beside(cas.as_bytes(), NOW), NOW).is_ok());
        assert!(serving.is(&next), "{cas}");
    }
    // One that is not valid yet may be so by another clock.
    let (early, early_ca) = issued(NOW + 7200);
    assert!(serving.offer(early.beside(early_ca.as_bytes(), NOW), NOW).is_ok());
    serving.replace(good.clone());

    // Nothing is lost any more by taking it.
    let foreign = good.beside(other_ca.as_bytes(), NOW);
    assert!(serving.offer(foreign.clone(), NOW + 61).is_ok() && serving.is(&foreign));
    assert!(ServingKey::awaited().offer(foreign, NOW).is_ok());
}
