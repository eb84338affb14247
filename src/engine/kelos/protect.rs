//! Keys that a template never writes.

use std::collections::BTreeSet;

use thiserror::Error;

use super::is_ours;
use crate::apimachinery;
use crate::apimachinery::Kind;

/// Labels that Kelos itself acts on.
const CONTROL_LABELS: [&str; 4] =
    ["taskspawner", "spawner-credential", "slack-reporting", "sessionspawner"];

/// Annotations that Kelos itself acts on, on Tasks or on Sessions. Its reporters obey some of them with the server's own
/// GitHub token.
const CONTROL_ANNOTATIONS: [&str; 37] = [
    "source-kind",
    "source-number",
    "source-owner",
    "source-repo",
    "source-sha",
    "github-reporting",
    "github-comment-mode",
    "github-comment-id",
    "github-report-phase",
    "github-checks",
    "github-check-name",
    "github-check-run-id",
    "github-check-report-phase",
    "slack-reporting",
    "slack-channel",
    "slack-user-id",
    "slack-thread-ts",
    "slack-report-phase",
    "taskbudget-labels",
    "created-from-taskspawner",
    "trigger-type",
    "trigger-time",
    "on-completion",
    "webhook-report-phase",
    // Of Sessions: with these somebody's conversation and workspace are deleted, or an agent is stopped.
    "session-name",
    "sessionspawner-name",
    "session-reset-request",
    "session-reset-state",
    "session-idle-resume-request",
    "session-idle-resume-request-time",
    "session-idle-resume-acknowledgement",
    "session-idle-resume-acknowledgement-time",
    "session-idle-drain-request",
    "session-idle-drain-report",
    "session-runtime-update-request",
    "session-runtime-update-report",
    "force-session-runtime-update",
];

/// Labels of Jobs and Pods that Kelos sets, or selects by.
const POD_CONTROL_LABELS: [&str; 9] = [
    "name",
    "component",
    "managed-by",
    "task",
    "session",
    "workerpool",
    "execution-mode",
    "workspace",
    "conversion-webhook",
];

/// What the labels begin with by which Kueue takes a Job into a queue.
pub(in crate::engine) const KUEUE: &str = "kueue.x-k8s.io";

/// What other tools keep in labels and annotations of the objects they manage.
const FOREIGN_PREFIX: &str = "argocd.argoproj.io/";
/// What other tools keep in annotations of the objects they manage.
const FOREIGN_ANNOTATION_PREFIXES: [&str; 2] = ["kubectl.kubernetes.io/", "helm.sh/"];

/// The keys that templates may not touch: those of Kelos and of the tools around it, and what the
/// cluster admin adds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Protection {
    keys: BTreeSet<String>,
    prefixes: BTreeSet<String>,
}

/// An entry of `--protect` that is neither a key nor a prefix.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{entry}` is neither a key nor a prefix that ends in `/`: {error}")]
pub struct ProtectionError {
    entry: String,
    error: apimachinery::KeyError,
}

impl Protection {
    /// Kelos's own keys, and `entries`: a key (`team`, `example.com/team`), or all keys of a prefix
    /// (`example.com/`). An entry counts for labels and annotations.
    ///
    /// # Errors
    ///
    /// An entry that is neither.
    pub fn new<S: AsRef<str>>(entries: &[S]) -> Result<Protection, ProtectionError> {
        let mut protection = Protection::default();
        for entry in entries {
            let entry = entry.as_ref();
            let is_prefix = entry.ends_with('/');
            let sample = if is_prefix { format!("{entry}x") } else { entry.to_owned() };
            apimachinery::key(Kind::Annotation, &sample)
                .map_err(|error| ProtectionError { entry: entry.to_owned(), error })?;
            let set = if is_prefix { &mut protection.prefixes } else { &mut protection.keys };
            set.insert(entry.to_owned());
        }
        Ok(protection)
    }

    /// Whether no template may set, change or remove this key.
    pub fn covers(&self, kind: Kind, key: &str) -> bool {
        is_control_key(kind, key)
            || self.keys.contains(key)
            || self.prefixes.iter().any(|prefix| key.starts_with(prefix.as_str()))
    }

