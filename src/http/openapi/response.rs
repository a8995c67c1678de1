//! Responses as the document tells of them. Every one has the ID of its request.

use serde_json::{Map, Value, json};

use super::schema::{number, pattern, text};

/// The media type of most answers.
pub(in crate::http) const JSON: &str = "application/json";

/// A response with nothing in it.
pub(in crate::http) fn response(description: &str) -> Value {
    json!({ "description": description, "headers": { "X-Request-Id": header("X-Request-Id") } })
}

/// A response with a body of this type.
pub(in crate::http) fn response_of(description: &str, media_type: &str, schema: impl Into<Value>) -> Value {
    let mut response = response(description);
    response["content"] = Value::Object(Map::from_iter([(media_type.to_owned(), json!({ "schema": schema.into() }))]));
    response
}

/// Refers to a header.
pub(super) fn header(name: &str) -> Value {
    json!({ "$ref": format!("#/components/headers/{name}") })
}

/// The headers that responses refer to.
pub(super) fn headers() -> Value {
    json!({
        "X-Request-Id": {
            "description": "The ID of the request; of the simulated service, its key in the journal.",
            "required": true,
            "schema": pattern("32 hexadecimal digits.", "^[0-9a-f]{32}$"),
        },
        "X-Subject-Token": { "description": "The new token.", "required": true, "schema": text("A token.") },
        "Server": { "description": "`api-gateway`, where the gateway answers.", "schema": text("A name.") },
        "Retry-After": { "description": "When to try again (assumed).", "schema": number("Seconds.") },
    })
}
