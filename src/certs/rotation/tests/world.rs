//! A cluster in memory, which takes the same patches as the API server does.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::super::*;
use crate::certs::issue::{Issued, issue};
use crate::certs::patches;
use crate::certs::propagation::Propagation;
use crate::certs::state::TRUSTED_SINCE;

pub(super) const NAME: &str = "kelos-metadata.kelos-system.svc";
pub(super) const NOW: UnixSeconds = UnixSeconds(1_900_000_000);
pub(super) const LIFE: i64 = 9000;
pub(super) const SETTLE: i64 = 60;

pub(super) fn policy() -> RotationPolicy {
    RotationPolicy {
        name: NAME.to_owned(),
        lifetime: Duration::from_secs(LIFE.unsigned_abs()),
        settle: Duration::from_secs(SETTLE.unsigned_abs()),
    }
}

/// A certificate that was issued then.
pub(super) fn issued(at: UnixSeconds) -> Issued {
    issue(NAME, policy().lifetime, at).unwrap()
}

/// A configuration as it is installed, with a webhook of somebody else.
pub(super) fn unpublished(kind: ConfigurationKind) -> Value {
    let other = json!({"name": "other.example.com", "clientConfig": {"caBundle": "eA=="}});
    let ours = json!({"name": kind.webhook().as_str(), "clientConfig": {"service": {}}});
    json!({"metadata": {"resourceVersion": "1"}, "webhooks": [other, ours]})
}

/// The cluster, its time, and what servers do.
#[derive(Clone)]
pub(super) struct World {
    pub(super) secret: Option<Value>,
    pub(super) configuration: Option<Value>,
    /// The validating one.
    pub(super) validating: Option<Value>,
    pub(super) now: UnixSeconds,
    /// What the one controller has seen that is always there.
    pub(super) propagation: Propagation,
    /// Counts writes, for versions.
    writes: u64,
    /// The last pair that a server took.
    served: Option<(Vec<u8>, Vec<u8>)>,
}

/// What a controller has read.
pub(super) struct View {
    secret: Option<Value>,
    configuration: Option<Value>,
    validating: Option<Value>,
}

/// The next controller that read the same wrote before.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Conflict;

impl World {
    /// An installation that nobody has looked after yet.
    pub(super) fn new() -> World {
        let configuration = Some(unpublished(ConfigurationKind::Mutating));
        let validating = Some(unpublished(ConfigurationKind::Validating));
        let propagation = Propagation::default();
        let (secret, now, writes, served) = (None, NOW, 1, None);
        World { secret, configuration, validating, now, propagation, writes, served }
    }

    /// One in which a certificate serves, which was issued now.
    pub(super) fn settled() -> World {
        let mut world = World::new();
        world.run();
        world
    }

    pub(super) fn read(&self) -> View {
        View {
            secret: self.secret.clone(),
            configuration: self.configuration.clone(),
            validating: self.validating.clone(),
        }
    }

    pub(super) fn next(&mut self) -> RotationStep {
        let view = self.read();
        let settled = view.settled(&mut self.propagation, self.now);
        view.next(self.now, settled)
    }

