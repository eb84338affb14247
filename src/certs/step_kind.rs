//! The words for what the controller does.

use crate::words::words;

words! {
    /// What the controller does to the certificates.
    pub enum StepKind {
        /// It issues a CA and a certificate.
        Issue = "issue",
        /// It repairs the CA bundle of the Secret, or drops a CA that is expired.
        Mend = "mend",
        /// It writes the caBundle of our webhooks, in one configuration or both.
        Publish = "publish",
        /// It begins the settling time.
        Mark = "mark",
        /// It lets the next certificate serve.
        Promote = "promote",
    }
}

words! {
    /// What became of a step.
    pub enum StepResult {
        /// It is done.
        Done = "done",
        /// Somebody else wrote the object meanwhile: everything is read again.
        Conflict = "conflict",
        /// The API server refused, or could not be reached.
        Failed = "failed",
    }
}
