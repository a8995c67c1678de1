//! IAM's answers, with its own form of errors.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::domain::check::{self, Check};
use crate::domain::settings::Wire;
use crate::http::answer::Answer;
use crate::simulator::Ruling;

static X_SUBJECT_TOKEN: HeaderName = HeaderName::from_static("x-subject-token");

/// What IAM answers when it knows who somebody is.
pub(super) struct Identified {
    pub(super) caller: Arc<str>,
    /// The check that said so.
    pub(super) by: &'static Check,
    pub(super) body: Value,
    pub(super) asked_body: Bytes,
    pub(super) subject_token: Option<HeaderValue>,
}

impl IntoResponse for Identified {
    fn into_response(self) -> Response {
        // A new token is a thing created.
        let status = if self.subject_token.is_some() { StatusCode::CREATED } else { StatusCode::OK };
        let body = self.body.to_string();
        let mut response = (status, Json(self.body)).into_response();
        if let Some(token) = self.subject_token {
            response.headers_mut().insert(X_SUBJECT_TOKEN.clone(), token);
        }
        let answer = Answer::to(self.caller, self.asked_body, Ruling::Identified(self.by, body), Wire::default());
        response.extensions_mut().insert(Arc::new(answer));
        response
    }
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
                (StatusCode::UNAUTHORIZED, message.clone(), &check::AUTHENTICATED, message)
            }
            Self::BadRequest(saw) => {
                (StatusCode::BAD_REQUEST, "The request body is invalid".to_owned(), &check::IDENTITY, saw.clone())
            }
            Self::WrongPassword => {
                let message = "The username or password is wrong.";
                (
                    StatusCode::UNAUTHORIZED,
                    message.to_owned(),
                    &check::IDENTITY,
                    "no such user with this password".to_owned(),
                )
            }
            Self::UnknownScope => {
                // Assumed: the text of IAM for what one may not know of.
                let message = "The request you have made requires authentication.";
                (
                    StatusCode::UNAUTHORIZED,
                    message.to_owned(),
                    &check::IDENTITY,
                    "the scope is not the user's account".to_owned(),
                )
            }
        }
    }
}

impl IntoResponse for IamError {
    fn into_response(self) -> Response {
        let (status, message, check, saw) = self.parts();
        let title = status.canonical_reason();
        let body = json!({ "error": { "code": status.as_u16(), "message": &message, "title": title } });
        let answer = Answer::new(Ruling::NotIdentified(check, body.to_string(), saw));
        let mut response = (status, Json(body)).into_response();
        response.extensions_mut().insert(Arc::new(answer));
        response
    }
}
