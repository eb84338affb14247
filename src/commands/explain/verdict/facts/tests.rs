//! Each combination of what is known has its sentence, and none promises what was not seen.

use super::super::super::outlook::{Asked, HasGot, Switched};
use super::super::super::registered::Unanswered;
use super::super::super::switches::{Off, Whose};
use super::*;

const PROMISE: &str = "new Tasks get what the rules are today";
const NOTHING: &str = "new Tasks get nothing either";

fn off(whose: Whose, on: &str, is_audit: bool, command: &str) -> Switched {
    let (on, command) = (on.to_owned(), command.to_owned());
    Switched::Off(Off { on, whose, shape: Shape::Task, is_audit, command })
}

fn switches() -> Vec<Switched> {
    vec![
        Switched::On,
        off(Whose::Namespace, "Namespace team", false, "kubectl on-namespace"),
        off(Whose::Namespace, "Namespace team", true, "kubectl on-namespace"),
        off(Whose::TaskSpawner, "TaskSpawner w", false, "kubectl on-spawner"),
        off(Whose::Task, "the Task", false, "kubectl on-task"),
        Switched::Unread("team".to_owned()),
    ]
}

fn nobody() -> Asked {
    Asked::No { why: "nobody is asked".to_owned(), is_of_switch: false, command: None }
}

fn in_vain(then: Unanswered) -> Asked {
    Asked::InVain { why: "nobody answers".to_owned(), then }
}

fn registrations() -> Vec<Asked> {
    let (created, refused) = (in_vain(Unanswered::Created), in_vain(Unanswered::Refused));
    vec![Asked::Yes, nobody(), created, refused, Asked::Unknown]
}

const MARKS: [Marked; 5] =
    [Marked::No, Marked::Never, Marked::Today, Marked::Before, Marked::Refused];

fn lacks() -> Vec<Lack> {
    let why = || "`.Labels` is not known".to_owned();
    vec![
        Lack::Absent,
        Lack::Failing(why()),
        Lack::Older(why()),
        Lack::Differs,
        Lack::NotRead(why()),
        Lack::Told,
    ]
}

