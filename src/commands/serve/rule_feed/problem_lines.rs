//! How much is logged of invalid rules: enough to correct them, and never more than a log can take.

use crate::spawners::SpawnerProblem;

/// How many problems are logged of one spawner.
const PROBLEMS: usize = 10;
/// How many bytes are logged of one update.
const BYTES: usize = 64 << 10;
/// What a line has beside names and texts, in JSON.
const LINE_BYTES: usize = 400;
/// Where the log cuts a field.
const FIELD_BYTES: usize = 256;

/// A line of the log.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ProblemLine {
    /// A problem.
    Problem(SpawnerProblem),
    /// So many more of this spawner are not logged, beside this one.
    More(SpawnerProblem, usize),
    /// So many more of others are not logged.
    Rest(usize),
}

/// The lines for the problems of an update. Those of one TaskSpawner stand together.
pub(super) fn lines(problems: Vec<SpawnerProblem>) -> Vec<ProblemLine> {
    let (mut lines, mut bytes, mut rest) = (Vec::new(), 0, 0);
    let is_same = |one: &SpawnerProblem, other: &SpawnerProblem| {
        (one.makes, &one.namespace, &one.spawner) == (other.makes, &other.namespace, &other.spawner)
    };
    for of_one in problems.chunk_by(is_same) {
        let (logged, more) = of_one.split_at(of_one.len().min(PROBLEMS));
        let mut put = |line: ProblemLine, problems| {
            bytes += line.bytes();
            if bytes <= BYTES { lines.push(line) } else { rest += problems }
        };
        logged.iter().for_each(|problem| put(ProblemLine::Problem(problem.clone()), 1));
        if let Some(first) = more.first() {
            put(ProblemLine::More(first.clone(), more.len()), more.len());
        }
    }
    lines.extend((rest > 0).then_some(ProblemLine::Rest(rest)));
    lines
}

impl ProblemLine {
    /// Says it.
    pub(super) fn log(&self) {
        match self {
            ProblemLine::Problem(found) => tracing::warn!(
                namespace = found.namespace,
                spawner = found.spawner,
                kind = found.problem.kind.as_str(),
                key = found.problem.key,
                reason = found.problem.reason.as_str(),
                problem = found.problem.message,
                "A {} has invalid rules",
                found.makes.spawner()
            ),
            ProblemLine::More(SpawnerProblem { makes, namespace, spawner, .. }, more) => {
                tracing::warn!(
                    namespace,
                    spawner,
                    more,
                    "A {} has more invalid rules: `render` shows all of them",
                    makes.spawner()
                );
            }
            ProblemLine::Rest(more) => tracing::warn!(
                more,
                "Spawners have more invalid rules than are logged at once: `render` shows those of one"
            ),
        }
    }

    /// What it takes in the log at the most.
    fn bytes(&self) -> usize {
        let texts: &[&String] = match self {
            ProblemLine::Problem(found) => {
                &[&found.namespace, &found.spawner, &found.problem.key, &found.problem.message]
            }
            ProblemLine::More(found, _) => &[&found.namespace, &found.spawner],
            ProblemLine::Rest(_) => &[],
        };
        LINE_BYTES + texts.iter().map(|text| field(text)).sum::<usize>()
    }
}

/// The bytes of a field in the log: an escape takes up to six, and there may be two of them for one
/// backslash.
fn field(text: &str) -> usize {
    let escaped = |byte: u8| match byte {
        b'"' | b'\\' => 2,
        byte if byte.is_ascii_graphic() || byte == b' ' => 1,
        _ => 7,
    };
    text.bytes().take(FIELD_BYTES).map(escaped).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apimachinery::Kind;
    use crate::engine::kelos::Shape;
    use crate::engine::reason::Reason;
    use crate::engine::rules::Problem;

    fn problem(spawner: &str, text: &str) -> SpawnerProblem {
        let (kind, reason) = (Kind::Label, Reason::ParseError);
        let problem = Problem { kind, key: "k".to_owned(), reason, message: text.to_owned() };
        let (namespace, spawner) = ("ns".to_owned(), spawner.to_owned());
        SpawnerProblem { makes: Shape::Task, namespace, spawner, problem }
    }

    #[test]
    fn ten_problems_of_a_task_spawner_are_told_and_how_many_more_there_are() {
        let mut problems = vec![problem("a", "x"); 64];
        problems.extend(vec![problem("b", "x"); 10]);
        let lines = lines(problems);
        assert_eq!(lines.len(), 10 + 1 + 10);
        assert_eq!(lines[10], ProblemLine::More(problem("a", "x"), 54));
        assert_eq!(lines[20], ProblemLine::Problem(problem("b", "x")));
    }

    #[test]
    fn an_update_never_writes_more_than_64_kib() {
        let text = "\n".repeat(100_000);
        let problems: Vec<_> =
            (0..10_000).map(|number| problem(&format!("s{number}"), &text)).collect();
        let lines = lines(problems);
        let told: usize = lines.iter().map(ProblemLine::bytes).sum();
        assert!(told <= BYTES + LINE_BYTES, "{told}");
        assert!(lines.len() > 20, "{}", lines.len());
        assert_eq!(lines.last(), Some(&ProblemLine::Rest(10_000 - (lines.len() - 1))));
    }
}
