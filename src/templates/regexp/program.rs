//! Tree → instructions.

use super::PatternError;
use super::parser::{Look, Node};
use super::repetition::Repetition;
use crate::templates::budget::Exhausted;
use crate::templates::purse::Purse;

/// The most instructions of a regular expression.
const MAX_CODE: usize = 4 << 10;

/// The most that instructions times groups may be: for each instruction under way the machine
/// keeps the places of all groups.
const MAX_PLACES: usize = 128 << 10;

/// How many parts of the tree may be looked at: repeating nothing makes no instructions.
const MAX_VISITS: usize = 4 * MAX_CODE;

/// One instruction. All but `Split` go on with the next one.
#[derive(Clone, Copy, Debug)]
pub(super) enum Instruction {
    Char(char),
    Class(usize),
    Any {
        newline: bool,
    },
    Look(Look),
    /// Notes the place as the start or end of a group.
    Save(usize),
    /// Goes both ways, and prefers the first.
    Split(usize, usize),
    Jump(usize),
    Match,
}

/// How many parts of the tree are looked at for one step.
const VISITS_PER_STEP: usize = 8;

/// Compiles a tree with so many groups.
pub(super) fn compile(
    root: &Node,
    groups: usize,
    purse: &mut Purse,
) -> Result<Box<[Instruction]>, PatternError> {
    let mut compiler = Compiler { code: Vec::new(), visits: 0, purse };
    let compiled = compiler.group(0, root).and_then(|()| compiler.push(Instruction::Match));
    match compiled {
        Ok(_) if compiler.code.len() * 2 * groups <= MAX_PLACES => Ok(compiler.code.into()),
        Err(Stop::Exhausted(exhausted)) => Err(exhausted.into()),
        _ => Err(PatternError::Wrong(
            "is too large: it has too many repetitions or groups".to_owned(),
        )),
    }
}

/// Why there are no instructions.
enum Stop {
    TooLarge,
    Exhausted(Exhausted),
}

impl From<Exhausted> for Stop {
    fn from(exhausted: Exhausted) -> Stop {
        Stop::Exhausted(exhausted)
    }
}

struct Compiler<'p> {
    code: Vec<Instruction>,
    visits: usize,
    purse: &'p mut Purse,
}

impl Compiler<'_> {
    /// Adds an instruction, and says where it is.
    fn push(&mut self, instruction: Instruction) -> Result<usize, Stop> {
        if self.code.len() >= MAX_CODE {
            return Err(Stop::TooLarge);
        }
        if self.code.len() == self.code.capacity() {
            let more = self.code.len().max(16);
            // While it grows there are two.
            self.purse.take_bytes(2 * more * size_of::<Instruction>())?;
            self.code.reserve_exact(more);
        }
        self.code.push(instruction);
        Ok(self.code.len() - 1)
    }

    fn node(&mut self, node: &Node) -> Result<(), Stop> {
        self.visits += 1;
        if self.visits > MAX_VISITS {
            return Err(Stop::TooLarge);
        }
        if self.visits.is_multiple_of(VISITS_PER_STEP) {
            self.purse.take_steps(1)?;
        }
        match node {
            Node::Char(c) => self.push(Instruction::Char(*c)).map(drop),
            Node::Class(class) => self.push(Instruction::Class(*class)).map(drop),
            Node::Any { newline } => self.push(Instruction::Any { newline: *newline }).map(drop),
            Node::Look(look) => self.push(Instruction::Look(*look)).map(drop),
            Node::Group(number, inner) => self.group(*number, inner),
            Node::Concat(items) => items.iter().try_for_each(|item| self.node(item)),
            Node::Either(branches) => self.either(branches),
            Node::Repeat(inner, repetition) => self.repeat(inner, *repetition),
        }
    }

    fn group(&mut self, number: usize, inner: &Node) -> Result<(), Stop> {
        self.push(Instruction::Save(2 * number))?;
        self.node(inner)?;
        self.push(Instruction::Save(2 * number + 1)).map(drop)
    }

    fn either(&mut self, branches: &[Node]) -> Result<(), Stop> {
        let mut jumps = Vec::new();
        for (index, branch) in branches.iter().enumerate() {
            if index + 1 == branches.len() {
                self.node(branch)?;
                break;
            }
            let split = self.push(Instruction::Jump(0))?;
            self.node(branch)?;
            jumps.push(self.push(Instruction::Jump(0))?);
            self.code[split] = Instruction::Split(split + 1, self.code.len());
        }
        for jump in jumps {
            self.code[jump] = Instruction::Jump(self.code.len());
        }
        Ok(())
    }

    fn repeat(&mut self, inner: &Node, repetition: Repetition) -> Result<(), Stop> {
        let Repetition { min, max, greedy } = repetition;
        match max {
            None if min == 0 && can_be_empty(inner) => {
                // As in Go: what may match nothing is taken once or more, or not at all.
                let split = self.push(Instruction::Jump(0))?;
                self.plus(inner, greedy)?;
                self.split(split, split + 1, self.code.len(), greedy);
                Ok(())
            }
            None if min == 0 => {
                let split = self.push(Instruction::Jump(0))?;
                self.node(inner)?;
                self.push(Instruction::Jump(split))?;
                self.split(split, split + 1, self.code.len(), greedy);
                Ok(())
            }
            None => {
                for _ in 1..min {
                    self.node(inner)?;
                }
                self.plus(inner, greedy)
            }
            Some(max) => {
                for _ in 0..min {
                    self.node(inner)?;
                }
                let mut splits = Vec::new();
                for _ in min..max {
                    splits.push(self.push(Instruction::Jump(0))?);
                    self.node(inner)?;
                }
                for split in splits {
                    self.split(split, split + 1, self.code.len(), greedy);
                }
                Ok(())
            }
        }
    }

    fn plus(&mut self, inner: &Node, greedy: bool) -> Result<(), Stop> {
        let start = self.code.len();
        self.node(inner)?;
        let split = self.push(Instruction::Jump(0))?;
        self.split(split, start, split + 1, greedy);
        Ok(())
    }

    /// Makes the instruction at `at` a choice between going `on` and going `past`.
    fn split(&mut self, at: usize, on: usize, past: usize, greedy: bool) {
        self.code[at] =
            if greedy { Instruction::Split(on, past) } else { Instruction::Split(past, on) };
    }
}

/// Whether it may match nothing.
fn can_be_empty(node: &Node) -> bool {
    match node {
        Node::Char(_) | Node::Class(_) | Node::Any { .. } => false,
        Node::Look(_) => true,
        Node::Group(_, inner) => can_be_empty(inner),
        Node::Concat(items) => items.iter().all(can_be_empty),
        Node::Either(branches) => branches.iter().any(can_be_empty),
        Node::Repeat(inner, repetition) => repetition.min == 0 || can_be_empty(inner),
    }
}
