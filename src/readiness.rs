//! Whether the process should get requests.

use std::borrow::Cow;
use std::sync::Arc;

use arc_swap::ArcSwapOption;

/// Whether the process should get requests, and if not, why.
///
/// Clones share their state.
#[derive(Clone, Debug)]
pub struct Readiness {
    missing: Arc<ArcSwapOption<Cow<'static, str>>>,
}

impl Readiness {
    /// Starts unready, for this reason: one line, for people.
    pub fn unready(reason: impl Into<Cow<'static, str>>) -> Readiness {
        Readiness { missing: Arc::new(ArcSwapOption::from_pointee(reason.into())) }
    }

    /// Is ready from now on.
    pub fn set_ready(&self) {
        self.missing.store(None);
    }

    /// Is unready from now on, for this reason.
    pub fn set_unready(&self, reason: impl Into<Cow<'static, str>>) {
        self.missing.store(Some(Arc::new(reason.into())));
    }

    /// Why the process is not ready; `None` when it is.
    pub fn reason(&self) -> Option<Arc<Cow<'static, str>>> {
        self.missing.load_full()
    }
}
