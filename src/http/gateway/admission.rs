//! Admission: what a request of the API must show before its body is looked at.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::request::Parts;

use super::body;
use super::caller::{Unauthenticated, authenticate};
use super::space::present;
use crate::domain::caller::Caller;
use crate::domain::check;
use crate::domain::gateway;
use crate::domain::partner::Partner;
use crate::http::answer::Answer;
use crate::simulator::{Detail, Era, Ruling};

/// An admitted request: a partner, by its own credentials, and what it sent.
pub(in crate::http) struct Admission {
    pub(in crate::http) era: Arc<Era>,
    pub(in crate::http) partner: Arc<Partner>,
    pub(in crate::http) parts: Parts,
    pub(in crate::http) body: Bytes,
}

impl<S: Sync> FromRequest<S> for Admission {
    type Rejection = Answer;

    async fn from_request(request: Request, _: &S) -> Result<Self, Answer> {
        let (parts, body) = request.into_parts();
        let era = present(&parts.extensions);
        let body = body::read(&parts.headers, body).await?;
        let refuse = |ruling| Err(Answer::new(ruling).having_read(body.clone()));
        match authenticate(&era, &parts, &body) {
            Ok(Caller::Partner(partner)) => Ok(Self { era, partner, parts, body }),
            Ok(Caller::Customer(id)) => refuse(Ruling::CallerIsCustomer(id)),
            Err(Unauthenticated { detail, saw }) => {
                let detail = Detail { text: detail, saw };
                refuse(Ruling::Gateway(&check::AUTHENTICATED, gateway::NOT_AUTHENTICATED, Some(detail)))
            }
        }
    }
}

impl Admission {
    /// The answer to the request.
    pub(in crate::http) fn answer(self, ruling: Ruling) -> Answer {
        Answer::to(Arc::clone(&self.partner.name), self.body, ruling, self.era.settings().wire)
    }
}
