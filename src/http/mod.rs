//! HTTP: the only layer that knows axum. [`router`] serves every route: the simulated API (`bss`), IAM (`iam`) and the
//! simulator's own control API (`control`). `record` and `fault` are the layers around the simulated ones.

mod app;
mod bss;
mod control;
mod extract;
mod fault;
mod host;
mod iam;
mod limits;
mod mask;
mod openapi;
mod record;
mod registry;
mod response;
mod server;
mod signature;
#[cfg(feature = "tls")]
mod tls;

use std::sync::Arc;

use axum::Router;
use tower::Layer;

pub use app::{App, ControlSettings, DEFAULT_JOURNAL_BYTES, DEFAULT_JOURNAL_ENTRIES};
pub use bss::individual::explain_outcome;
pub use control::{
    ChangeView, Coverage, CoveredOutcome, EntryBody, Expectation, Explanation, NotVerified, entry, explain, journal,
    verify,
};
pub use host::HostPattern;
pub use limits::Limits;
pub use mask::MASK;
pub use record::RecordService;
pub use registry::{PendingReload, Reload};
pub use server::Server;
#[cfg(feature = "tls")]
pub use tls::Tls;

use self::record::RecordLayer;
use crate::domain::{checks, gateway};
use crate::simulator::ApiError;

/// Serves every route: the simulated API, IAM and the control API.
pub fn service(app: &Arc<App>) -> RecordService<Router> {
    record(app, Some("/_sim"), api_routes().merge(control::routes(app)))
}

/// Serves the simulated API and IAM alone.
pub fn api_service(app: &Arc<App>) -> RecordService<Router> {
    record(app, None, api_routes())
}

pub fn control_router(app: &Arc<App>) -> Router {
    control::routes(app).with_state(())
}

/// The service of every route as a router, for those who serve it themselves.
pub fn router(app: &Arc<App>) -> Router {
    Router::new().fallback_service(service(app))
}

fn api_routes() -> Router {
    let routes = bss::routes().merge(iam::routes());
    routes.fallback(unknown_path).method_not_allowed_fallback(unknown_method)
}

/// Records the requests of the simulated routes. The layer is outside of the router, which would add headers of its own to
/// their answers: `Allow` to the gateway's 404. Given its state, the router makes each handler a service once and not for
/// every request.
fn record(app: &Arc<App>, except: Option<&'static str>, routes: Router) -> RecordService<Router> {
    RecordLayer { spaces: Arc::clone(&app.spaces), except }.layer(routes.with_state(()))
}

async fn unknown_path() -> ApiError {
    ApiError::gateway(&checks::PATH_KNOWN, gateway::UNKNOWN_PATH)
}

async fn unknown_method() -> ApiError {
    ApiError::gateway(&checks::METHOD_KNOWN, gateway::UNKNOWN_METHOD)
}
