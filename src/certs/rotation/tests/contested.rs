//! Others who write the configuration, or keep the Secret from being written.

use super::*;

/// Long after a certificate has settled; its predecessor still lives.
const LONG: i64 = LIFE / 5;

/// A world in which the next certificate settles, and the bundle before.
fn settling() -> (World, Vec<u8>) {
    let mut world = World::settled();
    let old = world.live();
    world.sleep();
    assert_eq!(world.run(), ["issue", "publish", "mark"]);
    (world, old)
}

/// Goes on from second to second until something is done; gives how long that took.
fn waits(world: &mut World) -> i64 {
    let start = world.now;
    while matches!(world.next(), RotationStep::Wait(_)) {
        assert!(world.is_trusted());
        world.now = world.now + 1;
    }
    world.now - start
}

#[test]
fn a_bundle_that_was_taken_back_settles_anew() {
    for after in [0, 1, SETTLE - 1, SETTLE, LONG] {
        for restarted in [false, true] {
            for spoil in ["old", "empty", "garbled"] {
                let (mut world, old) = settling();
                world.now = world.now + after;
                let good = world.live();
                world.edit(match spoil {
                    "old" => &old[..],
                    "empty" => b"",
                    // The first one is that of the next certificate.
                    _ => &good[1..],
                });
                if restarted {
                    world.propagation = Propagation::default();
                }
                let what = format!("{spoil}, after {after} s, restarted: {restarted}");
                assert_eq!(world.run(), ["publish", "mark"], "{what}");
                assert_eq!(world.live(), good, "{what}");
                // The mark alone is enough to keep those back who have not seen it.
                let late = world.read().next(world.now, Duration::MAX);
                assert_eq!(late, RotationStep::Wait(world.now + SETTLE), "{what}");
                assert_eq!(waits(&mut world), SETTLE, "{what}");
                assert_eq!(world.run(), ["promote"], "{what}");
                assert!(world.is_trusted());
            }
        }
    }
}

/// Whoever ends between the two writes leaves nothing that another one could take for settled.
#[test]
fn the_mark_goes_before_the_bundle_comes_back() {
    let (mut world, old) = settling();
    world.now = world.now + SETTLE;
    world.edit(&old);
    let view = world.read();
    let RotationStep::Publish { settles_anew, .. } = world.next() else { panic!() };
    assert!(settles_anew);
    world.secret.as_mut().unwrap()["metadata"]["annotations"] = serde_json::json!({});
    assert_eq!(world.run(), ["publish", "mark"]);
    let stale = view.next(world.now, Duration::MAX);
    assert!(world.take(&view, stale, world.now).is_err(), "it was made for the old one");
}

#[test]
fn a_ca_too_many_does_not_make_it_settle_anew() {
    let (mut world, _) = settling();
    world.now = world.now + SETTLE / 2;
    let other = CaBundle::read(issued(NOW).ca.as_bytes());
    world.edit(CaBundle::read(&world.live()).union(&other).pem());
    assert_eq!(world.run(), ["publish"]);
    assert_eq!(waits(&mut world), SETTLE / 2);
    assert_eq!(world.run(), ["promote"]);
}

#[test]
fn who_begins_to_look_lets_it_settle_once_more() {
    let (mut world, _) = settling();
    world.now = world.now + LONG;
    world.propagation = Propagation::default();
    assert_eq!(waits(&mut world), SETTLE);
    assert_eq!(world.run(), ["promote"]);
}

