//! Template → minijinja's code, guarded.

use std::sync::LazyLock;

use minijinja::Error;
use minijinja::machinery::ast::Stmt;
use minijinja::machinery::{self, CodeGenerator, Instruction, Instructions};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;

use super::rewrite;

/// The name of the macro whose body is the template; no template can write it.
pub(super) const MAIN: &str = "\0main";

/// The name of every template in minijinja's errors, which we never show.
const TEMPLATE: &str = "template";

/// Jinja's syntax; a line break at the end of a template is part of its result, as in Go.
pub(super) fn syntax() -> SyntaxConfig {
    static SYNTAX: LazyLock<SyntaxConfig> = LazyLock::new(|| {
        let mut builder = SyntaxConfig::builder();
        builder.keep_trailing_newline(true);
        // Only delimiters can be wrong, and these are the usual ones.
        builder.build().unwrap_or_default()
    });
    SYNTAX.clone()
}

/// Parses a template.
pub(super) fn parse(source: &str) -> Result<Stmt<'_>, Error> {
    machinery::parse(source, TEMPLATE, syntax())
}

/// Compiles a template to code that defines it as the macro [`MAIN`].
pub(super) fn compile(source: &str) -> Result<Instructions<'_>, Error> {
    let syntax_tree = parse(source)?;
    let mut code = CodeGenerator::new(TEMPLATE, source);
    let skip = code.add(Instruction::Jump(0));
    code.compile_stmt(&syntax_tree);
    code.add(Instruction::Return);
    let after = code.next_instruction();
    let no_closure = Value::UNDEFINED;
    let no_arguments = Value::from(Vec::<Value>::new());
    code.add(Instruction::LoadConst(no_closure));
    code.add(Instruction::LoadConst(no_arguments));
    code.add(Instruction::BuildMacro(MAIN, skip + 1, 0));
    code.add(Instruction::StoreLocal(MAIN));
    let (mut code, _) = code.finish();
    if let Some(jump) = code.get_mut(skip) {
        *jump = Instruction::Jump(after);
    }
    Ok(rewrite::guard(&code))
}
