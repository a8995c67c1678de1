//! The operations of the simulated service, of the same rows that its requests are answered by.

use axum::http::Method;
use schemars::SchemaGenerator;
use serde_json::Value;

use super::{iam, service};
use crate::http::routes::{Endpoint, ROUTES};

/// The operations of all endpoints, each with its path and its method.
pub(super) fn operations(generator: &mut SchemaGenerator) -> Vec<(String, Method, Value)> {
    let operation = |(path, method, endpoint): &(&str, Method, Endpoint)| {
        let operation = match endpoint {
            Endpoint::Individual => service::individual(generator),
            Endpoint::Result => service::result(),
            Endpoint::Domains => iam::domains(),
            Endpoint::Tokens => iam::tokens(generator),
        };
        ((*path).to_owned(), method.clone(), operation)
    };
    ROUTES.iter().map(operation).collect()
}
