//! The simulated API and IAM as a service, with the layer that records their requests.

use std::sync::Arc;

use axum::Router;
use tower::Layer;

use super::app::App;
use super::record::{RecordLayer, RecordService};
use super::{bss, iam};
use crate::domain::{checks, gateway};
use crate::simulator::{ApiError, Spaces};

/// Serves the simulated API and IAM alone.
pub fn api_service(app: &Arc<App>) -> RecordService<Router> {
    record(app, None, api_routes(&app.spaces))
}

/// Returns the routes of the simulated API and of IAM. The gateway answers for a path or a method that none of them has.
pub fn api_routes(spaces: &Arc<Spaces>) -> Router {
    let routes = bss::routes().merge(iam::routes(spaces));
    routes.fallback(unknown_path).method_not_allowed_fallback(unknown_method)
}

/// Records the requests of the simulated routes. The layer is outside of the router, which would add headers of its own to
/// their answers: `Allow` to the gateway's 404. Given its state, the router makes each handler a service once and not for
/// every request.
pub fn record(app: &Arc<App>, except: Option<&'static str>, routes: Router) -> RecordService<Router> {
    let spaces = Arc::clone(&app.spaces);
    RecordLayer { spaces, except }.layer(routes.with_state(()))
}

/// The gateway knows no such path.
async fn unknown_path() -> ApiError {
    ApiError::gateway(&checks::PATH_KNOWN, gateway::UNKNOWN_PATH)
}

/// The gateway knows the path, with other methods.
async fn unknown_method() -> ApiError {
    ApiError::gateway(&checks::METHOD_KNOWN, gateway::UNKNOWN_METHOD)
}
