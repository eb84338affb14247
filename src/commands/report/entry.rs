//! What a Task, or the TaskRecord of one that is gone, says of itself.

use std::borrow::Cow;
use std::collections::HashMap;

use bigdecimal::BigDecimal;
use bigdecimal::num_bigint::Sign;
use jiff::Timestamp;
use serde::Deserialize;

use super::quantity::quantity;
use crate::unix_seconds::UnixSeconds;
use crate::words::words;

words! {
    /// The state that a Task is in: its phase, or that it has none.
    pub(super) enum State {
        /// Kelos has not made its Job, or could not: such a Task holds a place of `maxConcurrency`.
        NoPhase = "no_phase",
        /// Its Job is there, and no Pod runs.
        Pending = "pending",
        /// It waits for other Tasks, a branch, a budget or a worker.
        Waiting = "waiting",
        /// It runs.
        Running = "running",
        /// It did what it was to do.
        Succeeded = "succeeded",
        /// It did not.
        Failed = "failed",
        /// A phase that Kelos did not know up to v0.52.
        Other = "other",
    }
}

impl State {
    fn of(phase: &str) -> State {
        match phase {
            "" => State::NoPhase,
            "Pending" => State::Pending,
            "Waiting" => State::Waiting,
            "Running" => State::Running,
            "Succeeded" => State::Succeeded,
            "Failed" => State::Failed,
            _ => State::Other,
        }
    }

    /// Whether nothing comes after it.
    pub(super) fn is_end(self) -> bool {
        matches!(self, State::Succeeded | State::Failed)
    }
}

/// A Task, as far as it is counted.
#[derive(Debug, PartialEq)]
pub(super) struct Entry<'j> {
    /// The UID of the Task.
    pub(super) uid: Cow<'j, str>,
    pub(super) labels: HashMap<Cow<'j, str>, Cow<'j, str>>,
    pub(super) state: State,
    /// When it ended, if it has.
    pub(super) ended: Option<UnixSeconds>,
    /// How long it took, in seconds, if it has ended.
    pub(super) seconds: Option<u64>,
    pub(super) usage: Usage,
}

/// What a Task has used, as far as its agent reports it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Usage {
    /// In US dollars.
    pub(super) cost: Option<BigDecimal>,
    pub(super) input_tokens: Option<u64>,
    pub(super) output_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct StoredTask<'j> {
    #[serde(borrow)]
    metadata: StoredMetadata<'j>,
    #[serde(borrow, default)]
    status: Option<StoredRun<'j>>,
}

#[derive(Deserialize)]
struct StoredRecord<'j> {
    #[serde(borrow)]
    metadata: StoredMetadata<'j>,
    #[serde(borrow)]
    spec: StoredRun<'j>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredMetadata<'j> {
    #[serde(borrow)]
    name: Cow<'j, str>,
    #[serde(borrow, default)]
    uid: Cow<'j, str>,
    #[serde(borrow, default)]
    labels: Option<HashMap<Cow<'j, str>, Cow<'j, str>>>,
    #[serde(borrow, default)]
    creation_timestamp: Option<Cow<'j, str>>,
}

/// The status of a Task, or the spec of a TaskRecord.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredRun<'j> {
    #[serde(borrow, default)]
    phase: Option<Cow<'j, str>>,
    #[serde(borrow, default)]
    start_time: Option<Cow<'j, str>>,
    #[serde(borrow, default)]
    completion_time: Option<Cow<'j, str>>,
    #[serde(borrow, default)]
    usage: Option<StoredUsage<'j>>,
    /// Where versions without `usage` have the same, as texts.
    #[serde(borrow, default)]
    results: Option<StoredResults<'j>>,
    #[serde(borrow, default)]
    task_ref: Option<StoredReference<'j>>,
}

#[derive(Deserialize)]
struct StoredReference<'j> {
    #[serde(borrow)]
    uid: Cow<'j, str>,
}

