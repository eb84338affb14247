//! One compiled template for all TaskSpawners that say the same.

use std::sync::Arc;

use super::error::TemplateError;
use super::interner::{Interner, Parts};
use super::purse::{ALLOCATION, Purse};
use super::syntax::Syntax;
use super::template::Template;
use super::value::Text;

/// What a template takes that is not its source and its code.
const TEMPLATE_BYTES: usize = size_of::<Template>() + 2 * ALLOCATION + 64;

/// Compiled templates by language and source, and parts of what is compiled, such as regular expressions.
#[derive(Debug, Default)]
pub struct Templates {
    known: Interner<Template>,
    parts: Parts,
}

impl Templates {
    /// Does something with a purse that knows what others have compiled.
    pub fn sharing<T>(&mut self, purse: &mut Purse, work: impl FnOnce(&mut Purse) -> T) -> T {
        std::mem::swap(&mut self.parts, &mut purse.parts);
        let done = work(purse);
        std::mem::swap(&mut self.parts, &mut purse.parts);
        done
    }

    /// The compiled template for `source`. What it costs to compile it, or would have, is taken off the
    /// purse.
    ///
    /// # Errors
    ///
    /// As [`Template::compile`].
    pub fn compile(
        &mut self,
        source: &str,
        syntax: Syntax,
        purse: &mut Purse,
    ) -> Result<Arc<Template>, TemplateError> {
        let hash = self.known.hash(&(syntax, source));
        let is_same = |known: &Template| known.syntax == syntax && known.source() == source;
        if let Some(template) = self.known.find(hash, is_same) {
            purse.pay(template.spent)?;
            return Ok(template);
        }
        let compile = |purse: &mut Purse| Template::compile_within(source, syntax, purse);
        let template = Arc::new(self.sharing(purse, compile)?);
        self.known.insert(hash, &template);
        Ok(template)
    }
}

impl Template {
    /// As [`Template::compile`], at the cost of the purse.
    pub(super) fn compile_within(
        source: &str,
        syntax: Syntax,
        purse: &mut Purse,
    ) -> Result<Template, TemplateError> {
        let compile = |purse: &mut Purse| -> Result<_, TemplateError> {
            purse.take_steps(1)?;
            purse.take_reading(source.len())?;
            purse.take_bytes(TEMPLATE_BYTES + source.len())?;
            let source = Text::from(source);
            let (body, bytes) = super::template::body(&source, syntax, purse)?;
            Ok((source, body, bytes))
        };
        let weigh = |(source, _, bytes): &(Text, _, usize)| TEMPLATE_BYTES + source.len() + bytes;
        let ((source, body, _), spent) = purse.measured(compile, weigh)?;
        Ok(Template { source, syntax, body, spent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_source_is_compiled_once_while_it_is_used() {
        let mut templates = Templates::default();
        let mut compile =
            |source: &str| templates.compile(source, Syntax::Go, &mut Purse::default()).unwrap();
        let first = compile("backend");
        let again = compile("backend");
        assert!(Arc::ptr_eq(&first, &again));
        drop((first, again));
        for n in 0..1000 {
            compile(&n.to_string());
        }
        assert!(templates.known.len() <= 65, "dead templates are swept");
    }

    /// What is kept is held against what was taken by each compilation, in builds like that of the tests.
    #[test]
    fn no_template_keeps_more_than_it_took_however_long_its_names_are() {
        for (length, count) in
            [1, 22, 24, 80, 200, 1000].map(|length| (length, 30)).into_iter().chain([(400, 1)])
        {
            let written = |write: &dyn Fn(String, String) -> String| -> String {
                (0..count).map(|number| write(format!("{number}"), "x".repeat(length))).collect()
            };
            for source in [
                written(&|number, x| format!("{{{{.N{number}{x}}}}}")),
                format!("{{{{print{}}}}}", written(&|number, x| format!(" .N{number}{x}"))),
                format!(
                    "{{{{if or{}}}}}y{{{{end}}}}",
                    written(&|number, x| format!(" $.N{number}{x}.{x}"))
                ),
                written(&|number, x| format!("{{{{ n{number}_{x} }}}}")),
                written(&|number, x| format!("{{{{ n{number}_{x}.{x}_a | lower }}}}")),
                written(&|number, x| format!("{{{{ regexFind \"{x:.200}{number}\" .Title }}}}")),
            ] {
                let mut purse = Purse::default();
                Template::compile_within(&source, Syntax::Auto, &mut purse).unwrap();
                assert!(purse.spent().bytes as usize > source.len(), "{source:.40}");
            }
        }
    }

    #[test]
    fn the_same_costs_the_same_whether_somebody_has_it_or_not() {
        for (source, syntax) in [
            ("backend", Syntax::Auto),
            ("{{ .Title | lower }}", Syntax::Auto),
            ("{{ title | lower }}", Syntax::Auto),
            ("{{ regexFind \"[\\\\pL ]+\" .Title }}", Syntax::Go),
        ] {
            let mut templates = Templates::default();
            let mut compile = || {
                let mut purse = Purse::default();
                (templates.compile(source, syntax, &mut purse).unwrap(), purse.spent())
            };
            let (kept, first) = compile();
            let (again, second) = compile();
            assert!(Arc::ptr_eq(&kept, &again));
            assert_eq!(first, second, "{source}");
        }
    }
}
