//! What the endpoints serve with, and whether the API server trusts it.

use futures_util::future::join_all;
use rustls::pki_types::CertificateDer;
use serde_json::Value;

use super::asking::Asking;
use super::certificate::{chain, distrust, moment};
use super::endpoints::Endpoints;
use super::program::Program;
use super::registered::Registered;
use super::{Report, Topic, count, full_name, handshake, upkeep};
use crate::cluster::Resource;

/// The most endpoints that are called: those of one Deployment serve with the same certificate.
const MOST_ENDPOINTS: usize = 16;

/// Judges the caBundle of a webhook by what each endpoint serves or, where none can be reached, by the Secret.
pub(super) async fn judge(
    asking: &Asking,
    registered: &Registered,
    service: Option<&Endpoints>,
    programs: &[Program],
    report: &mut Report,
) {
    let title = registered.title();
    let name = registered.target.server_name();
    let judge =
        |chain: &[CertificateDer<'_>]| distrust(chain, &registered.bundle, &name, asking.now);
    let ready = service.map(|it| &it.ready[..]).unwrap_or_default();
    let calls = ready
        .iter()
        .take(MOST_ENDPOINTS)
        .map(async |address| (address, handshake::shown(*address, &name).await));
    let mut ends = None;
    let mut reached = 0;
    for (address, shown) in join_all(calls).await {
        let Some(shown) = shown else { continue };
        reached += 1;
        match judge(&shown) {
            Ok(end) => ends = ends.min(Some(end)).or(Some(end)),
            Err(why) => {
                let text =
                    format!("{title}: the API server does not trust what {address} serves: {why}");
                report.bad(Topic::Certificate, text, hint(programs));
                return;
            }
        }
    }
    if let Some(ends) = ends {
        let served = format!("what {} for {name}", serve(reached));
        let others = match ready.len().min(MOST_ENDPOINTS) - reached {
            0 => String::new(),
            some => format!(" ({some} more can't be reached from here)"),
        };
        let text = format!("{title}: the caBundle trusts {served}{others}, until {}", moment(ends));
        report.good(Topic::Certificate, text);
        return;
    }
    let unreached = "no endpoint can be reached from here";
    let secret = programs.iter().filter(|it| !it.is_controller).find_map(Program::secret);
    let Some((namespace, secret, _)) = secret else {
        let text = format!("{title}: {unreached}, and no Secret is known that they serve with");
        report.not_judged(Topic::Certificate, text, "run `check` in the cluster: `helm test`");
        return;
    };
    let full = full_name(namespace, secret);
    match asking.get(&Resource::SECRETS, Some(namespace), secret).await {
        Ok(Some(secret)) => match judge(&chain(&field(&secret, "tls.crt"))) {
            Ok(ends) => {
                let text = format!(
                    "{title}: the caBundle trusts the certificate of Secret {full}, until {}; {unreached}",
                    moment(ends)
                );
                report.good(Topic::Certificate, text);
            }
            Err(why) => {
                let text = format!(
                    "{title}: the API server does not trust the certificate of Secret {full}: {why}"
                );
                report.bad(Topic::Certificate, text, hint(programs));
            }
        },
        Ok(None) => {
            let text = format!("{title}: Secret {full}, which the Pods serve with, is not there");
            report.bad(Topic::Certificate, text, hint(programs));
        }
        Err(why) => {
            let what = format!("{title}: {unreached}, nor is Secret {full}");
            report.refused(Topic::Certificate, &what, &why);
        }
    }
}

/// What a field of a Secret holds.
pub(super) fn field(secret: &Value, name: &str) -> Vec<u8> {
    upkeep::decoded(secret["data"][name].as_str().unwrap_or_default())
}

/// `1 endpoint serves`, `2 endpoints serve`.
fn serve(endpoints: usize) -> String {
    format!("{} {}", count(endpoints, "endpoint"), if endpoints == 1 { "serves" } else { "serve" })
}

/// Who is to put a certificate and a caBundle together that fit.
fn hint(programs: &[Program]) -> String {
    match programs.iter().find(|it| it.is_controller) {
        Some(controller) => format!(
            "the controller writes both: kubectl -n {} logs deployment/{}",
            controller.namespace, controller.name
        ),
        None => "let cert-manager write the caBundle, or give the chart the CA of the certificate \
                 (certificates.caBundle): docs/install.md"
            .to_owned(),
    }
}
