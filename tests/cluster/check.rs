//! `check`, `version` and the plugin of kubectl, on a real API server with the chart in it.

mod by_url;
mod endpoint_slice;
mod faults;
mod healthy;
mod lacking;
mod page;
mod plugin;
pub(crate) mod said;
