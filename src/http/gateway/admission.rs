//! Admission: what a request of the API must show before its body is looked at.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;

use super::body;
use super::caller::authenticate;
use crate::domain::caller::Caller;
use crate::domain::check;
use crate::domain::gateway;
use crate::domain::partner::Partner;
use crate::http::answer::{Answer, Ruling};
use crate::simulator::Space;

/// An admitted request: a partner, by its own credentials, and what it sent.
pub(in crate::http) struct Admission {
    pub(in crate::http) partner: Arc<Partner>,
    pub(in crate::http) headers: HeaderMap,
    pub(in crate::http) body: Bytes,
}

impl FromRequest<Arc<Space>> for Admission {
    type Rejection = Answer;

    async fn from_request(request: Request, space: &Arc<Space>) -> Result<Self, Answer> {
        let (parts, body) = request.into_parts();
        let body = body::read(&parts.headers, body).await?;
        match authenticate(space, &parts, &body) {
            Ok(Caller::Partner(partner)) => Ok(Self { partner, headers: parts.headers, body }),
            Ok(Caller::Customer(id)) => Err(Answer::new(Ruling::CallerIsCustomer(id))),
            Err(detail) => {
                Err(Answer::new(Ruling::Gateway(&check::AUTHENTICATED, gateway::NOT_AUTHENTICATED, Some(detail))))
            }
        }
    }
}
