//! The controller's own: its Lease, and the Secret in which it rotates certificates.

use jiff::Timestamp;
use serde_json::Value;

use super::asking::{Asking, text};
use super::certificate::{chain, moment};
use super::program::Program;
use super::registered::Registered;
use super::{Report, Topic, full_name};
use crate::certs::{BUNDLE, CERTIFICATE, CaBundle, Secret, renewal};
use crate::cluster::Resource;
use crate::commands::counted::counted;
use crate::tls::Validity;
use crate::unix_seconds::UnixSeconds;

/// How many times its duration a Lease may be old: a controller that begins waits for one of them.
const LATE: i64 = 2;

/// Judges Lease and Secret, if there is a controller.
pub(super) async fn judge(
    asking: &Asking,
    registered: &[Registered],
    programs: &[Program],
    report: &mut Report,
) {
    let Some(controller) = programs.iter().find(|it| it.is_controller) else { return };
    let (namespace, lease) = (controller.own_namespace(), controller.lease());
    let title = format!("Lease {}", full_name(namespace, lease));
    let logs = format!("kubectl -n {} logs deployment/{}", controller.namespace, controller.name);
    match asking.get(&Resource::LEASES, Some(namespace), lease).await {
        Ok(Some(lease)) => match held(&lease, asking.now) {
            Ok(held) => report.good(Topic::Lease, format!("{title}: {held}")),
            Err(why) => report.bad(Topic::Lease, format!("{title}: {why}: nobody rotates"), &logs),
        },
        Ok(None) => {
            let text = format!("{title} is not there: no controller has ever led");
            report.bad(Topic::Lease, text, &logs);
        }
        Err(why) => report.refused(Topic::Lease, &title, &why),
    }
    let Some((namespace, secret, _)) = controller.secret() else { return };
    let title = format!("Secret {}", full_name(namespace, secret));
    match asking.secret(namespace, secret).await {
        Ok(Some(secret)) => match rotation(&secret, registered, asking.now) {
            Ok(state) => report.good(Topic::Rotation, format!("{title}: {state}")),
            Err(why) => report.bad(Topic::Rotation, format!("{title}: {why}"), &logs),
        },
        // That it is not there is told with the certificate.
        Ok(None) if report.is_bad(Topic::Certificate) => {}
        Ok(None) => report.bad(Topic::Rotation, format!("{title} is not there"), &logs),
        // What is served is judged without it, and few may read a Secret.
        Err(why) => report.not_judged(
            Topic::Rotation,
            format!("{title}: {why}"),
            "the Lease and the end of the certificate, above, say what they can",
        ),
    }
}

/// Who holds a Lease, or why nobody does.
fn held(lease: &Value, now: UnixSeconds) -> Result<String, String> {
    let holder = text(lease, "/spec/holderIdentity");
    if holder.is_empty() {
        return Err("nobody holds it".to_owned());
    }
    let renewed: Option<Timestamp> = text(lease, "/spec/renewTime").parse().ok();
    let renewed = renewed.map_or(UnixSeconds(0), |it| UnixSeconds(it.as_second()));
    let duration = lease.pointer("/spec/leaseDurationSeconds").and_then(Value::as_i64);
    let age = now - renewed;
    if age > duration.unwrap_or(15).saturating_mul(LATE) {
        let at = moment(renewed);
        return Err(format!("{holder} held it, and has not renewed it since {at}"));
    }
    Ok(format!("{holder} leads, and renewed it {} ago", seconds(age.max(0))))
}

fn seconds(seconds: i64) -> String {
    counted(usize::try_from(seconds).unwrap_or_default(), "second")
}

/// How far rotation is, or why it is late.
fn rotation(
    secret: &Secret,
    registered: &[Registered],
    now: UnixSeconds,
) -> Result<String, String> {
    let leaf = chain(&secret.field(CERTIFICATE));
    let Some(validity) = leaf.first().and_then(|leaf| Validity::read(leaf).ok()) else {
        return Err("it holds no certificate".to_owned());
    };
    // What is left of its life then is for what may be in the way.
    let (renewal, ends) = (renewal(validity), validity.not_after);
    if now > renewal + (ends - renewal) / 2 {
        let (renewal, ends) = (moment(renewal), moment(ends));
        return Err(format!("it was to be renewed at {renewal}, and ends at {ends}"));
    }
    let cas = CaBundle::read(&secret.field(BUNDLE));
    let is_published = |one: &Registered| cas.is_within(&CaBundle::read(&one.bundle));
    if secret.has_next() {
        let waits = match registered.iter().all(is_published) {
            true => "its CA settles",
            false => "its CA is not published yet",
        };
        return Ok(format!("a new certificate is about to serve: {waits}"));
    }
    Ok(format!("the certificate is renewed at {}", moment(renewal)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD as BASE64;
    use serde_json::json;

    use super::*;
    use crate::certs::issue;

    const NOW: UnixSeconds = UnixSeconds(1_900_000_000);

    #[test]
    fn a_lease_is_held_by_whoever_renews_it() {
        let lease = |holder: &str, renewed: &str| json!({"spec": {"holderIdentity": holder, "renewTime": renewed, "leaseDurationSeconds": 15}});
        let judge = |lease: &Value| held(lease, NOW);
        let good = judge(&lease("c-1", "2030-03-17T17:46:38.000000Z")).unwrap();
        assert_eq!(good, "c-1 leads, and renewed it 2 seconds ago");
        let ahead = judge(&lease("c-1", "2030-03-17T17:47:00.000000Z")).unwrap();
        assert_eq!(ahead, "c-1 leads, and renewed it 0 seconds ago");
        for (lease, said) in [
            (lease("", "2030-03-17T17:46:38.000000Z"), "nobody holds it"),
            (lease("c-1", "2030-03-17T17:46:09.000000Z"), "has not renewed it since 2030-03-17"),
            (lease("c-1", "yesterday"), "has not renewed it since 1970"),
            (json!({}), "nobody holds it"),
        ] {
            let why = judge(&lease).unwrap_err();
            assert!(why.contains(said), "{why}");
        }
    }

    #[test]
    fn a_rotation_is_late_when_half_of_its_last_third_is_over() {
        let issued = issue("a.b.svc", Duration::from_secs(32_400), NOW).unwrap();
        let secret = json!({"data": {
            "tls.crt": BASE64.encode(&issued.certificate), "ca.crt": BASE64.encode(&issued.ca),
        }});
        let read = |secret: &Value| serde_json::from_value::<Secret>(secret.clone()).unwrap();
        let at = |seconds: i64| rotation(&read(&secret), &[], NOW + seconds);
        let good = "the certificate is renewed at 2030-03-17T23:46:40Z";
        assert_eq!(at(0).unwrap(), good);
        assert_eq!(at(24_000).unwrap(), good);
        assert!(
            at(30_000).unwrap_err().starts_with("it was to be renewed at 2030-03-17T23:46:40Z")
        );
        let mut next = secret.clone();
        next["data"]["next-tls.crt"] = json!("eA==");
        assert!(rotation(&read(&next), &[], NOW).unwrap().ends_with("its CA settles"));
        assert_eq!(rotation(&read(&json!({})), &[], NOW).unwrap_err(), "it holds no certificate");
    }
}
