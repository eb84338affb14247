//! Where each finding stands in its file, and what its replacement writes there.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::super::harmless;
use super::edit::{self, Edit};
use super::files::{Files, SourceFile};
use super::object::{Object, Read, Written};
use crate::engine::kelos::Shape;
use crate::engine::lint::{Finding, Step};
use crate::manifests::{Scalar, Spelling, Style};
use crate::templates::Position;

/// A finding and its place.
pub(super) struct Placed {
    pub(super) finding: Finding,
    /// The number of its object.
    pub(super) number: usize,
    pub(super) makes: Shape,
    pub(super) namespace: Arc<str>,
    pub(super) name: Arc<str>,
    /// The place, unless the object is one of the cluster.
    pub(super) in_file: Option<InFile>,
    /// What its replacement writes, where it can be written; or why it can't.
    pub(super) edit: Option<Result<Edit, &'static str>>,
}

impl Placed {
    /// The object, as kubectl users say it.
    pub(super) fn title(&self) -> String {
        let (namespace, name) = (harmless::name(&self.namespace), harmless::name(&self.name));
        format!("{} {namespace}/{name}", self.makes.spawner())
    }
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InFile {
    /// The number of the file.
    pub(super) file: usize,
    pub(super) range: Range<usize>,
    pub(super) start: Position,
    pub(super) end: Position,
}

/// The findings with their places: by file, then by place; those of the cluster by object.
pub(super) fn all(read: &Read, findings: Vec<(usize, Finding)>, files: &Files) -> Vec<Placed> {
    let mut spellings = spellings(read, &findings, files);
    let lines: Vec<Lines> = files.all.iter().map(|file| Lines::of(&file.text)).collect();
    let mut placed: Vec<Placed> = findings
        .into_iter()
        .enumerate()
        .map(|(index, (number, finding))| {
            let object = &read.objects[number];
            let written = object.written.as_ref().map(|it| (it, &files.all[it.file]));
            let spelling = spellings.remove(&index);
            let in_file = written.map(|(written, file)| {
                let range = range(&finding, spelling.as_ref(), written, &file.text);
                let (start, end) = lines[written.file].of_range(&file.text, &range);
                InFile { file: written.file, range, start, end }
            });
            let edit = written.and_then(|(_, file)| edit_of(&finding, spelling.as_ref(), file));
            let Object { makes, ref namespace, ref name, .. } = *object;
            let (namespace, name) = (Arc::clone(namespace), Arc::clone(name));
            Placed { finding, number, makes, namespace, name, in_file, edit }
        })
        .collect();
    placed.sort_by_key(|it| it.in_file.as_ref().map(|at| (at.file, at.range.start)));
    placed
}

/// How the fields of the findings are spelled, by the number of the finding: in one walk through each document.
fn spellings(
    read: &Read,
    findings: &[(usize, Finding)],
    files: &Files,
) -> BTreeMap<usize, Spelling> {
    let mut by_document: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
    for (index, (number, _)) in findings.iter().enumerate() {
        if let Some(written) = &read.objects[*number].written {
            let document = (written.file, written.document.start);
            by_document.entry(document).or_default().push(index);
        }
    }
    let mut all = BTreeMap::new();
    for indices in by_document.into_values() {
        let fields = indices.iter().filter_map(|index| {
            let (number, finding) = &findings[*index];
            Some((read.objects[*number].written.as_ref()?, &finding.field))
        });
        let fields: Vec<(&Written, _)> = fields.collect();
        let Some((first, _)) = fields.first() else { continue };
        let text = &files.all[first.file].text;
        let ways: Vec<_> = fields.iter().map(|(it, field)| (&*it.items, *field)).collect();
        let found = Spelling::find(text, &first.document, &ways);
        all.extend(indices.into_iter().zip(found).filter_map(|(at, it)| Some((at, it?))));
    }
    all
}

/// The bytes that a finding is about: the piece of the text that it names, or the text, or the key; where the file
/// has no such field, the last key on the way to it, or the first line of the object.
fn range(
    finding: &Finding,
    spelling: Option<&Spelling>,
    written: &Written,
    text: &str,
) -> Range<usize> {
    let Some(spelling) = spelling else { return first_line(written, text) };
    let scalar = spelling.scalar.as_ref().filter(|_| !finding.is_about_key);
    let Some(scalar) = scalar else { return spelling.key.clone() };
    let exact = finding.at.and_then(|at| scalar.in_file(&word_at(&scalar.text, at.offset)));
    match exact {
        Some(range) => range,
        // A block has many lines: its key says which one is meant.
        None if is_block(scalar) || finding.at.is_some() => spelling.key.clone(),
        None => scalar.range.clone(),
    }
}

fn is_block(scalar: &Scalar) -> bool {
    matches!(scalar.style, Style::Literal | Style::Folded)
}

/// The first line of the document that has something to say.
fn first_line(written: &Written, text: &str) -> Range<usize> {
    let lines = text[..written.document.end].split_inclusive('\n');
    let start: usize = lines.take(written.line - 1).map(str::len).sum();
    let line = text[start..].lines().next().unwrap_or_default();
    start..start + line.trim_end().len()
}

/// The piece of a text that begins at `offset`: a name, a field, or one character.
fn word_at(text: &str, offset: usize) -> Range<usize> {
    let start = text.floor_char_boundary(offset.min(text.len()));
    let rest = &text[start..];
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '$');
    let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
    let length = if word > 0 { word } else { rest.chars().next().map_or(0, char::len_utf8) };
    start..start + length
}

/// What the replacement of a finding writes.
fn edit_of(
    finding: &Finding,
    spelling: Option<&Spelling>,
    file: &SourceFile,
) -> Option<Result<Edit, &'static str>> {
    let fix = finding.fix.as_ref()?;
    if finding.is_about_key && file.is_sound {
        return Some(edit_of_key(finding, spelling?, file));
    }
    let scalar = spelling.and_then(|spelling| spelling.scalar.as_ref());
    Some(match scalar {
        _ if !file.is_sound => Err("the file has something in it that can't be read"),
        None => Err("the file does not spell this text here"),
        Some(scalar) if scalar.is_shared => Err("other places have this text, too, by an anchor"),
        Some(scalar) => edit::encode(&file.text, scalar, &fix.range, &fix.with),
    })
}

/// What the replacement of a key writes: where the file spells it letter by letter, in quotes or without.
fn edit_of_key(
    finding: &Finding,
    spelling: &Spelling,
    file: &SourceFile,
) -> Result<Edit, &'static str> {
    let wrong = "the place in the file is not certain";
    let (Some(fix), Some(Step::Key(key))) = (&finding.fix, finding.field.0.last()) else {
        return Err(wrong);
    };
    let spelled = &file.text[spelling.key.clone()];
    let at = spelled.find(&**key).filter(|_| spelling.is_whole).ok_or(wrong)?;
    let around = spelled.len() - key.len();
    if around != 2 * at || at > 1 {
        return Err(wrong);
    }
    let start = spelling.key.start + at;
    Ok(Edit { range: start + fix.range.start..start + fix.range.end, with: fix.with.clone() })
}

/// Where the lines of a text begin: to find many places in it.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Lines {
        Lines([0].into_iter().chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect())
    }

    fn at(&self, text: &str, offset: usize) -> Position {
        let line = self.0.partition_point(|start| *start <= offset);
        let start = self.0[line - 1];
        Position { offset, line, column: text[start..offset].chars().count() + 1 }
    }

    fn of_range(&self, text: &str, range: &Range<usize>) -> (Position, Position) {
        (self.at(text, range.start), self.at(text, range.end))
    }
}
