//! The simulated API, below `/v2`: one file for each endpoint.

pub mod individual;
mod review_result;

use axum::Router;
use axum::routing::{get, post};

pub const INDIVIDUAL: &str = "/v2/customers/realname-auths/individual";
pub const REVIEW_RESULT: &str = "/v2/customers/realname-auths/result";

pub fn routes() -> Router {
    Router::new().route(INDIVIDUAL, post(individual::submit)).route(REVIEW_RESULT, get(review_result::show))
}
