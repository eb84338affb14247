//! How the API server is reached.

use std::path::{Path, PathBuf};
use std::time::Duration;

use kube::config::{InferConfigError, KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};
use thiserror::Error;

/// How long a connection to the API server may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Why there is no client. The causes are part of the messages: kube's own repeat theirs.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// The file that was named does not do.
    #[error("--kubeconfig {} can't be used: {cause}", path.display())]
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: Box<KubeconfigError>,
    },
    /// The context that was named does not do.
    #[error("--context {context} can't be used: {cause}")]
    Context {
        /// The context.
        context: String,
        /// What is wrong with it, or with the kubeconfig.
        cause: Box<KubeconfigError>,
    },
    /// None was named, and none was found.
    #[error(
        "no cluster is known: this is no Pod, and there is no kubeconfig; give --kubeconfig FILE, or \
         --manifests DIR to serve without a cluster ({0})"
    )]
    Inference(Box<InferConfigError>),
    /// What the configuration holds makes no client.
    #[error("{origin} names credentials or certificates that can't be used: {cause}")]
    Client {
        /// The flag and its file, or where else the configuration comes from.
        origin: String,
        /// What is wrong.
        cause: Box<kube::Error>,
    },
}

/// Makes a client, from the kubeconfig that is named or else from `KUBECONFIG`, `~/.kube/config` or
/// the Pod's ServiceAccount. The API server need not answer yet.
///
/// # Errors
///
/// [`ConnectError`], naming the flag to correct.
pub async fn connect(kubeconfig: Option<&Path>) -> Result<Client, ConnectError> {
    Ok(connect_to(kubeconfig, None).await?.0)
}

/// The same with a context of the kubeconfig, and the namespace that it names.
///
/// # Errors
///
/// As [`connect`].
pub async fn connect_to(
    kubeconfig: Option<&Path>,
    context: Option<&str>,
) -> Result<(Client, String), ConnectError> {
    let (mut config, origin) = match (kubeconfig, context) {
        (Some(path), context) => {
            (from_file(path, context).await?, format!("--kubeconfig {}", path.display()))
        }
        (None, Some(context)) => (of_context(context).await?, format!("--context {context}")),
        (None, None) => {
            let inferred = Config::infer().await;
            let config = inferred.map_err(|cause| ConnectError::Inference(Box::new(cause)))?;
            (config, "the configuration of the cluster".to_owned())
        }
    };
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    // Who asks knows when to ask again: a request that must be answered in half a second is not to
    // be repeated behind its back.
    config.default_retry = false;
    let namespace = config.default_namespace.clone();
    let client = Client::try_from(config)
        .map_err(|cause| ConnectError::Client { origin, cause: Box::new(cause) })?;
    Ok((client, namespace))
}

async fn from_file(path: &Path, context: Option<&str>) -> Result<Config, ConnectError> {
    let unusable = |cause: KubeconfigError| ConnectError::Kubeconfig {
        path: path.to_owned(),
        cause: Box::new(cause),
    };
    let kubeconfig = Kubeconfig::read_from(path).map_err(unusable)?;
    let options = options(context);
    Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(unusable)
}

/// A context of the kubeconfig that is found.
async fn of_context(context: &str) -> Result<Config, ConnectError> {
    let found = Config::from_kubeconfig(&options(Some(context))).await;
    found.map_err(|cause| ConnectError::Context {
        context: context.to_owned(),
        cause: Box::new(cause),
    })
}

fn options(context: Option<&str>) -> KubeConfigOptions {
    KubeConfigOptions { context: context.map(str::to_owned), ..KubeConfigOptions::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `connect` says of a kubeconfig with this text.
    async fn complaint(text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        std::fs::write(&path, text).unwrap();
        connect(Some(&path)).await.err().unwrap().to_string()
    }

    #[tokio::test]
    async fn a_kubeconfig_that_does_not_work_is_named_with_its_flag() {
        let nowhere = connect(Some(Path::new("/nowhere/config"))).await.err().unwrap().to_string();
        let start = "--kubeconfig /nowhere/config can't be used: ";
        assert!(nowhere.starts_with(start) && nowhere.contains("No such file"), "{nowhere}");
        for (text, word) in [
            ("clusters: [", "kubeconfig"),
            ("current-context: gone\ncontexts: []\n", "context"),
            (
                "current-context: a\ncontexts: [{name: a, context: {cluster: gone, user: u}}]\n",
                "cluster",
            ),
        ] {
            let said = complaint(text).await;
            assert!(said.starts_with("--kubeconfig /") && said.contains(word), "{said}");
        }
    }
}
