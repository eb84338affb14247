//! The functions a template can name: Go's own and the shared helpers.

use crate::templates::helpers::{self, Helper};
use crate::templates::suggest::closest;

/// A function of Go's text/template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Builtin {
    And,
    Or,
    Not,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Len,
    Index,
    Slice,
    Print,
    Printf,
    Println,
    Html,
    Js,
    Urlquery,
    Call,
}

/// A builtin's name, the fewest arguments it takes and the most, if there is a limit.
type Signature = (&'static str, usize, Option<usize>);

impl Builtin {
    const ALL: [Builtin; 19] = [
        Builtin::And,
        Builtin::Or,
        Builtin::Not,
        Builtin::Eq,
        Builtin::Ne,
        Builtin::Lt,
        Builtin::Le,
        Builtin::Gt,
        Builtin::Ge,
        Builtin::Len,
        Builtin::Index,
        Builtin::Slice,
        Builtin::Print,
        Builtin::Printf,
        Builtin::Println,
        Builtin::Html,
        Builtin::Js,
        Builtin::Urlquery,
        Builtin::Call,
    ];

    fn signature(self) -> Signature {
        match self {
            Builtin::And => ("and", 1, None),
            Builtin::Or => ("or", 1, None),
            Builtin::Not => ("not", 1, Some(1)),
            Builtin::Eq => ("eq", 2, None),
            Builtin::Ne => ("ne", 2, Some(2)),
            Builtin::Lt => ("lt", 2, Some(2)),
            Builtin::Le => ("le", 2, Some(2)),
            Builtin::Gt => ("gt", 2, Some(2)),
            Builtin::Ge => ("ge", 2, Some(2)),
            Builtin::Len => ("len", 1, Some(1)),
            Builtin::Index => ("index", 1, None),
            Builtin::Slice => ("slice", 1, Some(4)),
            Builtin::Print => ("print", 0, None),
            Builtin::Printf => ("printf", 1, None),
            Builtin::Println => ("println", 0, None),
            Builtin::Html => ("html", 0, None),
            Builtin::Js => ("js", 0, None),
            Builtin::Urlquery => ("urlquery", 0, None),
            Builtin::Call => ("call", 1, None),
        }
    }
}

/// A builtin or a helper.
#[derive(Clone, Copy)]
pub(super) enum Function {
    Builtin(Builtin),
    Helper(&'static Helper),
}

impl Function {
    /// The builtin of that name.
    pub(super) fn builtin(name: &str) -> Option<Function> {
        Builtin::ALL.into_iter().find(|b| b.signature().0 == name).map(Function::Builtin)
    }

    /// The name of the function that was probably meant.
    pub(super) fn closest(name: &str) -> Option<&'static str> {
        if let Some(helper) = helpers::other_name(name) {
            return Some(helper);
        }
        let builtins = Builtin::ALL.into_iter().map(|builtin| builtin.signature().0);
        closest(name, builtins.chain(helpers::all().map(|helper| helper.name)))
    }

    fn signature(self) -> Signature {
        match self {
            Function::Builtin(builtin) => builtin.signature(),
            Function::Helper(helper) => (helper.name, helper.min_args, helper.max_args),
        }
    }

    /// Its name in templates.
    pub(super) fn name(self) -> &'static str {
        self.signature().0
    }

    /// Whether it can be called with so many arguments, a piped one included.
    pub(super) fn accepts(self, arguments: usize) -> bool {
        let (_, min, max) = self.signature();
        min <= arguments && max.is_none_or(|max| arguments <= max)
    }

    /// How many arguments it wants, in words.
    pub(super) fn wants(self) -> String {
        let (_, min, max) = self.signature();
        helpers::wants(min, max)
    }

    /// Whether its first argument is a regular expression.
    pub(super) fn takes_pattern(self) -> bool {
        matches!(self, Function::Helper(helper) if helper.takes_pattern)
    }

    /// Whether an argument that names an absent variable is nothing instead of an error.
    pub(super) fn sees_absent(self) -> bool {
        matches!(self, Function::Helper(helper) if helper.sees_absent)
    }
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
