//! `--fix`: writes the replacements that are exact, and nothing else.
//!
//! What a file says after an edit is read again before anything is written: each object must be what it was, but for
//! the texts that were to change. One replacement can make room for the next, so it goes in rounds.

mod write;

use std::collections::BTreeSet;

use anyhow::Context;
use serde_json::Value;

use super::edit::{Edit, apart, apply};
use super::files::{Files, SourceFile, contents};
use super::judge;
use super::object::{Read, Written};
use super::place::{self, Placed};
use crate::engine::lint::{Field, Finding, Step, Surroundings};
use crate::manifests::Manifest;

/// How often all is linted again: replacements of one rule that overlap need one round each.
const MOST_ROUNDS: usize = 10;

/// Writes what can be replaced in these files; gives how many replacements that were.
///
/// # Errors
///
/// When a file can't be written. Those before it are.
pub(super) fn all(
    files: &mut Files,
    namespace: &str,
    around: &Surroundings<'_>,
) -> anyhow::Result<usize> {
    let mut fixed = 0;
    let mut changed = BTreeSet::new();
    for _ in 0..MOST_ROUNDS {
        let read = files.objects(namespace, false);
        let placed = place::all(&read, judge::all(&read, around).findings, files);
        let wanted = wanted(&read, placed, files);
        let before = fixed;
        for number in 0..files.all.len() {
            let of_file: Vec<&Wanted> = wanted.iter().filter(|it| it.at.file == number).collect();
            if let Some((text, count)) = edited(&files.all[number], of_file) {
                files.all[number].text = text;
                changed.insert(number);
                fixed += count;
            }
        }
        if fixed == before {
            break;
        }
    }
    for number in changed {
        let file = &files.all[number];
        write::replace(file)
            .with_context(|| format!("{}: can't be written", file.path.display()))?;
    }
    Ok(fixed)
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
