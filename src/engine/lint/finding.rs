//! A finding: the rule, the place, what is wrong, and what to write instead.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use crate::templates::Position;
use crate::words::words;

words! {
    /// How much a finding matters.
    pub enum Severity {
        /// A Task is lost or refused.
        Error = "error",
        /// A wrong or missing value.
        Warning = "warning",
        /// Something to know.
        Info = "info",
    }
}

/// The rules as words, each with its comment as what it is about.
macro_rules! rules {
    (
        $(#[$about:meta])*
        pub enum Rule {
            $($(#[doc = $line:literal])+ $variant:ident = $word:literal,)+
        }
    ) => {
        words! {
            $(#[$about])*
            pub enum Rule {
                $($(#[doc = $line])+ $variant = $word,)+
            }
        }

        impl Rule {
            /// What it looks for, in a line.
            pub const fn about(self) -> &'static str {
                match self {
                    $(Rule::$variant => concat!($($line),+).trim_ascii(),)+
                }
            }
        }
    };
}

rules! {
    /// What is looked for. Each has a folder of its name in tests/data/lint, with why it matters, a bad and a
    /// good example, and an entry in docs/lint.md.
    pub enum Rule {
        /// An `apiVersion` or a `kind` that no Kelos serves.
        ObjectType = "object-type",
        /// A field that Kelos does not have.
        UnknownField = "unknown-field",
        /// A field without which the API server refuses the object.
        MissingField = "missing-field",
        /// No source in `spec.when`.
        NoSource = "no-source",
        /// An event that GitHub does not send, or that Kelos does not know.
        UnknownEvent = "unknown-event",
        /// An event that no filter lets pass, or a filter that lets nothing pass.
        UnmatchedEvent = "unmatched-event",
        /// A schedule that Kelos can't read.
        CronSchedule = "cron-schedule",
        /// A template that does not parse where Kelos renders it.
        TemplateSyntax = "template-syntax",
        /// A helper, Jinja or a variable of rules annotations where Kelos renders.
        NotForKelos = "not-for-kelos",
        /// A variable that the source never has, where Kelos renders.
        NeverThere = "never-there",
        /// A variable that some events of the source do not have, where Kelos renders.
        SometimesThere = "sometimes-there",
        /// A condition that fails on the variable that it asks about.
        GuardFails = "guard-fails",
        /// What prints `<no value>` where a variable is not there.
        PrintsNoValue = "prints-no-value",
        /// `.Labels` taken for a list where it is one text.
        LabelsAreText = "labels-are-text",
        /// A comparison of a number and a text.
        TypesDiffer = "types-differ",
        /// A slice of a text that may be shorter.
        SliceMayFail = "slice-may-fail",
        /// A field of the payload that the event does not have, or that may be nothing.
        PayloadField = "payload-field",
        /// A `.Context` that nobody fetches.
        ContextUnknown = "context-unknown",
        /// Another template that Kelos fails on for every item.
        RenderFails = "render-fails",
        /// A label whose value is none that the API server takes.
        LabelValue = "label-value",
        /// A key that is no label or annotation key.
        MetadataKey = "metadata-key",
        /// A key that Kelos, Kubernetes or the cluster admin keeps for itself.
        ProtectedKey = "protected-key",
        /// A name that leaves no room for those of Tasks.
        LongName = "long-name",
        /// A `nameTemplate` that gives many Tasks one name.
        ConstantName = "constant-name",
        /// A context source that loses Tasks.
        ContextSource = "context-source",
        /// A field of JSON that is likely to be a number, which Kelos prints in its own way.
        MappedNumber = "mapped-number",
        /// No prompt template where titles are empty.
        EmptyPrompt = "empty-prompt",
        /// A stranger's text in a prompt that Kelos parses as a template again.
        PromptParsedTwice = "prompt-parsed-twice",
        /// More than one source in `spec.when`.
        SeveralSources = "several-sources",
        /// A rules annotation that can't be read.
        RulesAnnotation = "rules-annotation",
        /// An entry of a rules annotation that is never rendered.
        RulesTemplate = "rules-template",
        /// A key of a rules annotation that no Task of the source gets a value for.
        NeverWritten = "never-written",
        /// A variable of a rules annotation that nothing on the Tasks tells.
        NotRecorded = "not-recorded",
        /// A `default` that always stands in.
        DefaultAlways = "default-always",
        /// A setting with a value that is not known.
        UnknownSetting = "unknown-setting",
        /// An annotation under `metadata.kelos.dev/` that means nothing.
        UnknownAnnotation = "unknown-annotation",
        /// More keys, bytes or steps than are read or looked at.
        OverLimit = "over-limit",
        /// A queue or a node that a template chooses, without `allowed`.
        FreeChoice = "free-choice",
        /// What strangers write, as the value of a label.
        StrangersText = "strangers-text",
        /// Two keys that are one in Prometheus.
        PrometheusCollision = "prometheus-collision",
        /// A label that has another value for nearly every Task.
        HighCardinality = "high-cardinality",
        /// The label by which Argo CD tracks what it deploys.
        ArgocdInstance = "argocd-instance",
        /// A key that a TaskBudget counts by, and that some Tasks are without.
        BudgetKey = "budget-key",
    }
}

/// One step of the way to a field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A field of an object, or a key of a map.
    Key(Box<str>),
    /// An item of a list, from 0.
    Item(usize),
}

/// The way to a field: `spec.taskTemplate.metadata.labels["team.example.com/area"]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Field(pub Vec<Step>);

impl Field {
    /// The field at a way of keys.
    pub fn of(keys: &[&str]) -> Field {
        Field(keys.iter().map(|key| Step::Key((*key).into())).collect())
    }

    /// A field of this one, or the value of a key in it.
    #[must_use]
    pub(super) fn key(mut self, key: &str) -> Field {
        self.0.push(Step::Key(key.into()));
        self
    }

    /// The key that it ends with.
    pub(super) fn last_key(&self) -> Option<&str> {
        match self.0.last()? {
            Step::Key(key) => Some(key),
            Step::Item(_) => None,
        }
    }

    /// An item of this one.
    #[must_use]
    pub(super) fn item(mut self, item: usize) -> Field {
        self.0.push(Step::Item(item));
        self
    }
}

impl fmt::Display for Field {
    /// As kubectl and the API server write field paths; a key that is no name stands in brackets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_name = |key: &str| key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        for (index, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if is_name(key) && index == 0 => f.write_str(key)?,
                Step::Key(key) if is_name(key) => write!(f, ".{key}")?,
                Step::Key(key) => write!(f, "[{key:?}]")?,
                Step::Item(item) => write!(f, "[{item}]")?,
            }
        }
        Ok(())
    }
}

/// A name that a finding can quote.
pub(super) fn shortened(name: &str) -> Cow<'_, str> {
    match name.char_indices().nth(64) {
        None => name.into(),
        Some((end, _)) => format!("{}…", &name[..end]).into(),
    }
}

