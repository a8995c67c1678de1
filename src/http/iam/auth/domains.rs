//! `GET /v3/auth/domains`: the accounts that a credential belongs to. An SDK that was given a region and no
//! domain ID asks this first.

use axum::body::Bytes;
use axum::extract::Request;
use axum::http::header::HOST;
use axum::response::Result;
use serde_json::json;

use crate::domain::check;
use crate::http::gateway::{authenticate, present, read_body};
use crate::http::iam::answer::{IamError, Identified};

pub(in crate::http::iam) async fn list(request: Request) -> Result<Identified> {
    let (parts, body) = request.into_parts();
    let body = read_body(&parts.headers, body).await?;
    let era = present(&parts.extensions);
    let caller = authenticate(&era, &parts, &body).map_err(|error| IamError::NotAuthenticated(error.detail))?;
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
    Ok(Identified {
        caller: name.into(),
        by: &check::AUTHENTICATED,
        body,
        asked_body: Bytes::new(),
        subject_token: None,
    })
}
