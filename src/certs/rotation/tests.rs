//! The next step out of each state that the Secret and the caBundle can be in, and whole rotations second by second.

use std::collections::BTreeSet;

use self::world::{LIFE, NAME, NOW, SETTLE, View, World, issued, name, policy, unpublished};
use super::*;
use crate::certs::issue::issue;
use crate::certs::propagation::Propagation;

mod contested;
mod sessions;
mod validating;
mod world;

/// Long enough for all that is waited for without a rotation.
const A_WHILE: i64 = SETTLE + 1;

#[test]
fn out_of_nothing_everything_comes_at_once() {
    let mut world = World::new();
    assert_eq!(world.run(), ["issue", "publish", "promote"]);
    assert!(world.is_trusted());
    assert_eq!(world.next(), RotationStep::Wait(NOW + LIFE / 3 * 2));
    for field in [NEXT_CERTIFICATE, NEXT_KEY] {
        assert_eq!(world.field(field), b"");
    }
}

#[test]
fn a_rotation_publishes_settles_serves_and_drops() {
    let mut world = World::settled();
    let first = world.field(CERTIFICATE);
    world.sleep();
    assert_eq!(world.run(), ["issue", "publish", "mark"]);
    assert_eq!(world.cas(), 2);
    assert_eq!(world.field(CERTIFICATE), first, "nothing else serves yet");
    let marked = world.now;
    world.sleep();
    assert_eq!(world.now, marked + SETTLE);
    assert_eq!(world.run(), ["promote"]);
    assert_ne!(world.field(CERTIFICATE), first);
    assert_eq!(world.cas(), 2, "the old leaf may be served by somebody");
    world.sleep();
    assert_eq!(world.now, NOW + LIFE + LIFE / 10 + 1, "the old CA is expired");
    assert_eq!(world.run(), ["mend", "publish"]);
    assert_eq!(world.cas(), 1);
}

#[test]
fn what_is_served_is_trusted_in_every_second_of_many_rotations() {
    let mut world = World::settled();
    let mut served = BTreeSet::new();
    for _ in 0..LIFE / 2 {
        world.now = world.now + 10;
        world.run();
        assert!(world.is_trusted(), "{}", world.now - NOW);
        assert!(world.cas() <= 2);
        served.insert(world.field(CERTIFICATE));
    }
    assert!(served.len() >= 7, "{}", served.len());
}

/// The configuration is spoilt; what is there comes back at once, and nothing else changes.
#[test]
fn a_spoilt_bundle_is_mended() {
    let foreign = rcgen::generate_simple_self_signed(vec![NAME.to_owned()]).unwrap().cert.pem();
    let settled = World::settled();
    let good = settled.live();
    let ours = issued(NOW).ca;
    let good_text = String::from_utf8(good.clone()).unwrap();
    for bundle in
        ["", "garbage", &*foreign, &ours, &format!("{good_text}{foreign}"), &good_text[1..]]
    {
        let mut world = settled.clone();
        world.edit(bundle);
        assert_eq!(world.run(), ["publish"], "{bundle}");
        assert_eq!(world.live(), good);
    }
    let mut world = settled;
    for step in ["issue", "publish", "mark", "promote"] {
        world.edit("");
        assert!(world.run().contains(&"publish"), "before {step}");
        assert!(world.is_trusted());
        world.sleep();
    }
}

#[test]
fn without_a_configuration_the_secret_is_made_all_the_same() {
    for webhooks in [None, Some(serde_json::json!([]))] {
        let mut world = World::new();
        world.validating = None;
        world.configuration = webhooks.map(|webhooks| {
            serde_json::json!({"metadata": {"resourceVersion": "1"}, "webhooks": webhooks})
        });
        let view = world.read();
        let step = view.next(world.now, Duration::ZERO);
        assert_eq!(name(&step), "issue");
        world.take(&view, step, NOW).ok();
        assert_eq!(world.next(), RotationStep::Promote);
    }
}

