//! The Deployments of ours: what runs, as whom, and on what it was started.

use serde_json::Value;

use super::asking::{Asking, has_all, list, text};
use super::{Behind, Endpoints, Registered, Report, Target, Topic, full_name};
use crate::cli::controller;
use crate::cluster::Resource;
use crate::commands::deployed;

/// A Deployment.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) namespace: String,
    pub(super) name: String,
    /// Whether it is the controller, and not the webhook.
    pub(super) is_controller: bool,
    /// The targets that lead to it.
    targets: Vec<Target>,
    pub(super) account: String,
    args: Vec<String>,
    /// The Secret that it mounts its key from.
    mounted: Option<String>,
    pub(super) image: Image,
}

/// An image, as a Deployment names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Image(String);

impl Image {
    /// Its tag, or its digest; all of it if it has none.
    pub(super) fn version(&self) -> &str {
        let name = self.0.rsplit('/').next().unwrap_or_default();
        match (name.split_once('@'), name.split_once(':')) {
            (Some((_, digest)), _) => digest,
            (None, Some((_, tag))) => tag,
            (None, None) => &self.0,
        }
    }

    /// Of the first container of a Deployment.
    pub(super) fn of_first(deployment: &Value) -> Image {
        Image(text(deployment, "/spec/template/spec/containers/0/image").to_owned())
    }
}

impl Program {
    /// What it is called in the report.
    pub(super) fn title(&self) -> String {
        format!("Deployment {}", full_name(&self.namespace, &self.name))
    }

    /// Whether it answers what a target is called for.
    pub(super) fn serves(&self, target: &Target) -> bool {
        !self.is_controller && self.targets.contains(target)
    }

    /// What a flag is set to.
    pub(super) fn flag(&self, name: &str) -> Option<&str> {
        let start = format!("--{name}");
        let mut args = self.args.iter();
        while let Some(arg) = args.next() {
            match arg.strip_prefix(&start) {
                Some("") => return args.next().map(String::as_str),
                Some(rest) if rest.starts_with('=') => return Some(&rest[1..]),
                _ => {}
            }
        }
        None
    }

    /// Whether it answers Sessions too.
    pub(super) fn answers_sessions(&self) -> bool {
        !self.is_controller && self.args.iter().any(|arg| arg == "--sessions")
    }

    /// The namespace that a controller works in.
    pub(super) fn own_namespace(&self) -> &str {
        self.flag("namespace").unwrap_or(&self.namespace)
    }

    /// The Lease whose holder leads, of a controller.
    pub(super) fn lease(&self) -> &str {
        self.flag("lease").unwrap_or(controller::LEASE)
    }

    /// The configurations that a controller keeps.
    pub(super) fn webhook_configuration(&self) -> &str {
        self.flag("webhook-configuration").unwrap_or(controller::WEBHOOK_CONFIGURATION)
    }

    /// Namespace and name of the Secret with the serving key, and whether it is followed through the API.
    pub(super) fn secret(&self) -> Option<(&str, &str, bool)> {
        if self.is_controller {
            let name = self.flag("tls-secret").unwrap_or(controller::TLS_SECRET);
            return Some((self.own_namespace(), name, true));
        }
        let followed = self.flag("tls-secret");
        match followed.map(|it| it.split_once('/').unwrap_or((&self.namespace, it))) {
            Some((namespace, name)) => Some((namespace, name, true)),
            None => Some((&self.namespace, self.mounted.as_deref()?, false)),
        }
    }

    /// The same as one that these lead to.
    #[cfg(test)]
    pub(super) fn behind(self, targets: Vec<Target>) -> Program {
        Program { targets, ..self }
    }

    /// Reads a Deployment that has a container with the program.
    pub(super) fn read(deployment: &Value) -> Program {
        let pod = "/spec/template/spec";
        let container = deployed::container(deployment, &["serve", "controller"]);
        let image = container.as_ref().map(|it| Image(it.image.to_owned()));
        let args = container.map(|it| it.args).unwrap_or_default();
        let volumes = list(deployment, &format!("{pod}/volumes")).iter();
        let mounted = volumes.filter(|it| it["name"] == "tls");
        let mounted = mounted.map(|it| text(it, "/secret/secretName").to_owned()).next();
        let account = text(deployment, &format!("{pod}/serviceAccountName"));
        Program {
            namespace: text(deployment, "/metadata/namespace").to_owned(),
            name: text(deployment, "/metadata/name").to_owned(),
            is_controller: args.first() == Some(&"controller"),
            targets: Vec::new(),
            account: if account.is_empty() { "default" } else { account }.to_owned(),
            args: args.into_iter().map(str::to_owned).collect(),
            mounted,
            image: image.unwrap_or_else(|| Image::of_first(deployment)),
        }
    }
}

