//! What control calls are about: a space, a name in the path, a body. And the responses that are no plain `Json`.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt::{self, Display};
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header::ACCEPT;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::de::{DeserializeOwned, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::error::{ControlError, INVALID, MALFORMED, NOT_FOUND, Result, TOO_LARGE};
use crate::domain::{MAX_BODY_BYTES, gateway};
use crate::fixture::{self, Document, allow_null};
use crate::http::App;
use crate::http::extract::{X_SIM_SPACE, query_value, read_body};
use crate::http::openapi::{Describe, JSON, OperationWriter, TEXT};
use crate::simulator::{Space, SpaceId};

/// The space of a call: that of `X-Sim-Space`, else that of `?space=`, else the default one.
pub struct InSpace(pub Arc<Space>);

impl FromRequestParts<Arc<App>> for InSpace {
    type Rejection = ControlError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self> {
        find_space(app, &space_name(parts)).map(Self)
    }
}

fn space_name(parts: &Parts) -> String {
    let header = parts.headers.get(X_SIM_SPACE).map(|name| String::from_utf8_lossy(name.as_bytes()).into_owned());
    header.or_else(|| query_value(&parts.uri, "space")).unwrap_or_else(|| SpaceId::DEFAULT.to_string())
}

impl Describe for InSpace {
    fn describe(operation: &mut OperationWriter<'_>) {
        describe_space(operation, "The space that the call is about; the header counts first. Default: `default`.");
    }
}

fn describe_space(operation: &mut OperationWriter<'_>, description: &str) {
    operation.parameter("header", X_SIM_SPACE.as_str(), description, &json!({ "type": "string" }));
    operation.parameter("query", "space", description, &json!({ "type": "string" }));
    operation.error(NOT_FOUND);
}

/// The space of a call that can also be about all spaces, as `*`: then it is `None`.
pub struct InSpaces(pub Option<Arc<Space>>);

impl FromRequestParts<Arc<App>> for InSpaces {
    type Rejection = ControlError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self> {
        match &*space_name(parts) {
            "*" => Ok(Self(None)),
            name => find_space(app, name).map(Some).map(Self),
        }
    }
}

impl Describe for InSpaces {
    fn describe(operation: &mut OperationWriter<'_>) {
        let description = "The space that the call is about, or `*` for all, deleted ones included; the header counts \
            first. Default: `default`.";
        describe_space(operation, description);
    }
}

pub fn find_space(app: &App, name: &str) -> Result<Arc<Space>> {
    let space = SpaceId::parse(name).and_then(|id| app.spaces.get(id));
    space.ok_or_else(|| no_space(app, name))
}

pub fn no_space(app: &App, name: &str) -> ControlError {
    let why = app.spaces.why_missing(SpaceId::parse(name));
    ControlError::not_found(format!("there is no space {name}: {why}"))
}

/// The query of a call: its parameters are the fields of `T`.
pub struct QueryOf<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<Arc<App>> for QueryOf<T> {
    type Rejection = ControlError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self> {
        let query = Query::from_request_parts(parts, app).await;
        query.map(|Query(query)| Self(query)).map_err(|rejection| ControlError::malformed(rejection.body_text()))
    }
}

impl<T: JsonSchema> Describe for QueryOf<T> {
    fn describe(operation: &mut OperationWriter<'_>) {
        operation.query::<T>();
        operation.error(MALFORMED);
    }
}

/// Reads how many elements of a list are wanted.
pub fn read_limit<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<NonZeroUsize>, D::Error> {
    let number = Option::<usize>::deserialize(deserializer)?;
    let limit = number.map(|number| NonZeroUsize::new(number).ok_or(D::Error::custom("write a number from 1")));
    limit.transpose()
}

/// The name in the path of a call.
pub struct PathName(pub String);

impl FromRequestParts<Arc<App>> for PathName {
    type Rejection = ControlError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self> {
        let name = Path::from_request_parts(parts, app).await;
        name.map(|Path(name)| Self(name)).map_err(|rejection| ControlError::malformed(rejection.body_text()))
    }
}

impl Describe for PathName {
    fn describe(operation: &mut OperationWriter<'_>) {
        operation.error(MALFORMED);
        operation.error(NOT_FOUND);
    }
}

/// What the body of a call is converted to.
pub(crate) trait RequestBody: Sized {
    type Spec: DeserializeOwned + JsonSchema;

    const MEDIA_TYPES: &[&str] = &[JSON];
    /// False if no body means the same as an empty object.
    const IS_REQUIRED: bool = true;
    /// Bodies, as JSON. An empty body is answered with the first.
    const EXAMPLES: &[&str];

    /// Reports references to partners that are none of these, which are the space's.
    fn check_partners(_: &mut Document<'_>, _: &Self::Spec, _partners: &[&str]) {}

    /// Converts what the body says. `None` if it makes no sense, which is then reported to the document.
    fn convert(document: &mut Document<'_>, spec: Self::Spec) -> Option<Self>;
}

/// Converts the body of a call about a space.
fn convert_in<T: RequestBody>(space: &Space, document: &mut Document<'_>, spec: T::Spec) -> Option<T> {
    let accounts = space.state().accounts();
    let partners: Vec<_> = accounts.partners.iter().map(|partner| &*partner.name).collect();
    T::check_partners(document, &spec, &partners);
    T::convert(document, spec)
}

pub struct Body<T>(pub T);

impl<T: RequestBody> FromRequest<Arc<App>> for Body<T> {
    type Rejection = ControlError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self> {
        Unread::from_request(request, app).await?.read().map(Self)
    }
}

impl<T: RequestBody> Describe for Body<T> {
    fn describe(operation: &mut OperationWriter<'_>) {
        Unread::<T>::describe(operation);
    }
}

/// The body of a call that has come and is still to be read, which may take a while.
pub struct Unread<T> {
    text: String,
    /// A call that is about no space refers to no partner.
    space: Option<InSpace>,
    body: PhantomData<fn() -> T>,
}

impl<T: RequestBody> Unread<T> {
    pub fn read(self) -> Result<T> {
        let Self { text, space, .. } = self;
        if T::MEDIA_TYPES == [JSON] && !text.trim().is_empty() || text.trim_start().starts_with('{') {
            // What else is wrong with it, the reader of fixtures finds.
            parse_json::<IgnoredAny>(&text)?;
        }
        Ok(fixture::read_with(&text, T::EXAMPLES[0], |document, spec| match &space {
            Some(InSpace(space)) => convert_in(space, document, spec),
            None => T::convert(document, spec),
        })?)
    }
}

impl<T: RequestBody> FromRequest<Arc<App>> for Unread<T> {
    type Rejection = ControlError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self> {
        let (mut parts, body) = request.into_parts();
        let space = InSpace::from_request_parts(&mut parts, app).await.ok();
        let text = read_text::<T>(Request::from_parts(parts, body)).await?;
        Ok(Self { text, space, body: PhantomData })
    }
}

impl<T: RequestBody> Describe for Unread<T> {
    fn describe(operation: &mut OperationWriter<'_>) {
        let schema = operation.schema::<T::Spec>();
        operation.request_body(T::MEDIA_TYPES, T::IS_REQUIRED, &schema, T::EXAMPLES);
        operation.error(MALFORMED);
        operation.error(TOO_LARGE);
        operation.error(INVALID);
    }
}

/// What a call puts by its name, which has this key.
pub(crate) trait Named: RequestBody {
    const NAME: &str;
}

/// The body of a call that puts something by the name in the path. The body may leave the name out, but not contradict it.
pub struct NamedBody<T>(pub T);

impl<T: Named> FromRequest<Arc<App>> for NamedBody<T> {
    type Rejection = ControlError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self> {
        let (mut parts, body) = request.into_parts();
        let PathName(name) = PathName::from_request_parts(&mut parts, app).await?;
        let InSpace(space) = InSpace::from_request_parts(&mut parts, app).await?;
        let text = read_text::<T>(Request::from_parts(parts, body)).await?;
        parse_json::<IgnoredAny>(&text)?;
        let given = serde_json::Deserializer::from_str(&text).deserialize_map(FieldVisitor(T::NAME));
        let given = given.map_err(|_| ControlError::malformed("the body is no JSON object"))?;
        if given.is_some_and(|given| serde_json::from_str::<String>(given.get()).ok().as_ref() != Some(&name)) {
            return Err(ControlError::malformed(format!("`{}` is another one in the path", T::NAME)));
        }
        let convert = |document: &mut Document<'_>, spec| convert_in(&space, document, spec);
        Ok(Self(fixture::read_named(&text, (T::NAME, &name), convert)?))
    }
}

/// Finds the value of the field with this name, and keeps nothing else of an object.
struct FieldVisitor(&'static str);

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> std::result::Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(name) = fields.next_key::<Cow<'de, str>>()? {
            if name == self.0 {
                found = Some(fields.next_value()?);
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

impl<T: Named> Describe for NamedBody<T> {
    fn describe(operation: &mut OperationWriter<'_>) {
        PathName::describe(operation);
        let mut schema = T::Spec::json_schema(operation.generator);
        allow_null(&mut schema);
        if let Some(Value::Array(required)) = schema.get_mut("required") {
            required.retain(|key| key != T::NAME);
        }
        operation.request_body(&[JSON], T::IS_REQUIRED, &schema, T::EXAMPLES);
        operation.error(TOO_LARGE);
        operation.error(INVALID);
    }
}

/// Reads the body of a call to its end.
pub async fn read_call(headers: &HeaderMap, body: axum::body::Body) -> Result<Bytes> {
    read_body(headers, body).await.map_err(|error| match error {
        gateway::BODY_TOO_LARGE => ControlError::new(TOO_LARGE, format!("the limit is {MAX_BODY_BYTES} bytes")),
        _ => ControlError::malformed("the body was not sent to its end"),
    })
}

async fn read_text<T: RequestBody>(request: Request) -> Result<String> {
    let (parts, body) = request.into_parts();
    let body = read_call(&parts.headers, body).await?;
    let text = String::from_utf8(body.into()).map_err(|_| ControlError::malformed("the body is not UTF-8"))?;
    Ok(if text.trim().is_empty() && !T::IS_REQUIRED { "{}".to_owned() } else { text })
}

fn parse_json<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| ControlError::malformed(format!("the body is no JSON: {error}")))
}

/// A response in JSON with this status.
pub struct Status<const CODE: u16, T>(pub T);

impl<const CODE: u16, T: Serialize> IntoResponse for Status<CODE, T> {
    fn into_response(self) -> Response {
        (status_code(CODE), Json(self.0)).into_response()
    }
}

impl<const CODE: u16, T: JsonSchema> Describe for Status<CODE, T> {
    fn describe(operation: &mut OperationWriter<'_>) {
        operation.response::<T>(status_code(CODE), JSON);
    }
}

/// Whether a client wants text for people: if its `Accept` names `text/plain`, and JSON not before that.
pub struct WantsText(pub bool);

impl<S: Sync> FromRequestParts<S> for WantsText {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let accepted = parts.headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let names = accepted.flat_map(|value| value.split(',')).map(|name| name.split(';').next().unwrap_or_default());
        let first = names.map(|name| name.trim().to_ascii_lowercase()).find(|name| [JSON, TEXT].contains(&&**name));
        Ok(Self(first.is_some_and(|name| name == TEXT)))
    }
}

impl Describe for WantsText {}

/// A response with this status, in JSON or as text for people.
pub struct Readable<const CODE: u16, T> {
    pub value: T,
    pub as_text: bool,
}

impl<const CODE: u16, T: Serialize + Display> IntoResponse for Readable<CODE, T> {
    fn into_response(self) -> Response {
        let Self { value, as_text } = self;
        let mut response = if as_text { format!("{value}\n").into_response() } else { Json(value).into_response() };
        *response.status_mut() = status_code(CODE);
        response
    }
}

impl<const CODE: u16, T: JsonSchema> Describe for Readable<CODE, T> {
    fn describe(operation: &mut OperationWriter<'_>) {
        operation.response::<T>(status_code(CODE), JSON);
        operation.alternative(status_code(CODE), TEXT, &json!({ "type": "string" }));
    }
}

fn status_code(code: u16) -> StatusCode {
    StatusCode::from_u16(code).expect("handlers answer with statuses of HTTP")
}

/// A response with something that was put: new, or in the place of another.
pub struct Put<T> {
    pub is_new: bool,
    pub value: T,
}

impl<T: Serialize> IntoResponse for Put<T> {
    fn into_response(self) -> Response {
        let status = if self.is_new { StatusCode::CREATED } else { StatusCode::OK };
        (status, Json(self.value)).into_response()
    }
}

impl<T: JsonSchema> Describe for Put<T> {
    fn describe(operation: &mut OperationWriter<'_>) {
        operation.response::<T>(StatusCode::OK, JSON);
        operation.response::<T>(StatusCode::CREATED, JSON);
    }
}
