//! Journal entries and explanations as they are shown: without secrets, and without personal data unless it was asked for.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::extract::query_value;
use crate::domain::{Answer, CheckReport, RealNameStatus, Wire};
use crate::http::openapi::all_required;
use crate::http::{App, explain_outcome, response};
use crate::simulator::{Change, JournalEntry, Outcome, RecordedRequest, Space, SpaceId};

/// The fields of a body that are personal data or secret, whatever they hold.
const PERSONAL: [&str; 3] = ["name", "token", "verified_number"];

/// What stands for a value that is not shown.
const MASK: &str = "***";

/// The headers whose values are credentials.
const SECRET_HEADERS: [&str; 7] = [
    "authorization",
    "cookie",
    "proxy-authorization",
    "set-cookie",
    "x-auth-token",
    "x-security-token",
    "x-subject-token",
];

/// What was asked and answered, and why.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "Entry")]
pub struct EntryBody {
    /// Its number in the journal of its space: for `since`.
    pub number: u64,
    /// The `X-Request-Id` of the answer.
    #[schemars(regex(pattern = "^[0-9a-f]{32}$"))]
    pub request_id: String,
    /// When it was answered, by the clock of its space.
    #[schemars(extend("format" = "date-time"))]
    pub at: String,
    /// The space.
    pub space: String,
    /// The name of the partner that called; `null` if it is not known.
    pub caller: Option<String>,
    /// What was asked.
    pub request: RequestView,
    /// What was answered, and why.
    #[serde(flatten)]
    pub explanation: Explanation,
}

/// A recorded request.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct RequestView {
    /// The method.
    pub method: String,
    /// The path, with the query.
    pub path: String,
    /// The headers, without credentials.
    #[schemars(with = "BTreeMap<String, String>")]
    pub headers: Map<String, Value>,
    /// The body; `null` if it is no JSON.
    pub body: Value,
}

/// What was answered, and why.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Explanation {
    /// What was answered.
    pub response: ResponseView,
    /// What decided.
    pub outcome: OutcomeView,
    /// Every check and rule, in order.
    pub checks: Vec<CheckReport>,
    /// What changed.
    pub changes: Vec<ChangeView>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct ResponseView {
    /// The HTTP status; `null` if there was no answer.
    pub status: Option<u16>,
    /// The body.
    pub body: Value,
    /// What happened to the connection instead of an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<&'static str>,
}

/// An outcome.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline, transform = all_required)]
pub struct OutcomeView {
    /// The `error_code` that was answered.
    pub error_code: Option<&'static str>,
    /// What decided.
    #[schemars(extend("enum" = ["gateway", "parameters", "script", "rule", "accepted"]))]
    pub decided_by: &'static str,
    /// The check or the rule that refused.
    pub rule: Option<&'static str>,
}

/// A change of a customer.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct ChangeView {
    /// The customer's ID.
    pub customer: String,
    /// How many attempts it had used before, and has used now.
    pub attempts: [u32; 2],
    /// What its real-name status was, and is, if that changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub real_name: Option<[RealNameStatus; 2]>,
}

impl From<&Change> for ChangeView {
    fn from(Change { customer, attempts, real_name }: &Change) -> Self {
        let real_name = Some(*real_name).filter(|[before, after]| before != after);
        Self { customer: customer.to_string(), attempts: *attempts, real_name }
    }
}

/// Makes the entries of a space ready to be shown.
#[derive(Clone, Copy)]
pub struct EntryWriter {
    space: SpaceId,
    wire: Wire,
    show_personal_data: bool,
}

impl EntryWriter {
    pub fn new(app: &App, space: &Space) -> Self {
        let wire = space.state().settings().wire;
        Self { space: space.id, wire, show_personal_data: app.control.show_personal_data }
    }

