//! What became of objects, write by write, as the API server has stored it. Its audit log does not tell that: a write
//! whose client is killed meanwhile has status 504 there ("context canceled"), and may have been done all the same.

use std::collections::BTreeMap;

use futures_util::TryStreamExt;
use kube::core::WatchEvent;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::api::Api;

/// What marks the end of a history.
const END: &str = "example.com/end-of-history";

/// A history that goes on.
pub(crate) struct History {
    admin: Api,
    collection: String,
    states: JoinHandle<BTreeMap<String, Vec<Value>>>,
}

impl History {
    /// Follows the Tasks of a namespace from now on.
    pub(crate) async fn of_tasks(admin: &Api, namespace: &str) -> History {
        let collection = format!("/apis/kelos.dev/v1alpha2/namespaces/{namespace}/tasks");
        let list = admin.get(&collection).await.ok();
        let mut states: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for object in list["items"].as_array().unwrap() {
            states.insert(name(object), vec![object.clone()]);
        }
        let version = list["metadata"]["resourceVersion"].as_str().unwrap();
        let path = format!("{collection}?watch=true&resourceVersion={version}");
        let watch = admin.watch(&path).await.unwrap();
        let states = tokio::spawn(async move {
            let mut watch = std::pin::pin!(watch);
            loop {
                match watch.try_next().await.unwrap().expect("the watch goes on") {
                    WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                        if !object["metadata"]["annotations"][END].is_null() {
                            return states;
                        }
                        states.entry(name(&object)).or_default().push(object);
                    }
                    WatchEvent::Deleted(_) | WatchEvent::Bookmark(_) => {}
                    WatchEvent::Error(status) => panic!("{status:?}"),
                }
            }
        });
        History { admin: admin.clone(), collection, states }
    }

    /// Ends it, with a write to this object. Gives the states of each object by its name, in the order of the writes.
    pub(crate) async fn end(self, object: &str) -> BTreeMap<String, Vec<Value>> {
        let mark = json!({"metadata": {"annotations": {END: ""}}});
        self.admin.merge(&format!("{}/{object}", self.collection), &mark).await.ok();
        self.states.await.unwrap()
    }
}

fn name(object: &Value) -> String {
    object["metadata"]["name"].as_str().unwrap().to_owned()
}
