//! `/_sim/spaces`: isolated worlds for tests that run side by side.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Value, json};

use super::error::{ControlError, Kind};
use super::operation::{Body, Operation, OperationResponse};
use super::target::{Named, Text, find};
use crate::domain::account::Partner;
use crate::domain::credentials::Secret;
use crate::fixture::call::{self, NewSpace};
use crate::fixture::schema;
use crate::http::App;
use crate::http::openapi::{array, component, object, or_null, text, time};
use crate::simulator::{Space, SpaceId};

pub(super) const LIST: Operation = Operation {
    id: "listSpaces",
    summary: "The spaces that there are",
    answers: &[OperationResponse::json(StatusCode::OK, "All of them.", outlines)],
    ..Operation::DEFAULT
};

pub(super) async fn list(State(app): State<Arc<App>>) -> Json<Value> {
    let spaces: Vec<_> = app.spaces.list().iter().map(|space| outline(space)).collect();
    Json(json!({ "spaces": spaces }))
}

pub(super) const CREATE: Operation = Operation {
    id: "createSpace",
    summary: "Creates an isolated world, with fresh credentials for its partners",
    description: "A client that calls with them is in that space: it needs no header. Without a body the space starts \
        from the scenario `default`.",
    body: Some(Body { is_required: false, ..Body::json(schema::NEW_SPACE, &[r#"{"scenario":"default"}"#]) }),
    answers: &[OperationResponse::json(
        StatusCode::CREATED,
        "The space, with what a client needs in order to call in it.",
        space,
    )],
    refuses: &[Kind::NotFound],
    ..Operation::DEFAULT
};

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

pub(super) const TELL: Operation = Operation {
    id: "getSpace",
    summary: "What a client needs in order to call in a space",
    names: "The ID of the space.",
    answers: &[OperationResponse::json(StatusCode::OK, "The space.", space)],
    ..Operation::DEFAULT
};

pub(super) async fn tell(State(app): State<Arc<App>>, Named(id): Named) -> Result<Json<Value>, ControlError> {
    Ok(Json(credentials(&*find(&app, &id)?)))
}

pub(super) const REMOVE: Operation = Operation {
    id: "deleteSpace",
    summary: "Deletes a space",
    names: "The ID of the space; the default one stays.",
    answers: &[OperationResponse::empty("It is gone.")],
    refuses: &[Kind::Conflict],
    ..Operation::DEFAULT
};

pub(super) async fn remove(State(app): State<Arc<App>>, Named(id): Named) -> Result<StatusCode, ControlError> {
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
        "created": space.created_at().to_string(),
        "last_used": space.last_used_at().to_string(),
    })
}

/// What a client needs in order to call in a space.
pub(super) fn credentials(space: &Space) -> Value {
    let accounts = space.state().accounts();
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
        "partners": accounts.partners.iter().map(partner).collect::<Vec<_>>(),
    })
}

fn outlines(_: &mut SchemaGenerator) -> Schema {
    let outline = object([
        ("id", text("Its ID.")),
        ("scenario", text("What it starts from.")),
        ("created", time("When it was made.")),
        ("last_used", time("When it was last called in.")),
    ]);
    object([("spaces", array("The spaces.", outline))])
}

/// The schema of what a client needs in order to call in a space.
pub(super) fn space(generator: &mut SchemaGenerator) -> Schema {
    let partner = object([
        ("name", text("Its name in the scenario.")),
        ("id", text("The account (domain) ID.")),
        ("xaccount_type", text("The platform ID.")),
        ("token", or_null(text("The first token: a value of `X-Auth-Token`."))),
        ("ak", or_null(text("The first access key's ID."))),
        ("sk", or_null(text("Its secret."))),
    ]);
    let space = object([
        ("id", text("Its ID: a value of `X-Sim-Space`.")),
        ("scenario", text("What it starts from.")),
        ("partners", array("Its partners.", partner)),
    ]);
    component(generator, "Space", space)
}
