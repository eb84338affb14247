//! One compiled template for all TaskSpawners that say the same.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use super::value::Text;
use super::{Syntax, Template, TemplateError};

/// Compiled templates by language and source. It keeps none alive by itself.
#[derive(Debug, Default)]
pub struct Templates {
    known: HashMap<(Syntax, Text), Weak<Template>>,
    /// How many entries make it worth to look for dead ones.
    sweep_at: usize,
}

impl Templates {
    /// The compiled template for `source`.
    ///
    /// # Errors
    ///
    /// As [`Template::compile`].
    pub fn compile(
        &mut self,
        source: &str,
        syntax: Syntax,
    ) -> Result<Arc<Template>, TemplateError> {
        let key = (syntax, Text::from(source));
        if let Some(template) = self.known.get(&key).and_then(Weak::upgrade) {
            return Ok(template);
        }
        let template = Arc::new(Template::compile(source, syntax)?);
        self.known.insert(key, Arc::downgrade(&template));
        if self.known.len() > self.sweep_at {
            self.known.retain(|_, template| template.strong_count() > 0);
            self.sweep_at = 2 * self.known.len() + 64;
        }
        Ok(template)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_source_is_compiled_once_while_it_is_used() {
        let mut templates = Templates::default();
        let first = templates.compile("backend", Syntax::Go).unwrap();
        let again = templates.compile("backend", Syntax::Go).unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        drop((first, again));
        for n in 0..1000 {
            templates.compile(&n.to_string(), Syntax::Go).unwrap();
        }
        assert!(templates.known.len() <= 65, "dead templates are swept");
    }
}
