//! `slack`: channels, and what a message says. Whether it mentions the bot an item does not tell: it is taken for one
//! that does.

use serde::Deserialize;

use super::{Judged, read, said};
use crate::engine::simulate::no_task::NoTask;
use crate::engine::simulate::spawner::Spawner;
use crate::engine::simulate::{Item, SourceKind};
use crate::templates::purse::Purse;
use crate::templates::regexp;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Said {
    channels: Option<Vec<String>>,
    triggers: Option<Vec<Trigger>>,
    exclude_patterns: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Trigger {
    pattern: Option<String>,
}

pub(super) struct Slack {
    channels: Vec<String>,
    triggers: Vec<String>,
    excluded: Vec<String>,
}

impl Slack {
    pub(super) fn of(spawner: &Spawner) -> Result<Slack, NoTask> {
        let Said { channels, triggers, exclude_patterns } = read(spawner, SourceKind::Slack)?;
        let triggers = triggers.unwrap_or_default().into_iter();
        Ok(Slack {
            channels: channels.unwrap_or_default(),
            triggers: triggers.map(|it| it.pattern.unwrap_or_default()).collect(),
            excluded: exclude_patterns.unwrap_or_default(),
        })
    }

    fn of_text(&self, text: &str, purse: &mut Purse) -> Judged {
        let text = without_mentions(text);
        let mut is_wanted = self.triggers.is_empty();
        for pattern in &self.triggers {
            match super::text::finds("triggers", pattern, text, purse) {
                Ok(is_found) => is_wanted |= is_found,
                Err(why) => return Judged::Untold(why),
            }
        }
        if !is_wanted {
            return Judged::Stops("a message that no trigger matches".to_owned());
        }
        for pattern in &self.excluded {
            match super::text::finds("excludePatterns", pattern, text, purse) {
                Ok(true) => return Judged::Stops(format!("a message with a match of `{pattern}`")),
                Ok(false) => {}
                Err(why) => return Judged::Untold(why),
            }
        }
        Judged::Passes
    }
}

impl super::Filter for Slack {
    fn ways(&self, given: &Item, purse: &mut Purse) -> Vec<Item> {
        let mut plain = Item::new();
        if let Some(channel) = self.channels.first() {
            plain.insert("ChannelID".to_owned(), channel.as_str().into());
        }
        let examples = self.triggers.iter().filter_map(|it| regexp::example(it, purse));
        let with_body = |text: String| {
            let mut item = plain.clone();
            // The first line of a message is its title.
            if !given.contains_key("Title") {
                item.insert("Body".to_owned(), text.into());
            }
            item
        };
        let mut ways = vec![plain.clone()];
        ways.extend(examples.map(with_body));
        ways
    }

    fn judged(&self, item: &Item, purse: &mut Purse) -> Judged {
        let channel = said(item, "ChannelID");
        let is_wanted = self.channels.is_empty() || self.channels.iter().any(|it| it == channel);
        Judged::only_if(is_wanted, || format!("channel `{channel}`")).and(|| {
            // A command is taken whatever it says; a reply comes with all that was said before.
            if said(item, "ID").contains(':') || !said(item, "ThreadTS").is_empty() {
                return Judged::Passes;
            }
            self.of_text(said(item, "Body"), purse)
        })
    }
}

/// A message without the mentions that it begins with.
fn without_mentions(text: &str) -> &str {
    let mut text = text.trim();
    while let Some((_, behind)) = text.strip_prefix("<@").and_then(|it| it.split_once('>')) {
        text = behind.trim();
    }
    text
}
