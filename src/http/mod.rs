//! HTTP: the only layer that knows axum. [`router`] serves every route: the simulated API (`bss`), IAM (`iam`) and the
//! simulator's own control API (`control`). `record` is the layer around the simulated ones.

mod app;
mod bss;
mod control;
mod explanation;
mod extract;
mod host;
mod iam;
mod invent;
mod limits;
mod mask;
mod openapi;
mod parameters;
mod proof;
mod record;
mod registry;
mod response;
mod secrets;
mod server;
mod signature;
#[cfg(feature = "tls")]
mod tls;

use std::sync::Arc;

use axum::Router;

pub use app::{App, ControlSettings, DEFAULT_JOURNAL_BYTES, DEFAULT_JOURNAL_ENTRIES, api_service};
pub use control::{
    CONSOLE_PATH, ConsoleRedirect, Coverage, CoveredOutcome, EntryBody, Expectation, NotVerified, entry, explain,
    journal, verify, verify_within,
};
pub(crate) use control::{Conditions, Field, Order};
pub use host::HostPattern;
pub use invent::Inventor;
pub use limits::Limits;
pub use mask::{conditions as shown_conditions, is_enumerated};
#[cfg(test)]
pub use proof::token;
pub use proof::{ProofLimits, Proven, prove, request_of};
pub use record::RecordService;
pub use registry::{PendingReload, Reload};
pub use server::Server;
#[cfg(feature = "tls")]
pub use tls::Tls;

use self::app::{api_routes, record};

/// Serves every route: the simulated API, IAM and the control API.
pub fn service(app: &Arc<App>) -> ConsoleRedirect<RecordService<Router>> {
    let inner = record(app, Some("/_sim"), api_routes(&app.spaces).merge(control::routes(app)));
    ConsoleRedirect { inner, is_on: !app.control.no_console }
}

/// Serves the control API alone.
pub fn control_service(app: &Arc<App>) -> ConsoleRedirect<Router> {
    ConsoleRedirect { inner: control::all_routes(app).with_state(()), is_on: !app.control.no_console }
}

/// The service of every route as a router, for those who serve it themselves.
pub fn router(app: &Arc<App>) -> Router {
    Router::new().fallback_service(service(app))
}
