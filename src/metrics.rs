//! The metric families, and how the rest of the program counts.
//!
//! Every label value comes from a closed enum: neither a name nor a value of a Task can become a
//! time series. Children are looked up once, so that counting on the hot path is one atomic add.

mod controller;
mod dropped_lines;
mod labels;
mod watch_age;

use std::time::Instant;

use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry, Unit};

pub use self::controller::{CertificateStep, ControllerMetrics, StepResult};
use self::dropped_lines::DroppedLines;
use self::labels::{AdmissionLabels, KeyLabels, LookupLabels};
pub use self::labels::{KeyOutcome, LookupResult, Outcome, Watched};
use self::watch_age::WatchAge;
use crate::apimachinery::Kind;

/// The content type of [`Metrics::encode`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// From 0.1 ms, where an ordinary answer lies, to the 3 s after which the API server hangs up.
const DURATION_BUCKETS: [f64; 14] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0,
];

/// The metrics of a process, whichever it has.
pub trait Exposition: Send + Sync + 'static {
    /// Writes all families as text, in the format named by [`CONTENT_TYPE`].
    ///
    /// # Errors
    /// Never in practice: a `String` takes every write.
    fn encode(&self) -> Result<String, std::fmt::Error>;
}

/// Every metric of `serve`.
///
/// All families exist from the start, with every combination of their labels at zero, so that a
/// rate is right from the first event on.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    admissions: [Counter; Outcome::ALL.len()],
    admission_duration: Histogram,
    keys: [[Counter; KeyOutcome::ALL.len()]; Kind::ALL.len()],
    spawners: Gauge,
    invalid_templates: Gauge,
    rules_bytes: Gauge,
    refused_spawners: Gauge,
    certificate_expiry: Gauge,
    lookups: [Counter; LookupResult::ALL.len()],
    watch_age: WatchAge,
    dropped_lines: DroppedLines,
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics::new()
    }
}

impl Metrics {
    /// Creates the families in a registry of their own.
    pub fn new() -> Metrics {
        let mut registry = Registry::with_prefix("kelos_metadata");
        let admissions: Family<AdmissionLabels, Counter> =
            registered(&mut registry, "admissions", "Admission requests, by what came of them");
        let admission_duration = durations(&mut registry);
        let keys: Family<KeyLabels, Counter> = registered(
            &mut registry,
            "keys",
            "Label and annotation keys that were decided, by outcome",
        );
        let spawners = registered(&mut registry, "spawners", "TaskSpawners whose rules are loaded");
        let invalid_templates = registered(
            &mut registry,
            "invalid_templates",
            "Templates and carriers of the loaded TaskSpawners that do not parse",
        );
        let rules_bytes = registered_in(
            &mut registry,
            Unit::Bytes,
            "rules",
            "What the loaded rules take, as it is counted for the shares of namespaces",
        );
        let refused_spawners = registered(
            &mut registry,
            "refused_spawners",
            "TaskSpawners whose rules are not loaded because there is no room for them",
        );
        let certificate_expiry = registered_in(
            &mut registry,
            Unit::Seconds,
            "certificate_expiry_timestamp",
            "When the serving certificate expires, as Unix time",
        );
        let lookups: Family<LookupLabels, Counter> = registered(
            &mut registry,
            "lookups",
            "Look-ups of objects that the watch had not shown, by result",
        );
        let watch_age = WatchAge::default();
        registry.register_collector(Box::new(watch_age.clone()));
        let dropped_lines = DroppedLines::register(&mut registry);

        Metrics {
            registry,
            admissions: Outcome::ALL
                .map(|outcome| admissions.get_or_create_owned(&AdmissionLabels { outcome })),
            admission_duration,
            keys: Kind::ALL.map(|kind| {
                KeyOutcome::ALL
                    .map(|outcome| keys.get_or_create_owned(&KeyLabels { kind, outcome }))
            }),
            spawners,
            invalid_templates,
            rules_bytes,
            refused_spawners,
            certificate_expiry,
            lookups: LookupResult::ALL
                .map(|result| lookups.get_or_create_owned(&LookupLabels { result })),
            watch_age,
            dropped_lines,
        }
    }

    /// Counts the lines of the log that were dropped, as `count` says whenever it is asked.
    pub fn count_dropped_lines(&self, count: impl Fn() -> u64 + Send + Sync + 'static) {
        self.dropped_lines.ask(count);
    }

