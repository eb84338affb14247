//! The metric families of `serve`: requests here, and those of the cache beside them.

use std::sync::Arc;
use std::time::Instant;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::outcome::{AdmissionOutcome, KeyOutcomeLabel};
use super::resource::Resource;
use crate::apimachinery::Kind;
use crate::engine::kelos::Shape;
use crate::metrics::{DroppedLines, Exposition, label_values};
use crate::spawners::SpawnerMetrics;
use crate::unix_seconds::UnixSeconds;

label_values!(Resource, AdmissionOutcome, Kind, KeyOutcomeLabel);

/// The labels of `admissions_total`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AdmissionLabels {
    resource: Resource,
    outcome: AdmissionOutcome,
}

/// The labels of `admission_duration_seconds`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DurationLabels {
    resource: Resource,
}

/// The labels of `keys_total`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KeyLabels {
    resource: Resource,
    kind: Kind,
    outcome: KeyOutcomeLabel,
}

/// From 0.1 ms, where an ordinary answer lies, to the 3 s after which the API server hangs up.
const DURATION_BUCKETS: [f64; 14] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0,
];

/// Every metric of `serve`.
///
/// All families exist from the start, with every combination of their labels at zero, so that a
/// rate is right from the first event on.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    admissions: [[Counter; AdmissionOutcome::ALL.len()]; Resource::ALL.len()],
    admission_duration: [Histogram; Resource::ALL.len()],
    /// Those of what is made: spawners have none.
    keys: [[[Counter; KeyOutcomeLabel::ALL.len()]; Kind::ALL.len()]; Shape::ALL.len()],
    certificate_expiry: Gauge,
    spawners: Arc<SpawnerMetrics>,
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
        let admissions = Family::<AdmissionLabels, Counter>::default();
        let admission_duration: Family<DurationLabels, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(DURATION_BUCKETS));
        let keys = Family::<KeyLabels, Counter>::default();
        let certificate_expiry = Gauge::default();

        registry.register(
            "admissions",
            "Admission requests, by what they are about and what came of them",
            admissions.clone(),
        );
        registry.register_with_unit(
            "admission_duration",
            "Time from a request that was read to its answer",
            Unit::Seconds,
            admission_duration.clone(),
        );
        registry.register(
            "keys",
            "Label and annotation keys that were decided, by outcome",
            keys.clone(),
        );
        registry.register_with_unit(
            "certificate_expiry_timestamp",
            "When the serving certificate expires, as Unix time",
            Unit::Seconds,
            certificate_expiry.clone(),
        );
        let spawners = Arc::new(SpawnerMetrics::register(&mut registry));
        let dropped_lines = DroppedLines::register(&mut registry);

        Metrics {
            registry,
            admissions: Resource::ALL.map(|resource| {
                AdmissionOutcome::ALL.map(|outcome| {
                    admissions.get_or_create_owned(&AdmissionLabels { resource, outcome })
                })
            }),
            admission_duration: Resource::ALL.map(|resource| {
                admission_duration.get_or_create_owned(&DurationLabels { resource })
            }),
            keys: Shape::ALL.map(|shape| {
                Kind::ALL.map(|kind| {
                    KeyOutcomeLabel::ALL.map(|outcome| {
                        let resource = Resource::made(shape);
                        keys.get_or_create_owned(&KeyLabels { resource, kind, outcome })
                    })
                })
            }),
            certificate_expiry,
            spawners,
            dropped_lines,
        }
    }

    /// Counts the lines of the log that were dropped, as `count` says whenever it is asked.
    pub fn count_dropped_lines(&self, count: impl Fn() -> u64 + Send + Sync + 'static) {
        self.dropped_lines.ask(count);
    }

    /// Starts the clock of one admission request whose body has been read; it is about this, unless
    /// [`AdmissionTimer::is_about`] says something else.
    pub fn admission(&self, resource: Resource) -> AdmissionTimer<'_> {
        AdmissionTimer { metrics: self, started: Instant::now(), resource, outcome: None }
    }

    /// Counts a request that was turned away before its body was looked at; it has no duration.
    pub fn refused(&self, resource: Resource, outcome: AdmissionOutcome) {
        self.admissions[resource as usize][outcome as usize].inc();
    }

    /// Counts one key of one object that has this shape.
    pub fn key(&self, shape: Shape, kind: Kind, outcome: KeyOutcomeLabel) {
        self.keys[shape as usize][kind as usize][outcome.index()].inc();
    }

    /// Those of the cache.
    pub fn spawners(&self) -> &Arc<SpawnerMetrics> {
        &self.spawners
    }

    /// Sets when the serving certificate expires.
    pub fn set_certificate_expiry(&self, expires: UnixSeconds) {
        self.certificate_expiry.set(expires.0);
    }

    /// Writes all families as text, in the format named by [`crate::metrics::CONTENT_TYPE`].
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

