//! Who makes a request, read only where a template asks for it.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};

use crate::engine::kelos::{Excess, Str};
use crate::engine::variables::User;

/// The most groups that a user may be in. Certificates and tokens travel in a head of at most 1 MiB,
/// and directories know a thousand or two.
const GROUPS: usize = 16 << 10;
/// The most bytes that the user's name and groups may take: that head.
const BYTES: usize = 1 << 20;

#[derive(Default, Deserialize)]
#[serde(default)]
struct UserInfo<'a> {
    #[serde(borrow)]
    username: Str<'a>,
    groups: Groups,
}

/// Groups, as far as there is room for them.
#[derive(Default)]
struct Groups {
    groups: Vec<String>,
    bytes: usize,
    is_exceeded: bool,
}

/// Reads a `userInfo`; nobody, if it is none.
///
/// # Errors
///
/// [`Excess`], if there is more of it than there can be.
pub(super) fn read(json: &str) -> Result<Option<User>, Excess> {
    let Ok(info) = serde_json::from_str::<UserInfo<'_>>(json) else { return Ok(None) };
    let UserInfo { username, groups } = info;
    if groups.is_exceeded || groups.bytes + username.len() > BYTES {
        return Err(Excess::Groups);
    }
    Ok(Some(User { name: username.0.into_owned(), groups: groups.groups }))
}

impl<'de> Deserialize<'de> for Groups {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Groups, D::Error> {
        deserializer.deserialize_option(GroupsVisitor)
    }
}

struct GroupsVisitor;

impl<'de> Visitor<'de> for GroupsVisitor {
    type Value = Groups;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of groups")
    }

    fn visit_none<E>(self) -> Result<Groups, E> {
        Ok(Groups::default())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Groups, D::Error> {
        deserializer.deserialize_seq(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Groups, A::Error> {
        let mut read = Groups::default();
        while list.next_element_seed(&mut read)?.is_some() {}
        Ok(read)
    }
}

/// Reads one group.
impl<'de> DeserializeSeed<'de> for &mut Groups {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let group = Str::deserialize(deserializer)?;
        self.bytes += group.len();
        self.is_exceeded |= self.groups.len() == GROUPS || self.bytes > BYTES;
        if self.is_exceeded {
            self.groups = Vec::new();
        } else {
            self.groups.push(group.0.into_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_read_with_all_groups_that_there_can_be() {
        let groups = |count: usize| vec!["\"g\""; count].join(",");
        let json = |count| format!(r#"{{"username": "u\n", "groups": [{}]}}"#, groups(count));
        let user = read(&json(GROUPS)).unwrap().unwrap();
        assert_eq!((&*user.name, user.groups.len()), ("u\n", GROUPS));
        assert_eq!(read(&json(GROUPS + 1)), Err(Excess::Groups));
        let long = format!(r#"{{"username": "{}"}}"#, "x".repeat(BYTES + 1));
        assert_eq!(read(&long), Err(Excess::Groups));
        let long = format!(r#"{{"groups": ["{}", "b"]}}"#, "x".repeat(BYTES));
        assert_eq!(read(&long), Err(Excess::Groups));
    }

    #[test]
    fn what_is_no_user_is_nobody() {
        for json in ["{}", r#"{"groups": null}"#] {
            assert_eq!(read(json), Ok(Some(User::default())), "{json}");
        }
        for json in ["5", "null", r#"{"groups": 5}"#, r#"{"username": 5}"#] {
            assert_eq!(read(json), Ok(None), "{json}");
        }
    }
}
