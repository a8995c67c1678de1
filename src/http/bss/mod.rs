//! The simulated API, below `/v2`. The path of a file is the path of its URL.

pub(in crate::http) mod draft;

mod customers {
    pub(super) mod realname_auths {
        pub(in crate::http::bss) mod individual;
        pub(in crate::http::bss) mod result;
    }
}

use axum::Router;
use axum::routing::{get, post};

use customers::realname_auths::{individual, result};

/// The path of an application.
pub(in crate::http) const INDIVIDUAL: &str = "/v2/customers/realname-auths/individual";

pub(super) fn routes() -> Router {
    Router::new()
        .route(INDIVIDUAL, post(individual::submit))
        .route("/v2/customers/realname-auths/result", get(result::tell))
}
