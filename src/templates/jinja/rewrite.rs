//! Puts guards into compiled code: filters that charge for an instruction before it runs, or look
//! at what it made.

use std::collections::BTreeSet;

use minijinja::machinery::{Instruction, Instructions};

use super::catalog::{self, guarded};
use super::operators;

/// A filter number that minijinja does not cache: its cache is for the numbers that its own
/// compiler gave out.
const NOT_CACHED: u8 = u8::MAX;

/// One instruction of a guard.
#[derive(Clone, Copy)]
enum Step {
    /// Swaps the two topmost values.
    Swap,
    /// Sends the topmost value through a filter.
    Filter(&'static str),
}

use Step::{Filter, Swap};

const ITERABLE_SECOND: &[Step] = &[Swap, Filter(operators::ITERABLE), Swap];
const ITERABLE: &[Step] = &[Filter(operators::ITERABLE)];
const KEEP: &[Step] = &[Filter(operators::KEEP)];
const KEEP_SECOND: &[Step] = &[Swap, Filter(operators::KEEP), Swap];
const MACRO: &[Step] = &[Filter(operators::MACRO)];
const SINGLE: &[Step] = &[Filter(operators::SINGLE)];

/// The same code with guards.
pub(super) fn guard<'s>(code: &Instructions<'s>) -> Instructions<'s> {
    let old: Vec<&Instruction<'s>> = (0..).map_while(|pc| code.get(pc)).collect();
    let targets: BTreeSet<u32> = old.iter().filter_map(|i| target(i)).collect();
    // Where each instruction, or the guard before it, will start.
    let mut starts = Vec::with_capacity(old.len() + 1);
    let mut guards = Vec::with_capacity(old.len());
    let mut next = 0;
    for (pc, instruction) in old.iter().enumerate() {
        let constant_before = match pc.checked_sub(1).map(|before| old[before]) {
            Some(Instruction::LoadConst(value)) if !targets.contains(&(pc as u32)) => Some(value),
            _ => None,
        };
        let (before, after) = guards_of(instruction, constant_before);
        starts.push(next);
        guards.push((before, after));
        next += (before.len() + 1 + after.len()) as u32;
    }
    starts.push(next);

    let mut new = Instructions::new(code.name(), code.source());
    for (pc, instruction) in old.iter().enumerate() {
        let (before, after) = guards[pc];
        let mut add = |instruction| match (code.get_span(pc as u32), code.get_line(pc as u32)) {
            (Some(span), _) => new.add_with_span(instruction, span),
            (None, Some(line)) => {
                new.add_with_line(instruction, u16::try_from(line).unwrap_or(u16::MAX))
            }
            (None, None) => new.add(instruction),
        };
        for step in before {
            add(step.instruction());
        }
        add(relocate(replace((*instruction).clone()), &starts));
        for step in after {
            add(step.instruction());
        }
    }
    new
}

impl Step {
    fn instruction<'s>(self) -> Instruction<'s> {
        match self {
            Swap => Instruction::Swap,
            Filter(name) => Instruction::ApplyFilter(name, Some(1), NOT_CACHED),
        }
    }
}

/// The guards before and after an instruction.
fn guards_of(
    instruction: &Instruction<'_>,
    constant_before: Option<&minijinja::Value>,
) -> (&'static [Step], &'static [Step]) {
    match instruction {
        // An index into a text counts characters, unless it is a small one.
        Instruction::GetItem => match constant_before {
            Some(key) if key.as_str().is_some() => (&[], &[]),
            Some(key) if key.as_usize().is_some_and(|index| index < 64) => (&[], &[]),
            _ => (ITERABLE_SECOND, &[]),
        },
        Instruction::PushLoop(_) | Instruction::FastRecurse => (ITERABLE, &[]),
        Instruction::CallFunction("loop", Some(1)) => (ITERABLE, &[]),
        Instruction::SetAttr(_) => (KEEP_SECOND, &[]),
        Instruction::BuildList(Some(_)) | Instruction::BuildTuple(_) | Instruction::BuildMap(_) => {
            (&[], KEEP)
        }
        Instruction::Add | Instruction::Mul => (&[], SINGLE),
        Instruction::BuildMacro(..) => (&[], MACRO),
        _ => (&[], &[]),
    }
}

/// Our own version of an instruction or filter, where there is one.
fn replace(instruction: Instruction<'_>) -> Instruction<'_> {
    let operator = |name, args| Instruction::ApplyFilter(name, Some(args), NOT_CACHED);
    match instruction {
        Instruction::Eq => operator(operators::EQ, 2),
        Instruction::Ne => operator(operators::NE, 2),
        Instruction::Lt => operator(operators::LT, 2),
        Instruction::Lte => operator(operators::LE, 2),
        Instruction::Gt => operator(operators::GT, 2),
        Instruction::Gte => operator(operators::GE, 2),
        Instruction::In => operator(operators::IN, 2),
        Instruction::StringConcat => operator(operators::CONCAT, 2),
        Instruction::Slice => operator(operators::SLICE, 4),
        Instruction::BuildMap(pairs) => {
            operator(operators::MAP, u16::try_from(2 * pairs).unwrap_or(u16::MAX))
        }
        Instruction::ApplyFilter(name, args, id) => {
            Instruction::ApplyFilter(guarded(catalog::BUILT_IN, name).unwrap_or(name), args, id)
        }
        Instruction::PerformTest(name, args, id) => {
            Instruction::PerformTest(guarded(catalog::COSTLY_TESTS, name).unwrap_or(name), args, id)
        }
        other => other,
    }
}

/// Where an instruction may jump to.
fn target(instruction: &Instruction<'_>) -> Option<u32> {
    match *instruction {
        Instruction::Jump(target)
        | Instruction::JumpIfFalse(target)
        | Instruction::JumpIfFalseOrPop(target)
        | Instruction::JumpIfTrueOrPop(target)
        | Instruction::Iterate(target)
        | Instruction::BuildMacro(_, target, _) => Some(target),
        _ => None,
    }
}

/// The instruction with its target moved to where that is now.
fn relocate<'s>(mut instruction: Instruction<'s>, starts: &[u32]) -> Instruction<'s> {
    if let Instruction::Jump(target)
    | Instruction::JumpIfFalse(target)
    | Instruction::JumpIfFalseOrPop(target)
    | Instruction::JumpIfTrueOrPop(target)
    | Instruction::Iterate(target)
    | Instruction::BuildMacro(_, target, _) = &mut instruction
    {
        *target = starts[*target as usize];
    }
    instruction
}
