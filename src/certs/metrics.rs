//! The metric families of `controller`.

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::step_kind::{StepKind, StepResult};
use crate::metrics::{DroppedLines, Exposition, label_values};
use crate::unix_seconds::UnixSeconds;

label_values!(StepKind, StepResult);

/// The labels of `certificate_steps_total`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StepLabels {
    step: StepKind,
    result: StepResult,
}

/// Every metric of a controller. It has none of those of `serve` but the expiry, so that nobody takes
/// it for a replica that knows no TaskSpawners.
#[derive(Debug)]
pub struct ControllerMetrics {
    registry: Registry,
    steps: [[Counter; StepResult::ALL.len()]; StepKind::ALL.len()],
    leads: Gauge,
    certificate_expiry: Gauge,
    dropped_lines: DroppedLines,
}

impl Default for ControllerMetrics {
    fn default() -> ControllerMetrics {
        ControllerMetrics::new()
    }
}

impl ControllerMetrics {
    /// Creates the families in a registry of their own, with every series at zero.
    pub fn new() -> ControllerMetrics {
        let mut registry = Registry::with_prefix("kelos_metadata");
        let steps = Family::<StepLabels, Counter>::default();
        let [leads, certificate_expiry] = [(); 2].map(|()| Gauge::default());
        registry.register(
            "certificate_steps",
            "Writes to the Secret and the configuration, by what they do and what became of them",
            steps.clone(),
        );
        registry.register(
            "controller_leader",
            "Whether this process holds the Lease, and writes",
            leads.clone(),
        );
        registry.register_with_unit(
            "certificate_expiry_timestamp",
            "When the serving certificate expires, as Unix time",
            Unit::Seconds,
            certificate_expiry.clone(),
        );
        let steps = StepKind::ALL.map(|step| {
            StepResult::ALL.map(|result| steps.get_or_create_owned(&StepLabels { step, result }))
        });
        let dropped_lines = DroppedLines::register(&mut registry);
        ControllerMetrics { registry, steps, leads, certificate_expiry, dropped_lines }
    }

    /// Counts the lines of the log that were dropped, as `count` says whenever it is asked.
    pub fn count_dropped_lines(&self, count: impl Fn() -> u64 + Send + Sync + 'static) {
        self.dropped_lines.ask(count);
    }

    /// Counts one write.
    pub fn step(&self, step: StepKind, result: StepResult) {
        self.steps[step as usize][result as usize].inc();
    }

    /// Sets whether this process leads.
    pub fn set_leads(&self, leads: bool) {
        self.leads.set(i64::from(leads));
    }

    /// Sets when the certificate in the Secret expires.
    pub fn set_certificate_expiry(&self, expires: UnixSeconds) {
        self.certificate_expiry.set(expires.0);
    }
}

impl Exposition for ControllerMetrics {
    fn encode(&self) -> Result<String, std::fmt::Error> {
        let mut out = String::with_capacity(2 * 1024);
        text::encode(&mut out, &self.registry)?;
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_series_is_there_from_the_start_and_counts_what_it_says() {
        let metrics = ControllerMetrics::new();
        for step in StepKind::ALL {
            for result in StepResult::ALL {
                let (step_word, result_word) = (step.as_str(), result.as_str());
                let series = format!(
                    "kelos_metadata_certificate_steps_total\
                     {{step=\"{step_word}\",result=\"{result_word}\"}}"
                );
                assert!(metrics.encode().unwrap().contains(&format!("{series} 0\n")), "{series}");
                metrics.step(step, result);
                assert!(metrics.encode().unwrap().contains(&format!("{series} 1\n")), "{series}");
            }
        }
        metrics.set_leads(true);
        metrics.set_certificate_expiry(UnixSeconds(1_900_000_000));
        let text = metrics.encode().unwrap();
        for line in [
            "kelos_metadata_controller_leader 1\n",
            "kelos_metadata_log_lines_dropped_total 0\n",
            "kelos_metadata_certificate_expiry_timestamp_seconds 1900000000\n",
        ] {
            assert!(text.contains(line), "{line} in:\n{text}");
        }
        assert!(!text.contains("kelos_metadata_spawners"), "it is no replica of serve");
    }
}
