//! What was typed → what is meant. Every rule between flags is here, and nothing happens yet.

mod controller;
mod duration;
mod moment;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

pub use self::controller::ControllerSettings;
pub use self::moment::moment;
use crate::apimachinery::is_object_name as is_name;
use crate::cli::{PolicyArgs, ServeArgs};
use crate::engine::kelos::{Protection, ProtectionError, Shape};
use crate::engine::rules::Policy;

/// The longest delay that is asked for on purpose: no kubelet waits so long.
const LONGEST_DELAY: Duration = Duration::from_secs(60 * 60);

/// Flags that do not fit together, or a value that is none.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// One of two files.
    #[error("{given} needs {missing} too: a certificate and its key come together")]
    HalfKeyPair {
        /// The flag that was given.
        given: &'static str,
        /// The flag that was not.
        missing: &'static str,
    },
    /// No address.
    #[error("{flag} {value:?}: an address is HOST:PORT, as in 127.0.0.1:9443")]
    Address {
        /// The flag.
        flag: &'static str,
        /// What was given.
        value: String,
    },
    /// No name of a Secret.
    #[error("--tls-secret {value:?}: a Secret is named as NAMESPACE/NAME")]
    Secret {
        /// What was given.
        value: String,
    },
    /// A Secret, and no API server to read it from.
    #[error("--tls-secret is read from the cluster: it does not go with --manifests")]
    SecretWithoutCluster,
    /// Nothing that the API server would trust.
    #[error(
        "the API server needs a certificate that it can trust: give --tls-cert-file with \
         --tls-private-key-file, or --tls-secret (only with --manifests one is made at start)"
    )]
    NoKey,
    /// No name of an object.
    #[error(
        "{flag} {value:?}: a name has lowercase letters, digits, - and . only, as in kelos-metadata"
    )]
    Name {
        /// The flag.
        flag: &'static str,
        /// What was given.
        value: String,
    },
    /// No duration, or one that does not do.
    #[error("{flag} {value:?}: {hint}")]
    Duration {
        /// The flag.
        flag: &'static str,
        /// What was given.
        value: String,
        /// What does.
        hint: &'static str,
    },
    /// Names of clients, and no CA that could have signed them.
    #[error(
        "--client-allowed-name needs --client-ca-file too: names count in its certificates only"
    )]
    NamesWithoutCa,
    /// A name of a client that is none.
    #[error("--client-allowed-name: a name is empty")]
    EmptyName,
    /// No key and no prefix.
    #[error("--protect has an invalid entry")]
    Protect(#[from] ProtectionError),
}

/// What `serve` is to do.
#[derive(Debug)]
pub struct ServeSettings {
    /// Where the rules come from.
    pub rules: RulesSource,
    /// Where the webhook listens.
    pub webhook: Address,
    /// Where metrics are served.
    pub metrics: Address,
    /// Where health is served.
    pub health: Address,
    /// What the webhook serves with.
    pub key: KeySource,
    /// Which clients the webhook answers; without it, whoever connects.
    pub clients: Option<ClientSettings>,
    /// What is answered.
    pub shapes: Vec<Shape>,
    /// How long calls are served after the signal to end.
    pub shutdown_delay: Duration,
    /// Rules for all TaskSpawners.
    pub policy: Policy,
    /// The file of the defaults, which the policy does not have yet.
    pub defaults: Option<PathBuf>,
}

/// How old the oldest Tasks are that are looked at.
///
/// # Errors
///
/// [`SettingsError::Duration`].
pub fn since(value: &str) -> Result<Duration, SettingsError> {
    let hint = "a duration such as 168h or 7d";
    duration::duration("--since", value, hint, |_| true)
}

fn shapes(sessions: bool) -> Vec<Shape> {
    Shape::ALL.into_iter().filter(|shape| sessions || *shape == Shape::Task).collect()
}

fn shutdown_delay(value: &str) -> Result<Duration, SettingsError> {
    let hint = "a duration such as 15s, of 0s to 1h";
    duration::duration("--shutdown-delay", value, hint, |delay| delay <= LONGEST_DELAY)
}

/// Which clients the webhook answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSettings {
    /// The file with the CAs that issued their certificates.
    pub ca_file: PathBuf,
    /// One of these names must be in a certificate; without any, all are good.
    pub names: Vec<String>,
}

