//! `POST /_sim/explain`: the answer that a request would get now, and why. Nothing changes, and nothing is counted.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::entry::{EntryWriter, Explanation};
use super::error::Result;
use super::extract::{Body, InSpace, RequestBody};
use crate::domain::{
    Application, INDIVIDUAL, Inspection, MAX_BODY_BYTES, ParameterError, Partner, ScriptedRequest, checks, gateway,
};
use crate::fixture::Document;
use crate::http::bss::individual;
use crate::http::extract::{caller_by_token, not_authenticated, only_partner};
use crate::http::{App, response};
use crate::simulator::{ApiError, JournalEntry, Outcome, RecordedRequest, ScriptUse, Space, SpaceState};

/// A request as it would be sent.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExplainRequest {
    /// Who would send it: a token or a partner's name; default the first partner.
    #[serde(rename = "as")]
    caller: Option<String>,
    /// The body.
    request: Map<String, Value>,
}

impl RequestBody for ExplainRequest {
    type Spec = Self;

    const EXAMPLES: &[&str] = &[r#"{"as":"demo-partner","request":{"customer_id":"customer-new","identify_type":0}}"#];

    fn convert(_: &mut Document<'_>, request: Self) -> Option<Self> {
        Some(request)
    }
}

pub async fn post(
    State(app): State<Arc<App>>,
    InSpace(space): InSpace,
    Body(ExplainRequest { caller, request }): Body<ExplainRequest>,
) -> Json<Explanation> {
    let body = serde_json::to_vec(&request).expect("a JSON object is JSON");
    Json(explain(&app, &space, caller.as_deref(), &body).await)
}

/// Explains the answer that an application with this body would get now in a space. The caller is a token or the name of a
/// partner; by default it is the first partner.
pub async fn explain(app: &App, space: &Space, caller: Option<&str>, body: &[u8]) -> Explanation {
    let state = space.state();
    let partner = if body.len() > MAX_BODY_BYTES {
        Err(ApiError::gateway(&checks::BODY_SIZE, gateway::BODY_TOO_LARGE))
    } else {
        find_partner(&state, caller)
    };
    let caller = partner.as_ref().ok().map(|partner| Arc::clone(&partner.name));
    let application = partner.and_then(|partner| Ok((partner, parse(&state, body)?)));
    let (outcome, script) = match application {
        Ok((partner, application)) => {
            let pictures = state.inspect(&partner, &application).await;
            preview(&state, partner, &application, pictures)
        }
        Err(error) => (error.into(), None),
    };
    let mut request = RecordedRequest::new(INDIVIDUAL.method, INDIVIDUAL.path, body.len());
    request.set_body(body);
    let status = response::status(&outcome).as_u16();
    let at = state.clock.now();
    let entry = JournalEntry { number: 0, request_id: Uuid::nil(), at, request, caller, status, script, outcome };
    EntryWriter::new(app, space).explanation(&entry)
}

/// Returns the outcome that an application with these pictures would have now.
pub fn preview(
    state: &SpaceState,
    partner: Arc<Partner>,
    application: &Application<'_>,
    pictures: Inspection,
) -> (Outcome, Option<ScriptUse>) {
    let scripted = state.script.preview_next(&ScriptedRequest {
        endpoint: &INDIVIDUAL,
        caller: Some(&partner.name),
        headers: &|_| Vec::new(),
        values: &|parameter| application.values(parameter),
    });
    let (script, step) = scripted.unzip();
    let outcome = match step.flatten() {
        Some(step) => Outcome::Scripted(state.apply_scripted(&partner, application, step, false)),
        None => Outcome::Submission(state.preview(partner, application, pictures)),
    };
    (outcome, script)
}

/// Finds the calling partner by its name or by a token.
fn find_partner(state: &SpaceState, caller: Option<&str>) -> Result<Arc<Partner>, ApiError> {
    let accounts = state.accounts();
    let partner = match caller {
        None => accounts.partners.first(),
        Some(name) => accounts.partner(name),
    };
    if let Some(partner) = partner {
        return Ok(Arc::clone(partner));
    }
    let token = caller.filter(|token| !token.is_empty()).ok_or_else(|| "x-auth-token not found".to_owned().into());
    let caller = token.and_then(|token| caller_by_token(state, token.as_bytes())).map_err(not_authenticated)?;
    only_partner(caller)
}

/// Parses the body of an application as the space's edition of the contract has it.
pub fn parse<'a>(state: &SpaceState, body: &'a [u8]) -> Result<Application<'a>, ParameterError> {
    Application::parse(individual::decode_json(body)?, state.settings().contract)
}
