//! What `controller` is to do.

use std::path::PathBuf;
use std::time::Duration;

use super::duration::duration;
use super::{Address, SettingsError};
use crate::apimachinery::is_object_name as is_name;
use crate::cli::ControllerArgs;
use crate::cluster::LeaseTiming;

/// The longest life of a certificate that is asked for on purpose.
const LONGEST: Duration = Duration::from_secs(3650 * 24 * 60 * 60);

/// What `controller` is to do.
#[derive(Debug)]
pub struct ControllerSettings {
    /// How to reach the cluster; without it, as kubectl or a Pod would.
    pub kubeconfig: Option<PathBuf>,
    /// The namespace of the Service, the Secret and the Lease; without it, the Pod's own.
    pub namespace: Option<String>,
    /// The Service of the webhook.
    pub service: String,
    /// The Secret.
    pub secret: String,
    /// The MutatingWebhookConfiguration, and the ValidatingWebhookConfiguration.
    pub configuration: String,
    /// The Lease.
    pub lease: String,
    /// How the Lease is kept.
    pub timing: LeaseTiming,
    /// How long a certificate lives.
    pub lifetime: Duration,
    /// How long a CA is published before its certificate serves.
    pub settle: Duration,
    /// Where metrics are served.
    pub metrics: Address,
    /// Where health is served.
    pub health: Address,
}

impl TryFrom<&ControllerArgs> for ControllerSettings {
    type Error = SettingsError;

    fn try_from(args: &ControllerArgs) -> Result<ControllerSettings, SettingsError> {
        let metrics = Address::parse("--metrics-bind-address", &args.metrics_bind_address)?;
        let health = "--health-probe-bind-address";
        let health = Address::parse(health, &args.health_probe_bind_address)?;
        let namespace = args.namespace.as_deref().map(|value| named("--namespace", value));
        Ok(ControllerSettings {
            kubeconfig: args.kubeconfig.clone(),
            namespace: namespace.transpose()?,
            service: named("--service", &args.service)?,
            secret: named("--tls-secret", &args.tls_secret)?,
            configuration: named("--webhook-configuration", &args.webhook_configuration)?,
            lease: named("--lease", &args.lease)?,
            timing: timing(&args.lease_duration)?,
            lifetime: lifetime(&args.certificate_lifetime)?,
            settle: settle(args)?,
            metrics,
            health,
        })
    }
}

fn named(flag: &'static str, value: &str) -> Result<String, SettingsError> {
    if is_name(value) {
        return Ok(value.to_owned());
    }
    Err(SettingsError::Name { flag, value: value.to_owned() })
}

fn timing(value: &str) -> Result<LeaseTiming, SettingsError> {
    let hint = "a duration of whole seconds, from 1s to 1h";
    let is_whole = |duration: Duration| duration.subsec_nanos() == 0;
    let does = |duration: Duration| is_whole(duration) && (1..=3600).contains(&duration.as_secs());
    Ok(LeaseTiming { duration: duration("--lease-duration", value, hint, does)? })
}

fn lifetime(value: &str) -> Result<Duration, SettingsError> {
    let hint = "a duration such as 90d, 2160h or 90s, of 5s to 3650d";
    let does = |duration| duration >= Duration::from_secs(5) && duration <= LONGEST;
    duration("--certificate-lifetime", value, hint, does)
}

fn settle(args: &ControllerArgs) -> Result<Duration, SettingsError> {
    let lifetime = lifetime(&args.certificate_lifetime)?;
    let hint = "a duration such as 60s, shorter than a third of --certificate-lifetime: a new \
                certificate has to serve before the old one expires";
    duration("--ca-settle", &args.ca_settle, hint, |settle| settle < lifetime / 3)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn settings(flags: &[&str]) -> Result<ControllerSettings, SettingsError> {
        let typed = ["kelos-metadata", "controller"].iter().chain(flags);
        match Cli::try_parse_from(typed).unwrap().command {
            Command::Controller(args) => ControllerSettings::try_from(&*args),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn without_flags_it_keeps_what_the_chart_installs() {
        let settings = settings(&[]).unwrap();
        assert_eq!(settings.namespace, None);
        assert_eq!(settings.service, "kelos-metadata");
        assert_eq!(settings.secret, "kelos-metadata-tls");
        assert_eq!(settings.configuration, "kelos-metadata");
        assert_eq!(settings.lease, "kelos-metadata-controller");
        assert_eq!(settings.lifetime, Duration::from_secs(90 * 86_400));
        assert_eq!(settings.settle, Duration::from_secs(60));
        assert_eq!(settings.timing.duration, Duration::from_secs(15));
    }

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (value, seconds) in [
            ("90d", Some(90 * 86_400)),
            ("2160h", Some(2160 * 3600)),
            ("1h30m", Some(5400)),
            ("600s", Some(600)),
            ("4s", None),
            ("3651d", None),
            ("90", None),
            ("-90d", None),
            ("1 month", None),
            ("soon", None),
            ("", None),
        ] {
            let found = settings(&[&format!("--certificate-lifetime={value}")]);
            let lifetime = found.as_ref().ok().map(|settings| settings.lifetime.as_secs());
            assert_eq!(lifetime, seconds, "{value}");
            if let Err(error) = found {
                let start = format!("--certificate-lifetime {value:?}: a duration such as 90d");
                assert!(error.to_string().starts_with(&start), "{error}");
            }
        }
    }

    #[test]
    fn a_certificate_lives_long_enough_to_be_replaced() {
        assert!(settings(&["--certificate-lifetime=12s", "--ca-settle=3s"]).is_ok());
        let error = settings(&["--certificate-lifetime=180s"]).unwrap_err().to_string();
        assert!(error.starts_with("--ca-settle \"60s\": "), "{error}");
        assert!(error.contains("--certificate-lifetime"), "{error}");
    }

    #[test]
    fn names_and_leases_are_checked() {
        for flag in ["namespace", "service", "tls-secret", "webhook-configuration", "lease"] {
            let error = settings(&[&format!("--{flag}=a/b")]).unwrap_err().to_string();
            assert!(error.starts_with(&format!("--{flag} \"a/b\": a name has")), "{error}");
        }
        for value in ["0s", "1500ms", "2h", "x"] {
            let error = settings(&[&format!("--lease-duration={value}")]).unwrap_err().to_string();
            assert!(error.contains("whole seconds"), "{error}");
        }
    }
}
