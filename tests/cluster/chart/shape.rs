//! What must hold of every rendering, whatever the values.

use clap::Parser;
use kelos_metadata::certs::OurWebhook;
use kelos_metadata::cli::{Cli, Command};
use kelos_metadata::server::Limits;
use kelos_metadata::settings::ServeSettings;
use serde_json::{Value, json};

use crate::chart::renderings::{KEPT, values};
use crate::chart::support::rendering::Rendering;
use crate::harness::helm::{Helm, RELEASE, chart};

/// Runs a check on each rendering that is kept.
fn each(check: impl Fn(&Rendering)) {
    for name in KEPT {
        check(&Rendering::of(&values(name)));
    }
}

fn pod(deployment: &Value) -> &Value {
    &deployment["spec"]["template"]
}

fn container(deployment: &Value) -> &Value {
    &pod(deployment)["spec"]["containers"][0]
}

fn args(deployment: &Value) -> Vec<&str> {
    container(deployment)["args"]
        .as_array()
        .unwrap()
        .iter()
        .map(|arg| arg.as_str().unwrap())
        .collect()
}

/// What a flag is set to.
#[track_caller]
fn flag<'a>(deployment: &'a Value, name: &str) -> &'a str {
    let start = format!("--{name}=");
    let found = args(deployment).into_iter().find_map(|arg| arg.strip_prefix(&start));
    found.unwrap_or_else(|| panic!("no --{name} among {:?}", args(deployment)))
}

/// The port that a flag has a listener bind.
#[track_caller]
fn bound(deployment: &Value, name: &str) -> i64 {
    flag(deployment, name).rsplit_once(':').unwrap().1.parse().unwrap()
}

/// The number of a named port of the container.
fn port(deployment: &Value, name: &Value) -> i64 {
    let ports = container(deployment)["ports"].as_array().unwrap();
    let port = ports.iter().find(|port| port["name"] == *name);
    port.unwrap_or_else(|| panic!("no port {name}"))["containerPort"].as_i64().unwrap()
}

/// What is typed to start the container.
pub(crate) fn typed(deployment: &Value) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(["kelos-metadata"].into_iter().chain(args(deployment)))
}

#[test]
fn the_program_takes_what_it_is_started_with() {
    each(|rendering| {
        let typed = typed(rendering.the("Deployment")).unwrap();
        let Command::Serve(serve) = typed.command else { panic!("{typed:?}") };
        ServeSettings::try_from(&*serve).unwrap();
    });
}

/// The kubelet kills what has not ended by then.
#[test]
fn a_pod_has_time_for_its_delay_and_its_drain() {
    each(|rendering| {
        let args = container(rendering.the("Deployment"))["args"].as_array().unwrap();
        let typed = args.iter().find_map(|arg| arg.as_str()?.strip_prefix("--shutdown-delay="));
        let delay: jiff::SignedDuration = typed.unwrap().parse().unwrap();
        let delay = std::time::Duration::try_from(delay).unwrap();
        let pod = &rendering.the("Deployment")["spec"]["template"]["spec"];
        let grace = pod["terminationGracePeriodSeconds"].as_u64().unwrap();
        let needed = delay + Limits::default().drain;
        assert!(grace >= needed.as_secs() + 10, "{grace} s for {needed:?}");
        assert_eq!(
            container(rendering.the("Deployment")).get("lifecycle"),
            None,
            "the program waits by itself"
        );
    });
}

#[test]
fn the_controller_takes_what_it_is_started_with() {
    for name in ["default", "everything"] {
        let rendering = Rendering::of(&values(name));
        typed(rendering.object("Deployment/kelos-metadata-controller")).unwrap();
    }
}

/// The kinds that the webhooks are registered in.
const CONFIGURATIONS: [&str; 2] =
    ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// All webhooks of both.
fn webhooks(rendering: &Rendering) -> impl Iterator<Item = &Value> {
    let lists = CONFIGURATIONS.map(|kind| rendering.the(kind)["webhooks"].as_array().unwrap());
    lists.into_iter().flatten()
}

#[test]
fn the_ports_of_all_objects_meet() {
    each(|rendering| {
        let serving = rendering.the("Deployment");
        let webhook_port = port(serving, &json!("webhook"));
        assert_eq!(bound(serving, "bind-address"), webhook_port);
        for deployment in rendering.deployments() {
            let (metrics, health) =
                (port(deployment, &json!("metrics")), port(deployment, &json!("health")));
            assert_eq!(bound(deployment, "metrics-bind-address"), metrics);
            assert_eq!(bound(deployment, "health-probe-bind-address"), health);
            let name = deployment["metadata"]["name"].as_str().unwrap();
            if let Some(policy) = rendering.objects.get(&format!("NetworkPolicy/{name}")) {
                let rules = policy["spec"]["ingress"].as_array().unwrap();
                let open = rules.iter().map(|rule| rule["ports"][0]["port"].as_i64().unwrap());
                let of_webhook = (name == RELEASE).then_some(webhook_port);
                let needed: Vec<i64> = of_webhook.into_iter().chain([metrics]).collect();
                assert_eq!(open.collect::<Vec<_>>(), needed, "{name}");
            }
            for probe in ["livenessProbe", "readinessProbe"] {
                assert_eq!(container(deployment)[probe]["httpGet"]["port"], "health");
            }
        }
        for webhook in webhooks(rendering) {
            let called = &webhook["clientConfig"]["service"];
            let service = rendering.the("Service");
            assert_eq!(called["name"], service["metadata"]["name"]);
            assert_eq!(called["namespace"], service["metadata"]["namespace"]);
            let ports = service["spec"]["ports"].as_array().unwrap();
            let of_service = ports.iter().find(|port| port["port"] == called["port"]).unwrap();
            assert_eq!(port(serving, &of_service["targetPort"]), webhook_port);
        }
    });
}

