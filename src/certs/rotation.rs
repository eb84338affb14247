//! What comes next: pure, so that every state of the cluster can be tried.

use std::time::Duration;

use super::ca_bundle::CaBundle;
use super::configurations::{ConfigurationKind, Configurations};
use super::issue::{BACKDATED, LONGEST_AFTERLIFE};
use super::serving_cert::ServingCert;
use super::state::{BUNDLE, CERTIFICATE, KEY, NEXT_CERTIFICATE, NEXT_KEY, Secret, trusted_since};
use crate::unix_seconds::UnixSeconds;

/// The longest settling time while the Secret has no pair that can serve. Servers go on with the one
/// that they have, but one that starts has none.
const REPAIR_SETTLE: i64 = 5;

/// How certificates are rotated: what does not change while the process runs.
#[derive(Clone, Debug)]
pub struct RotationPolicy {
    /// The DNS name that the API server asks for.
    pub name: String,
    /// How long a certificate lives.
    pub lifetime: Duration,
    /// How long a CA is in the configurations before its certificate serves.
    pub settle: Duration,
}

impl RotationPolicy {
    /// How many seconds after now a CA of ours is expired at the latest, if whoever makes it
    /// has a clock that is ahead.
    fn longest_life(&self) -> i64 {
        let longest = self.lifetime.saturating_add(LONGEST_AFTERLIFE).saturating_add(BACKDATED);
        i64::try_from(longest.as_secs()).unwrap_or(i64::MAX)
    }
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RotationStep {
    /// Make a CA and a certificate; write the certificate beside the one that serves, and
    /// the CA into the Secret's bundle.
    Issue {
        /// The other CAs of the bundle.
        others: CaBundle,
        /// Whether the pair that should serve is to go: servers refuse it, and it may be so large
        /// that there is no room for another one.
        forget_pair: bool,
    },
    /// Write this bundle into the Secret; take away what is left of a certificate that can't serve.
    Mend {
        /// The bundle.
        bundle: CaBundle,
        /// Whether something of the next certificate is to go.
        forget_next: bool,
    },
    /// Write a bundle into configurations.
    Publish {
        /// Those that differ.
        into: Vec<ConfigurationKind>,
        /// The bundle.
        bundle: CaBundle,
        /// Whether the mark is to go first: what had settled was taken back.
        settles_anew: bool,
    },
    /// Write down that every configuration was seen with the CA of the next certificate: this
    /// is the annotation.
    Mark(String),
    /// Serve with the next certificate.
    Promote,
    /// Nothing, until then.
    Wait(UnixSeconds),
}

/// What servers do with the pair in the Secret.
enum Serving {
    /// They serve with it, and the API server trusts it.
    Trusted(ServingCert),
    /// They refuse it, and go on with the last one that they had.
    Refused,
    /// The API server does not trust it. Servers take it only if they have nothing better.
    Distrusted,
}

/// Everything that was read, assessed.
struct Assessment {
    serving: Serving,
    next: Option<ServingCert>,
    bundle: CaBundle,
}

/// Says what comes next.
///
/// `configurations` must have been read before `secret`: then the Secret is at least as new as
/// whatever is published, and what it does not hold can be taken out of the configurations.
/// `settled` is for how long this process has seen the mark of the Secret: the clocks of two API
/// servers may differ by more than the settling time, and its own does not.
pub fn next_step(
    policy: &RotationPolicy,
    secret: Option<&Secret>,
    configurations: &Configurations,
    now: UnixSeconds,
    settled: Duration,
) -> RotationStep {
    let assessed = Assessment::new(policy, secret, configurations.adoptable().as_deref(), now);
    let Assessment { serving, next, bundle } = &assessed;

    let is_due = match serving {
        Serving::Trusted(leaf) => leaf.renewal() <= now,
        Serving::Refused | Serving::Distrusted => true,
    };
    let Some(secret) = secret else {
        return RotationStep::Issue { others: assessed.bundle, forget_pair: false };
    };
    // Before anything is written to the Secret: that may be refused for ever.
    let mut into = Vec::new();
    let mut lets_settle = true;
    for (kind, live) in configurations.live() {
        if assessed.is_to_publish(secret, &live) {
            into.push(kind);
            lets_settle &= assessed.lets_settle(policy, &live, now);
        }
    }
    if !into.is_empty() {
        into.dedup();
        let settles_anew = secret.mark().is_some() && !lets_settle;
        return RotationStep::Publish { into, bundle: assessed.bundle, settles_anew };
    }
    if next.is_none() && is_due {
        let forget_pair = matches!(serving, Serving::Refused);
        return RotationStep::Issue { others: assessed.bundle, forget_pair };
    }
    let forget_next = next.is_none() && secret.has_next();
    if forget_next || secret.field(BUNDLE) != bundle.pem().as_bytes() {
        return RotationStep::Mend { bundle: assessed.bundle, forget_next };
    }
    let mut wake = bundle.first_expiry().map_or(UnixSeconds::NEVER, |expiry| expiry + 1);
    if let Serving::Trusted(leaf) = serving {
        // Once it is over, nothing is lost by serving with the next one at once.
        wake = wake.min(leaf.validity.not_after + 1);
        if next.is_none() {
            wake = wake.min(leaf.renewal());
        }
    }
    let Some(next) = next else { return RotationStep::Wait(wake) };
    let settle = assessed.settle(policy, now);
    if settle == 0 {
        return RotationStep::Promote;
    }
    let fingerprint = next.fingerprint();
    match secret.trusted_since(&fingerprint) {
        // One that is yet to come was written by a clock that was ahead.
        Some(since) if since <= now => {
            let settled = i64::try_from(settled.as_secs()).unwrap_or(i64::MAX);
            match settle.saturating_sub(settled.min(now - since)) {
                ..=0 => RotationStep::Promote,
                left => RotationStep::Wait((now + left).min(wake)),
            }
        }
        _ => RotationStep::Mark(trusted_since(&fingerprint, now)),
    }
}

impl Assessment {
    fn new(
        policy: &RotationPolicy,
        secret: Option<&Secret>,
        live: Option<&[u8]>,
        now: UnixSeconds,
    ) -> Assessment {
        let field = |name| secret.map(|secret| secret.field(name)).unwrap_or_default();
        let pair = ServingCert::read(&field(CERTIFICATE), &field(KEY));
        let next = ServingCert::read(&field(NEXT_CERTIFICATE), &field(NEXT_KEY));
        let written = field(BUNDLE);
        let mut bundle = CaBundle::read(&written);
        // Where the Secret's word is lost, or no pair in it can serve, the configuration still knows
        // what servers may serve with. Nowhere else is it believed, and not for longer than
        // CAs of ours live, unless the Secret has what they signed.
        let is_whole = bundle.len() > 0 && bundle.pem().as_bytes() == written;
        let trusts = |bundle: &CaBundle, leaf: &ServingCert| {
            leaf.is_trusted_by_any(bundle, &policy.name, now)
        };
        let misses_one = [&pair, &next].into_iter().flatten().any(|leaf| !trusts(&bundle, leaf));
        if !is_whole || misses_one || pair.is_none() {
            let latest = now + policy.longest_life();
            let adopted = CaBundle::read(live.unwrap_or_default()).only(|ca| {
                let mut pairs = [&pair, &next].into_iter().flatten();
                ca.validity.not_after <= latest
                    || pairs.any(|leaf| leaf.is_trusted(ca, &policy.name, now))
            });
            bundle = bundle.union(&adopted);
        }
        let serving = match pair {
            Some(leaf) if trusts(&bundle, &leaf) => Serving::Trusted(leaf),
            Some(_) => Serving::Distrusted,
            None => Serving::Refused,
        };
        let next = next.filter(|leaf| trusts(&bundle, leaf));
        let needed: Vec<&ServingCert> = match &serving {
            Serving::Trusted(leaf) => vec![leaf],
            Serving::Refused | Serving::Distrusted => Vec::new(),
        };
        let needed: Vec<&ServingCert> = needed.into_iter().chain(&next).collect();
        let bundle = bundle
            .pruned(now, |ca| needed.iter().any(|leaf| leaf.is_trusted(ca, &policy.name, now)));
        Assessment { serving, next, bundle }
    }

