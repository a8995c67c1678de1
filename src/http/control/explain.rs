//! `POST /_sim/explain`: the answer that a request would get now, and why. Nothing changes, and nothing is counted.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::entry::{EntryWriter, Explanation};
use super::extract::{Body, InSpace, RequestBody};
use crate::domain::account::Caller;
use crate::domain::account::Partner;
use crate::domain::application::Application;
use crate::domain::checks;
use crate::domain::checks::MAX_BODY_BYTES;
use crate::domain::gateway;
use crate::fixture::Document;
use crate::http::App;
use crate::http::bss::{INDIVIDUAL, individual};
use crate::http::extract::{caller_by_token, not_authenticated};
use crate::http::response;
use crate::simulator::{ApiError, Outcome, RecordedRequest, Space, SpaceState};

/// A request as it would be sent.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    /// Who would send it: a token or a partner's name; default the first partner.
    #[serde(rename = "as")]
    caller: Option<String>,
    /// The body.
    request: Map<String, Value>,
}

impl RequestBody for Question {
    type Spec = Self;

    const EXAMPLES: &[&str] = &[r#"{"as":"demo-partner","request":{"customer_id":"customer-new","identify_type":0}}"#];

    fn convert(_: &mut Document<'_>, question: Self) -> Option<Self> {
        Some(question)
    }
}

pub(super) async fn post(
    State(app): State<Arc<App>>,
    InSpace(space): InSpace,
    Body(Question { caller, request }): Body<Question>,
) -> Json<Explanation> {
    let body = serde_json::to_vec(&request).expect("a JSON object is JSON");
    Json(explain(&app, &space, caller.as_deref(), &body).await)
}

/// The answer that an application with this body would get now in a space, with every check and what it saw. The caller is
/// a token or a partner; without one, the first partner.
pub async fn explain(app: &App, space: &Space, caller: Option<&str>, body: &[u8]) -> Explanation {
    let state = space.state();
    let (caller, outcome) = rule(&state, caller, body).await;
    let mut request = RecordedRequest::new("POST", INDIVIDUAL, body.len());
    request.set_body(body);
    let status = response::status(&outcome).as_u16();
    EntryWriter::new(app, space).explanation(&outcome, &request, caller.as_deref(), &"0".repeat(32), status)
}

/// What would be ruled on a request of this token or partner, with the caller's name.
async fn rule(state: &SpaceState, caller: Option<&str>, body: &[u8]) -> (Option<Arc<str>>, Outcome) {
    let Reading { caller, application } = read(state, caller, body);
    let outcome = match application {
        Ok((partner, application)) => {
            let pictures = state.inspect(&partner, &application).await;
            state.preview(partner, &application, pictures).into()
        }
        Err(outcome) => outcome,
    };
    (caller, outcome)
}

/// A request, read as far as the rules.
pub(super) struct Reading<'a> {
    /// The caller's name.
    caller: Option<Arc<str>>,
    /// What the rules are applied to, or what is ruled without them.
    pub(super) application: Result<(Arc<Partner>, Application<'a>), Outcome>,
}

/// Reads the body of a request of this token or partner: without one, of the first partner.
pub(super) fn read<'a>(state: &SpaceState, caller: Option<&str>, body: &'a [u8]) -> Reading<'a> {
    if body.len() > MAX_BODY_BYTES {
        let refused = ApiError::gateway(&checks::BODY_SIZE, gateway::BODY_TOO_LARGE).into();
        return Reading { caller: None, application: Err(refused) };
    }
    let accounts = state.accounts();
    let partner = match caller {
        None => accounts.partners.first(),
        Some(name) => accounts.partner(name),
    };
    let caller = match (partner, caller) {
        (Some(partner), _) => Ok(Caller::Partner(Arc::clone(partner))),
        (None, Some(token)) if !token.is_empty() => caller_by_token(state, token.as_bytes()),
        (None, _) => Err("x-auth-token not found".to_owned().into()),
    };
    match caller {
        Ok(Caller::Partner(partner)) => {
            let caller = Some(Arc::clone(&partner.name));
            let application = individual::decode_json(body);
            let application = application.and_then(|raw| Application::parse(raw, state.settings().contract));
            let application = application.map(|application| (partner, application));
            Reading { caller, application: application.map_err(|error| ApiError::from(error).into()) }
        }
        Ok(Caller::Customer(id)) => {
            Reading { caller: None, application: Err(ApiError::CustomerCredentials(id).into()) }
        }
        Err(detail) => Reading { caller: None, application: Err(not_authenticated(detail).into()) },
    }
}
