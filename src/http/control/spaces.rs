//! `/_sim/spaces`: isolated worlds for tests that run side by side.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::error::ControlError;
use super::target::{Text, find};
use crate::domain::credential::Secret;
use crate::domain::partner::Partner;
use crate::fixture::call::{self, NewSpace};
use crate::http::App;
use crate::simulator::{Space, SpaceId};

pub(super) async fn list(State(app): State<Arc<App>>) -> Json<Value> {
    let spaces: Vec<_> = app.spaces.all().iter().map(|space| outline(space)).collect();
    Json(json!({ "spaces": spaces }))
}

pub(super) async fn create(
    State(app): State<Arc<App>>,
    Text(text): Text,
) -> Result<(StatusCode, Json<Value>), ControlError> {
    let scenario = match call::new_space(&text)? {
        NewSpace::Scenario(name) => app.library().scenario(&name)?,
        NewSpace::Fixture(scenario) => scenario.into(),
    };
    let space = app.spaces.create(scenario.name.as_str().into(), &scenario.world);
    Ok((StatusCode::CREATED, Json(credentials(&space))))
}

pub(super) async fn tell(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Json<Value>, ControlError> {
    Ok(Json(credentials(&*find(&app, &id)?)))
}

pub(super) async fn remove(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<StatusCode, ControlError> {
    let space = find(&app, &id)?;
    if space.id() == SpaceId::DEFAULT {
        return Err(ControlError::conflict("the default space stays: reset it instead"));
    }
    if app.spaces.remove(space.id()) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ControlError::not_found("the space has gone meanwhile"))
    }
}

fn outline(space: &Space) -> Value {
    json!({
        "id": space.id().to_string(),
        "scenario": &*space.scenario(),
        "created": space.created().to_string(),
        "last_used": space.last_used().to_string(),
    })
}

/// What a client needs in order to call in a space.
pub(super) fn credentials(space: &Space) -> Value {
    let directory = space.era().directory();
    let partner = |partner: &Arc<Partner>| {
        let key = partner.credentials.access_keys.first();
        json!({
            "name": &*partner.name,
            "id": partner.id,
            "xaccount_type": partner.xaccount_type,
            "token": partner.credentials.tokens.first().map(Secret::expose),
            "ak": key.map(|key| &*key.ak),
            "sk": key.map(|key| key.sk.expose()),
        })
    };
    json!({
        "id": space.id().to_string(),
        "scenario": &*space.scenario(),
        "partners": directory.partners.iter().map(partner).collect::<Vec<_>>(),
    })
}
