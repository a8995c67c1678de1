//! `/_sim/world` and `/_sim/reset`: all of a space at once.

use axum::Json;
use serde_json::Value;

use super::error::ControlError;
use super::spaces::credentials;
use super::target::{Fixture, Target};
use crate::fixture::{call, write};

pub(super) async fn tell(Target(space): Target) -> Json<Value> {
    Json(write::world(&space.scenario(), &space.era().snapshot()))
}

pub(super) async fn replace(Target(space): Target, Fixture(text): Fixture) -> Result<Json<Value>, ControlError> {
    let scenario = call::world(&text)?;
    space.replace(scenario.name.into(), &scenario.world);
    Ok(Json(credentials(&space)))
}

pub(super) async fn reset(Target(space): Target) -> Json<Value> {
    space.reset();
    Json(credentials(&space))
}
