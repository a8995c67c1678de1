//! HTTP: the only place that knows axum. The gateway stands in front; behind it `bss` is the simulated API,
//! `iam` the service that its SDKs ask who they are, and `control` the simulator's own.

mod answer;
mod bss;
mod control;
mod gateway;
mod iam;
mod server;

use std::sync::Arc;

use axum::Router;
use axum::middleware;
use tower_http::catch_panic::CatchPanicLayer;

pub use answer::{Answer, Ruling};
pub use server::{Server, Stop};

use crate::simulator::Space;

/// All routes, as a service without a socket.
pub fn router(space: Arc<Space>) -> Router {
    let routes = bss::routes().merge(iam::routes());
    let routes = routes.fallback(gateway::unknown_path).method_not_allowed_fallback(gateway::unknown_method);
    behind_the_door(routes.with_state(space).nest("/_sim", control::routes()))
}

/// Puts routes behind the gateway's door, as the fallback of another router, so that the door sees answers as they
/// leave, with all that axum adds.
fn behind_the_door(routes: Router) -> Router {
    let routes = routes.layer(CatchPanicLayer::custom(gateway::fault));
    Router::new().fallback_service(routes).layer(middleware::from_fn(gateway::door))
}
