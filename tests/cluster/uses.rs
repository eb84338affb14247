//! The pages of `docs/uses`: what they have kubectl say, on a real API server, and what they promise of budgets and
//! policies. `BLESS=1` writes what is printed.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use testing::console;

use crate::harness::cluster::on_each_schema;
use crate::harness::command_output::CommandOutput;
use crate::harness::namespace::Namespace;
use crate::harness::registration::SERVED_BY;
use crate::harness::{Cluster, binaries};

/// Who creates the Tasks of GitHub's events.
const KELOS: &str = "system:serviceaccount:kelos-system:kelos-webhook";
/// A moment in a page: as long as every other.
const MOMENT: &str = "2026-05-04T09:30:00Z";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn example(path: &str) -> PathBuf {
    root().join("examples").join(path)
}

/// The only object of a file of the examples.
pub(crate) fn object(path: &str) -> Value {
    serde_saphyr::from_str(&fs::read_to_string(example(path)).unwrap()).unwrap()
}

/// A reader of the pages at a shell, who administers the cluster.
pub(crate) struct Reader {
    folder: TempDir,
}

impl Reader {
    pub(crate) fn of(cluster: &Cluster) -> Reader {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("bin")).unwrap();
        symlink(binaries::kubectl(), folder.path().join("bin/kubectl")).unwrap();
        let program = env!("CARGO_BIN_EXE_kelos-metadata");
        symlink(program, folder.path().join("bin/kelos-metadata")).unwrap();
        symlink(root().join("examples"), folder.path().join("examples")).unwrap();
        let kubeconfig = cluster.control_plane.admin_kubeconfig();
        fs::write(folder.path().join("kubeconfig"), kubeconfig).unwrap();
        Reader { folder }
    }

    pub(crate) fn runs(&self, line: &str, input: &Value) -> CommandOutput {
        let folder = self.folder.path();
        let mut paths = vec![folder.join("bin")];
        paths.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).current_dir(folder).env_clear().env("HOME", folder);
        shell.env("PATH", std::env::join_paths(paths).unwrap());
        shell.env("KUBECONFIG", folder.join("kubeconfig"));
        CommandOutput::of(shell, input.to_string().as_bytes())
    }

    /// Runs what a page asks of the cluster, and compares it with what stands there.
    fn follows(&self, page: &str) {
        self.follows_page(&format!("docs/uses/{page}.md"), &["kubectl ", "kelos-metadata report "]);
    }

    /// The same of any page, and of the commands that begin so.
    pub(crate) fn follows_page(&self, page: &str, starts: &[&str]) {
        let path = root().join(page);
        let text = fs::read_to_string(&path).unwrap();
        let mut count = 0;
        let run = console::rerun(&text, |command| {
            starts.iter().find(|start| command.starts_with(**start))?;
            count += 1;
            let said = self.runs(command, &Value::Null);
            if command.contains("policy.yaml") {
                self.waits_for_the_policy();
            }
            Some(without_ages(&without_moments(&console::printed(&said.output, &said.errors))))
        });
        assert!(count > 0, "{page} has no such command");
        if std::env::var_os("BLESS").is_some() {
            fs::write(&path, run).unwrap();
        } else {
            assert_eq!(text, run, "{page}: BLESS=1 writes what is printed");
        }
    }

    /// Waits until the API server has compiled what was applied.
    fn waits_for_the_policy(&self) {
        let command = "kubectl label task teams-42 -n payments team=x --overwrite --dry-run=server";
        for _ in 0..300 {
            if self.runs(command, &Value::Null).errors.contains("ValidatingAdmissionPolicy") {
                return;
            }
            sleep(Duration::from_millis(200));
        }
        panic!("the policy is not enforced");
    }
}

/// The text with every moment replaced by one, so that it is the same each time.
fn without_moments(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(c) = rest.chars().next() {
        let moment = rest.get(..MOMENT.len()).filter(|it| it.ends_with('Z'));
        let is_moment = moment.is_some_and(|it| it.parse::<jiff::Timestamp>().is_ok());
        let (shown, length) =
            if is_moment { (MOMENT, MOMENT.len()) } else { (&rest[..c.len_utf8()], c.len_utf8()) };
        out.push_str(shown);
        rest = &rest[length..];
    }
    out
}

