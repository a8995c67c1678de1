//! The errors of the control API: `{"error": "…", "detail": …}`.

use std::any::Any;
use std::ops::Not;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::domain::excerpt;
use crate::fixture::{LoadError, Problem, UnknownScenario};
use crate::http::extract::DiscardedBody;
use crate::http::openapi::{Describe, ErrorResponse, JSON, response};
use crate::simulator::{ClockLimit, ReviewError, UpdateError};

pub const MALFORMED: ErrorResponse =
    error(StatusCode::BAD_REQUEST, "malformed", "The call does not have the form that it has to have.");
pub const UNAUTHORIZED: ErrorResponse =
    error(StatusCode::UNAUTHORIZED, "unauthorized", "The call does not show the control token.");
pub const FORBIDDEN: ErrorResponse = error(
    StatusCode::FORBIDDEN,
    "forbidden",
    "The call comes from a browser's page of another site, or was sent to a host that is not known to be the simulator.",
);
pub const NOT_FOUND: ErrorResponse =
    error(StatusCode::NOT_FOUND, "not_found", "Something that the call names does not exist.");
pub const UNKNOWN_METHOD: ErrorResponse =
    error(StatusCode::METHOD_NOT_ALLOWED, "unknown_method", "The route has no such method.");
pub const CONFLICT: ErrorResponse =
    error(StatusCode::CONFLICT, "conflict", "The call is in conflict with the current state of the space.");
pub const TOO_LARGE: ErrorResponse =
    error(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The body is longer than that of a request to the API may be.");
pub const INVALID: ErrorResponse = error(
    StatusCode::UNPROCESSABLE_ENTITY,
    "invalid",
    "The body is not what this call takes: everything that is wrong with it.",
);
pub const INTERNAL: ErrorResponse =
    error(StatusCode::INTERNAL_SERVER_ERROR, "internal", "A fault of the simulator: its log has the reason.");

const fn error(status: StatusCode, name: &'static str, description: &'static str) -> ErrorResponse {
    ErrorResponse { status, name, description }
}

/// Why a control call is refused.
pub struct ControlError {
    response: ErrorResponse,
    detail: ErrorDetail,
    has_more: bool,
}

/// Why a call was refused.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Error")]
struct ControlErrorBody {
    /// The kind of refusal.
    error: &'static str,
    detail: ErrorDetail,
    /// True if the body has more mistakes than are listed.
    #[serde(rename = "more", skip_serializing_if = "Not::not")]
    #[schemars(default)]
    has_more: bool,
}

#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum ErrorDetail {
    /// What is wrong, in a sentence.
    Sentence(String),
    /// Every mistake of a body, at its place, but no more than 100.
    Mistakes(Vec<Problem>),
}

/// What a handler answers, unless it refuses the call.
pub type Result<T, E = ControlError> = std::result::Result<T, E>;

impl ControlError {
    /// `detail` may have texts of the client: it is cut if it is long.
    pub fn new(response: ErrorResponse, detail: impl Into<String>) -> Self {
        let sentence = excerpt(&detail.into()).into_owned();
        Self { response, detail: ErrorDetail::Sentence(sentence), has_more: false }
    }

    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(NOT_FOUND, detail)
    }

    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(MALFORMED, detail)
    }
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        let Self { response: ErrorResponse { status, name, .. }, detail, has_more } = self;
        (status, Json(ControlErrorBody { error: name, detail, has_more })).into_response()
    }
}

impl From<LoadError> for ControlError {
    fn from(error: LoadError) -> Self {
        let has_more = !error.with_more.is_empty();
        Self { response: INVALID, detail: ErrorDetail::Mistakes(error.problems), has_more }
    }
}

impl From<UnknownScenario> for ControlError {
    fn from(error: UnknownScenario) -> Self {
        Self::not_found(error.to_string())
    }
}

impl From<ReviewError> for ControlError {
    fn from(error: ReviewError) -> Self {
        let response = match error {
            ReviewError::UnknownCustomer => NOT_FOUND,
            ReviewError::NotUnderReview(_) => CONFLICT,
        };
        Self::new(response, error.to_string())
    }
}

impl From<ClockLimit> for ControlError {
    fn from(limit: ClockLimit) -> Self {
        Self::new(INVALID, limit.to_string())
    }
}

impl From<UpdateError> for ControlError {
    fn from(error: UpdateError) -> Self {
        let response = if matches!(error, UpdateError::UnknownPartner(_)) { INVALID } else { CONFLICT };
        Self::new(response, error.to_string())
    }
}

/// Answers after a panic, which the process's hook has logged.
pub fn panicked(_panic: Box<dyn Any + Send>) -> Response {
    ControlError::new(INTERNAL, "a fault of the simulator: its log has the reason").into_response()
}

pub async fn unknown_path(_: DiscardedBody) -> ControlError {
    ControlError::not_found("here is the control API alone, below /_sim")
}

pub async fn unknown_route() -> ControlError {
    ControlError::not_found("there is no such route below /_sim")
}

pub async fn unknown_method(_: DiscardedBody) -> ControlError {
    ControlError::new(UNKNOWN_METHOD, "the route has no such method")
}

/// The extractors describe why they refuse.
impl Describe for ControlError {}

/// The responses of the document that refusals refer to, by their names.
pub fn responses(generator: &mut SchemaGenerator) -> Map<String, Value> {
    let error = generator.subschema_for::<ControlErrorBody>();
    let response = |ErrorResponse { name, description, .. }: ErrorResponse| {
        let named = json_schema!({ "properties": { "error": { "const": name } } });
        let schema: Schema = json_schema!({ "allOf": [error, named] });
        (name.to_owned(), response(description, JSON, &schema))
    };
    [MALFORMED, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, CONFLICT, TOO_LARGE, INVALID, INTERNAL]
        .map(response)
        .into_iter()
        .collect()
}
