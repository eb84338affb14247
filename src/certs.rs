//! The project's own certificates: a CA for each serving certificate, rotated so that
//! nobody is ever shown a certificate that the API server does not trust.
//!
//! ```text
//! issue: a CA and a leaf, the CA's key thrown away
//!   → the Secret: the leaf beside the one that serves, the CA in the bundle
//!   → the configurations: the caBundle of each webhook is the bundle; all read back
//!   → the settling time, for API servers that have not heard of it yet
//!   → the Secret: the leaf serves
//!   → the Secret, then the configurations: the old CA goes, once it has expired
//! ```
//!
//! The Secret is the only truth. [`next_step`] is pure: it looks at what is there and says what
//! comes next; the [`Reconciler`] reads, does it with compare-and-swap, and reads again. So any process may
//! go on wherever another one was killed, and two at once do no harm (decision 013).

mod ca_bundle;
mod configurations;
mod fight;
mod issue;
mod metrics;
mod patches;
mod propagation;
mod reconciler;
mod rotation;
mod serving_cert;
mod state;
mod step_kind;
mod store;
mod trust;

pub use self::ca_bundle::CaBundle;
pub use self::configurations::{ConfigurationKind, Configurations, OurWebhook};
pub use self::issue::{Issued, issue};
pub use self::metrics::ControllerMetrics;
pub use self::reconciler::Reconciler;
pub use self::rotation::{RotationPolicy, RotationStep, next_step};
pub use self::serving_cert::renewal;
pub use self::state::{BUNDLE, CERTIFICATE, Secret};
pub use self::step_kind::{StepKind, StepResult};
pub use self::store::ManagedObjects;
pub use self::trust::{Trust, trust};