#[derive(Deserialize)]
struct StoredUsage<'j> {
    #[serde(borrow, default, rename = "costUSD")]
    cost: Option<StoredQuantity<'j>>,
    #[serde(default, rename = "inputTokens")]
    input_tokens: Option<u64>,
    #[serde(default, rename = "outputTokens")]
    output_tokens: Option<u64>,
}

/// The schema takes both.
#[derive(Deserialize)]
#[serde(untagged)]
enum StoredQuantity<'j> {
    Number(i64),
    #[serde(borrow)]
    Text(Cow<'j, str>),
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct StoredResults<'j> {
    #[serde(borrow, default)]
    cost_usd: Option<Cow<'j, str>>,
    #[serde(borrow, default)]
    input_tokens: Option<Cow<'j, str>>,
    #[serde(borrow, default)]
    output_tokens: Option<Cow<'j, str>>,
}

impl<'j> Entry<'j> {
    /// Reads a Task.
    ///
    /// # Errors
    ///
    /// When it has not the fields of one.
    pub(super) fn of_task(json: &'j str) -> serde_json::Result<Entry<'j>> {
        let StoredTask { metadata, status } = serde_json::from_str(json)?;
        Ok(Entry::of(metadata, status.unwrap_or_default()))
    }

    /// Reads a TaskRecord.
    ///
    /// # Errors
    ///
    /// When it has not the fields of one.
    pub(super) fn of_record(json: &'j str) -> serde_json::Result<Entry<'j>> {
        let StoredRecord { mut metadata, mut spec } = serde_json::from_str(json)?;
        // Kelos names it after the Task's UID, too.
        metadata.uid = match spec.task_ref.take() {
            Some(reference) => reference.uid,
            None => std::mem::take(&mut metadata.name),
        };
        Ok(Entry::of(metadata, spec))
    }

    fn of(metadata: StoredMetadata<'j>, run: StoredRun<'j>) -> Entry<'j> {
        let moment = |text: &Option<Cow<'j, str>>| {
            let time: Timestamp = text.as_deref()?.parse().ok()?;
            Some(UnixSeconds(time.as_second()))
        };
        let state = State::of(run.phase.as_deref().unwrap_or_default());
        let (started, completed) = (moment(&run.start_time), moment(&run.completion_time));
        let ended = completed.or(started).or_else(|| moment(&metadata.creation_timestamp));
        let took = completed.zip(started).map(|(end, start)| end - start);
        Entry {
            uid: metadata.uid,
            labels: metadata.labels.unwrap_or_default(),
            state,
            ended: ended.filter(|_| state.is_end()),
            seconds: took.and_then(|it| u64::try_from(it).ok()).filter(|_| state.is_end()),
            usage: usage(&run),
        }
    }
}

