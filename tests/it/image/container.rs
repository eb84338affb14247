//! The program in the root file system of the image: read-only, as the image's user, with a
//! container's environment, and with what a kubelet would mount.

use std::cell::Cell;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::dockerfile::Dockerfile;
use super::{PROGRAM, root};
use crate::support::program::{Program, certificate, get, labels, spawner, write};
use crate::support::skipped;

/// Makes the folder read-only in a mount namespace of its own, and runs the rest there.
const READ_ONLY: &str = r#"
set -eu
root=$1; shift
mount --bind "$root" "$root"
mount -o remount,bind,ro,nosuid,nodev "$root"
if touch "$root/probe" 2>/dev/null; then echo "$root can be written" >&2; exit 9; fi
exec "$@"
"#;

/// The root file system of the image, beside nothing else in a folder.
pub(crate) fn rootfs() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let rootfs = folder.path().join("rootfs");
    let script = root().join("image/rootfs.sh");
    let made = Command::new(script).arg(PROGRAM).arg(&rootfs).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    (folder, rootfs)
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}

/// Whether this machine lets us make namespaces.
fn has_namespaces() -> bool {
    let mut unshare = Command::new("unshare");
    let unshare =
        if is_root() { &mut unshare } else { unshare.args(["--user", "--map-root-user"]) };
    let output = unshare.args(["--mount", "true"]).output();
    let has = output.is_ok_and(|output| output.status.success());
    if !has {
        skipped("no namespaces can be made here: is `unshare` there, and allowed?");
    }
    has
}

/// The entry point of the Dockerfile, as its user, in `rootfs`, with this environment.
fn container(rootfs: &Path, environment: &[(&str, String)]) -> Command {
    let dockerfile = Dockerfile::read();
    let image = dockerfile.last_stage();
    let user = image.one("USER");
    let mut command = Command::new("unshare");
    if !is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command.args(["--mount", "sh", "-c", READ_ONLY, "sh"]).arg(rootfs).args(["env", "-i"]);
    command.arg("PATH=/usr/sbin:/usr/bin:/sbin:/bin");
    command.args(environment.iter().map(|(name, value)| format!("{name}={value}")));
    if is_root() {
        command.args(["chroot", "--groups=", &format!("--userspec={user}")]).arg(rootfs);
    } else {
        // Another user namespace, in which there is only the image's user.
        let (uid, gid) = user.split_once(':').unwrap();
        command.args(["unshare", "--user", &format!("--map-user={uid}")]);
        command.args([format!("--map-group={gid}"), format!("--root={}", rootfs.display())]);
    }
    command.args(image.entry_point());
    command
}

/// Puts a file where a kubelet would mount it, for the image's user alone to read.
fn mount(rootfs: &Path, path: &str, text: &str) {
    let path = rootfs.join(path.trim_start_matches('/'));
    write(&path, text);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    if is_root() {
        let dockerfile = Dockerfile::read();
        let (uid, gid) = dockerfile.last_stage().one("USER").split_once(':').unwrap();
        chown(&path, Some(uid.parse().unwrap()), Some(gid.parse().unwrap())).unwrap();
    }
}

/// Addresses that the system picks. The name is looked up in the image's own /etc.
const ADDRESSES: [&str; 10] = [
    "--bind-address",
    "localhost:0",
    "--metrics-bind-address",
    "127.0.0.1:0",
    "--health-probe-bind-address",
    "127.0.0.1:0",
    "--log-format",
    "json",
    "--shutdown-delay",
    "0s",
];

/// Mounts a serving key, and names it.
fn with_key(rootfs: &Path, folder: &Path) -> [&'static str; 4] {
    let (certificate, key) = certificate();
    // The test's client reads it there.
    write(&folder.join("tls/tls.crt"), &certificate);
    mount(rootfs, "/etc/kelos-metadata/tls/tls.crt", &certificate);
    mount(rootfs, "/etc/kelos-metadata/tls/tls.key", &key);
    mount(rootfs, "/etc/hosts", "127.0.0.1 localhost\n");
    [
        "--tls-cert-file",
        "/etc/kelos-metadata/tls/tls.crt",
        "--tls-private-key-file",
        "/etc/kelos-metadata/tls/tls.key",
    ]
}

#[test]
fn the_program_runs_in_the_image() {
    if !has_namespaces() {
        return;
    }
    let (_folder, rootfs) = rootfs();
    let output = container(&rootfs, &[]).arg("--version").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let version = format!("kelos-metadata {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), version);
}

#[tokio::test]
async fn the_image_serves_as_its_user_and_stops() {
    if !has_namespaces() {
        return;
    }
    let (folder, rootfs) = rootfs();
    let key = with_key(&rootfs, folder.path());
    mount(&rootfs, "/etc/kelos-metadata/rules/spawner.yaml", &spawner("v: one"));
    let mut command = container(&rootfs, &[]);
    command.args(["serve", "--manifests", "/etc/kelos-metadata/rules"]).args(key).args(ADDRESSES);
    let mut program = Program::run(command, folder);
    let client = program.client(program.address("webhook"));
    let health = program.address("health");
    program.message("Ready");
    assert!(get(health, "/healthz").starts_with("HTTP/1.1 200"));
    assert_eq!(labels(&client).await["v"], "one");
    if is_root() {
        let dockerfile = Dockerfile::read();
        let (uid, _) = dockerfile.last_stage().one("USER").split_once(':').unwrap();
        let status = fs::read_to_string(format!("/proc/{}/status", program.child.id())).unwrap();
        let line = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        assert_eq!(line("Uid:").split_whitespace().collect::<Vec<_>>(), [uid; 4]);
        assert_eq!(line("CapEff:").trim(), "0000000000000000");
        assert_eq!(line("Groups:").trim(), "", "no group of root's");
    }
    program.signal("TERM");
    program.message("Stopped");
    assert!(program.child.wait().unwrap().success());
}

/// Without a store of CAs in the image: what a Pod is given is enough.
#[test]
fn the_image_starts_as_a_pod_whose_api_server_is_away() {
    if !has_namespaces() {
        return;
    }
    let (folder, rootfs) = rootfs();
    let key = with_key(&rootfs, folder.path());
    let account = "/var/run/secrets/kubernetes.io/serviceaccount";
    mount(&rootfs, &format!("{account}/token"), "a token");
    mount(&rootfs, &format!("{account}/namespace"), "kelos-system");
    mount(&rootfs, &format!("{account}/ca.crt"), &certificate().0);
    let away = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = away.local_addr().unwrap().port().to_string();
    drop(away);
    let environment =
        [("KUBERNETES_SERVICE_HOST", "127.0.0.1".to_owned()), ("KUBERNETES_SERVICE_PORT", port)];
    let mut command = container(&rootfs, &environment);
    command.arg("serve").args(key).args(ADDRESSES);
    let program = Program::run(command, folder);
    // The two come in any order.
    let (health, has_failed) = (Cell::new(None), Cell::new(false));
    program.logs("its health and its error", |line| {
        if line["listener"] == "health" {
            health.set(line["address"].as_str().and_then(|address| address.parse().ok()));
        }
        let error = line["error"].as_str().unwrap_or_default();
        has_failed.set(has_failed.get() || error.contains("can't be reached"));
        health.get().is_some() && has_failed.get()
    });
    let health = health.get().unwrap();
    assert!(get(health, "/healthz").starts_with("HTTP/1.1 200"));
    assert!(get(health, "/readyz").starts_with("HTTP/1.1 503"));
}