    /// Takes steps until there is nothing to do now; gives their names.
    pub(super) fn run(&mut self) -> Vec<&'static str> {
        let mut taken = Vec::new();
        for _ in 0..20 {
            let view = self.read();
            let step = self.next();
            if matches!(step, RotationStep::Wait(_)) {
                return taken;
            }
            taken.push(name(&step));
            self.take(&view, step, self.now).unwrap();
        }
        panic!("it goes on and on: {taken:?}");
    }

    /// Goes on to when there is something to do.
    pub(super) fn sleep(&mut self) {
        match self.next() {
            RotationStep::Wait(until) => {
                assert!(until > self.now, "{until}");
                self.now = until;
            }
            step => panic!("{} is to be done", name(&step)),
        }
    }

    /// Takes a step that was made for what a controller has seen; its clock may differ.
    pub(super) fn take(
        &mut self,
        view: &View,
        step: RotationStep,
        now: UnixSeconds,
    ) -> Result<(), Conflict> {
        if let RotationStep::Publish { into, bundle, settles_anew } = &step {
            if *settles_anew {
                self.write(&patches::unmark(&view.secret().unwrap()))?;
            }
            return into.iter().try_for_each(|kind| self.publish(view, *kind, bundle));
        }
        let made = issue(NAME, policy().lifetime, now).unwrap();
        let patch = match (view.secret(), step) {
            (None, RotationStep::Issue { others, .. }) if self.secret.is_none() => {
                self.secret = Some(json!({"metadata": {"resourceVersion": "0"}}));
                let mut secret = patches::new_secret("tls", &made, &others);
                secret["metadata"]["resourceVersion"] = json!("0");
                secret
            }
            (None, _) => return Err(Conflict),
            (Some(secret), step) => match step {
                RotationStep::Issue { others, forget_pair } => {
                    patches::issue(&secret, &made, &others, forget_pair)
                }
                RotationStep::Mend { bundle, forget_next } => {
                    patches::mend(&secret, &bundle, forget_next)
                }
                RotationStep::Mark(text) => patches::mark(&secret, &text),
                RotationStep::Promote => patches::promote(&secret),
                RotationStep::Publish { .. } | RotationStep::Wait(_) => unreachable!(),
            },
        };
        self.write(&patch)
    }

    /// Changes a configuration as it was seen.
    pub(super) fn publish(
        &mut self,
        view: &View,
        kind: ConfigurationKind,
        bundle: &CaBundle,
    ) -> Result<(), Conflict> {
        let found = view.configurations();
        let patch = patches::publish(kind, found.of(kind).unwrap(), bundle);
        self.is_current(&patch, self.of(kind).as_ref())?;
        self.writes += 1;
        let version = json!(self.writes.to_string());
        let configuration = self.of_mut(kind).as_mut().unwrap();
        for webhook in configuration["webhooks"].as_array_mut().unwrap() {
            for patched in patch["webhooks"].as_array().unwrap() {
                if webhook["name"] == patched["name"] {
                    json_patch::merge(webhook, patched);
                }
            }
        }
        configuration["metadata"]["resourceVersion"] = version;
        self.check();
        Ok(())
    }

    fn of(&self, kind: ConfigurationKind) -> &Option<Value> {
        match kind {
            ConfigurationKind::Mutating => &self.configuration,
            ConfigurationKind::Validating => &self.validating,
        }
    }

    fn of_mut(&mut self, kind: ConfigurationKind) -> &mut Option<Value> {
        match kind {
            ConfigurationKind::Mutating => &mut self.configuration,
            ConfigurationKind::Validating => &mut self.validating,
        }
    }

    /// Changes the Secret as it was seen.
    fn write(&mut self, patch: &Value) -> Result<(), Conflict> {
        self.is_current(patch, self.secret.as_ref())?;
        self.writes += 1;
        let secret = self.secret.as_mut().ok_or(Conflict)?;
        json_patch::merge(secret, patch);
        secret["metadata"]["resourceVersion"] = json!(self.writes.to_string());
        self.check();
        Ok(())
    }

    fn is_current(&self, patch: &Value, object: Option<&Value>) -> Result<(), Conflict> {
        let object = object.ok_or(Conflict)?;
        let version = &patch["metadata"]["resourceVersion"];
        assert!(version.is_string());
        if object["metadata"]["resourceVersion"] == *version { Ok(()) } else { Err(Conflict) }
    }

    /// Somebody else writes a field of the Secret.
    pub(super) fn spoil(&mut self, field: &str, value: impl AsRef<[u8]>) {
        self.writes += 1;
        let secret = self.secret.as_mut().unwrap();
        secret["metadata"]["resourceVersion"] = json!(self.writes.to_string());
        secret["data"][field] = json!(BASE64.encode(value));
        self.serve();
    }

    /// Somebody else writes the mark.
    pub(super) fn remark(&mut self, mark: &str) {
        self.secret.as_mut().unwrap()["metadata"]["annotations"] = json!({ TRUSTED_SINCE: mark });
    }

    /// Somebody else writes the caBundle of the mutating webhook.
    pub(super) fn edit(&mut self, bundle: impl AsRef<[u8]>) {
        self.edit_of(ConfigurationKind::Mutating, bundle);
    }

    /// Somebody else writes a caBundle.
    pub(super) fn edit_of(&mut self, kind: ConfigurationKind, bundle: impl AsRef<[u8]>) {
        self.writes += 1;
        let version = json!(self.writes.to_string());
        let configuration = self.of_mut(kind).as_mut().unwrap();
        configuration["metadata"]["resourceVersion"] = version;
        configuration["webhooks"][1]["clientConfig"]["caBundle"] = json!(BASE64.encode(bundle));
    }

    /// Somebody else puts a configuration there that was not.
    pub(super) fn reinstall(&mut self) {
        self.configuration = World::new().configuration;
        self.edit("");
    }

    pub(super) fn field(&self, name: &str) -> Vec<u8> {
        self.read().secret().unwrap().field(name)
    }

    /// The caBundle of the mutating webhook.
    pub(super) fn live(&self) -> Vec<u8> {
        self.live_of(ConfigurationKind::Mutating)
    }

    pub(super) fn live_of(&self, kind: ConfigurationKind) -> Vec<u8> {
        let found = self.read().configurations();
        found.live().find(|(of, _)| *of == kind).unwrap().1
    }

    pub(super) fn cas(&self) -> usize {
        CaBundle::read(&self.live()).len()
    }

    /// What new connections are served with; the last good pair stays.
    pub(super) fn serve(&mut self) -> Option<ServingCert> {
        if let Some(secret) = self.read().secret() {
            let pair = (secret.field(CERTIFICATE), secret.field(KEY));
            if ServingCert::read(&pair.0, &pair.1).is_some() {
                self.served = Some(pair);
            }
        }
        let (certificate, key) = self.served.clone()?;
        ServingCert::read(&certificate, &key)
    }

    /// Whether the API server calls the webhook of Tasks, and trusts what is served, whichever it calls.
    pub(super) fn is_trusted(&mut self) -> bool {
        self.configuration.is_some()
            && ConfigurationKind::ALL.into_iter().all(|kind| self.is_trusted_by(kind))
    }

    /// Whether it does when it calls the one of a configuration, if that is there.
    pub(super) fn is_trusted_by(&mut self, kind: ConfigurationKind) -> bool {
        if self.of(kind).is_none() {
            return true;
        }
        let (live, now) = (CaBundle::read(&self.live_of(kind)), self.now);
        self.serve().is_some_and(|leaf| leaf.is_trusted_by_any(&live, NAME, now))
    }

    /// Servers follow the Secret, and nothing of others is ever touched.
    fn check(&mut self) {
        self.serve();
        for configuration in [&self.configuration, &self.validating].into_iter().flatten() {
            untouched(configuration);
        }
    }
}

