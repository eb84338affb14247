//! Certificates as a client sees them: what a server shows, and whether a caBundle is enough for it.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use super::registration::SERVER_NAME;

/// A certificate, as it was served.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Served(pub(crate) Vec<u8>);

impl fmt::Debug for Served {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (_, certificate) = X509Certificate::from_der(&self.0).map_err(|_| fmt::Error)?;
        let validity = certificate.validity();
        write!(to, "{}, until {}", certificate.raw_serial_as_string(), validity.not_after)
    }
}

/// Takes whatever is shown.
#[derive(Debug, Default)]
struct Taken(Mutex<Option<Served>>);

impl ServerCertVerifier for Taken {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        *self.0.lock().unwrap() = Some(Served(leaf.to_vec()));
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

fn provider() -> rustls::crypto::CryptoProvider {
    rustls::crypto::ring::default_provider()
}

/// What a server shows to a new connection; nothing if it has no key, or is not there.
pub(crate) async fn served(address: SocketAddr) -> Option<Served> {
    let taken = Arc::new(Taken::default());
    let verifier: Arc<dyn ServerCertVerifier> = taken.clone();
    let config = ClientConfig::builder_with_provider(Arc::new(provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await.ok()?;
    let name = ServerName::try_from(SERVER_NAME).unwrap();
    let _ = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    taken.0.lock().unwrap().take()
}

/// The certificates of a caBundle.
pub(crate) fn ca_certificates(bundle: &[u8]) -> Vec<Vec<u8>> {
    CertificateDer::pem_slice_iter(bundle).flatten().map(|der| der.to_vec()).collect()
}

/// What keeps the API server, with this caBundle, from trusting a certificate.
pub(crate) fn distrust(leaf: &Served, bundle: &[u8]) -> Result<(), String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let lives = |certificate: &X509Certificate<'_>| {
        let validity = certificate.validity();
        let lives = validity.not_before.timestamp()..=validity.not_after.timestamp();
        lives.contains(&i64::try_from(now.as_secs()).unwrap())
    };
    let (_, certificate) = X509Certificate::from_der(&leaf.0).unwrap();
    let names = certificate.subject_alternative_name().unwrap().unwrap();
    if names.value.general_names != [GeneralName::DNSName(SERVER_NAME)] {
        return Err(format!("it is for {:?}", names.value.general_names));
    }
    if !lives(&certificate) {
        return Err(format!("it lives {:?}, and it is {now:?}", certificate.validity()));
    }
    let mut roots = RootCertStore::empty();
    for der in ca_certificates(bundle) {
        let (_, ca) = X509Certificate::from_der(&der).unwrap();
        if lives(&ca) {
            roots.add(CertificateDer::from(der)).map_err(|error| error.to_string())?;
        }
    }
    let der = CertificateDer::from(leaf.0.as_slice());
    let parsed = rustls::server::ParsedCertificate::try_from(&der).unwrap();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(now.as_secs()));
    let algorithms = provider().signature_verification_algorithms.all;
    rustls::client::verify_server_cert_signed_by_trust_anchor(&parsed, &roots, &[], now, algorithms)
        .map_err(|error| format!("{error}, with {} CAs", roots.len()))
}
