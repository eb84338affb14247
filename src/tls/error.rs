//! Why a key pair cannot serve.

use std::io;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};
use thiserror::Error;

use super::PemPart;

/// Why a key pair cannot serve; the message begins with the flag and the file.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file can't be read.
    #[error("{origin}: cannot be read")]
    Read {
        /// Flag and file.
        origin: String,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// There is no such Secret.
    #[error("{origin}: there is no such Secret")]
    NoSecret {
        /// Flag and Secret.
        origin: String,
    },
    /// A Secret lacks a field.
    #[error("{origin}: is missing or empty (a Secret of type kubernetes.io/tls has it)")]
    Field {
        /// Flag, Secret and field.
        origin: String,
    },
    /// What is there is broken PEM.
    #[error("{origin}: not valid PEM")]
    Pem {
        /// Flag and file.
        origin: String,
        /// Where the PEM breaks.
        #[source]
        source: pem::Error,
    },
    /// No certificate where one is expected.
    #[error(
        "{origin}: no certificate in it ({})",
        if *.holds_key { "it holds a private key: are the two files exchanged?" }
        else { "a PEM section that begins with -----BEGIN CERTIFICATE----- is expected" }
    )]
    NoCertificate {
        /// Flag and file.
        origin: String,
        /// Whether a private key is there instead.
        holds_key: bool,
    },
    /// No private key where one is expected.
    #[error("{origin}: no private key in it ({hint})")]
    NoKey {
        /// Flag and file.
        origin: String,
        /// What is there instead, or what is expected.
        hint: &'static str,
    },
    /// A certificate that can't be read.
    #[error("{origin}: the certificate is damaged or of an unknown form")]
    Certificate {
        /// Flag and file.
        origin: String,
        /// What the parser says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A key of a kind that cannot sign here.
    #[error(
        "{origin}: the private key cannot be used (RSA of 2048 bits or more, P-256, P-384 and Ed25519 can)"
    )]
    Key {
        /// Flag and file.
        origin: String,
        /// What the cryptography says.
        #[source]
        source: rustls::Error,
    },
    /// Certificate and key that do not belong together.
    #[error("{key}: this private key does not belong to the certificate of {cert}")]
    Mismatch {
        /// Flag and file of the certificate.
        cert: String,
        /// Flag and file of the key.
        key: String,
    },
    /// A certificate that nobody trusts any more.
    #[error("{origin}: the certificate is expired, and the one that is served is not: it stays")]
    Expired {
        /// Flag and file.
        origin: String,
    },
    /// A certificate of another CA than the one beside it.
    #[error(
        "{origin}: the certificate is not signed by a CA of data[\"ca.crt\"], and the one \
         that is served is good still: it stays"
    )]
    Foreign {
        /// Flag, Secret and field.
        origin: String,
    },
    /// No certificate could be made.
    #[error("a self-signed certificate could not be made")]
    SelfSigned(#[source] rcgen::Error),
    /// The TLS versions are not there.
    #[error("TLS 1.2 and 1.3 are not both available in this build")]
    Versions(#[source] rustls::Error),
}

impl TlsError {
    /// Says what stands where a private key was expected.
    pub(super) fn no_key(part: PemPart<'_>) -> TlsError {
        let encrypted = String::from_utf8_lossy(part.pem).contains("BEGIN ENCRYPTED PRIVATE KEY");
        let hint = if encrypted {
            "it is encrypted: decrypt it first, a server has nobody to ask for a password"
        } else if CertificateDer::from_pem_slice(part.pem).is_ok() {
            "it holds a certificate: are the two files exchanged?"
        } else {
            "a PEM section that ends in PRIVATE KEY----- is expected"
        };
        TlsError::NoKey { origin: part.origin.to_owned(), hint }
    }
}