#[test]
fn spawners_are_judged_where_tasks_are_labelled_and_never_refused() {
    each(|rendering| {
        let [mutating, validating] = CONFIGURATIONS.map(|kind| &rendering.the(kind)["webhooks"][0]);
        assert_eq!(validating["namespaceSelector"], mutating["namespaceSelector"]);
        for (field, value) in [
            ("name", json!("vspawner.metadata.kelos.dev")),
            ("failurePolicy", json!("Ignore")),
            ("sideEffects", json!("None")),
            ("timeoutSeconds", json!(2)),
        ] {
            assert_eq!(validating[field], value, "{field}");
        }
        let path = &validating["clientConfig"]["service"]["path"];
        assert_eq!(path, kelos_metadata::webhook::router::VALIDATE_SPAWNER_PATH);
    });
}

#[test]
fn all_webhooks_of_ours_are_there_each_with_its_path() {
    each(|rendering| {
        let found: Vec<_> = webhooks(rendering)
            .map(|it| (it["name"].clone(), it["clientConfig"]["service"]["path"].clone()))
            .collect();
        let all = OurWebhook::ALL.map(|it| (json!(it.as_str()), json!(it.path())));
        assert_eq!(found, all);
    });
}

/// The version, whose Session it is, and where it is sent are its own.
#[test]
fn sessions_are_sent_when_and_as_tasks_are() {
    each(|rendering| {
        let [task, session] = [0, 1].map(|webhook| {
            let mut webhook = rendering.the(CONFIGURATIONS[0])["webhooks"][webhook].clone();
            for own in ["name", "matchConditions"] {
                webhook.as_object_mut().unwrap().remove(own);
            }
            webhook["clientConfig"]["service"]["path"].take();
            for own in ["resources", "apiVersions"] {
                webhook["rules"][0][own].take();
            }
            webhook
        });
        assert_eq!(task, session);
    });
}

#[test]
fn what_is_asked_about_sessions_is_answered_and_may_be_read() {
    for enabled in [true, false] {
        let rendering = Rendering::of(&json!({"sessions": {"enabled": enabled}}));
        let Command::Serve(serve) = typed(rendering.the("Deployment")).unwrap().command else {
            panic!("the Deployment serves");
        };
        assert_eq!(serve.sessions, enabled);
        assert_eq!(rendering.the(CONFIGURATIONS[0])["webhooks"][1].is_object(), enabled);
        let read = &rendering.the("ClusterRole")["rules"][0]["resources"];
        assert_eq!(read.as_array().unwrap().contains(&json!("sessionspawners")), enabled);
    }
}

