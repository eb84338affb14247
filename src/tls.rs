//! The serving key: where it comes from, whether it is whole, and how it is changed.
//!
//! A pair of certificate chain and private key is checked before it becomes a [`KeyPair`]; what
//! serves is a [`ServingKey`], in which one pair can take the place of another while connections
//! go on.

mod chain;
mod client_auth;
mod error;
mod files;
mod reload;
mod secret;
mod self_signed;

use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, NoServerSessionStorage, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig};

pub use self::chain::{Validity, verify_signed};
pub use self::client_auth::{CLIENT_CA_FLAG, ClientRejection, TrustedClients, follow_client_ca};
pub use self::error::TlsError;
use self::files::KeyFiles;
pub use self::files::follow_files;
pub use self::secret::{TlsSecret, follow_secret};
pub use self::self_signed::{SELF_SIGNED_NAMES, SelfSigned};
use crate::clock;
use crate::unix_seconds::UnixSeconds;

/// The flag that names the certificate file.
pub const CERT_FLAG: &str = "--tls-cert-file";
/// The flag that names the file of the private key.
pub const KEY_FLAG: &str = "--tls-private-key-file";

/// The cryptography of this program: ring.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// A certificate chain and the private key that belongs to it.
#[derive(Clone, Debug)]
pub struct KeyPair {
    certified: Arc<CertifiedKey>,
    expires: UnixSeconds,
    origin: String,
    /// Whether a CA that came along did not sign it.
    is_foreign: bool,
}

/// PEM text, and what an error should call the place it came from.
#[derive(Clone, Copy, Debug)]
pub struct PemPart<'a> {
    /// Such as `--tls-cert-file /etc/tls/tls.crt`.
    pub origin: &'a str,
    /// What was found there.
    pub pem: &'a [u8],
}

impl KeyPair {
    /// Reads the files that [`CERT_FLAG`] and [`KEY_FLAG`] name.
    ///
    /// # Errors
    /// When a file can't be read or holds something else, or when the two do not belong together;
    /// the message names the flag and the file.
    pub fn from_files(cert_file: &Path, key_file: &Path) -> Result<KeyPair, TlsError> {
        KeyFiles::new(cert_file, key_file).load()
    }

    /// Reads PEM: the chain with the serving certificate first, and its private key.
    ///
    /// # Errors
    /// When a part holds no such PEM, or when the two do not belong together.
    pub fn from_pem(cert: PemPart<'_>, key: PemPart<'_>) -> Result<KeyPair, TlsError> {
        let chain = CertificateDer::pem_slice_iter(cert.pem)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|source| TlsError::Pem { origin: cert.origin.to_owned(), source })?;
        if chain.is_empty() {
            let holds_key = PrivateKeyDer::from_pem_slice(cert.pem).is_ok();
            return Err(TlsError::NoCertificate { origin: cert.origin.to_owned(), holds_key });
        }
        let private = PrivateKeyDer::from_pem_slice(key.pem).map_err(|error| match error {
            pem::Error::NoItemsFound => TlsError::no_key(key),
            source => TlsError::Pem { origin: key.origin.to_owned(), source },
        })?;
        KeyPair::checked(chain, private, cert.origin, key.origin)
    }

    fn checked(
        chain: Vec<CertificateDer<'static>>,
        private: PrivateKeyDer<'static>,
        cert_origin: &str,
        key_origin: &str,
    ) -> Result<KeyPair, TlsError> {
        let signing = provider()
            .key_provider
            .load_private_key(private)
            .map_err(|source| TlsError::Key { origin: key_origin.to_owned(), source })?;
        let expires = expiry(&chain, cert_origin)?;
        let certified = CertifiedKey::new(chain, signing);
        match certified.keys_match() {
            Ok(()) => Ok(KeyPair {
                certified: Arc::new(certified),
                expires,
                origin: cert_origin.to_owned(),
                is_foreign: false,
            }),
            Err(rustls::Error::InconsistentKeys(_)) => {
                Err(TlsError::Mismatch { cert: cert_origin.to_owned(), key: key_origin.to_owned() })
            }
            Err(source) => {
                Err(TlsError::Certificate { origin: cert_origin.to_owned(), source: source.into() })
            }
        }
    }

    /// When the serving certificate expires.
    pub fn expires(&self) -> UnixSeconds {
        self.expires
    }

    /// Says of which CAs it should be. What can't be read or checked does not count.
    fn beside(mut self, cas: &[u8], now: UnixSeconds) -> KeyPair {
        self.is_foreign = is_foreign(&self.certified.cert, cas, now);
        self
    }

    /// Why the API server would not trust it.
    fn doubt(&self, now: UnixSeconds) -> Option<TlsError> {
        let origin = || self.origin.clone();
        if self.expires < now {
            return Some(TlsError::Expired { origin: origin() });
        }
        self.is_foreign.then(|| TlsError::Foreign { origin: origin() })
    }
}

