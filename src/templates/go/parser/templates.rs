//! Tokens → tree: templates that the source defines and calls.

use super::scope::Scope;
use super::{Defined, Opener, Parser};
use crate::templates::error::TemplateError;
use crate::templates::go::lexer::Kind;
use crate::templates::go::tree::{Block, Invoke, Node, Pipeline, Span, TemplateId};
use crate::templates::value::Text;

impl Parser<'_, '_> {
    /// Parses `{{define}}` behind its left delimiter, up to and with its `{{end}}`.
    pub(super) fn define(&mut self, start: usize) -> Result<(), TemplateError> {
        self.next();
        let name = self.template_name("`{{define}}`")?;
        self.close_action("define")?;
        self.definition(Opener { keyword: "define", start }, name)
    }

    /// Parses `{{block}}` behind its keyword, up to and with its `{{end}}`.
    pub(super) fn define_and_call(&mut self, start: usize) -> Result<Node, TemplateError> {
        let name = self.template_name("`{{block}}`")?;
        let argument = self.pipeline("`{{block}}`", Kind::RightDelimiter)?;
        let node = self.invoke(start, name.clone(), Some(argument));
        self.definition(Opener { keyword: "block", start }, name)?;
        Ok(node)
    }

    /// Parses `{{template}}` behind its keyword.
    pub(super) fn template(&mut self, start: usize) -> Result<Node, TemplateError> {
        let name = self.template_name("`{{template}}`")?;
        let argument = match self.peek_past_space() {
            Kind::RightDelimiter => {
                self.next();
                None
            }
            _ => Some(self.pipeline("`{{template}}`", Kind::RightDelimiter)?),
        };
        Ok(self.invoke(start, name, argument))
    }

    fn template_name(&mut self, place: &str) -> Result<Text, TemplateError> {
        let token = self.next_past_space();
        match token.kind {
            Kind::QuotedString | Kind::RawString => self.string(token),
            _ => self.fail(token.span.start, format!("{place} needs a name in quotes")),
        }
    }

    fn invoke(&mut self, start: usize, name: Text, argument: Option<Pipeline>) -> Node {
        self.is_straight_line = false;
        let span = Span { start, end: self.tokens[self.at - 1].span.end };
        let template = self.template_id(name.clone());
        Node::Invoke(Box::new(Invoke { span, name, template, argument }))
    }

    /// Parses the body of a template and keeps it. An empty body never replaces another one, and
    /// is replaced by any.
    fn definition(&mut self, opener: Opener, name: Text) -> Result<(), TemplateError> {
        let caller = std::mem::replace(&mut self.scope, Scope::template());
        let body = self.last_block(opener)?;
        self.scope = caller;
        let id = self.template_id(name);
        let is_blank = self.is_blank(&body);
        match &self.templates[id] {
            Some(Defined { is_blank: false, .. }) => {
                if !is_blank {
                    return self.fail(opener.start, "a template of this name is already defined");
                }
            }
            _ => self.templates[id] = Some(Defined { body, is_blank }),
        }
        Ok(())
    }

    fn is_blank(&self, block: &Block) -> bool {
        block.iter().all(|node| match node {
            Node::Text(span) => self.text_of(*span).trim().is_empty(),
            _ => false,
        })
    }

    fn template_id(&mut self, name: Text) -> TemplateId {
        let next = self.templates.len();
        let id = *self.template_ids.entry(name).or_insert(next);
        if id == next {
            self.templates.push(None);
        }
        id
    }
}
