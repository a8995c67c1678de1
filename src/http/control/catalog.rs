//! `GET /_sim/catalog`: every documented outcome, with all ways to get it now, and what else can be scripted; and
//! `GET /_sim/coverage`: which documented outcomes applications got.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::explain::preview;
use super::extract::{InSpace, InSpaces};
use crate::domain::{
    APPLICATION, Answer, Citation, DocumentedOutcome, ErrorCode, Fault, GatewayError, INDIVIDUAL, Inspection, Refusal,
    Step, gateway,
};
use crate::fixture::{CatalogRow, StepSpec, catalog};
use crate::http::App;
use crate::http::openapi::all_required;
use crate::http::parameters::decode_json;
use crate::simulator::{OutcomeCoverage, SpaceState};

/// The most customers, and the most certificates, that are tried in order to find sample requests.
const MAX_TRIED: usize = 100;

/// Every documented outcome, in the page's order, and what a script can do besides.
#[derive(Serialize, JsonSchema)]
pub struct OutcomeList {
    outcomes: Vec<CatalogOutcome>,
    /// The errors of the gateway in front of the API.
    gateway: Vec<UndocumentedAnswer>,
    /// The faults of the connection.
    faults: Vec<UndocumentedAnswer>,
}

/// A documented outcome, with all ways to get it now.
#[derive(Serialize, JsonSchema)]
struct CatalogOutcome {
    /// `is_review` with its number, an error code or a check item.
    outcome: String,
    /// The HTTP status.
    status: u16,
    /// The page's words for it.
    text: &'static str,
    /// What ends in it.
    causes: Vec<Cause>,
    ways: Ways,
}

/// What the API's page does not document, and a script gives.
#[derive(Serialize, JsonSchema)]
#[schemars(transform = all_required)]
struct UndocumentedAnswer {
    /// An error code of the gateway, or `fault` with its name.
    outcome: String,
    /// The HTTP status; `null` if no answer is sent as it is.
    status: Option<u16>,
    /// The message of the error, or what a client notices.
    text: &'static str,
    #[serde(flatten)]
    citation: Citation,
    scripted: SampleScript,
}

#[derive(Serialize, JsonSchema)]
struct Cause {
    /// The check or the rule that ends in it.
    check: &'static str,
    #[serde(flatten)]
    citation: Citation,
}

/// The ways to get an outcome.
#[derive(Serialize, JsonSchema)]
#[schemars(transform = all_required)]
struct Ways {
    /// The scenario that shows it.
    scenario: Option<String>,
    scripted: SampleScript,
    request: Option<SampleRequest>,
}

/// A script to post, which gives the outcome to the next application.
#[derive(Serialize, JsonSchema)]
struct SampleScript {
    times: usize,
    #[schemars(with = "StepSpec")]
    then: Step,
}

/// A request that gives the outcome.
#[derive(Clone, Serialize, JsonSchema)]
struct SampleRequest {
    /// A token or a partner's name.
    #[serde(rename = "as")]
    caller: String,
    /// The body of an application.
    #[schemars(with = "Map<String, Value>")]
    request: Value,
}

pub async fn list(InSpace(space): InSpace) -> Json<OutcomeList> {
    let state = space.state();
    let requests = requests(&state).await;
    let outcomes = catalog().into_iter().map(|CatalogRow { outcome, causes, scenario }| {
        let is_same = |(given, _): &&(DocumentedOutcome, _)| *given == outcome;
        // A check item comes with its code.
        let is_item_of = |(given, _): &&(DocumentedOutcome, _)| {
            outcome == DocumentedOutcome::Refused(ErrorCode::CheckItemsFailed)
                && matches!(given, DocumentedOutcome::Item(_))
        };
        let request = requests.iter().find(is_same).or_else(|| requests.iter().find(is_item_of));
        let request = request.map(|(_, request)| request.clone());
        CatalogOutcome {
            outcome: outcome.to_string(),
            status: outcome.status(),
            text: outcome.text(),
            causes: causes.into_iter().map(|(check, citation)| Cause { check, citation }).collect(),
            ways: Ways { scenario, scripted: SampleScript::new(outcome), request },
        }
    });
    Json(OutcomeList {
        outcomes: outcomes.collect(),
        gateway: gateway_errors().map(UndocumentedAnswer::from).collect(),
        faults: Fault::ALL.into_iter().map(UndocumentedAnswer::from).collect(),
    })
}

/// The errors of the gateway that a script can name: of those with the same code and status the first.
fn gateway_errors() -> impl Iterator<Item = &'static GatewayError> {
    let is_same = |one: &GatewayError, other: &GatewayError| (one.code, one.status) == (other.code, other.status);
    let is_first = move |error: &&'static GatewayError| {
        gateway::ERRORS.iter().find(|known| is_same(known, error)).is_some_and(|first| first == error)
    };
    gateway::ERRORS.into_iter().filter(is_first)
}

impl From<&'static GatewayError> for UndocumentedAnswer {
    fn from(error: &'static GatewayError) -> Self {
        Self {
            outcome: error.code.to_owned(),
            status: Some(error.status),
            text: error.message,
            citation: Citation::assumed("The API's page does not name it. The gateway's documentation does."),
            scripted: SampleScript::of(Step { answer: Some(Answer::Gateway(error)), fault: None }),
        }
    }
}

