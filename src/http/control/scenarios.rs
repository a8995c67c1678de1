//! `/_sim/scenarios`: the scenarios that spaces can start from, the schema of their format, and reading their files again.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::error::Result;
use super::extract::{PathName, Status};
use crate::fixture::{Problem, ReloadDiff, json_schema};
use crate::http::{App, Reload};

/// The scenarios that spaces can start from.
#[derive(Serialize, JsonSchema)]
pub struct ScenarioList {
    scenarios: Vec<ScenarioSummary>,
}

#[derive(Serialize, JsonSchema)]
struct ScenarioSummary {
    name: String,
    /// What it shows.
    description: String,
}

/// A scenario with its file.
#[derive(Serialize, JsonSchema)]
pub struct ScenarioBody {
    #[serde(flatten)]
    summary: ScenarioSummary,
    /// Its file.
    yaml: Option<String>,
}

pub async fn list(State(app): State<Arc<App>>) -> Json<ScenarioList> {
    let library = app.library();
    let summary = |name: &str| {
        let description = library.scenario(name).map(|scenario| scenario.description.clone());
        ScenarioSummary { name: name.to_owned(), description: description.unwrap_or_default() }
    };
    Json(ScenarioList { scenarios: library.names().map(summary).collect() })
}

pub async fn get(State(app): State<Arc<App>>, PathName(name): PathName) -> Result<Json<ScenarioBody>> {
    let library = app.library();
    let description = library.scenario(&name)?.description.clone();
    let yaml = library.source(&name).map(|source| source.text.clone());
    Ok(Json(ScenarioBody { summary: ScenarioSummary { name, description }, yaml }))
}

/// A document in JSON.
#[derive(Serialize, JsonSchema)]
#[serde(transparent)]
pub struct JsonDocument(#[schemars(with = "Map<String, Value>")] pub Value);

pub async fn get_schema() -> Json<JsonDocument> {
    Json(JsonDocument(json_schema().into()))
}

/// The most mistakes of all files together that an answer has.
const MAX_MISTAKES: usize = 1000;

/// What a reload changed.
#[derive(Serialize, JsonSchema)]
pub struct ReloadBody {
    #[serde(flatten)]
    diff: ReloadDiff,
    /// The IDs of the spaces that have begun again.
    restarted: Vec<String>,
}

/// What a reload changed, and what is wrong in the files. What was known of those stays.
#[derive(Serialize, JsonSchema)]
pub struct ReloadErrorBody {
    #[schemars(extend("const" = "invalid"))]
    error: &'static str,
    /// Every mistake, at its place, but no more than 100 of a file.
    detail: Vec<FileMistake>,
    /// The files with more mistakes than are listed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    more: Vec<String>,
    #[serde(flatten)]
    reload: ReloadBody,
}

#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum FileMistake {
    Mistake {
        file: String,
        #[serde(flatten)]
        mistake: Problem,
    },
    Unreadable {
        /// The file or directory that cannot be read.
        file: PathBuf,
        /// The reason.
        message: String,
    },
}

pub async fn reload(State(app): State<Arc<App>>) -> Result<Json<ReloadBody>, Status<422, ReloadErrorBody>> {
    let Reload { mut diff, restarted } = app.scenarios.reload().await;
    let errors = std::mem::take(&mut diff.errors);
    let reload = ReloadBody { diff, restarted: restarted.iter().map(ToString::to_string).collect() };
    if errors.is_empty() {
        return Ok(Json(reload));
    }
    let unreadable = errors.unreadable.into_iter().map(|(file, message)| FileMistake::Unreadable { file, message });
    let problems = errors.problems.into_iter();
    let mistakes = problems.map(|mistake| FileMistake::Mistake { file: mistake.file.clone(), mistake });
    let detail = unreadable.chain(mistakes).take(MAX_MISTAKES).collect();
    Err(Status(ReloadErrorBody { error: "invalid", detail, more: errors.with_more, reload }))
}
