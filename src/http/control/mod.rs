//! The simulator's own API, below `/_sim`: one file for each noun. JSON in and out; handlers convert, call, convert. Beside
//! each handler stands the operation that says what it does; a row of the table here makes both known.

mod catalog;
mod certificates;
mod clock;
mod customers;
mod error;
mod explain;
mod health;
mod index;
mod journal;
mod listing;
mod metrics;
mod openapi;
mod operation;
mod partners;
mod record;
mod reload;
mod scenarios;
mod scripted;
mod settings;
mod spaces;
mod table;
mod target;
mod tls;
mod verify;
mod world;

use std::sync::Arc;

use axum::Router;
use axum::http::Method;
use axum::middleware;
use schemars::SchemaGenerator;
use serde_json::{Map, Value};
use tower_http::catch_panic::CatchPanicLayer;

pub use explain::explain;
pub use journal::{entry, journal};
pub use settings::ControlSettings;
pub use verify::{NotVerified, Verified, verify};

use super::App;
use super::CONTROL;
use error::Kind;
use table::Table;

/// What the document calls it.
pub(super) const TAG: &str = "control";

/// The routes that need no control token.
#[rustfmt::skip]
fn open() -> Table {
    Table::default()
        .route(Method::GET,    "/livez",                 health::alive,        health::ALIVE)
        .route(Method::GET,    "/readyz",                health::alive,        health::READY)
        .route(Method::GET,    "/tls/ca.pem",            tls::ca,              tls::CA)
}

/// The routes that need the control token, if there is one.
#[rustfmt::skip]
fn guarded() -> Table {
    Table::default()
        .route(Method::GET,    "/",                      index::tell,          index::TELL)
        .route(Method::GET,    "/catalog",               catalog::list,        catalog::LIST)
        .route(Method::GET,    "/certificates",          certificates::list,   certificates::LIST)
        .route(Method::GET,    "/certificates/{number}", certificates::tell,   certificates::TELL)
        .route(Method::PUT,    "/certificates/{number}", certificates::put,    certificates::PUT)
        .route(Method::DELETE, "/certificates/{number}", certificates::remove, certificates::REMOVE)
        .route(Method::GET,    "/clock",                 clock::tell,          clock::TELL)
        .route(Method::PUT,    "/clock",                 clock::change,        clock::CHANGE)
        .route(Method::GET,    "/customers",             customers::list,      customers::LIST)
        .route(Method::GET,    "/customers/{id}",        customers::tell,      customers::TELL)
        .route(Method::PUT,    "/customers/{id}",        customers::put,       customers::PUT)
        .route(Method::DELETE, "/customers/{id}",        customers::remove,    customers::REMOVE)
        .route(Method::POST,   "/customers/{id}/review", customers::review,    customers::REVIEW)
        .route(Method::POST,   "/explain",               explain::answer,      explain::ANSWER)
        .route(Method::GET,    "/journal",               journal::list,        journal::LIST)
        .route(Method::DELETE, "/journal",               journal::clear,       journal::CLEAR)
        .route(Method::GET,    "/journal/stream",        journal::follow,      journal::FOLLOW)
        .route(Method::GET,    "/journal/{request_id}",  journal::find,        journal::FIND)
        .route(Method::GET,    "/metrics",               metrics::tell,        metrics::TELL)
        .route(Method::GET,    "/openapi.json",          openapi::tell,        openapi::TELL)
        .route(Method::GET,    "/partners",              partners::list,       partners::LIST)
        .route(Method::GET,    "/partners/{name}",       partners::tell,       partners::TELL)
        .route(Method::PUT,    "/partners/{name}",       partners::put,        partners::PUT)
        .route(Method::DELETE, "/partners/{name}",       partners::remove,     partners::REMOVE)
        .route(Method::POST,   "/reload",                reload::reload,       reload::RELOAD)
        .route(Method::POST,   "/reset",                 world::reset,         world::RESET)
        .route(Method::GET,    "/scenarios",             scenarios::list,      scenarios::LIST)
        .route(Method::GET,    "/scenarios/{name}",      scenarios::tell,      scenarios::TELL)
        .route(Method::GET,    "/schema/fixture.json",   scenarios::schema,    scenarios::SCHEMA)
        .route(Method::GET,    "/scripted",              scripted::list,       scripted::LIST)
        .route(Method::POST,   "/scripted",              scripted::add,        scripted::ADD)
        .route(Method::DELETE, "/scripted",              scripted::clear,      scripted::CLEAR)
        .route(Method::GET,    "/spaces",                spaces::list,         spaces::LIST)
        .route(Method::POST,   "/spaces",                spaces::create,       spaces::CREATE)
        .route(Method::GET,    "/spaces/{id}",           spaces::tell,         spaces::TELL)
        .route(Method::DELETE, "/spaces/{id}",           spaces::remove,       spaces::REMOVE)
        .route(Method::POST,   "/verify",                verify::check,        verify::CHECK)
        .route(Method::GET,    "/world",                 world::tell,          world::TELL)
        .route(Method::PUT,    "/world",                 world::replace,       world::REPLACE)
}

pub(super) fn routes(app: &Arc<App>) -> Router {
    let guarded = (guarded().router)
        .fallback(error::unknown_route)
        .method_not_allowed_fallback(error::unknown_method)
        .layer(middleware::from_fn_with_state(Arc::clone(app), settings::guard));
    let open = open().router.fallback_service(guarded.with_state(Arc::clone(app)));
    open.with_state(Arc::clone(app))
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(middleware::map_response(settings::give_request_id))
}

/// The operations of all routes, each with its path and its method.
pub(super) fn operations(generator: &mut SchemaGenerator) -> Vec<(String, Method, Value)> {
    let mut operations = Vec::new();
    for (rows, is_open) in [(open().rows, true), (guarded().rows, false)] {
        for row in rows {
            let path = format!("{CONTROL}{}", row.path.trim_end_matches('/'));
            let operation = row.operation.written(row.path, is_open, generator);
            if is_open {
                let mut by_head = operation.clone();
                by_head["operationId"] = format!("{}ByHead", row.operation.id).into();
                operations.push((path.clone(), Method::HEAD, by_head));
            }
            operations.push((path, row.method, operation));
        }
    }
    operations
}

/// The responses that the operations refer to.
pub(super) fn responses() -> Map<String, Value> {
    Kind::components()
}
