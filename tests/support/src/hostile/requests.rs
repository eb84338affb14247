//! Requests that nobody's API server sends: as much of something as fits, or as the fuzzer says.
//!
//! Used by the tests of this folder, by those that send them to the program, and by the fuzz target
//! `review`.

/// A part of a request that can be filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Labels,
    Annotations,
    Owners,
    Groups,
    Spec,
    /// What stands before the uid.
    Front,
}

impl Part {
    pub const ALL: [Part; 6] =
        [Part::Labels, Part::Annotations, Part::Owners, Part::Groups, Part::Spec, Part::Front];
}

/// The review of a new Task of a TaskSpawner of the namespace `default`, with more in one part.
pub fn review(spawner: &str, part: Part, more: &str) -> String {
    review_in("default", spawner, part, more)
}

/// The same in another namespace.
pub fn review_in(namespace: &str, spawner: &str, part: Part, more: &str) -> String {
    let of = |wanted: Part| if wanted == part { more } else { "" };
    let comma = if of(Part::Labels).is_empty() { "" } else { "," };
    let front = if of(Part::Front).is_empty() { "" } else { "," };
    [
        r#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"#,
        of(Part::Front),
        front,
        r#""uid":"6ea4f1f5-0c7b-4a2c-9d9e-1b8d4d2a7f10","resource":{"group":"kelos.dev","#,
        r#""version":"v1alpha2","resource":"tasks"},"namespace":""#,
        namespace,
        r#"","operation":"CREATE","userInfo":{"username":"x","groups":["#,
        of(Part::Groups),
        r#"]},"object":{"kind":"Task","apiVersion":"kelos.dev/v1alpha2","metadata":{"name":"t","#,
        r#""labels":{"kelos.dev/taskspawner":""#,
        spawner,
        r#"""#,
        comma,
        of(Part::Labels),
        r#"},"annotations":{"#,
        of(Part::Annotations),
        r#"},"ownerReferences":["#,
        of(Part::Owners),
        r#"]},"spec":{"#,
        of(Part::Spec),
        "}}}}",
    ]
    .concat()
}

/// A part of a request about a TaskSpawner that can be filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpawnerPart {
    /// Its annotations.
    Annotations,
    /// Those of what it was before.
    OldAnnotations,
    /// What it watches.
    When,
    /// What it makes Tasks of.
    Template,
    /// What stands before the uid.
    Front,
}

impl SpawnerPart {
    pub const ALL: [SpawnerPart; 5] = [
        SpawnerPart::Annotations,
        SpawnerPart::OldAnnotations,
        SpawnerPart::When,
        SpawnerPart::Template,
        SpawnerPart::Front,
    ];
}

/// The review of a change of a TaskSpawner of the namespace `default`, with more in some parts.
pub fn spawner_review(more: &[(SpawnerPart, &str)]) -> String {
    let of = |wanted| more.iter().find(|(part, _)| *part == wanted).map_or("", |(_, more)| more);
    let comma = if of(SpawnerPart::Front).is_empty() { "" } else { "," };
    let object = |annotations: &str, when: &str, template: &str| {
        format!(
            r#"{{"kind":"TaskSpawner","apiVersion":"kelos.dev/v1alpha2","metadata":{{"name":"s","annotations":{{{annotations}}}}},"spec":{{"when":{{{when}}},"taskTemplate":{{{template}}}}}}}"#
        )
    };
    let new =
        object(of(SpawnerPart::Annotations), of(SpawnerPart::When), of(SpawnerPart::Template));
    let old = object(of(SpawnerPart::OldAnnotations), "", "");
    [
        r#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"#,
        of(SpawnerPart::Front),
        comma,
        r#""uid":"6ea4f1f5-0c7b-4a2c-9d9e-1b8d4d2a7f10","resource":{"group":"kelos.dev","#,
        r#""version":"v1alpha2","resource":"taskspawners"},"namespace":"default","#,
        r#""operation":"UPDATE","object":"#,
        &new,
        r#","oldObject":"#,
        &old,
        "}}",
    ]
    .concat()
}

/// One piece so many times, as entries of a list or a map.
pub fn repeated(piece: &str, count: usize) -> String {
    vec![piece; count].join(",")
}

/// So many entries of a map, all with keys of their own and without values.
pub fn tiny_entries(count: usize) -> String {
    (0..count).map(|n| format!("\"{n:05x}\":\"\"")).collect::<Vec<_>>().join(",")
}

/// So many entries whose keys and values have to be copied, for they have escapes.
pub fn escaped_entries(count: usize) -> String {
    (0..count).map(|n| format!("\"{n:05x}\\n\":\"\\n\"")).collect::<Vec<_>>().join(",")
}

/// What a few bytes ask for: a part of a request, and what it is filled with, how often.
pub fn grown(data: &[u8]) -> Option<String> {
    let (part, more) = filling(data)?;
    Some(review("w", Part::ALL[part % Part::ALL.len()], &more))
}

/// The same of a request about a TaskSpawner.
pub fn grown_spawner(data: &[u8]) -> Option<String> {
    let (part, more) = filling(data)?;
    Some(spawner_review(&[(SpawnerPart::ALL[part % SpawnerPart::ALL.len()], &more)]))
}

/// The number of a part, and what it is filled with.
fn filling(data: &[u8]) -> Option<(usize, String)> {
    /// Enough to go beyond any bound, and little enough to try it a hundred times a second.
    const MOST_BYTES: usize = 2 << 20;
    let [part, low, high, piece @ ..] = data else { return None };
    let piece = std::str::from_utf8(piece).ok()?;
    let count = usize::from(u16::from_le_bytes([*low, *high])) * 4;
    let count = count.min(MOST_BYTES / (piece.len() + 1)).max(1);
    Some((usize::from(*part), repeated(piece, count)))
}
