//! What a control call is about: a space, a name in its path, and a body.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use serde::de::IgnoredAny;

use super::error::ControlError;
use crate::http::App;
use crate::http::X_SIM_SPACE;
use crate::http::extract::read_body;
use crate::simulator::{Space, SpaceId};

/// The space of a call: that of `X-Sim-Space` or `?space=`, else the default one.
pub(super) struct Target(pub(super) Arc<Space>);

impl FromRequestParts<Arc<App>> for Target {
    type Rejection = ControlError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ControlError> {
        let header = parts.headers.get(X_SIM_SPACE).map(|name| String::from_utf8_lossy(name.as_bytes()).into_owned());
        let name = header.or_else(|| query(parts, "space")).unwrap_or_else(|| SpaceId::DEFAULT.to_string());
        find(app, &name).map(Self)
    }
}

/// The space with this name.
pub(super) fn find(app: &App, name: &str) -> Result<Arc<Space>, ControlError> {
    let space = SpaceId::parse(name).and_then(|id| app.spaces.get(id));
    space.ok_or_else(|| {
        let detail = format!("there is no space {name}: it was deleted, gave way to newer ones, or never was");
        ControlError::not_found(detail)
    })
}

/// A parameter of the query.
fn query(parts: &Parts, name: &str) -> Option<String> {
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).ok()?;
    pairs.into_iter().find(|(given, _)| given == name).map(|(_, value)| value)
}

/// The name in the path of a call.
pub(super) struct Named(pub(super) String);

impl FromRequestParts<Arc<App>> for Named {
    type Rejection = ControlError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ControlError> {
        match Path::from_request_parts(parts, app).await {
            Ok(Path(name)) => Ok(Self(name)),
            Err(rejection) => Err(ControlError::malformed(rejection.body_text())),
        }
    }
}

/// The body of a call: JSON, or nothing.
pub(super) struct Text(pub(super) String);

impl FromRequest<Arc<App>> for Text {
    type Rejection = ControlError;

    async fn from_request(request: Request, _: &Arc<App>) -> Result<Self, ControlError> {
        let text = read(request).await?;
        if text.trim().is_empty() { Ok(Self(text)) } else { json(text).map(Self) }
    }
}

/// The body of a call: a fixture, in YAML or JSON.
pub(super) struct Fixture(pub(super) String);

impl FromRequest<Arc<App>> for Fixture {
    type Rejection = ControlError;

    async fn from_request(request: Request, _: &Arc<App>) -> Result<Self, ControlError> {
        let text = read(request).await?;
        if text.trim_start().starts_with('{') { json(text).map(Self) } else { Ok(Self(text)) }
    }
}

async fn read(request: Request) -> Result<String, ControlError> {
    let (parts, body) = request.into_parts();
    let body: Bytes = read_body(&parts.headers, body)
        .await
        .map_err(|_| ControlError::malformed("the body is too long, or was not sent to its end"))?;
    String::from_utf8(body.into()).map_err(|_| ControlError::malformed("the body is not UTF-8"))
}

/// Checks that it is JSON at all. What else is wrong, the reader of fixtures tells best.
fn json(text: String) -> Result<String, ControlError> {
    match serde_json::from_str::<IgnoredAny>(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(ControlError::malformed(format!("the body is no JSON: {error}"))),
    }
}
