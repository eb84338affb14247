//! The pieces of a text that a template gives, with what is known of its variables.

use std::borrow::Cow;

use super::name;
use super::pattern::{Arm, Condition, Flavour, Given, Part, Pattern};
use super::scan::Unread;
use super::segment::{Branch, Segment, Segments};
use crate::engine::meter::Meter;
use crate::engine::sources::variable::Class;

/// Lays the parts of a pattern out: what is known is a fixed text, fixed texts that stand beside each other
/// are one, and of a condition only those alternatives are left that what is known allows.
pub(super) struct Layout<'l, 'p, 't> {
    pattern: &'p Pattern,
    given: &'l Given<'p, 't>,
    /// What was read so far.
    read: &'l [Option<&'p str>],
    meter: &'l Meter,
    /// What the conditions around a part say of variables.
    supposed: Vec<(usize, Supposed<'p>)>,
    /// How many choices there are around a part.
    choices: usize,
}

/// What a condition says of a variable, by holding or by failing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Supposed<'p> {
    /// It is there and not empty.
    Filled,
    /// It is empty, or not there.
    Empty,
    /// It is this text.
    Is(&'p str),
}

/// Whether what comes behind a part can still be read: in a name it may have been cut off, or run together
/// with this.
type GoesOn = bool;

impl<'l, 'p, 't: 'p> Layout<'l, 'p, 't> {
    /// The pieces of a text.
    pub(super) fn of(
        pattern: &'p Pattern,
        given: &'l Given<'p, 't>,
        read: &'l [Option<&'p str>],
        meter: &'l Meter,
    ) -> Result<Segments<'p>, Unread> {
        let mut layout = Layout { pattern, given, read, meter, supposed: Vec::new(), choices: 0 };
        let mut segments = Vec::with_capacity(pattern.parts.len());
        layout.parts(&pattern.parts, &mut segments)?;
        if layout.is_name() {
            name::trim(&mut segments);
        }
        Ok(segments)
    }

    fn is_name(&self) -> bool {
        self.given.flavour == Flavour::Name
    }

    fn parts(&mut self, parts: &'p [Part], segments: &mut Segments<'p>) -> Result<GoesOn, Unread> {
        for part in parts {
            let goes_on = match part {
                Part::Text(text) => self.fix(text, segments)?,
                Part::Variable(number) => match self.fixed(*number) {
                    Some(text) => self.fix(text, segments)?,
                    None => self.open(*number, segments),
                },
                Part::Choice(arms) => self.choice(arms, segments)?,
                Part::Other => self.any(segments),
            };
            if !goes_on {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Adds a fixed text.
    fn fix(&self, text: &'p str, segments: &mut Segments<'p>) -> Result<GoesOn, Unread> {
        // What was read out of a name has its form already.
        let fixed =
            if self.is_name() { name::text(text).map(Cow::Owned) } else { Some(text.into()) };
        let Some(text) = fixed else { return Ok(self.any(segments)) };
        match segments.last_mut() {
            Some((Segment::Text(last), _)) => {
                self.meter.take_bytes(text.len()).map_err(|_| Unread::TooCostly)?;
                last.to_mut().push_str(&text);
            }
            _ => segments.push((Segment::Text(text), None)),
        }
        Ok(true)
    }

    /// Adds what can be any text.
    fn any(&self, segments: &mut Segments<'p>) -> GoesOn {
        segments.push((Segment::Any(Class::Anything), None));
        !self.is_name()
    }

    /// Adds a variable that is not known.
    fn open(&self, number: usize, segments: &mut Segments<'p>) -> GoesOn {
        let Some(variable) = self.pattern.variables.get(number) else {
            return self.any(segments);
        };
        let is_filled = self.holds(number) == Some(true);
        let segment = match (self.given.flavour, self.given.page) {
            // Should a page have another form after all, then a text is none that the template gives; of a
            // choice it would be the other alternative.
            (Flavour::Plain, Some(page)) if *variable.name == *"URL" && self.choices == 0 => {
                Segment::Page(page)
            }
            (Flavour::Plain, _) if is_filled => Segment::Filled(variable.class),
            (Flavour::Plain, _) => Segment::Any(variable.class),
            (Flavour::ByHand, _) => Segment::Any(Class::Anything),
            (Flavour::Name, _) => match name::class(variable.in_name) {
                Some(class) => Segment::Any(class),
                // A name does not keep it.
                None => return self.any(segments),
            },
        };
        segments.push((segment, Some(number)));
        true
    }

    /// Adds the alternatives that there are: those of which the condition may hold.
    fn choice(&mut self, arms: &'p [Arm], segments: &mut Segments<'p>) -> Result<GoesOn, Unread> {
        let around = self.supposed.len();
        let mut left: Vec<(&'p Arm, usize)> = Vec::new();
        for arm in arms {
            let holds = match &arm.when {
                Condition::Filled(number) => self.holds(*number),
                Condition::Is(number, text) => self.is(*number, text),
                Condition::IsNot(number, text) => self.is(*number, text).map(|is| !is),
                Condition::Unknown => None,
                Condition::Otherwise => Some(true),
            };
            if holds != Some(false) {
                left.push((arm, self.supposed.len()));
            }
            if holds == Some(true) {
                break;
            }
            match (&arm.when, holds) {
                (Condition::Filled(number), None) => {
                    self.supposed.push((*number, Supposed::Empty));
                }
                (Condition::IsNot(number, text), None) => {
                    self.supposed.push((*number, Supposed::Is(text)));
                }
                _ => {}
            }
        }
        if let [(arm, _)] = &*left {
            self.supposed.truncate(around);
            return self.parts(&arm.parts, segments);
        }
        if self.is_name() {
            self.supposed.truncate(around);
            return Ok(self.any(segments));
        }
        let failed = self.supposed.split_off(around);
        let mut branches = Vec::with_capacity(left.len());
        self.choices += 1;
        for (arm, behind) in left {
            self.supposed.extend(failed.iter().take(behind - around));
            match &arm.when {
                Condition::Filled(number) => self.supposed.push((*number, Supposed::Filled)),
                Condition::Is(number, text) => self.supposed.push((*number, Supposed::Is(text))),
                Condition::IsNot(..) | Condition::Unknown | Condition::Otherwise => {}
            }
            let told = self.told_since(around);
            let mut inner = Vec::new();
            self.parts(&arm.parts, &mut inner)?;
            branches.push(Branch { segments: inner, told });
            self.supposed.truncate(around);
        }
        self.choices -= 1;
        segments.push((Segment::Choice(branches), None));
        Ok(true)
    }

    /// What variables are by what was supposed since.
    fn told_since(&self, since: usize) -> Vec<(usize, &'p str)> {
        let supposed = self.supposed.iter().skip(since);
        supposed.filter_map(|(number, it)| Some((*number, self.text_of(*number, *it)?))).collect()
    }

    /// The text of a variable of which this is supposed.
    fn text_of(&self, number: usize, supposed: Supposed<'p>) -> Option<&'p str> {
        match supposed {
            Supposed::Is(text) => Some(text),
            Supposed::Empty if self.is_always_there(number) => Some(self.printed_empty(number)),
            Supposed::Empty | Supposed::Filled => None,
        }
    }

    /// Whether a variable is there and not empty; nothing if that is not known.
    fn holds(&self, number: usize) -> Option<bool> {
        // What people give by hand can be a list, a zero or nothing, whatever it prints.
        if !self.has_types() {
            return None;
        }
        let supposed = self.supposed.iter().find(|(of, _)| *of == number);
        let says = |it: Supposed<'_>| match it {
            Supposed::Filled => true,
            Supposed::Empty => false,
            Supposed::Is(text) => !text.is_empty(),
        };
        // What is known from elsewhere may be what Kelos's templates don't have.
        let known = || self.read(number).or_else(|| self.known_there(number));
        let is_filled = || known().map(|text| text != self.printed_empty(number));
        supposed.map(|(_, it)| says(*it)).or_else(is_filled)
    }

    /// Whether a variable is this text; nothing if that is not known.
    fn is(&self, number: usize, text: &str) -> Option<bool> {
        if !self.has_types() {
            return None;
        }
        let supposed = self.supposed.iter().filter(|(of, _)| *of == number).map(|(_, it)| *it);
        let told = supposed.clone().find_map(|it| self.text_of(number, it));
        // A name has it in another form.
        let read = || self.read(number).filter(|_| !self.is_name());
        let known = || told.or_else(read).or_else(|| self.known_there(number));
        match known() {
            Some(known) => Some(known == text),
            None if text.is_empty() && supposed.clone().any(|it| it == Supposed::Filled) => {
                Some(false)
            }
            None => None,
        }
    }

    /// The text of a variable, if it is known here.
    fn fixed(&self, number: usize) -> Option<&'p str> {
        let mut supposed = self.supposed.iter().filter(|(of, _)| *of == number);
        let told = self.read(number).or_else(|| self.known(number));
        told.or_else(|| supposed.find_map(|(_, it)| self.text_of(number, *it)))
    }

    fn read(&self, number: usize) -> Option<&'p str> {
        self.read.get(number).copied().flatten()
    }

    /// The text of a variable that is known letter by letter from elsewhere.
    fn known(&self, number: usize) -> Option<&'p str> {
        self.given.letters.get(number)?.as_deref()
    }

    /// The same, if Kelos's templates have it.
    fn known_there(&self, number: usize) -> Option<&'p str> {
        self.known(number).filter(|_| self.is_always_there(number))
    }

    fn printed_empty(&self, number: usize) -> &'static str {
        self.pattern.printed_empty(number)
    }

    fn has_types(&self) -> bool {
        self.pattern.is_typed && self.given.flavour != Flavour::ByHand
    }

    /// Whether a variable that does not hold is there, and empty.
    fn is_always_there(&self, number: usize) -> bool {
        self.has_types()
            && self.pattern.variables.get(number).is_some_and(|variable| variable.is_always_there)
    }
}