    /// Whether a configuration is to be written: it differs, and the Secret says the same as the
    /// bundle. If the configuration lacks a CA, it is enough that the Secret has them all.
    fn is_to_publish(&self, secret: &Secret, live: &[u8]) -> bool {
        let (pem, written) = (self.bundle.pem(), secret.field(BUNDLE));
        let is_lacking = || {
            self.bundle.is_within(&CaBundle::read(&written))
                && !self.bundle.is_within(&CaBundle::read(live))
        };
        self.bundle.len() > 0
            && live != pem.as_bytes()
            && (written == pem.as_bytes() || is_lacking())
    }

    /// Whether the next certificate is trusted with this caBundle beyond all doubt: so it settles.
    fn lets_settle(&self, policy: &RotationPolicy, live: &[u8], now: UnixSeconds) -> bool {
        let bundle = CaBundle::read(live);
        let trusts = |next: &ServingCert| next.is_trusted_by_any(&bundle, &policy.name, now);
        bundle.pem().as_bytes() == live && self.next.as_ref().is_some_and(trusts)
    }

    /// For how many seconds the configurations are to be as they are before the next certificate serves.
    fn settle(&self, policy: &RotationPolicy, now: UnixSeconds) -> i64 {
        let settle = i64::try_from(policy.settle.as_secs()).unwrap_or(i64::MAX);
        let is_of_next =
            |ca: &_| self.next.as_ref().is_some_and(|next| next.is_trusted(ca, &policy.name, now));
        match self.serving {
            Serving::Trusted(_) => settle,
            // Where there is no other CA, nobody serves with anything that is trusted.
            _ if self.bundle.iter().all(is_of_next) => 0,
            Serving::Refused | Serving::Distrusted => settle.min(REPAIR_SETTLE),
        }
    }
}

#[cfg(test)]
mod tests;
