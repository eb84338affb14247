//! The same of Sessions: whatever their SessionSpawner says, and whatever they hold.

use kelos_metadata::engine::kelos::{DISPLAY_NAME_ANNOTATION, MARKS};
use testing::generators::spawner_and_session;

use super::*;

const OF_SESSIONS: &str = r#"
labels: {a: {value: "{{ .Title }}", on: [sessions]}, b: {value: x, on: [tasks, sessions]}, of-tasks: x}
annotations: {kelos.dev/session-display-name: {value: "{{ .Title }} {{ .Session.Branch }}", on: [sessions]}}
podLabels: {cost: {value: "{{ .Number }}", on: [sessions]}, a: {value: x, on: [sessions]}}
"#;

fn known(spawner: &Value, has_defaults: bool) -> Spawners {
    if !has_defaults {
        return spawners(spawner);
    }
    let defaults = Defaults::read(OF_SESSIONS, &Policy::default()).unwrap();
    spawners_with(spawner, Policy { defaults: Arc::new(defaults), ..Policy::default() })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, max_shrink_iters: 2000, ..ProptestConfig::default() })]

    #[test]
    fn every_answer_is_one_the_api_server_and_the_console_take(
        (spawner, session) in spawner_and_session(), has_defaults in any::<bool>(),
    ) {
        let spawners = known(&spawner, has_defaults);
        let after = answer(&spawners, &session).apply(&session);
        let protection = Protection::default();
        for (kind, key) in changed(&session, &after) {
            let is_mark = kind == Kind::Annotation && MARKS.contains(&&*key);
            prop_assert!(is_mark || !protection.covers(kind, &key), "{kind} {key}");
            // No field of Kelos's declares anything: what is there was somebody's, and an `allowed` list alone binds it.
            let annotation = spawner["metadata"]["annotations"][rules_annotation(kind)].as_str();
            let is_bound = annotation.unwrap().contains(&json!(key).to_string());
            prop_assert!(is_mark || is_bound || entry_of(&session, kind, &key).is_none(), "{kind} {key} was there");
            let Some(value) = entry_of(&after, kind, &key) else { continue };
            prop_assert!(apimachinery::key(kind, &key).is_ok(), "{kind} {key}");
            prop_assert!(apimachinery::value(kind, value).is_ok(), "{kind} {key}: {value}");
            if kind == Kind::Annotation && key == DISPLAY_NAME_ANNOTATION {
                prop_assert!(value.chars().count() <= 64 && value.trim() == value, "{value:?}");
                prop_assert!(!value.chars().any(char::is_control), "{value:?}");
            }
        }
        for kind in [Kind::PodLabel, Kind::NodeSelector] {
            for (key, value) in map_of(&session, kind).as_object().into_iter().flatten() {
                prop_assert_eq!(entry_of(&after, kind, key), value.as_str(), "what is there stays");
            }
        }
        prop_assert_eq!(rest_of_spec(&after), rest_of_spec(&session), "nothing else of the spec changes");
        prop_assert!(after["spec"].get("podOverrides").is_none(), "a Session has none there");
        prop_assert_eq!(answer(&spawners, &after).patch, None, "a second pass changes nothing");
    }

    #[test]
    fn a_session_of_nobody_gets_the_defaults_alone((spawner, session) in spawner_and_session()) {
        let mut session = session;
        session["metadata"].as_object_mut().unwrap().remove("ownerReferences");
        prop_assert_eq!(answer(&known(&spawner, false), &session).patch, None);
        let with_rules = answer(&known(&spawner, true), &session).apply(&session);
        let without = answer(&known(&json!({"metadata": {"name": "other"}}), true), &session).apply(&session);
        prop_assert_eq!(with_rules, without);
    }
}
