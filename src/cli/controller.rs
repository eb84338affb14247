//! What `controller` takes.

use std::path::PathBuf;

use clap::Args;

use super::words;
use crate::telemetry::{Directives, LogFormat};

/// The Secret that is kept, where none is named.
pub const TLS_SECRET: &str = "kelos-metadata-tls";
/// The configurations whose caBundle is kept, where none is named.
pub const WEBHOOK_CONFIGURATION: &str = "kelos-metadata";
/// The Lease whose holder leads, where none is named.
pub const LEASE: &str = "kelos-metadata-controller";

/// What `controller` takes.
#[derive(Args, Debug)]
pub struct ControllerArgs {
    /// Kubeconfig of the cluster; without it KUBECONFIG, ~/.kube/config or the Pod's ServiceAccount
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Namespace of the Service, the Secret and the Lease; without it the Pod's, or kelos-system
    #[arg(short, long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    /// Service of the webhook, which the certificate is for
    #[arg(long, value_name = "NAME", default_value = "kelos-metadata")]
    pub service: String,
    /// Secret to keep the certificate in, made if it is not there
    #[arg(long, value_name = "NAME", default_value = TLS_SECRET)]
    pub tls_secret: String,
    /// MutatingWebhookConfiguration and ValidatingWebhookConfiguration whose caBundle is kept
    #[arg(long, value_name = "NAME", default_value = WEBHOOK_CONFIGURATION)]
    pub webhook_configuration: String,
    /// Lease whose holder leads, made if it is not there
    #[arg(long, value_name = "NAME", default_value = LEASE)]
    pub lease: String,
    /// How long a Lease that is not renewed keeps others from leading; whole seconds
    #[arg(long, value_name = "DURATION", default_value = "15s")]
    pub lease_duration: String,
    /// How long a certificate lives, as in 90d, 2160h or 90s; it is renewed at two thirds
    #[arg(long, value_name = "DURATION", default_value = "90d")]
    pub certificate_lifetime: String,
    /// How long a new CA is in the caBundle before its certificate is served, so that all API
    /// servers have heard of it
    #[arg(long, value_name = "DURATION", default_value = "60s")]
    pub ca_settle: String,
    /// Where metrics are served over HTTP, at /metrics
    #[arg(long, value_name = "HOST:PORT", default_value = "0.0.0.0:8080")]
    pub metrics_bind_address: String,
    /// Where health is served over HTTP, at /healthz and /readyz
    #[arg(long, value_name = "HOST:PORT", default_value = "0.0.0.0:8081")]
    pub health_probe_bind_address: String,
    /// How log lines look
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,
    /// What is logged: error, warn, info, debug, trace, or directives by module
    #[arg(long, value_name = "LEVEL", default_value = "info", value_parser = words::level(), hide_possible_values = true)]
    pub log_level: Directives,
}