/// What is spoilt in the Secret, what is done at once, and after the settling time.
#[test]
fn a_spoilt_secret_is_mended_while_the_last_good_key_serves() {
    type Spoil = fn(&mut World);
    let table: [(&str, Spoil, &[&str], &[&str]); 12] = [
        ("deleted", |w| w.secret = None, &["issue", "publish", "mark"], &["promote"]),
        ("garbage", garbage, &["issue", "publish", "mark"], &["promote"]),
        ("emptied", emptied, &["issue", "publish", "mark"], &["promote"]),
        (
            "no certificate",
            |w| w.spoil(CERTIFICATE, ""),
            &["issue", "publish", "mark"],
            &["promote"],
        ),
        ("no key", |w| w.spoil(KEY, ""), &["issue", "publish", "mark"], &["promote"]),
        (
            "another key",
            |w| w.spoil(KEY, issued(NOW).key),
            &["issue", "publish", "mark"],
            &["promote"],
        ),
        ("no bundle", |w| w.spoil(BUNDLE, ""), &["mend"], &[]),
        ("a garbled bundle", |w| w.spoil(BUNDLE, "garbage"), &["mend"], &[]),
        (
            "a longer bundle",
            |w| w.spoil(BUNDLE, [&w.field(BUNDLE)[..], b"garbage"].concat()),
            &["mend"],
            &[],
        ),
        ("another bundle", |w| w.spoil(BUNDLE, issued(NOW).ca), &["mend", "publish"], &[]),
        ("a strange next", |w| w.spoil(NEXT_KEY, "garbage"), &["mend"], &[]),
        (
            "a next that nobody trusts",
            |w| {
                let strange = issued(NOW);
                w.spoil(NEXT_KEY, strange.key);
                w.spoil(NEXT_CERTIFICATE, strange.certificate);
            },
            &["mend"],
            &[],
        ),
    ];
    for (what, spoil, at_once, later) in table {
        let mut world = World::settled();
        let old = world.live();
        spoil(&mut world);
        assert!(world.is_trusted(), "{what}: the last good key serves");
        assert_eq!(world.run(), at_once, "{what}");
        assert!(world.is_trusted(), "{what}");
        world.now = world.now + REPAIR_SETTLE;
        assert_eq!(world.run(), later, "{what}");
        assert!(world.is_trusted(), "{what}");
        assert!(world.run().is_empty());
        let live = CaBundle::read(&world.live());
        assert!(CaBundle::read(&old).iter().all(|ca| live.iter().any(|it| it == ca)), "{what}");
        assert!(matches!(world.next(), RotationStep::Wait(until) if until > world.now + A_WHILE));
    }
}

fn garbage(world: &mut World) {
    for field in [CERTIFICATE, KEY, BUNDLE, NEXT_CERTIFICATE, NEXT_KEY] {
        world.spoil(field, "garbage");
    }
}

fn emptied(world: &mut World) {
    for field in [CERTIFICATE, KEY, BUNDLE] {
        world.spoil(field, "");
    }
}

/// Servers may still have a good pair: a new one is not forced on API servers that have not heard of it.
#[test]
fn a_pair_that_the_api_server_distrusts_is_replaced_soon() {
    type Make = fn() -> crate::certs::Issued;
    let pairs: [(&str, Make); 2] = [
        ("of another CA", || issued(NOW)),
        ("of another name", || issue("other.svc", policy().lifetime, NOW).unwrap()),
    ];
    for (what, pair) in pairs {
        let mut world = World::settled();
        let pair = pair();
        world.spoil(CERTIFICATE, "");
        world.spoil(KEY, pair.key);
        world.spoil(CERTIFICATE, pair.certificate);
        assert!(!world.is_trusted(), "{what}");
        is_replaced_soon(&mut world, what);
    }
}

