//! What the endpoints serve with, and whether the API server trusts it.

use std::net::SocketAddr;

use futures_util::future::join_all;
use rustls::pki_types::CertificateDer;

use super::asking::Asking;
use super::certificate::{chain, distrust, moment};
use super::endpoints::Endpoints;
use super::program::Program;
use super::registered::{Registered, Target};
use super::{Report, Topic, full_name, handshake};
use crate::certs::CERTIFICATE;
use crate::commands::counted::counted;
use crate::unix_seconds::UnixSeconds;

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
    let ready = service.map(|it| &it.ready[..]).unwrap_or_default();
    let ready = &ready[..ready.len().min(MOST_ENDPOINTS)];
    let bundle = Bundle { asking, registered, name: registered.target.server_name() };
    let title = registered.title();
    if registered.bundle.is_empty() && matches!(registered.target, Target::Url(_)) {
        let text = format!(
            "{title} has no caBundle: the API server trusts the CAs of its own system, which can't be seen from here"
        );
        let hint = "see that one of these signed what is served there, or write the caBundle";
        report.not_judged(Topic::Certificate, text, hint);
        return;
    }
    match bundle.of_endpoints(ready).await {
        Some(Ok(good)) => report.good(Topic::Certificate, format!("{title}: {good}")),
        Some(Err(bad)) => report.bad(Topic::Certificate, format!("{title}: {bad}"), hint(programs)),
        None => bundle.judge_secret(programs, report).await,
    }
}

/// Why the Secret is looked at.
const UNREACHED: &str = "no endpoint can be reached from here";

/// The caBundle of a webhook, and the name that is asked for.
struct Bundle<'b> {
    asking: &'b Asking,
    registered: &'b Registered,
    name: String,
}

impl Bundle<'_> {
    fn distrust(&self, chain: &[CertificateDer<'_>]) -> Result<UnixSeconds, String> {
        distrust(chain, &self.registered.bundle, &self.name, self.asking.now)
    }

    /// Whether what the endpoints serve with is trusted; nothing if none can be reached.
    async fn of_endpoints(&self, ready: &[SocketAddr]) -> Option<Result<String, String>> {
        let calls = ready.iter().map(async |it| (it, handshake::shown(*it, &self.name).await));
        let (mut ends, mut reached) = (None, 0);
        for (address, shown) in join_all(calls).await {
            let Some(shown) = shown else { continue };
            reached += 1;
            match self.distrust(&shown) {
                Ok(end) => ends = Some(ends.map_or(end, |first: UnixSeconds| first.min(end))),
                Err(why) => {
                    let what = format!("the API server does not trust what {address} serves");
                    return Some(Err(format!("{what}: {why}")));
                }
            }
        }
        let others = match ready.len() - reached {
            0 => String::new(),
            some => format!(" ({some} more can't be reached from here)"),
        };
        let served = format!("what {} for {}{others}", serve(reached), self.name);
        Some(Ok(format!("the caBundle trusts {served}, until {}", moment(ends?))))
    }

    async fn judge_secret(&self, programs: &[Program], report: &mut Report) {
        let title = self.registered.title();
        // The Secret of what answers elsewhere says nothing of this.
        let serving = programs.iter().filter(|it| it.serves(&self.registered.target));
        let secret = serving.filter_map(Program::secret).next();
        let Some((namespace, secret, _)) = secret else {
            let text = format!("{title}: {UNREACHED}, and no Secret is known that they serve with");
            report.not_judged(Topic::Certificate, text, "run `check` in the cluster: `helm test`");
            return;
        };
        let full = full_name(namespace, secret);
        let secret = match self.asking.secret(namespace, secret).await {
            Ok(Some(secret)) => secret,
            Ok(None) => {
                let text =
                    format!("{title}: Secret {full}, which the Pods serve with, is not there");
                report.bad(Topic::Certificate, text, hint(programs));
                return;
            }
            Err(why) => {
                let what = format!("{title}: {UNREACHED}, and Secret {full} can't be read");
                report.refused(Topic::Certificate, &what, &why);
                return;
            }
        };
        let of_secret = format!("the certificate of Secret {full}");
        match self.distrust(&chain(&secret.field(CERTIFICATE))) {
            Ok(ends) => {
                let until = moment(ends);
                let trusts = format!("the caBundle trusts {of_secret}, until {until}");
                report.good(Topic::Certificate, format!("{title}: {trusts}; {UNREACHED}"));
            }
            Err(why) => {
                let what = format!("the API server does not trust {of_secret}");
                let text = format!("{title}: {what}: {why}");
                report.bad(Topic::Certificate, text, hint(programs));
            }
        }
    }
}

/// `1 endpoint serves`, `2 endpoints serve`.
fn serve(endpoints: usize) -> String {
    format!(
        "{} {}",
        counted(endpoints, "endpoint"),
        if endpoints == 1 { "serves" } else { "serve" }
    )
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::scripted::{ScriptedResponse as Scripted, status};

    #[tokio::test]
    async fn the_secret_of_what_answers_elsewhere_says_nothing() {
        let registered = Registered::chart(|_| {});
        let elsewhere = Target::Url("https://h.example.com/mutate-task".to_owned());
        for (target, said) in [
            (registered.target.clone(), "Secret ns/s, which the Pods serve with, is not there"),
            (elsewhere, "no endpoint can be reached from here, and no Secret is known"),
        ] {
            let asking = Asking::scripted(|path| {
                assert_eq!(path, "/api/v1/namespaces/ns/secrets/s");
                Scripted::Json(404, status(404, "NotFound", "no"))
            });
            let container = json!({"image": "x:1", "args": ["serve", "--tls-secret=s"]});
            let program = Program::read(&json!({
                "metadata": {"namespace": "ns", "name": "n"},
                "spec": {"template": {"spec": {"containers": [container]}}},
            }));
            let mut report = Report::default();
            let programs = [program.behind(vec![target])];
            judge(&asking, &registered, None, &programs, &mut report).await;
            let report = report.to_string();
            assert!(report.contains(said), "{said}: {report}");
        }
    }
}
