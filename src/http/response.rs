//! Responses: the wire form of outcomes; and their delivery, which delays answers and injects faults, after the request was
//! decided and recorded.

use std::borrow::Cow;
use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, SERVER};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use futures_util::stream::unfold;
use http_body_util::{BodyExt, Collected};
use hyper::ext::ReasonPhrase;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::domain::{
    Answer, CheckItem, ErrorCode, Fault, GatewayError, IsReviewType, OtherError, ParameterErrors, Refusal, Review, Wire,
};
use crate::simulator::{ApiError, Detail, Outcome, ScriptUse, ScriptedOutcome};

pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub const X_SUBJECT_TOKEN: HeaderName = HeaderName::from_static("x-subject-token");

/// The reason phrase of a status that has none. The library would write `<none>`.
const NO_REASON: ReasonPhrase = ReasonPhrase::from_static(b"");

/// The rules that refuse with the code of a parameter error, each with the parameter and what it has to be.
const PARAMETER_RULES: [(&str, &str); 2] = [
    ("platform-of-partner", "xaccount_type: must be the platform ID of the partner"),
    ("individual-passed", "change_type: must be for an authenticated individual"),
];

/// The response carries the outcome; the record layer, which knows the request ID, gives it its wire form.
impl IntoResponse for Outcome {
    fn into_response(self) -> Response<Body> {
        let mut response = Response::default();
        response.extensions_mut().insert(self);
        response
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response<Body> {
        Outcome::from(self).into_response()
    }
}

/// Gives a response the wire form of its outcome. `id` is that of the request. Of its headers only an issued token stays:
/// the router has added some that the API does not have, such as `Allow`.
pub fn write(outcome: &Outcome, wire: &Wire, id: Uuid, response: &mut Response<Body>) {
    let mut buffer = Uuid::encode_buffer();
    let id: &str = id.simple().encode_lower(&mut buffer);
    let status = status(outcome);
    *response.status_mut() = status;
    if status.canonical_reason().is_none() {
        response.extensions_mut().insert(NO_REASON);
    }
    *response.body_mut() = body(outcome, wire, id, |detail| &detail.text).map(Body::from).unwrap_or_default();
    let headers = response.headers_mut();
    let token = outcome.iam().and_then(|_| headers.remove(X_SUBJECT_TOKEN));
    headers.clear();
    headers.extend(token.map(|token| (X_SUBJECT_TOKEN, token)));
    headers.reserve(4);
    headers.insert(X_REQUEST_ID, request_id_header(id));
    let content_type = match (outcome, outcome.answer()) {
        (_, Some(Answer::Gateway(error))) => {
            headers.insert(SERVER, HeaderValue::from_static("api-gateway"));
            headers.extend(error.retry_after.map(|seconds| (RETRY_AFTER, u16::from(seconds).into())));
            Some(HeaderValue::from_static("application/json"))
        }
        (_, Some(Answer::Raw(raw))) => raw.content_type.as_deref().map(raw_header),
        (Outcome::Iam(_) | Outcome::Refused(ApiError::Iam(..)), _) => {
            Some(HeaderValue::from_static("application/json"))
        }
        // The delivery decides what is sent.
        (Outcome::Scripted(_), None) => None,
        (_, None) if is_without_body(outcome) => None,
        _ => Some(HeaderValue::from_static("application/json;charset=UTF-8")),
    };
    headers.extend(content_type.map(|content_type| (CONTENT_TYPE, content_type)));
}

/// Takes the body from the response to a `HEAD`, and leaves its length. Over HTTP/2 the library would send it.
pub fn leave_out_body(response: &mut Response<Body>) {
    let body = std::mem::take(response.body_mut());
    let length = body.size_hint().exact().map(HeaderValue::from);
    response.headers_mut().extend(length.map(|length| (CONTENT_LENGTH, length)));
}

fn raw_header(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("a fixture's content type is checked when it is read")
}

/// The headers of the response with an outcome, but for an issued token.
pub fn headers(outcome: &Outcome, wire: &Wire, id: Uuid) -> HeaderMap {
    let mut response = Response::default();
    write(outcome, wire, id, &mut response);
    response.into_parts().0.headers
}

pub fn request_id_header(id: &str) -> HeaderValue {
    HeaderValue::from_str(id).expect("hexadecimal digits fit a header")
}

pub fn status(outcome: &Outcome) -> StatusCode {
    let status = match (outcome.iam(), outcome.answer()) {
        (Some(iam), _) => iam.status,
        (None, Some(Answer::Refuse(refusal))) => refusal.code.status(),
        (None, Some(Answer::Other(error))) => error.status,
        (None, Some(Answer::Gateway(error))) => error.status,
        (None, Some(Answer::Raw(raw))) => raw.status,
        (None, None) if is_without_body(outcome) => 204,
        (None, Some(Answer::Accept(_)) | None) => 200,
    };
    StatusCode::from_u16(status).expect("the catalogs hold only HTTP statuses")
}

/// Returns true if the answer of an endpoint has no body, though nothing is wrong.
const fn is_without_body(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Ruled(ruled) if ruled.body.is_empty())
}

