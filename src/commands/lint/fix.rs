//! `--fix`: writes the replacements that are exact, and nothing else.
//!
//! What a file says after an edit is read again before anything is written: each object must be what it was, but for
//! the texts that were to change. One replacement can make room for the next, so it goes in rounds.

mod write;

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::stdio::complain;
use super::edit::{Edit, apart, apply};
use super::files::{Files, SourceFile, contents};
use super::judge;
use super::object::{Read, Written};
use super::place::{self, Placed};
use crate::engine::lint::{Field, Finding, Step, Surroundings};
use crate::manifests::Manifest;

/// How often all is linted again: replacements of one rule that overlap need one round each.
const MOST_ROUNDS: usize = 10;

/// What was written.
#[derive(Default)]
pub(super) struct Fixed {
    /// How many replacements.
    pub(super) count: usize,
    /// Whether a file could not be written. It was told, and is as it was.
    pub(super) failed: bool,
}

/// A file with replacements in it.
struct Changed {
    /// What it said when it was read.
    before: String,
    count: usize,
}

/// Writes what can be replaced in these files. One that can't be written keeps no other from it.
pub(super) fn all(files: &mut Files, namespace: &str, around: &Surroundings<'_>) -> Fixed {
    let mut changed = BTreeMap::<usize, Changed>::new();
    for _ in 0..MOST_ROUNDS {
        let read = files.objects(namespace);
        let placed = place::all(&read, judge::all(&read, around).findings, files);
        let wanted = wanted(&read, placed, files);
        let mut is_done = true;
        for number in 0..files.all.len() {
            let of_file: Vec<&Wanted> = wanted.iter().filter(|it| it.at.file == number).collect();
            if let Some((text, count)) = edited(&files.all[number], of_file) {
                is_done = false;
                let before = std::mem::replace(&mut files.all[number].text, text);
                changed.entry(number).or_insert(Changed { before, count: 0 }).count += count;
            }
        }
        if is_done {
            break;
        }
    }
    let mut fixed = Fixed::default();
    for (number, Changed { before, count }) in changed {
        let file = &mut files.all[number];
        match write::replace(file, &before) {
            Ok(()) => fixed.count += count,
            Err(error) => {
                complain(format_args!("{}: can't be written: {error}", file.path.display()));
                // What is found is what it still says.
                (file.text, file.is_unwritable, fixed.failed) = (before, true, true);
            }
        }
    }
    fixed
}

/// A replacement that is to be written.
struct Wanted {
    at: Written,
    finding: Finding,
    edit: Edit,
}

fn wanted(read: &Read, placed: Vec<Placed>, files: &Files) -> Vec<Wanted> {
    let found = placed.into_iter().filter_map(|it| {
        let Placed { finding, number, edit, .. } = it;
        let at = read.objects[number].written.clone()?;
        let edit = edit?.ok()?;
        // What changes nothing would be written again and again.
        let is_change = files.all[at.file].text.get(edit.range.clone()) != Some(&*edit.with);
        is_change.then_some(Wanted { at, finding, edit })
    });
    found.collect()
}

/// The text of a file with as many of the replacements as can be written, and how many those are; nothing if it is
/// none.
fn edited(file: &SourceFile, wanted: Vec<&Wanted>) -> Option<(String, usize)> {
    let wanted = apart(wanted, |it| &it.edit);
    if wanted.is_empty() {
        return None;
    }
    let text = apply(&file.text, wanted.iter().map(|it| &it.edit));
    if is_as_wanted(file, &text, &wanted) {
        return Some((text, wanted.len()));
    }
    // One of them can't be written in the style of its text.
    let alone = |it: &&Wanted| {
        let text = apply(&file.text, [&it.edit]);
        is_as_wanted(file, &text, &[it])
    };
    let good: Vec<&Wanted> = wanted.into_iter().filter(alone).collect();
    let text = apply(&file.text, good.iter().map(|it| &it.edit));
    (!good.is_empty() && is_as_wanted(file, &text, &good)).then_some((text, good.len()))
}

/// Whether a new text of a file says what it said, with these replacements.
fn is_as_wanted(file: &SourceFile, text: &str, wanted: &[&Wanted]) -> bool {
    let (before, after) = (contents(&file.path, &file.text), contents(&file.path, text));
    let is_same = |(before, after): (&Result<Manifest, String>, &Result<Manifest, String>)| {
        let (before, after) = match (before, after) {
            (Ok(before), Ok(after)) => (before, after),
            (before, after) => return before.as_ref().err() == after.as_ref().err(),
        };
        let is_of_it = |it: &&&Wanted| {
            it.at.document.start == before.document.start && it.at.items == before.items
        };
        let mut of_it: Vec<&Wanted> = wanted.iter().filter(is_of_it).copied().collect();
        if of_it.is_empty() {
            return before.json == after.json;
        }
        // From the end, so that what is in front stays where it is.
        of_it.sort_by_key(|it| std::cmp::Reverse(it.edit.range.start));
        let mut expected = before.object();
        let is_replaced = |it: &Wanted| replace(&mut expected, &it.finding).is_some();
        of_it.into_iter().all(is_replaced) && expected == after.object()
    };
    before.len() == after.len() && before.iter().zip(&after).all(is_same)
}

/// Replaces in the object what the finding says: in the text of its field, or its key.
fn replace(object: &mut Value, finding: &Finding) -> Option<()> {
    let fix = finding.fix.as_ref()?;
    let Field(steps) = &finding.field;
    let (last, above) = steps.split_last()?;
    let above = above.iter().try_fold(object, |here, step| child(here, step))?;
    if finding.is_about_key {
        let Step::Key(key) = last else { return None };
        let fields = above.as_object_mut()?;
        let mut renamed = key.to_string();
        renamed.get(fix.range.clone())?;
        renamed.replace_range(fix.range.clone(), &fix.with);
        let value = fields.remove(&**key).filter(|_| !fields.contains_key(&renamed))?;
        fields.insert(renamed, value);
        return Some(());
    }
    let field = child(above, last)?;
    let mut text = field.as_str()?.to_owned();
    text.get(fix.range.clone())?;
    text.replace_range(fix.range.clone(), &fix.with);
    *field = Value::from(text);
    Some(())
}

fn child<'o>(of: &'o mut Value, step: &Step) -> Option<&'o mut Value> {
    match step {
        Step::Key(key) => of.get_mut(&**key),
        Step::Item(item) => of.get_mut(*item),
    }
}

#[cfg(test)]
mod tests;
