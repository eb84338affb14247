//! An API server that has these objects and no others: it lists them in pages, and nothing changes.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result};
use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Response, Uri};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// Its objects as JSON, by the names of their kinds in paths.
type Objects = BTreeMap<String, Vec<String>>;

/// Starts it, for as long as this process lives; gives a kubeconfig for it, in a folder that is made.
pub(crate) fn start<'o>(
    objects: impl Iterator<Item = &'o Value>,
    folder: &Path,
) -> Result<PathBuf> {
    let mut by_kind = Objects::new();
    for object in objects {
        let kind = object["kind"].as_str().context("an object without a kind")?;
        let plural = format!("{}s", kind.to_lowercase());
        by_kind.entry(plural).or_default().push(object.to_string());
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let serving = async move {
        let listener = TcpListener::from_std(listener)?;
        serve(listener, Arc::new(by_kind)).await
    };
    // It ends with the process.
    thread::spawn(move || runtime.block_on(serving));
    write_kubeconfig(address, folder)
}

fn write_kubeconfig(address: SocketAddr, folder: &Path) -> Result<PathBuf> {
    fs::create_dir(folder)?;
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "it",
        "clusters": [{"name": "it", "cluster": {"server": format!("http://{address}")}}],
        "users": [{"name": "it", "user": {}}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
    });
    let path = folder.join("kubeconfig");
    fs::write(&path, config.to_string())?;
    Ok(path)
}

async fn serve(listener: TcpListener, objects: Arc<Objects>) -> std::io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let objects = Arc::clone(&objects);
        let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let answer = answer(request.uri(), &objects);
            async move { Ok::<_, Infallible>(answer) }
        });
        // A client that leaves is nobody's trouble.
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

fn answer(uri: &Uri, objects: &Objects) -> Response<Body> {
    let query = uri.query().unwrap_or_default();
    let parameter =
        |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let parts: Vec<&str> = uri.path().split('/').skip(1).collect();
    let text = match parts[..] {
        ["apis", _] => {
            json!({"kind": "APIGroup", "versions": [{"version": "v1alpha2"}]}).to_string()
        }
        ["apis", _, _, _] | ["api", _, _] if parameter("watch").is_some() => {
            let nothing = stream::pending::<Result<Frame<Bytes>, Infallible>>();
            return Response::new(StreamBody::new(nothing).boxed_unsync());
        }
        ["apis", _, _, plural] | ["api", _, plural] => {
            let of_kind = objects.get(plural).map_or(&[][..], Vec::as_slice);
            page(of_kind, parameter("continue"), parameter("limit"))
        }
        _ => {
            let status = json!({"kind": "Status", "code": 404, "reason": "NotFound"});
            let mut missing = Response::new(Full::from(status.to_string()).boxed_unsync());
            *missing.status_mut() = hyper::StatusCode::NOT_FOUND;
            return missing;
        }
    };
    Response::new(Full::from(text).boxed_unsync())
}

/// A page of a list; the token that goes on from it is the number of the next object.
fn page(objects: &[String], from: Option<&str>, limit: Option<&str>) -> String {
    let number = |text: Option<&str>| text.and_then(|text| text.parse::<usize>().ok());
    let first = number(from).unwrap_or_default().min(objects.len());
    let end = number(limit).map_or(objects.len(), |limit| objects.len().min(first + limit));
    let next = if end < objects.len() { end.to_string() } else { String::new() };
    let items = objects[first..end].join(",");
    format!(r#"{{"metadata":{{"resourceVersion":"1","continue":"{next}"}},"items":[{items}]}}"#)
}
