//! Which clients are answered: those who show a certificate of a CA, and have a name.

mod files;
mod names;

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore,
    SignatureScheme,
};

pub use self::files::follow_client_ca;
use super::{PemPart, TlsError, Validity, provider};
use crate::unix_seconds::UnixSeconds;

/// The flag that names the file of the CAs.
pub const CLIENT_CA_FLAG: &str = "--client-ca-file";

/// The clients that are answered.
///
/// The CAs can be replaced; connections that are open already do not notice.
pub struct TrustedClients {
    cas: ArcSwap<ClientCas>,
    /// Common names or DNS names of certificates; if there is none, any certificate will do.
    names: Vec<String>,
}

/// What checks certificates of one CA, or of several.
pub(super) struct ClientCas {
    roots: Vec<Root>,
}

/// One CA. Unlike Go, webpki does not look at the dates of one.
struct Root {
    validity: Validity,
    verifier: Arc<dyn ClientCertVerifier>,
}

impl fmt::Debug for TrustedClients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustedClients").field("names", &self.names).finish_non_exhaustive()
    }
}

impl TrustedClients {
    /// Reads the CAs from the file that [`CLIENT_CA_FLAG`] names. Without names, all its
    /// clients are answered.
    ///
    /// # Errors
    /// When the file can't be read, or holds no certificates.
    pub fn from_file(file: &Path, names: Vec<String>) -> Result<Arc<TrustedClients>, TlsError> {
        let cas = files::load(file)?;
        Ok(Arc::new(TrustedClients { cas: ArcSwap::from_pointee(cas), names }))
    }

    /// Trusts other CAs from now on, and no longer those before.
    fn replace(&self, cas: ClientCas) {
        self.cas.store(Arc::new(cas));
    }

    /// Checks with whatever CA is valid at this time; gives the last rejection if none signed it.
    fn verify(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let mut rejection = CertificateError::UnknownIssuer.into();
        for root in self.cas.load().roots.iter().filter(|root| root.lives(now)) {
            match root.verifier.verify_client_cert(end_entity, intermediates, now) {
                Err(
                    error @ Error::InvalidCertificate(
                        CertificateError::UnknownIssuer | CertificateError::BadSignature,
                    ),
                ) => rejection = error,
                decided => return decided,
            }
        }
        Err(rejection)
    }
}

impl ClientCas {
    /// Reads PEM with one certificate or several.
    pub(super) fn from_pem(part: PemPart<'_>) -> Result<ClientCas, TlsError> {
        let origin = || part.origin.to_owned();
        let mut roots = Vec::new();
        for certificate in CertificateDer::pem_slice_iter(part.pem) {
            let certificate =
                certificate.map_err(|source| TlsError::Pem { origin: origin(), source })?;
            let root = Root::read(certificate);
            roots.push(root.map_err(|source| TlsError::Certificate { origin: origin(), source })?);
        }
        if roots.is_empty() {
            return Err(TlsError::NoCertificate { origin: origin(), holds_key: false });
        }
        Ok(ClientCas { roots })
    }
}

impl Root {
    fn read(
        certificate: CertificateDer<'static>,
    ) -> Result<Root, Box<dyn std::error::Error + Send + Sync>> {
        let validity = Validity::read(&certificate)?;
        let mut store = RootCertStore::empty();
        store.add(certificate)?;
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(store), provider()).build()?;
        Ok(Root { validity, verifier })
    }

    fn lives(&self, now: UnixTime) -> bool {
        self.validity.has(UnixSeconds::from_secs(now.as_secs()))
    }
}

impl ClientCertVerifier for TrustedClients {
    /// Names no CA: who is asked for a certificate need not learn whom we trust, and the API
    /// server shows the one that it has.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self.verify(end_entity, intermediates, now)?;
        if self.names.is_empty() || names::has_one_of(end_entity, &self.names) {
            return Ok(verified);
        }
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &provider().signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &provider().signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

/// Why a client was not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientRejection {
    /// It showed no certificate.
    NoCertificate,
    /// Its certificate is of another CA.
    UnknownCa,
    /// Its certificate is not valid at this time.
    Expired,
    /// None of its names is allowed.
    WrongName,
    /// Its certificate is not one for clients, or can't be used for another reason.
    Unusable,
}

impl ClientRejection {
    /// All of them, in the order of their numbers.
    pub const ALL: [ClientRejection; 5] = [
        ClientRejection::NoCertificate,
        ClientRejection::UnknownCa,
        ClientRejection::Expired,
        ClientRejection::WrongName,
        ClientRejection::Unusable,
    ];

    /// Finds out whether a handshake failed because of what the client showed. A client that does
    /// not trust *us* is another matter.
    pub fn of(handshake: &io::Error) -> Option<ClientRejection> {
        use CertificateError as Bad;
        let error = handshake.get_ref()?.downcast_ref::<Error>()?;
        Some(match error {
            Error::NoCertificatesPresented => ClientRejection::NoCertificate,
            Error::InvalidCertificate(Bad::UnknownIssuer | Bad::BadSignature) => {
                ClientRejection::UnknownCa
            }
            Error::InvalidCertificate(
                Bad::Expired
                | Bad::ExpiredContext { .. }
                | Bad::NotValidYet
                | Bad::NotValidYetContext { .. },
            ) => ClientRejection::Expired,
            Error::InvalidCertificate(Bad::ApplicationVerificationFailure) => {
                ClientRejection::WrongName
            }
            Error::InvalidCertificate(_) => ClientRejection::Unusable,
            _ => return None,
        })
    }

    /// What is wrong, and what to do.
    pub fn message(self) -> &'static str {
        match self {
            ClientRejection::NoCertificate => {
                "it showed no certificate (an API server shows one when the kubeconfig of its \
                 AdmissionConfiguration has one for this webhook, see docs/security.md)"
            }
            ClientRejection::UnknownCa => {
                "its certificate is not signed by a CA of --client-ca-file"
            }
            ClientRejection::Expired => "its certificate is expired, or not valid yet",
            ClientRejection::WrongName => {
                "neither the common name nor a DNS name of its certificate is in \
                 --client-allowed-name"
            }
            ClientRejection::Unusable => {
                "its certificate is not one for clients (extended key usage), or is damaged"
            }
        }
    }
}

#[cfg(test)]
mod tests;
