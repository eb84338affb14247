//! `check`, `version` and the plugin of kubectl, on a real API server with the chart in it.

mod endpoint_slice;
mod faults;
mod healthy;
mod page;
mod plugin;
pub(crate) mod said;
