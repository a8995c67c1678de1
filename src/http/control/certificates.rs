//! `/_sim/certificates`: the certificates of a space, with the customers who hold them.

use std::collections::BTreeSet;

use axum::Json;
use axum::http::StatusCode;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Value, json};

use super::error::ControlError;
use super::listing::{Written, created, named_in_path, removed, unknown, with_name};
use super::operation::{Body, Operation, OperationResponse};
use super::target::{Named, Target, Text};
use crate::domain::certificate::{Certificate, CertificateNumber};
use crate::fixture::{call, schema, write};
use crate::http::openapi::{array, object};

/// What the name in the path is.
const NAMES: &str = "The certificate number.";

pub(super) const LIST: Operation = Operation {
    id: "listCertificates",
    summary: "The certificates of a space",
    answers: &[OperationResponse::json(StatusCode::OK, "All of them.", certificates)],
    ..Operation::IN_SPACE
};

pub(super) async fn list(Target(space): Target) -> Json<Value> {
    let world = write::world("", &space.state().snapshot());
    Json(json!({ "certificates": world["certificates"] }))
}

pub(super) const TELL: Operation = Operation {
    id: "getCertificate",
    summary: "One certificate",
    names: NAMES,
    answers: &[OperationResponse::json(StatusCode::OK, "The certificate, as in a scenario.", schema::CERTIFICATE)],
    ..Operation::IN_SPACE
};

pub(super) async fn tell(Target(space): Target, Named(number): Named) -> Result<Json<Value>, ControlError> {
    let (world, number) = (space.state().snapshot(), CertificateNumber::new(&number));
    let (listed, holders) = (world.certificates.get(&number), world.holders.get(&number));
    if listed.is_none() && holders.is_none_or(BTreeSet::is_empty) {
        return Err(unknown("certificate"));
    }
    let unlisted = Certificate::default();
    Ok(Json(write::certificate(&number, listed.map_or(&unlisted, |listed| listed), holders.into_iter().flatten())))
}

pub(super) const PUT: Operation = Operation {
    id: "putCertificate",
    summary: "Creates or replaces a certificate",
    names: NAMES,
    body: Some(Body { is_required: false, ..Body::json(named, &[r#"{"blocked":true}"#]) }),
    answers: &[
        OperationResponse::json(StatusCode::OK, "The certificate that took the place of another.", schema::CERTIFICATE),
        OperationResponse::json(StatusCode::CREATED, "The new certificate.", schema::CERTIFICATE),
    ],
    ..Operation::IN_SPACE
};

pub(super) async fn put(Target(space): Target, Named(number): Named, Text(text): Text) -> Written {
    let (number, certificate, holders) = call::certificate(with_name(&text, "number", &number)?, &number)?;
    let value = write::certificate(&number, &certificate, holders.iter());
    let was_there = space.state().put_certificate(&number, certificate, holders);
    Ok((created(was_there), Json(value)))
}

pub(super) const REMOVE: Operation = Operation {
    id: "deleteCertificate",
    summary: "Deletes a certificate",
    names: NAMES,
    answers: &[OperationResponse::empty("It is gone.")],
    ..Operation::IN_SPACE
};

pub(super) async fn remove(Target(space): Target, Named(number): Named) -> Result<StatusCode, ControlError> {
    removed(space.state().remove_certificate(&CertificateNumber::new(&number)), "certificate")
}

fn certificates(generator: &mut SchemaGenerator) -> Schema {
    object([("certificates", array("The certificates.", schema::CERTIFICATE(generator)))])
}

fn named(generator: &mut SchemaGenerator) -> Schema {
    named_in_path(generator, schema::CERTIFICATE, "number")
}
