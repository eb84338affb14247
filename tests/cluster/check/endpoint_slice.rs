//! The EndpointSlice of the Service, as its controller has it in a cluster.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use serde_json::json;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::harness::Cluster;
use crate::harness::helm::{NAMESPACE, RELEASE};

const SLICES: &str = "/apis/discovery.k8s.io/v1/namespaces/kelos-system/endpointslices";

/// A slice with one endpoint, which leads to a Pod of ours until this is dropped.
pub(crate) struct EndpointSlice {
    forwarding: JoinHandle<()>,
}

impl Drop for EndpointSlice {
    fn drop(&mut self) {
        self.forwarding.abort();
    }
}

impl EndpointSlice {
    /// Creates it. Kubernetes takes no loopback address, where our Pods are: what comes in is handed on.
    pub(crate) async fn create(cluster: &Cluster, pod: SocketAddr) -> EndpointSlice {
        let listener = TcpListener::bind((own_address(), 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let slice = json!({
            "metadata": {"name": RELEASE, "labels": {"kubernetes.io/service-name": RELEASE}},
            "addressType": if address.is_ipv4() { "IPv4" } else { "IPv6" },
            "ports": [{"name": "webhook", "port": address.port()}],
            "endpoints": [{"addresses": [address.ip()], "conditions": {"ready": true}}],
        });
        assert_eq!(NAMESPACE, "kelos-system");
        cluster.admin.create(SLICES, &slice).await.ok();
        let forwarding = tokio::spawn(async move {
            while let Ok((mut from, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut to = TcpStream::connect(pod).await?;
                    copy_bidirectional(&mut from, &mut to).await
                });
            }
        });
        EndpointSlice { forwarding }
    }

    /// Says whether the endpoint is ready.
    pub(crate) async fn is_ready(cluster: &Cluster, ready: bool) {
        let path = "/endpoints/0/conditions/ready";
        let change = json!([{"op": "replace", "path": path, "value": ready}]);
        cluster.admin.json_patch(&format!("{SLICES}/{RELEASE}"), &change).await.ok();
    }
}

/// An address of this machine that is none of the loopback: the one from which others are reached. Nothing is sent.
fn own_address() -> IpAddr {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    socket.connect("192.0.2.254:9").expect("a network: tests need an address that is no loopback");
    socket.local_addr().unwrap().ip()
}
