//! What the API server does when a Task is created: whether it asks the webhook, and who else it asks.

use serde_json::value::RawValue;

use super::super::reach::{Reach, lacking};
use super::PassedOver;
use crate::apimachinery::Kind;
use crate::cluster::{Error, Resource, Selection};
use crate::engine::kelos::{INJECTION_SETTING, Shape, StringMap, Task};
use crate::registration::{AdmissionPolicy, Configuration, Selector, Verdict, webhook_of};
use crate::templates::value::Text;

/// Whether the API server asks the webhook about such a Task, as far as is known: so it does where nothing is
/// registered yet, but for Tasks that are switched off.
///
/// # Errors
///
/// Why it does not.
pub(super) fn is_asked(
    registrations: &Result<Vec<Configuration>, String>,
    (namespace, labels): (&str, Option<&StringMap>),
    new: &Task<'_>,
) -> Result<(), PassedOver> {
    let all = registrations.iter().flatten();
    let ours: Vec<_> = all.flat_map(|it| it.ours(webhook_of(new.shape()))).collect();
    let misses = |selector: &Selector| {
        matches!(selector.of_namespace(namespace, labels), Verdict::Misses { .. })
    };
    let in_namespace: Vec<_> =
        ours.iter().filter(|it| !it.namespace_selector().is_some_and(misses)).collect();
    if in_namespace.is_empty() && !ours.is_empty() {
        return Err(PassedOver::NotSelected);
    }
    let is_off = new.get(Kind::Label, INJECTION_SETTING) == Some("disabled");
    let of_task = new.entries(Kind::Label).into_iter().flatten();
    let of_task = of_task.map(|(key, value)| (Text::from(&**key), value.to_string())).collect();
    let misses = |selector: &Selector| matches!(selector.of(&of_task), Verdict::Misses { .. });
    let is_asked = match ours.is_empty() {
        true => !is_off,
        false => in_namespace.iter().any(|it| !it.object_selector().is_some_and(misses)),
    };
    match (is_asked, is_off) {
        (true, _) => Ok(()),
        (false, true) => Err(PassedOver::SwitchedOff),
        (false, false) => Err(PassedOver::NotSelected),
    }
}

/// Who else may have written to a Task when it was created, in words; nothing if nobody can have.
pub(super) async fn others(
    shape: Shape,
    reach: &Reach,
    registrations: &Result<Vec<Configuration>, String>,
) -> Option<String> {
    let all = match registrations {
        Err(why) => return Some(format!("others whom the API server asks ({why})")),
        Ok(all) => all,
    };
    let named = |configuration: &Configuration| {
        let webhook = configuration.others(shape).next()?.name().to_owned();
        Some(format!("webhook {webhook} of {}", configuration.name()))
    };
    if let Some(other) = all.iter().find_map(named) {
        return Some(other);
    }
    let resource = &Resource::MUTATING_ADMISSION_POLICIES;
    let policies = match resource.read_all(&reach.client, Selection::default()).await {
        Ok(policies) => policies,
        Err(Error::KindNotServed) => return None,
        Err(error) => {
            let why = lacking("list", resource, None, &error);
            return Some(format!("others whom the API server asks ({why})"));
        }
    };
    let read = |json: &RawValue| serde_json::from_str::<AdmissionPolicy>(json.get()).ok();
    let policies = policies.iter().map(|json| read(json));
    let mut others = policies.filter(|it| it.as_ref().is_none_or(|it| it.is_for(shape)));
    let name = others.next()?.map_or_else(String::new, |it| format!(" {}", it.name()));
    Some(format!("MutatingAdmissionPolicy{name}"))
}
