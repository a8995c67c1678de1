//! `POST /_sim/explain`: the answer that a request would get now, and why. Nothing changes, and nothing is counted.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::entry::{EntryWriter, Explanation};
use super::error::{CONFLICT, ControlError, Result};
use super::extract::{InSpace, Readable, RequestBody, Unread, WantsText};
use super::journal::find;
use super::off_workers;
use crate::domain::{
    Application, Endpoint, INDIVIDUAL, Inspection, MAX_BODY_BYTES, Partner, ScriptedRequest, SentParameters, checks,
    gateway,
};
use crate::fixture::{Document, closest, only};
use crate::http::extract::{NO_TOKEN, X_AUTH_TOKEN, caller_by_token, not_authenticated, only_partner};
use crate::http::openapi::JSON;
use crate::http::parameters::sent;
use crate::http::{App, response};
use crate::simulator::{ApiError, JournalEntry, Outcome, RecordedRequest, ScriptUse, Space, SpaceState, TokenError};

/// A request as it would be sent, or one that was sent.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = [
    { "required": ["request"], "properties": { "request": { "type": "object" } } },
    { "required": ["request_id"], "properties": { "request_id": { "type": "string" } } },
]))]
pub struct ExplainRequest {
    /// Who would send it: a token or a partner's name; default the first partner, or who has sent it.
    #[serde(rename = "as")]
    caller: Option<String>,
    /// The body.
    request: Option<Map<String, Value>>,
    /// The ID of a request in the journal: what it sent is explained again, as the space is now.
    request_id: Option<String>,
}

/// What is asked.
pub struct Question {
    caller: Option<String>,
    asked: Asked,
}

enum Asked {
    Request(Map<String, Value>),
    Again(String),
}

impl RequestBody for Question {
    type Spec = ExplainRequest;

