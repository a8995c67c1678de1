//! The simulator's own API, below `/_sim`: one file for each noun. JSON in and out; handlers convert, call, convert.

mod catalog;
mod clock;
mod error;
mod explain;
mod health;
mod index;
mod journal;
mod listing;
mod metrics;
mod record;
mod reload;
mod scenarios;
mod scripted;
mod settings;
mod spaces;
mod target;
mod verify;
mod world;

use std::sync::Arc;

use axum::Router;
use axum::middleware;
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;

pub use journal::journal;
pub use settings::ControlSettings;
pub use verify::{NotVerified, Verified, verify};

use super::App;

pub(super) fn routes(app: &Arc<App>) -> Router {
    let guarded = Router::new()
        .route("/", get(index::tell))
        .route("/catalog", get(catalog::list))
        .route("/clock", get(clock::tell).put(clock::change))
        .route("/customers", get(listing::customers))
        .route("/customers/{id}", get(listing::customer).put(listing::put_customer).delete(listing::remove_customer))
        .route("/customers/{id}/review", post(listing::review))
        .route("/partners", get(listing::partners))
        .route("/partners/{name}", get(listing::partner).put(listing::put_partner).delete(listing::remove_partner))
        .route("/certificates", get(listing::certificates))
        .route(
            "/certificates/{number}",
            get(listing::certificate).put(listing::put_certificate).delete(listing::remove_certificate),
        )
        .route("/explain", post(explain::answer))
        .route("/journal", get(journal::list).delete(journal::clear))
        .route("/journal/stream", get(journal::follow))
        .route("/journal/{request_id}", get(journal::find))
        .route("/metrics", get(metrics::tell))
        .route("/reload", post(reload::reload))
        .route("/reset", post(world::reset))
        .route("/scenarios", get(scenarios::list))
        .route("/scenarios/{name}", get(scenarios::tell))
        .route("/schema/fixture.json", get(scenarios::schema))
        .route("/scripted", get(scripted::list).post(scripted::add).delete(scripted::clear))
        .route("/spaces", get(spaces::list).post(spaces::create))
        .route("/spaces/{id}", get(spaces::tell).delete(spaces::remove))
        .route("/verify", post(verify::check))
        .route("/world", get(world::tell).put(world::replace))
        .fallback(error::unknown_route)
        .method_not_allowed_fallback(error::unknown_method)
        .layer(middleware::from_fn_with_state(Arc::clone(app), settings::guard));
    Router::new()
        .route("/livez", get(health::alive))
        .route("/readyz", get(health::alive))
        .fallback_service(guarded.with_state(Arc::clone(app)))
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(middleware::map_response(settings::give_request_id))
}