    pub fn entry(self, entry: &JournalEntry) -> EntryBody {
        EntryBody {
            number: entry.number,
            request_id: entry.request_id.simple().to_string(),
            at: format!("{:.3}", entry.at),
            space: self.space.to_string(),
            caller: entry.caller.as_deref().map(str::to_owned),
            request: self.request(&entry.request),
            explanation: self.explanation(entry),
        }
    }

    pub fn explanation(self, entry: &JournalEntry) -> Explanation {
        let JournalEntry { outcome, request, status, request_id, caller, .. } = entry;
        let response = match outcome.answer() {
            Some(Answer::Fault(fault)) => ResponseView { status: None, body: Value::Null, fault: Some(fault.as_str()) },
            _ => ResponseView { status: Some(*status), body: self.response_body(outcome, *request_id), fault: None },
        };
        let (error_code, decided_by, rule) = (outcome.error_code(), outcome.decided_by(), outcome.check());
        let checks = explain_outcome(outcome, request, caller.as_deref()).into_iter();
        Explanation {
            response,
            outcome: OutcomeView { error_code, decided_by, rule },
            checks: checks.map(|report| CheckReport { saw: without_secret_headers(&report.saw), ..report }).collect(),
            changes: outcome.change().into_iter().map(Into::into).collect(),
        }
    }

    fn request(self, request: &RecordedRequest) -> RequestView {
        let body = match serde_json::from_slice(request.body()) {
            Ok(body) => self.mask(body),
            Err(_) if self.show_personal_data => String::from_utf8_lossy(request.body()).into(),
            Err(_) => Value::Null,
        };
        let mask = |name: &str| SECRET_HEADERS.contains(&name).then(|| MASK.to_owned());
        let header = |(name, value): (Cow<'_, str>, Cow<'_, str>)| {
            (name.clone().into_owned(), mask(&name).unwrap_or(value.into_owned()).into())
        };
        let headers = request.headers().map(header).collect();
        RequestView { method: request.method().to_owned(), path: request.target().to_owned(), headers, body }
    }

    fn response_body(self, outcome: &Outcome, request_id: Uuid) -> Value {
        let text = response::body(outcome, self.wire, &request_id.simple().to_string());
        let body = text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        without_credentials(if outcome.iam().is_some() { self.mask(body) } else { body })
    }

    /// A body without personal data.
    fn mask(self, body: Value) -> Value {
        match body {
            _ if self.show_personal_data => body,
            Value::Object(fields) => {
                let mask = |(name, value): (String, Value)| {
                    // IAM calls both the secret and the object around it so.
                    let is_password = name == "password" && !value.is_object();
                    let is_personal = (PERSONAL.contains(&name.as_str()) || is_password) && !value.is_null();
                    let value = if is_personal { MASK.into() } else { self.mask(value) };
                    (name, value)
                };
                fields.into_iter().map(mask).collect()
            }
            Value::Array(elements) => elements.into_iter().map(|element| self.mask(element)).collect(),
            other => other,
        }
    }
}

/// The canonical request of a refusal has the signed headers, and credentials can be among them.
fn without_credentials(value: Value) -> Value {
    match value {
        Value::String(text) => without_secret_headers(&text).into(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, without_credentials(value))).collect(),
        other => other,
    }
}

/// Masks the value of each secret header that a line of the text, or what stands for a line there, begins with.
fn without_secret_headers(text: &str) -> String {
    let clean = |piece: &str| match piece.split_once(':') {
        Some((name, rest)) if SECRET_HEADERS.contains(&name) => {
            format!("{name}:{MASK}{}", rest.matches(['|', '\n']).next().unwrap_or_default())
        }
        _ => piece.to_owned(),
    };
    text.split_inclusive(['|', '\n']).map(clean).collect()
}

/// The customer that a request is about, by its body or by its query.
pub fn customer_id(request: &RecordedRequest) -> Option<String> {
    let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    let by_body = body["customer_id"].as_str().map(str::to_owned);
    by_body.or_else(|| query_value(&request.target().parse().ok()?, "customer_id"))
}
