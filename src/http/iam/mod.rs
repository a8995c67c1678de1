//! IAM, below `/v3`: as much as an SDK or a client needs before it can call the API. The path of a file is the
//! path of its URL.

mod answer;

mod auth {
    pub(super) mod domains;
    pub(super) mod tokens;
}

use auth::{domains, tokens};
use axum::Router;
use axum::routing::{get, post};

pub(super) fn routes() -> Router {
    Router::new().route("/v3/auth/domains", get(domains::list)).route("/v3/auth/tokens", post(tokens::create))
}
