//! Requests of which nothing stays in the cluster but their answers: paths that hold no object, reviews of rights,
//! and objects that are created by dry run.

use hyper::header::{CONTENT_TYPE, HeaderMap, WARNING};
use hyper::{Method, Request};
use kube::Client;
use serde_json::Value;

use super::body::ANSWER_BYTES;
use super::{Error, body};
use crate::unix_seconds::UnixSeconds;

/// What the API server answered.
#[derive(Debug, Default)]
pub struct Answer {
    /// What it says.
    pub object: Value,
    /// The texts of its warnings.
    pub warnings: Vec<String>,
    /// The time of the API server, unless it does not say.
    pub time: Option<UnixSeconds>,
}

/// Reads a path.
///
/// # Errors
///
/// [`Error`]; [`Error::is_not_found`] if there is no such path.
pub async fn read(client: &Client, path: &str) -> Result<Answer, Error> {
    send(client, Method::GET, path, Vec::new()).await
}

/// Posts an object to a path under which nothing is stored: a review, or a collection with `dryRun=All`.
///
/// # Errors
///
/// [`Error`].
pub async fn ask(client: &Client, path: &str, object: &Value) -> Result<Answer, Error> {
    send(client, Method::POST, path, object.to_string().into_bytes()).await
}

async fn send(
    client: &Client,
    method: Method,
    path: &str,
    content: Vec<u8>,
) -> Result<Answer, Error> {
    let request = Request::builder().method(method).uri(path);
    let request = request.header(CONTENT_TYPE, "application/json").body(content);
    let request = request.map_err(|_| Error::InvalidResponse)?;
    let (head, content) = body::exchange(client, request, ANSWER_BYTES).await?;
    let object = serde_json::from_slice(&content).map_err(|_| Error::InvalidResponse)?;
    Ok(Answer { object, warnings: warnings(&head.headers), time: body::time_of(&head.headers) })
}

/// The texts of the headers `299 - "text"`.
fn warnings(headers: &HeaderMap) -> Vec<String> {
    let texts = headers.get_all(WARNING).iter().map(|header| {
        let header = String::from_utf8_lossy(header.as_bytes());
        let quoted = header.strip_prefix("299 - \"").and_then(|rest| rest.strip_suffix('"'));
        quoted.unwrap_or(&header).replace("\\\"", "\"").replace("\\\\", "\\")
    });
    texts.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::scripted::{ScriptedResponse as Scripted, api, status};

    #[tokio::test]
    async fn an_answer_is_read_and_a_refusal_is_one() {
        let (client, asked) = api(|path| match path {
            "/version" => Scripted::Json(200, json!({"gitVersion": "v1.36.0"})),
            _ => Scripted::Json(403, status(403, "Forbidden", "not for you")),
        });
        let answer = read(&client, "/version").await.unwrap();
        assert_eq!(answer.object["gitVersion"], "v1.36.0");
        let refused = ask(&client, "/apis/x/y?dryRun=All", &json!({})).await.unwrap_err();
        assert!(refused.is_forbidden(), "{refused}");
        assert_eq!(asked.all(), ["/version", "/apis/x/y?dryRun=All"]);
    }

    #[test]
    fn the_text_of_a_warning_is_without_quotes() {
        let mut headers = HeaderMap::new();
        headers.append(WARNING, r#"299 - "a \"b\" c""#.parse().unwrap());
        headers.append(WARNING, "odd".parse().unwrap());
        assert_eq!(warnings(&headers), [r#"a "b" c"#, "odd"]);
    }
}
