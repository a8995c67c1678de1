//! Admission: what a request of the API must show before its body is looked at.

use std::sync::Arc;

use axum::body::{Bytes, HttpBody};
use axum::http::request::Parts;

use super::body;
use super::caller::{Unauthenticated, authenticate};
use crate::domain::caller::Caller;
use crate::domain::check;
use crate::domain::gateway;
use crate::domain::partner::Partner;
use crate::http::answer::Answer;
use crate::simulator::{Detail, Era, Ruling};

/// A request that has arrived whole, in its era.
pub(in crate::http) struct Arrival<'a> {
    pub(in crate::http) era: &'a Era,
    pub(in crate::http) parts: &'a Parts,
    pub(in crate::http) body: Bytes,
}

/// An admitted request: a partner, by its own credentials, and what it sent.
pub(in crate::http) struct Admission<'a> {
    pub(in crate::http) era: &'a Era,
    pub(in crate::http) partner: Arc<Partner>,
    pub(in crate::http) parts: &'a Parts,
    pub(in crate::http) body: Bytes,
}

impl<'a> Arrival<'a> {
    /// Reads a request's body.
    ///
    /// # Errors
    /// The gateway's answer when it is too long, or does not come whole.
    pub(in crate::http) async fn of<B>(era: &'a Era, parts: &'a Parts, body: B) -> Result<Self, Box<Answer>>
    where
        B: HttpBody<Data = Bytes>,
    {
        let body = body::read(&parts.headers, body).await?;
        Ok(Self { era, parts, body })
    }

    /// Lets a partner through.
    ///
    /// # Errors
    /// The answer to whoever is none.
    pub(in crate::http) fn admit(self) -> Result<Admission<'a>, Box<Answer>> {
        let Self { era, parts, body } = self;
        let ruling = match authenticate(era, parts, &body) {
            Ok(Caller::Partner(partner)) => return Ok(Admission { era, partner, parts, body }),
            Ok(Caller::Customer(id)) => Ruling::CallerIsCustomer(id),
            Err(Unauthenticated { detail, saw }) => {
                let detail = Detail { text: detail, saw };
                Ruling::Gateway(&check::AUTHENTICATED, gateway::NOT_AUTHENTICATED, Some(detail))
            }
        };
        Err(Answer::new(ruling).having_read(body).into())
    }
}

impl Admission<'_> {
    /// The answer to the request.
    pub(in crate::http) fn answer(self, ruling: Ruling) -> Answer {
        Answer::to(Arc::clone(&self.partner.name), self.body, ruling, self.era.settings().wire)
    }
}
