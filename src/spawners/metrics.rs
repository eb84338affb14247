//! What is counted of the cache: rules, watches and look-ups.

mod watch_age;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use self::watch_age::WatchAge;
use super::lookup_outcome::LookupOutcome;
use super::watches::WatchedKind;
use crate::engine::kelos::Shape;
use crate::metrics::{gauge_value, label_values};

label_values!(WatchedKind, LookupOutcome);

/// The labels of `lookups_total`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LookupLabels {
    result: LookupOutcome,
}

/// The labels of `spawners` and `watch_age_seconds`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfKind {
    kind: WatchedKind,
}

/// The metric families of the cache.
#[derive(Debug)]
pub struct SpawnerMetrics {
    spawners: [Gauge; Shape::ALL.len()],
    invalid_templates: Gauge,
    rules_bytes: Gauge,
    refused_spawners: Gauge,
    defaults_valid: Gauge,
    lookups: [Counter; LookupOutcome::ALL.len()],
    watch_age: WatchAge,
}

impl SpawnerMetrics {
    /// Creates the families in a registry, each series at zero.
    pub fn register(registry: &mut Registry) -> SpawnerMetrics {
        let [invalid_templates, rules_bytes, refused_spawners, defaults_valid] =
            [(); 4].map(|()| Gauge::default());
        let spawners = Family::<OfKind, Gauge>::default();
        defaults_valid.set(1);
        let lookups = Family::<LookupLabels, Counter>::default();
        let watch_age = WatchAge::default();
        registry.register(
            "spawners",
            "Spawners whose rules are loaded, by their kind",
            spawners.clone(),
        );
        registry.register(
            "invalid_templates",
            "Templates and rules annotations of the loaded spawners that do not parse",
            invalid_templates.clone(),
        );
        registry.register_with_unit(
            "rules",
            "What the loaded rules take, as it is counted for the shares of namespaces",
            Unit::Bytes,
            rules_bytes.clone(),
        );
        registry.register(
            "refused_spawners",
            "Spawners whose rules are not loaded because there is no room for them",
            refused_spawners.clone(),
        );
        registry.register(
            "defaults_valid",
            "0 while the file of --defaults is invalid, and the last good version holds; else 1",
            defaults_valid.clone(),
        );
        registry.register(
            "lookups",
            "Look-ups of objects that the watch had not shown, by result",
            lookups.clone(),
        );
        registry.register_collector(Box::new(watch_age.clone()));
        SpawnerMetrics {
            spawners: Shape::ALL.map(|makes| {
                spawners.get_or_create_owned(&OfKind { kind: WatchedKind::spawners(makes) })
            }),
            invalid_templates,
            rules_bytes,
            refused_spawners,
            defaults_valid,
            lookups: LookupOutcome::ALL
                .map(|result| lookups.get_or_create_owned(&LookupLabels { result })),
            watch_age,
        }
    }

    /// Sets how many spawners have rules, of those that make what has a shape, and how many templates of
    /// all of them do not parse.
    pub fn set_rules(&self, spawners: impl Fn(Shape) -> usize, invalid_templates: usize) {
        for makes in Shape::ALL {
            self.spawners[makes as usize].set(gauge_value(spawners(makes)));
        }
        self.invalid_templates.set(gauge_value(invalid_templates));
    }

    /// Sets how many bytes the rules take, and how many spawners there is no room for.
    pub fn set_weight(&self, bytes: u64, refused: usize) {
        self.rules_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
        self.refused_spawners.set(gauge_value(refused));
    }

    /// Says whether the file of defaults is valid.
    pub fn set_defaults_valid(&self, is_valid: bool) {
        self.defaults_valid.set(i64::from(is_valid));
    }

    /// Counts one look-up of an object.
    pub fn lookup(&self, result: LookupOutcome) {
        self.lookups[result as usize].inc();
    }

    /// Says that what is known of a kind is up to date at this moment.
    pub fn watch_is_alive(&self, watched: WatchedKind) {
        self.watch_age.reset(watched);
    }
}
