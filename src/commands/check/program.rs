//! The Deployments of ours: what runs, as whom, and on what it was started.

use serde_json::Value;

use super::asking::{Asking, has_all, list, text};
use super::{Endpoints, Registered, Report, Target, Topic, full_name};
use crate::cluster::Resource;

/// A Deployment.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) namespace: String,
    pub(super) name: String,
    /// Whether it is the controller, and not the webhook.
    pub(super) is_controller: bool,
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
    pub(super) fn of(deployment: &Value) -> Image {
        Image(text(deployment, "/spec/template/spec/containers/0/image").to_owned())
    }
}

impl Program {
    /// What it is called in the report.
    pub(super) fn title(&self) -> String {
        format!("Deployment {}", full_name(&self.namespace, &self.name))
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

    /// Namespace and name of the Secret with the serving key, and whether it is followed through the API.
    pub(super) fn secret(&self) -> Option<(&str, &str, bool)> {
        let followed = self.flag("tls-secret");
        match followed.map(|it| it.split_once('/').unwrap_or((&self.namespace, it))) {
            Some((namespace, name)) => Some((namespace, name, true)),
            None => Some((&self.namespace, self.mounted.as_deref()?, false)),
        }
    }

    /// Reads a Deployment whose container is the program.
    pub(super) fn read(deployment: &Value) -> Program {
        let pod = "/spec/template/spec";
        let args: Vec<String> = list(deployment, &format!("{pod}/containers/0/args"))
            .iter()
            .filter_map(|arg| Some(arg.as_str()?.to_owned()))
            .collect();
        let volumes = list(deployment, &format!("{pod}/volumes")).iter();
        let mounted = volumes.filter(|it| it["name"] == "tls");
        let mounted = mounted.map(|it| text(it, "/secret/secretName").to_owned()).next();
        let account = text(deployment, &format!("{pod}/serviceAccountName"));
        Program {
            namespace: text(deployment, "/metadata/namespace").to_owned(),
            name: text(deployment, "/metadata/name").to_owned(),
            is_controller: args.first().is_some_and(|it| it == "controller"),
            account: if account.is_empty() { "default" } else { account }.to_owned(),
            args,
            mounted,
            image: Image::of(deployment),
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
    let mut looked_at: Vec<&str> = Vec::new();
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
                continue;
            }
        };
        for deployment in &all {
            let program = Program::read(deployment);
            let is_behind = services.iter().any(|it| {
                has_all(deployment, "/spec/template/metadata/labels", &it.selector)
                    && matches!(&it.target, Target::Service { namespace, .. } if *namespace == program.namespace)
            });
            let keeps = program.is_controller
                && registered
                    .iter()
                    .any(|it| program.flag("webhook-configuration") == Some(&it.configuration));
            if is_behind || keeps {
                let text = format!("{} runs {}", program.title(), program.image.version());
                report.good(Topic::Program, text);
                found.push(program);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
    fn flags_are_read_in_both_ways_and_tell_where_the_secret_is() {
        let serving = Program::read(&deployment(&json!(["serve", "--tls-secret=other/s"]), "i"));
        assert_eq!((serving.secret(), serving.is_controller), (Some(("other", "s", true)), false));
        let args = json!(["controller", "--lease", "l", "--tls-secret=s"]);
        let controller = Program::read(&deployment(&args, "i"));
        assert_eq!(controller.secret(), Some(("ns", "s", true)));
        assert_eq!((controller.flag("lease"), controller.flag("leas")), (Some("l"), None));
        assert!(controller.is_controller);
        let mounting = Program::read(&deployment(&json!(["serve"]), "i"));
        assert_eq!(mounting.secret(), Some(("ns", "mounted", false)));
    }
}
