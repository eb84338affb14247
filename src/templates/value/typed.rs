//! Structs and pointers of Go, which templates of Kelos may find among the variables.

use std::fmt::Debug;
use std::ops::Deref;
use std::sync::Arc;

use super::Value;
use crate::templates::error::TemplateError;

/// A struct of Go, or a pointer to something. Who gives it knows what it has.
pub trait GoValue: Debug + Send + Sync {
    /// What it is, in words for an error message.
    fn kind(&self) -> &'static str;

    /// Go's truth: false for a pointer to nothing alone.
    fn is_true(&self) -> bool;

    /// The field or method of this name, as Go's templates look it up.
    ///
    /// # Errors
    ///
    /// Without a place: it has none of this name, or points to nothing; [`ErrorKind::Limit`] where it can't be
    /// told what Go gives.
    ///
    /// [`ErrorKind::Limit`]: crate::templates::ErrorKind::Limit
    fn field(&self, name: &str) -> Result<Value, TemplateError>;

    /// What an action prints of it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`](crate::templates::ErrorKind::Limit) where that can't be told.
    fn printed(&self) -> Result<Value, TemplateError>;

    /// Whether it is known at all, asked before a function or a loop has it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`](crate::templates::ErrorKind::Limit) for something of which nothing can be told.
    fn known(&self) -> Result<(), TemplateError> {
        Ok(())
    }

    /// What it points to, if that is no struct.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`](crate::templates::ErrorKind::Limit) where that can't be told.
    fn pointed(&self) -> Result<Option<Value>, TemplateError>;

    /// Where what it points to is, by which Go compares pointers; nothing for what is compared otherwise.
    fn address(&self) -> Option<&str> {
        None
    }
}

/// A [`GoValue`], shared.
#[derive(Clone, Debug)]
pub struct Typed(Arc<dyn GoValue>);

impl Typed {
    /// Shares it.
    pub fn new(value: impl GoValue + 'static) -> Typed {
        Typed(Arc::new(value))
    }
}

impl Deref for Typed {
    type Target = dyn GoValue;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

/// Two are the same if they are one: as Go compares pointers.
impl PartialEq for Typed {
    fn eq(&self, other: &Typed) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
