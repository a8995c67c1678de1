//! `/_sim/clock`: the time of a space.

use axum::Json;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::error::ControlError;
use super::target::{Target, Text};
use crate::fixture::call::{self, ClockChange};
use crate::simulator::{Clock, machine_time};

pub(super) async fn tell(Target(space): Target) -> Json<Value> {
    Json(setting(&space.era().clock))
}

pub(super) async fn change(Target(space): Target, Text(text): Text) -> Result<Json<Value>, ControlError> {
    let era = space.era();
    match call::clock(&text)? {
        ClockChange::Advance(by) => era.clock.advance(SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX)),
        ClockChange::Freeze(freeze) => era.clock.freeze(freeze),
        ClockChange::Set(time) => era.clock.set(time),
        ClockChange::Reset => era.clock.reset(),
    }
    Ok(Json(setting(&era.clock)))
}

fn setting(clock: &Clock) -> Value {
    let now = clock.now();
    let ahead = now.duration_since(machine_time()).as_millis();
    json!({ "now": now.to_string(), "frozen": clock.is_frozen(), "ahead_ms": i64::try_from(ahead).unwrap_or(i64::MAX) })
}
