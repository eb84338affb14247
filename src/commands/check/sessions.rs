//! Whether what is registered for Sessions and what answers them belong together: the webhook and the flag `--sessions`.

use super::program::Program;
use super::{Registered, Report, Topic};
use crate::certs::OurWebhook;

const HINT: &str = "set `sessions.enabled` in the values of the chart, or remove it, and upgrade: docs/sessions.md";

/// Judges the webhooks and the Deployments that they lead to.
pub(super) fn judge(registered: &[Registered], programs: &[Program], report: &mut Report) {
    let of_sessions = || registered.iter().filter(|it| it.ours == OurWebhook::Session);
    for webhook in of_sessions() {
        let deaf = |it: &&Program| it.serves(&webhook.target) && !it.answers_sessions();
        for program in programs.iter().filter(deaf) {
            let text = format!(
                "{}: {} runs without --sessions, and answers no Session",
                webhook.title(),
                program.title()
            );
            report.bad(Topic::Registration, text, HINT);
        }
    }
    // Where Tasks are not registered either, that is told.
    let of_tasks = || registered.iter().filter(|it| it.ours == OurWebhook::Task);
    let is_asked = |it: &&Program| of_tasks().any(|webhook| it.serves(&webhook.target));
    for program in programs.iter().filter(|it| it.answers_sessions()).filter(is_asked) {
        if !of_sessions().any(|it| program.serves(&it.target)) {
            let text = format!(
                "{} runs with --sessions, and no webhook asks it about Sessions: they are created as they are",
                program.title()
            );
            report.bad(Topic::Registration, text, HINT);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of_sessions() -> Registered {
        Registered::chart(|it| {
            it["name"] = json!("msession.metadata.kelos.dev");
            it["clientConfig"]["service"]["path"] = json!("/mutate-session");
            it["rules"][0]["resources"] = json!(["sessions"]);
        })
    }

    /// What is said of these webhooks, where all of them lead to one that was started with these arguments.
    fn said(registered: &[Registered], args: &[&str]) -> String {
        let container = json!({"image": "x:1", "args": args});
        let program = Program::read(&json!({
            "metadata": {"namespace": "ns", "name": "n"},
            "spec": {"template": {"spec": {"containers": [container]}}},
        }));
        let targets = registered.iter().map(|it| it.target.clone()).collect();
        let mut report = Report::default();
        judge(registered, &[program.behind(targets)], &mut report);
        let report = report.to_string();
        report.lines().filter(|it| !it.contains(" lines: ")).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_webhook_for_sessions_and_the_flag_belong_together() {
        let task = || Registered::chart(|_| {});
        assert_eq!(said(&[task()], &["serve"]), "");
        assert_eq!(said(&[task(), of_sessions()], &["serve", "--sessions"]), "");
        let deaf = said(&[task(), of_sessions()], &["serve"]);
        let line = "✗ registration: msession.metadata.kelos.dev in MutatingWebhookConfiguration/kelos-metadata: \
                    Deployment ns/n runs without --sessions, and answers no Session\n  → set `sessions.enabled`";
        assert!(deaf.starts_with(line), "{deaf}");
        let unasked = said(&[task()], &["serve", "--sessions"]);
        let line = "✗ registration: Deployment ns/n runs with --sessions, and no webhook asks it about Sessions";
        assert!(unasked.starts_with(line), "{unasked}");
        assert_eq!(said(&[], &["serve", "--sessions"]), "", "that no Task is asked about is told");
    }
}
