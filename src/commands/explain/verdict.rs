//! The answer in one sentence.

mod facts;

use serde_json::Value;

use self::facts::{Facts, Lack, Marked};
use super::holder::{Holder, holder};
use super::key::{KeyStep, quoted};
use super::outlook::{HasGot, Outlook};
use super::step::Sign;
use super::walk::Walk;
use crate::apimachinery::Kind;
use crate::engine::comparison::Change;
use crate::engine::kelos::{Shape, Task};
use crate::engine::reason::Reason;
use crate::templates::suggest::closest;

/// How many keys are named in a sentence.
const MOST_NAMED: usize = 6;

/// The key that was asked for, if one was.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) key: Option<&'a str>,
    /// Whether some rule declares it.
    pub(super) is_declared: bool,
    /// All keys that are declared.
    pub(super) declared: &'a [String],
    /// What has a default of that key, if that is something else than what is explained.
    pub(super) others_have: Option<Shape>,
}

/// What the sentence is about.
#[derive(Clone, Copy)]
pub(super) struct About<'a, 't> {
    pub(super) walk: &'a Walk<'a>,
    pub(super) task: &'a Task<'t>,
    pub(super) object: &'a Value,
    pub(super) outlook: &'a Outlook,
    pub(super) asked: Asked<'a>,
}

/// Keys with one state and one reason.
struct Group {
    state: String,
    because: Option<String>,
    titles: Vec<String>,
}

/// The value that a Task has of a key, of whatever kind.
fn value<'t>(task: &'t Task<'_>, key: &str) -> Option<(Kind, &'t str)> {
    Kind::ALL.into_iter().find_map(|kind| Some((kind, task.get(kind, key)?)))
}

/// Whether a Task has a key, of whatever kind.
pub(super) fn has(task: &Task<'_>, key: &str) -> bool {
    value(task, key).is_some()
}

impl About<'_, '_> {
    /// Says why the keys that are not as they should be are so, or that all is well.
    pub(super) fn verdict(&self) -> String {
        let Asked { key, is_declared, .. } = self.asked;
        let is_bad = |it: &&KeyStep<'_>| it.result == Sign::No;
        let bad: Vec<&KeyStep<'_>> = self.walk.keys.iter().filter(is_bad).collect();
        let noted = self.walk.keys.iter().filter(|it| it.result == Sign::Note);
        let keys: Vec<&KeyStep<'_>> = bad.into_iter().chain(noted).collect();
        match key {
            _ if !keys.is_empty() => self.of_keys(&keys),
            Some(key) if !is_declared => self.undeclared(key),
            None if self.walk.keys.is_empty() => self.nobody_asks(),
            _ => self.all_is_well(),
        }
    }

    fn all_is_well(&self) -> String {
        let keys = &self.walk.keys;
        let meant_for_others = self.outlook.obstacle().zip(self.outlook.mend(HasGot::All));
        let but = meant_for_others.map(|(obstacle, mend)| format!("; yet {obstacle}: {mend}"));
        let but = but.unwrap_or_default();
        if self.asked.key.is_some() {
            let keys: Vec<String> =
                keys.iter().map(|it| format!("{} {}", it.title(), it.state())).collect();
            return format!("All is well: {}{but}.", keys.join("; "));
        }
        if keys.iter().any(|key| key.is_open) {
            return format!(
                "All is well, as far as can be told: what some keys were to be was known at the creation of the Task \
                 only{but}."
            );
        }
        let own = keys.iter().filter(|it| it.shown.outcome == Reason::Existing.as_str()).count();
        let given = match keys.len() - own {
            1 if own == 0 => Some("the one key is as today's rules give it".to_owned()),
            0 => None,
            1 => Some("1 key is as today's rules give it".to_owned()),
            count => Some(format!("{count} keys are as today's rules give them")),
        };
        let own = match own {
            0 => None,
            1 => Some("1 key had a value of its own, which stays".to_owned()),
            count => Some(format!("{count} keys had values of their own, which stay")),
        };
        let parts: Vec<String> = given.into_iter().chain(own).collect();
        format!("All is well: {}{but}.", parts.join(", and "))
    }

