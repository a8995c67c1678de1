//! The simulator's own API, below `/_sim`.

mod health;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

pub(super) fn routes() -> Router {
    Router::new().route("/livez", get(health::alive)).route("/readyz", get(health::alive)).fallback(unknown)
}

async fn unknown() -> Response {
    let body = json!({ "error": "not_found", "detail": "there is no such route below /_sim" });
    (StatusCode::NOT_FOUND, Json(body)).into_response()
}
