//! The operations of the simulated service, of the same rows that its requests are answered by.

use axum::http::Method;
use schemars::SchemaGenerator;
use serde_json::Value;

use super::{iam, service};
use crate::http::{bss, iam as iam_api};

/// The operations of all endpoints, each with its path and its method.
pub(super) fn operations(generator: &mut SchemaGenerator) -> Vec<(String, Method, Value)> {
    let operations = [
        (bss::INDIVIDUAL, Method::POST, service::individual(generator)),
        (bss::REVIEW_RESULT, Method::GET, service::result()),
        (iam_api::DOMAINS, Method::GET, iam::domains()),
        (iam_api::TOKENS, Method::POST, iam::tokens(generator)),
    ];
    operations.map(|(path, method, operation)| (path.to_owned(), method, operation)).into()
}
