//! How many lines of the log were dropped: the log counts them, and is asked when somebody looks.

use std::fmt;
use std::sync::{Arc, OnceLock};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::registry::Registry;

/// Asks the log. Clones ask the same one.
#[derive(Clone, Default)]
pub(crate) struct DroppedLines(Arc<OnceLock<Box<dyn Fn() -> u64 + Send + Sync>>>);

impl DroppedLines {
    /// A family in `registry`, at zero until there is a log to ask.
    pub(crate) fn register(registry: &mut Registry) -> DroppedLines {
        let dropped = DroppedLines::default();
        registry.register_collector(Box::new(dropped.clone()));
        dropped
    }

    /// Asks `count` from now on; the first one counts.
    pub(crate) fn ask(&self, count: impl Fn() -> u64 + Send + Sync + 'static) {
        let _ = self.0.set(Box::new(count));
    }
}

impl fmt::Debug for DroppedLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DroppedLines").field(&self.0.get().map(|count| count())).finish()
    }
}

impl Collector for DroppedLines {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let counter = ConstCounter::new(self.0.get().map_or(0, |count| count()));
        let family = encoder.encode_descriptor(
            "log_lines_dropped",
            "Log lines that were dropped because stderr took them too slowly.",
            None,
            counter.metric_type(),
        )?;
        counter.encode(family)
    }
}
