//! `/_sim/scenarios`: the scenarios that spaces can start from, the schema of their format, and reading their files again.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::error::{ControlError, Mistake};
use super::extract::PathName;
use crate::fixture::{ReloadDiff, json_schema};
use crate::http::openapi::{Describe, JSON, OperationWriter};
use crate::http::{App, Reload};

/// The scenarios that spaces can start from.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct ScenarioList {
    scenarios: Vec<ScenarioSummary>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct ScenarioSummary {
    name: String,
    /// What it shows.
    description: String,
}

/// A scenario with its file.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct ScenarioBody {
    #[serde(flatten)]
    summary: ScenarioSummary,
    /// Its file.
    yaml: Option<String>,
}

pub(super) async fn list(State(app): State<Arc<App>>) -> Json<ScenarioList> {
    let library = app.library();
    let summary = |name: &str| {
        let description = library.scenario(name).map(|scenario| scenario.description.clone());
        ScenarioSummary { name: name.to_owned(), description: description.unwrap_or_default() }
    };
    Json(ScenarioList { scenarios: library.names().map(summary).collect() })
}

pub(super) async fn get(
    State(app): State<Arc<App>>,
    PathName(name): PathName,
) -> Result<Json<ScenarioBody>, ControlError> {
    let library = app.library();
    let description = library.scenario(&name)?.description.clone();
    let yaml = library.source(&name).map(|source| source.text.clone());
    Ok(Json(ScenarioBody { summary: ScenarioSummary { name, description }, yaml }))
}

/// A document in JSON.
#[derive(Serialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub(super) struct JsonDocument(pub(super) Map<String, Value>);

pub(super) async fn get_schema() -> Json<JsonDocument> {
    let schema = json_schema();
    Json(JsonDocument(schema.as_object().cloned().expect("the schema of an object is an object")))
}

/// What a reload changed.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct ReloadBody {
    /// The scenarios whose text has changed.
    changed: Vec<String>,
    /// The scenarios that were in no file before.
    added: Vec<String>,
    /// The scenarios that are in no file any more.
    removed: Vec<String>,
    /// How many scenarios of files are unchanged.
    unchanged: usize,
    /// The IDs of the spaces that have begun again.
    restarted: Vec<String>,
}

/// What a reload changed, and what is wrong in the files. What was known of those stays.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct ReloadErrorBody {
    #[serde(flatten)]
    reload: ReloadBody,
    #[schemars(extend("const" = "invalid"))]
    error: &'static str,
    /// Every mistake, at its place.
    detail: Vec<FileMistake>,
}

#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
enum FileMistake {
    Mistake {
        file: String,
        #[serde(flatten)]
        mistake: Mistake,
    },
    Unreadable {
        /// The file or directory that cannot be read.
        file: PathBuf,
        /// The reason.
        message: String,
    },
}

pub(super) async fn reload(State(app): State<Arc<App>>) -> Result<Json<ReloadBody>, ReloadErrorBody> {
    let Reload { news: ReloadDiff { changed, added, removed, unchanged, errors }, restarted } = app.reload().await;
    let restarted = restarted.iter().map(ToString::to_string).collect();
    let reload = ReloadBody { changed, added, removed, unchanged, restarted };
    if errors.is_empty() {
        return Ok(Json(reload));
    }
    let unreadable = errors.unreadable.into_iter().map(|(file, message)| FileMistake::Unreadable { file, message });
    let mistakes = errors
        .problems
        .into_iter()
        .map(|problem| FileMistake::Mistake { file: problem.file.clone(), mistake: problem.into() });
    Err(ReloadErrorBody { reload, error: "invalid", detail: unreadable.chain(mistakes).collect() })
}

impl IntoResponse for ReloadErrorBody {
    fn into_response(self) -> Response {
        (StatusCode::UNPROCESSABLE_ENTITY, Json(self)).into_response()
    }
}

impl Describe for ReloadErrorBody {
    fn describe(operation: &mut OperationWriter<'_>) {
        operation.response::<Self>(StatusCode::UNPROCESSABLE_ENTITY, JSON);
    }
}