    /// Starts the clock of one admission request whose body has been read.
    pub fn admission(&self) -> AdmissionTimer<'_> {
        AdmissionTimer { metrics: self, started: Instant::now(), outcome: None }
    }

    /// Counts a request that was turned away before its body was looked at; it has no duration.
    pub fn refused(&self, outcome: Outcome) {
        self.admissions[outcome as usize].inc();
    }

    /// Counts one key of one Task.
    pub fn key(&self, kind: Kind, outcome: KeyOutcome) {
        self.keys[kind as usize][outcome.index()].inc();
    }

    /// Sets how many TaskSpawners have rules, and how many of their templates do not parse.
    pub fn set_rules(&self, spawners: usize, invalid_templates: usize) {
        self.spawners.set(gauge_value(spawners));
        self.invalid_templates.set(gauge_value(invalid_templates));
    }

    /// Sets how many bytes the rules take, and how many TaskSpawners there is no room for.
    pub fn set_weight(&self, bytes: u64, refused: usize) {
        self.rules_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
        self.refused_spawners.set(gauge_value(refused));
    }

    /// Sets when the serving certificate expires, in seconds since 1970.
    pub fn set_certificate_expiry(&self, unix_seconds: i64) {
        self.certificate_expiry.set(unix_seconds);
    }

    /// Counts one look-up of an object.
    pub fn lookup(&self, result: LookupResult) {
        self.lookups[result as usize].inc();
    }

    /// Says that what is known of a kind is up to date at this moment.
    pub fn watch_is_alive(&self, watched: Watched) {
        self.watch_age.reset(watched);
    }

    /// Writes all families as text, in the format named by [`CONTENT_TYPE`].
    ///
    /// # Errors
    /// Never in practice: a `String` takes every write.
    pub fn encode(&self) -> Result<String, std::fmt::Error> {
        let mut out = String::with_capacity(8 * 1024);
        text::encode(&mut out, &self.registry)?;
        Ok(out)
    }
}

impl Exposition for Metrics {
    fn encode(&self) -> Result<String, std::fmt::Error> {
        Metrics::encode(self)
    }
}

/// A family of the registry, empty.
fn registered<T: Metric + Clone + Default>(registry: &mut Registry, name: &str, help: &str) -> T {
    let metric = T::default();
    registry.register(name, help, metric.clone());
    metric
}

/// The same, counted in a unit.
fn registered_in(registry: &mut Registry, unit: Unit, name: &str, help: &str) -> Gauge {
    let gauge = Gauge::default();
    registry.register_with_unit(name, help, unit, gauge.clone());
    gauge
}

fn durations(registry: &mut Registry) -> Histogram {
    let durations = Histogram::new(DURATION_BUCKETS);
    registry.register_with_unit(
        "admission_duration",
        "Time from a request that was read to its answer",
        Unit::Seconds,
        durations.clone(),
    );
    durations
}

fn gauge_value(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Times one admission request, and counts it when dropped.
///
/// Dropped without [`AdmissionTimer::finish`], it counts a panic if there is one, else
/// [`Outcome::Abandoned`]: the client left before the answer was there.
#[derive(Debug)]
#[must_use = "dropped at once, it counts an abandoned request"]
pub struct AdmissionTimer<'a> {
    metrics: &'a Metrics,
    started: Instant,
    outcome: Option<Outcome>,
}

impl AdmissionTimer<'_> {
    /// Stops the clock and counts the request under `outcome`.
    pub fn finish(mut self, outcome: Outcome) {
        self.outcome = Some(outcome);
    }
}

