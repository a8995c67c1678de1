//! The errors of the control API: `{"error": "…", "detail": …}`.

use std::any::Any;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::fixture::{LoadError, Problem, UnknownScenario};
use crate::simulator::{ListingError, ReviewError};

/// Why a control call is refused.
pub(super) struct ControlError {
    status: StatusCode,
    error: &'static str,
    detail: Value,
}

impl ControlError {
    /// Something that the call names does not exist.
    pub(super) fn not_found(detail: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, error: "not_found", detail: Value::String(detail.into()) }
    }

    /// The call is not of the form that it has to have.
    pub(super) fn malformed(detail: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error: "malformed", detail: Value::String(detail.into()) }
    }

    /// The call is well-formed, but cannot be carried out as things stand.
    pub(super) fn conflict(detail: impl Into<String>) -> Self {
        Self { status: StatusCode::CONFLICT, error: "conflict", detail: Value::String(detail.into()) }
    }

    /// The call does not show the control token.
    pub(super) fn unauthorized() -> Self {
        let detail = "send `Authorization: Bearer` with the control token".into();
        Self { status: StatusCode::UNAUTHORIZED, error: "unauthorized", detail }
    }

    fn invalid(detail: Value) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, error: "invalid", detail }
    }
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.error, "detail": self.detail }))).into_response()
    }
}

impl From<LoadError> for ControlError {
    fn from(error: LoadError) -> Self {
        let problem = |Problem { line, column, key, message, hint, .. }: &Problem| json!({ "line": line, "column": column, "key": key, "message": message, "hint": hint });
        Self::invalid(error.problems.iter().map(problem).collect())
    }
}

impl From<UnknownScenario> for ControlError {
    fn from(error: UnknownScenario) -> Self {
        Self::not_found(error.to_string())
    }
}

impl From<ReviewError> for ControlError {
    fn from(error: ReviewError) -> Self {
        match error {
            ReviewError::UnknownCustomer => Self::not_found(error.to_string()),
            ReviewError::NotUnderReview(_) => Self::conflict(error.to_string()),
        }
    }
}

impl From<ListingError> for ControlError {
    fn from(error: ListingError) -> Self {
        match error {
            ListingError::UnknownPartner(_) => Self::invalid(error.to_string().into()),
            _ => Self::conflict(error.to_string()),
        }
    }
}

/// Answers when the simulator panics; the panic itself is logged by the process's hook.
pub(super) fn panicked(_panic: Box<dyn Any + Send>) -> Response {
    let detail = "a fault of the simulator: its log has the reason".into();
    ControlError { status: StatusCode::INTERNAL_SERVER_ERROR, error: "internal", detail }.into_response()
}

/// Answers for a path that is none of the control API's.
pub(super) async fn unknown_route() -> ControlError {
    ControlError::not_found("there is no such route below /_sim")
}

/// Answers for a method that the path does not have.
pub(super) async fn unknown_method() -> ControlError {
    ControlError::not_found("the route has no such method")
}
