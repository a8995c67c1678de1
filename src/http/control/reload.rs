//! `POST /_sim/reload`: scenario files are read again.

use std::path::Path;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::fixture::{LoadError, News, Problem};
use crate::http::{App, Reload};

/// Says what was taken up; with what is wrong, in the form of an error.
pub(super) async fn reload(State(app): State<Arc<App>>) -> (StatusCode, Json<Value>) {
    let Reload { news: News { changed, added, removed, unchanged, wrong }, restarted } = app.reload().await;
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

fn detail(wrong: &LoadError) -> Value {
    let unreadable = |(path, reason): &(_, String)| json!({ "file": AsRef::<Path>::as_ref(path), "message": reason });
    let problem = |Problem { file, line, column, key, message, hint, .. }: &Problem| json!({ "file": file, "line": line, "column": column, "key": key, "message": message, "hint": hint });
    wrong.unreadable.iter().map(unreadable).chain(wrong.problems.iter().map(problem)).collect()
}
