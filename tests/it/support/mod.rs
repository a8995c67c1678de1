//! What the tests share: simulators in this process and as the binary, one client, one raw connection, and fixtures.

mod app;
mod client;
mod connection;
mod fixtures;
mod process;
mod signature;
mod suite;
mod tls;

pub(crate) use app::{TestApp, build_error};
pub(crate) use client::{Client, Reply, assert_consistent};
pub(crate) use connection::{Connection, chunked, head, raw_post};
pub(crate) use fixtures::*;
pub(crate) use process::{Exec, Process, binary, finished, run, run_on};
pub(crate) use signature::{DERIVED, HOST, JSON, SHA256, SM3, SignedRequest, machine_time, now, sdk_date};
pub(crate) use suite::{Suite, build_folder, run_suite, suite_folder};
pub(crate) use tls::{NAME, TlsClient, certificate};

use std::panic::Location;
use std::time::Duration;

use tokio::time::timeout;

/// The longest that anything may take. Only a broken test reaches it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for what has to come. Only a broken test reaches the limit.
#[track_caller]
pub(crate) fn in_time<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let place = Location::caller();
    async move {
        let Ok(output) = timeout(PATIENCE, future).await else { panic!("nothing has come at {place}") };
        output
    }
}

/// The path of the API.
pub(crate) const INDIVIDUAL: &str = "/v2/customers/realname-auths/individual";

/// The bodies of the answers that most tests wait for.
pub(crate) const UNDER_REVIEW: &str = r#"{"is_review":1}"#;
pub(crate) const AUTHENTICATED: &str = r#"{"is_review":0}"#;
pub(crate) const PARAMETER_ERROR: &str = r#"{"error_code":"CBC.0100","error_msg":"Parameter error."}"#;
pub(crate) const ALIVE: &str = r#"{"status":"ok"}"#;

/// The gateway's messages for a path and for a method that are not known.
pub(crate) const UNKNOWN_PATH: &str = "The API does not exist or has not been published in the environment.";
pub(crate) const UNKNOWN_METHOD: &str = "The API does not exist.";