impl Drop for AdmissionTimer<'_> {
    fn drop(&mut self) {
        let unfinished = if std::thread::panicking() { Outcome::Panic } else { Outcome::Abandoned };
        let outcome = self.outcome.unwrap_or(unfinished);
        self.metrics.admissions[outcome as usize].inc();
        self.metrics.admission_duration.observe(self.started.elapsed().as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::reason::Reason;

    fn line(metrics: &Metrics, series: &str) -> String {
        let text = metrics.encode().unwrap();
        let found: Vec<&str> = text.lines().filter(|l| l.starts_with(series)).collect();
        assert_eq!(found.len(), 1, "{series} in:\n{text}");
        found[0].rsplit(' ').next().unwrap().to_owned()
    }

    #[test]
    fn every_series_is_there_from_the_start() {
        let text = Metrics::new().encode().unwrap();
        for outcome in Outcome::ALL {
            let series =
                format!("kelos_metadata_admissions_total{{outcome=\"{}\"}} 0\n", outcome.as_str());
            assert!(text.contains(&series), "{series}");
        }
        let keys = text.lines().filter(|l| l.starts_with("kelos_metadata_keys_total{")).count();
        assert_eq!(keys, Kind::ALL.len() * KeyOutcome::ALL.len());
        for series in [
            "kelos_metadata_spawners 0\n",
            "kelos_metadata_invalid_templates 0\n",
            "kelos_metadata_rules_bytes 0\n",
            "kelos_metadata_refused_spawners 0\n",
            "kelos_metadata_certificate_expiry_timestamp_seconds 0\n",
            "kelos_metadata_log_lines_dropped_total 0\n",
            "kelos_metadata_admission_duration_seconds_count 0\n",
            "kelos_metadata_admission_duration_seconds_bucket{le=\"0.0001\"} 0\n",
            "kelos_metadata_admission_duration_seconds_bucket{le=\"3.0\"} 0\n",
            "# TYPE kelos_metadata_admissions counter\n",
        ] {
            assert!(text.contains(series), "{series} in:\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }

    #[test]
    fn keys_are_counted_by_kind_and_outcome() {
        let metrics = Metrics::new();
        metrics.key(Kind::Label, KeyOutcome::Applied);
        metrics.key(Kind::Label, KeyOutcome::Repaired);
        metrics.key(Kind::Annotation, KeyOutcome::Skipped(Reason::TooLarge));
        metrics.key(Kind::Annotation, KeyOutcome::Skipped(Reason::TooLarge));
        for (series, count) in [
            ("{kind=\"label\",outcome=\"applied\"}", "1"),
            ("{kind=\"label\",outcome=\"repaired\"}", "1"),
            ("{kind=\"annotation\",outcome=\"too_large\"}", "2"),
            ("{kind=\"label\",outcome=\"too_large\"}", "0"),
        ] {
            assert_eq!(line(&metrics, &format!("kelos_metadata_keys_total{series}")), count);
        }
    }

    #[test]
    fn a_timer_counts_once_whatever_happens_to_it() {
        let metrics = Metrics::new();
        metrics.admission().finish(Outcome::Patched);
        drop(metrics.admission());
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _timer = metrics.admission();
            panic!("on purpose");
        }));
        assert!(caught.is_err());
        for outcome in ["patched", "abandoned", "panic"] {
            let series = format!("kelos_metadata_admissions_total{{outcome=\"{outcome}\"}}");
            assert_eq!(line(&metrics, &series), "1");
        }
        assert_eq!(line(&metrics, "kelos_metadata_admission_duration_seconds_count"), "3");
    }

    #[test]
    fn a_refusal_has_no_duration() {
        let metrics = Metrics::new();
        metrics.refused(Outcome::TooLarge);
        assert_eq!(line(&metrics, "kelos_metadata_admissions_total{outcome=\"too_large\"}"), "1");
        assert_eq!(line(&metrics, "kelos_metadata_admission_duration_seconds_count"), "0");
    }

    #[test]
    fn gauges_hold_what_was_set_last() {
        let metrics = Metrics::new();
        metrics.set_rules(7, 2);
        metrics.set_rules(5, 1);
        metrics.set_weight(81 << 20, 3);
        metrics.set_certificate_expiry(1_900_000_000);
        metrics.count_dropped_lines(|| 3);
        assert_eq!(line(&metrics, "kelos_metadata_log_lines_dropped_total"), "3");
        assert_eq!(line(&metrics, "kelos_metadata_spawners"), "5");
        assert_eq!(line(&metrics, "kelos_metadata_invalid_templates"), "1");
        assert_eq!(line(&metrics, "kelos_metadata_rules_bytes"), "84934656");
        assert_eq!(line(&metrics, "kelos_metadata_refused_spawners"), "3");
        let expiry = line(&metrics, "kelos_metadata_certificate_expiry_timestamp_seconds");
        assert_eq!(expiry, "1900000000");
    }
}
