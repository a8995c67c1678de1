//! `/_sim/customers`, `/_sim/partners` and `/_sim/certificates`: the store, one by one.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::error::ControlError;
use super::target::{Target, Text};
use crate::domain::caller::Account;
use crate::domain::certificate::{Certificate, CertificateNumber};
use crate::domain::customer::{Customer, CustomerId};
use crate::domain::small_set::SmallSet;
use crate::fixture::{call, write};
use crate::simulator::Era;

type Written = Result<(StatusCode, Json<Value>), ControlError>;

pub(super) async fn customers(Target(space): Target) -> Json<Value> {
    let era = space.era();
    let customers: Vec<_> = era.customers().iter().map(|(id, customer)| written_customer(&era, id, customer)).collect();
    Json(json!({ "customers": customers }))
}

pub(super) async fn customer(Target(space): Target, Path(id): Path<String>) -> Result<Json<Value>, ControlError> {
    let (era, id) = (space.era(), CustomerId::new(&id));
    let customer = era.customer(&id).ok_or_else(|| unknown("customer"))?;
    Ok(Json(written_customer(&era, &id, &customer)))
}

pub(super) async fn put_customer(Target(space): Target, Path(id): Path<String>, Text(text): Text) -> Written {
    let text = with_name(&text, "id", &id)?;
    let (id, customer, credentials) = call::customer(&text)?;
    let era = space.era();
    let (customer, was_there) = era.put_customer(&id, customer, &credentials)?;
    Ok((created(was_there), Json(written_customer(&era, &id, &customer))))
}

pub(super) async fn remove_customer(Target(space): Target, Path(id): Path<String>) -> Result<StatusCode, ControlError> {
    removed(space.era().remove_customer(&CustomerId::new(&id)), "customer")
}

pub(super) async fn review(
    Target(space): Target,
    Path(id): Path<String>,
    Text(text): Text,
) -> Result<Json<Value>, ControlError> {
    let (verdict, opinion) = call::review(&text)?;
    let (era, id) = (space.era(), CustomerId::new(&id));
    let customer = era.review(&id, verdict, opinion.map(Into::into))?;
    Ok(Json(written_customer(&era, &id, &customer)))
}

pub(super) async fn partners(Target(space): Target) -> Json<Value> {
    let partners: Vec<_> = space.era().directory().partners.iter().map(|partner| write::partner(partner)).collect();
    Json(json!({ "partners": partners }))
}

pub(super) async fn partner(Target(space): Target, Path(name): Path<String>) -> Result<Json<Value>, ControlError> {
    let directory = space.era().directory();
    directory.partner(&name).map(|partner| Json(write::partner(partner))).ok_or_else(|| unknown("partner"))
}

pub(super) async fn put_partner(Target(space): Target, Path(name): Path<String>, Text(text): Text) -> Written {
    let partner = call::partner(&with_name(&text, "name", &name)?)?;
    let (era, name) = (space.era(), partner.name.clone());
    let was_there = era.put_partner(partner)?;
    let directory = era.directory();
    let partner = directory.partner(&name).ok_or_else(|| unknown("partner"))?;
    Ok((created(was_there), Json(write::partner(partner))))
}

pub(super) async fn remove_partner(
    Target(space): Target,
    Path(name): Path<String>,
) -> Result<StatusCode, ControlError> {
    removed(space.era().remove_partner(&name)?, "partner")
}

pub(super) async fn certificates(Target(space): Target) -> Json<Value> {
    let world = write::world("", &space.era().snapshot());
    Json(json!({ "certificates": world["certificates"] }))
}

pub(super) async fn certificate(
    Target(space): Target,
    Path(number): Path<String>,
) -> Result<Json<Value>, ControlError> {
    let (world, number) = (space.era().snapshot(), CertificateNumber::new(&number));
    let (listed, holders) = (world.certificates.get(&number), world.holders.get(&number));
    if listed.is_none() && holders.is_none_or(SmallSet::is_empty) {
        return Err(unknown("certificate"));
    }
    let unlisted = Certificate::default();
    Ok(Json(write::certificate(
        &number,
        listed.map_or(&unlisted, |listed| listed),
        holders.into_iter().flat_map(SmallSet::iter),
    )))
}

pub(super) async fn put_certificate(Target(space): Target, Path(number): Path<String>, Text(text): Text) -> Written {
    let (number, certificate, holders) = call::certificate(&with_name(&text, "number", &number)?)?;
    let value = write::certificate(&number, &certificate, holders.iter());
    let was_there = space.era().put_certificate(&number, certificate, holders);
    Ok((created(was_there), Json(value)))
}

pub(super) async fn remove_certificate(
    Target(space): Target,
    Path(number): Path<String>,
) -> Result<StatusCode, ControlError> {
    removed(space.era().remove_certificate(&CertificateNumber::new(&number)), "certificate")
}

fn written_customer(era: &Era, id: &CustomerId, customer: &Customer) -> Value {
    write::customer(id, customer, &era.directory().credentials(Account::Customer(id)))
}

/// The body with the name that is in the path, which it may leave out but not contradict.
fn with_name(text: &str, key: &str, name: &str) -> Result<String, ControlError> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    let Ok(Value::Object(mut body)) = serde_json::from_str(text) else {
        return Err(ControlError::malformed("the body is no JSON object"));
    };
    match body.insert(key.to_owned(), name.into()) {
        Some(given) if given != name => Err(ControlError::malformed(format!("`{key}` is another one in the path"))),
        _ => Ok(Value::Object(body).to_string()),
    }
}

fn created(was_there: bool) -> StatusCode {
    if was_there { StatusCode::OK } else { StatusCode::CREATED }
}

fn removed(was_there: bool, what: &str) -> Result<StatusCode, ControlError> {
    if was_there { Ok(StatusCode::NO_CONTENT) } else { Err(unknown(what)) }
}

fn unknown(what: &str) -> ControlError {
    ControlError::not_found(format!("there is no such {what}"))
}
