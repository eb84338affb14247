//! What lint reads of a TaskSpawner or SessionSpawner: more than the rules do, and nothing that is kept.
//!
//! Lists and maps are read as far as they may go, so that reading takes no more memory than the text of the object
//! and a bound beside it.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use crate::engine::kelos::{
    FieldMap, List, NAME_TEMPLATE_ANNOTATION, ObjectMeta, TemplateMetadata,
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct View {
    #[serde(deserialize_with = "null_as_default")]
    pub(super) metadata: ObjectMeta,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) spec: Spec,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Spec {
    #[serde(deserialize_with = "null_as_default")]
    pub(super) when: When,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) task_template: TaskTemplate,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) session_template: SessionTemplate,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct SessionTemplate {
    #[serde(deserialize_with = "null_as_default")]
    pub(super) initial_prompt: String,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) initial_branch: String,
    pub(super) worker: Option<Worker>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct TaskTemplate {
    #[serde(deserialize_with = "null_as_default")]
    pub(super) prompt_template: String,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) branch: String,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) name_template: String,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) metadata: TemplateMetadata,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) context_sources: List<ContextSource>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) depends_on: List<String>,
    pub(super) pod_overrides: Option<PodOverrides>,
    pub(super) worker: Option<Worker>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Worker {
    pub(super) pod_overrides: Option<PodOverrides>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PodOverrides {
    #[serde(deserialize_with = "null_as_default")]
    pub(super) labels: FieldMap,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ContextSource {
    #[serde(deserialize_with = "null_as_default")]
    pub(super) name: String,
    pub(super) failure_policy: Option<String>,
    pub(super) http: Option<Http>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Http {
    #[serde(deserialize_with = "null_as_default")]
    pub(super) url: String,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) body: String,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) headers: FieldMap,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) allow_insecure: bool,
    pub(super) max_response_bytes: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct When {
    pub(super) github_issues: Option<IgnoredAny>,
    pub(super) github_pull_requests: Option<IgnoredAny>,
    pub(super) jira: Option<IgnoredAny>,
    pub(super) cron: Option<Cron>,
    pub(super) github_webhook: Option<GithubWebhook>,
    pub(super) linear_webhook: Option<IgnoredAny>,
    pub(super) webhook: Option<Webhook>,
    pub(super) slack: Option<IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Cron {
    #[serde(deserialize_with = "null_as_default")]
    pub(super) schedule: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct GithubWebhook {
    #[serde(deserialize_with = "null_as_default")]
    pub(super) events: List<String>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) filters: List<Filter>,
}

/// What a filter lets pass, as far as variables hang on it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Filter {
    #[serde(deserialize_with = "null_as_default")]
    pub(super) event: String,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) action: String,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) branch: String,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) tag: String,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) comment_on: String,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) conclusion: String,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) body_contains: String,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) body_pattern: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Webhook {
    #[serde(deserialize_with = "null_as_default")]
    pub(super) source: String,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) field_mapping: FieldMap,
}

impl When {
    /// Whether it has a source that is polled, which any Kelos has.
    pub(super) fn has_polled(&self) -> bool {
        let of_github = self.github_issues.is_some() || self.github_pull_requests.is_some();
        of_github || self.jira.is_some() || self.cron.is_some()
    }

    /// Whether it has a source that servers of later versions of Kelos wait for.
    pub(super) fn has_served(&self) -> bool {
        let of_github = self.github_webhook.is_some();
        let others = self.linear_webhook.is_some() || self.webhook.is_some();
        of_github || others || self.slack.is_some()
    }
}

impl View {
    /// The template of names, and where it stands: in v1alpha1 in an annotation.
    pub(super) fn name_template(&self) -> (&'static [&'static str], &str) {
        let own = &*self.spec.task_template.name_template;
        match self.metadata.annotations.get(NAME_TEMPLATE_ANNOTATION) {
            Some(kept) if own.is_empty() => {
                (&["metadata", "annotations", NAME_TEMPLATE_ANNOTATION], kept)
            }
            _ => (&["spec", "taskTemplate", "nameTemplate"], own),
        }
    }
}

fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
