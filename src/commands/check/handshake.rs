//! A TLS handshake, to see which certificate is shown. Whether it is trusted is judged afterwards, and nothing is
//! ever sent.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::tls::provider;

/// How long an endpoint may take: from outside of the cluster most can't be reached, and nobody answers.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The certificates that a server shows for a name, its own first; nothing if it can't be reached.
pub(super) async fn shown(
    address: SocketAddr,
    server_name: &str,
) -> Option<Vec<CertificateDer<'static>>> {
    let name = ServerName::try_from(server_name.to_owned()).ok()?;
    let seen = Arc::new(Seen(Mutex::default(), provider()));
    let verifier: Arc<dyn ServerCertVerifier> = seen.clone();
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .ok()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    let handshake = async {
        let stream = TcpStream::connect(address).await.ok()?;
        // One that wants a certificate of its clients has shown its own by then.
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.ok()
    };
    let _ = timeout(TIMEOUT, handshake).await;
    let mut chain = seen.0.lock().unwrap_or_else(PoisonError::into_inner);
    Some(std::mem::take(&mut *chain)).filter(|chain| !chain.is_empty())
}

/// Keeps what is shown.
#[derive(Debug)]
struct Seen(Mutex<Vec<CertificateDer<'static>>>, Arc<rustls::crypto::CryptoProvider>);

impl ServerCertVerifier for Seen {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let chain = std::iter::once(leaf).chain(intermediates);
        let chain = chain.map(|der| der.clone().into_owned()).collect();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = chain;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.1.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, leaf, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.1.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, leaf, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.1.signature_verification_algorithms.supported_schemes()
    }
}
