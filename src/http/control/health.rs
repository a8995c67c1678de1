//! `GET /_sim/livez` and `/_sim/readyz`. A server that answers at all is both: it listens only once its world is loaded.

use axum::Json;
use axum::http::StatusCode;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Value, json};

use super::operation::{Operation, OperationResponse};
use crate::http::openapi::{object, word};

pub(super) const ALIVE: Operation = Operation { id: "getLiveness", summary: "Whether it runs", ..HEALTH };

pub(super) const READY: Operation = Operation { id: "getReadiness", summary: "Whether it is ready", ..HEALTH };

const HEALTH: Operation = Operation {
    description: "Needs no control token. A server that answers at all is both.",
    answers: &[OperationResponse::json(StatusCode::OK, "It is.", schema)],
    ..Operation::DEFAULT
};

pub(super) async fn alive() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

fn schema(_: &mut SchemaGenerator) -> Schema {
    object([("status", word("That all is well.", &["ok"]))])
}
