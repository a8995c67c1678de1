//! `/_sim/customers`, `/_sim/partners` and `/_sim/certificates`: what is in a space, in the form of a scenario.

use std::collections::BTreeSet;

use axum::Json;
use axum::response::NoContent;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::Value;

use super::error::ControlError;
use super::extract::{Body, InSpace, NamedBody, NamedRequestBody, PathName, Put, RequestBody};
use super::fixture_shape::{CertificateShape, CustomerShape, PartnerShape};
use crate::domain::account::{Customer, CustomerId, Partner, ReviewDecision};
use crate::domain::certificate::{Certificate, CertificateNumber};
use crate::domain::credentials::Credentials;
use crate::fixture::{LoadError, call, schema, write};
use crate::http::openapi::resolve;
use crate::simulator::SpaceState;

/// The customers of a space.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct CustomerList {
    customers: Vec<CustomerShape>,
}

/// A customer to be put, with its credentials.
pub(super) struct NewCustomer(CustomerId, Customer, Credentials);

impl NamedRequestBody for NewCustomer {
    const NAME: &str = "id";
    const EXAMPLE: &str = r#"{"partner":"demo-partner"}"#;

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        without_name(generator, schema::CUSTOMER, Self::NAME)
    }

    fn read(text: &str, id: &str) -> Result<Self, LoadError> {
        call::customer(text, id).map(|(id, customer, credentials)| Self(id, customer, credentials))
    }
}

pub(super) async fn list_customers(InSpace(space): InSpace) -> Json<CustomerList> {
    let state = space.state();
    let customers = state.customers();
    let customers = customers.iter().map(|(id, customer)| customer_shape(&state, id, customer));
    Json(CustomerList { customers: customers.collect() })
}

pub(super) async fn get_customer(
    InSpace(space): InSpace,
    PathName(id): PathName,
) -> Result<Json<CustomerShape>, ControlError> {
    let (state, id) = (space.state(), CustomerId::new(&id));
    let customer = state.customer(&id).ok_or_else(|| unknown("customer"))?;
    Ok(Json(customer_shape(&state, &id, &customer)))
}

pub(super) async fn put_customer(
    InSpace(space): InSpace,
    NamedBody(NewCustomer(id, customer, credentials)): NamedBody<NewCustomer>,
) -> Result<Put<CustomerShape>, ControlError> {
    let state = space.state();
    let (customer, was_there) = state.put_customer(&id, customer, &credentials)?;
    Ok(Put { is_new: !was_there, value: customer_shape(&state, &id, &customer) })
}

pub(super) async fn delete_customer(
    InSpace(space): InSpace,
    PathName(id): PathName,
) -> Result<NoContent, ControlError> {
    deleted(space.state().remove_customer(&CustomerId::new(&id)), "customer")
}

/// How a review is decided, with the reviewer's opinion.
pub(super) struct Review(ReviewDecision, Option<String>);

impl RequestBody for Review {
    const EXAMPLES: &[&str] =
        &[r#"{"decision":"approve"}"#, r#"{"decision":"reject","opinion":"The picture is blurred."}"#];

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        schema::REVIEW(generator)
    }

    fn read(text: &str) -> Result<Self, LoadError> {
        call::review(text).map(|(decision, opinion)| Self(decision, opinion))
    }
}

pub(super) async fn review_customer(
    InSpace(space): InSpace,
    PathName(id): PathName,
    Body(Review(decision, opinion)): Body<Review>,
) -> Result<Json<CustomerShape>, ControlError> {
    let (state, id) = (space.state(), CustomerId::new(&id));
    let customer = state.review(&id, decision, opinion.map(Into::into))?;
    Ok(Json(customer_shape(&state, &id, &customer)))
}

fn customer_shape(state: &SpaceState, id: &CustomerId, customer: &Customer) -> CustomerShape {
    CustomerShape(write::customer(id, customer, &state.accounts().customer_credentials(id)))
}

/// The partners of a space.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct PartnerList {
    partners: Vec<PartnerShape>,
}

impl NamedRequestBody for Partner {
    const NAME: &str = "name";
    const EXAMPLE: &str = r#"{"id":"third-account","xaccount_type":"THIRD_IDP"}"#;

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        without_name(generator, schema::PARTNER, Self::NAME)
    }

    fn read(text: &str, name: &str) -> Result<Self, LoadError> {
        call::partner(text, name)
    }
}

