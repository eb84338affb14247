//! What the plain reader reads, serde_json reads alike; what it does not read is left to that.

use proptest::prelude::*;
use serde_json::value::RawValue;

use super::super::ReadRequest;
use super::*;
use crate::engine::kelos::{Session, Task};

/// An object with what an API server sends beside that which is read: managed fields, numbers, escapes.
const OBJECT: &str = r#"{"apiVersion":"kelos.dev/v1alpha2","kind":"Task","metadata":{"name":"worker-42","namespace":"ns",
"labels":{"kelos.dev/taskspawner":"worker","a\/b":"c\u00e9\n"},"annotations":{"kelos.dev/source-kind":"issue","long":
"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\"01234567890é"},
"ownerReferences":[{"apiVersion":"kelos.dev/v1alpha2","kind":"TaskSpawner","name":"worker","uid":"1","controller":true}],
"managedFields":[{"manager":"kelos","fieldsV1":{"f:metadata":{"f:labels":{".":{},"f:a":[]},"f:n":[1,-20,0,true,false,null]}}}]},
"spec":{"prompt":"First line\nsecond \"line\" \\ 🦀 of a text that is longer than a block of sixty-four bytes, and then\t",
"initialPrompt":"p","worker":{"type":"codex","workspaceRef":{"name":"w"},"podOverrides":{"labels":{"x":"y"}}},"ttl":3600}}"#;

fn request() -> String {
    format!(
        r#" {{"uid":"0af1","kind":{{"group":"kelos.dev","version":"v1alpha2"}},"resource":{{"group":"kelos.dev","resource":
"tasks"}},"operation":"CREATE","namespace":"ns","userInfo":{{"username":"u","groups":["a","b"]}},"object":{OBJECT},
"oldObject":null,"dryRun":false}} "#
    )
}

/// What the plain reader says and what serde_json says, as they would be printed.
fn both<'de, T: Deserialize<'de> + std::fmt::Debug>(
    json: &'de str,
) -> (Option<String>, Option<String>) {
    let shown = |it: T| format!("{it:?}");
    (read(json).map(shown), serde_json::from_str(json).ok().map(shown))
}

fn judge<'de, T: Deserialize<'de> + std::fmt::Debug>(json: &'de str) {
    let (plain, serde) = both::<T>(json);
    assert!(plain.is_none() || plain == serde, "{json}\nplain: {plain:?}\nserde: {serde:?}");
}

#[test]
fn a_review_as_an_api_server_writes_it_is_read() {
    let json = request();
    let (plain, serde) = both::<ReadRequest<'_, Task<'_>>>(&json);
    assert!(plain.is_some() && plain == serde, "{plain:?}\n{serde:?}");
    let (plain, serde) = both::<ReadRequest<'_, Session<'_>>>(&json);
    assert!(plain.is_some() && plain == serde, "{plain:?}\n{serde:?}");
}

#[test]
fn what_is_rare_or_wrong_is_left_to_serde_json() {
    let [deep, deeper] =
        [65, 66].map(|depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth)));
    for (json, is_plain) in [
        ("null", true),
        (" [1, -2, 0, \"x\", {\"a\": {}}, []] ", true),
        (&deep, true),
        (&deeper, false),
        ("1.5", false),
        ("1e3", false),
        ("[1.5]", false),
        // What serde_json refuses, too.
        ("01", false),
        ("-", false),
        ("", false),
        ("[1,]", false),
        ("[,1]", false),
        ("[1 2]", false),
        ("{\"a\":1,}", false),
        ("{\"a\" 1}", false),
        ("{1:2}", false),
        ("{\"a\":1]", false),
        ("[1}", false),
        ("nul", false),
        ("nulll", false),
        ("\"a\nb\"", false),
        ("\"\\x\"", false),
        ("\"\\u12g4\"", false),
        ("\"a", false),
        ("\"a\\", false),
        ("[1] x", false),
        ("\u{a0}1", false),
    ] {
        let (plain, serde) = both::<&RawValue>(json);
        assert_eq!(plain.is_some(), is_plain, "{json}");
        assert!(plain.is_none() || plain == serde, "{json}: {plain:?}, {serde:?}");
        judge::<de::IgnoredAny>(json);
        judge::<serde_json::Value>(json);
    }
}

#[test]
fn a_text_is_read_to_its_end_wherever_that_is() {
    for at in 0..200 {
        for (special, more, is_there) in [
            ("", "", true),
            ("\\n", "", true),
            ("\\u00e9", "é", true),
            ("\n", "", false),
            ("\u{1f}", "x", false),
        ] {
            let plain = "é".repeat(at / 2);
            let text = format!("{plain}{special}{more}{plain}\"{}", "x".repeat(at % 17));
            let length = 2 * plain.len() + special.len() + more.len();
            let found = end_of_text(text.as_bytes(), 0);
            assert_eq!(found, is_there.then_some((length, !special.is_empty())), "{text}");
        }
        assert_eq!(end_of_text("x".repeat(at).as_bytes(), 0), None, "it has no end");
    }
    assert_eq!(end_of_text("\u{7f} !#[]é\"".as_bytes(), 0), Some((8, false)));
}

/// What may be put into JSON so that it is another, or none.
fn pieces() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "\"",
        "\\",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "0",
        "-",
        ".",
        "e",
        "null",
        "true",
        "\n",
        " ",
        "\\u",
        "00",
        "\\ud83d",
        "\\n",
        "é",
        "\u{1}",
        "\"name\":",
        "\"labels\":{}",
        "\"controller\":",
        "[]",
        "{}",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases * 8, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_read_otherwise_than_serde_json_reads_it(
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..6, pieces()), 1..5)
    ) {
        let mut json = request();
        for (at, cut, piece) in edits {
            let starts: Vec<usize> = json.char_indices().map(|(start, _)| start).collect();
            let first = at.index(starts.len());
            let end = starts.get(first + cut).copied().unwrap_or(json.len());
            json.replace_range(starts[first]..end, piece);
        }
        judge::<ReadRequest<'_, Task<'_>>>(&json);
        judge::<ReadRequest<'_, Session<'_>>>(&json);
        judge::<&RawValue>(&json);
        judge::<serde_json::Value>(&json);
    }
}
