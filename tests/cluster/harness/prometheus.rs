//! The real Prometheus, which scrapes what a test has started and answers queries about it.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use url::form_urlencoded::byte_serialize;

use super::access::SYSTEM;
use super::http::fetch;
use super::log::Log;
use super::process::Process;
use super::run_folder;
use super::wait::eventually;

/// The labels of a series.
pub(crate) type Labels = BTreeMap<String, String>;

/// What is scraped every second.
pub(crate) struct Target {
    job: &'static str,
    address: SocketAddr,
    honor_labels: bool,
}

impl Target {
    /// kube-state-metrics, as its chart has it scraped: its series say themselves which namespace they are about.
    pub(crate) fn kube_state_metrics(address: SocketAddr) -> Target {
        Target { job: "kube-state-metrics", address, honor_labels: true }
    }

    /// The webhook, as our chart has it scraped.
    pub(crate) fn webhook(address: SocketAddr) -> Target {
        Target { job: "kelos-metadata", address, honor_labels: false }
    }

    /// With the labels by which the Prometheus operator says which Pod it is.
    fn config(&self) -> Value {
        let labels = json!({
            "namespace": SYSTEM, "pod": format!("{}-0", self.job), "container": self.job,
            "service": self.job, "endpoint": "http",
        });
        json!({
            "job_name": self.job,
            "honor_labels": self.honor_labels,
            "static_configs": [{"targets": [self.address.to_string()], "labels": labels}],
        })
    }
}

/// A running Prometheus; it is killed when it is dropped.
pub(crate) struct Prometheus {
    folder: PathBuf,
    address: SocketAddr,
    jobs: Vec<&'static str>,
    process: Option<Process>,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        drop(self.process.take());
        // Its log is small; this is not.
        let _ = fs::remove_dir_all(self.folder.join("data"));
    }
}

impl Prometheus {
    /// Starts it: the program, what it scrapes, and the content of a file of rules.
    pub(crate) async fn start(
        program: &Path,
        targets: &[Target],
        rules: Option<&str>,
    ) -> Prometheus {
        let folder = run_folder::folder("prometheus");
        let mut config = json!({
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "scrape_configs": targets.iter().map(Target::config).collect::<Vec<_>>(),
        });
        if let Some(rules) = rules {
            fs::write(folder.join("rules.yaml"), rules).unwrap();
            config["rule_files"] = json!(["rules.yaml"]);
        }
        let file = folder.join("prometheus.yaml");
        fs::write(&file, config.to_string()).unwrap();
        let mut process = Process::start(program, |run| {
            run.arg("--config.file").arg(file).arg("--storage.tsdb.path").arg(folder.join("data"));
            run.args(["--web.listen-address=127.0.0.1:0", "--log.format=json"]);
            run.env_clear().stderr(Stdio::piped());
        });
        let log = Log::follow(process.take_stderr().unwrap(), &folder.join("log.jsonl"));
        let line = eventually("Prometheus listens", async || {
            assert!(process.ended().is_none(), "Prometheus: see {}", folder.display());
            log.lines(|line| line["msg"] == "Listening on").pop()
        })
        .await;
        let address = line["address"].as_str().unwrap().parse().unwrap();
        let ready = async || fetch(address, "/-/ready").await?.0.is_success().then_some(());
        eventually("Prometheus is ready", ready).await;
        let jobs = targets.iter().map(|target| target.job).collect();
        Prometheus { folder, address, jobs, process: Some(process) }
    }

    /// What a query gives now, in the order of the labels.
    ///
    /// On a busy machine a scrape may take too long. Its series are gone until the next one, and so is what rules make
    /// of them; so all scrapes of the last seconds have to have succeeded.
    ///
    /// # Panics
    /// When it is no query, or one that does not give series at one moment.
    pub(crate) async fn query(&self, query: &str) -> Vec<(Labels, f64)> {
        eventually("scrapes that succeed", async || {
            let now = Timestamp::now();
            let samples = self.samples(query, now).await;
            let failed = self.samples("min_over_time(up[5s]) == 0", now).await;
            failed.is_empty().then_some(samples)
        })
        .await
    }

    async fn samples(&self, query: &str, time: Timestamp) -> Vec<(Labels, f64)> {
        let encoded: String = byte_serialize(query.as_bytes()).collect();
        let answer = self.ask(&format!("/api/v1/query?time={time}&query={encoded}")).await;
        let data = &answer["data"];
        assert_eq!(data["resultType"], "vector", "{query}: {answer}");
        let read = |sample: &Value| {
            let labels = serde_json::from_value(sample["metric"].clone()).unwrap();
            (labels, sample["value"][1].as_str().unwrap().parse().unwrap())
        };
        let mut samples: Vec<_> = data["result"].as_array().unwrap().iter().map(read).collect();
        samples.sort_by(|(one, _): &(Labels, f64), (other, _)| one.cmp(other));
        samples
    }

    /// Waits until each target has been scraped by a scrape that began after this call.
    pub(crate) async fn has_scraped(&self) {
        let now = Timestamp::now().as_millisecond() as f64 / 1e3;
        for job in &self.jobs {
            // A sample has the time at which its scrape began, and all samples of a scrape become visible together.
            let up = format!("up{{job={job:?}}}");
            let scraped = format!("timestamp({up}) > {now} and {up} == 1");
            let ask = async || {
                let samples = self.samples(&scraped, Timestamp::now()).await;
                (!samples.is_empty()).then_some(())
            };
            eventually(&format!("a scrape of {job}"), ask).await;
        }
    }

    /// Waits until each group of rules has been evaluated for a moment after this call. A rule that reads what another
    /// group records takes two.
    pub(crate) async fn has_evaluated(&self) {
        // On a busy machine an evaluation is for a moment up to an interval before it begins.
        let now = Timestamp::now() + SignedDuration::from_secs(1);
        eventually("an evaluation of all rules", async || {
            let answer = self.ask("/api/v1/rules").await;
            let groups = answer["data"]["groups"].as_array().unwrap().clone();
            let is_later = |group: &Value| {
                let last: Timestamp = group["lastEvaluation"].as_str().unwrap().parse().unwrap();
                last > now
            };
            groups.iter().all(is_later).then_some(())
        })
        .await;
    }

    async fn ask(&self, path: &str) -> Value {
        let (_, text) = fetch(self.address, path).await.unwrap();
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(answer["status"], "success", "{path}: {answer}");
        answer
    }
}
