//! `/_sim/world` and `/_sim/reset`: all of a space at once.

use axum::Json;
use axum::http::StatusCode;
use serde_json::Value;

use super::error::ControlError;
use super::operation::{Body, Operation, OperationResponse};
use super::spaces::{self, credentials};
use super::target::{Fixture, Target};
use crate::fixture::{call, schema, write};
use crate::http::openapi::JSON;

pub(super) const TELL: Operation = Operation {
    id: "getWorld",
    summary: "All of a space, as a scenario",
    answers: &[OperationResponse::json(StatusCode::OK, "The scenario.", schema::SCENARIO)],
    ..Operation::IN_SPACE
};

pub(super) async fn tell(Target(space): Target) -> Json<Value> {
    Json(write::world(&space.scenario(), &space.state().snapshot()))
}

pub(super) const REPLACE: Operation = Operation {
    id: "replaceWorld",
    summary: "Makes a space begin again from a scenario",
    body: Some(Body {
        media_types: &[JSON, "application/yaml"],
        ..Body::json(
            schema::SCENARIO,
            &[r#"{"partners":[{"id":"p-1","name":"demo","xaccount_type":"DEMO_IDP","credentials":{"tokens":["t"]}}]}"#],
        )
    }),
    answers: &[OperationResponse::json(
        StatusCode::OK,
        "The space, with what a client needs in order to call in it.",
        spaces::space,
    )],
    ..Operation::IN_SPACE
};

pub(super) async fn replace(Target(space): Target, Fixture(text): Fixture) -> Result<Json<Value>, ControlError> {
    let scenario = call::world(&text)?;
    space.replace(scenario.name.into(), &scenario.world);
    Ok(Json(credentials(&space)))
}

pub(super) const RESET: Operation = Operation {
    id: "resetSpace",
    summary: "Takes a space back to its beginning",
    answers: &[OperationResponse::json(
        StatusCode::OK,
        "The space, with what a client needs in order to call in it.",
        spaces::space,
    )],
    ..Operation::IN_SPACE
};

pub(super) async fn reset(Target(space): Target) -> Json<Value> {
    space.reset();
    Json(credentials(&space))
}