/// The names that a Role or a ClusterRole binds a resource to.
fn names(role: &Value, resource: &str) -> Vec<String> {
    let rules = role["rules"].as_array().unwrap().iter();
    let of_resource =
        rules.filter(|rule| rule["resources"].as_array().unwrap().contains(&json!(resource)));
    let names = of_resource.filter_map(|rule| rule["resourceNames"].as_array()).flatten();
    names.map(|name| name.as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_the_controller_writes_is_what_it_may_write_and_what_the_others_read() {
    for name in ["default", "everything"] {
        let rendering = Rendering::of(&values(name));
        let of_controller =
            |kind: &str| rendering.object(&format!("{kind}/kelos-metadata-controller"));
        let controller = of_controller("Deployment");
        let secret = flag(controller, "tls-secret");
        let in_namespace = format!("{}/{secret}", flag(controller, "namespace"));
        assert_eq!(flag(rendering.the("Deployment"), "tls-secret"), in_namespace);
        assert_eq!(names(rendering.the("Role"), "secrets"), [secret]);
        assert_eq!(names(of_controller("Role"), "secrets"), [secret]);
        assert_eq!(names(of_controller("Role"), "leases"), [flag(controller, "lease")]);

        let configured = flag(controller, "webhook-configuration");
        let role = of_controller("ClusterRole");
        assert_eq!(names(role, "mutatingwebhookconfigurations"), [configured]);
        assert_eq!(names(role, "validatingwebhookconfigurations"), [configured]);
        for kind in CONFIGURATIONS {
            let configuration = rendering.the(kind);
            assert_eq!(configuration["metadata"]["name"], configured);
        }
        for webhook in webhooks(&rendering) {
            // A key of ours, be it empty, is what helm and others would put in the place of the controller's.
            let client_config = &webhook["clientConfig"];
            assert_eq!(client_config.get("caBundle"), None);
            let service = &client_config["service"];
            assert_eq!(service["name"], flag(controller, "service"));
            assert_eq!(service["namespace"], flag(controller, "namespace"));
        }
    }
}

#[test]
fn nobody_writes_where_somebody_else_makes_the_certificate() {
    for name in ["cert-manager", "provided"] {
        let rendering = Rendering::of(&values(name));
        for name in rendering.names() {
            assert!(!name.contains("controller"), "{name}");
        }
        for role in ["Role", "RoleBinding"] {
            assert_eq!(rendering.objects.get(&format!("{role}/kelos-metadata")), None);
        }
    }
}

#[test]
fn whatever_selects_pods_selects_ours_and_no_service_of_kelos_does() {
    let selectors = [
        ("Deployment", "/spec/selector/matchLabels"),
        ("Service", "/spec/selector"),
        ("PodDisruptionBudget", "/spec/selector/matchLabels"),
        ("NetworkPolicy", "/spec/podSelector/matchLabels"),
        ("PodMonitor", "/spec/selector/matchLabels"),
    ];
    each(|rendering| {
        let mut selected = Vec::new();
        for deployment in rendering.deployments() {
            let name = deployment["metadata"]["name"].as_str().unwrap();
            let labels = pod(deployment)["metadata"]["labels"].as_object().unwrap();
            for (kind, selector) in selectors {
                let Some(object) = rendering.objects.get(&format!("{kind}/{name}")) else {
                    continue;
                };
                let wanted = object.pointer(selector).unwrap().as_object().unwrap();
                for (key, value) in wanted {
                    assert_eq!(labels.get(key), Some(value), "{kind}/{name}: {key}");
                }
                selected.push((name, wanted));
            }
            assert_ne!(labels["app.kubernetes.io/name"], "kelos");
            assert!(labels.keys().all(|key| !key.starts_with("kelos.dev/")), "{labels:?}");
        }
        // And none of the other Deployment's.
        for (name, wanted) in &selected {
            let others = selected.iter().filter(|(other, _)| other != name);
            assert!(others.map(|(_, theirs)| theirs).all(|theirs| theirs != wanted), "{name}");
        }
    });
}

#[test]
fn every_name_follows_the_namespace_of_the_release() {
    let chart = chart();
    let chart = chart.to_str().unwrap();
    let image = "image.repository=kelos-metadata";
    let args = ["template", "r", chart, "--kube-version", "1.36", "--set", image];
    let args: Vec<&str> = args.into_iter().chain(["--namespace", "platform", "-f", "-"]).collect();
    let render = |name| -> Rendering {
        let text = Helm::offline().run(&args, &values(name)).ok();
        assert!(!text.contains("kelos-system"), "{text}");
        Rendering::read(&text)
    };
    let rendering = render("cert-manager");
    let names = &rendering.the("Certificate")["spec"]["dnsNames"];
    assert_eq!(*names, json!(["kelos-metadata.platform.svc"]));
    let rendering = render("default");
    for account in ["kelos-metadata", "kelos-metadata-controller"] {
        for kind in ["ClusterRoleBinding", "RoleBinding"] {
            let subject = &rendering.object(&format!("{kind}/{account}"))["subjects"][0];
            assert_eq!(subject["namespace"], "platform", "{kind}/{account}");
        }
    }
}

#[test]
fn every_container_has_resources() {
    each(|rendering| {
        for deployment in rendering.deployments() {
            let resources = &container(deployment)["resources"];
            assert!(resources["requests"]["cpu"].is_string(), "{resources:#}");
            assert!(resources["requests"]["memory"].is_string(), "{resources:#}");
            assert!(resources["limits"]["memory"].is_string(), "{resources:#}");
            let containers = pod(deployment)["spec"]["containers"].as_array().unwrap().len();
            assert_eq!(containers, 1, "the one that was looked at");
            assert_eq!(pod(deployment)["spec"].get("initContainers"), None);
        }
    });
}

#[test]
fn every_object_says_where_it_belongs() {
    let [mutating, validating] = CONFIGURATIONS;
    let cluster_wide = ["ClusterRole", "ClusterRoleBinding", mutating, validating];
    each(|rendering| {
        for (name, object) in &rendering.objects {
            let kind = object["kind"].as_str().unwrap();
            let namespace = object["metadata"]["namespace"].as_str();
            let expected = (!cluster_wide.contains(&kind)).then_some("kelos-system");
            assert_eq!(namespace, expected, "{name}");
            let labels = &object["metadata"]["labels"];
            assert_eq!(labels["app.kubernetes.io/name"], "kelos-metadata", "{name}");
            let of_controller = name.ends_with("-controller");
            let component = if of_controller { "controller" } else { "webhook" };
            assert_eq!(labels["app.kubernetes.io/component"], component, "{name}");
            assert_eq!(labels["app.kubernetes.io/version"], env!("CARGO_PKG_VERSION"), "{name}");
        }
    });
}
