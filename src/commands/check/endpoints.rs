//! The Service that the API server calls, and where it leads.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde_json::Value;
use tokio::net::lookup_host;
use tokio::time::timeout;
use url::Url;

use super::asking::{Asking, list, text};
use super::{Report, Target, Topic};
use crate::cluster::Resource;
use crate::commands::counted::{by_count, counted};

/// How long looking for a name may take.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(2);

/// What is known of what stands behind a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behind {
    /// Nothing: its Service may not be read, and that is told.
    Unread,
    /// That there is no such Service, which is told.
    NoService,
    /// That there is no Pod, which is told.
    NoPod,
    /// That something may run there.
    Something,
}

/// What stands behind a target.
#[derive(Debug)]
pub(super) struct Endpoints {
    pub(super) target: Target,
    pub(super) behind: Behind,
    /// The labels of the Pods that the Service selects.
    pub(super) selector: Value,
    /// Where the ready ones are; nothing if that is not known.
    pub(super) ready: Vec<SocketAddr>,
}

/// Looks at a target; says whether the API server can call it.
pub(super) async fn look(asking: &Asking, target: &Target, report: &mut Report) -> Endpoints {
    let mut endpoints = Endpoints {
        target: target.clone(),
        behind: Behind::Unread,
        selector: Value::Null,
        ready: Vec::new(),
    };
    let Target::Service { namespace, name, port } = target else {
        let ready = resolved(target, report).await;
        return Endpoints { behind: Behind::Something, ready, ..endpoints };
    };
    let title = target.title();
    let service = match asking.get(&Resource::SERVICES, Some(namespace), name).await {
        Ok(Some(service)) => service,
        Ok(None) => {
            let text = format!("{title} is registered, and is not there");
            let hint = "install the chart again, or delete the configurations that name it";
            report.bad(Topic::Endpoints, text, hint);
            return Endpoints { behind: Behind::NoService, ..endpoints };
        }
        Err(why) => {
            report.refused(Topic::Endpoints, &title, &why);
            return endpoints;
        }
    };
    endpoints.behind = Behind::Something;
    endpoints.selector = service.pointer("/spec/selector").cloned().unwrap_or_default();
    let ports = list(&service, "/spec/ports").iter();
    let mut of_number = ports.filter(|it| it["port"].as_u64() == Some(*port));
    let Some(service_port) = of_number.next() else {
        let text = format!("{title} has no port {port}, which is registered");
        report.bad(Topic::Endpoints, text, "install the chart again");
        return endpoints;
    };
    let labels = format!("kubernetes.io/service-name={name}");
    let slices = asking.list(&Resource::ENDPOINT_SLICES, Some(namespace), Some(&labels)).await;
    let slices = match slices {
        Ok(slices) => slices,
        Err(why) => {
            report.refused(Topic::Endpoints, &format!("where {title} leads"), &why);
            return endpoints;
        }
    };
    let found = Found::of(&slices, text(service_port, "/name"));
    endpoints.behind = leads(&endpoints, &found, slices.len(), report);
    endpoints.ready = found.ready;
    endpoints
}

/// Tells where a target leads that is a Service, of which as many slices were found.
fn leads(endpoints: &Endpoints, found: &Found, slices: usize, report: &mut Report) -> Behind {
    let Target::Service { namespace, .. } = &endpoints.target else { return endpoints.behind };
    let title = endpoints.target.title();
    if !found.ready.is_empty() {
        let others = match found.not_ready {
            0 => String::new(),
            some => format!(", {some} not ready"),
        };
        let ready = counted(found.ready.len(), "ready endpoint");
        report.good(Topic::Endpoints, format!("{title} leads to {ready}{others}"));
        return Behind::Something;
    }
    let selector = selector_text(&endpoints.selector);
    let (leads, todo) = found.nowhere(slices, &selector);
    let pods = format!("kubectl -n {namespace} get pods -l {selector}");
    let hint = match selector.is_empty() {
        true => "install the chart again".to_owned(),
        false => format!("{pods} and look {todo}, as in docs/operations.md"),
    };
    report.bad(Topic::Endpoints, format!("{title} {leads}"), hint);
    if found.not_ready == 0 { Behind::NoPod } else { Behind::Something }
}

/// Where a URL leads, as seen from here.
async fn resolved(target: &Target, report: &mut Report) -> Vec<SocketAddr> {
    let Target::Url(url) = target else { return Vec::new() };
    let parsed = Url::parse(url).ok();
    let port = parsed.and_then(|it| it.port_or_known_default()).unwrap_or(443);
    let found = timeout(LOOKUP_TIMEOUT, lookup_host((target.server_name(), port))).await;
    let found: Vec<SocketAddr> =
        found.ok().and_then(Result::ok).map(Iterator::collect).unwrap_or_default();
    if found.is_empty() {
        let text = format!("{url} is no name that is known here");
        report.not_judged(Topic::Endpoints, text, "see that the API server can look it up");
    } else {
        let text = format!("{url} leads to {}", counted(found.len(), "endpoint"));
        report.good(Topic::Endpoints, text);
    }
    found
}

/// The labels of a selector as kubectl takes them.
fn selector_text(selector: &Value) -> String {
    let labels = selector.as_object().into_iter().flatten();
    let labels = labels.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()));
    labels.collect::<Vec<_>>().join(",")
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    ready: Vec<SocketAddr>,
    not_ready: usize,
}