impl ClientSettings {
    fn of(args: &ServeArgs) -> Result<Option<ClientSettings>, SettingsError> {
        let names = args.client_allowed_name.clone();
        if names.iter().any(String::is_empty) {
            return Err(SettingsError::EmptyName);
        }
        match &args.client_ca_file {
            Some(file) => Ok(Some(ClientSettings { ca_file: file.clone(), names })),
            None if names.is_empty() => Ok(None),
            None => Err(SettingsError::NamesWithoutCa),
        }
    }
}

/// Where TaskSpawners, Workspaces, WorkerPools and Namespaces come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RulesSource {
    /// A cluster.
    Cluster {
        /// How to reach it; without it, as kubectl or a Pod would.
        kubeconfig: Option<PathBuf>,
    },
    /// A folder.
    Manifests(PathBuf),
}

/// Where the serving key comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// Made at start.
    SelfSigned,
    /// Two files.
    Files {
        /// The certificate chain.
        cert: PathBuf,
        /// The private key.
        key: PathBuf,
    },
    /// A Secret, read through the API.
    Secret {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
}

impl KeySource {
    fn of(args: &ServeArgs) -> Result<KeySource, SettingsError> {
        const CERT: &str = "--tls-cert-file";
        const KEY: &str = "--tls-private-key-file";
        if let Some(secret) = &args.tls_secret {
            if args.manifests.is_some() {
                return Err(SettingsError::SecretWithoutCluster);
            }
            return match secret.split_once('/') {
                Some((namespace, name)) if is_name(namespace) && is_name(name) => {
                    let (namespace, name) = (namespace.to_owned(), name.to_owned());
                    Ok(KeySource::Secret { namespace, name })
                }
                _ => Err(SettingsError::Secret { value: secret.clone() }),
            };
        }
        match (&args.tls_cert_file, &args.tls_private_key_file) {
            (Some(cert), Some(key)) => {
                Ok(KeySource::Files { cert: cert.clone(), key: key.clone() })
            }
            (Some(_), None) => Err(SettingsError::HalfKeyPair { given: CERT, missing: KEY }),
            (None, Some(_)) => Err(SettingsError::HalfKeyPair { given: KEY, missing: CERT }),
            (None, None) if args.manifests.is_some() => Ok(KeySource::SelfSigned),
            (None, None) => Err(SettingsError::NoKey),
        }
    }
}

/// A host and a port to listen on, and the flag that said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The flag.
    pub flag: &'static str,
    /// The host, without brackets.
    pub host: String,
    /// The port; 0 picks one.
    pub port: u16,
}

impl Address {
    fn parse(flag: &'static str, value: &str) -> Result<Address, SettingsError> {
        let address = || -> Option<Address> {
            let (host, port) = value.rsplit_once(':')?;
            let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
            let host = match bare.unwrap_or(host) {
                // As in Go: every interface.
                "" => "0.0.0.0",
                host if host.contains(':') && bare.is_none() => return None,
                host => host,
            };
            Some(Address { flag, host: host.to_owned(), port: port.parse().ok()? })
        };
        address().ok_or_else(|| SettingsError::Address { flag, value: value.to_owned() })
    }
}

impl TryFrom<&ServeArgs> for ServeSettings {
    type Error = SettingsError;

    fn try_from(args: &ServeArgs) -> Result<ServeSettings, SettingsError> {
        Ok(ServeSettings {
            rules: match &args.manifests {
                Some(folder) => RulesSource::Manifests(folder.clone()),
                None => RulesSource::Cluster { kubeconfig: args.kubeconfig.clone() },
            },
            webhook: Address::parse("--bind-address", &args.bind_address)?,
            metrics: Address::parse("--metrics-bind-address", &args.metrics_bind_address)?,
            health: Address::parse("--health-probe-bind-address", &args.health_probe_bind_address)?,
            key: KeySource::of(args)?,
            clients: ClientSettings::of(args)?,
            shapes: shapes(args.sessions),
            shutdown_delay: shutdown_delay(&args.shutdown_delay)?,
            policy: policy(&args.policy)?,
            defaults: args.policy.defaults.clone(),
        })
    }
}

