//! `/_sim/scripted`: answers fixed beforehand.

use std::sync::Arc;

use axum::Json;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::error::ControlError;
use super::target::{Target, Text};
use crate::domain::script::ScriptedAnswer;
use crate::fixture::{call, write};

pub(super) async fn list(Target(space): Target) -> Json<Value> {
    let uses = space.era().script.uses();
    let answer = |(place, (answer, used)): (usize, &(Arc<ScriptedAnswer>, usize))| {
        let left = answer.times.map(|times| times.saturating_sub(*used));
        json!({ "place": place, "used": used, "left": left, "scripted": write::scripted(answer) })
    };
    Json(json!({ "scripted": uses.iter().enumerate().map(answer).collect::<Vec<_>>() }))
}

pub(super) async fn add(Target(space): Target, Text(text): Text) -> Result<(StatusCode, Json<Value>), ControlError> {
    let answers = call::scripted(&text)?;
    let added = answers.len();
    let place = space.era().add_scripted(answers)?;
    Ok((StatusCode::CREATED, Json(json!({ "place": place, "added": added }))))
}

pub(super) async fn clear(Target(space): Target) -> StatusCode {
    space.era().script.clear();
    StatusCode::NO_CONTENT
}
