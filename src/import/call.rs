//! Calls: what a captured entry asked of a simulated endpoint, and what was answered; and recorded calls, which can become
//! exchanges and have invented values.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::capture::CapturedEntry;
use crate::domain::{
    ApiCode, CREATE_CUSTOMER, DOMAINS, ENDPOINTS, Endpoint, ErrorCode, INDIVIDUAL, Review, SEND_CODE, TOKENS,
};

/// A call of a simulated endpoint.
#[derive(Debug)]
pub(super) struct CapturedCall {
    pub(super) endpoint: &'static Endpoint,
    pub(super) credential: Credential,
    /// The fields of the body, or of the query of a GET; or why they cannot be sent again.
    pub(super) fields: Result<Map<String, Value>, &'static str>,
    pub(super) answer: CapturedAnswer,
}

/// What a call shows of its caller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Credential {
    Token(String),
    AccessKey(String),
    /// None was sent, or the recorder left it out.
    Absent,
}

/// What the service answered.
#[derive(Debug)]
pub(super) struct CapturedAnswer {
    pub(super) status: u16,
    /// With their names in lower case.
    headers: Vec<(String, String)>,
    pub(super) body: CapturedBody,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum CapturedBody {
    Empty,
    Json(Value),
    /// As a proxy answers.
    Text(String),
}

impl CapturedBody {
    /// Returns how many bytes it has.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::Json(body) => body.to_string().len(),
            Self::Text(text) => text.len(),
        }
    }
}

/// The longest `Content-Type` of a scripted answer, in bytes.
const MAX_TYPE_BYTES: usize = 256;

/// Returns true if a scripted answer can have this status with this body.
pub(super) fn can_be_scripted(status: u16, body: &CapturedBody) -> bool {
    (200..=599).contains(&status) && (*body == CapturedBody::Empty || !matches!(status, 204 | 205 | 304))
}

/// Writes a raw scripted answer.
pub(super) fn raw(status: u16, content_type: Option<&str>, body: &CapturedBody) -> Value {
    let mut raw = json!({ "status": status });
    let is_text = |text: &&str| text.len() <= MAX_TYPE_BYTES && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if let Some(content_type) = content_type.filter(is_text) {
        raw["content_type"] = content_type.into();
    }
    match body {
        CapturedBody::Empty => {}
        CapturedBody::Json(body) => raw["body"] = body.to_string().into(),
        CapturedBody::Text(text) => raw["body"] = text.as_str().into(),
    }
    json!({ "raw": raw })
}

impl CapturedAnswer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn json(&self) -> Option<&Value> {
        match &self.body {
            CapturedBody::Json(body) => Some(body),
            CapturedBody::Empty | CapturedBody::Text(_) => None,
        }
    }
}

/// Why an entry is none of these calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub(super) enum Skip {
    #[error("calls of other paths than the simulated ones")]
    Foreign,
    #[error("calls by another method than the path has")]
    OtherMethod,
    #[error("broken entries: without a request or a response as HAR 1.2 has them")]
    BrokenEntry,
    #[error("calls without an answer: the connection failed, or the recorder stopped")]
    NoAnswer,
    #[error("answers whose body is still compressed: let the recorder decode bodies")]
    Compressed,
    #[error("answers whose body is missing: let the recorder keep bodies")]
    NoBody,
    #[error("answers whose body is broken or cut off: raise the recorder's limit of size")]
    BrokenBody,
}

/// Returns the method and the path of a request.
fn target(request: &Value) -> Option<(&str, &str, Option<&str>)> {
    let (method, url) = (request["method"].as_str()?, request["url"].as_str()?);
    let url = url.split_once('#').map_or(url, |(url, _)| url);
    let (path, query) = url.split_once('?').map_or((url, None), |(path, query)| (path, Some(query)));
    let path = match path.split_once("://") {
        Some((_, rest)) => &rest[rest.find('/').unwrap_or(rest.len())..],
        None => path,
    };
    Some((method, path, query))
}

/// Returns the simulated endpoints at a path. A gateway in between may put more before it.
fn endpoints(path: &str) -> impl Iterator<Item = &'static Endpoint> {
    ENDPOINTS.into_iter().filter(move |endpoint| path.ends_with(endpoint.path))
}

/// Returns true if a request is to a path that is simulated, or if it is not known yet.
pub(super) fn is_of_known_path(request: &Value) -> bool {
    target(request).is_none_or(|(_, path, _)| endpoints(path).next().is_some())
}