fn usage(run: &StoredRun<'_>) -> Usage {
    if let Some(StoredUsage { cost, input_tokens, output_tokens }) = &run.usage {
        let cost = cost.as_ref().and_then(|it| match it {
            StoredQuantity::Number(number) => Some(BigDecimal::from(*number)),
            StoredQuantity::Text(text) => quantity(text),
        });
        return Usage { cost, input_tokens: *input_tokens, output_tokens: *output_tokens };
    }
    let Some(results) = &run.results else { return Usage::default() };
    let tokens = |text: &Option<Cow<'_, str>>| text.as_deref()?.parse().ok();
    Usage {
        cost: results.cost_usd.as_deref().and_then(quantity).filter(|it| it.sign() != Sign::Minus),
        input_tokens: tokens(&results.input_tokens),
        output_tokens: tokens(&results.output_tokens),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_task_says_how_it_went() {
        let json = json!({
            "metadata": {"name": "t", "uid": "u", "labels": {"team": "a"},
                "creationTimestamp": "2030-01-01T00:00:00Z"},
            "spec": {"prompt": "p"},
            "status": {"phase": "Succeeded", "startTime": "2030-01-01T00:01:00Z",
                "completionTime": "2030-01-01T00:03:30Z",
                "results": {"cost-usd": "9", "response": "text"},
                "usage": {"costUSD": "1250m", "inputTokens": 12, "outputTokens": 3}},
        })
        .to_string();
        let entry = Entry::of_task(&json).unwrap();
        assert_eq!((&*entry.uid, &*entry.labels["team"]), ("u", "a"));
        assert_eq!((entry.state, entry.seconds), (State::Succeeded, Some(150)));
        assert_eq!(entry.ended, Some(UnixSeconds(1_893_456_210)));
        let cost = Some(BigDecimal::new(125.into(), 2));
        let usage = Usage { cost, input_tokens: Some(12), output_tokens: Some(3) };
        assert_eq!(entry.usage, usage);
    }

    #[test]
    fn older_versions_have_usage_among_the_results() {
        let of = |cost: &str| {
            let results = json!({"cost-usd": cost, "input-tokens": "70", "output-tokens": "x"});
            let status = json!({"phase": "Failed", "results": results});
            let json = json!({"metadata": {"name": "t"}, "status": status}).to_string();
            Entry::of_task(&json).unwrap().usage
        };
        let expected = Usage {
            cost: Some(BigDecimal::new(532.into(), 4)),
            input_tokens: Some(70),
            output_tokens: None,
        };
        assert_eq!(of("0.0532"), expected);
        assert_eq!((of("-1").cost, of("much").cost), (None, None));
    }

    #[test]
    fn what_has_not_ended_has_taken_no_time_yet() {
        for (status, state) in [
            (json!(null), State::NoPhase),
            (json!({}), State::NoPhase),
            (json!({"phase": "Running", "startTime": "2030-01-01T00:01:00Z"}), State::Running),
            (json!({"phase": "Waiting", "completionTime": "2030-01-01T00:01:00Z"}), State::Waiting),
            (json!({"phase": "Paused"}), State::Other),
        ] {
            let metadata = json!({"name": "t", "uid": "u", "labels": null});
            let json = json!({"metadata": metadata, "status": status}).to_string();
            let entry = Entry::of_task(&json).unwrap();
            assert_eq!((entry.state, entry.ended, entry.seconds), (state, None, None), "{json}");
        }
    }

    #[test]
    fn times_that_can_not_be_are_no_durations() {
        let of = |start: &str, end: &str| {
            let times = json!({"phase": "Failed", "startTime": start, "completionTime": end});
            let metadata = json!({"name": "t", "creationTimestamp": "2030-01-01T00:00:00Z"});
            let json = json!({"metadata": metadata, "status": times}).to_string();
            let entry = Entry::of_task(&json).unwrap();
            (entry.ended.map(|it| it.0), entry.seconds)
        };
        assert_eq!(of("2030-01-01T00:00:10Z", "2030-01-01T00:00:05Z"), (Some(1_893_456_005), None));
        assert_eq!(of("soon", "later"), (Some(1_893_456_000), None), "when it was made");
    }

    #[test]
    fn a_record_is_that_of_a_task() {
        let spec = |reference| {
            json!({"metadata": {"name": "of-the-name"}, "spec": {"taskRef": reference,
                "phase": "Failed", "startTime": "2030-01-01T00:00:00Z",
                "completionTime": "2030-01-01T00:00:09Z", "usage": {"costUSD": 2}}})
            .to_string()
        };
        let json = spec(json!({"name": "t", "uid": "u"}));
        let record = Entry::of_record(&json).unwrap();
        assert_eq!((&*record.uid, record.state, record.seconds), ("u", State::Failed, Some(9)));
        assert_eq!(record.usage.cost, Some(BigDecimal::from(2)));
        let json = spec(json!(null));
        assert_eq!(Entry::of_record(&json).unwrap().uid, "of-the-name");
        assert!(Entry::of_record(r#"{"metadata": {"name": "x"}}"#).is_err());
    }
}
