//! What control calls are about: a space, a name in the path, a body. And the responses that are no plain `Json`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Value, json};

use super::error::{ControlError, INVALID, MALFORMED, NOT_FOUND};
use crate::fixture::{self, Document, allow_null};
use crate::http::extract::read_body;
use crate::http::openapi::{Describe, JSON, OperationWriter};
use crate::http::{App, X_SIM_SPACE};
use crate::simulator::{Space, SpaceId};

/// The space of a call: that of `X-Sim-Space`, else that of `?space=`, else the default one.
pub(super) struct InSpace(pub(super) Arc<Space>);

impl FromRequestParts<Arc<App>> for InSpace {
    type Rejection = ControlError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ControlError> {
        let header = parts.headers.get(X_SIM_SPACE).map(|name| String::from_utf8_lossy(name.as_bytes()).into_owned());
        let name = header.or_else(|| query(parts, "space")).unwrap_or_else(|| SpaceId::DEFAULT.to_string());
        find_space(app, &name).map(Self)
    }
}

impl Describe for InSpace {
    fn describe(operation: &mut OperationWriter<'_>) {
        let description = "The space that the call is about; the header counts first. Default: `default`.";
        operation.parameter("header", X_SIM_SPACE.as_str(), description, &json!({ "type": "string" }));
        operation.parameter("query", "space", description, &json!({ "type": "string" }));
        operation.error(NOT_FOUND);
    }
}

/// Finds the space with this name.
pub(super) fn find_space(app: &App, name: &str) -> Result<Arc<Space>, ControlError> {
    let space = SpaceId::parse(name).and_then(|id| app.spaces.get(id));
    space.ok_or_else(|| {
        let detail = format!("there is no space {name}: it was deleted, gave way to newer ones, or never was");
        ControlError::not_found(detail)
    })
}

fn query(parts: &Parts, name: &str) -> Option<String> {
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).ok()?;
    pairs.into_iter().find(|(given, _)| given == name).map(|(_, value)| value)
}

/// The name in the path of a call.
pub(super) struct PathName(pub(super) String);

impl FromRequestParts<Arc<App>> for PathName {
    type Rejection = ControlError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ControlError> {
        match Path::from_request_parts(parts, app).await {
            Ok(Path(name)) => Ok(Self(name)),
            Err(rejection) => Err(ControlError::malformed(rejection.body_text())),
        }
    }
}

impl Describe for PathName {
    fn describe(operation: &mut OperationWriter<'_>) {
        operation.path_parameter();
        operation.error(MALFORMED);
        operation.error(NOT_FOUND);
    }
}

/// What the body of a call is converted to.
pub(super) trait RequestBody: Sized {
    /// The shape of the body.
    type Spec: DeserializeOwned + JsonSchema;

    /// The types that the body may have.
    const MEDIA_TYPES: &[&str] = &[JSON];
    /// False if no body means the same as an empty object.
    const IS_REQUIRED: bool = true;
    /// Bodies, as JSON.
    const EXAMPLES: &[&str];

    /// Converts what the body says. `None` if it makes no sense, which is then reported to the document.
    fn convert(document: &mut Document<'_>, spec: Self::Spec) -> Option<Self>;
}

/// The body of a call.
pub(super) struct Body<T>(pub(super) T);

impl<T: RequestBody> FromRequest<Arc<App>> for Body<T> {
    type Rejection = ControlError;

    async fn from_request(request: Request, _: &Arc<App>) -> Result<Self, ControlError> {
        let text = read_text::<T>(request).await?;
        if T::MEDIA_TYPES == [JSON] && !text.trim().is_empty() || text.trim_start().starts_with('{') {
            check_json(&text)?;
        }
        Ok(Self(fixture::read_with(&text, T::convert)?))
    }
}

impl<T: RequestBody> Describe for Body<T> {
    fn describe(operation: &mut OperationWriter<'_>) {
        let schema = operation.schema::<T::Spec>();
        operation.request_body(T::MEDIA_TYPES, T::IS_REQUIRED, &schema, T::EXAMPLES);
        operation.error(MALFORMED);
        operation.error(INVALID);
    }
}

/// What a call puts by its name.
pub(super) trait Named: RequestBody {
    /// The key of the name.
    const NAME: &str;
}

/// The body of a call that puts something by the name in the path. The body may leave the name out, but not contradict it.
pub(super) struct NamedBody<T>(pub(super) T);

impl<T: Named> FromRequest<Arc<App>> for NamedBody<T> {
    type Rejection = ControlError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, ControlError> {
        let (mut parts, body) = request.into_parts();
        let PathName(name) = PathName::from_request_parts(&mut parts, app).await?;
        let text = read_text::<T>(Request::from_parts(parts, body)).await?;
        check_json(&text)?;
        let Ok(Value::Object(body)) = serde_json::from_str(&text) else {
            return Err(ControlError::malformed("the body is no JSON object"));
        };
        if body.get(T::NAME).is_some_and(|given| *given != *name) {
            return Err(ControlError::malformed(format!("`{}` is another one in the path", T::NAME)));
        }
        Ok(Self(fixture::read_named(&text, (T::NAME, &name), T::convert)?))
    }
}

impl<T: Named> Describe for NamedBody<T> {
    fn describe(operation: &mut OperationWriter<'_>) {
        PathName::describe(operation);
        let mut schema = operation.inline_schema::<T::Spec>();
        allow_null(&mut schema);
        if let Some(Value::Array(required)) = schema.get_mut("required") {
            required.retain(|key| key != T::NAME);
        }
        operation.request_body(&[JSON], T::IS_REQUIRED, &schema, T::EXAMPLES);
        operation.error(INVALID);
    }
}

async fn read_text<T: RequestBody>(request: Request) -> Result<String, ControlError> {
    let (parts, body) = request.into_parts();
    let body = read_body(&parts.headers, body)
        .await
        .map_err(|_| ControlError::malformed("the body is too long, or was not sent to its end"))?;
    let text = String::from_utf8(body.into()).map_err(|_| ControlError::malformed("the body is not UTF-8"))?;
    Ok(if text.trim().is_empty() && !T::IS_REQUIRED { "{}".to_owned() } else { text })
}

/// Checks that a text is JSON. What else is wrong with it, the reader of fixtures finds.
fn check_json(text: &str) -> Result<(), ControlError> {
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(ControlError::malformed(format!("the body is no JSON: {error}"))),
    }
}

/// A response with something new.
pub(super) struct Created<T>(pub(super) T);

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, Json(self.0)).into_response()
    }
}

impl<T: JsonSchema> Describe for Created<T> {
    fn describe(operation: &mut OperationWriter<'_>) {
        operation.response::<T>(StatusCode::CREATED, JSON);
    }
}

/// A response with something that was put: new, or in the place of another.
pub(super) struct Put<T> {
    pub(super) is_new: bool,
    pub(super) value: T,
}

impl<T: Serialize> IntoResponse for Put<T> {
    fn into_response(self) -> Response {
        if self.is_new { Created(self.value).into_response() } else { Json(self.value).into_response() }
    }
}

impl<T: JsonSchema> Describe for Put<T> {
    fn describe(operation: &mut OperationWriter<'_>) {
        Json::<T>::describe(operation);
        Created::<T>::describe(operation);
    }
}
