//! What stands between today's rules and the Tasks of a TaskSpawner, as far as it could be seen.

use super::registered::{RegisteredStep, Unanswered};
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
    /// It does not ask.
    No {
        /// Why, in a clause.
        why: String,
        /// Whether that is for a switch, by a selector.
        is_of_switch: bool,
        /// What has it ask.
        command: Option<String>,
    },
    /// It asks, and no answer counts: there is none, or it does not trust it.
    InVain {
        /// Why, in a clause.
        why: String,
        /// What becomes of Tasks.
        then: Unanswered,
    },
    /// That could not be told.
    Unknown,
}

/// Where whoever reads it learns what is wrong with a registration.
const CHECK: &str = "`kelos-metadata check` says what to mend";

/// What the Task has got of what today's rules give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HasGot {
    /// Not all.
    TooLittle,
    /// All.
    All,
}

impl HasGot {
    /// That others get nothing, with the word for it where this one has not got it either.
    fn nothing_for_others(self) -> &'static str {
        match self {
            HasGot::TooLittle => "nothing either",
            HasGot::All => "nothing",
        }
    }
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
            Some((_, RegisteredStep { step, unanswered: Some(then), .. })) => {
                Asked::InVain { why: step.text.clone(), then: *then }
            }
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
        let Switched::Off(off) = &self.switched else { return false };
        match self.asked {
            Asked::No { is_of_switch, .. } => !is_of_switch || off.whose == Whose::TaskSpawner,
            Asked::InVain { .. } => true,
            Asked::Yes | Asked::Unknown => false,
        }
    }

    /// What keeps answers from being written today, in a clause. What refuses new Tasks was not there when a Task
    /// was created, and is none.
    pub(super) fn barrier(&self) -> Option<String> {
        let of_webhook = match &self.asked {
            Asked::No { why, .. } | Asked::InVain { why, then: Unanswered::Created } => Some(why),
            Asked::InVain { then: Unanswered::Refused, .. } | Asked::Yes | Asked::Unknown => None,
        };
        match (&self.switched, of_webhook) {
            (Switched::Off(off), Some(why)) if self.is_both() => {
                Some(format!("{}, and {why}", off.clause()))
            }
            (Switched::Off(off), _) => Some(off.clause()),
            (Switched::On | Switched::Unread(_), why) => why.cloned(),
        }
    }

    /// What stands in the way of new Tasks, in a clause: the same, and what refuses them.
    pub(super) fn obstacle(&self) -> Option<String> {
        let refusal = match &self.asked {
            Asked::InVain { why, then: Unanswered::Refused } => Some(why.clone()),
            Asked::InVain { .. } | Asked::No { .. } | Asked::Yes | Asked::Unknown => None,
        };
        let all: Vec<String> = self.barrier().into_iter().chain(refusal).collect();
        (!all.is_empty()).then(|| all.join(", and "))
    }

    /// What has to be done before new Tasks get something, or are made at all, in a clause; and what this one has got.
    pub(super) fn mend(&self, has_got: HasGot) -> Option<String> {
        let nothing = has_got.nothing_for_others();
        let of_switch = match &self.switched {
            Switched::Off(off) => Some(off.mend(nothing)),
            Switched::On | Switched::Unread(_) => None,
        };
        match (of_switch, &self.asked) {
            (of_switch, Asked::InVain { then: Unanswered::Refused, .. }) => {
                let refused = format!(
                    "this Task was made before the registration was as it is, and now none can be made: {CHECK}"
                );
                let all: Vec<String> = [Some(refused), of_switch].into_iter().flatten().collect();
                Some(all.join("; "))
            }
            (Some(of_switch), _) if self.is_both() => Some(format!("{of_switch}, and {CHECK}")),
            (Some(of_switch), _) => Some(of_switch),
            (None, Asked::No { command: Some(command), .. }) => {
                Some(format!("new Tasks get {nothing} until `{command}`"))
            }
            (None, Asked::No { command: None, .. } | Asked::InVain { .. }) => {
                Some(format!("new Tasks get {nothing}: {CHECK}"))
            }
            (None, Asked::Yes | Asked::Unknown) => None,
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
        let asked = match self.asked {
            // It was registered otherwise then, nobody knows how.
            Asked::Unknown | Asked::InVain { then: Unanswered::Refused, .. } => {
                Some("the API server did not ask".to_owned())
            }
            Asked::Yes | Asked::No { .. } | Asked::InVain { .. } => None,
        };
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
            (Switched::Off(_), Asked::No { .. }) if self.is_both() => {
                Some("if the switch were on, and the webhook asked and trusted")
            }
            (Switched::Off(_), Asked::InVain { .. }) => {
                Some("if the switch were on, and the webhook reached and trusted")
            }
            (Switched::Off(_), _) => Some("if the switch were on"),
            (_, Asked::No { .. }) => Some("if the webhook were asked and trusted"),
            (_, Asked::InVain { .. }) => Some("if the webhook were reached and trusted"),
            (Switched::On | Switched::Unread(_), _) => None,
        }
    }
}