/// Finds the Deployments behind the Services, and the controllers of what is registered.
pub(super) async fn find(
    asking: &Asking,
    registered: &[Registered],
    services: &[Endpoints],
    report: &mut Report,
) -> Vec<Program> {
    let mut found: Vec<Program> = Vec::new();
    let (mut looked_at, mut unread): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for service in services {
        let Target::Service { namespace, .. } = &service.target else { continue };
        if looked_at.contains(&&**namespace) {
            continue;
        }
        looked_at.push(namespace);
        let all = match asking.list(&Resource::DEPLOYMENTS, Some(namespace), None).await {
            Ok(all) => all,
            Err(why) => {
                let what = format!("the Deployments behind {}", service.target.title());
                report.refused(Topic::Program, &what, &why);
                unread.push(namespace);
                continue;
            }
        };
        for deployment in &all {
            let mut program = Program::read(deployment);
            let targets = services.iter().filter(|it| it.target.is_in(namespace));
            let targets = targets
                .filter(|it| has_all(deployment, "/spec/template/metadata/labels", &it.selector));
            program.targets = targets.map(|it| it.target.clone()).collect();
            let keeps = program.is_controller
                && registered.iter().any(|it| program.webhook_configuration() == it.configuration);
            if !program.targets.is_empty() || keeps {
                let text = format!("{} runs {}", program.title(), program.image.version());
                report.good(Topic::Program, text);
                found.push(program);
            }
        }
    }
    // Where nothing is, or may be read, that is told already.
    for service in services.iter().filter(|it| it.behind == Behind::Something) {
        let target = &service.target;
        let is_unread = unread.iter().any(|namespace| target.is_in(namespace));
        if !is_unread && !found.iter().any(|it| it.serves(target)) {
            let why = why_unknown(service);
            let text = format!("{why}: what runs there, and with which rights, is not looked at");
            report.not_judged(Topic::Program, text, "look at it where it runs");
        }
    }
    found
}

