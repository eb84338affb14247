//! Pointers to what has no fields, and moments.

use super::untold;
use crate::templates::TemplateError;
use crate::templates::value::{GoValue, Text, Value};

/// A pointer to a text, a number or a boolean, or to nothing.
#[derive(Debug)]
pub(super) struct Pointer {
    pub(super) to: Option<Value>,
    /// The way to it, as a template writes it.
    pub(super) at: Text,
}

impl GoValue for Pointer {
    fn kind(&self) -> &'static str {
        "a pointer"
    }

    fn is_true(&self) -> bool {
        self.to.is_some()
    }

    fn field(&self, name: &str) -> Result<Value, TemplateError> {
        Err(TemplateError::render(format!("a pointer to a text or number has no `{name}`")))
    }

    fn printed(&self) -> Result<Value, TemplateError> {
        Ok(self.to.clone().unwrap_or_else(|| Value::from("<nil>")))
    }

    fn pointed(&self) -> Result<Option<Value>, TemplateError> {
        match &self.to {
            Some(to) => Ok(Some(to.clone())),
            None => Err(TemplateError::render("a pointer to nothing has no elements")),
        }
    }

    fn address(&self) -> Option<&str> {
        Some(&self.at)
    }
}

/// A moment, or a pointer to one.
#[derive(Debug)]
pub(super) struct Moment {
    /// As Go prints it; nothing for a pointer to nothing.
    pub(super) text: Option<Result<Value, TemplateError>>,
    /// The way to it, if it is a pointer.
    pub(super) at: Option<Text>,
}

impl GoValue for Moment {
    fn kind(&self) -> &'static str {
        "a moment"
    }

    fn is_true(&self) -> bool {
        self.text.is_some()
    }

    fn field(&self, name: &str) -> Result<Value, TemplateError> {
        // Go's time.Time has many methods, and no field that a template can read.
        if name.starts_with(|c: char| c.is_ascii_lowercase()) {
            return Err(TemplateError::render(format!("a moment has no `{name}`")));
        }
        if self.text.is_none() && name != "GetTime" {
            return Err(TemplateError::render(format!(
                "there is no moment here, so it has no `{name}`"
            )));
        }
        Err(untold(&format!("`{name}` of a moment")))
    }

    fn printed(&self) -> Result<Value, TemplateError> {
        self.text.clone().unwrap_or_else(|| Ok(Value::from("<nil>")))
    }

    fn pointed(&self) -> Result<Option<Value>, TemplateError> {
        Ok(None)
    }

    fn address(&self) -> Option<&str> {
        self.at.as_deref()
    }
}
