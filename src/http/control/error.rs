//! The errors of the control API: `{"error": "…", "detail": …}`.

use std::any::Any;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use schemars::{Schema, json_schema};
use serde_json::{Map, Value, json};

use crate::fixture::{LoadError, Problem, UnknownScenario};
use crate::http::openapi::{JSON, array, number, object, or_null, response_of, text};
use crate::simulator::{ReviewError, UpdateError};

/// The kinds of refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Malformed,
    Unauthorized,
    NotFound,
    Conflict,
    Invalid,
    Internal,
}

impl Kind {
    const ALL: [Self; 6] =
        [Self::Malformed, Self::Unauthorized, Self::NotFound, Self::Conflict, Self::Invalid, Self::Internal];

    /// The status, the word for it, and when it is answered.
    const fn row(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Malformed => {
                (StatusCode::BAD_REQUEST, "malformed", "The call is not of the form that it has to have.")
            }
            Self::Unauthorized => {
                (StatusCode::UNAUTHORIZED, "unauthorized", "The call does not show the control token.")
            }
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found", "Something that the call names does not exist."),
            Self::Conflict => (StatusCode::CONFLICT, "conflict", "It cannot be carried out as things stand."),
            Self::Invalid => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid",
                "The body is not what is wanted here: all that is wrong with it.",
            ),
            Self::Internal => {
                (StatusCode::INTERNAL_SERVER_ERROR, "internal", "A fault of the simulator: its log has the reason.")
            }
        }
    }

    /// The HTTP status.
    pub(super) const fn status(self) -> StatusCode {
        self.row().0
    }

    /// The refusals as the document has them, by their words.
    pub(super) fn components() -> Map<String, Value> {
        let component = |kind: Self| {
            let (_, word, description) = kind.row();
            let detail = if kind == Self::Invalid { problems() } else { text("What is wrong, in a sentence.") };
            let error = object([("error", json_schema!({ "const": word })), ("detail", detail)]);
            (word.to_owned(), response_of(description, JSON, error))
        };
        Self::ALL.into_iter().map(component).collect()
    }

    /// Refers to the component.
    pub(super) fn reference(self) -> Value {
        json!({ "$ref": format!("#/components/responses/{}", self.row().1) })
    }
}

/// What is wrong with a body, as [`ControlError`] tells it.
fn problems() -> Schema {
    let problem = object([
        ("line", number("The line of the body, from 1.")),
        ("column", number("The column of the line, from 1.")),
        ("key", text("What it is about, like `customers[0].partner`.")),
        ("message", text("What is wrong.")),
        ("hint", or_null(text("What would be right."))),
    ]);
    json_schema!({ "oneOf": [array("Every mistake, at its place.", problem), text("What is wrong, in a sentence.")] })
}

/// Why a control call is refused.
pub(super) struct ControlError {
    kind: Kind,
    detail: Value,
}

impl ControlError {
    /// Something that the call names does not exist.
    pub(super) fn not_found(detail: impl Into<String>) -> Self {
        Self { kind: Kind::NotFound, detail: Value::String(detail.into()) }
    }

    /// The call is not of the form that it has to have.
    pub(super) fn malformed(detail: impl Into<String>) -> Self {
        Self { kind: Kind::Malformed, detail: Value::String(detail.into()) }
    }

    /// The call is well-formed, but cannot be carried out as things stand.
    pub(super) fn conflict(detail: impl Into<String>) -> Self {
        Self { kind: Kind::Conflict, detail: Value::String(detail.into()) }
    }

    /// The call does not show the control token.
    pub(super) fn unauthorized() -> Self {
        let detail = "send `Authorization: Bearer` with the control token".into();
        Self { kind: Kind::Unauthorized, detail }
    }

    fn invalid(detail: Value) -> Self {
        Self { kind: Kind::Invalid, detail }
    }
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        let (status, word, _) = self.kind.row();
        (status, Json(json!({ "error": word, "detail": self.detail }))).into_response()
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

impl From<UpdateError> for ControlError {
    fn from(error: UpdateError) -> Self {
        match error {
            UpdateError::UnknownPartner(_) => Self::invalid(error.to_string().into()),
            _ => Self::conflict(error.to_string()),
        }
    }
}

/// Answers when the simulator panics; the panic itself is logged by the process's hook.
pub(super) fn panicked(_panic: Box<dyn Any + Send>) -> Response {
    let detail = "a fault of the simulator: its log has the reason".into();
    ControlError { kind: Kind::Internal, detail }.into_response()
}

/// Answers for a path that is none of the control API's.
pub(super) async fn unknown_route() -> ControlError {
    ControlError::not_found("there is no such route below /_sim")
}

/// Answers for a method that the path does not have.
pub(super) async fn unknown_method() -> ControlError {
    ControlError::not_found("the route has no such method")
}
