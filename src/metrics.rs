//! How the rooms count, and how what they counted is written down. What is counted is theirs.
//!
//! Every label value comes from a closed enum: neither a name nor a value of a Task can become a
//! time series. Children are looked up once, so that counting on the hot path is one atomic add.

mod dropped_lines;

pub(crate) use self::dropped_lines::DroppedLines;

/// The content type of [`Exposition::encode`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The metrics of a process, whichever it has.
pub trait Exposition: Send + Sync + 'static {
    /// Writes all families as text, in the format named by [`CONTENT_TYPE`].
    ///
    /// # Errors
    /// Never in practice: a `String` takes every write.
    fn encode(&self) -> Result<String, std::fmt::Error>;
}

/// Lets the words of closed enums stand in labels.
macro_rules! label_values {
    ($($set:ty),*) => {$(
        impl prometheus_client::encoding::EncodeLabelValue for $set {
            fn encode(
                &self,
                encoder: &mut prometheus_client::encoding::LabelValueEncoder<'_>,
            ) -> Result<(), std::fmt::Error> {
                std::fmt::Write::write_str(encoder, self.as_str())
            }
        }
    )*};
}
pub(crate) use label_values;

/// A count as gauges have it.
pub(crate) fn gauge_value(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
