//! What the chart renders, as objects.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::harness::helm::Helm;

/// The objects of a rendering by `Kind/name`.
#[derive(Clone, Debug)]
pub(crate) struct Rendering {
    pub(crate) objects: BTreeMap<String, Value>,
}

impl Rendering {
    /// Renders the chart with these values.
    #[track_caller]
    pub(crate) fn of(values: &Value) -> Rendering {
        Rendering::read(&Helm::offline().template(values).ok())
    }

    /// Renders what `helm test` creates with these values.
    #[track_caller]
    pub(crate) fn of_tests(values: &Value) -> Rendering {
        Rendering::read(&Helm::offline().template_tests(values).ok())
    }

    /// Reads what `helm template` wrote.
    #[track_caller]
    pub(crate) fn read(text: &str) -> Rendering {
        let mut objects = BTreeMap::new();
        let text = format!("\n{text}");
        for document in text.split("\n---\n").filter(|document| !document.trim().is_empty()) {
            let object: Value = serde_saphyr::from_str(document)
                .unwrap_or_else(|error| panic!("{error}:\n{document}"));
            let (kind, name) = (&object["kind"], &object["metadata"]["name"]);
            let name = format!("{}/{}", kind.as_str().unwrap(), name.as_str().unwrap());
            let twice = objects.insert(name, object);
            assert!(twice.is_none(), "two objects of one name: {twice:?}");
        }
        Rendering { objects }
    }

    /// One of its objects.
    #[track_caller]
    pub(crate) fn object(&self, name: &str) -> &Value {
        self.objects.get(name).unwrap_or_else(|| panic!("{name}: not among {:?}", self.names()))
    }

    /// The object of a kind that has just one, named as the chart is.
    #[track_caller]
    pub(crate) fn the(&self, kind: &str) -> &Value {
        self.object(&format!("{kind}/kelos-metadata"))
    }

    /// Its Deployments.
    pub(crate) fn deployments(&self) -> impl Iterator<Item = &Value> {
        self.objects.values().filter(|object| object["kind"] == "Deployment")
    }

    /// `Kind/name` of all its objects.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.objects.keys().map(String::as_str).collect()
    }
}
