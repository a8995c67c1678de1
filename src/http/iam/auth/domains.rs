//! `GET /v3/auth/domains`: the accounts that a credential belongs to. An SDK that was given a region and no
//! domain ID asks this first.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::HOST;
use axum::response::Result;
use serde_json::json;

use crate::http::gateway::{authenticate, read_body};
use crate::http::iam::answer::{IamError, Identified};
use crate::simulator::Space;

pub(in crate::http::iam) async fn list(State(space): State<Arc<Space>>, request: Request) -> Result<Identified> {
    let (parts, body) = request.into_parts();
    let body = read_body(&parts.headers, body).await?;
    let caller = authenticate(&space, &parts, &body).map_err(IamError::NotAuthenticated)?;
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
    Ok(Identified { caller: name.into(), body, subject_token: None })
}
