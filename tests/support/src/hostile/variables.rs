//! What a stranger may write into an issue, as variables.

use std::sync::Arc;

use kelos_metadata::templates::value::{Map, Value};

/// A body of 1 MiB, ten thousand labels, control characters, templates.
pub fn variables() -> Arc<Map> {
    let labels: Vec<String> = (0..10_000).map(|n| format!("label/{n}")).collect();
    let body = "x<&>\u{1}\u{1b}é{{ .Title }}{% for %}".repeat((1 << 20) / 32);
    Arc::new(Map::from([
        ("Title".into(), Value::from("Fix {{ .Title }} {% raw %}")),
        ("Labels".into(), Value::labels(&labels)),
        ("Body".into(), Value::from(body.as_str())),
        ("Twin".into(), Value::from(body.as_str())),
        ("Number".into(), Value::Int(42)),
    ]))
}
