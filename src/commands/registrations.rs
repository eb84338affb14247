//! The MutatingWebhookConfigurations of a cluster, with the rights of whoever calls, and who can mend one.

use super::reach::{Reach, lacking};
use crate::cluster::{Error, Resource, Selection};
use crate::registration::Configuration;

/// What to do about one that is not as it should be.
pub(super) const fn again(is_of_chart: bool) -> &'static str {
    match is_of_chart {
        true => "install the chart again: `helm upgrade` writes it as it should be",
        false => {
            "it is not the chart's (no label `helm.sh/chart: kelos-metadata-…`): write it as the chart does \
             (`helm template`), or delete it"
        }
    }
}

/// Reads them all.
///
/// # Errors
///
/// The right that is missing, or what else is in the way, in words.
pub(super) async fn read(reach: &Reach) -> Result<Vec<Configuration>, String> {
    let resource = &Resource::MUTATING_WEBHOOK_CONFIGURATIONS;
    let unread = |error: &Error| lacking("list", resource, None, error);
    let all = resource.read_all(&reach.client, Selection::default()).await;
    let all = all.map_err(|error| unread(&error))?;
    let read = all.iter().map(|it| serde_json::from_str::<Configuration>(it.get()));
    read.collect::<Result<_, _>>().map_err(|_| unread(&Error::InvalidResponse))
}