impl CapturedCall {
    pub(super) fn of(entry: &CapturedEntry) -> Result<Self, Skip> {
        let CapturedEntry { request, response } = entry;
        let (method, path, query) = target(request).ok_or(Skip::BrokenEntry)?;
        if endpoints(path).next().is_none() {
            return Err(Skip::Foreign);
        }
        let endpoint = endpoints(path).find(|endpoint| endpoint.method == method).ok_or(Skip::OtherMethod)?;
        let status = response["status"].as_u64().ok_or(Skip::BrokenEntry)?;
        let status = u16::try_from(status).map_err(|_| Skip::BrokenEntry)?;
        if status < 100 {
            return Err(Skip::NoAnswer);
        }
        let headers = headers(response);
        let body = body(status, &headers, &response["content"])?;
        let answer = CapturedAnswer { status, headers, body };
        let fields = if endpoint.method == "GET" { from_query(query) } else { from_body(request) };
        Ok(Self { endpoint, credential: credential(request), fields, answer })
    }

    /// Returns true if it is to IAM, which knows callers and no applications.
    pub(super) fn is_of_iam(&self) -> bool {
        *self.endpoint == DOMAINS || *self.endpoint == TOKENS
    }
}

/// Returns the headers of a request or a response, with their names in lower case.
fn headers(message: &Value) -> Vec<(String, String)> {
    let list = message["headers"].as_array().map(Vec::as_slice).unwrap_or_default();
    let pair = |header: &Value| {
        Some((header["name"].as_str()?.to_ascii_lowercase(), header["value"].as_str()?.trim().to_owned()))
    };
    list.iter().filter_map(pair).collect()
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
}

fn credential(request: &Value) -> Credential {
    let headers = headers(request);
    if let Some(token) = find(&headers, "x-auth-token") {
        return Credential::Token(token.to_owned());
    }
    let access_key = find(&headers, "authorization").and_then(|value| {
        let (_, rest) = value.split_once("Access=").or_else(|| value.split_once("Credential="))?;
        let key = rest.split([',', '/', ' ']).next().unwrap_or_default();
        (!key.is_empty()).then(|| key.to_owned())
    });
    access_key.map_or(Credential::Absent, Credential::AccessKey)
}

/// Decodes a query. No endpoint has a parameter that may be repeated.
fn from_query(query: Option<&str>) -> Result<Map<String, Value>, &'static str> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8().map(Cow::into_owned);
    let mut fields = Map::new();
    for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (Ok(name), Ok(value)) = (decode(name), decode(value)) else { return Err("queries that are not UTF-8") };
        if fields.insert(name, value.into()).is_some() {
            return Err("queries with a parameter that is there twice");
        }
    }
    Ok(fields)
}

fn from_body(request: &Value) -> Result<Map<String, Value>, &'static str> {
    let content_type = find(&headers(request), "content-type").unwrap_or("application/json").to_ascii_lowercase();
    if !content_type.trim_start().starts_with("application/json") {
        return Err("calls with another Content-Type than JSON: an exchange is sent as JSON");
    }
    let Some(text) = request["postData"]["text"].as_str().filter(|text| !text.is_empty()) else {
        return Err("calls whose request body is empty, or was not recorded");
    };
    let is_encoded = request["postData"]["encoding"].as_str() == Some("base64");
    let decoded = if is_encoded { STANDARD.decode(text).ok() } else { Some(text.as_bytes().to_vec()) };
    let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    match serde_json::from_str(text.trim_start_matches('\u{feff}')) {
        Ok(Value::Object(fields)) => Ok(fields),
        _ => Err("calls whose request body is no JSON object"),
    }
}

fn body(status: u16, headers: &[(String, String)], content: &Value) -> Result<CapturedBody, Skip> {
    let text = content["text"].as_str();
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        // A recorder that keeps bodies writes an empty text, or a size, of an empty one.
        let is_empty = match content["size"].as_i64() {
            Some(size) if size >= 0 => size == 0,
            _ => text.is_some(),
        };
        let length = find(headers, "content-length").and_then(|length| length.parse::<u64>().ok());
        let is_empty = matches!(status, 204 | 304) || is_empty && length.is_none_or(|length| length == 0);
        return if is_empty { Ok(CapturedBody::Empty) } else { Err(Skip::NoBody) };
    };
    let text = match content["encoding"].as_str() {
        None | Some("") => Cow::Borrowed(text),
        Some("base64") => {
            let bytes: Vec<_> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
            let bytes = STANDARD.decode(bytes).map_err(|_| Skip::BrokenBody)?;
            Cow::Owned(String::from_utf8(bytes).map_err(|_| Skip::Compressed)?)
        }
        Some(_) => return Err(Skip::Compressed),
    };
    let text = text.trim_start_matches('\u{feff}').trim();
    match serde_json::from_str(text) {
        Ok(body) => Ok(CapturedBody::Json(body)),
        // A proxy answers in its own form, and a compressed body that was taken for a text has control characters.
        Err(_) if text.contains(|c: char| c.is_control() && !c.is_whitespace() || c == '\u{FFFD}') => {
            Err(Skip::Compressed)
        }
        Err(_) if text.starts_with('{') => Err(Skip::BrokenBody),
        Err(_) => Ok(CapturedBody::Text(text.to_owned())),
    }
}

