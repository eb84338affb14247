//! Why there is no Task.

use std::fmt;

use crate::engine::kelos::Shape;
use crate::engine::reason::Reason;
use crate::engine::skip::Skip;
use crate::engine::sources::Rendered;
use crate::templates::{ErrorKind, TemplateError};
use crate::words::words;

words! {
    /// Who or what keeps a Task from being made.
    pub enum Why {
        /// Kelos meets an error, and makes none.
        Kelos = "Kelos makes no Task",
        /// The filters of the TaskSpawner let the item not pass.
        Filtered = "Kelos makes no Task of it",
        /// The API server refuses what Kelos makes, whatever a webhook does.
        Refused = "the API server refuses the Task",
        /// The item can't be one of the source.
        Item = "the item does not fit",
        /// What Kelos does can't be told.
        NotSimulated = "not simulated",
    }
}

impl Why {
    /// The same, where something of this shape was to be made.
    pub fn of(self, shape: Shape) -> String {
        self.as_str().replace(Shape::Task.as_str(), shape.as_str())
    }
}

/// Why there is no Task or Session, and where in its spawner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoTask {
    /// Who or what keeps it from being made.
    pub why: Why,
    /// What Kelos was about to render, if that is where it fails.
    pub rendered: Option<Rendered>,
    /// What is wrong.
    pub error: Box<Skip>,
}

impl NoTask {
    /// Kelos fails, in a clause.
    pub(super) fn kelos(message: impl Into<String>) -> NoTask {
        NoTask::new(Why::Kelos, message)
    }

    /// The TaskSpawner takes no such item, in a clause.
    pub(super) fn filtered(message: impl Into<String>) -> NoTask {
        NoTask::new(Why::Filtered, message)
    }

    /// The API server refuses the Task, in a clause.
    pub(super) fn refused(message: impl Into<String>) -> NoTask {
        NoTask::new(Why::Refused, message)
    }

    /// The item does not fit, in a clause.
    pub(super) fn item(message: impl Into<String>) -> NoTask {
        NoTask::new(Why::Item, message)
    }

    /// It can't be told, in a clause.
    pub(super) fn not_simulated(message: impl Into<String>) -> NoTask {
        NoTask::new(Why::NotSimulated, message)
    }

    fn new(why: Why, message: impl Into<String>) -> NoTask {
        let reason = match why {
            Why::Kelos => Reason::RenderError,
            Why::Filtered | Why::Refused | Why::Item => Reason::InvalidValue,
            Why::NotSimulated => Reason::Unsupported,
        };
        NoTask { why, rendered: None, error: Box::new(Skip::new(reason, message)) }
    }

    /// The same with what to do.
    #[must_use]
    pub(super) fn hint(self, hint: impl Into<String>) -> NoTask {
        NoTask { error: Box::new(self.error.hint(hint)), ..self }
    }

    /// The same at what Kelos was about to render.
    #[must_use]
    pub(super) fn at(self, rendered: Rendered) -> NoTask {
        NoTask { rendered: Some(rendered), ..self }
    }

    /// The same of a field that no Task shows.
    pub(super) fn of_field(field: &str, error: TemplateError) -> NoTask {
        let message = format!("{field}: {}", error.message);
        let error = TemplateError { message, ..error };
        NoTask { rendered: None, ..NoTask::of_template(Rendered::Prompt(Shape::Task), error) }
    }

    /// A template that gives no text.
    pub(super) fn of_template(rendered: Rendered, error: TemplateError) -> NoTask {
        let why = match error.kind {
            ErrorKind::Limit => Why::NotSimulated,
            _ => Why::Kelos,
        };
        let mut error = Skip::from(error);
        if why == Why::NotSimulated {
            error.reason = Reason::Unsupported;
        }
        NoTask { why, rendered: Some(rendered), error: Box::new(error) }
    }
}

impl fmt::Display for NoTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.why)?;
        if let Some(rendered) = &self.rendered {
            write!(f, "{rendered}: ")?;
        }
        write!(f, "{}", self.error)
    }
}

impl std::error::Error for NoTask {}
