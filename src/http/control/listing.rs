//! What the listings of customers, partners and certificates have in common: things are put by the name in the path.

use axum::Json;
use axum::http::StatusCode;
use schemars::{Schema, SchemaGenerator};
use serde_json::Value;

use super::error::ControlError;
use crate::http::openapi::{SchemaOf, resolved, without};

/// What answers a thing that is put: the thing, and whether it is new.
pub(super) type Written = Result<(StatusCode, Json<Value>), ControlError>;

/// The body, which may leave out the name that is in the path, but not contradict it.
pub(super) fn with_name<'t>(text: &'t str, key: &str, name: &str) -> Result<&'t str, ControlError> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    let Ok(Value::Object(body)) = serde_json::from_str(text) else {
        return Err(ControlError::malformed("the body is no JSON object"));
    };
    match body.get(key) {
        Some(given) if given != name => Err(ControlError::malformed(format!("`{key}` is another one in the path"))),
        _ => Ok(text),
    }
}

/// The schema of such a body.
pub(super) fn named_in_path(generator: &mut SchemaGenerator, schema: SchemaOf, key: &str) -> Schema {
    let schema = schema(generator);
    without(resolved(generator, &schema), &[key])
}

pub(super) fn created(was_there: bool) -> StatusCode {
    if was_there { StatusCode::OK } else { StatusCode::CREATED }
}

pub(super) fn removed(was_there: bool, what: &str) -> Result<StatusCode, ControlError> {
    if was_there { Ok(StatusCode::NO_CONTENT) } else { Err(unknown(what)) }
}

pub(super) fn unknown(what: &str) -> ControlError {
    ControlError::not_found(format!("there is no such {what}"))
}
