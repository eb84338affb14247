//! SessionSpawner and item → the Session.

use serde_json::{Map, Value, json};

use super::no_task::NoTask;
use super::spawner::Spawner;
use super::variables::Variables;
use crate::engine::kelos::{SESSION_SPAWNER_LABEL, SESSION_SPAWNER_NAME_ANNOTATION, Shape};
use crate::engine::sources::Rendered;

/// A JSON object.
type Fields = Map<String, Value>;

impl Spawner {
    /// The Session of this name, as Kelos sends it to the API server: no webhook has seen it.
    pub(super) fn session(&self, name: String, variables: &Variables) -> Result<Value, NoTask> {
        let mut labels = Map::new();
        labels.insert(SESSION_SPAWNER_LABEL.to_owned(), self.uid.as_str().into());
        let spec = self.with_pinned_credentials(self.session_spec(variables)?, &mut labels)?;
        let owner = json!({
            "apiVersion": "kelos.dev/v1alpha2", "kind": Shape::Session.spawner(),
            "name": self.name, "uid": self.uid, "controller": true,
        });
        let mut metadata = json!({
            "name": name, "labels": labels,
            "annotations": {SESSION_SPAWNER_NAME_ANNOTATION: self.name},
            "ownerReferences": [owner],
        });
        if !self.namespace.is_empty() {
            metadata["namespace"] = self.namespace.as_str().into();
        }
        let kind = Shape::Session.as_str();
        Ok(
            json!({"apiVersion": "kelos.dev/v1alpha2", "kind": kind, "metadata": metadata, "spec": spec}),
        )
    }

    /// `spec.sessionTemplate`, with its two templates rendered.
    fn session_spec(&self, variables: &Variables) -> Result<Fields, NoTask> {
        let mut spec = self.template.clone();
        let shape = Shape::Session;
        for (rendered, field) in [
            (Rendered::Prompt(shape), shape.prompt_name()),
            (Rendered::Branch(shape), shape.branch_name()),
        ] {
            let text = self.render(self.text(field), variables);
            let text = text.map_err(|error| NoTask::of_template(rendered, error))?;
            match text.is_empty() {
                true => spec.remove(field),
                false => spec.insert(field.to_owned(), text.into()),
            };
        }
        // What the API server fills in comes before webhooks are asked.
        spec.entry("suspend").or_insert(Value::Bool(false));
        Ok(spec)
    }

    /// Gives the worker credentials of the pool, if there is one: Kelos takes any, here it is the first.
    fn with_pinned_credentials(
        &self,
        mut spec: Fields,
        labels: &mut Fields,
    ) -> Result<Fields, NoTask> {
        let Some(first) = self.credentials.first() else { return Ok(spec) };
        let worker = spec.entry("worker").or_insert_with(|| json!({}));
        if worker.get("credentials").is_some() {
            return Err(NoTask::kelos(
                "spec.credentials can't be used beside spec.sessionTemplate.worker.credentials",
            ));
        }
        let secret = json!({"name": first["secretRef"]["name"]});
        worker["credentials"] = json!({"type": first["type"], "secretRef": secret});
        labels.insert("kelos.dev/spawner-credential".to_owned(), first["name"].clone());
        Ok(spec)
    }
}