/// A replacement that is exact: the text of the field, or its key if the finding is about that, without these bytes
/// and with others in their place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// The bytes of the field's text that go.
    pub range: Range<usize>,
    /// What comes in their place.
    pub with: String,
}

/// Something that is wrong, or worth knowing. Holds no more of the object than names, keys and pieces of templates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked for.
    pub rule: Rule,
    /// How much it matters here.
    pub severity: Severity,
    /// The field that it is about.
    pub field: Field,
    /// Whether the key of that field is meant, not its text.
    pub is_about_key: bool,
    /// Where in the text of the field, if it is about a place there.
    pub at: Option<Position>,
    /// What is wrong, in a clause without a full stop.
    pub text: String,
    /// What to do, in a clause.
    pub help: Option<String>,
    /// What to write instead, where that is certain.
    pub fix: Option<Fix>,
}

impl Finding {
    /// What a rule finds in a field.
    pub(super) fn new(rule: Rule, severity: Severity, field: Field, text: String) -> Finding {
        Finding {
            rule,
            severity,
            field,
            is_about_key: false,
            at: None,
            text,
            help: None,
            fix: None,
        }
    }

    /// The same at a place in the text of the field.
    #[must_use]
    pub(super) fn at(mut self, position: Position) -> Finding {
        self.at = Some(position);
        self
    }

    /// The same at a place, if that is known.
    #[must_use]
    pub(super) fn placed(self, position: Option<Position>) -> Finding {
        Finding { at: position.or(self.at), ..self }
    }

    /// The same with what to do, if that is known.
    #[must_use]
    pub(super) fn maybe_help(self, help: Option<String>) -> Finding {
        Finding { help: help.or(self.help), ..self }
    }

    /// The same with what to do.
    #[must_use]
    pub(super) fn help(mut self, help: impl Into<String>) -> Finding {
        self.help = Some(help.into());
        self
    }

    /// The same with what to write instead.
    #[must_use]
    pub(super) fn fix(mut self, range: Range<usize>, with: impl Into<String>) -> Finding {
        self.fix = Some(Fix { range, with: with.into() });
        self
    }

    /// The same about the key of the field.
    #[must_use]
    pub(super) fn about_key(mut self) -> Finding {
        self.is_about_key = true;
        self
    }
}