/// The text with every age of seconds replaced by one, in a column as wide.
fn without_ages(text: &str) -> String {
    let is_age = |word: &str| {
        let seconds = word.strip_suffix('s').unwrap_or_default();
        !seconds.is_empty() && seconds.bytes().all(|byte| byte.is_ascii_digit())
    };
    let words = text.split_inclusive([' ', '\n']).map(|word| {
        let bare = word.trim_end();
        if is_age(bare) {
            word.replace(bare, &format!("{:width$}", "9s", width = bare.len()))
        } else {
            word.to_owned()
        }
    });
    words.collect()
}

#[test]
fn moments_are_alike_on_a_page() {
    let text = "a  2026-11-29T02:01:33Z\nä 2026-11-29";
    assert_eq!(without_moments(text), format!("a  {MOMENT}\nä 2026-11-29"));
    assert_eq!(without_ages("a   0s   x\nb   12s  s\n"), "a   9s   x\nb   9s   s\n");
}

/// Creates the TaskSpawner of a use, and its Task as Kelos does.
async fn is_used(namespace: &Namespace, reader: &Reader, name: &str) {
    let spawner = object(&format!("{name}/taskspawner.yaml"));
    let created = namespace.post("taskspawners", "", spawner).await.ok();
    let mut task = object(&format!("{name}/task.yaml"));
    task["metadata"]["ownerReferences"][0]["uid"] = created["metadata"]["uid"].clone();
    // Our own schemas are smaller than Kelos's.
    let line =
        format!("kubectl create -f - --validate=ignore --as={KELOS} --as-group=system:masters");
    reader.runs(&line, &task).ok();
}

/// The Job that Kelos makes of a Task, where its Pod is concerned, as Kueue leaves it before it has room.
fn job(task: &Value) -> Value {
    let overrides = &task["spec"]["podOverrides"];
    let mut labels = overrides["labels"].clone();
    labels["kelos.dev/task"] = task["metadata"]["name"].clone();
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": task["metadata"]["name"], "labels": labels},
        "spec": {"suspend": true, "template": {
            "metadata": {"labels": labels},
            "spec": {
                "restartPolicy": "Never",
                "nodeSelector": overrides["nodeSelector"],
                "containers": [{"name": "agent", "image": "agent"}],
            },
        }},
    })
}

/// The selector of a TaskBudget, as kubectl takes one.
fn selector(budget: &Value) -> String {
    let selector = &budget["spec"]["taskSelector"];
    let labels = selector["matchLabels"].as_object().into_iter().flatten();
    let labels = labels.map(|(key, value)| format!("{key}={}", value.as_str().unwrap()));
    let expressions = selector["matchExpressions"].as_array().into_iter().flatten();
    let expressions = expressions.map(|it| match it["operator"].as_str().unwrap() {
        "DoesNotExist" => format!("!{}", it["key"].as_str().unwrap()),
        other => panic!("{other} is not in the examples"),
    });
    labels.chain(expressions).collect::<Vec<_>>().join(",")
}

/// The Tasks that a TaskBudget counts.
fn counted(reader: &Reader, budget: &str) -> Vec<String> {
    let get = format!("kubectl get taskbudget {budget} -n payments -o json");
    let budget: Value = serde_json::from_str(&reader.runs(&get, &Value::Null).ok()).unwrap();
    let get = format!("kubectl get tasks -n payments -o name -l '{}'", selector(&budget));
    reader.runs(&get, &Value::Null).ok().lines().map(str::to_owned).collect()
}

