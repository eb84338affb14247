//! What a case expects → what is wrong.

use serde_json::Value;

use super::cases::{Case, Entries};
use crate::apimachinery::Kind;
use crate::engine::kelos::Shape;
use crate::engine::{Decision, KeyOutcome};

/// What came out of a case.
pub(super) enum Got<'g> {
    /// The Task, as it is created.
    Task { object: &'g Value, decision: &'g Decision<'g> },
    /// None, and why.
    NoTask {
        error: &'g str,
        /// The same as a compiler shows it.
        told: String,
    },
}

/// What is wrong in what has this shape: lines with `-` are what was expected, lines with `+` what came out.
pub(super) fn compared(shape: Shape, case: &Case, got: &Got<'_>) -> Option<String> {
    let mut wrong = Vec::new();
    match (got, &case.error) {
        (Got::NoTask { error, .. }, Some(expected)) if error.contains(expected) => {}
        (Got::NoTask { told, .. }, Some(expected)) => {
            wrong.push(format!("- no {shape}: {expected}"));
            wrong.extend(told.lines().map(|line| format!("+ {line}")));
        }
        (Got::NoTask { told, .. }, None) => {
            wrong.push(format!("- a {shape}"));
            wrong.extend(told.lines().map(|line| format!("+ {line}")));
        }
        (Got::Task { object, .. }, Some(expected)) => {
            wrong.push(format!("- no {shape}: {expected}"));
            wrong.push(format!(
                "+ {shape} {}",
                object["metadata"]["name"].as_str().unwrap_or_default()
            ));
        }
        (Got::Task { object, decision }, None) => {
            for kind in Kind::ALL {
                wrong.extend(of_kind(kind, of(case, kind), object, decision));
            }
            wrong.extend(skipped(case.skipped.as_deref(), decision));
        }
    }
    (!wrong.is_empty()).then(|| wrong.join("\n"))
}

fn of(case: &Case, kind: Kind) -> &Entries {
    match kind {
        Kind::Label => &case.labels,
        Kind::Annotation => &case.annotations,
        Kind::PodLabel => &case.pod_labels,
        Kind::NodeSelector => &case.node_selector,
    }
}

fn of_kind(kind: Kind, expected: &Entries, object: &Value, decision: &Decision<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (key, expected) in expected {
        let found = found(kind, key, object);
        if found == expected.as_deref() {
            continue;
        }
        let shown = |value: Option<&str>| value.map_or("none".to_owned(), |it| format!("{it:?}"));
        wrong.push(format!("- {kind} {key}: {}", shown(expected.as_deref())));
        wrong.push(format!("+ {kind} {key}: {}{}", shown(found), why(kind, key, decision)));
    }
    wrong
}

/// What the Task has under a key.
fn found<'o>(kind: Kind, key: &str, object: &'o Value) -> Option<&'o str> {
    let map = match kind {
        Kind::Label | Kind::Annotation => &object["metadata"][kind.field()],
        Kind::PodLabel | Kind::NodeSelector => {
            let of_worker = &object["spec"]["worker"]["podOverrides"];
            let place =
                if of_worker.is_object() { of_worker } else { &object["spec"]["podOverrides"] };
            &place[if kind == Kind::PodLabel { "labels" } else { "nodeSelector" }]
        }
    };
    map[key].as_str()
}

/// What became of a key, where that explains the value.
fn why(kind: Kind, key: &str, decision: &Decision<'_>) -> String {
    let Some(of_key) = decision.keys.iter().find(|it| it.kind == kind && it.key == key) else {
        return " (nobody asks for it)".to_owned();
    };
    let skip = match &of_key.outcome {
        KeyOutcome::Skipped(skip) => Some(skip),
        KeyOutcome::Defaulted(..) => of_key.news_default(),
        _ => None,
    };
    match skip {
        Some(skip) => format!(" ({}: {skip})", of_key.outcome.as_str()),
        None => format!(" ({})", of_key.outcome.as_str()),
    }
}

fn skipped(expected: Option<&[String]>, decision: &Decision<'_>) -> Vec<String> {
    let Some(expected) = expected else { return Vec::new() };
    let is_news = |key: &&crate::engine::KeyDecision<'_>| key.news_skip().is_some();
    let got: Vec<String> = decision
        .keys
        .iter()
        .filter(is_news)
        .map(|key| format!("{}:{}={}", key.kind.as_str(), key.key, key.outcome.as_str()))
        .collect();
    let missing =
        expected.iter().filter(|it| !got.contains(it)).map(|it| format!("- skipped {it}"));
    let more = got.iter().filter(|it| !expected.contains(it)).map(|it| format!("+ skipped {it}"));
    missing.chain(more).collect()
}
