//! `GET /_sim`: what this is, and where to go.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use schemars::{Schema, SchemaGenerator};
use serde_json::{Value, json};

use super::guarded;
use super::open;
use super::operation::{Operation, OperationResponse};
use super::tls;
use crate::http::App;
use crate::http::CONTROL;
use crate::http::openapi::{array, number, object, text};
use crate::simulator::machine_time;

pub(super) const TELL: Operation = Operation {
    id: "getIndex",
    summary: "What this is, and where to go",
    answers: &[OperationResponse::json(StatusCode::OK, "The simulator.", schema)],
    ..Operation::DEFAULT
};

pub(super) async fn tell(State(app): State<Arc<App>>) -> Json<Value> {
    let began = app.spaces.started_at();
    Json(json!({
        "name": "bss-sim",
        "version": env!("CARGO_PKG_VERSION"),
        "uptime_seconds": machine_time().duration_since(began).as_secs(),
        "spaces": app.spaces.list().len(),
        "links": links(&app),
    }))
}

/// What can be asked for without naming anything.
fn links(app: &App) -> Vec<String> {
    let rows = guarded().rows.into_iter().chain(open().rows);
    let readable = rows.filter(|row| row.method == Method::GET && !row.path.contains('{') && row.path != "/");
    let there = readable.filter(|row| row.operation.id != tls::CA.id || app.control.ca.is_some());
    there.map(|row| format!("{CONTROL}{}", row.path)).collect()
}

fn schema(_: &mut SchemaGenerator) -> Schema {
    object([
        ("name", text("`bss-sim`")),
        ("version", text("Its version.")),
        ("uptime_seconds", number("How long it has been running.")),
        ("spaces", number("How many spaces there are.")),
        ("links", array("What else can be asked for.", text("A path."))),
    ])
}