/// The rules for all TaskSpawners, without the defaults: nothing is read here.
///
/// # Errors
///
/// An entry of `--protect` that is neither a key nor a prefix.
pub fn policy(args: &PolicyArgs) -> Result<Policy, SettingsError> {
    let protection = Arc::new(Protection::new(&args.protect)?);
    Ok(Policy { on_invalid: args.on_invalid, protection, infer: args.infer, ..Policy::default() })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn serve(flags: &[&str]) -> Result<ServeSettings, SettingsError> {
        settings(["--manifests", "m"].iter().chain(flags))
    }

    fn settings<'f>(
        flags: impl Iterator<Item = &'f &'f str>,
    ) -> Result<ServeSettings, SettingsError> {
        let typed = ["kelos-metadata", "serve"].iter().chain(flags);
        match Cli::try_parse_from(typed).unwrap().command {
            Command::Serve(args) => ServeSettings::try_from(&*args),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_key_pair_is_whole_or_absent() {
        assert_eq!(serve(&[]).unwrap().key, KeySource::SelfSigned);
        let error = serve(&["--tls-cert-file", "c"]).unwrap_err().to_string();
        assert!(error.contains("--tls-private-key-file"), "{error}");
        let error = serve(&["--tls-private-key-file", "k"]).unwrap_err().to_string();
        assert!(error.starts_with("--tls-private-key-file needs --tls-cert-file"), "{error}");
    }

    #[test]
    fn rules_from_the_cluster_need_a_certificate_that_it_trusts() {
        let in_cluster = |flags: &[&str]| settings(flags.iter());
        assert!(matches!(in_cluster(&[]), Err(SettingsError::NoKey)));
        let found = in_cluster(&["--kubeconfig", "k", "--tls-secret", "ns/name"]).unwrap();
        let (namespace, name) = ("ns".to_owned(), "name".to_owned());
        assert_eq!(found.key, KeySource::Secret { namespace, name });
        assert_eq!(found.rules, RulesSource::Cluster { kubeconfig: Some("k".into()) });
        for secret in ["name", "/name", "ns/", "a/b/c", "ns/na me", "ns/.."] {
            let error = in_cluster(&["--tls-secret", secret]).unwrap_err().to_string();
            assert!(
                error.starts_with("--tls-secret") && error.contains("NAMESPACE/NAME"),
                "{error}"
            );
        }
        let error = serve(&["--tls-secret", "ns/name"]).unwrap_err().to_string();
        assert!(error.contains("--manifests"), "{error}");
    }

    #[test]
    fn names_of_clients_need_their_ca() {
        assert_eq!(serve(&[]).unwrap().clients, None);
        let flags =
            ["--client-ca-file", "ca", "--client-allowed-name=a,b", "--client-allowed-name", "c"];
        let names = ["a", "b", "c"].map(str::to_owned).to_vec();
        let found = serve(&flags).unwrap().clients;
        assert_eq!(found, Some(ClientSettings { ca_file: "ca".into(), names }));
        for flags in [
            &["--client-allowed-name", "a"][..],
            &["--client-ca-file=c", "--client-allowed-name", "a,"],
        ] {
            let error = serve(flags).unwrap_err().to_string();
            assert!(error.starts_with("--client-allowed-name"), "{error}");
        }
    }

    #[test]
    fn a_delay_is_a_number_with_a_unit() {
        for (value, milliseconds) in [("15s", 15_000), ("500ms", 500), ("0s", 0), ("1m", 60_000)] {
            let delay = serve(&["--shutdown-delay", value]).unwrap().shutdown_delay;
            assert_eq!(delay, Duration::from_millis(milliseconds));
        }
        assert_eq!(serve(&[]).unwrap().shutdown_delay, Duration::from_secs(15));
        for value in ["15", "soon", "-1s", "2h"] {
            let error = serve(&[&format!("--shutdown-delay={value}")]).unwrap_err().to_string();
            let expected =
                format!("--shutdown-delay {value:?}: a duration such as 15s, of 0s to 1h");
            assert_eq!(error, expected);
        }
    }

    #[test]
    fn addresses_are_host_and_port() {
        for (value, expected) in [
            ("127.0.0.1:0", Some(("127.0.0.1", 0))),
            (":8080", Some(("0.0.0.0", 8080))),
            ("[::1]:9443", Some(("::1", 9443))),
            ("localhost:1", Some(("localhost", 1))),
            ("9443", None),
            ("::1:9443", None),
            ("host:", None),
            ("host:99999", None),
        ] {
            let address = serve(&["--bind-address", value]).map(|settings| settings.webhook);
            let found = address.as_ref().ok().map(|address| (address.host.as_str(), address.port));
            assert_eq!(found, expected, "{value}");
            if let Err(error) = &address {
                assert!(error.to_string().starts_with("--bind-address"), "{error}");
            }
        }
    }

    #[test]
    fn protected_keys_are_checked() {
        let error = crate::telemetry::chain(&serve(&["--protect", "a,b c"]).unwrap_err());
        assert!(error.starts_with("--protect has an invalid entry: `b c`"), "{error}");
        assert_eq!(error.matches("`b c`").count(), 1, "{error}");
    }
}
