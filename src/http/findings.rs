//! Findings: why a request was answered as it was. The journal keeps the request and the facts; what was applied for is
//! read from the request again.

use super::bss::draft;
use crate::domain::decision::Finding;
use crate::simulator::{Asked, Ruling};

/// Every check and rule that the request met, in order, with what it saw.
#[must_use]
pub fn findings(ruling: &Ruling, asked: &Asked, caller: Option<&str>) -> Vec<Finding> {
    let application = ruling.facts().and_then(|facts| draft::again(asked.body(), facts.contract));
    ruling.explain(asked, caller, application.as_ref())
}
