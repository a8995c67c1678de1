//! `GET /_sim/catalog`: every documented outcome, with all ways to get it now.

use std::sync::Arc;

use axum::Json;
use axum::http::StatusCode;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::explain::read;
use super::operation::{Operation, OperationResponse};
use super::record::basis;
use super::target::Target;
use crate::domain::bucket::Inspection;
use crate::domain::catalog::{DocumentedOutcome, ErrorCode};
use crate::domain::checks::Citation;
use crate::domain::rules::{Answer, Refusal};
use crate::fixture::{CatalogRow, catalog, schema};
use crate::http::openapi::{array, number, object, or_null, text};
use crate::simulator::SpaceState;

/// How many customers and certificates are tried for a request that gives an outcome.
const TRIED: usize = 100;

pub(super) const LIST: Operation = Operation {
    id: "listOutcomes",
    summary: "Every documented outcome, with all ways to get it now",
    answers: &[OperationResponse::json(StatusCode::OK, "The outcomes, in the page's order.", outcomes)],
    ..Operation::IN_SPACE
};

pub(super) async fn list(Target(space): Target) -> Json<Value> {
    let state = space.state();
    let requests = requests(&state).await;
    let row = |row: &CatalogRow| {
        let cause = |(check, citation): &(&str, Citation)| json!({ "check": check, "basis": citation.basis.as_str(), "source": citation.source });
        let request = requests.iter().find(|(outcome, _)| *outcome == row.outcome).map(|(_, request)| request);
        json!({
            "outcome": row.outcome.to_string(),
            "status": row.outcome.status(),
            "text": row.outcome.text(),
            "causes": row.causes.iter().map(cause).collect::<Vec<_>>(),
            "ways": { "scenario": row.scenario, "scripted": scripted(row.outcome), "request": request },
        })
    };
    Json(json!({ "outcomes": catalog().iter().map(row).collect::<Vec<_>>() }))
}

/// A script to post that gives the outcome to the next application.
fn scripted(outcome: DocumentedOutcome) -> Value {
    let then = match outcome {
        DocumentedOutcome::Accepted(review) => json!({ "is_review": review.number() }),
        DocumentedOutcome::Refused(code) => json!({ "error_code": code.code() }),
        DocumentedOutcome::Item(item) => {
            json!({ "error_code": ErrorCode::CheckItemsFailed.code(), "fail_check_items": [item.code()] })
        }
    };
    json!({ "times": 1, "then": then })
}

/// Requests of the first partner's that give this or that outcome as things stand: its customers and others, with
/// the listed certificates and a new one, with good and bad pictures.
async fn requests(state: &SpaceState) -> Vec<(DocumentedOutcome, Value)> {
    let accounts = state.accounts();
    let Some(partner) = accounts.partners.first() else { return Vec::new() };
    let world = state.snapshot();
    let customers = state.customers();
    let mut ids: Vec<_> = customers.keys().map(|id| id.as_str().to_owned()).take(TRIED).collect();
    ids.extend(["no-such-customer".to_owned(), partner.id.to_string()]);
    let mut numbers = vec!["E12345678".to_owned()];
    numbers.extend(world.certificates.keys().map(|number| number.as_str().to_owned()).take(TRIED));
    numbers[1..].sort_unstable();
    let pairs: Vec<_> = ids.iter().flat_map(|id| numbers.iter().map(move |number| (id, number))).collect();
    let mut found: Vec<(DocumentedOutcome, Value)> = Vec::new();
    for front in ["front.jpg", "front.txt"] {
        // Looked at once: a bucket may be far away.
        let mut pictures: Option<Inspection> = None;
        for (customer, number) in &pairs {
            let request = json!({
                "customer_id": customer,
                "identify_type": 0,
                "verified_type": 3,
                "verified_file_url": [front, "in-hand.jpg"],
                "name": "Wang Xiaoming",
                "verified_number": number,
                "xaccount_type": partner.xaccount_type,
            });
            let body = request.to_string();
            let Ok((partner, application)) = read(state, None, body.as_bytes()).application else { continue };
            let pictures = match &pictures {
                Some(pictures) => pictures.clone(),
                None => pictures.insert(state.inspect(&partner, &application).await).clone(),
            };
            let name = Arc::clone(&partner.name);
            let outcome = outcome(state.preview(partner, &application, pictures).answer);
            if let Some(outcome) = outcome.filter(|outcome| !found.iter().any(|(known, _)| known == outcome)) {
                found.push((outcome, json!({ "as": &*name, "request": request })));
            }
        }
    }
    let own = customers.keys().find_map(|id| accounts.customer_credentials(id).tokens.pop());
    if let Some(token) = own {
        found.push((
            DocumentedOutcome::Refused(ErrorCode::AccessDenied),
            json!({ "as": token.expose(), "request": {} }),
        ));
    }
    let empty = json!({ "as": &*partner.name, "request": {} });
    found.push((DocumentedOutcome::Refused(ErrorCode::ParameterError), empty));
    found
}

fn outcome(answer: Answer) -> Option<DocumentedOutcome> {
    match answer {
        Answer::Accept(review) => Some(DocumentedOutcome::Accepted(review)),
        Answer::Refuse(Refusal { code, items }) => {
            let mut items = items.iter();
            match (items.next(), items.next()) {
                (Some(item), None) => Some(DocumentedOutcome::Item(item)),
                _ => Some(DocumentedOutcome::Refused(code)),
            }
        }
        Answer::Gateway(_) | Answer::Fault(_) => None,
    }
}

fn outcomes(generator: &mut SchemaGenerator) -> Schema {
    let cause = object([
        ("check", text("The check or the rule that ends in it.")),
        ("basis", basis()),
        ("source", text("The page's words, or the reason of a choice.")),
    ]);
    let ways = object([
        ("scenario", or_null(text("The scenario that shows it."))),
        ("scripted", schema::SCRIPTED(generator)),
        (
            "request",
            or_null(object([
                ("as", text("A token or a partner's name.")),
                ("request", json_schema!({ "type": "object", "description": "The body of an application." })),
            ])),
        ),
    ]);
    let outcome = object([
        ("outcome", text("`is_review` with its number, an error code or a check item.")),
        ("status", number("The HTTP status.")),
        ("text", text("The page's words for it.")),
        ("causes", array("What ends in it.", cause)),
        ("ways", ways),
    ]);
    object([("outcomes", array("The outcomes.", outcome))])
}
