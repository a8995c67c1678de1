//! `/_sim/partners`: the partners of a space.

use axum::Json;
use axum::http::StatusCode;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Value, json};

use super::error::{ControlError, Kind};
use super::listing::{Written, created, named_in_path, removed, unknown, with_name};
use super::operation::{Body, Operation, OperationResponse};
use super::target::{Named, Target, Text};
use crate::fixture::{call, schema, write};
use crate::http::openapi::{array, object};

/// What the name in the path is.
const NAMES: &str = "The name of the partner.";

pub(super) const LIST: Operation = Operation {
    id: "listPartners",
    summary: "The partners of a space",
    answers: &[OperationResponse::json(StatusCode::OK, "All of them.", partners)],
    ..Operation::IN_SPACE
};

pub(super) async fn list(Target(space): Target) -> Json<Value> {
    let partners: Vec<_> = space.state().accounts().partners.iter().map(|partner| write::partner(partner)).collect();
    Json(json!({ "partners": partners }))
}

pub(super) const TELL: Operation = Operation {
    id: "getPartner",
    summary: "One partner",
    names: NAMES,
    answers: &[OperationResponse::json(StatusCode::OK, "The partner, as in a scenario.", schema::PARTNER)],
    ..Operation::IN_SPACE
};

pub(super) async fn tell(Target(space): Target, Named(name): Named) -> Result<Json<Value>, ControlError> {
    let accounts = space.state().accounts();
    accounts.partner(&name).map(|partner| Json(write::partner(partner))).ok_or_else(|| unknown("partner"))
}

pub(super) const PUT: Operation = Operation {
    id: "putPartner",
    summary: "Creates or replaces a partner",
    names: NAMES,
    body: Some(Body {
        is_required: false,
        ..Body::json(named, &[r#"{"id":"third-account","xaccount_type":"THIRD_IDP"}"#])
    }),
    answers: &[
        OperationResponse::json(StatusCode::OK, "The partner that took the place of another.", schema::PARTNER),
        OperationResponse::json(StatusCode::CREATED, "The new partner.", schema::PARTNER),
    ],
    refuses: &[Kind::Conflict],
    ..Operation::IN_SPACE
};

pub(super) async fn put(Target(space): Target, Named(name): Named, Text(text): Text) -> Written {
    let partner = call::partner(with_name(&text, "name", &name)?, &name)?;
    let (state, name) = (space.state(), partner.name.clone());
    let was_there = state.put_partner(partner)?;
    let accounts = state.accounts();
    let partner = accounts.partner(&name).ok_or_else(|| unknown("partner"))?;
    Ok((created(was_there), Json(write::partner(partner))))
}

pub(super) const REMOVE: Operation = Operation {
    id: "deletePartner",
    summary: "Deletes a partner",
    names: NAMES,
    answers: &[OperationResponse::empty("It is gone.")],
    refuses: &[Kind::Conflict],
    ..Operation::IN_SPACE
};

pub(super) async fn remove(Target(space): Target, Named(name): Named) -> Result<StatusCode, ControlError> {
    removed(space.state().remove_partner(&name)?, "partner")
}

fn partners(generator: &mut SchemaGenerator) -> Schema {
    object([("partners", array("The partners.", schema::PARTNER(generator)))])
}

fn named(generator: &mut SchemaGenerator) -> Schema {
    named_in_path(generator, schema::PARTNER, "name")
}