/// Whether all is as it was in a configuration, but for what is ours.
fn untouched(configuration: &Value) {
    let other = &configuration["webhooks"][0];
    if other.is_null() {
        return;
    }
    assert_eq!(*other, json!({"name": "other.example.com", "clientConfig": {"caBundle": "eA=="}}));
    assert_eq!(configuration["webhooks"][1]["clientConfig"]["service"], json!({}));
}

impl View {
    /// This configuration, with the Secret of another view.
    pub(super) fn with_secret_of(self, other: View) -> View {
        View { secret: other.secret, ..self }
    }

    /// What comes next for who has seen the mark for so long.
    pub(super) fn next(&self, now: UnixSeconds, settled: Duration) -> RotationStep {
        next_step(&policy(), self.secret().as_ref(), &self.configurations(), now, settled)
    }

    /// For how long a controller has seen the mark.
    pub(super) fn settled(&self, propagation: &mut Propagation, now: UnixSeconds) -> Duration {
        let uptime = now.since_1970();
        propagation.see(self.secret().as_ref().and_then(Secret::mark), uptime)
    }

    fn secret(&self) -> Option<Secret> {
        self.secret.clone().map(|secret| serde_json::from_value(secret).unwrap())
    }

    fn configurations(&self) -> Configurations {
        let read = |object: &Option<Value>| {
            object.clone().map(|object| serde_json::from_value(object).unwrap())
        };
        let mut found = Configurations::default();
        found.set(ConfigurationKind::Mutating, read(&self.configuration));
        found.set(ConfigurationKind::Validating, read(&self.validating));
        found
    }
}

pub(super) fn name(step: &RotationStep) -> &'static str {
    match step {
        RotationStep::Issue { .. } => "issue",
        RotationStep::Mend { .. } => "mend",
        RotationStep::Publish { .. } => "publish",
        RotationStep::Mark(_) => "mark",
        RotationStep::Promote => "promote",
        RotationStep::Wait(_) => "wait",
    }
}
