//! The parts of a spawner that lint judges: if none of them changed, there is nothing new to say.

use std::fmt;
use std::hash::{BuildHasher, RandomState};

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::engine::kelos::{INJECTION_SETTING, NAME_TEMPLATE_ANNOTATION, Str, is_ours};

/// What of a spawner is judged, and what switches that off. It holds nothing of the spawner but its name: an
/// API server that sends millions of annotations is sent by somebody else.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Judged<'a> {
    #[serde(borrow)]
    metadata: Option<Metadata<'a>>,
    #[serde(borrow)]
    spec: Option<Spec<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Metadata<'a> {
    #[serde(borrow)]
    name: Option<Str<'a>>,
    #[serde(borrow)]
    generate_name: Option<Str<'a>>,
    #[serde(borrow)]
    deletion_timestamp: Option<&'a RawValue>,
    annotations: Option<Annotations>,
}

/// `spec`. The API server writes an object and its predecessor in the same way, so that texts are compared.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec<'a> {
    #[serde(borrow)]
    when: Option<&'a RawValue>,
    #[serde(borrow)]
    task_template: Option<&'a RawValue>,
    #[serde(borrow)]
    session_template: Option<&'a RawValue>,
}

/// What is known of the annotations that are judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Annotations {
    /// The sum of a keyed hash of each, whatever their order.
    sum: u64,
    is_disabled: bool,
}

impl<'a> Judged<'a> {
    /// Reads a spawner.
    ///
    /// # Errors
    ///
    /// When it is no JSON, or its parts have other types than Kelos's.
    pub(super) fn read(json: &'a [u8]) -> Result<Judged<'a>, serde_json::Error> {
        serde_json::from_slice(json)
    }

    /// Whether all that is judged is the same in both.
    pub(super) fn is_as(&self, old: &Judged<'_>) -> bool {
        self.annotations() == old.annotations() && self.parts() == old.parts()
    }

    /// Whether the spawner itself switches injection off.
    pub(super) fn is_disabled(&self) -> bool {
        self.annotations().is_disabled
    }

    /// Whether it is being deleted, so that its writers only take finalizers away.
    pub(super) fn is_being_deleted(&self) -> bool {
        self.metadata.as_ref().is_some_and(|metadata| metadata.deletion_timestamp.is_some())
    }

    /// Its name, or what its name will begin with.
    pub(super) fn name(&self) -> &str {
        let Some(Metadata { name, generate_name, .. }) = &self.metadata else { return "" };
        let mut names = [name, generate_name].into_iter().flatten().map(|name| &**name);
        names.find(|name| !name.is_empty()).unwrap_or_default()
    }

    fn annotations(&self) -> Annotations {
        self.metadata.as_ref().and_then(|metadata| metadata.annotations).unwrap_or_default()
    }

    fn parts(&self) -> [Option<&str>; 3] {
        let Some(spec) = &self.spec else { return [None; 3] };
        [spec.when, spec.task_template, spec.session_template].map(|part| part.map(RawValue::get))
    }
}

impl<'de> Deserialize<'de> for Annotations {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Annotations, D::Error> {
        struct Sums;
        impl<'de> Visitor<'de> for Sums {
            type Value = Annotations;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("annotations")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Annotations, A::Error> {
                let mut found = Annotations::default();
                while let Some((key, value)) = map.next_entry::<Str<'de>, Str<'de>>()? {
                    if is_ours(&key) || &*key == NAME_TEMPLATE_ANNOTATION {
                        let hash = hasher().hash_one((&*key, &*value));
                        found.sum = found.sum.wrapping_add(hash);
                        found.is_disabled |= &*key == INJECTION_SETTING && &*value == "disabled";
                    }
                }
                Ok(found)
            }
        }
        deserializer.deserialize_map(Sums)
    }
}

/// One key for the process: nobody outside can make two annotations that look the same.
fn hasher() -> &'static RandomState {
    static HASHER: std::sync::LazyLock<RandomState> = std::sync::LazyLock::new(RandomState::new);
    &HASHER
}
