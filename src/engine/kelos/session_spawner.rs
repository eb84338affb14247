//! A SessionSpawner as JSON: what differs from a TaskSpawner is where it has its templates, and what it can't have.

use serde::Deserialize;

use super::spawner::{BRANCH_BYTES, PROMPT_BYTES};
use super::{
    Bounded, GithubWebhook, NAME_TEMPLATE_ANNOTATION, ObjectMeta, Shape, TaskSpawner,
    TaskSpawnerSpec, TaskTemplate, When, null_as_default,
};

/// A SessionSpawner (v0.48 and later), read as a [`TaskSpawner`] is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct SessionSpawner {
    /// Name, namespace, uid, labels and annotations.
    pub metadata: ObjectMeta,
    #[serde(deserialize_with = "null_as_default")]
    spec: Spec,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    #[serde(deserialize_with = "null_as_default")]
    when: SessionWhen,
    #[serde(deserialize_with = "null_as_default")]
    session_template: SessionTemplate,
}

/// `spec.when`: events of GitHub. Of a source that came later nothing is known.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SessionWhen {
    github_webhook: Option<Box<GithubWebhook>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SessionTemplate {
    #[serde(deserialize_with = "null_as_default")]
    initial_prompt: Bounded<PROMPT_BYTES>,
    #[serde(deserialize_with = "null_as_default")]
    initial_branch: Bounded<BRANCH_BYTES>,
}

impl From<SessionSpawner> for TaskSpawner {
    fn from(read: SessionSpawner) -> TaskSpawner {
        let SessionSpawner { mut metadata, spec: Spec { when, session_template } } = read;
        // No template names Sessions, whatever stands there.
        metadata.annotations.remove(NAME_TEMPLATE_ANNOTATION);
        if let Some(not_kept) = &mut metadata.not_kept {
            not_kept.too_long.remove(NAME_TEMPLATE_ANNOTATION);
        }
        let makes = Shape::Session;
        let mut github_webhook = when.github_webhook;
        github_webhook.iter_mut().for_each(|source| source.makes = makes);
        let task_template = TaskTemplate {
            prompt_template: session_template.initial_prompt,
            branch: session_template.initial_branch,
            ..TaskTemplate::default()
        };
        let when = When { github_webhook, ..When::default() };
        TaskSpawner { makes, metadata, spec: TaskSpawnerSpec { when, task_template } }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::kelos::Source;

    #[test]
    fn its_templates_are_those_of_sessions_and_no_others() {
        let json = json!({
            "metadata": {"name": "s", "namespace": "ns", "annotations": {
                "kelos.dev/v1alpha2-name-template": "x", "metadata.kelos.dev/labels": "{}"}},
            "spec": {
                "when": {"githubWebhook": {"repository": "acme/widgets"}, "cron": {"schedule": "@daily"}},
                "sessionTemplate": {"initialPrompt": "p {{.Title}}", "initialBranch": "b"},
                "taskTemplate": {"promptTemplate": "no", "metadata": {"labels": {"a": "b"}}},
            },
        });
        let read: SessionSpawner = serde_json::from_value(json).unwrap();
        let spawner = TaskSpawner::from(read);
        assert_eq!((spawner.makes, &*spawner.metadata.name), (Shape::Session, "s"));
        let template = &spawner.spec.task_template;
        assert_eq!((&*template.prompt_template, &*template.branch), ("p {{.Title}}", "b"));
        assert!(template.metadata.is_none() && template.name_template.is_empty());
        assert!(!spawner.metadata.annotations.contains_key(NAME_TEMPLATE_ANNOTATION));
        let Source::GithubWebhook(source) = spawner.spec.when.source() else { panic!() };
        assert_eq!(source.makes, Shape::Session);
        assert!(spawner.asks_for_something());
        let empty = TaskSpawner::from(serde_json::from_value::<SessionSpawner>(json!({})).unwrap());
        assert_eq!(empty.spec.when.source(), Source::Unknown);
    }
}