/// A call that can be sent again.
#[derive(Debug)]
pub(super) struct RecordedCall {
    /// The number of its entry in the capture.
    pub(super) entry: usize,
    /// The place of its caller.
    pub(super) caller: usize,
    pub(super) endpoint: &'static Endpoint,
    pub(super) fields: Map<String, Value>,
    pub(super) answer: RecordedAnswer,
}

/// Its answer.
#[derive(Debug, PartialEq)]
pub(super) struct RecordedAnswer {
    pub(super) status: u16,
    pub(super) content_type: Option<String>,
    pub(super) body: CapturedBody,
    /// Whether the text of its error is about this request alone.
    pub(super) is_text_of_request: bool,
}

impl RecordedAnswer {
    pub(super) fn json(&self) -> Option<&Map<String, Value>> {
        match &self.body {
            CapturedBody::Json(Value::Object(body)) => Some(body),
            _ => None,
        }
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.json()?.get(key)?.as_str()
    }

    pub(super) fn code(&self) -> Option<&str> {
        self.text("error_code")
    }

    /// Returns the error of the page, if it is one.
    pub(super) fn error(&self) -> Option<ErrorCode> {
        match ApiCode::parse(self.code()?)? {
            ApiCode::Page(code) => Some(code),
            ApiCode::Other(_) => None,
        }
    }

    /// Returns the number of a field. It may also be a text, as the page's example has it.
    pub(super) fn number(&self, key: &str) -> Option<i64> {
        let value = self.json()?.get(key)?;
        value.as_i64().or_else(|| value.as_str()?.parse().ok())
    }

    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl RecordedCall {
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name)?.as_str()
    }

    pub(super) fn customer(&self) -> Option<&str> {
        self.field("customer_id").filter(|id| !id.is_empty())
    }

    /// Returns whether a review followed, if an application was accepted.
    pub(super) fn accepted(&self) -> Option<Review> {
        self.endpoint.application.filter(|_| self.answer.is_success())?;
        let number = self.answer.number("is_review")?;
        Review::ALL.iter().copied().find(|review| i64::from(review.number()) == number)
    }

    /// Returns true if it counted as an attempt of the customer.
    pub(super) fn is_attempt(&self) -> bool {
        let is_late = |code| {
            matches!(
                code,
                ErrorCode::CertificateBlocked
                    | ErrorCode::CertificateWornOut
                    | ErrorCode::CheckItemsFailed
                    | ErrorCode::VerificationFailed
                    | ErrorCode::IdentityMismatch
            )
        };
        self.endpoint.application.is_some() && (self.accepted().is_some() || self.answer.error().is_some_and(is_late))
    }

    /// Returns true if the answer says that the customer is one of the caller.
    pub(super) fn is_of_owner(&self) -> bool {
        let of_other = [
            ErrorCode::NoPartner,
            ErrorCode::NotYourCustomer,
            ErrorCode::CustomerIsCaller,
            ErrorCode::ParameterError,
            ErrorCode::AccessDenied,
            ErrorCode::PartnerNotReady,
            ErrorCode::OtherErrors,
        ];
        let is_of_page = self.answer.error().is_some_and(|code| !of_other.contains(&code));
        self.answer.is_success() && self.answer.json().is_some() || is_of_page
    }

    /// Returns true if the same call again may get another answer because of this one.
    pub(super) fn may_change(&self) -> bool {
        self.endpoint.application.is_some() || [&CREATE_CUSTOMER, &SEND_CODE].contains(&self.endpoint)
    }

    /// Returns the certificate that the customer is to hold.
    pub(super) fn certificate(&self) -> Option<&str> {
        if *self.endpoint == INDIVIDUAL { self.field("verified_number") } else { None }
    }
}
