//! What says whether rules are the same.

use sha2::{Digest, Sha256};

use super::Policy;
use crate::apimachinery::Kind;
use crate::engine::kelos::{
    Bounded, INFER_SETTING, INJECTION_SETTING, KeyList, NAME_TEMPLATE_ANNOTATION,
    ON_INVALID_SETTING, POD_LABELS_FROM_TASK_SETTING, SYNTAX_SETTING, TaskSpawner, TooLong,
    rules_annotation,
};
use crate::hex::hex;
use crate::templates::value::Text;

/// Eight hex digits that change when the rules may give another result.
pub(super) fn hash(spawner: &TaskSpawner, policy: &Policy) -> Text {
    let mut parts = Parts(Sha256::new());
    let meta = &spawner.metadata;
    let settings =
        [POD_LABELS_FROM_TASK_SETTING, SYNTAX_SETTING, ON_INVALID_SETTING, INJECTION_SETTING];
    for name in Kind::ALL.map(rules_annotation).into_iter().chain(settings) {
        parts.text(meta.annotations.get(name).map_or("", String::as_str));
        parts.too_long(meta.too_long(name));
    }
    if let Some(field) = &spawner.spec.task_template.metadata {
        for (kind, map) in [(Kind::Label, &field.labels), (Kind::Annotation, &field.annotations)] {
            parts.text("map");
            for (key, template) in map {
                parts.text(key);
                parts.text(template);
            }
            let beyond = field.beyond.of(kind);
            beyond.into_iter().flat_map(KeyList::iter).for_each(|key| parts.text(key));
        }
    }
    // What is read back depends on these.
    let template = &spawner.spec.task_template;
    let infer = meta.annotations.get(INFER_SETTING);
    parts.text(infer.map_or(policy.infer.as_str(), String::as_str));
    parts.bounded(&template.prompt_template);
    parts.bounded(&template.branch);
    parts.bounded(&template.name_template);
    if let Some(kept) = meta.annotations.get(NAME_TEMPLATE_ANNOTATION) {
        parts.text(kept);
    }
    parts.too_long(meta.too_long(NAME_TEMPLATE_ANNOTATION));
    if let Some(digest) = policy.defaults.digest {
        parts.0.update(digest);
    }
    parts.text(policy.on_invalid.as_str());
    policy.protection.entries().for_each(|entry| parts.text(entry));
    let digest = parts.0.finalize();
    hex(&digest[..4]).into()
}

struct Parts(Sha256);

impl Parts {
    fn text(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text);
    }

    fn too_long(&mut self, too_long: Option<TooLong>) {
        if let Some(TooLong { bytes, hash }) = too_long {
            self.0.update((bytes as u64).to_le_bytes());
            self.0.update(hash);
        }
    }

    fn bounded<const MOST: usize>(&mut self, text: &Bounded<MOST>) {
        self.text(text);
        self.too_long(text.too_long());
    }
}
