//! The simulated API, below `/v2`: one file for each endpoint.

pub mod individual;
mod review_result;

use axum::Router;
use axum::routing::{get, post};

pub use review_result::ReviewResultBody;

use crate::domain::{INDIVIDUAL, REVIEW_RESULT};

pub fn routes() -> Router {
    Router::new().route(INDIVIDUAL.path, post(individual::submit)).route(REVIEW_RESULT.path, get(review_result::show))
}