/// Within the time that a Secret without a good pair settles.
#[track_caller]
fn is_replaced_soon(world: &mut World, what: impl std::fmt::Display) {
    let before = world.now;
    assert_eq!(world.run(), ["issue", "publish", "mark"], "{what}");
    world.sleep();
    assert_eq!(world.run(), ["promote"], "{what}");
    assert!(world.now <= before + REPAIR_SETTLE && world.is_trusted(), "{what}");
}

#[test]
fn an_expired_certificate_is_replaced_soon() {
    for late in [1, LIFE / 20, LIFE / 10 + 1, 100 * LIFE] {
        let mut world = World::settled();
        world.now = NOW + LIFE + late;
        assert!(!world.is_trusted());
        // Where its CA is over, too, nobody serves with anything that is trusted.
        if late <= LIFE / 10 {
            is_replaced_soon(&mut world, late);
        } else {
            assert_eq!(world.run(), ["issue", "publish", "promote"], "{late}");
        }
        assert!(world.is_trusted());
    }
    // One that expires while its successor settles.
    let mut world = World::settled();
    world.now = NOW + LIFE - 10;
    assert_eq!(world.run(), ["issue", "publish", "mark"]);
    world.sleep();
    assert_eq!(world.now, NOW + LIFE + 1);
    assert_eq!(world.run(), ["promote"]);
}

#[test]
fn a_next_certificate_that_expired_is_made_again() {
    let mut world = World::settled();
    world.now = world.now + LIFE / 3 * 2;
    world.run();
    world.now = world.now + 2 * LIFE;
    assert_eq!(world.run(), ["issue", "publish", "promote"]);
    assert!(world.is_trusted());
}

#[test]
fn a_secret_that_goes_in_the_middle_of_a_rotation_keeps_both_cas() {
    let mut world = World::settled();
    world.sleep();
    world.run();
    world.secret = None;
    world.run();
    assert_eq!(world.cas(), 3);
    assert!(world.is_trusted());
    world.now = world.now + REPAIR_SETTLE;
    assert_eq!(world.run(), ["promote"]);
}

#[test]
fn a_secret_that_goes_with_the_bundle_is_made_anew() {
    let mut world = World::settled();
    world.secret = None;
    world.edit("");
    assert_eq!(world.run(), ["issue", "publish", "promote"]);
    assert!(world.is_trusted());
}

#[test]
fn a_secret_that_is_spoilt_for_ever_does_not_grow_for_ever() {
    let mut world = World::settled();
    for _ in 0..50 {
        world.now = world.now + 1;
        world.secret = None;
        world.run();
        assert!(world.cas() <= 8, "{}", world.cas());
    }
    world.now = world.now + REPAIR_SETTLE;
    world.run();
    assert!(world.serve().unwrap().is_trusted_by_any(
        &CaBundle::read(&world.live()),
        NAME,
        world.now
    ));
}

/// Two controllers whose clocks differ by ten minutes take turns.
#[test]
fn clocks_that_are_ten_minutes_off_lose_nothing() {
    const OFF: i64 = 600;
    for offset in [-OFF, OFF] {
        let mut world = World::settled();
        let long = RotationPolicy { lifetime: Duration::from_secs(90 * 86_400), ..policy() };
        let made = issue(NAME, long.lifetime, NOW + offset).unwrap();
        let leaf = ServingCert::read(made.certificate.as_bytes(), made.key.as_bytes()).unwrap();
        assert!(leaf.is_trusted_by_any(&CaBundle::read(made.ca.as_bytes()), NAME, NOW));

        // Another controller began to settle; this one has another clock.
        world.now = world.now + LIFE / 3 * 2;
        world.run();
        let right = world.now;
        let RotationStep::Wait(_) = world.next() else { panic!() };
        let seen = world.read();
        let now = right + offset;
        match seen.next(now, Duration::ZERO) {
            // For who is behind, the mark lies ahead: it settles once more, by its own clock.
            RotationStep::Mark(mark) if offset < 0 => {
                world.take(&seen, RotationStep::Mark(mark), now).unwrap();
            }
            // For who is ahead, it is long ago.
            RotationStep::Wait(_) if offset > 0 => (),
            step => panic!("{offset}: {}", name(&step)),
        }
        // Whatever the clock says, nobody promotes who has not waited.
        for waited in [0, 1, SETTLE - 1] {
            let step = world.read().next(now, Duration::from_secs(waited.unsigned_abs()));
            let left = if offset < 0 { SETTLE } else { SETTLE - waited };
            assert_eq!(step, RotationStep::Wait(now + left), "{offset} {waited}");
        }
        let settled = Duration::from_secs(SETTLE.unsigned_abs());
        assert_eq!(world.read().next(now + SETTLE, settled), RotationStep::Promote);
        assert!(world.is_trusted());
    }
}

