//! `GET /v3/auth/domains`: the accounts that a credential belongs to. An SDK that was given a region and no
//! domain ID asks this first.

use axum::http::header::HOST;
use serde_json::json;

use crate::domain::checks;
use crate::http::answer::ApiAnswer;
use crate::http::gateway::{Arrival, authenticate};
use crate::http::iam::answer::{IamError, identified};

pub(in crate::http) fn list(Arrival { state, parts, body }: &Arrival<'_>) -> ApiAnswer {
    let caller = match authenticate(state, parts, body) {
        Ok(caller) => caller,
        Err(error) => return IamError::NotAuthenticated(error.detail).into(),
    };
    let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let (id, name) = (caller.account_id(), caller.account_name());
    let body = json!({
        "domains": [{
            "description": "",
            "enabled": true,
            "id": id,
            "links": { "self": format!("http://{host}/v3/domains/{id}") },
            "name": name,
        }],
        "links": { "self": format!("http://{host}/v3/auth/domains") },
    });
    identified(&caller, &checks::AUTHENTICATED, &body, None)
}
