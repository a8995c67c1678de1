//! `GET /_sim/scenarios`, one of them with its YAML, and the schema of their format.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::error::ControlError;
use crate::fixture::json_schema;
use crate::http::App;

pub(super) async fn list(State(app): State<Arc<App>>) -> Json<Value> {
    let library = app.library();
    let scenario = |name: &str| {
        let description = library.scenario(name).map(|scenario| scenario.description.clone());
        json!({ "name": name, "description": description.unwrap_or_default() })
    };
    Json(json!({ "scenarios": library.names().map(scenario).collect::<Vec<_>>() }))
}

pub(super) async fn tell(State(app): State<Arc<App>>, Path(name): Path<String>) -> Result<Json<Value>, ControlError> {
    let library = app.library();
    let scenario = library.scenario(&name)?;
    let yaml = library.text(&name);
    Ok(Json(json!({ "name": name, "description": scenario.description, "yaml": yaml })))
}

pub(super) async fn schema() -> Json<Value> {
    Json(json_schema().to_value())
}