/// Goes through the whole table.
fn each(mut look: impl FnMut(&Facts<'_>, &Lack)) {
    for switched in switches() {
        for asked in registrations() {
            let outlook = Outlook { switched: switched.clone(), asked, is_cluster: true };
            for marked in MARKS {
                for (is_later, is_of_pod) in
                    [(false, false), (false, true), (true, false), (true, true)]
                {
                    let (spawner, namespace) = ("w", "team");
                    let outlook = &outlook;
                    let shape = Shape::Task;
                    let facts =
                        Facts { shape, outlook, marked, is_later, is_of_pod, spawner, namespace };
                    lacks().iter().for_each(|lack| look(&facts, lack));
                }
            }
        }
    }
}

#[test]
fn nothing_is_promised_to_new_tasks_that_what_was_seen_keeps_from_them() {
    let mut seen = 0;
    each(|facts, lack| {
        let next = facts.next(lack).unwrap_or_default();
        let said = format!("{}; {next}", facts.because(lack).unwrap_or_default());
        let Outlook { switched, asked, .. } = facts.outlook;
        let is_off = matches!(switched, Switched::Off(_));
        let is_refused = *asked == in_vain(Unanswered::Refused);
        let is_barred = is_off || !matches!(asked, Asked::Yes | Asked::Unknown);
        assert!(!is_barred || !said.contains(PROMISE), "{facts:?} {lack:?}: {said}");
        // What refuses Tasks gives none of them nothing, and was not there when this one was created.
        let may_get = is_barred && (is_off || !is_refused);
        assert!(may_get || !said.contains(NOTHING), "{facts:?} {lack:?}: {said}");
        assert_eq!(next.contains("now none can be made"), is_refused, "{facts:?} {lack:?}: {said}");
        assert!(!is_refused || !said.contains("nobody answers"), "{facts:?} {lack:?}: {said}");
        if is_barred {
            assert!(!next.is_empty(), "{facts:?} {lack:?}");
        }
        if said.contains(PROMISE) {
            assert_eq!(
                next.contains("unless Namespace team"),
                matches!(switched, Switched::Unread(_))
            );
            assert_eq!(next.contains("if the API server asks"), *asked == Asked::Unknown, "{said}");
        }
        seen += 1;
    });
    assert_eq!(seen, 6 * 5 * 5 * 4 * 6);
}

#[test]
fn what_is_off_is_named_with_what_switches_it_on() {
    each(|facts, lack| {
        let next = facts.next(lack).unwrap_or_default();
        let Outlook { switched, asked, .. } = facts.outlook;
        if let Switched::Off(off) = switched {
            assert!(next.contains(&off.command), "{next}");
            // A switch that a selector of the registration goes by is one cause, whichever is read.
            let is_both = !matches!(asked, Asked::Yes | Asked::Unknown);
            assert_eq!(next.contains("kelos-metadata check"), is_both, "{next}");
        } else if matches!(asked, Asked::No { .. } | Asked::InVain { .. }) {
            assert!(next.contains("kelos-metadata check"), "{next}");
        }
    });
}

#[test]
fn a_reason_is_one_that_the_mark_allows() {
    each(|facts, lack| {
        let Some(because) = facts.because(lack) else {
            return assert_eq!(*lack, Lack::Told);
        };
        let is_own = matches!(lack, Lack::Failing(_) | Lack::Older(_) | Lack::NotRead(_));
        assert_eq!(because.contains("`.Labels` is not known"), is_own, "{because}");
        let is_unanswered = matches!(facts.marked, Marked::No | Marked::Never);
        let has = |text: &str| because.contains(text);
        assert!(is_unanswered || !has("has not written it"), "{because}");
        let of_today = ["switched", "nobody is asked", "nobody answers"];
        assert!(is_unanswered || !of_today.iter().any(|it| has(it)), "{because}");
        assert_eq!(has("the rules have changed"), !is_own && facts.marked == Marked::Before);
        assert_eq!(has("no room"), !is_own && facts.marked == Marked::Refused);
        assert_eq!(has("something else"), !is_own && facts.marked == Marked::Today);
        // What was read is no suspicion any more.
        let Outlook { switched, asked, .. } = facts.outlook;
        assert!(
            !has("Namespace team is switched off or") || matches!(switched, Switched::Unread(_))
        );
        let is_open = *asked == Asked::Unknown || *asked == in_vain(Unanswered::Refused);
        assert!(!has("did not ask") || is_open, "{because}");
    });
}

#[test]
fn a_pod_is_never_promised_to_a_backfill() {
    each(|facts, lack| {
        let next = facts.next(lack).unwrap_or_default();
        assert!(!facts.is_of_pod || !next.contains("backfill -n"), "{next}");
    });
}

#[test]
fn what_a_value_would_take_is_all_that_stands_in_the_way() {
    let unmet = |switched: usize, asked: Asked| {
        let outlook = Outlook { switched: switches()[switched].clone(), asked, is_cluster: true };
        outlook.unmet().unwrap_or_default()
    };
    let (on, namespace, spawner) = (0, 1, 3);
    let of_switch =
        || Asked::No { why: "nobody is asked".to_owned(), is_of_switch: true, command: None };
    assert_eq!(unmet(on, Asked::Yes), "");
    assert_eq!(unmet(on, nobody()), "if the webhook were asked and trusted");
    assert_eq!(unmet(spawner, Asked::Yes), "if the switch were on");
    assert_eq!(unmet(namespace, of_switch()), "if the switch were on");
    let both = "if the switch were on, and the webhook asked and trusted";
    assert_eq!((unmet(namespace, nobody()), unmet(spawner, of_switch())), (both, both));
    for then in [Unanswered::Created, Unanswered::Refused] {
        assert_eq!(unmet(on, in_vain(then)), "if the webhook were reached and trusted");
        let both = "if the switch were on, and the webhook reached and trusted";
        assert_eq!(unmet(spawner, in_vain(then)), both);
    }
}

#[test]
fn new_tasks_get_nothing_either_only_where_this_one_has_not_got_it() {
    for asked in registrations() {
        for switched in switches() {
            let outlook = Outlook { switched, asked: asked.clone(), is_cluster: true };
            let mend = outlook.mend(HasGot::All);
            assert!(!mend.as_deref().unwrap_or_default().contains("either"), "{mend:?}");
            assert_eq!(mend.is_some(), outlook.obstacle().is_some(), "{outlook:?}");
        }
    }
}

/// Some of the sentences in full, as they are read.
#[test]
fn the_sentences_are_these() {
    let says = |switched: &Switched, asked: Asked, marked, is_later, lack: &Lack| {
        let outlook = Outlook { switched: switched.clone(), asked, is_cluster: true };
        let (spawner, namespace) = ("w", "team");
        let is_of_pod = false;
        let shape = Shape::Task;
        let facts =
            Facts { shape, outlook: &outlook, marked, is_later, is_of_pod, spawner, namespace };
        let parts = [facts.because(lack), facts.next(lack)];
        parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
    };
    let audit = &switches()[2];
    let unread = &switches()[5];
    assert_eq!(
        says(audit, Asked::Yes, Marked::Before, true, &Lack::Absent),
        "the rules have changed since the Task was created; new Tasks get nothing either until it is switched on: \
         `kubectl on-namespace`"
    );
    assert_eq!(
        says(audit, Asked::Yes, Marked::No, true, &Lack::Absent),
        "Namespace team is switched to audit, which writes nothing; new Tasks get nothing either until it is switched \
         on: `kubectl on-namespace`"
    );
    assert_eq!(
        says(&Switched::On, nobody(), Marked::Before, false, &Lack::Absent),
        "the rules have changed since the Task was created; new Tasks get nothing either: `kelos-metadata check` says \
         what to mend"
    );
    let refused = || in_vain(Unanswered::Refused);
    assert_eq!(
        says(&Switched::On, refused(), Marked::No, false, &Lack::Absent),
        "the webhook has not written it: perhaps the API server did not ask; or the webhook was not there, or not \
         trusted; this Task was made before the registration was as it is, and now none can be made: `kelos-metadata \
         check` says what to mend"
    );
    assert_eq!(
        says(audit, refused(), Marked::No, false, &Lack::Absent),
        "Namespace team is switched to audit, which writes nothing; this Task was made before the registration was as \
         it is, and now none can be made: `kelos-metadata check` says what to mend; new Tasks get nothing either until \
         it is switched on: `kubectl on-namespace`"
    );
    assert_eq!(
        says(unread, Asked::Unknown, Marked::No, false, &Lack::Absent),
        "the webhook has not written it: perhaps Namespace team is switched off or to audit (it could not be read, so \
         ask for `kubectl get namespace team --show-labels`); or the API server did not ask; or the webhook was not \
         there, or not trusted; `kelos-metadata check` looks for the cause, and `kelos-metadata backfill -n team` shows \
         what it would give the Tasks that are there"
    );
    assert_eq!(
        says(&Switched::On, Asked::Yes, Marked::No, true, &Lack::Absent),
        "the webhook has not written it, and TaskSpawner w was changed after the Task was created; new Tasks get what \
         the rules are today; `kelos-metadata backfill -n team` shows what it would give the Tasks that are there"
    );
}
