//! Which space a request belongs to: that of its `X-Sim-Space` header, else of its credential, else the default one.

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, HeaderName};

use super::signature;
use crate::simulator::{SpaceId, SpaceState, Spaces};

/// The header that names a space.
pub(in crate::http) static X_SIM_SPACE: HeaderName = HeaderName::from_static("x-sim-space");

/// The header with a token.
pub(super) static X_AUTH_TOKEN: HeaderName = HeaderName::from_static("x-auth-token");

/// The era that a request of the API belongs to.
///
/// # Errors
/// What was said of a space that is gone, or never was.
pub(in crate::http) fn find(spaces: &Spaces, headers: &HeaderMap) -> Result<Arc<SpaceState>, String> {
    let token = || headers.get(&X_AUTH_TOKEN).and_then(|value| value.to_str().ok());
    let named = headers.get(&X_SIM_SPACE).map(|name| String::from_utf8_lossy(name.as_bytes()).into_owned());
    let id = match &named {
        Some(name) => SpaceId::parse(name),
        None => {
            let by_token = || token().and_then(SpaceId::of_token);
            let by_key =
                || signature::access_key(headers.get(AUTHORIZATION)?.as_bytes()).and_then(SpaceId::of_access_key);
            Some(by_token().or_else(by_key).unwrap_or(SpaceId::DEFAULT))
        }
    };
    let space = id.and_then(|id| spaces.space(id));
    let gone = || {
        let name = named.unwrap_or_else(|| id.map(|id| id.to_string()).unwrap_or_default());
        format!("the simulator has no space {name}; it was deleted, gave way to newer ones, or never was")
    };
    space.map(|space| space.state()).ok_or_else(gone)
}