/// What comes first may be refused for ever: the caBundle does not wait for it.
#[test]
fn a_wiped_bundle_is_published_before_the_secret_is_written() {
    for (what, late) in [("due", LIFE / 3 * 2), ("expired leaf", LIFE + 1)] {
        let mut world = World::settled();
        let good = world.live();
        world.now = world.now + late;
        world.edit("");
        let step = world.next();
        let RotationStep::Publish { bundle, .. } = &step else { panic!("{what}: {}", name(&step)) };
        assert_eq!(bundle.pem().as_bytes(), good, "{what}");
        assert!(world.run().starts_with(&["publish", "issue", "publish"]), "{what}");
    }
    let mut world = World::settled();
    world.sleep();
    world.run();
    world.sleep();
    assert_eq!(world.run(), ["promote"]);
    world.now = NOW + LIFE + LIFE / 10 + 1;
    assert_eq!(name(&world.next()), "mend", "the Secret first, if nothing is missing");
    let old = world.field(BUNDLE);
    world.edit("");
    assert_eq!(world.run(), ["publish", "mend", "publish"], "the validating one loses the old CA");
    assert_ne!(world.live(), old);
    assert_eq!(world.cas(), 1);
    assert!(world.is_trusted());
}

/// Nothing is published that the Secret does not say.
#[test]
fn what_the_secret_lacks_is_not_published_first() {
    let mut world = World::settled();
    world.spoil(BUNDLE, issued(NOW).ca);
    assert_eq!(name(&world.next()), "mend");
    let mut world = World::settled();
    world.spoil(BUNDLE, "");
    world.spoil(KEY, "");
    world.edit("garbage");
    assert_eq!(name(&world.next()), "issue", "an empty bundle is nothing to publish");
}

#[test]
fn a_pair_that_servers_refuse_makes_room_for_the_next_one() {
    let mut world = World::settled();
    world.spoil(CERTIFICATE, "x".repeat(1_000_000));
    world.run();
    assert!(world.field(CERTIFICATE).is_empty() && world.field(KEY).is_empty());
    assert!(world.is_trusted(), "the last good key serves");
    world.now = world.now + REPAIR_SETTLE;
    assert_eq!(world.run(), ["promote"]);

    // One that serves stays, whether or not the API server trusts it.
    let mut world = World::settled();
    let served = world.field(CERTIFICATE);
    world.sleep();
    world.run();
    assert_eq!(world.field(CERTIFICATE), served);
}

/// The live caBundle is believed where the Secret is lost, but not in all that it says.
#[test]
fn a_ca_that_lives_longer_than_ours_is_not_adopted() {
    let planted = |seconds: i64| {
        let life = Duration::from_secs(seconds.unsigned_abs());
        CaBundle::read(issue(NAME, life, NOW).unwrap().ca.as_bytes())
    };
    for (planted, is_adopted) in [
        (planted(100 * 365 * 86_400), false),
        // The last second is 16,200 s from now; a CA lives a tenth longer than its leaf.
        (planted(14_800), false),
        (planted(14_700), true),
        (planted(LIFE), true),
    ] {
        let mut world = World::settled();
        let ours = CaBundle::read(&world.live());
        world.edit(ours.clone().union(&planted).pem());
        world.secret = None;
        world.run();
        let live = CaBundle::read(&world.live());
        assert_eq!(planted.is_within(&live), is_adopted);
        assert!(ours.is_within(&live) && world.is_trusted());
    }
    // One that signed what is in the Secret is no stranger: lives were longer once.
    let mut world = World::settled();
    let long = issue(NAME, Duration::from_secs(100 * LIFE.unsigned_abs()), NOW).unwrap();
    world.edit(&long.ca);
    world.spoil(CERTIFICATE, &long.certificate);
    world.spoil(KEY, &long.key);
    world.spoil(BUNDLE, "");
    assert_eq!(world.run(), ["mend", "publish"], "the validating one has it, too");
    assert!(world.is_trusted());
}

#[test]
fn fields_of_others_go_only_where_they_are() {
    let mut world = World::settled();
    let patch = serde_json::json!({"data": {BUNDLE: ""}});
    let secret = |world: &World| -> Secret {
        serde_json::from_value(world.secret.clone().unwrap()).unwrap()
    };
    let without =
        |world: &World| crate::certs::patches::without_strangers(&secret(world), patch.clone());
    assert!(without(&world).is_none());
    world.spoil("other", "x");
    let expected = serde_json::json!({"data": {BUNDLE: "", "other": null}});
    assert_eq!(without(&world), Some(expected));
}
