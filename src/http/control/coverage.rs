//! `GET /_sim/coverage`: which documented outcomes applications got.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;

use super::extract::InSpaces;
use crate::domain::DocumentedOutcome;
use crate::http::App;
use crate::http::openapi::all_required;
use crate::simulator;

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

impl From<&simulator::OutcomeCoverage> for Coverage {
    fn from(coverage: &simulator::OutcomeCoverage) -> Self {
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

pub async fn get(State(app): State<Arc<App>>, InSpaces(space): InSpaces) -> Json<Coverage> {
    Json(match space {
        Some(space) => Coverage::from(&*space.state().coverage),
        None => Coverage::from(&app.spaces.shared.coverage),
    })
}
