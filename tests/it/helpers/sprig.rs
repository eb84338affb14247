//! The real Sprig.

use kelos_metadata::templates::value::{Map, Value};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use testing::helpers::Answer;

use crate::support::oracle;

#[derive(Serialize)]
struct Question<'q> {
    name: &'q str,
    args: &'q [Json],
}

#[derive(Deserialize)]
struct Reply {
    result: Json,
    error: Option<String>,
    #[serde(default)]
    binary: bool,
}

/// Asks for all of these at once.
pub(crate) fn ask<'q>(questions: impl Iterator<Item = (&'q str, &'q [Json])>) -> Vec<Answer> {
    let replies = oracle::ask("sprig", questions.map(|(name, args)| Question { name, args }));
    let answers = replies.into_iter().map(|reply| match reply {
        Reply { binary: true, .. } => Answer::Binary,
        Reply { error: Some(_), .. } => Answer::Fails,
        Reply { result, .. } => Answer::Gives(untagged(&result)),
    });
    answers.collect()
}

/// The value with its types, which the program has written down.
fn untagged(json: &Json) -> Value {
    match json {
        Json::Array(items) => Value::from(items.iter().map(untagged).collect::<Vec<_>>()),
        Json::Object(tagged) => match tagged.iter().next() {
            Some((tag, Json::Number(int))) if tag == "int" => Value::Int(int.as_i64().unwrap()),
            Some((tag, Json::String(float))) if tag == "float" => {
                Value::Float(float.trim_start_matches('+').parse().unwrap())
            }
            Some((tag, Json::Object(map))) if tag == "map" => {
                let entries = map.iter().map(|(key, item)| (key.as_str().into(), untagged(item)));
                Value::from(entries.collect::<Map>())
            }
            other => panic!("this is no tag: {other:?}"),
        },
        plain => Value::from(plain.clone()),
    }
}
