//! `GET /_sim/scenarios`, one of them with its YAML, and the schema of their format.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Value, json};

use super::error::ControlError;
use super::operation::{Operation, OperationResponse};
use super::target::Named;
use crate::fixture::json_schema;
use crate::http::App;
use crate::http::openapi::{array, object, text};

pub(super) const LIST: Operation = Operation {
    id: "listScenarios",
    summary: "The scenarios that spaces can start from",
    answers: &[OperationResponse::json(StatusCode::OK, "All of them.", scenarios)],
    ..Operation::DEFAULT
};

pub(super) async fn list(State(app): State<Arc<App>>) -> Json<Value> {
    let library = app.library();
    let scenario = |name: &str| {
        let description = library.scenario(name).map(|scenario| scenario.description.clone());
        json!({ "name": name, "description": description.unwrap_or_default() })
    };
    Json(json!({ "scenarios": library.names().map(scenario).collect::<Vec<_>>() }))
}

pub(super) const TELL: Operation = Operation {
    id: "getScenario",
    summary: "One scenario, with its file",
    names: "The name of the scenario.",
    answers: &[OperationResponse::json(StatusCode::OK, "The scenario.", scenario)],
    ..Operation::DEFAULT
};

pub(super) async fn tell(State(app): State<Arc<App>>, Named(name): Named) -> Result<Json<Value>, ControlError> {
    let library = app.library();
    let scenario = library.scenario(&name)?;
    let yaml = library.text(&name);
    Ok(Json(json!({ "name": name, "description": scenario.description, "yaml": yaml })))
}

pub(super) const SCHEMA: Operation = Operation {
    id: "getScenarioSchema",
    summary: "The JSON Schema of scenario files",
    answers: &[OperationResponse::json(StatusCode::OK, "A schema of draft 2020-12.", any_object)],
    ..Operation::DEFAULT
};

pub(super) async fn schema() -> Json<Value> {
    Json(json_schema().to_value())
}

fn scenarios(_: &mut SchemaGenerator) -> Schema {
    let scenario = object([("name", text("Its name.")), ("description", text("What it shows."))]);
    object([("scenarios", array("The scenarios.", scenario))])
}

fn scenario(_: &mut SchemaGenerator) -> Schema {
    object([("name", text("Its name.")), ("description", text("What it shows.")), ("yaml", text("Its file."))])
}

/// Another document is an object, and what it says is its own matter.
pub(super) fn any_object(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({ "type": "object" })
}
