//! The configuration of what only judges, beside the one of what changes Tasks.

use self::ConfigurationKind::{Mutating, Validating};
use super::*;

#[test]
fn both_configurations_get_one_bundle() {
    let world = World::settled();
    assert_eq!(world.live_of(Mutating), world.live_of(Validating));
    let mut world = World::new();
    let RotationStep::Issue { .. } = world.next() else { panic!() };
    let view = world.read();
    let step = world.next();
    world.take(&view, step, NOW).unwrap();
    let RotationStep::Publish { into, settles_anew, .. } = world.next() else { panic!() };
    assert_eq!((into, settles_anew), (vec![Mutating, Validating], false));
}

#[test]
fn one_that_is_absent_is_not_waited_for() {
    for (mutating, validating) in [(true, false), (false, true), (false, false)] {
        let mut world = World::new();
        world.configuration = world.configuration.filter(|_| mutating);
        world.validating = world.validating.filter(|_| validating);
        let steps: &[&str] = match mutating || validating {
            true => &["issue", "publish", "promote"],
            false => &["issue", "promote"],
        };
        assert_eq!(world.run(), steps, "{mutating} {validating}");
    }
}

/// What is written is only that one which differs; nothing of the other one is touched.
#[test]
fn a_spoilt_bundle_is_repaired_in_the_one_that_has_it() {
    for kind in ConfigurationKind::ALL {
        let mut world = World::settled();
        let good = world.live_of(kind);
        world.edit_of(kind, "garbage");
        let RotationStep::Publish { into, .. } = world.next() else { panic!("{kind}") };
        assert_eq!(into, [kind]);
        assert_eq!(world.run(), ["publish"]);
        assert_eq!(world.live_of(kind), good);
    }
}

#[test]
fn nothing_is_promoted_until_both_were_read_back_and_have_settled() {
    let mut world = World::settled();
    let first = world.field(CERTIFICATE);
    world.sleep();
    let view = world.read();
    let step = world.next();
    world.take(&view, step, world.now).unwrap();
    // The validating one can't be written: the mutating one has the bundle all the same, and nothing goes on.
    for _ in 0..2 * SETTLE {
        let view = world.read();
        let RotationStep::Publish { into, bundle, .. } = world.next() else { panic!() };
        assert!(into.contains(&Validating));
        if into.contains(&Mutating) {
            world.publish(&view, Mutating, &bundle).unwrap();
        }
        world.now = world.now + 1;
        assert!(world.is_trusted());
    }
    assert_eq!(world.field(CERTIFICATE), first);
    assert_eq!(world.run(), ["publish", "mark"], "it settles from when both have it");
    world.sleep();
    assert_eq!(world.run(), ["promote"]);
    assert!(world.is_trusted());
}

#[test]
fn one_that_is_taken_back_or_comes_while_it_settles_settles_anew() {
    for comes in [false, true] {
        let mut world = World::settled();
        let old = world.live_of(Validating);
        if comes {
            world.validating = None;
        }
        world.sleep();
        assert_eq!(world.run(), ["issue", "publish", "mark"]);
        world.now = world.now + SETTLE - 1;
        if comes {
            world.validating = Some(unpublished(Validating));
        }
        world.edit_of(Validating, if comes { b"" } else { &old[..] });
        let RotationStep::Publish { into, settles_anew, .. } = world.next() else { panic!() };
        assert_eq!((into, settles_anew), (vec![Validating], true), "comes: {comes}");
        assert_eq!(world.run(), ["publish", "mark"], "comes: {comes}");
        let marked = world.now;
        world.sleep();
        assert_eq!(world.now, marked + SETTLE);
        assert_eq!(world.run(), ["promote"]);
        assert!(world.is_trusted());
    }
}

#[test]
fn one_that_goes_while_it_settles_holds_up_nothing() {
    let mut world = World::settled();
    world.sleep();
    assert_eq!(world.run(), ["issue", "publish", "mark"]);
    let marked = world.now;
    world.validating = None;
    world.sleep();
    assert_eq!(world.now, marked + SETTLE);
    assert_eq!(world.run(), ["promote"]);
}

#[test]
fn no_ca_is_adopted_from_it() {
    let planted = CaBundle::read(issued(NOW).ca.as_bytes());
    let mut world = World::settled();
    let ours = CaBundle::read(&world.live());
    world.edit_of(Validating, ours.clone().union(&planted).pem());
    world.secret = None;
    world.run();
    for kind in ConfigurationKind::ALL {
        let live = CaBundle::read(&world.live_of(kind));
        assert!(ours.is_within(&live) && !planted.is_within(&live), "{kind}");
    }
    world.secret = None;
    world.configuration = None;
    world.run();
    let live = CaBundle::read(&world.live_of(Validating));
    assert!(!ours.is_within(&live), "not even ours");
}

/// A webhook that is not there would be added by a strategic merge, without what it has to have.
#[test]
fn a_configuration_without_our_webhook_is_let_be() {
    let mut world = World::new();
    world.validating.as_mut().unwrap()["webhooks"] = serde_json::json!([]);
    let before = world.validating.clone();
    assert_eq!(world.run(), ["issue", "publish", "promote"]);
    assert_eq!(world.validating, before);
}
