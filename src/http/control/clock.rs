//! `/_sim/clock`: the time of a space.

use axum::Json;
use axum::http::StatusCode;
use jiff::SignedDuration;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::error::ControlError;
use super::operation::{Body, Operation, OperationResponse};
use super::target::{Target, Text};
use crate::fixture::call::{self, ClockChange};
use crate::fixture::schema;
use crate::http::openapi::{flag, object, time};
use crate::simulator::{Clock, machine_time};

pub(super) const TELL: Operation = Operation {
    id: "getClock",
    summary: "The time of a space",
    answers: &[OperationResponse::json(StatusCode::OK, "The clock.", clock)],
    ..Operation::IN_SPACE
};

pub(super) async fn tell(Target(space): Target) -> Json<Value> {
    Json(setting(&space.state().clock))
}

pub(super) const CHANGE: Operation = Operation {
    id: "changeClock",
    summary: "Puts the clock of a space forward, stops it, sets it, or gives it back to the machine",
    description: "Expiry of tokens, reviews and journal times follow it; the date of a signature does not.",
    body: Some(Body::json(schema::CLOCK, &[r#"{"advance":"2h"}"#, r#"{"freeze":true}"#, r#"{"reset":true}"#])),
    answers: &[OperationResponse::json(StatusCode::OK, "The clock as it is now.", clock)],
    ..Operation::IN_SPACE
};

pub(super) async fn change(Target(space): Target, Text(text): Text) -> Result<Json<Value>, ControlError> {
    let state = space.state();
    match call::clock(&text)? {
        ClockChange::Advance(by) => state.clock.advance(SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX)),
        ClockChange::Freeze(freeze) => state.clock.freeze(freeze),
        ClockChange::Set(time) => state.clock.set(time),
        ClockChange::Reset => state.clock.reset(),
    }
    Ok(Json(setting(&state.clock)))
}

fn setting(clock: &Clock) -> Value {
    let now = clock.now();
    let ahead = now.duration_since(machine_time()).as_millis();
    json!({ "now": now.to_string(), "frozen": clock.is_frozen(), "ahead_ms": i64::try_from(ahead).unwrap_or(i64::MAX) })
}

fn clock(_: &mut SchemaGenerator) -> Schema {
    object([
        ("now", time("The time.")),
        ("frozen", flag("Whether it stands still.")),
        ("ahead_ms", json_schema!({ "type": "integer", "description": "How far it is ahead of the machine's." })),
    ])
}
