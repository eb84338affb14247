//! Monitoring: label keys → what shows Tasks by them in Prometheus and Grafana; pure.
//!
//! What does not depend on the keys stands in files of the chart, whose templates put the keys in at the same places:
//! tests/it/monitoring.rs says that both give the same.

mod keys;
mod objects;

use serde_json::{Value, json};

pub use self::keys::{Keys, MonitoredKey, Refused, label_name};
pub use self::objects::{ServiceAccount, access, objects};

const KUBE_STATE_METRICS: &str =
    include_str!("../charts/kelos-metadata/monitoring/kube-state-metrics.yaml");
const CLUSTER_ROLE: &str = include_str!("../charts/kelos-metadata/monitoring/cluster-role.yaml");
const ALERTS: &str = include_str!("../charts/kelos-metadata/monitoring/alerts.yaml");
const RULES: &str = include_str!("../charts/kelos-metadata/monitoring/rules.yaml");
const RULES_OF_KEY: &str = include_str!("../charts/kelos-metadata/monitoring/rules-of-key.yaml");
const DASHBOARD: &str = include_str!("../charts/kelos-metadata/monitoring/dashboard.json");

/// What stands for a key in these files, and for its name in Prometheus: no key can have such characters.
const KEY: &str = "@key@";
const LABEL: &str = "@label@";

/// All that a monitoring stack takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Documents {
    /// The CustomResourceState configuration of kube-state-metrics.
    pub kube_state_metrics: Value,
    /// The rules of the ClusterRole that kube-state-metrics needs for it.
    pub cluster_role: Value,
    /// The recording rules and alerts of Prometheus.
    pub rules: Value,
    /// The dashboard of Grafana.
    pub dashboard: Value,
}

impl Documents {
    /// Those that show Tasks by these keys.
    ///
    /// # Errors
    ///
    /// When a file of ours is none: a test reads each.
    pub fn of(keys: &Keys) -> Result<Documents, serde_saphyr::Error> {
        Ok(Documents {
            kube_state_metrics: kube_state_metrics(keys)?,
            cluster_role: serde_saphyr::from_str(CLUSTER_ROLE)?,
            rules: rules(keys)?,
            dashboard: dashboard(keys)?,
        })
    }
}

/// The series of kube-state-metrics, with the labels of the keys.
fn kube_state_metrics(keys: &Keys) -> Result<Value, serde_saphyr::Error> {
    let mut config: Value = serde_saphyr::from_str(KUBE_STATE_METRICS)?;
    let resources = config["spec"]["resources"].as_array_mut().into_iter().flatten();
    let metrics = resources.flat_map(|it| it["metrics"].as_array_mut().into_iter().flatten());
    let infos =
        metrics.filter_map(|it| it.pointer_mut("/each/info/labelsFromPath")?.as_object_mut());
    for paths in infos {
        let Some(path) = paths.remove(LABEL) else { continue };
        for MonitoredKey { key, label } in keys.iter() {
            let parts = path.as_array().into_iter().flatten();
            let parts = parts.map(|it| if it == KEY { json!(key) } else { it.clone() });
            paths.insert(label.clone(), parts.collect());
        }
    }
    Ok(config)
}

/// The alerts of the webhook, the rules of Tasks, and those of each key.
fn rules(keys: &Keys) -> Result<Value, serde_saphyr::Error> {
    let mut groups = Vec::new();
    // Who names no key has the alerts of the webhook alone: they do not need kube-state-metrics.
    let files = if keys.is_empty() { &[ALERTS][..] } else { &[ALERTS, RULES] };
    for file in files {
        let mut file: Value = serde_saphyr::from_str(file)?;
        groups.append(file["groups"].as_array_mut().unwrap_or(&mut Vec::new()));
    }
    for MonitoredKey { key, label } in keys.iter() {
        let group = RULES_OF_KEY.replace(KEY, key).replace(LABEL, label);
        groups.push(serde_saphyr::from_str(&group)?);
    }
    Ok(json!({"groups": groups}))
}

