//! `GET /v3/auth/domains`: the accounts that a credential belongs to. An SDK that was given a region and no domain ID asks
//! this first.

use axum::http::StatusCode;
use axum::http::header::HOST;
use schemars::JsonSchema;
use serde::Serialize;

use super::{IamError, answer};
use crate::domain::checks;
use crate::http::extract::ApiRequest;
use crate::simulator::{ApiError, Outcome};

/// The accounts of the caller.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct DomainsBody {
    domains: Vec<Domain>,
    links: Links,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct Domain {
    description: String,
    enabled: bool,
    /// The account (domain) ID.
    id: String,
    links: Links,
    name: String,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct Links {
    #[serde(rename = "self")]
    own: String,
}

pub async fn list(request: ApiRequest) -> Result<Outcome, ApiError> {
    let caller = request.authenticate().map_err(|detail| IamError::NotAuthenticated(detail.text))?;
    request.record_caller(caller.account_name());
    let host = request.parts.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let (id, name) = (caller.account_id().to_owned(), caller.account_name().to_owned());
    let links = Links { own: format!("http://{host}/v3/domains/{id}") };
    let body = DomainsBody {
        domains: vec![Domain { description: String::new(), enabled: true, id, links, name }],
        links: Links { own: format!("http://{host}/v3/auth/domains") },
    };
    Ok(Outcome::Iam(answer(&checks::AUTHENTICATED, StatusCode::OK, &body)))
}
