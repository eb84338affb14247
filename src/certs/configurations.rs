//! The configurations that hold webhooks of ours, and the caBundle of each.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;

use super::state::{ObjectMetadata, or_default};
use crate::cluster::Resource;
use crate::words::words;

words! {
    /// The kinds of configurations that webhooks of ours are registered in.
    pub enum ConfigurationKind {
        /// What may change objects. Only of it a CA is ever adopted.
        Mutating = "MutatingWebhookConfiguration",
        /// What only judges them.
        Validating = "ValidatingWebhookConfiguration",
    }
}

words! {
    /// The webhooks of ours, by their names.
    pub enum OurWebhook {
        /// New Tasks.
        Task = "mtask.metadata.kelos.dev",
        /// New Sessions.
        Session = "msession.metadata.kelos.dev",
        /// What is written of TaskSpawners and SessionSpawners.
        Spawner = "vspawner.metadata.kelos.dev",
    }
}

impl OurWebhook {
    /// The configuration that it is registered in.
    pub const fn configuration(self) -> ConfigurationKind {
        match self {
            OurWebhook::Task | OurWebhook::Session => ConfigurationKind::Mutating,
            OurWebhook::Spawner => ConfigurationKind::Validating,
        }
    }

    /// The path under which it is answered.
    pub const fn path(self) -> &'static str {
        match self {
            OurWebhook::Task => "/mutate-task",
            OurWebhook::Session => "/mutate-session",
            OurWebhook::Spawner => "/validate-spawner",
        }
    }

    /// Whether what it has to be asked about may be written in this version of Kelos's kinds, as far as is known.
    pub fn may_be_in(self, version: &str) -> bool {
        match self {
            // Sessions came after v1alpha1.
            OurWebhook::Session => version != "v1alpha1",
            OurWebhook::Task | OurWebhook::Spawner => true,
        }
    }

    /// The operation and the plural that it has to be asked about, at the least.
    pub const fn asked_about(self) -> (&'static str, &'static str) {
        match self {
            OurWebhook::Task => ("CREATE", "tasks"),
            OurWebhook::Session => ("CREATE", "sessions"),
            OurWebhook::Spawner => ("UPDATE", "taskspawners"),
        }
    }
}

impl ConfigurationKind {
    /// Whether the `caBundle` of a webhook of this name is kept: no other one is touched.
    fn has(self, name: &str) -> bool {
        name.parse().is_ok_and(|webhook: OurWebhook| webhook.configuration() == self)
    }

    /// The webhook of this kind without which nothing works.
    pub const fn webhook(self) -> OurWebhook {
        match self {
            ConfigurationKind::Mutating => OurWebhook::Task,
            ConfigurationKind::Validating => OurWebhook::Spawner,
        }
    }

    /// The configurations of this kind.
    pub const fn resource(self) -> Resource {
        match self {
            ConfigurationKind::Mutating => Resource::MUTATING_WEBHOOK_CONFIGURATIONS,
            ConfigurationKind::Validating => Resource::VALIDATING_WEBHOOK_CONFIGURATIONS,
        }
    }
}

/// The part of a configuration that matters.
#[derive(Clone, Default, Deserialize)]
pub(super) struct Configuration {
    pub(super) metadata: ObjectMetadata,
    #[serde(default, deserialize_with = "or_default")]
    webhooks: Vec<Webhook>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Webhook {
    #[serde(default)]
    name: String,
    #[serde(default)]
    client_config: ClientConfig,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientConfig {
    #[serde(default, deserialize_with = "or_default")]
    ca_bundle: String,
}

impl Configuration {
    /// The webhooks of ours that it has, as one of this kind, with the caBundle of each.
    pub(super) fn ca_bundles(
        &self,
        kind: ConfigurationKind,
    ) -> impl Iterator<Item = (&str, Vec<u8>)> {
        let ours = self.webhooks.iter().filter(move |it| kind.has(&it.name));
        ours.map(|webhook| {
            let bundle = BASE64.decode(&webhook.client_config.ca_bundle).unwrap_or_default();
            (&*webhook.name, bundle)
        })
    }
}

/// The configuration of each kind, where there is one.
#[derive(Clone, Default)]
pub struct Configurations {
    found: [Option<Configuration>; ConfigurationKind::ALL.len()],
}

impl Configurations {
    /// Puts down the configuration of a kind.
    pub(super) fn set(&mut self, kind: ConfigurationKind, found: Option<Configuration>) {
        self.found[kind as usize] = found;
    }

    /// The configuration of a kind.
    pub(super) fn of(&self, kind: ConfigurationKind) -> Option<&Configuration> {
        self.found[kind as usize].as_ref()
    }

    /// The caBundle of each webhook of ours that there is, in whichever configuration: what does not exist
    /// is not waited for.
    pub(super) fn live(&self) -> impl Iterator<Item = (ConfigurationKind, Vec<u8>)> {
        let kinds = ConfigurationKind::ALL.into_iter();
        kinds.flat_map(|kind| {
            let bundles = self.of(kind).into_iter().flat_map(move |it| it.ca_bundles(kind));
            bundles.map(move |(_, bundle)| (kind, bundle))
        })
    }

    /// The caBundle that CAs may be adopted from, where the Secret is lost.
    pub(super) fn adoptable(&self) -> Option<Vec<u8>> {
        self.live().find(|(kind, _)| *kind == ConfigurationKind::Mutating).map(|(_, live)| live)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(webhooks: &Value) -> Configuration {
        serde_json::from_value(json!({"metadata": {}, "webhooks": webhooks})).unwrap()
    }

    #[test]
    fn the_bundles_are_those_of_our_webhooks() {
        for kind in ConfigurationKind::ALL {
            let bundles = |webhooks: Value| -> Vec<Vec<u8>> {
                let configuration = read(&webhooks);
                configuration.ca_bundles(kind).map(|(_, bundle)| bundle).collect()
            };
            let other = json!({"name": "other.example.com", "clientConfig": {"caBundle": "eA=="}});
            let ours = |config| json!({"name": kind.webhook().as_str(), "clientConfig": config});
            assert!(bundles(json!(null)).is_empty());
            assert!(bundles(json!([other])).is_empty());
            assert_eq!(bundles(json!([other, ours(json!({}))])), [b""]);
            assert_eq!(bundles(json!([other, ours(json!({"caBundle": "eQ=="}))])), [b"y"]);
        }
    }

    #[test]
    fn a_webhook_in_a_configuration_of_another_kind_is_none_of_ours() {
        let configuration = read(&json!([{"name": "vspawner.metadata.kelos.dev"}]));
        assert_eq!(configuration.ca_bundles(ConfigurationKind::Mutating).count(), 0);
        let mut configurations = Configurations::default();
        configurations.set(ConfigurationKind::Validating, Some(configuration));
        assert_eq!(configurations.live().count(), 1);
        assert_eq!(configurations.adoptable(), None, "only the mutating one is adopted from");
    }
}
