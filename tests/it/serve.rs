//! The program itself: `serve`, from its start to its end.

mod defaults;

use std::fs;
use std::process::Command;

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::support::https::Client;
use crate::support::program::{self, Program, certificate, get, labels, spawner, write};
use serde_json::{Value, json};

#[tokio::test]
async fn rules_follow_their_files_and_the_last_good_ones_stay() {
    let program = Program::start("v: one");
    let client = program.client(program.address("webhook"));
    assert_eq!(labels(&client).await["v"], "one");
    let file = program.folder.path().join("rules/spawner.yaml");

    write(&file, &spawner("v: two\nbad: '{{ .Kind'"));
    let problem = program.message("A TaskSpawner has invalid rules");
    assert_eq!((&problem["spawner"], &problem["key"]), (&json!("worker"), &json!("bad")));
    assert_eq!(problem["reason"], "parse_error");
    assert!(problem["problem"].as_str().unwrap().contains("line 1, column"), "{problem}");
    program.message("Loaded manifests");
    let found = labels(&client).await;
    assert_eq!((&found["v"], found.get("bad")), (&json!("two"), None));

    write(&file, "apiVersion: kelos.dev/v1alpha2\nkind: TaskSpawner\nmetadata: [\n");
    let broken =
        program.message("A manifest is invalid; if it was valid before, that version stays");
    assert!(broken["problem"].as_str().unwrap().contains("spawner.yaml:"), "{broken}");
    program.message("Loaded manifests");
    assert_eq!(labels(&client).await["v"], "two");

    // Unchanged rules are not compiled again, so their problems are not told again.
    write(
        &program.folder.path().join("rules/other.yaml"),
        &spawner("a: b").replace("worker", "other"),
    );
    write(&file, &spawner("v: two\nbad: '{{ .Kind'"));
    let next = program.logs("the next load", |line| {
        line["message"] == "A TaskSpawner has invalid rules" || line["spawners"] == 2
    });
    assert_eq!(next["message"], "Loaded manifests", "{next}");

    fs::remove_file(&file).unwrap();
    program.logs("one TaskSpawner less", |line| line["spawners"] == 1);
    assert_eq!(labels(&client).await.get("v"), None);
}

#[tokio::test]
async fn health_and_metrics_have_ports_of_their_own_and_sigterm_ends_it() {
    let mut program = Program::start("v: one");
    let (webhook, metrics, health) =
        (program.address("webhook"), program.address("metrics"), program.address("health"));
    assert!(get(health, "/healthz").starts_with("HTTP/1.1 200"));
    program.message("Ready");
    assert!(get(health, "/readyz").starts_with("HTTP/1.1 200"));
    let client = program.client(webhook);
    labels(&client).await;
    let text = get(metrics, "/metrics");
    for line in [
        "kelos_metadata_spawners{kind=\"taskspawners\"} 1",
        "kelos_metadata_admissions_total{resource=\"task\",outcome=\"patched\"} 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in:\n{text}");
    }
    program.signal("TERM");
    program.message("Stopped");
    assert!(program.child.wait().unwrap().success());
}

#[test]
fn what_keeps_it_from_starting_names_the_flag() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (cert, key) = certificate();
    write(&folder.path().join("tls.crt"), &cert);
    write(&folder.path().join("tls.key"), &key);
    write(&folder.path().join("other.key"), &certificate().1);
    let (rules, missing) = (path("."), path("missing"));
    let (crt, tls_key, other) = (path("tls.crt"), path("tls.key"), path("other.key"));
    for (flags, words) in [
        (vec!["--manifests", &missing], vec!["--manifests", "missing"]),
        (
            vec!["--manifests", &rules, "--tls-cert-file", &crt],
            vec!["--tls-cert-file", "--tls-private-key-file"],
        ),
        (
            vec![
                "--manifests",
                &rules,
                "--tls-cert-file",
                &missing,
                "--tls-private-key-file",
                &tls_key,
            ],
            vec!["--tls-cert-file", "missing"],
        ),
        (
            vec!["--manifests", &rules, "--tls-cert-file", &crt, "--tls-private-key-file", &other],
            vec!["--tls-cert-file", "--tls-private-key-file"],
        ),
        (
            vec!["--manifests", &rules, "--bind-address", "nowhere"],
            vec!["--bind-address", "HOST:PORT"],
        ),
        (vec!["--manifests", &rules, "--protect", "a b"], vec!["--protect", "`a b`"]),
        (vec!["--manifests", &rules, "--log-level", "=="], vec!["--log-level"]),
        (vec!["--manifests", &rules, "--on-invalid", "drop"], vec!["--on-invalid", "sanitize"]),
        (
            vec!["--manifests", &rules, "--client-ca-file", &missing],
            vec!["--client-ca-file", "missing"],
        ),
        (
            vec!["--manifests", &rules, "--client-ca-file", &tls_key],
            vec!["--client-ca-file", "tls.key", "no certificate in it"],
        ),
        (
            vec!["--manifests", &rules, "--client-allowed-name", "x"],
            vec!["--client-allowed-name", "--client-ca-file"],
        ),
        (vec!["--manifests", &rules, "--shutdown-delay", "15"], vec!["--shutdown-delay", "15"]),
        (vec![], vec!["--manifests"]),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_kelos-metadata"))
            .arg("serve")
            .args(&flags)
            .output()
            .unwrap();
        assert!(!output.status.success(), "{flags:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(words.iter().all(|word| text.contains(word)), "{flags:?}: {text}");
    }
}

#[tokio::test]
async fn nobody_waits_for_a_log_that_nobody_reads() {
    let keys: String = (0..60).map(|n| format!("k{n}: {{{{ .Nothing }}}}\n")).collect();
    let folder = program::folder(&keys);
    let flags = ["--log-level", "debug", "--shutdown-delay", "0s"];
    let mut command = program::serve(program::program(None), &folder, &flags);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    // Read until all three listen, and not a byte more.
    let mut log = BufReader::with_capacity(1, child.stderr.take().unwrap());
    let mut addresses = std::collections::BTreeMap::new();
    while addresses.len() < 3 {
        let mut line = String::new();
        log.read_line(&mut line).unwrap();
        let line: Value = serde_json::from_str(&line).unwrap();
        if let (Some(listener), Some(address)) =
            (line["listener"].as_str(), line["address"].as_str())
        {
            addresses.insert(listener.to_owned(), address.parse().unwrap());
        }
    }
    let ca = fs::read_to_string(folder.path().join("tls/tls.crt")).unwrap();
    let client = Client::new(addresses["webhook"], &ca);
    // 33 lines each: more than a pipe takes, and than may wait.
    for _ in 0..100 {
        labels(&client).await;
    }
    assert!(get(addresses["health"], "/healthz").starts_with("HTTP/1.1 200"));
    let metrics = get(addresses["metrics"], "/metrics");
    let dropped =
        metrics.lines().find(|line| line.starts_with("kelos_metadata_log_lines_dropped_total"));
    let dropped: f64 = dropped.unwrap().rsplit(' ').next().unwrap().parse().unwrap();
    assert!(dropped > 100.0, "{dropped} lines were dropped");
    // As soon as somebody reads again, the log says so itself.
    let told = (&mut log).lines().map(Result::unwrap).find(|line| line.contains("were dropped"));
    let told: Value = serde_json::from_str(&told.unwrap()).unwrap();
    assert_eq!(told["level"], "WARN");
    assert!(told["lines"].as_f64().unwrap() > 100.0, "{told}");
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-s", "TERM", &pid]).status().unwrap().success());
    assert!(child.wait().unwrap().success(), "it ends, too");
}