/// The dashboard, with the keys to choose from.
fn dashboard(keys: &Keys) -> Result<Value, serde_saphyr::Error> {
    let mut dashboard: Value = serde_saphyr::from_str(DASHBOARD)?;
    let variables = dashboard["templating"]["list"].as_array_mut().into_iter().flatten();
    for by in variables.filter(|variable| variable["name"] == "by") {
        let option = |(place, it): (usize, &MonitoredKey)| json!({"selected": place == 0, "text": it.key, "value": it.label});
        let options: Vec<Value> = keys.iter().enumerate().map(option).collect();
        by["current"] = options.first().cloned().unwrap_or_else(|| json!({}));
        by["options"] = options.into();
        // As Grafana has them where somebody edits the variable.
        let pairs: Vec<_> = keys.iter().map(|it| format!("{} : {}", it.key, it.label)).collect();
        by["query"] = pairs.join(",").into();
    }
    Ok(dashboard)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_keys() -> Keys {
        let mut keys = Keys::default();
        keys.add("team").unwrap();
        keys.add("kelos.dev/costCenter").unwrap();
        keys
    }

    #[test]
    fn each_kind_with_labels_has_those_of_the_keys_beside_what_is_always_there() {
        let config = Documents::of(&two_keys()).unwrap().kube_state_metrics;
        let mut with_labels = Vec::new();
        for resource in config["spec"]["resources"].as_array().unwrap() {
            let metrics = resource["metrics"].as_array().unwrap();
            let is_info = |it: &&Value| it["each"]["type"] == "Info";
            let labels = metrics.iter().find(is_info).unwrap();
            let paths = &labels["each"]["info"]["labelsFromPath"];
            let kind = resource["groupVersionKind"]["kind"].as_str().unwrap();
            let place = match kind {
                "TaskBudget" => vec!["spec", "taskSelector", "matchLabels"],
                _ => vec!["metadata", "labels"],
            };
            let path = |key: &str| json!([&place[..], &[key]].concat());
            assert_eq!(paths["uid"], json!(["metadata", "uid"]));
            assert_eq!(paths["label_team"], path("team"));
            assert_eq!(paths["label_kelos_dev_cost_center"], path("kelos.dev/costCenter"));
            with_labels.push(kind);
        }
        assert_eq!(with_labels, ["Task", "TaskRecord", "TaskSpawner", "TaskBudget"]);
        assert!(!config.to_string().contains('@'), "{config}");
    }

    /// Whoever may create objects could stop the scrape of all.
    #[test]
    fn an_object_makes_a_fixed_number_of_series_and_no_text_of_a_team_is_a_label() {
        let config = Documents::of(&two_keys()).unwrap().kube_state_metrics;
        for resource in config["spec"]["resources"].as_array().unwrap() {
            for metric in resource["metrics"].as_array().unwrap() {
                let each = &metric["each"];
                assert_ne!(each["type"] == "Info", each["info"].is_null());
                assert!(each["info"]["path"].is_null(), "a series for each element: {metric}");
                assert!(each["info"]["labelFromKey"].is_null(), "{metric}");
                let paths = each["info"]["labelsFromPath"].as_object();
                for path in paths.into_iter().flat_map(|it| it.values()) {
                    let path = path.to_string();
                    let bounded = [
                        r#"["metadata","uid"]"#,
                        r#"["metadata","labels","#,
                        r#"["spec","type"]"#,
                        r#"["spec","phase"]"#,
                        r#"["spec","taskSelector","matchLabels","#,
                    ];
                    assert!(bounded.iter().any(|it| path.starts_with(it)), "{path}");
                }
            }
        }
    }

    #[test]
    fn each_key_has_a_group_of_rules_and_nothing_stands_for_a_key_any_more() {
        let rules = Documents::of(&two_keys()).unwrap().rules;
        let groups = rules["groups"].as_array().unwrap();
        let names: Vec<_> = groups.iter().map(|it| it["name"].as_str().unwrap()).collect();
        let of_keys = ["kelos-tasks-by-label_team", "kelos-tasks-by-label_kelos_dev_cost_center"];
        assert_eq!(names, [&["kelos-metadata", "kelos-tasks"][..], &of_keys].concat());
        let text = rules.to_string();
        assert!(!text.contains(KEY) && !text.contains(LABEL), "{text}");
        let recorded = |group: &Value| {
            group["rules"].as_array().unwrap().iter().all(|rule| rule["labels"]["key"] == "team")
        };
        assert!(recorded(&groups[2]), "{}", groups[2]);
    }

    #[test]
    fn the_dashboard_offers_the_keys() {
        let dashboard = Documents::of(&two_keys()).unwrap().dashboard;
        let variables = dashboard["templating"]["list"].as_array().unwrap();
        let by = variables.iter().find(|it| it["name"] == "by").unwrap();
        let other = json!({"selected": false, "text": "kelos.dev/costCenter", "value": "label_kelos_dev_cost_center"});
        assert_eq!(
            by["options"],
            json!([{"selected": true, "text": "team", "value": "label_team"}, other])
        );
        assert_eq!(by["current"], by["options"][0]);
        let query = "team : label_team,kelos.dev/costCenter : label_kelos_dev_cost_center";
        assert_eq!(by["query"], query);
    }
}
