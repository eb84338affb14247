//! A Dockerfile, as far as ours needs to be read.

use std::fs;

use super::root;

/// Its stages, in order.
pub(crate) struct Dockerfile {
    stages: Vec<Stage>,
}

/// A stage: what it starts from, and its instructions.
pub(crate) struct Stage {
    pub(crate) from: String,
    name: Option<String>,
    instructions: Vec<(String, String)>,
}

impl Dockerfile {
    /// Reads that of the project.
    pub(crate) fn read() -> Dockerfile {
        let text = fs::read_to_string(root().join("Dockerfile")).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let joined = lines.collect::<Vec<_>>().join("\n").replace("\\\n", " ");
        let mut stages: Vec<Stage> = Vec::new();
        for line in joined.lines().filter(|line| !line.trim().is_empty()) {
            let (instruction, rest) = line.split_once(' ').unwrap();
            let rest = rest.split_whitespace().collect::<Vec<_>>().join(" ");
            if instruction == "FROM" {
                let (from, name) = match rest.split_once(" AS ") {
                    Some((from, name)) => (from.to_owned(), Some(name.to_owned())),
                    None => (rest, None),
                };
                stages.push(Stage { from, name, instructions: Vec::new() });
            } else {
                let stage = stages.last_mut().expect("FROM comes first");
                stage.instructions.push((instruction.to_owned(), rest));
            }
        }
        Dockerfile { stages }
    }

    /// What is shipped.
    pub(crate) fn last_stage(&self) -> &Stage {
        self.stages.last().unwrap()
    }

    /// The stage of this name.
    pub(crate) fn stage(&self, name: &str) -> &Stage {
        self.stages.iter().find(|stage| stage.name.as_deref() == Some(name)).unwrap()
    }
}

impl Stage {
    /// What stands behind each of these instructions.
    pub(crate) fn all(&self, instruction: &str) -> Vec<&str> {
        let these = self.instructions.iter().filter(|(name, _)| name == instruction);
        these.map(|(_, rest)| rest.as_str()).collect()
    }

    /// What stands behind this instruction, of which there is one.
    pub(crate) fn one(&self, instruction: &str) -> &str {
        let [only] = self.all(instruction)[..] else { panic!("{:?}", self.instructions) };
        only
    }

    /// The words of the entry point.
    pub(crate) fn entry_point(&self) -> Vec<String> {
        serde_json::from_str(self.one("ENTRYPOINT")).unwrap()
    }
}
