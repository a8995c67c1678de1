//! Findings: why a request was answered as it was. The journal keeps the request and the facts; what was applied for is
//! read from the request again.

use super::bss::draft;
use crate::domain::rules::CheckReport;
use crate::simulator::{Outcome, RecordedRequest};

/// Every check and rule that the request met, in order, with what it saw.
#[must_use]
pub fn findings(outcome: &Outcome, request: &RecordedRequest, caller: Option<&str>) -> Vec<CheckReport> {
    let application = outcome.facts().and_then(|facts| draft::again(request.body(), facts.contract));
    outcome.explain(request, caller, application.as_ref())
}