    const EXAMPLES: &[&str] = &[r#"{"as":"demo-partner","request":{"customer_id":"customer-new","identify_type":0}}"#];

    fn convert(document: &mut Document<'_>, spec: ExplainRequest) -> Option<Self> {
        let ExplainRequest { caller, request, request_id } = spec;
        match only([request.map(Asked::Request), request_id.map(Asked::Again)]) {
            Some(asked) => Some(Self { caller, asked }),
            None => document.refuse("", "exactly one of `request` and `request_id` belongs here"),
        }
    }
}

pub async fn post(
    State(app): State<Arc<App>>,
    InSpace(space): InSpace,
    WantsText(as_text): WantsText,
    unread: Unread<Question>,
) -> Result<Readable<200, Explanation>> {
    let Question { caller, asked } = off_workers(&app, move || unread.read()).await?;
    let value = match asked {
        Asked::Again(request_id) => explain_again(&app, &space, caller.as_deref(), &request_id).await?,
        Asked::Request(request) => {
            let body = serde_json::to_vec(&request).expect("a JSON object is JSON");
            explain(&app, &space, caller.as_deref(), &body).await
        }
    };
    Ok(Readable { value, as_text })
}

/// Explains the answer that an application with this body would get now in a space. The caller is a token or the name of a
/// partner; by default it is the first partner.
pub async fn explain(app: &App, space: &Space, caller: Option<&str>, body: &[u8]) -> Explanation {
    let state = space.state();
    let mut request = RecordedRequest::new(INDIVIDUAL.method, INDIVIDUAL.path, body.len());
    request.add_header(CONTENT_TYPE.as_str(), JSON.as_bytes());
    let token = caller.filter(|caller| state.accounts().partner(caller).is_none());
    if let Some(token) = token.filter(|token| HeaderValue::from_str(token).is_ok()) {
        request.add_header(X_AUTH_TOKEN.as_str(), token.as_bytes());
    }
    request.set_body(body);
    let partner = if body.len() > MAX_BODY_BYTES {
        Err(ApiError::gateway(&checks::BODY_SIZE, gateway::BODY_TOO_LARGE))
    } else {
        find_partner(&state, caller)
    };
    explain_request(app, space, &INDIVIDUAL, partner, request).await
}

/// Explains the answer that a request of the journal would get now.
async fn explain_again(app: &App, space: &Space, caller: Option<&str>, request_id: &str) -> Result<Explanation> {
    let entry = find(space, request_id)?;
    let request = &entry.request;
    let endpoint = Endpoint::at(request.method(), request.path()).filter(|endpoint| endpoint.application.is_some());
    let endpoint = endpoint.filter(|endpoint| endpoint.method == request.method());
    let endpoint = endpoint.ok_or(ControlError::new(CONFLICT, "only an application can be explained again"))?;
    let state = space.state();
    let token = request.header(X_AUTH_TOKEN.as_str());
    let partner = match (&entry.outcome, caller.or(entry.caller.as_deref()), token) {
        // A request that did not come so far does not either now.
        (Outcome::Refused(error @ ApiError::Gateway { check, .. }), ..)
            if ![checks::AUTHENTICATED.id, checks::QUOTA.id].contains(&check.id) =>
        {
            Err(error.clone())
        }
        (_, Some(caller), _) => find_partner(&state, Some(caller)),
        (_, None, Some(token)) => {
            caller_by_token(&state, token.as_bytes()).map_err(not_authenticated).and_then(only_partner)
        }
        // The date of a signature may have passed: it is not verified again.
        (Outcome::Refused(error), None, None) => Err(error.clone()),
        (_, None, None) => Err(not_authenticated(NO_TOKEN.to_owned().into())),
    };
    Ok(explain_request(app, space, endpoint, partner, request.clone()).await)
}

/// Explains what would become of a request of this partner, or of one that is refused before.
async fn explain_request(
    app: &App,
    space: &Space,
    endpoint: &'static Endpoint,
    partner: Result<Arc<Partner>, ApiError>,
    request: RecordedRequest,
) -> Explanation {
    let state = space.state();
    let caller = partner.as_ref().ok().map(|partner| Arc::clone(&partner.name));
    let application = partner.and_then(|partner| {
        state.preview_quota(&partner.id, endpoint)?;
        let sent = sent(&request)?;
        let kind = endpoint.application.expect("only applications are explained");
        let application = kind.parse(&sent, state.settings().contract)?;
        Ok((partner, sent, application))
    });
    let (outcome, script) = match application {
        Ok((partner, sent, application)) => {
            let pictures = state.inspect(&partner, &application).await;
            preview(&state, endpoint, partner, &sent, &application, pictures, &|name| request.headers_of(name))
        }
        Err(error) => (error.into(), None),
    };
    let status = response::status(&outcome).as_u16();
    let at = state.clock.now();
    let entry = JournalEntry { number: 0, request_id: Uuid::nil(), at, request, caller, status, script, outcome };
    let writer = EntryWriter::new(app, space);
    off_workers(app, move || writer.explanation(&entry)).await
}

/// Returns the outcome that an application with these pictures would have now. `headers` are the values of a header.
pub fn preview(
    state: &SpaceState,
    endpoint: &'static Endpoint,
    partner: Arc<Partner>,
    sent: &SentParameters<'_>,
    application: &Application<'_>,
    pictures: Inspection,
    headers: &dyn Fn(&str) -> Vec<String>,
) -> (Outcome, Option<ScriptUse>) {
    let scripted = state.script.preview_next(&ScriptedRequest { endpoint, caller: Some(&partner.name), headers, sent });
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
    let token = caller.filter(|token| !token.is_empty()).ok_or_else(|| NO_TOKEN.to_owned().into());
    let caller = token.and_then(|token| {
        let mut caller = caller_by_token(state, token.as_bytes());
        if let Err(detail) = &mut caller
            && matches!(state.caller_by_token(token), Err(TokenError::Unknown))
        {
            let names = accounts.partners.iter().map(|partner| &*partner.name);
            let meant = closest(token, names).map_or(String::new(), |name| format!(", did you mean `{name}`?"));
            let _ = write!(detail.saw, ": no partner or token of this name{meant}");
        }
        caller
    });
    only_partner(caller.map_err(not_authenticated)?)
}