/// Times one admission request, and counts it when dropped.
///
/// Dropped without [`AdmissionTimer::finish`], it counts a panic if there is one, else
/// [`AdmissionOutcome::Abandoned`]: the client left before the answer was there.
#[derive(Debug)]
#[must_use = "dropped at once, it counts an abandoned request"]
pub struct AdmissionTimer<'a> {
    metrics: &'a Metrics,
    started: Instant,
    resource: Resource,
    outcome: Option<AdmissionOutcome>,
}

impl AdmissionTimer<'_> {
    /// Says what the request is about, once that is known.
    pub fn is_about(&mut self, resource: Resource) {
        self.resource = resource;
    }

    /// Stops the clock and counts the request under `outcome`.
    pub fn finish(mut self, outcome: AdmissionOutcome) {
        self.outcome = Some(outcome);
    }
}

impl Drop for AdmissionTimer<'_> {
    fn drop(&mut self) {
        let unfinished = if std::thread::panicking() {
            AdmissionOutcome::Panic
        } else {
            AdmissionOutcome::Abandoned
        };
        let outcome = self.outcome.unwrap_or(unfinished);
        self.metrics.refused(self.resource, outcome);
        let duration = &self.metrics.admission_duration[self.resource as usize];
        duration.observe(self.started.elapsed().as_secs_f64());
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

    fn admissions(resource: &str, outcome: &str) -> String {
        let labels = format!("resource=\"{resource}\",outcome=\"{outcome}\"");
        format!("kelos_metadata_admissions_total{{{labels}}}")
    }

    fn duration_count(resource: &str) -> String {
        format!("kelos_metadata_admission_duration_seconds_count{{resource=\"{resource}\"}}")
    }

    #[test]
    fn every_series_is_there_from_the_start() {
        let text = Metrics::new().encode().unwrap();
        for resource in Resource::ALL {
            for outcome in AdmissionOutcome::ALL {
                let labels = format!("resource=\"{resource}\",outcome=\"{outcome}\"");
                let series = format!("kelos_metadata_admissions_total{{{labels}}} 0\n");
                assert!(text.contains(&series), "{series}");
            }
            let series = format!(
                "kelos_metadata_admission_duration_seconds_count{{resource=\"{resource}\"}} 0\n"
            );
            assert!(text.contains(&series), "{series}");
        }
        let keys = text.lines().filter(|l| l.starts_with("kelos_metadata_keys_total{")).count();
        assert_eq!(keys, Shape::ALL.len() * Kind::ALL.len() * KeyOutcomeLabel::ALL.len());
        for series in [
            "kelos_metadata_spawners{kind=\"taskspawners\"} 0\n",
            "kelos_metadata_spawners{kind=\"sessionspawners\"} 0\n",
            "kelos_metadata_invalid_templates 0\n",
            "kelos_metadata_rules_bytes 0\n",
            "kelos_metadata_refused_spawners 0\n",
            "kelos_metadata_certificate_expiry_timestamp_seconds 0\n",
            "kelos_metadata_log_lines_dropped_total 0\n",
            "kelos_metadata_admission_duration_seconds_bucket{le=\"0.0001\",resource=\"task\"} 0\n",
            "kelos_metadata_admission_duration_seconds_bucket{le=\"3.0\",resource=\"task\"} 0\n",
            "# TYPE kelos_metadata_admissions counter\n",
        ] {
            assert!(text.contains(series), "{series} in:\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }

    #[test]
    fn keys_are_counted_by_resource_kind_and_outcome() {
        let metrics = Metrics::new();
        metrics.key(Shape::Task, Kind::Label, KeyOutcomeLabel::Applied);
        metrics.key(Shape::Task, Kind::Label, KeyOutcomeLabel::Repaired);
        metrics.key(Shape::Task, Kind::Annotation, KeyOutcomeLabel::Skipped(Reason::TooLarge));
        metrics.key(Shape::Task, Kind::Annotation, KeyOutcomeLabel::Skipped(Reason::TooLarge));
        metrics.key(Shape::Session, Kind::Label, KeyOutcomeLabel::Applied);
        metrics.key(Shape::Session, Kind::Label, KeyOutcomeLabel::Applied);
        for (series, count) in [
            ("{resource=\"task\",kind=\"label\",outcome=\"applied\"}", "1"),
            ("{resource=\"session\",kind=\"label\",outcome=\"applied\"}", "2"),
            ("{resource=\"task\",kind=\"label\",outcome=\"repaired\"}", "1"),
            ("{resource=\"task\",kind=\"annotation\",outcome=\"too_large\"}", "2"),
            ("{resource=\"task\",kind=\"label\",outcome=\"too_large\"}", "0"),
        ] {
            assert_eq!(line(&metrics, &format!("kelos_metadata_keys_total{series}")), count);
        }
    }

    #[test]
    fn a_timer_counts_once_whatever_happens_to_it() {
        let metrics = Metrics::new();
        metrics.admission(Resource::Task).finish(AdmissionOutcome::Patched);
        drop(metrics.admission(Resource::Task));
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _timer = metrics.admission(Resource::Task);
            panic!("on purpose");
        }));
        assert!(caught.is_err());
        for outcome in ["patched", "abandoned", "panic"] {
            assert_eq!(line(&metrics, &admissions("task", outcome)), "1");
        }
        assert_eq!(line(&metrics, &duration_count("task")), "3");
    }

    #[test]
    fn a_request_counts_as_what_it_turned_out_to_be_about() {
        let metrics = Metrics::new();
        let mut timer = metrics.admission(Resource::TaskSpawner);
        timer.is_about(Resource::SessionSpawner);
        timer.finish(AdmissionOutcome::Warned);
        for (resource, count) in [("task", "0"), ("taskspawner", "0"), ("sessionspawner", "1")] {
            assert_eq!(line(&metrics, &admissions(resource, "warned")), count, "{resource}");
            assert_eq!(line(&metrics, &duration_count(resource)), count, "{resource}");
        }
    }

    #[test]
    fn a_refusal_has_no_duration() {
        let metrics = Metrics::new();
        metrics.refused(Resource::Task, AdmissionOutcome::TooLarge);
        assert_eq!(line(&metrics, &admissions("task", "too_large")), "1");
        assert_eq!(line(&metrics, &duration_count("task")), "0");
    }

    #[test]
    fn gauges_hold_what_was_set_last() {
        let metrics = Metrics::new();
        metrics.spawners().set_rules(|_| 7, 2);
        metrics.spawners().set_rules(|makes| 5 + makes as usize, 1);
        metrics.spawners().set_weight(81 << 20, 3);
        metrics.set_certificate_expiry(UnixSeconds(1_900_000_000));
        metrics.count_dropped_lines(|| 3);
        assert_eq!(line(&metrics, "kelos_metadata_log_lines_dropped_total"), "3");
        for (kind, count) in [("taskspawners", "5"), ("sessionspawners", "6")] {
            let series = format!("kelos_metadata_spawners{{kind=\"{kind}\"}}");
            assert_eq!(line(&metrics, &series), count);
        }
        assert_eq!(line(&metrics, "kelos_metadata_invalid_templates"), "1");
        assert_eq!(line(&metrics, "kelos_metadata_rules_bytes"), "84934656");
        assert_eq!(line(&metrics, "kelos_metadata_refused_spawners"), "3");
        let expiry = line(&metrics, "kelos_metadata_certificate_expiry_timestamp_seconds");
        assert_eq!(expiry, "1900000000");
    }
}