pub(super) async fn list_partners(InSpace(space): InSpace) -> Json<PartnerList> {
    let accounts = space.state().accounts();
    let partners = accounts.partners.iter().map(|partner| PartnerShape(write::partner(partner)));
    Json(PartnerList { partners: partners.collect() })
}

pub(super) async fn get_partner(
    InSpace(space): InSpace,
    PathName(name): PathName,
) -> Result<Json<PartnerShape>, ControlError> {
    partner_shape(&space.state(), &name).map(Json)
}

pub(super) async fn put_partner(
    InSpace(space): InSpace,
    NamedBody(partner): NamedBody<Partner>,
) -> Result<Put<PartnerShape>, ControlError> {
    let (state, name) = (space.state(), partner.name.clone());
    let was_there = state.put_partner(partner)?;
    Ok(Put { is_new: !was_there, value: partner_shape(&state, &name)? })
}

pub(super) async fn delete_partner(
    InSpace(space): InSpace,
    PathName(name): PathName,
) -> Result<NoContent, ControlError> {
    deleted(space.state().remove_partner(&name)?, "partner")
}

fn partner_shape(state: &SpaceState, name: &str) -> Result<PartnerShape, ControlError> {
    let accounts = state.accounts();
    accounts.partner(name).map(|partner| PartnerShape(write::partner(partner))).ok_or_else(|| unknown("partner"))
}

/// The certificates of a space.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct CertificateList {
    certificates: Vec<CertificateShape>,
}

/// A certificate to be put, with the customers who hold it.
pub(super) struct NewCertificate(CertificateNumber, Certificate, BTreeSet<CustomerId>);

impl NamedRequestBody for NewCertificate {
    const NAME: &str = "number";
    const EXAMPLE: &str = r#"{"blocked":true}"#;

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        without_name(generator, schema::CERTIFICATE, Self::NAME)
    }

    fn read(text: &str, number: &str) -> Result<Self, LoadError> {
        call::certificate(text, number).map(|(number, certificate, holders)| Self(number, certificate, holders))
    }
}

pub(super) async fn list_certificates(InSpace(space): InSpace) -> Json<CertificateList> {
    let mut world = write::world("", &space.state().snapshot());
    let Value::Array(certificates) = world["certificates"].take() else { unreachable!("a world has certificates") };
    Json(CertificateList { certificates: certificates.into_iter().map(CertificateShape).collect() })
}

pub(super) async fn get_certificate(
    InSpace(space): InSpace,
    PathName(number): PathName,
) -> Result<Json<CertificateShape>, ControlError> {
    let (world, number) = (space.state().snapshot(), CertificateNumber::new(&number));
    let (listed, holders) = (world.certificates.get(&number), world.holders.get(&number));
    if listed.is_none() && holders.is_none_or(BTreeSet::is_empty) {
        return Err(unknown("certificate"));
    }
    let unlisted = Certificate::default();
    let listed = listed.map_or(&unlisted, |listed| listed);
    Ok(Json(CertificateShape(write::certificate(&number, listed, holders.into_iter().flatten()))))
}

pub(super) async fn put_certificate(
    InSpace(space): InSpace,
    NamedBody(NewCertificate(number, certificate, holders)): NamedBody<NewCertificate>,
) -> Put<CertificateShape> {
    let value = CertificateShape(write::certificate(&number, &certificate, holders.iter()));
    let was_there = space.state().put_certificate(&number, certificate, holders);
    Put { is_new: !was_there, value }
}

pub(super) async fn delete_certificate(
    InSpace(space): InSpace,
    PathName(number): PathName,
) -> Result<NoContent, ControlError> {
    deleted(space.state().remove_certificate(&CertificateNumber::new(&number)), "certificate")
}

fn deleted(was_there: bool, what: &str) -> Result<NoContent, ControlError> {
    if was_there { Ok(NoContent) } else { Err(unknown(what)) }
}

fn unknown(what: &str) -> ControlError {
    ControlError::not_found(format!("there is no such {what}"))
}

/// The schema of a body that may leave out the name in the path.
fn without_name(generator: &mut SchemaGenerator, schema: fn(&mut SchemaGenerator) -> Schema, name: &str) -> Schema {
    let schema = schema(generator);
    let mut schema = resolve(generator, &schema);
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        required.retain(|key| key != name);
    }
    schema
}
