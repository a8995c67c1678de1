//! `/_sim/customers`: the customers of a space, and their reviews.

use axum::Json;
use axum::http::StatusCode;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Value, json};

use super::error::{ControlError, Kind};
use super::listing::{Written, created, named_in_path, removed, unknown, with_name};
use super::operation::{Body, Operation, OperationResponse};
use super::target::{Named, Target, Text};
use crate::domain::account::{Customer, CustomerId};
use crate::fixture::{call, schema, write};
use crate::http::openapi::{array, object};
use crate::simulator::SpaceState;

/// What the name in the path is.
const NAMES: &str = "The account ID of the customer.";

pub(super) const LIST: Operation = Operation {
    id: "listCustomers",
    summary: "The customers of a space",
    answers: &[OperationResponse::json(StatusCode::OK, "All of them.", customers)],
    ..Operation::IN_SPACE
};

pub(super) async fn list(Target(space): Target) -> Json<Value> {
    let state = space.state();
    let customers: Vec<_> = state.customers().iter().map(|(id, customer)| written(&state, id, customer)).collect();
    Json(json!({ "customers": customers }))
}

pub(super) const TELL: Operation = Operation {
    id: "getCustomer",
    summary: "One customer",
    names: NAMES,
    answers: &[OperationResponse::json(StatusCode::OK, "The customer, as in a scenario.", schema::CUSTOMER)],
    ..Operation::IN_SPACE
};

pub(super) async fn tell(Target(space): Target, Named(id): Named) -> Result<Json<Value>, ControlError> {
    let (state, id) = (space.state(), CustomerId::new(&id));
    let customer = state.customer(&id).ok_or_else(|| unknown("customer"))?;
    Ok(Json(written(&state, &id, &customer)))
}

pub(super) const PUT: Operation = Operation {
    id: "putCustomer",
    summary: "Creates or replaces a customer",
    names: NAMES,
    body: Some(Body { is_required: false, ..Body::json(named, &[r#"{"partner":"demo-partner"}"#]) }),
    answers: &[
        OperationResponse::json(StatusCode::OK, "The customer that took the place of another.", schema::CUSTOMER),
        OperationResponse::json(StatusCode::CREATED, "The new customer.", schema::CUSTOMER),
    ],
    refuses: &[Kind::Conflict],
    ..Operation::IN_SPACE
};

pub(super) async fn put(Target(space): Target, Named(id): Named, Text(text): Text) -> Written {
    let text = with_name(&text, "id", &id)?;
    let (id, customer, credentials) = call::customer(text, &id)?;
    let state = space.state();
    let (customer, was_there) = state.put_customer(&id, customer, &credentials)?;
    Ok((created(was_there), Json(written(&state, &id, &customer))))
}

pub(super) const REMOVE: Operation = Operation {
    id: "deleteCustomer",
    summary: "Deletes a customer",
    names: NAMES,
    answers: &[OperationResponse::empty("It is gone.")],
    ..Operation::IN_SPACE
};

pub(super) async fn remove(Target(space): Target, Named(id): Named) -> Result<StatusCode, ControlError> {
    removed(space.state().remove_customer(&CustomerId::new(&id)), "customer")
}

pub(super) const REVIEW: Operation = Operation {
    id: "reviewCustomer",
    summary: "Decides the review that a customer is under",
    names: NAMES,
    body: Some(Body::json(
        schema::REVIEW,
        &[r#"{"decision":"approve"}"#, r#"{"decision":"reject","opinion":"The picture is blurred."}"#],
    )),
    answers: &[OperationResponse::json(StatusCode::OK, "The customer, as in a scenario.", schema::CUSTOMER)],
    refuses: &[Kind::Conflict],
    ..Operation::IN_SPACE
};

pub(super) async fn review(
    Target(space): Target,
    Named(id): Named,
    Text(text): Text,
) -> Result<Json<Value>, ControlError> {
    let (verdict, opinion) = call::review(&text)?;
    let (state, id) = (space.state(), CustomerId::new(&id));
    let customer = state.review(&id, verdict, opinion.map(Into::into))?;
    Ok(Json(written(&state, &id, &customer)))
}

fn written(state: &SpaceState, id: &CustomerId, customer: &Customer) -> Value {
    write::customer(id, customer, &state.accounts().customer_credentials(id))
}

fn customers(generator: &mut SchemaGenerator) -> Schema {
    object([("customers", array("The customers.", schema::CUSTOMER(generator)))])
}

fn named(generator: &mut SchemaGenerator) -> Schema {
    named_in_path(generator, schema::CUSTOMER, "id")
}
