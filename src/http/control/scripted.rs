//! `/_sim/scripted`: answers fixed beforehand.

use std::sync::Arc;

use axum::Json;
use axum::http::StatusCode;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Value, json};

use super::error::{ControlError, Kind};
use super::operation::{Body, Operation, OperationResponse};
use super::target::{Target, Text};
use crate::domain::scripted::ScriptedAnswer;
use crate::fixture::{call, schema, write};
use crate::http::openapi::{array, number, object, or_null};

pub(super) const LIST: Operation = Operation {
    id: "listScripted",
    summary: "The answers fixed beforehand, with the uses left",
    answers: &[OperationResponse::json(StatusCode::OK, "The answers, in the order in which they are tried.", answers)],
    ..Operation::IN_SPACE
};

pub(super) async fn list(Target(space): Target) -> Json<Value> {
    let uses = space.state().script.uses();
    let answer = |(place, (answer, used)): (usize, &(Arc<ScriptedAnswer>, usize))| {
        let left = answer.times.map(|times| times.saturating_sub(*used));
        json!({ "place": place, "used": used, "left": left, "scripted": write::scripted(answer) })
    };
    Json(json!({ "scripted": uses.iter().enumerate().map(answer).collect::<Vec<_>>() }))
}

pub(super) const ADD: Operation = Operation {
    id: "addScripted",
    summary: "Fixes answers beforehand, behind those that there are",
    body: Some(Body::json(
        schema::added_scripted,
        &[
            r#"{"times":1,"then":{"error_code":"CBC.0999"}}"#,
            r#"[{"when":{"customer_id":"customer-new"},"then":[{"gateway":"APIGW.0308"},{"is_review":0}]}]"#,
        ],
    )),
    answers: &[OperationResponse::json(StatusCode::CREATED, "Where they are.", added)],
    refuses: &[Kind::Conflict],
    ..Operation::IN_SPACE
};

pub(super) async fn add(Target(space): Target, Text(text): Text) -> Result<(StatusCode, Json<Value>), ControlError> {
    let answers = call::scripted(&text)?;
    let added = answers.len();
    let place = space.state().add_scripted(answers)?;
    Ok((StatusCode::CREATED, Json(json!({ "place": place, "added": added }))))
}

pub(super) const CLEAR: Operation = Operation {
    id: "clearScripted",
    summary: "Takes back all answers fixed beforehand",
    answers: &[OperationResponse::empty("They are gone.")],
    ..Operation::IN_SPACE
};

pub(super) async fn clear(Target(space): Target) -> StatusCode {
    space.state().script.clear();
    StatusCode::NO_CONTENT
}

fn answers(generator: &mut SchemaGenerator) -> Schema {
    let answer = object([
        ("place", number("Its place, from 0.")),
        ("used", number("How often it was given.")),
        ("left", or_null(number("How often it will still be given; `null`: for ever."))),
        ("scripted", schema::SCRIPTED(generator)),
    ]);
    object([("scripted", array("The answers.", answer))])
}

fn added(_: &mut SchemaGenerator) -> Schema {
    object([("place", number("The place of the first, from 0.")), ("added", number("How many they are."))])
}