/// Whether none of these CAs, of which there are some, signed a chain.
fn is_foreign(chain: &[CertificateDer<'static>], cas: &[u8], now: UnixSeconds) -> bool {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(cas).flatten());
    let Some((leaf, intermediates)) = chain.split_first().filter(|_| !roots.is_empty()) else {
        return false;
    };
    let Ok(leaf) = ParsedCertificate::try_from(leaf) else { return false };
    let verified = verify_signed(&leaf, intermediates, &roots, now);
    use rustls::CertificateError::{BadSignature, UnknownIssuer};
    matches!(verified, Err(rustls::Error::InvalidCertificate(UnknownIssuer | BadSignature)))
}

/// Reads the end of the first certificate's life.
fn expiry(chain: &[CertificateDer<'static>], origin: &str) -> Result<UnixSeconds, TlsError> {
    let leaf = chain.first().map(AsRef::as_ref).unwrap_or_default();
    let validity = Validity::read(leaf).map_err(|source| TlsError::Certificate {
        origin: origin.to_owned(),
        source: source.into(),
    })?;
    Ok(validity.not_after)
}

/// The key pair that new connections are served with.
///
/// Replacing it is atomic: a handshake sees the old pair or the new one, and connections that are
/// open already do not notice.
#[derive(Debug)]
pub struct ServingKey {
    current: ArcSwapOption<KeyPair>,
}

impl ServingKey {
    /// Starts with this pair.
    pub fn new(pair: KeyPair) -> Arc<ServingKey> {
        let key = ServingKey::awaited();
        key.replace(pair);
        key
    }

    /// Starts without a pair: every handshake fails until there is one.
    pub fn awaited() -> Arc<ServingKey> {
        Arc::new(ServingKey { current: ArcSwapOption::empty() })
    }

    /// Whether new connections are served with this certificate already.
    pub fn is(&self, pair: &KeyPair) -> bool {
        let current = self.current.load();
        current.as_ref().is_some_and(|current| current.certified.cert == pair.certified.cert)
    }

    /// Whether there is no pair yet.
    pub fn is_awaited(&self) -> bool {
        self.current.load().is_none()
    }

    /// Serves new connections with this pair from now on.
    pub fn replace(&self, pair: KeyPair) {
        self.current.store(Some(Arc::new(pair)));
    }

    /// Serves new connections with this pair from now on, unless the API server would not trust it, while the
    /// one that is served is not expired.
    ///
    /// # Errors
    /// Why the pair was not taken.
    pub fn offer(&self, pair: KeyPair, now: UnixSeconds) -> Result<(), TlsError> {
        let is_served = self.current.load().as_ref().is_some_and(|served| served.expires >= now);
        match pair.doubt(now) {
            Some(doubt) if is_served => Err(doubt),
            _ => {
                self.replace(pair);
                Ok(())
            }
        }
    }
}

impl ServingKey {
    /// Offers a pair that its source holds, unless it is served already; `on_swap` is called when it
    /// is taken.
    fn take(&self, pair: KeyPair, on_swap: &mut impl FnMut(&KeyPair)) -> Result<(), TlsError> {
        if self.is(&pair) {
            return Ok(());
        }
        let is_first = self.is_awaited();
        self.offer(pair.clone(), clock::now())?;
        if !is_first {
            tracing::info!(
                origin = pair.origin,
                expires = pair.expires.0,
                "Rotated the serving certificate"
            );
        }
        on_swap(&pair);
        Ok(())
    }

    /// Logs why what a source holds was not taken.
    fn log_rejection(&self, problem: &str) {
        if self.is_awaited() {
            tracing::error!(problem, "Rejected the new serving key; there is no previous one yet");
        } else {
            tracing::error!(problem, "Rejected the new serving key; keeping the previous one");
        }
    }
}

impl ResolvesServerCert for ServingKey {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.current.load().as_ref().map(|pair| Arc::clone(&pair.certified))
    }
}

/// Builds the TLS configuration: versions 1.2 and 1.3, HTTP/1.1 only, no client certificates.
///
/// # Errors
/// When the cryptography does not offer these versions, which would be a fault of the build.
pub fn server_config(key: Arc<ServingKey>) -> Result<Arc<ServerConfig>, TlsError> {
    server_config_for(key, None)
}

/// Builds the TLS configuration of [`server_config`] for these clients only, if they are given.
///
/// # Errors
/// When the cryptography does not offer these versions, which would be a fault of the build.
pub fn server_config_for(
    key: Arc<ServingKey>,
    clients: Option<Arc<TrustedClients>>,
) -> Result<Arc<ServerConfig>, TlsError> {
    let builder = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(TlsError::Versions)?;
    let mut config = match clients {
        None => builder.with_no_client_auth().with_cert_resolver(key),
        Some(clients) => {
            let mut config = builder.with_client_cert_verifier(clients).with_cert_resolver(key);
            // A session that is resumed shows no certificate again: it would outlive its CA.
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
            config
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests;
