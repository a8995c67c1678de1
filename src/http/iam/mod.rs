//! IAM, below `/v3`: as much as an SDK or a client needs before it can call the API.

mod auth;

use axum::Router;
use axum::http::{Method, StatusCode};
use axum::routing::{get, post};
use schemars::JsonSchema;
use serde::Serialize;

pub use auth::{DomainsBody, TokenBody, TokenRequest};

use crate::domain::checks::Check;
use crate::http::response::json_text;
use crate::simulator::{ApiError, IamAnswer};

pub const DOMAINS: &str = "/v3/auth/domains";
pub const TOKENS: &str = "/v3/auth/tokens";

/// The endpoints, each with its method.
pub const ENDPOINTS: &[(Method, &str)] = &[(Method::GET, DOMAINS), (Method::POST, TOKENS)];

pub fn routes() -> Router {
    Router::new().route(DOMAINS, get(auth::list_domains)).route(TOKENS, post(auth::create_token))
}

fn answer(check: &'static Check, status: StatusCode, body: &impl Serialize) -> IamAnswer {
    IamAnswer { check, status: status.as_u16(), body: json_text(body) }
}

/// IAM's own form of errors.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct IamErrorBody<'a> {
    error: IamErrorDetail<'a>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct IamErrorDetail<'a> {
    /// The HTTP status.
    code: u16,
    /// What is wrong.
    message: &'a str,
    /// The name of the status.
    title: Option<&'a str>,
}

fn refusal(check: &'static Check, status: StatusCode, message: &str, saw: String) -> ApiError {
    let error = IamErrorDetail { code: status.as_u16(), message, title: status.canonical_reason() };
    ApiError::Iam(answer(check, status, &IamErrorBody { error }), saw)
}
