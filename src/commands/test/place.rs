//! Where in its file a case says something.

use super::cases::Cases;
use super::world::Slip;
use crate::engine::lint::{Field, Step};
use crate::manifests::Spelling;
use crate::templates::Position;

/// The file, and the line and column of what an error is about: a name in the case, or the case itself.
pub(super) fn of(cases: &Cases, number: usize, error: &anyhow::Error) -> String {
    let case = [Step::Key("cases".into()), Step::Item(number)];
    let keys = |names: &[&str]| {
        let names = names.iter().map(|name| Step::Key((*name).into()));
        Field(case.iter().cloned().chain(names).collect())
    };
    let mut ways = Vec::new();
    if let Some(Slip { name: Some(name), .. }) = error.downcast_ref::<Slip>() {
        ways.extend([keys(&["set", name]), keys(&["item", name])]);
    }
    ways.push(keys(&["name"]));
    let fields: Vec<(&[usize], &Field)> = ways.iter().map(|way| (&[][..], way)).collect();
    let found = Spelling::find(&cases.text, &(0..cases.text.len()), &fields);
    let found = found.into_iter().flatten().find(|it| it.is_whole);
    let place = found.map(|it| {
        let Position { line, column, .. } = Position::of(&cases.text, it.key.start);
        format!(":{line}:{column}")
    });
    format!("{}{}", cases.path.display(), place.unwrap_or_default())
}