    /// Why nothing is known of any key.
    fn nobody_asks(&self) -> String {
        let step = &self.walk.spawner.step;
        let assumed = self.walk.policy.as_ref().filter(|it| it.result == Sign::Unknown);
        let lead = match step.result {
            Sign::Unknown => {
                let told = self.walk.rules.as_ref().map_or(&[][..], |it| &it.told);
                let told: Vec<&str> = told.iter().take(MOST_NAMED).map(String::as_str).collect();
                let told = match told.is_empty() {
                    true => "nothing can be said of its keys".to_owned(),
                    false => format!("its marks alone tell that {}", told.join(", that ")),
                };
                return format!(
                    "The rules of this Task could not be read: {told}; whoever may read its TaskSpawner can hand it \
                     over, for `kelos-metadata explain -f taskspawner.yaml -f task.yaml`."
                );
            }
            Sign::Ok | Sign::Note if assumed.is_some() => {
                "No rule is known that asks for labels or annotations of this Task".to_owned()
            }
            Sign::Ok | Sign::Note => {
                "Nobody asks for any labels or annotations of this Task".to_owned()
            }
            Sign::No => {
                let who =
                    if assumed.is_some() { "No rule is known that asks" } else { "Nobody asks" };
                format!("{who} for any labels or annotations of this Task: {}", step.text)
            }
        };
        let assumed = assumed.map(|it| {
            let why = it.details.first().map(|why| format!(" ({why})")).unwrap_or_default();
            format!("; whether the defaults of the cluster do is not known{why}")
        });
        let rules = self.walk.rules.as_ref();
        let slip = rules.and_then(|it| it.slips.first()).map(|slip| format!("; {slip}"));
        let obstacle = self.outlook.obstacle().map(|obstacle| format!("; and {obstacle}"));
        let stays = rules.filter(|it| !it.left_over.is_empty());
        let stays = stays.map(|_| "; what kelos-metadata has written on it stays".to_owned());
        let parts: String = [assumed, slip, obstacle, stays].into_iter().flatten().collect();
        // A slip may end with a question.
        let end = if parts.ends_with('?') { "" } else { "." };
        format!("{lead}{parts}{end}")
    }

    /// Why nobody gives the key that was asked for.
    fn undeclared(&self, key: &str) -> String {
        let (walk, task) = (self.walk, self.task);
        let is_assumed = walk.policy.as_ref().is_some_and(|it| it.result == Sign::Unknown);
        let only = self.asked.others_have.map(|others| {
            format!("the default of the cluster for it is for `{}` alone (`on`)", others.several())
        });
        let who = match &walk.spawner.name {
            Some(name) if walk.spawner.step.result == Sign::Ok => {
                let only = only.as_ref().map(|only| format!(", and {only}")).unwrap_or_default();
                format!("no rule of TaskSpawner {name} declares it{only}")
            }
            _ if walk.spawner.step.result == Sign::Unknown => {
                "its TaskSpawner could not be read".to_owned()
            }
            _ => only.clone().unwrap_or_else(|| {
                format!("no rule is known that declares it: {}", walk.spawner.step.text)
            }),
        };
        let defaults =
            if is_assumed { "; whether the defaults of the cluster do is not known" } else { "" };
        if let Some((kind, value)) = value(task, key) {
            let mark = walk.rules.as_ref().and_then(|it| it.mark.as_deref());
            let from = whence(&holder(self.object, kind, key), mark);
            let kind = kind.as_str().replace('_', " ");
            return format!("The {kind} {key} is {}{from}; {who}{defaults}.", quoted(value));
        }
        if walk.spawner.step.result == Sign::Unknown {
            let told = walk.rules.iter().flat_map(|it| &it.told);
            let told = told.filter(|it| it.contains(&format!(" {key} was ")));
            let told: String = told.take(1).map(|it| format!("; {it}")).collect();
            return format!("{key} is not there, and {who}, so its rule is not known{told}.");
        }
        let meant = closest(key, self.asked.declared.iter().map(String::as_str));
        let meant = meant.filter(|_| only.is_none());
        let meant = meant.map(|meant| format!("; did you mean {meant}?")).unwrap_or(".".to_owned());
        format!("{key} is absent because {who}{defaults}{meant}")
    }

