//! IAM, below `/v3`: as much as an SDK or a client needs before it can call the API. One file for each endpoint.

mod domains;
mod tokens;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use schemars::JsonSchema;
use serde::Serialize;

pub use domains::DomainsBody;
pub use tokens::{TokenBody, TokenRequest};

use crate::domain::checks::{self, Check};
use crate::simulator::{ApiError, IamAnswer};

/// The accounts that a credential belongs to.
pub const DOMAINS: &str = "/v3/auth/domains";

/// A token for a user's name and password.
pub const TOKENS: &str = "/v3/auth/tokens";

pub fn routes() -> Router {
    Router::new().route(DOMAINS, get(domains::list)).route(TOKENS, post(tokens::create))
}

/// An answer of IAM with this body.
fn answer(check: &'static Check, status: StatusCode, body: &impl Serialize) -> IamAnswer {
    let body = serde_json::to_string(body).expect("texts, numbers and lists are JSON");
    IamAnswer { check, status: status.as_u16(), body }
}

/// Why IAM refuses.
enum IamError {
    /// The request has no credentials that the gateway knows.
    NotAuthenticated(String),
    /// The body does not have the form that IAM takes.
    BadRequest(String),
    /// The user, the password or the account is unknown.
    WrongPassword,
    /// The account is known, but not the scope that was asked for.
    UnknownScope,
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

impl From<IamError> for ApiError {
    fn from(error: IamError) -> Self {
        let (status, check, message, saw) = match error {
            IamError::NotAuthenticated(detail) => {
                let message = format!("Incorrect IAM authentication information: {detail}");
                (StatusCode::UNAUTHORIZED, &checks::AUTHENTICATED, message.clone(), message)
            }
            IamError::BadRequest(saw) => {
                (StatusCode::BAD_REQUEST, &checks::IDENTITY, "The request body is invalid".to_owned(), saw)
            }
            IamError::WrongPassword => (
                StatusCode::UNAUTHORIZED,
                &checks::IDENTITY,
                "The username or password is wrong.".to_owned(),
                "no such user with this password".to_owned(),
            ),
            // Assumed: IAM's text for what the caller may not know of.
            IamError::UnknownScope => (
                StatusCode::UNAUTHORIZED,
                &checks::IDENTITY,
                "The request you have made requires authentication.".to_owned(),
                "the scope is not the user's account".to_owned(),
            ),
        };
        let error = IamErrorDetail { code: status.as_u16(), message: &message, title: status.canonical_reason() };
        Self::Iam(answer(check, status, &IamErrorBody { error }), saw)
    }
}
