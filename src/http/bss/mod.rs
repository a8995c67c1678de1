//! The simulated API, below `/v2`: one file for each endpoint.

pub mod individual;
mod review_result;

use axum::Router;
use axum::http::Method;
use axum::routing::{get, post};

pub use review_result::ReviewResultBody;

pub const INDIVIDUAL: &str = "/v2/customers/realname-auths/individual";
pub const REVIEW_RESULT: &str = "/v2/customers/realname-auths/result";

pub const ENDPOINTS: &[(Method, &str)] = &[(Method::POST, INDIVIDUAL), (Method::GET, REVIEW_RESULT)];

pub fn routes() -> Router {
    Router::new().route(INDIVIDUAL, post(individual::submit)).route(REVIEW_RESULT, get(review_result::show))
}
