//! IAM's answers, with its own form of errors.

use axum::http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::domain::account::Caller;
use crate::domain::checks;
use crate::domain::checks::Check;
use crate::http::answer::{ApiAnswer, Identity};
use crate::simulator::Outcome;

/// What IAM answers when it knows who somebody is: by this check, in this body, and with a new token when there is one.
pub(super) fn identified(
    caller: &Caller,
    by: &'static Check,
    body: &Value,
    subject_token: Option<HeaderValue>,
) -> ApiAnswer {
    // A new token is a thing created.
    let status = if subject_token.is_some() { StatusCode::CREATED } else { StatusCode::OK };
    let outcome = Outcome::IamAccepted(by, body.to_string());
    ApiAnswer::of_iam(Some(caller.account_name().into()), outcome, Identity { status, subject_token })
}

/// Why IAM refuses.
pub(super) enum IamError {
    /// The request shows no credentials that the gateway knows.
    NotAuthenticated(String),
    /// The body is not of the form that IAM wants.
    BadRequest(String),
    /// The user, the password or the account is not known.
    WrongPassword,
    /// The account is known, but not the scope that was asked for.
    UnknownScope,
}

impl IamError {
    fn parts(&self) -> (StatusCode, String, &'static Check, String) {
        match self {
            Self::NotAuthenticated(detail) => {
                let message = format!("Incorrect IAM authentication information: {detail}");
                (StatusCode::UNAUTHORIZED, message.clone(), &checks::AUTHENTICATED, message)
            }
            Self::BadRequest(saw) => {
                (StatusCode::BAD_REQUEST, "The request body is invalid".to_owned(), &checks::IDENTITY, saw.clone())
            }
            Self::WrongPassword => {
                let message = "The username or password is wrong.";
                (
                    StatusCode::UNAUTHORIZED,
                    message.to_owned(),
                    &checks::IDENTITY,
                    "no such user with this password".to_owned(),
                )
            }
            Self::UnknownScope => {
                // Assumed: the text of IAM for what one may not know of.
                let message = "The request you have made requires authentication.";
                (
                    StatusCode::UNAUTHORIZED,
                    message.to_owned(),
                    &checks::IDENTITY,
                    "the scope is not the user's account".to_owned(),
                )
            }
        }
    }
}

impl From<IamError> for ApiAnswer {
    fn from(error: IamError) -> Self {
        let (status, message, check, saw) = error.parts();
        let title = status.canonical_reason();
        let body = json!({ "error": { "code": status.as_u16(), "message": message, "title": title } });
        let outcome = Outcome::IamRefused(check, body.to_string(), saw);
        Self::of_iam(None, outcome, Identity { status, subject_token: None })
    }
}