impl From<Fault> for UndocumentedAnswer {
    fn from(fault: Fault) -> Self {
        Self {
            outcome: <&str>::from(fault).to_owned(),
            status: None,
            text: fault.text(),
            citation: Citation::assumed("What can happen to any connection."),
            scripted: SampleScript::of(Step { answer: None, fault: Some(fault) }),
        }
    }
}

impl SampleScript {
    const fn of(then: Step) -> Self {
        Self { times: 1, then }
    }

    fn new(outcome: DocumentedOutcome) -> Self {
        let answer = match outcome {
            DocumentedOutcome::Accepted(review) => Answer::Accept(review),
            DocumentedOutcome::Refused(code) => Answer::Refuse(Refusal::of(code)),
            DocumentedOutcome::Item(item) => {
                Answer::Refuse(Refusal { code: ErrorCode::CheckItemsFailed, items: [item].into_iter().collect() })
            }
        };
        Self::of(Step { answer: Some(answer), fault: None })
    }
}

/// Finds requests of the first partner, each of which would now give another outcome. It tries customers and an unknown ID,
/// listed certificates and a new one, good and bad pictures.
async fn requests(state: &SpaceState) -> Vec<(DocumentedOutcome, SampleRequest)> {
    let accounts = state.accounts();
    let (Some(partner), Some(kind)) = (accounts.partners.first(), INDIVIDUAL.application) else { return Vec::new() };
    let world = state.snapshot();
    let customers = state.customers();
    let mut ids: Vec<_> = customers.keys().map(|id| id.as_str().to_owned()).take(MAX_TRIED).collect();
    ids.extend(["no-such-customer".to_owned(), partner.id.to_string()]);
    let mut numbers = vec!["E12345678".to_owned()];
    numbers.extend(world.certificates.keys().map(|number| number.as_str().to_owned()).take(MAX_TRIED));
    numbers[1..].sort_unstable();
    let pairs: Vec<_> = ids.iter().flat_map(|id| numbers.iter().map(move |number| (id, number))).collect();
    let mut found: Vec<(DocumentedOutcome, SampleRequest)> = Vec::new();
    for front in ["front.jpg", "front.txt"] {
        // They are inspected only once, for a bucket may be far away.
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
            let sent = decode_json(APPLICATION, body.as_bytes()).expect("a JSON object can be decoded");
            let Ok(application) = kind.parse(&sent, state.settings().contract) else { continue };
            let pictures = match &pictures {
                Some(pictures) => pictures.clone(),
                None => pictures.insert(state.inspect(partner, &application).await).clone(),
            };
            let outcome =
                preview(state, &INDIVIDUAL, Arc::clone(partner), &sent, &application, pictures, &|_| Vec::new())
                    .0
                    .answer()
                    .as_ref()
                    .and_then(outcome);
            if let Some(outcome) = outcome.filter(|outcome| !found.iter().any(|(known, _)| known == outcome)) {
                found.push((outcome, SampleRequest { caller: partner.name.to_string(), request }));
            }
        }
    }
    let own = customers.keys().find_map(|id| accounts.customer_credentials(id).tokens.pop());
    let by_customer = own.map(|token| (ErrorCode::AccessDenied, token.expose().to_owned()));
    for (code, caller) in by_customer.into_iter().chain([(ErrorCode::ParameterError, partner.name.to_string())]) {
        found.push((DocumentedOutcome::Refused(code), SampleRequest { caller, request: json!({}) }));
    }
    found
}

fn outcome(answer: &Answer) -> Option<DocumentedOutcome> {
    match *answer {
        Answer::Accept(review) => Some(DocumentedOutcome::Accepted(review)),
        Answer::Refuse(Refusal { code, items }) => {
            let mut items = items.iter();
            match (items.next(), items.next()) {
                (Some(item), None) => Some(DocumentedOutcome::Item(item)),
                _ => Some(DocumentedOutcome::Refused(code)),
            }
        }
        Answer::Other(_) | Answer::Gateway(_) | Answer::Raw(_) => None,
    }
}

/// Which documented outcomes applications got.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Coverage {
    /// How many of the outcomes they got.
    pub met: usize,
    /// How many outcomes the page documents.
    pub of: usize,
    /// Every documented outcome, in the page's order.
    pub outcomes: Vec<CoveredOutcome>,
}

/// A documented outcome, and whether an application got it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(transform = all_required)]
#[non_exhaustive]
pub struct CoveredOutcome {
    /// `is_review` with its number, an error code or a check item.
    pub outcome: String,
    /// Whether an application got it.
    pub met: bool,
    /// The ID of the request that got it last; the journal may have dropped its entry.
    pub last_request_id: Option<String>,
}

impl From<&OutcomeCoverage> for Coverage {
    fn from(coverage: &OutcomeCoverage) -> Self {
        let outcomes: Vec<_> = DocumentedOutcome::all()
            .map(|outcome| {
                let last = coverage.last(outcome);
                let last_request_id = last.map(|id| id.simple().to_string());
                CoveredOutcome { outcome: outcome.to_string(), met: last.is_some(), last_request_id }
            })
            .collect();
        Self { met: outcomes.iter().filter(|outcome| outcome.met).count(), of: outcomes.len(), outcomes }
    }
}

pub async fn get_coverage(State(app): State<Arc<App>>, InSpaces(space): InSpaces) -> Json<Coverage> {
    Json(match space {
        Some(space) => Coverage::from(&*space.state().coverage),
        None => Coverage::from(&app.spaces.shared.coverage),
    })
}