/// Why the program behind a target is not known, where all could be read.
pub(super) fn why_unknown(service: &Endpoints) -> String {
    let title = service.target.title();
    let is_without = service.selector.as_object().is_none_or(serde_json::Map::is_empty);
    match (&service.target, service.behind) {
        (Target::Url(_), _) => format!("{title} is called, and no Service"),
        (_, Behind::NoService) => format!("{title} is not there"),
        _ if is_without => format!("{title} selects no Pods"),
        _ => format!("no Deployment has the labels that {title} selects"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::scripted::{ScriptedResponse as Scripted, status, versions};

    /// A Service of this name, which selects the Pods that are called so, if it selects any.
    fn service(name: &str, has_selector: bool, behind: Behind) -> Endpoints {
        let (namespace, port) = ("ns".to_owned(), 443);
        Endpoints {
            target: Target::Service { namespace, name: name.to_owned(), port },
            behind,
            selector: if has_selector { json!({ "app": name }) } else { Value::Null },
            ready: Vec::new(),
        }
    }

    fn url() -> Endpoints {
        let target = Target::Url("https://h.example.com/mutate-task".to_owned());
        Endpoints { target, ..service("", false, Behind::Something) }
    }

    /// What is said of the programs behind these, where there is one behind the Service `good`, and Deployments may be
    /// read or not.
    async fn found(services: &[Endpoints], may_read: bool) -> String {
        let mut good = deployment(&json!(["serve"]), "x:1");
        good["spec"]["template"]["metadata"] = json!({"labels": {"app": "good", "more": "x"}});
        let asking = Asking::scripted(move |path| match path {
            "/apis/apps" => versions(&["v1"]),
            "/apis/apps/v1" => Scripted::Json(200, json!({"resources": [{"name": "deployments"}]})),
            _ if !may_read => Scripted::Json(403, status(403, "Forbidden", "no")),
            _ => Scripted::Json(200, json!({"metadata": {}, "items": [good]})),
        });
        let mut report = Report::default();
        find(&asking, &[], services, &mut report).await;
        let report = report.to_string();
        let lines = report.lines().filter(|it| it.contains("program: "));
        lines.collect::<Vec<_>>().join("\n")
    }

    const GOOD: &str = "✓ program: Deployment ns/n runs 1";
    const URL: &str = "? program: https://h.example.com/mutate-task is called, and no Service: what runs there, and with \
                       which rights, is not looked at";

    #[tokio::test]
    async fn each_target_without_a_program_has_its_line() {
        let some = |name, has_selector| service(name, has_selector, Behind::Something);
        let not_seen = |why: &str| {
            format!("? program: {why}: what runs there, and with which rights, is not looked at")
        };
        let other = not_seen("no Deployment has the labels that Service ns/other selects");
        let bare = not_seen("Service ns/bare selects no Pods");
        for (services, said) in [
            (vec![some("good", true)], vec![GOOD]),
            (vec![url(), some("good", true)], vec![GOOD, URL]),
            (vec![some("other", true), some("good", true)], vec![GOOD, &other]),
            (vec![some("bare", false)], vec![&*bare]),
            (vec![some("other", true), some("bare", false)], vec![&*other, &*bare]),
        ] {
            assert_eq!(found(&services, true).await, said.join("\n"));
        }
    }

    #[tokio::test]
    async fn that_nothing_is_there_or_may_be_read_is_told_once() {
        for behind in [Behind::Unread, Behind::NoService, Behind::NoPod] {
            assert_eq!(found(&[service("other", true, behind)], true).await, "", "{behind:?}");
        }
        let refused = found(&[service("other", true, Behind::Something), url()], false).await;
        let lacking = "? program: the Deployments behind Service ns/other: you lack the right";
        assert!(refused.starts_with(lacking) && refused.ends_with(URL), "{refused}");
        assert_eq!(refused.lines().count(), 2, "{refused}");
    }

    fn deployment(args: &Value, image: &str) -> Value {
        json!({
            "metadata": {"namespace": "ns", "name": "n"},
            "spec": {"template": {"spec": {
                "serviceAccountName": "a",
                "containers": [{"image": image, "args": args}],
                "volumes": [{"name": "tls", "secret": {"secretName": "mounted"}}],
            }}},
        })
    }

    #[test]
    fn the_version_of_an_image_is_its_tag_or_its_digest() {
        for (image, version) in [
            ("kelos-metadata:0.1.0", "0.1.0"),
            ("registry.example.com:5000/x/kelos-metadata:v1", "v1"),
            (
                "registry.example.com:5000/x/kelos-metadata",
                "registry.example.com:5000/x/kelos-metadata",
            ),
            ("x/kelos-metadata:v1@sha256:ab", "sha256:ab"),
        ] {
            let program = Program::read(&deployment(&json!([]), image));
            assert_eq!(program.image.version(), version);
        }
    }

    #[test]
    fn the_program_is_found_beside_other_containers() {
        let mut deployment = deployment(&json!(["serve", "--tls-secret=s"]), "x:1");
        let containers = deployment.pointer_mut("/spec/template/spec/containers").unwrap();
        let sidecar = json!({"image": "proxy:2", "args": ["proxy", "serve"]});
        containers.as_array_mut().unwrap().insert(0, sidecar);
        let program = Program::read(&deployment);
        assert_eq!((program.image.version(), program.flag("tls-secret")), ("1", Some("s")));
    }

    #[test]
    fn flags_are_read_in_both_ways_and_tell_where_the_secret_is() {
        let serving = Program::read(&deployment(&json!(["serve", "--tls-secret=other/s"]), "i"));
        assert_eq!((serving.secret(), serving.is_controller), (Some(("other", "s", true)), false));
        let args = json!(["controller", "--lease", "l", "--tls-secret=s"]);
        let controller = Program::read(&deployment(&args, "i"));
        assert_eq!(controller.secret(), Some(("ns", "s", true)));
        assert_eq!((controller.flag("lease"), controller.flag("leas")), (Some("l"), None));
        assert!(controller.is_controller);
        let args = json!(["controller", "--namespace=elsewhere"]);
        let controller = Program::read(&deployment(&args, "i"));
        assert_eq!(controller.secret(), Some(("elsewhere", "kelos-metadata-tls", true)));
        assert_eq!(controller.lease(), "kelos-metadata-controller");
        assert_eq!(controller.webhook_configuration(), "kelos-metadata");
        let mounting = Program::read(&deployment(&json!(["serve"]), "i"));
        assert_eq!(mounting.secret(), Some(("ns", "mounted", false)));
    }
}
