//! `POST /_sim/reload`: scenario files are read again.

use std::path::Path;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::operation::{Operation, OperationResponse};
use crate::fixture::{LoadError, Problem, ReloadDiff};
use crate::http::openapi::{array, number, object, or_null, text, without};
use crate::http::{App, Reload};

pub(super) const RELOAD: Operation = Operation {
    id: "reloadScenarios",
    summary: "Reads the scenario files again",
    description: "What is good of them is taken up, file by file. The default space begins again if its scenario has \
        changed; other spaces go on as they are.",
    answers: &[
        OperationResponse::json(StatusCode::OK, "What is new.", news),
        OperationResponse::json(StatusCode::UNPROCESSABLE_ENTITY, "What is new, and what is wrong.", news_and_problems),
    ],
    ..Operation::DEFAULT
};

/// Says what was taken up; with what is wrong, in the form of an error.
pub(super) async fn reload(State(app): State<Arc<App>>) -> (StatusCode, Json<Value>) {
    let Reload { news: ReloadDiff { changed, added, removed, unchanged, errors: wrong }, restarted } =
        app.reload().await;
    let restarted: Vec<_> = restarted.iter().map(ToString::to_string).collect();
    let mut told = json!({
        "changed": changed, "added": added, "removed": removed, "unchanged": unchanged, "restarted": restarted,
    });
    if wrong.is_empty() {
        return (StatusCode::OK, Json(told));
    }
    told["error"] = "invalid".into();
    told["detail"] = detail(&wrong);
    (StatusCode::UNPROCESSABLE_ENTITY, Json(told))
}

fn news(_: &mut SchemaGenerator) -> Schema {
    object(lists())
}

fn news_and_problems(_: &mut SchemaGenerator) -> Schema {
    let problem = object([
        ("file", text("The file, or the directory that cannot be looked into.")),
        ("line", number("The line, from 1.")),
        ("column", number("The column of the line, from 1.")),
        ("key", text("What it is about, like `customers[0].partner`.")),
        ("message", text("What is wrong.")),
        ("hint", or_null(text("What would be right."))),
    ]);
    let problem = without(problem, &["line", "column", "key", "hint"]);
    let [changed, added, removed, unchanged, restarted] = lists();
    let error = ("error", json_schema!({ "const": "invalid" }));
    let detail = ("detail", array("Every mistake, at its place. What was known of its file stays.", problem));
    object([error, detail, changed, added, removed, unchanged, restarted])
}

fn lists() -> [(&'static str, Schema); 5] {
    [
        ("changed", array("Scenarios whose text is another one now.", text("A name."))),
        ("added", array("Scenarios that were in no file before.", text("A name."))),
        ("removed", array("Scenarios that are in no file any more.", text("A name."))),
        ("unchanged", number("How many scenarios of files are as they were.")),
        ("restarted", array("Spaces that have begun again.", text("An ID."))),
    ]
}

fn detail(wrong: &LoadError) -> Value {
    let unreadable = |(path, reason): &(_, String)| json!({ "file": AsRef::<Path>::as_ref(path), "message": reason });
    let problem = |Problem { file, line, column, key, message, hint, .. }: &Problem| json!({ "file": file, "line": line, "column": column, "key": key, "message": message, "hint": hint });
    wrong.unreadable.iter().map(unreadable).chain(wrong.problems.iter().map(problem)).collect()
}
