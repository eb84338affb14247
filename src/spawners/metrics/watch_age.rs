//! How old what is known of the cluster may be: worked out when somebody looks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

use super::OfKind;
use crate::spawners::WatchedKind;

/// The ages of all watches. A watch that never began, as without a cluster, has none.
#[derive(Clone, Debug)]
pub(super) struct WatchAge {
    start: Instant,
    /// Milliseconds from the start to the last sign of life, and one; zero for never.
    seen: Arc<[AtomicU64; WatchedKind::ALL.len()]>,
}

impl Default for WatchAge {
    fn default() -> WatchAge {
        WatchAge { start: Instant::now(), seen: Arc::default() }
    }
}

impl WatchAge {
    /// The watch is up to date now.
    pub(super) fn reset(&self, watched: WatchedKind) {
        self.seen[watched as usize].store(self.now() + 1, Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX - 1)
    }

    fn seconds(&self, watched: WatchedKind) -> Option<f64> {
        let seen = self.seen[watched as usize].load(Ordering::Relaxed).checked_sub(1)?;
        let milliseconds = self.now().saturating_sub(seen);
        Some(std::time::Duration::from_millis(milliseconds).as_secs_f64())
    }
}

impl Collector for WatchAge {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let ages = WatchedKind::ALL.map(|kind| (kind, self.seconds(kind)));
        if ages.iter().all(|(_, seconds)| seconds.is_none()) {
            return Ok(());
        }
        let gauge = ConstGauge::new(0.0);
        let mut family = encoder.encode_descriptor(
            "watch_age",
            "How long ago a watch of the cluster showed that it is up to date",
            Some(&Unit::Seconds),
            gauge.metric_type(),
        )?;
        for (kind, seconds) in ages {
            if let Some(seconds) = seconds {
                let labels = OfKind { kind };
                ConstGauge::new(seconds).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}