    /// What the admin added, sorted.
    pub fn entries(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().chain(&self.prefixes).map(String::as_str)
    }
}

fn is_control_key(kind: Kind, key: &str) -> bool {
    if kind == Kind::NodeSelector {
        // Whoever chooses the node by its name chooses whose Pods the agent sits beside.
        return key == "kubernetes.io/hostname";
    }
    if let Some(name) = key.strip_prefix("kelos.dev/") {
        let is_listed = match kind {
            Kind::Label | Kind::NodeSelector => CONTROL_LABELS.contains(&name),
            Kind::PodLabel => CONTROL_LABELS.contains(&name) || POD_CONTROL_LABELS.contains(&name),
            Kind::Annotation => CONTROL_ANNOTATIONS.contains(&name),
        };
        return is_listed || name.starts_with("v1alpha");
    }
    (kind == Kind::PodLabel && is_kept_from_pods(key))
        || is_ours(key)
        || key.starts_with(FOREIGN_PREFIX)
        || (kind == Kind::Annotation
            && FOREIGN_ANNOTATION_PREFIXES.iter().any(|prefix| key.starts_with(prefix)))
}

/// Whether Kubernetes, Kelos or Kueue give a label of a Pod its meaning. Of Kueue's, two are for users.
fn is_kept_from_pods(key: &str) -> bool {
    let Some((prefix, name)) = key.split_once('/') else {
        return matches!(key, "job-name" | "controller-uid" | "controller-revision-hash");
    };
    let is_of = |domain: &str| {
        let front = prefix.strip_suffix(domain);
        front.is_some_and(|front| front.is_empty() || front.ends_with('.'))
    };
    match prefix {
        // Kelos's own Services find its servers by these.
        "app.kubernetes.io" => matches!(name, "name" | "component"),
        KUEUE => !matches!(name, "queue-name" | "priority-class"),
        _ => is_of("kubernetes.io") || is_of("k8s.io"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_keys_are_covered_by_kind() {
        let protection = Protection::default();
        for (kind, key, covered) in [
            (Kind::Label, "kelos.dev/taskspawner", true),
            (Kind::Annotation, "kelos.dev/taskspawner", false),
            (Kind::Annotation, "kelos.dev/source-kind", true),
            (Kind::Label, "kelos.dev/source-kind", false),
            (Kind::Annotation, "kelos.dev/source-title", false),
            (Kind::Annotation, "kelos.dev/session-reset-request", true),
            (Kind::Annotation, "kelos.dev/sessionspawner-name", true),
            (Kind::Annotation, "kelos.dev/session-display-name", false),
            (Kind::Annotation, "kelos.dev/session-section", false),
            (Kind::Label, "kelos.dev/sessionspawner", true),
            (Kind::PodLabel, "controller-revision-hash", true),
            (Kind::Label, "kelos.dev/v1alpha2-anything", true),
            (Kind::Label, "metadata.kelos.dev/injection", true),
            (Kind::Annotation, "metadata.kelos.dev/skipped", true),
            (Kind::Annotation, "helm.sh/hook", true),
            (Kind::Label, "helm.sh/chart", false),
            (Kind::Annotation, "argocd.argoproj.io/tracking-id", true),
            (Kind::Label, "argocd.argoproj.io/secret-type", true),
            (Kind::Annotation, "kelos.dev/github-url", false),
        ] {
            assert_eq!(protection.covers(kind, key), covered, "{kind} {key}");
        }
    }

    #[test]
    fn an_admin_adds_keys_and_prefixes() {
        let protection = Protection::new(&["team", "billing.example.com/"]).unwrap();
        assert!(protection.covers(Kind::Label, "team"));
        assert!(protection.covers(Kind::Annotation, "billing.example.com/code"));
        assert!(!protection.covers(Kind::Label, "teams"));
        assert!(Protection::new(&["a b"]).unwrap_err().to_string().contains("`a b`"));
        assert!(Protection::new(&["a/b/"]).is_err());
        assert!(Protection::new(&["/"]).is_err());
    }
}
