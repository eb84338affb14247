//! The webhook of Sessions, which stands beside that of Tasks in one configuration.

use serde_json::json;

use self::ConfigurationKind::Mutating;
use super::*;

const SESSIONS: &str = "msession.metadata.kelos.dev";

/// Registers it, as somebody does who upgrades.
fn register(world: &mut World) {
    let webhooks = world.configuration.as_mut().unwrap()["webhooks"].as_array_mut().unwrap();
    webhooks.push(json!({"name": SESSIONS, "clientConfig": {"service": {}}}));
}

/// Its caBundle, in Base64; nothing without one.
fn bundle(world: &World, webhook: usize) -> Option<&str> {
    let configuration = world.configuration.as_ref().unwrap();
    configuration["webhooks"][webhook]["clientConfig"]["caBundle"].as_str()
}

#[test]
fn it_gets_the_bundle_of_the_other_one() {
    let mut world = World::new();
    register(&mut world);
    assert_eq!(world.run(), ["issue", "publish", "promote"]);
    assert!(bundle(&world, 2).is_some());
    assert_eq!(bundle(&world, 2), bundle(&world, 1));
    let session = &world.configuration.as_ref().unwrap()["webhooks"][2];
    assert_eq!(session["clientConfig"]["service"], json!({}), "nothing else of it is touched");
}

#[test]
fn one_that_comes_later_or_is_spoilt_alone_gets_it() {
    let mut world = World::settled();
    let good = bundle(&world, 1).map(str::to_owned);
    register(&mut world);
    for spoilt in [None, Some(""), Some("eA==")] {
        if let Some(spoilt) = spoilt {
            let configuration = world.configuration.as_mut().unwrap();
            configuration["webhooks"][2]["clientConfig"]["caBundle"] = json!(spoilt);
        }
        let RotationStep::Publish { into, .. } = world.next() else { panic!("{spoilt:?}") };
        assert_eq!(into, [Mutating]);
        assert_eq!(world.run(), ["publish"]);
        assert_eq!(bundle(&world, 2), good.as_deref(), "{spoilt:?}");
        assert_eq!(bundle(&world, 1), good.as_deref());
    }
}

/// The API server would trust the next certificate for Tasks, and not for Sessions.
#[test]
fn nothing_is_promoted_before_it_has_the_next_ca() {
    let mut world = World::settled();
    register(&mut world);
    assert_eq!(world.run(), ["publish"]);
    world.sleep();
    assert_eq!(world.run(), ["issue", "publish", "mark"]);
    let before = world.field(CERTIFICATE);
    let configuration = world.configuration.as_mut().unwrap();
    configuration["webhooks"][2]["clientConfig"]["caBundle"] = json!("eA==");
    world.now = world.now + SETTLE;
    assert!(matches!(world.next(), RotationStep::Publish { .. }));
    assert_eq!(world.run(), ["publish", "mark"]);
    assert_eq!(world.field(CERTIFICATE), before);
    world.sleep();
    assert_eq!(world.run(), ["promote"]);
    assert_eq!(bundle(&world, 2), bundle(&world, 1));
}
