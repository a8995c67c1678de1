//! The simulated API, below `/v2`: a file for each chapter of its documentation.

mod customers;
mod real_name;

use axum::Router;
use axum::routing::{get, post};

pub use customers::{CustomerListBody, IdentityBody, NewAccountBody};
pub use real_name::ReviewResultBody;

use crate::domain::{
    CHECK_IDENTITY, CREATE_CUSTOMER, ENTERPRISE, INDIVIDUAL, LIST_CUSTOMERS, REVIEW_RESULT, SEND_CODE,
};

pub fn routes() -> Router {
    Router::new()
        .route(INDIVIDUAL.path, post(real_name::submit))
        .route(ENTERPRISE.path, post(real_name::submit).put(real_name::submit))
        .route(REVIEW_RESULT.path, get(real_name::show_result))
        .route(LIST_CUSTOMERS.path, post(customers::list))
        .route(CREATE_CUSTOMER.path, post(customers::create))
        .route(CHECK_IDENTITY.path, post(customers::check_identity))
        .route(SEND_CODE.path, post(customers::send_code))
}
