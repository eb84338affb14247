//! The policy that the server of a cluster has: the flags of its Deployment, and the ConfigMap of its defaults.

use std::path::Path;
use std::sync::Arc;

use clap::Parser;
use serde_json::Value;

use super::world::PolicyOrigin;
use crate::cli::{Cli, Command, PolicyArgs, ServeArgs};
use crate::cluster::{ObjectPath, Resource};
use crate::commands::defaults;
use crate::commands::deployed::{self, Container};
use crate::commands::reach::{Reach, lacking};
use crate::engine::rules::{Defaults, Policy};
use crate::registration::{Registration, Service};
use crate::settings;

/// The policy of the server, as far as it could be read.
pub(super) struct ServedPolicy {
    pub(super) policy: Policy,
    pub(super) origin: PolicyOrigin,
    /// Whether its certificate is that of the project's controller; nothing if nobody knows.
    pub(super) has_own_certificate: Option<bool>,
}

/// Reads the policy: flags of this call, if there are some, stand for those of the server.
///
/// # Errors
///
/// When those flags can't be used.
pub(super) async fn read(
    reach: &Reach,
    typed: &PolicyArgs,
    registration: Option<&Registration>,
) -> anyhow::Result<ServedPolicy> {
    let own = defaults::policy(typed)?;
    let service = registration.and_then(|it| it.service.as_ref());
    let served = match service {
        Some(service) => Served::read(reach, service).await,
        None => Err("the registration could not be read, so its server is not known".to_owned()),
    };
    let has_own_certificate = served.as_ref().ok().map(|it| it.args.tls_secret.is_some());
    let (policy, origin) = match served {
        _ if !typed.is_empty() => (own, PolicyOrigin::Flags),
        Ok(served) => match served.policy(reach).await {
            Ok(policy) => (policy, PolicyOrigin::Deployment(served.name)),
            Err(why) => (own, PolicyOrigin::Assumed(why)),
        },
        Err(why) => (own, PolicyOrigin::Assumed(why)),
    };
    Ok(ServedPolicy { policy, origin, has_own_certificate })
}

/// The Deployment of the server.
struct Served {
    /// Namespace and name.
    name: String,
    namespace: String,
    pod: Value,
    /// The number of its container in the Pod.
    container: usize,
    args: Box<ServeArgs>,
}

impl Served {
    /// The Deployment that is called as its Service, as the chart has it.
    async fn read(reach: &Reach, service: &Service) -> Result<Served, String> {
        let Service { namespace, name, .. } = service;
        let collection = Resource::DEPLOYMENTS.path("v1", Some(namespace));
        let path = ObjectPath { collection, name: name.clone() };
        let read = path.read::<Value>(&reach.client).await;
        let object = read.map_err(|error| match error.is_not_found() {
            true => format!("there is no Deployment {namespace}/{name}, as the chart has it"),
            false => lacking("get", &Resource::DEPLOYMENTS, Some(namespace), &error),
        })?;
        let name = format!("{namespace}/{name}");
        Served::of(name.clone(), namespace, &object.object).ok_or_else(|| {
            format!("Deployment {name} has no container with flags of `serve` that are known here")
        })
    }

    fn of(name: String, namespace: &str, deployment: &Value) -> Option<Served> {
        let pod = deployment.pointer("/spec/template/spec")?;
        let Container { number: container, args, .. } =
            deployed::container(deployment, &["serve"])?;
        let typed = ["kelos-metadata"].into_iter().chain(args);
        let Command::Serve(args) = Cli::try_parse_from(typed).ok()?.command else { return None };
        Some(Served { name, namespace: namespace.to_owned(), pod: pod.clone(), container, args })
    }

    /// The policy that its flags say.
    async fn policy(&self, reach: &Reach) -> Result<Policy, String> {
        let name = &self.name;
        let policy = settings::policy(&self.args.policy)
            .map_err(|error| format!("the flags of Deployment {name} can't be used: {error}"))?;
        let Some(path) = &self.args.policy.defaults else { return Ok(policy) };
        let Some((map, key)) = self.config_map(path) else {
            return Err(format!("the defaults of Deployment {name} come from no ConfigMap"));
        };
        let collection = Resource::CONFIG_MAPS.path("v1", Some(&self.namespace));
        let at = ObjectPath { collection, name: map.clone() };
        let object = at.read::<Value>(&reach.client).await.map_err(|error| {
            lacking("get", &Resource::CONFIG_MAPS, Some(&self.namespace), &error)
        })?;
        let text = object.object["data"][&key].as_str().unwrap_or_default().to_owned();
        match Defaults::read(&text, &policy) {
            Ok(defaults) => Ok(Policy { defaults: Arc::new(defaults), ..policy }),
            Err(_) => Err(format!(
                "the defaults in ConfigMap {}/{map} are invalid: the last good version may hold, or none",
                self.namespace
            )),
        }
    }

    /// The ConfigMap that is mounted where a file is, and the key of the file.
    fn config_map(&self, file: &Path) -> Option<(String, String)> {
        let mounts = self.pod["containers"][self.container]["volumeMounts"].as_array()?;
        let folder = file.parent()?;
        let is_it =
            |mount: &&Value| mount["mountPath"].as_str().is_some_and(|it| Path::new(it) == folder);
        let volume = mounts.iter().find(is_it)?["name"].as_str()?;
        let volumes = self.pod["volumes"].as_array()?;
        let map = volumes.iter().find(|it| it["name"] == volume)?.pointer("/configMap/name")?;
        Some((map.as_str()?.to_owned(), file.file_name()?.to_str()?.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::rules::OnInvalid;

    fn deployment(args: &Value) -> Value {
        json!({"spec": {"template": {"spec": {
            "containers": [
                {"name": "sidecar", "args": ["proxy", "serve"]},
                {"name": "webhook", "args": args, "volumeMounts": [
                    {"name": "tls", "mountPath": "/etc/tls"},
                    {"name": "defaults", "mountPath": "/etc/kelos-metadata/defaults"}]},
            ],
            "volumes": [{"name": "defaults", "configMap": {"name": "kelos-metadata"}}],
        }}}})
    }

    #[test]
    fn the_flags_of_a_deployment_are_read_as_the_server_reads_them() {
        let args = json!([
            "serve",
            "--on-invalid=sanitize",
            "--protect=example.com/",
            "--infer=off",
            "--tls-secret=kelos-system/kelos-metadata-tls",
            "--defaults=/etc/kelos-metadata/defaults/defaults.yaml",
        ]);
        let served = Served::of("a/b".to_owned(), "a", &deployment(&args)).unwrap();
        assert_eq!(served.args.policy.on_invalid, OnInvalid::Sanitize);
        assert_eq!(served.args.policy.protect, ["example.com/"]);
        assert!(served.args.tls_secret.is_some());
        let file = served.args.policy.defaults.as_deref().unwrap();
        let map = served.config_map(file).unwrap();
        assert_eq!(map, ("kelos-metadata".to_owned(), "defaults.yaml".to_owned()));
        assert_eq!(served.config_map(Path::new("/elsewhere/defaults.yaml")), None);
    }

    #[test]
    fn a_deployment_of_something_else_says_nothing() {
        for args in [
            json!(null),
            json!([]),
            json!(["controller"]),
            json!(["serve", "--no-such-flag"]),
            json!([1]),
        ] {
            assert!(Served::of("a/b".to_owned(), "a", &deployment(&args)).is_none(), "{args}");
        }
        assert!(Served::of("a/b".to_owned(), "a", &json!({})).is_none());
    }
}
