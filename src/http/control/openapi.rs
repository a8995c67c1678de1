//! `GET /_sim/openapi.json`: all doors, described for machines.

use axum::Json;
use axum::http::StatusCode;
use serde_json::Value;

use super::operation::{Operation, OperationResponse};
use super::scenarios::any_object;
use crate::http::openapi::document;

pub(super) const TELL: Operation = Operation {
    id: "getDocument",
    summary: "This document",
    answers: &[OperationResponse::json(StatusCode::OK, "A document of OpenAPI 3.1.", any_object)],
    ..Operation::DEFAULT
};

pub(super) async fn tell() -> Json<Value> {
    Json(document())
}
