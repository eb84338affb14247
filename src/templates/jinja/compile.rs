//! Template → minijinja's code, guarded.

use std::sync::LazyLock;

use minijinja::Error;
use minijinja::machinery::ast::Stmt;
use minijinja::machinery::{self, CodeGenerator, Instruction, Instructions, Span};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;

use super::rewrite;

/// How many instructions, and how many places of theirs, minijinja has room for from the start.
const ROOM: (usize, usize) = (256, 128);

/// What a program takes that is not its code.
const PROGRAM_BYTES: usize = 256;

/// What a constant takes at the most for each part of it.
const CONSTANT_BYTES: usize = 64;

/// What the code of a template of so many parts takes in memory.
pub(super) fn bytes(code: &Instructions<'_>, parts: usize) -> usize {
    let instructions = (0..).map_while(|pc| code.get(pc)).count();
    // The lists grow by doubling.
    let capacity = |room: usize| instructions.next_power_of_two().max(room);
    // A place is the number of an instruction and a line or a span.
    let place = 2 * size_of::<u32>() + size_of::<u32>() + size_of::<Span>();
    PROGRAM_BYTES
        + capacity(ROOM.0) * size_of::<Instruction<'_>>()
        + capacity(ROOM.1) * place
        + parts * CONSTANT_BYTES
}

/// The most that compiling a template takes whatever it says: its code is made twice.
pub(super) fn most_bytes() -> usize {
    let place = 2 * size_of::<u32>() + size_of::<u32>() + size_of::<Span>();
    2 * (PROGRAM_BYTES + ROOM.0 * size_of::<Instruction<'_>>() + ROOM.1 * place)
}

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
