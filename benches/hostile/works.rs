//! Kinds of costly work that a namespace can ask for.

use anyhow::Result;
use serde_json::{Value, json};

use crate::noise::{NAMESPACE, Noise, object, review_of, spawner};
use testing::hostile::bomb::Bomb;
use testing::hostile::requests::{Part, repeated, review_in, tiny_entries};
use testing::hostile::tasks::{self, Hostile};
use testing::measure::client;
use testing::measure::fixtures::{self, Templates};

/// What the answer to a bomb holds.
const STOPPED: &[u8] = b"limit_exceeded";
/// What any answer holds.
const ALLOWED: &[u8] = b"\"allowed\":true";
/// The TaskSpawner of requests that are costly by themselves.
const PLAIN: &str = "plain";
/// How many `{}` make a body of 7 MB.
const OWNERS: usize = 2_400_000;
/// How many tiny annotations the API server lets through.
const ANNOTATIONS: usize = 80_000;
/// How many owners that nobody knows are asked for: more than answers are kept of.
const UNKNOWN: usize = 4000;

/// One kind of work.
pub(crate) struct Work {
    pub(crate) name: String,
    /// What the namespace has for it.
    pub(crate) spawners: Vec<Value>,
    pub(crate) noise: Noise,
}

/// All of them.
pub(crate) fn all() -> Result<Vec<Work>> {
    let of = |hostile: Vec<Hostile>, is_one: fn(&Hostile) -> bool| {
        hostile.into_iter().filter(is_one).collect::<Vec<_>>()
    };
    let keys = |one: &Hostile| one.name.starts_with("27,000 annotations");
    let numbers = |one: &Hostile| one.name.starts_with("numbers of bytes");
    let filled = |part, more: &str| -> Result<Vec<u8>> {
        Ok(client::post(review_in(NAMESPACE, PLAIN, part, more).as_bytes()))
    };
    let unknown = |number: usize| {
        let owner = format!("nobody-{number}");
        let task = json!({"metadata": {"name": "t", "labels": {"kelos.dev/taskspawner": owner}}});
        request(task)
    };
    Ok(vec![
        bombs("looping bombs", false)?,
        bombs("straight-line bombs", true)?,
        rendered("costly prompts", "prompt", tasks::prompts())?,
        rendered("27,000 annotations", "keys", of(tasks::entries_of_all_kinds(), keys))?,
        rendered("numbers of bytes", "numbers", of(tasks::keys(), numbers))?,
        plain("7 MB of forged owners", vec![filled(Part::Owners, &repeated("{}", OWNERS))?]),
        plain("80,000 annotations", vec![filled(Part::Annotations, &tiny_entries(ANNOTATIONS))?]),
        plain("unknown owners", (0..UNKNOWN).map(unknown).collect::<Result<_>>()?),
    ])
}

/// The bombs that loop, or those that do not.
fn bombs(name: &str, is_straight: bool) -> Result<Work> {
    let (mut spawners, mut requests) = (Vec::new(), Vec::new());
    for (index, bomb) in Bomb::all().enumerate() {
        if bomb.compile()?.is_straight_line() != is_straight {
            continue;
        }
        // Two keys: more than a Task may spend.
        let labels = json!({"bomb-a": bomb.source, "bomb-b": bomb.source});
        let bombs = spawner(NAMESPACE, "", &labels, bomb.syntax.as_str());
        let mut spawner = fixtures::spawner(index, Templates::Shared);
        spawner["metadata"]["namespace"] = NAMESPACE.into();
        spawner["metadata"]["annotations"] = bombs["metadata"]["annotations"].clone();
        spawners.push(spawner);
        let mut review: Value = serde_json::from_slice(&fixtures::review(index, 1)?)?;
        review["request"]["namespace"] = NAMESPACE.into();
        review["request"]["object"]["metadata"]["namespace"] = NAMESPACE.into();
        requests.push(client::post(&serde_json::to_vec(&review)?));
    }
    let noise = Noise { requests, must_hold: STOPPED };
    Ok(Work { name: name.to_owned(), spawners, noise })
}

/// Tasks of the tests that cost much, each with its TaskSpawner.
fn rendered(name: &str, own: &str, hostile: Vec<Hostile>) -> Result<Work> {
    let (mut spawners, mut requests) = (Vec::new(), Vec::new());
    for (number, hostile) in hostile.into_iter().enumerate() {
        let owner = format!("{own}-{number}");
        spawners.push(object("TaskSpawner", NAMESPACE, &owner, &hostile.spawner));
        let mut task: Value = serde_json::from_str(&hostile.task)?;
        task["metadata"]["ownerReferences"][0]["name"] = owner.into();
        requests.push(request(task)?);
    }
    let noise = Noise { requests, must_hold: ALLOWED };
    Ok(Work { name: name.to_owned(), spawners, noise })
}

/// Requests that are costly whatever the rules.
fn plain(name: &str, requests: Vec<Vec<u8>>) -> Work {
    let spawners = vec![spawner(NAMESPACE, PLAIN, &json!({"a": "b"}), "go")];
    Work { name: name.to_owned(), spawners, noise: Noise { requests, must_hold: ALLOWED } }
}

fn request(task: Value) -> Result<Vec<u8>> {
    Ok(client::post(review_of(task)?.to_string().as_bytes()))
}
