//! Reading variables back out of what Kelos rendered: `prompts.yaml` holds prompts as teams write them, `table.yaml`
//! the rules one by one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use libtest_mimic::Trial;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use testing::inference::{Sample, rendered};

use crate::{row, test};

/// A test for each row.
pub(crate) fn tests() -> Vec<Trial> {
    let prompts = read::<Prompt>("prompts.yaml").into_iter();
    let prompts = prompts.map(|prompt| {
        row(format!("inference::prompts::{}", prompt.name), move || prompt.is_read_back())
    });
    let rules = read::<Rule>("table.yaml").into_iter();
    let rules =
        rules.map(|rule| row(format!("inference::table::{}", rule.name), move || rule.holds()));
    let most = test("inference::most_prompts_give_title_and_number", most_give_title_and_number);
    prompts.chain(rules).chain([most]).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Prompt {
    name: String,
    source: String,
    template: String,
    values: BTreeMap<String, Value>,
    #[serde(default)]
    missing: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    name: String,
    #[serde(flatten)]
    sample: Sample,
    reads: BTreeMap<String, Value>,
}

fn read<T: DeserializeOwned>(file: &str) -> Vec<T> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/inference").join(file);
    serde_saphyr::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

impl Prompt {
    /// All variables that are known of a Task with this prompt, and who says so.
    fn known(&self) -> BTreeMap<String, (Value, String)> {
        let text = rendered(&self.template, &self.values);
        let mut sample = Sample::of_prompt(&self.source, &self.template, &text);
        if let Some(schedule) = self.values.get("Schedule") {
            sample.when.insert("schedule".to_owned(), schedule.clone());
        }
        if self.source == "webhook" {
            // What is not mapped is empty.
            let names = self.values.keys().map(|name| match &**name {
                "ID" | "Title" | "Body" | "URL" => name.to_lowercase(),
                _ => name.clone(),
            });
            let mapping = names.map(|name| (name.clone(), Value::from(format!("$.{name}"))));
            sample.when.insert("fieldMapping".to_owned(), Value::Object(mapping.collect()));
        }
        sample.known()
    }

    fn is_read_back(&self) -> Result<(), String> {
        let known = self.known();
        for (name, value) in &self.values {
            match known.get(name) {
                Some((found, _)) => assert_eq!(found, value, "{name}"),
                None if self.missing.contains(name) => {}
                None => return Err(format!("{name} is missing")),
            }
        }
        Ok(())
    }
}

impl Rule {
    fn holds(&self) -> Result<(), String> {
        let inferred: BTreeMap<_, _> = (self.sample.known().into_iter())
            .filter(|(_, (_, from))| from.starts_with("inferred from"))
            .map(|(name, (value, _))| (name, value))
            .collect();
        assert_eq!(inferred, self.reads);
        Ok(())
    }
}

fn most_give_title_and_number() {
    let prompts: Vec<Prompt> = read("prompts.yaml");
    assert!(prompts.len() >= 30, "{}", prompts.len());
    assert!(read::<Rule>("table.yaml").len() >= 80);
    let both = prompts.iter().filter(|prompt| {
        let known = prompt.known();
        let is_inferred =
            |name| known.get(name).is_some_and(|(_, from)| from.starts_with("inferred"));
        is_inferred("Title") && is_inferred("Number")
    });
    let both = both.count();
    assert!(both >= 21, "{both} of {} give title and number", prompts.len());
}