/// The body of an outcome. The gateway's bodies contain the request ID; a fault without an answer has no body.
/// `text` is what is said of a detail.
pub fn body(outcome: &Outcome, wire: &Wire, request_id: &str, text: fn(&Detail) -> &str) -> Option<Cow<'static, str>> {
    match (outcome, outcome.answer()) {
        (_, Some(Answer::Accept(review))) => Some(accepted(review, wire.is_review).into()),
        (_, Some(Answer::Refuse(refusal))) => Some(refused(outcome, refusal, wire).into()),
        (_, Some(Answer::Gateway(error))) => Some(refused_by_gateway(outcome, error, wire, request_id, text).into()),
        (Outcome::Scripted(ScriptedOutcome { body: Some(body), .. }), Some(Answer::Other(_))) => {
            Some(body.clone().into())
        }
        (_, Some(Answer::Other(error))) => Some(other(error, wire).into()),
        (_, Some(Answer::Raw(raw))) => Some(raw.body.clone().into()),
        (Outcome::Ruled(ruled), None) => Some(ruled.body.clone().into()),
        (_, None) => outcome.iam().map(|iam| iam.body.clone().into()),
    }
}

const fn accepted(review: Review, is_review: IsReviewType) -> &'static str {
    match (is_review, review) {
        (IsReviewType::Integer, Review::NotNeeded) => r#"{"is_review":0}"#,
        (IsReviewType::Integer, Review::Manual) => r#"{"is_review":1}"#,
        (IsReviewType::String, Review::NotNeeded) => r#"{"is_review":"0"}"#,
        (IsReviewType::String, Review::Manual) => r#"{"is_review":"1"}"#,
    }
}

/// An error of the API.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct ErrorBody<'a> {
    /// Error code.
    #[schemars(length(max = 16))]
    error_code: &'a str,
    /// Error description.
    #[schemars(length(max = 1024))]
    error_msg: &'a str,
    /// Error list, in the page's order (the order is assumed).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<String>", default)]
    fail_check_items: Option<Vec<&'a str>>,
}

fn refused(outcome: &Outcome, Refusal { code, items }: Refusal, wire: &Wire) -> String {
    let error_msg = error_msg(outcome, code, wire);
    let fail_check_items = (!items.is_empty()).then(|| items.iter().map(CheckItem::code).collect());
    json_text(&ErrorBody { error_code: code.code(), error_msg: &error_msg, fail_check_items })
}

fn other(OtherError { code, message, .. }: &OtherError, wire: &Wire) -> String {
    json_text(&ErrorBody { error_code: code, error_msg: wire.messages.of(code, message), fail_check_items: None })
}

/// A text that is listed stands alone: it is what the user saw on the real service.
fn error_msg(outcome: &Outcome, code: ErrorCode, wire: &Wire) -> String {
    if let Some(listed) = wire.messages.get(code.code()) {
        return listed.to_owned();
    }
    let named = match (wire.parameter_errors, outcome) {
        (ParameterErrors::Named, Outcome::Refused(ApiError::Parameters(error))) => Some(error.to_string()),
        (ParameterErrors::Named, Outcome::Submission(_) | Outcome::Ruled(_)) => {
            let mut rules = PARAMETER_RULES.iter();
            rules.find(|(rule, _)| outcome.check() == Some(*rule)).map(|(_, message)| (*message).to_owned())
        }
        _ => None,
    };
    named.unwrap_or_else(|| code.message().to_owned())
}

