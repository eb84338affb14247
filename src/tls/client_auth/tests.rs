//! Which client certificates are taken, and how the file with their authorities is followed.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
};

use super::*;
use crate::tls::tests::Files;

struct Ca {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

fn ca() -> Ca {
    ca_with(|_| ())
}

fn ca_with(change: impl FnOnce(&mut CertificateParams)) -> Ca {
    let mut params = CertificateParams::new([]).unwrap();
    change(&mut params);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    Ca { pem, issuer: Issuer::new(params, key) }
}

fn client(
    ca: &Ca,
    name: &str,
    change: impl FnOnce(&mut CertificateParams),
) -> CertificateDer<'static> {
    let mut params = CertificateParams::new([]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    change(&mut params);
    params.signed_by(&KeyPair::generate().unwrap(), &ca.issuer).unwrap().der().clone()
}

/// What becomes of a client with this certificate.
fn shows(clients: &TrustedClients, certificate: &CertificateDer<'_>) -> Option<ClientRejection> {
    let error = clients.verify_client_cert(certificate, &[], UnixTime::now()).err()?;
    ClientRejection::of(&io::Error::new(io::ErrorKind::InvalidData, error))
}

#[test]
fn a_client_needs_the_ca_a_name_and_time() {
    let files = Files::new();
    let (ours, other) = (ca(), ca());
    let file = files.write("ca.crt", &ours.pem);
    let names = vec!["kube-apiserver".to_owned(), "api.example.com".to_owned()];
    let named = TrustedClients::from_file(&file, names).unwrap();
    let any = TrustedClients::from_file(&file, Vec::new()).unwrap();
    let good = client(&ours, "kube-apiserver", |_| ());
    let stranger = client(&other, "kube-apiserver", |_| ());
    let wrong = client(&ours, "somebody", |_| ());
    let expired = client(&ours, "kube-apiserver", |params| {
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    });
    let server = client(&ours, "kube-apiserver", |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    });
    for (certificate, of_named, of_any) in [
        (&good, None, None),
        (&wrong, Some(ClientRejection::WrongName), None),
        (&stranger, Some(ClientRejection::UnknownCa), Some(ClientRejection::UnknownCa)),
        (&expired, Some(ClientRejection::Expired), Some(ClientRejection::Expired)),
        (&server, Some(ClientRejection::Unusable), Some(ClientRejection::Unusable)),
    ] {
        assert_eq!((shows(&named, certificate), shows(&any, certificate)), (of_named, of_any));
    }
}

/// All of one name, as CAs that are renewed are.
#[test]
fn a_ca_counts_while_it_lives_and_others_beside_it() {
    let files = Files::new();
    let over = ca_with(|params| params.not_after = rcgen::date_time_ymd(2020, 1, 1));
    let early = ca_with(|params| params.not_before = rcgen::date_time_ymd(4000, 1, 1));
    let (one, other) = (ca(), ca());
    let pem = [&over, &early, &one, &other].map(|ca| ca.pem.as_str()).concat();
    let file = files.write("ca.crt", &pem);
    let clients = TrustedClients::from_file(&file, Vec::new()).unwrap();
    for (ca, refusal) in [
        (&over, Some(ClientRejection::UnknownCa)),
        (&early, Some(ClientRejection::UnknownCa)),
        (&one, None),
        (&other, None),
    ] {
        assert_eq!(shows(&clients, &client(ca, "a", |_| ())), refusal);
    }
}

#[test]
fn the_ca_of_a_file_is_followed_and_a_bad_one_is_not() {
    let files = Files::new();
    let (old, new) = (ca(), ca());
    let file = files.write("ca.crt", &old.pem);
    let clients = TrustedClients::from_file(&file, Vec::new()).unwrap();
    let (of_old, of_new) = (client(&old, "a", |_| ()), client(&new, "a", |_| ()));
    let are_trusted = |certificate: &CertificateDer<'_>| shows(&clients, certificate).is_none();
    let watch = follow_client_ca(&file, Arc::clone(&clients)).unwrap();
    let until = |what: &dyn Fn() -> bool| {
        let begun = std::time::Instant::now();
        while !what() {
            assert!(begun.elapsed() < std::time::Duration::from_secs(30), "not in time");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    };
    files.write("ca.crt", &format!("{}{}", old.pem, new.pem));
    until(&|| are_trusted(&of_new));
    assert!(are_trusted(&of_old));
    files.write("ca.crt", "no certificate");
    files.write("ca.crt", &new.pem);
    until(&|| !are_trusted(&of_old));
    assert!(are_trusted(&of_new));
    drop(watch);
}

#[test]
fn a_file_without_a_ca_is_named_with_its_flag() {
    let files = Files::new();
    let key = KeyPair::generate().unwrap().serialize_pem();
    let broken = ca().pem.replace("-----END", "----");
    for (text, said) in [
        ("", "no certificate in it"),
        (&key, "no certificate in it"),
        (&broken, "not valid PEM"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "is damaged"),
    ] {
        let file = files.write("ca.crt", text);
        let error = TrustedClients::from_file(&file, Vec::new()).unwrap_err().to_string();
        let start = format!("--client-ca-file {}: ", file.display());
        assert!(error.starts_with(&start) && error.contains(said), "{error}");
    }
    let missing = TrustedClients::from_file(Path::new("/missing"), Vec::new()).unwrap_err();
    assert_eq!(missing.to_string(), "--client-ca-file /missing: cannot be read");
}

#[test]
fn only_what_a_client_shows_is_a_refusal() {
    for error in [Error::HandshakeNotComplete, Error::DecryptError] {
        let error = io::Error::new(io::ErrorKind::InvalidData, error);
        assert_eq!(ClientRejection::of(&error), None);
    }
    assert_eq!(ClientRejection::of(&io::ErrorKind::UnexpectedEof.into()), None);
    for (place, refusal) in ClientRejection::ALL.into_iter().enumerate() {
        assert_eq!(refusal as usize, place);
    }
}