#[test]
fn a_mark_of_another_certificate_or_no_mark_at_all_counts_nothing() {
    let mut world = World::settled();
    world.sleep();
    world.run();
    for mark in ["", "garbage", "0011223344556677@2001-01-01T00:00:00Z", "@2001-01-01T00:00:00Z"] {
        world.remark(mark);
        assert_eq!(world.run(), ["mark"], "{mark}");
    }
}

/// Any number of controllers, each acting on what it read any time ago, never harm each other: no
/// write makes what is served distrusted.
#[test]
fn stale_controllers_do_no_harm() {
    let mut world = World::settled();
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    let mut controllers: Vec<Reading> = (0..3).map(|_| Reading::default()).collect();
    let (mut conflicts, mut promotions, mut writes) = (0, 0, 0);
    for round in 0..40_000_usize {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let who = usize::try_from(random >> 33).unwrap() % controllers.len();
        world.now = world.now + i64::from(round % 16 == 0) * 20;
        match random >> 52 {
            0..40 if world.configuration.is_some() => world.edit(""),
            40..60 => world.secret = None,
            60..80 => world.configuration = None,
            80..90 => world.validating = None,
            90..130 if world.validating.is_some() => {
                world.edit_of(ConfigurationKind::Validating, "");
            }
            _ if world.configuration.is_none() => world.reinstall(),
            _ if world.validating.is_none() => {
                world.validating = Some(unpublished(ConfigurationKind::Validating));
                world.edit_of(ConfigurationKind::Validating, "");
            }
            _ => (),
        }
        // One of them stands still for minutes.
        if who == round / 300 % 4 {
            continue;
        }
        let Some((view, at)) = controllers[who].goes_on(&world) else { continue };
        let settled = view.settled(&mut controllers[who].propagation, at);
        let step = view.next(at, settled);
        if matches!(step, RotationStep::Wait(_)) {
            continue;
        }
        let (is_promotion, was_trusted) = (step == RotationStep::Promote, world.is_trusted());
        let text = format!("{step:?}");
        match world.take(&view, step, at) {
            Ok(()) => (promotions, writes) = (promotions + u32::from(is_promotion), writes + 1),
            Err(world::Conflict) => conflicts += 1,
        }
        assert!(!was_trusted || world.is_trusted(), "round {round}: {text:.20}");
    }
    assert!(conflicts > 50 && promotions > 20 && writes > 50, "{conflicts} {promotions} {writes}");
    world.reinstall();
    world.run();
    world.now = world.now + REPAIR_SETTLE;
    world.run();
    assert!(world.is_trusted());
}

/// A controller that reads: one object, some time later the other, and acts later still.
#[derive(Default)]
struct Reading {
    propagation: Propagation,
    configuration: Option<View>,
    both: Option<(View, UnixSeconds)>,
}

impl Reading {
    /// Goes on; gives what it has read, when it is time to act.
    fn goes_on(&mut self, world: &World) -> Option<(View, UnixSeconds)> {
        if let Some(both) = self.both.take() {
            return Some(both);
        }
        match self.configuration.take() {
            None => self.configuration = Some(world.read()),
            Some(first) => self.both = Some((first.with_secret_of(world.read()), world.now)),
        }
        None
    }
}
