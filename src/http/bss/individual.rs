//! `POST /v2/customers/realname-auths/individual`: requesting an individual real-name authentication.

use super::body;
use crate::domain::application::Application;
use crate::domain::rules::CheckReport;
use crate::http::extract::PartnerRequest;
use crate::simulator::{ApiError, Outcome, RecordedRequest};

pub(in crate::http) async fn submit(request: PartnerRequest) -> Result<Outcome, ApiError> {
    let raw = body::decode(&request.parts().headers, request.body())?;
    let application = Application::parse(raw, request.state().settings().contract)?;
    Ok(request.state().submit(&request.partner, &application).await.into())
}

/// Explains an outcome: every check and rule that the request met, in order, with what it saw. The journal keeps the request
/// and the facts; the application is read from the request again.
pub fn explain_outcome(outcome: &Outcome, request: &RecordedRequest, caller: Option<&str>) -> Vec<CheckReport> {
    let application = outcome.facts().and_then(|facts| {
        let raw = body::decode_json(request.body()).ok()?;
        Application::parse(raw, facts.contract).ok()
    });
    outcome.explain(request, caller, application.as_ref())
}
