//! Admission: what a request of the API must show before its body is looked at.

use std::sync::Arc;

use axum::body::{Bytes, HttpBody};
use axum::http::request::Parts;

use super::body;
use super::caller::{Unauthenticated, authenticate};
use crate::domain::account::Caller;
use crate::domain::account::Partner;
use crate::domain::checks;
use crate::domain::gateway;
use crate::http::answer::ApiAnswer;
use crate::simulator::{Detail, Outcome, SpaceState};

/// A request that has arrived whole, in its era.
pub(in crate::http) struct Arrival<'a> {
    pub(in crate::http) state: &'a SpaceState,
    pub(in crate::http) parts: &'a Parts,
    pub(in crate::http) body: Bytes,
}

/// An admitted request: a partner, by its own credentials, and what it sent.
pub(in crate::http) struct Admission<'a> {
    pub(in crate::http) state: &'a SpaceState,
    pub(in crate::http) partner: Arc<Partner>,
    pub(in crate::http) parts: &'a Parts,
    pub(in crate::http) body: Bytes,
}

impl<'a> Arrival<'a> {
    /// Reads a request's body.
    ///
    /// # Errors
    /// The gateway's answer when it is too long, or does not come whole.
    pub(in crate::http) async fn of<B>(state: &'a SpaceState, parts: &'a Parts, body: B) -> Result<Self, Box<ApiAnswer>>
    where
        B: HttpBody<Data = Bytes>,
    {
        let body = body::read(&parts.headers, body).await?;
        Ok(Self { state, parts, body })
    }

    /// Lets a partner through.
    ///
    /// # Errors
    /// The answer to whoever is none.
    pub(in crate::http) fn admit(self) -> Result<Admission<'a>, Box<ApiAnswer>> {
        let Self { state, parts, body } = self;
        let outcome = match authenticate(state, parts, &body) {
            Ok(Caller::Partner(partner)) => return Ok(Admission { state, partner, parts, body }),
            Ok(Caller::Customer(id)) => Outcome::CallerIsCustomer(id),
            Err(Unauthenticated { detail, saw }) => {
                let detail = Detail { text: detail, saw };
                Outcome::Gateway(&checks::AUTHENTICATED, gateway::NOT_AUTHENTICATED, Some(detail))
            }
        };
        Err(ApiAnswer::new(outcome).having_read(body).into())
    }
}

impl Admission<'_> {
    /// The answer to the request.
    pub(in crate::http) fn answer(self, outcome: Outcome) -> ApiAnswer {
        ApiAnswer::to(Arc::clone(&self.partner.name), self.body, outcome, self.state.settings().wire)
    }
}
