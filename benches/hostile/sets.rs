//! Sets of objects that one team may write.

use std::rc::Rc;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::noise::object;
use testing::hostile::spawners::ALL;

/// The team's namespace: that of the generators.
pub(crate) const NAMESPACE: &str = "hostile";

/// What some objects hold of text.
const TEXT_BYTES: usize = 1_300_000;
/// As much as a TaskSpawner's field can have.
const FIELD_BYTES: usize = 1_400_000;
/// As much as a rules annotation may have.
const ANNOTATION_BYTES: usize = 60_000;

/// Objects that do the same harm.
pub(crate) struct Set {
    pub(crate) name: &'static str,
    pub(crate) objects: Vec<Rc<Value>>,
}

/// All of them; the last one is all others together.
pub(crate) fn all() -> Result<Vec<Set>> {
    let mut patterns = spawners("sets", "large sets in an annotation", 4, ANNOTATION_BYTES)?;
    for spawner in &mut patterns {
        let annotations = &mut spawner["metadata"]["annotations"];
        annotations["metadata.kelos.dev/annotations"] =
            annotations["metadata.kelos.dev/labels"].clone();
    }
    let field = |own, kind| spawners(own, kind, 1, FIELD_BYTES);
    let mut texts = spawners("text", "a prompt of text", 50, TEXT_BYTES)?;
    texts.extend((0..50).map(workspace));
    let mut sets: Vec<_> = [
        ("4 with large sets in 2 annotations", patterns),
        ("large sets in a field of 1.4 MB", field("field", "large sets in the Kelos field")?),
        (
            "6 with {{1}} 280,000 times",
            spawners("ones", "{{1}} in the Kelos field", 6, FIELD_BYTES)?,
        ),
        // A key takes 14 bytes.
        ("150,000 keys", spawners("keys", "keys in the Kelos field", 1, 14 * 150_000)?),
        ("100 objects with 1.3 MB of text", texts),
        ("a define of 700 KB of blanks", field("blanks", "a define of blanks and empty ones")?),
        (
            "50 with a: {a,b,c,…} of 64 KiB",
            spawners("fields", "fields of a value", 50, ANNOTATION_BYTES)?,
        ),
        // A pattern takes about 30 bytes.
        ("20,000 small patterns", spawners("small", "small patterns", 1, 30 * 20_000)?),
    ]
    .into_iter()
    .map(|(name, objects)| Set { name, objects: objects.into_iter().map(Rc::new).collect() })
    .collect();
    let objects = sets.iter().flat_map(|set| set.objects.iter().cloned()).collect();
    sets.push(Set { name: "all of them", objects });
    Ok(sets)
}

/// So many TaskSpawners of a kind of the tests, with names of their own.
fn spawners(own: &str, kind: &str, count: usize, bytes: usize) -> Result<Vec<Value>> {
    let hostile = ALL.iter().find(|hostile| hostile.name == kind);
    let hostile = hostile.with_context(|| format!("there are no {kind}"))?;
    let spawner: Value = serde_json::from_str(&hostile.json(bytes))?;
    let numbered = |number| object("TaskSpawner", NAMESPACE, &format!("{own}-{number}"), &spawner);
    Ok((0..count).map(numbered).collect())
}

fn workspace(number: usize) -> Value {
    let repo = format!("https://github.com/acme/{}", "x".repeat(TEXT_BYTES));
    object("Workspace", NAMESPACE, &format!("text-{number}"), &json!({"spec": {"repo": repo}}))
}
