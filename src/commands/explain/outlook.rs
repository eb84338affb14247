//! What stands between today's rules and the Tasks of a TaskSpawner, as far as it could be seen.

use super::registered::RegisteredStep;
use super::step::Sign;
use super::switches::{Off, Whose};

/// What is known of the switches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Switched {
    /// All are on.
    On,
    /// One is not.
    Off(Off),
    /// That of the Namespace is not known; its name.
    Unread(String),
}

/// What is known of the registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// The API server asks, and nothing is seen that keeps it from trusting the answer.
    Yes,
    /// It does not ask, or does not trust what it hears.
    No {
        /// Why, in a clause.
        why: String,
        /// Whether that is for a switch, by a selector.
        is_of_switch: bool,
        /// What has it ask.
        command: Option<String>,
    },
    /// That could not be told.
    Unknown,
}

/// What stands in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outlook {
    pub(super) switched: Switched,
    pub(super) asked: Asked,
    /// Whether this was read from a cluster, not from files.
    pub(super) is_cluster: bool,
}

impl Outlook {
    pub(super) fn asked(registration: Option<&RegisteredStep>) -> Asked {
        match registration.map(|it| (it.step.result, it)) {
            Some((Sign::Ok | Sign::Note, _)) => Asked::Yes,
            Some((Sign::No, it)) => Asked::No {
                why: it.step.text.clone(),
                is_of_switch: it.is_of_switch,
                command: it.command.clone(),
            },
            Some((Sign::Unknown, _)) | None => Asked::Unknown,
        }
    }

    /// Whether a switch and the registration stand in the way, each by itself: a registration as the chart has it
    /// leaves out what is switched off, and that is one cause.
    fn is_both(&self) -> bool {
        let Asked::No { is_of_switch, .. } = self.asked else { return false };
        matches!(&self.switched, Switched::Off(off) if !is_of_switch || off.whose == Whose::TaskSpawner)
    }

    /// What keeps answers from being written today, in a clause.
    pub(super) fn barrier(&self) -> Option<String> {
        match (&self.switched, &self.asked) {
            (Switched::Off(off), Asked::No { why, .. }) if self.is_both() => {
                Some(format!("{}, and {why}", off.clause()))
            }
            (Switched::Off(off), _) => Some(off.clause()),
            (_, Asked::No { why, .. }) => Some(why.clone()),
            (Switched::On | Switched::Unread(_), _) => None,
        }
    }

    /// What has to be done before new Tasks get something, in a clause.
    pub(super) fn mend(&self) -> Option<String> {
        let check = "`kelos-metadata check` says what to mend";
        match (&self.switched, &self.asked) {
            (Switched::Off(off), Asked::No { .. }) if self.is_both() => {
                Some(format!("{}, and {check}", off.mend()))
            }
            (Switched::Off(off), _) => Some(off.mend()),
            (_, Asked::No { command: Some(command), .. }) => {
                Some(format!("new Tasks get nothing either until `{command}`"))
            }
            (_, Asked::No { command: None, .. }) => {
                Some(format!("new Tasks get nothing either: {check}"))
            }
            (Switched::On | Switched::Unread(_), _) => None,
        }
    }

    /// On what it depends whether new Tasks get something, where that was not seen.
    pub(super) fn condition(&self) -> Option<String> {
        let switch = match &self.switched {
            Switched::Unread(namespace) => Some(format!(
                "unless Namespace {namespace} is switched off or to audit: {}",
                self.unread(namespace)
            )),
            Switched::On | Switched::Off(_) => None,
        };
        let asks =
            (self.asked == Asked::Unknown).then(|| "if the API server asks the webhook".to_owned());
        let parts: Vec<String> = asks.into_iter().chain(switch).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// What may have kept the webhook from answering, where that was not seen.
    pub(super) fn suspects(&self) -> String {
        let switch = match &self.switched {
            Switched::Unread(namespace) => Some(format!(
                "Namespace {namespace} is switched off or to audit ({})",
                self.unread(namespace)
            )),
            Switched::On | Switched::Off(_) => None,
        };
        let asked = (self.asked == Asked::Unknown).then(|| "the API server did not ask".to_owned());
        let away = Some("the webhook was not there, or not trusted".to_owned());
        let all: Vec<String> = [switch, asked, away].into_iter().flatten().collect();
        all.join("; or ")
    }

    fn unread(&self, namespace: &str) -> String {
        match self.is_cluster {
            true => format!(
                "it could not be read, so ask for `kubectl get namespace {namespace} --show-labels`"
            ),
            false => "it is not among the files".to_owned(),
        }
    }

    /// The condition under which rules would give what they give, if it is not so today.
    pub(super) fn unmet(&self) -> Option<&'static str> {
        match (&self.switched, &self.asked) {
            (Switched::Off(_), _) => Some("if the switch were on"),
            (_, Asked::No { .. }) => Some("if the webhook were asked and trusted"),
            (Switched::On | Switched::Unread(_), _) => None,
        }
    }
}
