//! The routes of the simulated service: what answers at which path, by which method. The path of a file below `bss` and
//! `iam` is the path of its URL.

use axum::body::{Bytes, HttpBody};
use axum::http::Method;
use axum::http::request::Parts;

use super::answer::ApiAnswer;
use super::bss::{self, individual, result};
use super::gateway::Arrival;
use super::iam::{domains, tokens};
use crate::domain::checks;
use crate::domain::gateway;
use crate::simulator::{Outcome, SpaceState};

/// What can be asked for.
#[derive(Clone, Copy)]
pub(super) enum Endpoint {
    Individual,
    Result,
    Domains,
    Tokens,
}

/// Every endpoint.
pub(super) static ROUTES: [(&str, Method, Endpoint); 4] = [
    (bss::INDIVIDUAL, Method::POST, Endpoint::Individual),
    ("/v2/customers/realname-auths/result", Method::GET, Endpoint::Result),
    ("/v3/auth/domains", Method::GET, Endpoint::Domains),
    ("/v3/auth/tokens", Method::POST, Endpoint::Tokens),
];

/// What can be asked for, each with its method: `GET /v3/auth/domains`.
pub fn endpoints() -> impl Iterator<Item = String> {
    ROUTES.iter().map(|(path, method, _)| format!("{method} {path}"))
}

/// Answers a request of an era: path, method and body first, then as the endpoint does.
pub(super) async fn answer<B>(state: &SpaceState, head: &Parts, body: B) -> ApiAnswer
where
    B: HttpBody<Data = Bytes>,
{
    let endpoint = match find(head.uri.path(), &head.method) {
        Ok(endpoint) => endpoint,
        Err(outcome) => return ApiAnswer::new(outcome),
    };
    let answered = match Arrival::of(state, head, body).await {
        Err(refusal) => Err(refusal),
        Ok(arrival) => match endpoint {
            Endpoint::Individual => match arrival.admit() {
                Ok(admission) => {
                    let outcome = individual::submit(&admission).await;
                    Ok(admission.answer(outcome))
                }
                Err(refusal) => Err(refusal),
            },
            Endpoint::Result => arrival.admit().map(result::tell),
            Endpoint::Domains => Ok(domains::list(&arrival)),
            Endpoint::Tokens => Ok(tokens::create(arrival)),
        },
    };
    answered.unwrap_or_else(|refusal| *refusal)
}

/// The endpoint at this path. Whoever may get something may also ask for its head.
fn find(path: &str, method: &Method) -> Result<Endpoint, Outcome> {
    let method = if method == Method::HEAD { &Method::GET } else { method };
    match ROUTES.iter().find(|(known, ..)| *known == path) {
        Some((_, known, endpoint)) if known == method => Ok(*endpoint),
        Some(_) => Err(Outcome::Gateway(&checks::METHOD_KNOWN, gateway::UNKNOWN_METHOD, None)),
        None => Err(Outcome::Gateway(&checks::PATH_KNOWN, gateway::UNKNOWN_PATH, None)),
    }
}

/// The path of the endpoint that is asked for, as it is in the table; empty when there is none.
pub(super) fn known(path: &str) -> &'static str {
    ROUTES.iter().find(|(known, ..)| *known == path).map_or("", |(known, ..)| known)
}