impl Found {
    /// Why none is ready, where there are as many slices, and what to look for among the Pods of this selector.
    fn nowhere(&self, slices: usize, selector: &str) -> (String, &'static str) {
        let missing = "whether they are there: where they are, somebody deleted it, or the controller of EndpointSlices \
                       does not run";
        match (slices, self.not_ready) {
            _ if selector.is_empty() => {
                ("has no selector, and leads to no Pod".to_owned(), missing)
            }
            (0, _) => {
                let text = format!(
                    "has no EndpointSlice: no Pod matches its selector {selector}, or somebody deleted it"
                );
                (text, missing)
            }
            (_, 0) => {
                let text = format!(
                    "leads to no Pod: none matches its selector {selector}, or none has its port"
                );
                (text, "whether they are there, and have the port of the Service")
            }
            (_, some) => (
                format!(
                    "leads to no Pod that is ready ({some} {} not)",
                    by_count(some, "is", "are")
                ),
                "at why they are not ready",
            ),
        }
    }

    /// What slices say of the port of this name.
    fn of(slices: &[Value], port_name: &str) -> Found {
        let mut found = Found::default();
        for slice in slices {
            let ports = list(slice, "/ports").iter();
            let mut ports = ports.filter(|it| text(it, "/name") == port_name);
            let Some(port) = ports.next().and_then(|it| u16::try_from(it["port"].as_u64()?).ok())
            else {
                continue;
            };
            for endpoint in list(slice, "/endpoints") {
                // Without a word it is ready.
                if endpoint.pointer("/conditions/ready") == Some(&Value::Bool(false)) {
                    found.not_ready += 1;
                    continue;
                }
                let address = list(endpoint, "/addresses").first().and_then(Value::as_str);
                let address = address.and_then(|it| it.parse::<IpAddr>().ok());
                found.ready.extend(address.map(|ip| SocketAddr::new(ip, port)));
            }
        }
        found.ready.sort_unstable();
        found.ready.dedup();
        found
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::scripted::{ScriptedResponse as Scripted, versions};

    #[test]
    fn an_endpoint_counts_once_and_is_ready_unless_it_says_otherwise() {
        let slice = |endpoints: Value| {
            json!({"ports": [{"name": "metrics", "port": 8080}, {"name": "webhook", "port": 9443}],
                   "endpoints": endpoints})
        };
        let slices = [
            slice(json!([{"addresses": ["10.0.0.2"], "conditions": {"ready": true}},
                         {"addresses": ["10.0.0.3"], "conditions": {"ready": false}}])),
            slice(json!([{"addresses": ["10.0.0.2"]}, {"addresses": ["fd00::1"]}])),
            json!({"ports": [{"name": "other", "port": 1}], "endpoints": [{"addresses": ["10.0.0.9"]}]}),
            json!({"endpoints": null}),
        ];
        let found = Found::of(&slices, "webhook");
        let ready = ["10.0.0.2:9443", "[fd00::1]:9443"].map(|it| it.parse().unwrap());
        assert_eq!(found, Found { ready: ready.to_vec(), not_ready: 1 });
        assert_eq!(selector_text(&json!({"a": "b", "c": "d"})), "a=b,c=d");
    }

    #[tokio::test]
    async fn a_service_that_leads_nowhere_says_what_is_missing() {
        let pods = json!({"app": "x"});
        let port = json!([{"name": "webhook", "port": 9443}]);
        let slice = |port: &Value, endpoints: Value| json!({"metadata": {"name": "s"}, "ports": port, "endpoints": endpoints});
        let waiting = json!([{"addresses": ["10.0.0.3"], "conditions": {"ready": false}}]);
        for (selector, slices, behind, said, hint) in [
            (
                &pods,
                vec![],
                Behind::NoPod,
                "has no EndpointSlice: no Pod matches its selector app=x, or somebody deleted it",
                "get pods -l app=x and look whether they are there",
            ),
            (
                &pods,
                vec![slice(&port, json!([]))],
                Behind::NoPod,
                "leads to no Pod: none matches its selector app=x, or none has its port",
                "get pods -l app=x and look whether they are there, and have",
            ),
            (
                &pods,
                vec![slice(&port, waiting)],
                Behind::Something,
                "leads to no Pod that is ready (1 is not)",
                "get pods -l app=x and look at why they are not ready",
            ),
            (
                &Value::Null,
                vec![],
                Behind::NoPod,
                "has no selector, and leads to no Pod",
                "install the chart",
            ),
        ] {
            let ports = json!([{"name": "webhook", "port": 443}]);
            let service = json!({"spec": {"selector": selector, "ports": ports}});
            let asking = Asking::scripted(move |path| match path {
                "/apis/discovery.k8s.io" => versions(&["v1"]),
                "/api/v1/namespaces/ns/services/n" => Scripted::Json(200, service.clone()),
                path if path.contains("/endpointslices?") => {
                    Scripted::Json(200, json!({"metadata": {}, "items": slices}))
                }
                path => panic!("{path}"),
            });
            let target =
                Target::Service { namespace: "ns".to_owned(), name: "n".to_owned(), port: 443 };
            let mut report = Report::default();
            assert_eq!(look(&asking, &target, &mut report).await.behind, behind, "{said}");
            let report = report.to_string();
            let expected = format!("✗ endpoints: Service ns/n {said}\n");
            assert!(report.starts_with(&expected) && report.contains(hint), "{report}");
        }
    }
}