    /// Why some keys are not as they should be.
    fn of_keys(&self, keys: &[&KeyStep<'_>]) -> String {
        let (mut groups, mut nexts): (Vec<Group>, Vec<String>) = (Vec::new(), Vec::new());
        for key in keys {
            let (state, lack) = lack(key);
            let facts = self.facts(key);
            let because = facts.because(&lack);
            nexts.extend(facts.next(&lack).filter(|next| !nexts.contains(next)));
            let same = groups.iter_mut().find(|it| it.state == state && it.because == because);
            match same {
                Some(group) => group.titles.push(key.title()),
                None => groups.push(Group { state, because, titles: vec![key.title()] }),
            }
        }
        let clauses: Vec<String> = groups.iter().take(MOST_NAMED).map(Group::clause).collect();
        let unnamed: usize = groups.iter().skip(MOST_NAMED).map(|it| it.titles.len()).sum();
        let more = (unnamed > 0).then(|| format!("and {unnamed} more"));
        let body = match (groups.len(), keys.len()) {
            (1, 1) => format!("The {}", clauses.concat()),
            (1, count) => {
                let group = &groups[0];
                format!("{count} keys, {}, {}", group.titles(), group.state())
            }
            (_, count) => {
                let all: Vec<String> = clauses.into_iter().chain(more).collect();
                format!("{count} keys are not as they should be: {}", all.join("; "))
            }
        };
        let unread = self
            .asked
            .key
            .filter(|_| !self.asked.is_declared && keys.iter().any(|it| it.change().is_none()));
        let unread = unread.map(|key| format!(", so {key} is not read from there"));
        let nexts: String = nexts.iter().take(2).map(|next| format!("; {next}")).collect();
        format!("{body}{}{nexts}.", unread.unwrap_or_default())
    }

    fn facts(&self, key: &KeyStep<'_>) -> Facts<'_> {
        let rules = self.walk.rules.as_ref();
        let marked = match rules {
            Some(rules) if rules.is_never_marked => Marked::Never,
            Some(rules) if !rules.is_answered => Marked::No,
            Some(rules) if rules.is_refused => Marked::Refused,
            Some(rules) if rules.has_changed() => Marked::Before,
            Some(_) => Marked::Today,
            None => Marked::No,
        };
        Facts {
            outlook: self.outlook,
            marked,
            is_later: rules.is_some_and(|it| it.is_later(self.walk.created)),
            is_of_pod: key.is_of_pod,
            shape: self.task.shape(),
            spawner: self.walk.spawner.name.as_deref().unwrap_or_default(),
            namespace: self.walk.namespace,
        }
    }
}

/// Who wrote a value, as far as the Task tells, to be said behind it.
fn whence(holder: &Holder, mark: Option<&str>) -> String {
    let of_mark = |mark: Option<&str>| mark.map(|mark| format!(" from {mark}")).unwrap_or_default();
    match holder {
        Holder::Backfill => format!(", written by a backfill of kelos-metadata{}", of_mark(mark)),
        Holder::Webhook if mark.is_some() => {
            format!(
                ", written by kelos-metadata{} (a webhook wrote it: no field manager has it)",
                of_mark(mark)
            )
        }
        Holder::Webhook => ", written by a webhook: no field manager has it".to_owned(),
        Holder::Others { names, .. } => format!(" from {names}"),
        Holder::Unknown => ", and the Task does not say from whom".to_owned(),
    }
}

/// What is wrong with a key: its state, and of what kind it is.
fn lack(key: &KeyStep<'_>) -> (String, Lack) {
    let why = || key.why().unwrap_or_else(|| "it is skipped".to_owned());
    if let Some(state) = key.told_state() {
        return (state, Lack::Told);
    }
    match key.change() {
        None => ("not read".to_owned(), Lack::NotRead(why())),
        Some(Change::Changed) => ("not what today's rules give".to_owned(), Lack::Differs),
        Some(Change::Lost) if key.is_skipped => {
            ("there and would not be given today".to_owned(), Lack::Failing(why()))
        }
        Some(Change::Lost) => ("there and would not be given today".to_owned(), Lack::Differs),
        Some(Change::Same | Change::Added) if key.is_older => {
            ("absent".to_owned(), Lack::Older(why()))
        }
        Some(Change::Same | Change::Added) if key.is_skipped => {
            ("absent".to_owned(), Lack::Failing(why()))
        }
        Some(Change::Same | Change::Added) => ("absent".to_owned(), Lack::Absent),
    }
}

impl Group {
    /// The keys, their state, and why.
    fn clause(&self) -> String {
        format!("{} {}", self.titles(), self.state())
    }

    /// The keys, for a sentence.
    fn titles(&self) -> String {
        let named = self.titles.iter().take(MOST_NAMED).map(String::as_str);
        let more = self.titles.len().saturating_sub(MOST_NAMED);
        let more = (more > 0).then(|| format!("{more} more"));
        let mut named: Vec<&str> = named.chain(more.as_deref()).collect();
        let last = named.pop().unwrap_or_default();
        match named.is_empty() {
            true => last.to_owned(),
            false => format!("{} and {last}", named.join(", ")),
        }
    }

    /// Their state, and why.
    fn state(&self) -> String {
        let are = if self.titles.len() == 1 { "is" } else { "are" };
        let because = self.because.as_ref().map(|why| format!(" because {why}"));
        format!("{are} {}{}", self.state, because.unwrap_or_default())
    }
}