#[test]
fn every_use_is_what_its_page_says() {
    on_each_schema("uses", async |cluster| {
        let reader = Reader::of(cluster);
        let _webhook = cluster.webhook("uses").start().await;
        let served = json!({"metadata": {"labels": {SERVED_BY: "uses"}}});
        cluster.admin.merge("/api/v1/namespaces/default", &served).await.ok();
        let default = Namespace::existing(cluster.parts(), "default");
        for name in ["priority", "cost", "nodes", "audit"] {
            is_used(&default, &reader, name).await;
        }
        reader.follows("priority");
        reader.runs("kubectl create -f examples/cost/taskrecords.yaml", &Value::Null).ok();
        reader.follows("cost");
        let task = reader.runs("kubectl get task nodes-42 -o json", &Value::Null).ok();
        let job = job(&serde_json::from_str(&task).unwrap());
        reader.runs("kubectl create -f -", &job).ok();
        reader.follows("nodes");
        can_be_applied_and_not_replaced(&reader);
        reader.follows("audit");
        let event = default.audit_event("audit-issues-0123456789ab").await;
        let page = fs::read_to_string(root().join("docs/uses/audit.md")).unwrap();
        let block = page.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
        let shown: Value = serde_json::from_str(block).unwrap();
        for (key, value) in shown["annotations"].as_object().unwrap() {
            assert_eq!(&event["annotations"][key], value, "{key}");
        }
    });
}

/// What `docs/rules.md` says of a Task whose spec was changed.
fn can_be_applied_and_not_replaced(reader: &Reader) {
    let manifest = |name: &str| {
        let mut task = object("nodes/task.yaml");
        task["metadata"]["name"] = json!(name);
        task["metadata"].as_object_mut().unwrap().remove("ownerReferences");
        task["spec"]["credentials"] = json!({"type": "none"});
        task
    };
    for (name, flags) in [("nodes-43", ""), ("nodes-44", "--server-side")] {
        let (task, apply) =
            (manifest(name), format!("kubectl apply --validate=ignore {flags} -f -"));
        reader.runs(&apply, &task).ok();
        let size =
            format!("kubectl get task {name} -o jsonpath='{{.spec.podOverrides.nodeSelector}}'");
        assert!(reader.runs(&size, &Value::Null).ok().contains("large"), "{name}");
        reader.runs(&apply, &task).ok();
        assert_eq!(reader.runs(&format!("kubectl diff {flags} -f -"), &task).ok(), "");
        let why = reader.runs("kubectl replace --validate=ignore -f -", &task).refusal();
        assert!(why.contains("spec"), "{why}");
    }
}

#[test]
fn teams_are_told_apart_as_their_page_says() {
    on_each_schema("teams", async |cluster| {
        let reader = Reader::of(cluster);
        let defaults = format!("--defaults={}", example("teams/defaults.yaml").display());
        let webhook = cluster.webhook("teams").with_flags([defaults]).start().await;
        let labels = object("teams/namespace.yaml")["metadata"]["labels"].clone();
        let payments = webhook.namespace_with("payments", labels).await;
        let mut bare = object("teams/task.yaml");
        let labels = json!({"kelos.dev/taskspawner": "teams"});
        bare["metadata"] = json!({"name": "by-hand", "labels": labels});
        // The watch on Namespaces may be a moment late.
        payments.will_label(bare.clone(), "team", "payments").await;
        is_used(&payments, &reader, "teams").await;
        let mut exempt = bare.clone();
        exempt["metadata"]["name"] = json!("exempt");
        exempt["metadata"]["labels"]["metadata.kelos.dev/injection"] = json!("disabled");
        payments.accepts(exempt.clone()).await;
        reader.follows("teams");

        assert_eq!(counted(&reader, "payments"), ["task.kelos.dev/teams-42"]);
        assert_eq!(counted(&reader, "nobody"), ["task.kelos.dev/exempt"]);
        let denied = "the label `team` of a new Task is that of its Namespace";
        exempt["metadata"]["name"] = json!("exempt-2");
        assert!(payments.refuses(exempt).await.contains(denied));
        let mut other = bare.clone();
        other["metadata"]["labels"]["team"] = json!("checkout");
        assert!(payments.refuses(other).await.contains(denied), "what is there stays");
        payments.accepts(bare).await;
        // What Kelos does to a Task that was there before the policy.
        let finalizer = "kubectl annotate task exempt -n payments example.com/x=y";
        reader.runs(finalizer, &Value::Null).ok();
    });
}