/// An error of the gateway.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct GatewayErrorBody<'a> {
    /// What is wrong.
    error_msg: &'a str,
    /// The code.
    error_code: &'a str,
    /// The same as in `X-Request-Id`.
    #[schemars(regex(pattern = "^[0-9a-f]{32}$"))]
    request_id: &'a str,
}

/// The detail of the case replaces the final dot of the table's text, or what it has after a colon. A text that is listed
/// stands alone.
fn refused_by_gateway(
    outcome: &Outcome,
    error: &GatewayError,
    wire: &Wire,
    request_id: &str,
    text: fn(&Detail) -> &str,
) -> String {
    let error_msg: Cow<'_, str> = match (wire.messages.get(error.code), outcome) {
        (Some(listed), _) => listed.into(),
        (None, Outcome::Refused(ApiError::Gateway { detail: Some(detail), .. })) => {
            let (message, _) = error.message.split_once(": ").unwrap_or((error.message, ""));
            format!("{}: {}", message.trim_end_matches('.'), text(detail)).into()
        }
        (None, _) => error.message.into(),
    };
    json_text(&GatewayErrorBody { error_msg: &error_msg, error_code: error.code, request_id })
}

pub fn json_text(body: &impl Serialize) -> String {
    serde_json::to_string(body).expect("texts, numbers and lists are JSON")
}

/// The answer that is cut short if the script has none.
const COMPLETE: &[u8] = br#"{"is_review":1}"#;

/// How an answer is delivered that is not simply sent.
#[derive(Clone, Copy, Debug)]
pub struct Delivery {
    pub delay: Duration,
    pub fault: Option<Fault>,
}

/// What the server does to the connection instead of sending the response. An extension of the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connection ends without an answer, as scripted")]
pub enum AbortConnection {
    /// TCP's RST.
    Reset,
    Close,
    /// The server waits as long as the client does, and closes the connection.
    Hang,
}

impl Delivery {
    /// The delivery of an outcome. `None` if its answer is simply sent.
    pub fn of(outcome: &Outcome, script: Option<ScriptUse>) -> Option<Self> {
        let delay = script.map_or(Duration::ZERO, |script| script.delay);
        let fault = outcome.fault();
        (fault.is_some() || !delay.is_zero()).then_some(Self { delay, fault })
    }

    pub async fn deliver(self, mut response: Response<Body>) -> Response<Body> {
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        match self.fault {
            None => {}
            Some(Fault::Empty) => {
                *response.status_mut() = StatusCode::OK;
                response.headers_mut().remove(CONTENT_TYPE);
                *response.body_mut() = Body::empty();
            }
            Some(Fault::Hang) => {
                response.extensions_mut().insert(AbortConnection::Hang);
            }
            Some(Fault::Reset) => {
                response.extensions_mut().insert(AbortConnection::Reset);
            }
            Some(Fault::Close) => {
                response.extensions_mut().insert(AbortConnection::Close);
            }
            Some(Fault::Malformed) => {
                let body = std::mem::take(response.body_mut()).collect().await;
                let body = body.map(Collected::to_bytes).unwrap_or_default();
                let complete = if body.is_empty() { Bytes::from_static(COMPLETE) } else { body };
                let headers = response.headers_mut();
                headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json;charset=UTF-8"));
                headers.insert(CONTENT_LENGTH, complete.len().into());
                *response.body_mut() = cut_body(complete.slice(..complete.len() / 2));
            }
        }
        response
    }
}

/// A body that ends in an error after its beginning was sent.
fn cut_body(beginning: Bytes) -> Body {
    Body::from_stream(unfold(Some(beginning), |beginning| async move {
        if let Some(beginning) = beginning {
            return Some((Ok(beginning), None));
        }
        // The server gets to send the beginning before the error ends the connection.
        tokio::task::yield_now().await;
        Some((Err(io::Error::other("the body is cut short, as scripted")), None))
    }))
}
