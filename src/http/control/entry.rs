//! Journal entries and explanations as they are shown, as JSON, as text for people and as an exchange of a scenario: without
//! secrets, and without personal data unless it was asked for.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::error::{CONFLICT, ControlError, Result};
use crate::domain::{
    Accounts, Answer, CUSTOMER_ID, CheckReport, CheckResult, Citation, Contract, CustomerType, Endpoint, Fault,
    INDIVIDUAL, Label, REVIEW_RESULT, RealNameStatus, Settings, Wire, excerpt, printable, short,
};
use crate::fixture::write::{block, scalar};
use crate::http::explanation::Explainer;
use crate::http::extract::query_value;
use crate::http::invent::Inventor;
use crate::http::mask::Mask;
use crate::http::openapi::all_required;
use crate::http::parameters::{decode_json, is_json};
use crate::http::secrets::KnownSecrets;
use crate::http::{App, response};
use crate::simulator::{ApiError, Change, JournalEntry, Outcome, RecordedRequest, Space, SpaceId, Spaces};

/// The fields of responses that are not shown: personal data, and links, which have the host that the client named.
const PERSONAL: [&str; 11] = [
    "account_name",
    "customer",
    "domain_name",
    "email",
    "label",
    "name",
    "opinion",
    "self",
    "telephone",
    "token",
    "xaccount_id",
];

/// The field of a response with the ID of a customer that was created.
const NEW_ACCOUNT: &str = "domain_id";

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
    /// What people call the space, if they do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
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
    /// Every check and rule, in order. A brief view has none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
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
    /// The fault that took the place of the answer.
    pub fault: Option<&'static str>,
    /// One line: what decided, and what it saw.
    pub why: String,
}

/// A change of a customer.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct ChangeView {
    /// The customer's ID.
    pub customer: String,
    /// How many attempts it had used before, and has used now.
    pub attempts: [u32; 2],
    /// Whether it was created.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    pub created: bool,
    /// What its real-name status was, and is, if that changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub real_name: Option<[RealNameStatus; 2]>,
    /// What it was, and is, if it became an enterprise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_type: Option<[Option<CustomerType>; 2]>,
}

const ENTERPRISE: Option<CustomerType> = Some(CustomerType::Enterprise);

impl From<&Change> for ChangeView {
    fn from(Change { customer, is_new, attempts, real_name, customer_type }: &Change) -> Self {
        Self {
            customer: customer.to_string(),
            created: *is_new,
            attempts: *attempts,
            real_name: Some(*real_name).filter(|[before, after]| before != after),
            customer_type: Some(*customer_type).filter(|[before, after]| before != after && *after == ENTERPRISE),
        }
    }
}

/// Makes the entries of a space ready to be shown.
pub struct EntryWriter {
    space: SpaceId,
    label: Option<Label>,
    spaces: Arc<Spaces>,
    contract: Contract,
    pub(super) wire: Wire,
    accounts: Arc<Accounts>,
    /// The secrets that are not shown beside personal data. `None` if that is not shown either.
    show_personal_data: Option<KnownSecrets>,
    /// Invents what is not shown.
    inventor: Option<RefCell<Inventor>>,
}

impl EntryWriter {
    pub fn new(app: &App, space: &Space) -> Self {
        let state = space.state();
        let Settings { contract, wire, .. } = state.settings().clone();
        Self {
            space: space.id,
            label: space.label(),
            spaces: Arc::clone(&app.spaces),
            contract,
            wire,
            accounts: state.accounts(),
            show_personal_data: app.control.show_personal_data.then(|| KnownSecrets {
                listed: state.accounts().secrets().cloned().collect(),
                issued: state.issued_tokens(),
            }),
            inventor: None,
        }
    }

    /// Invents what is not shown, numbered by its first appearance in the journal.
    pub fn inventing(app: &App, space: &Space) -> Self {
        let writer = Self { inventor: Some(RefCell::default()), ..Self::new(app, space) };
        for entry in space.state().journal.since(0).0 {
            writer.request(&entry.request);
            writer.response_body(&entry);
        }
        writer
    }

    pub fn entry(&self, entry: &JournalEntry) -> EntryBody {
        EntryBody { explanation: self.explanation(entry), ..self.brief(entry) }
    }

    /// The entry without its checks, which take the longest to be made.
    pub fn brief(&self, entry: &JournalEntry) -> EntryBody {
        EntryBody {
            number: entry.number,
            request_id: entry.request_id.simple().to_string(),
            at: format!("{:.3}", entry.at),
            space: self.space.to_string(),
            label: self.label.as_ref().map(|label| label.as_str().to_owned()),
            caller: entry.caller.as_deref().map(str::to_owned),
            request: self.request(&entry.request),
            explanation: self.unchecked(entry),
        }
    }

    pub fn explanation(&self, entry: &JournalEntry) -> Explanation {
        Explanation { checks: self.explainer().checks(entry), ..self.unchecked(entry) }
    }

    fn unchecked(&self, entry: &JournalEntry) -> Explanation {
        let JournalEntry { outcome, .. } = entry;
        // What the client gets: of a lost answer, nothing.
        let fault = outcome.fault().map(Fault::as_str);
        let body = if fault.is_some() { Value::Null } else { self.response_body(entry) };
        Explanation {
            response: ResponseView { status: entry.answered_status(), body, fault },
            outcome: OutcomeView {
                error_code: outcome.error_code(),
                decided_by: outcome.decided_by(),
                rule: outcome.check(),
                fault,
                why: self.explainer().why(entry),
            },
            checks: Vec::new(),
            changes: outcome.change().into_iter().map(Into::into).collect(),
        }
    }

    fn explainer(&self) -> Explainer<'_> {
        Explainer { spaces: &self.spaces, contract: self.contract }
    }

    fn request(&self, request: &RecordedRequest) -> RequestView {
        let mask = self.mask(request);
        RequestView {
            method: short(request.method()).into_owned(),
            path: mask.target(request.target()),
            headers: self.headers(request).map(|(name, value)| (name, value.into())).collect(),
            body: mask.body(request.body()),
        }
    }

    /// Each header, with its name and its value.
    pub fn headers(&self, request: &RecordedRequest) -> impl Iterator<Item = (String, String)> {
        let mask = self.mask(request);
        request.headers().map(move |(name, value)| (short(&name).into_owned(), mask.header(&name, &value)))
    }

    fn mask(&self, request: &RecordedRequest) -> Mask<'_> {
        let Self { accounts, show_personal_data, inventor, .. } = self;
        let endpoint = Endpoint::at(request.method(), request.path());
        Mask { accounts, show_personal_data: show_personal_data.as_ref(), endpoint, inventor: inventor.as_ref() }
    }

    /// Returns true if the same request gets the same body again. What is invented is not in the world that answers it, and an
    /// account is another one each time.
    fn is_repeatable(&self, entry: &JournalEntry) -> bool {
        let body = self.whole_body(entry);
        self.response_body(entry) == body && body.get(NEW_ACCOUNT).is_none()
    }

    fn whole_body(&self, JournalEntry { outcome, request_id, .. }: &JournalEntry) -> Value {
        let request_id = request_id.simple().to_string();
        let text = response::body(outcome, &self.wire, &request_id, |detail| &detail.masked);
        let text = text.filter(|text| !text.is_empty()).unwrap_or("null".into());
        serde_json::from_str(&text).unwrap_or_else(|_| excerpt(&text).into())
    }

    fn response_body(&self, entry: &JournalEntry) -> Value {
        let JournalEntry { outcome, request, .. } = entry;
        let body = self.whole_body(entry);
        let mask = self.mask(request);
        match &self.show_personal_data {
            // That is the tester's own text.
            Some(_) if matches!(outcome.answer(), Some(Answer::Raw(_))) => body,
            Some(secrets) => without_secrets(mask, secrets, body),
            None => without_personal_data(mask, body),
        }
    }
}

/// An answer may repeat what the client sent.
fn without_secrets(mask: Mask<'_>, secrets: &KnownSecrets, value: Value) -> Value {
    let shown = |value| without_secrets(mask, secrets, value);
    match value {
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, shown(value))).collect(),
        Value::Array(elements) => elements.into_iter().map(shown).collect(),
        Value::String(text) if secrets.are_in(&text) => mask.hide_json(&Value::from(text).to_string()),
        other => other,
    }
}

fn without_personal_data(mask: Mask<'_>, value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let shown = |(name, value): (String, Value)| {
                let is_personal = PERSONAL.contains(&name.as_str()) && !value.is_null();
                let shown = match value {
                    // What reads an export knows the fields by their names.
                    value if is_personal && mask.inventor.is_some() => with_invented_values(mask, value),
                    value if is_personal => mask.hide_json(&value.to_string()),
                    value => without_personal_data(mask, value),
                };
                (name, shown)
            };
            fields.into_iter().map(shown).collect()
        }
        Value::Array(elements) => elements.into_iter().map(|value| without_personal_data(mask, value)).collect(),
        other => other,
    }
}

/// Invents all values but the IDs of partners, which other answers show as well.
fn with_invented_values(mask: Mask<'_>, value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let shown = |(name, value): (String, Value)| (short(&name).into_owned(), with_invented_values(mask, value));
            fields.into_iter().map(shown).collect()
        }
        Value::Array(elements) => elements.into_iter().map(|value| with_invented_values(mask, value)).collect(),
        Value::String(id) if mask.accounts.partner_by_id(&id).is_some() => id.into(),
        other => mask.hide_json(&other.to_string()),
    }
}

/// Returns the customer that a request is about, by its body or by its query.
pub fn customer_id(request: &RecordedRequest) -> Option<String> {
    let by_body = decode_json(REVIEW_RESULT.parameters, request.body()).ok();
    let by_body = by_body.and_then(|sent| Some(sent.texts(CUSTOMER_ID.name).pop()?.into_owned()));
    by_body.or_else(|| query_value(&request.target().parse().ok()?, CUSTOMER_ID.name))
}

/// Writes an entry as an element of `exchanges`, in YAML. `writer` invents what it does not show.
pub fn exchange_yaml(writer: &EntryWriter, entry: &JournalEntry) -> Result<String> {
    let view = writer.entry(entry);
    let response = &view.explanation.response;
    let endpoint = Endpoint::at(entry.request.method(), entry.request.path());
    let is_called = |endpoint: &&Endpoint| endpoint.is_of_api() && endpoint.method == entry.request.method();
    let endpoint = endpoint.filter(|endpoint| is_called(endpoint) && endpoint.method != "GET");
    let (Some(endpoint), Value::Object(request), Some(status)) = (endpoint, &view.request.body, response.status) else {
        let detail =
            "an exchange is a call of a simulated endpoint with a JSON object, and its answer: this request is another";
        return Err(ControlError::new(CONFLICT, detail));
    };
    if !entry.request.header("content-type").is_some_and(|content_type| is_json(&content_type)) {
        return Err(ControlError::new(CONFLICT, "an exchange is sent as JSON: this request has another Content-Type"));
    }
    let is_signed = entry.request.header("authorization").is_some();
    if view.caller.is_none() && is_signed && entry.request.header("x-auth-token").is_none() {
        return Err(ControlError::new(CONFLICT, "an exchange is sent with a token: this request has an Authorization"));
    }
    if matches!(entry.outcome, Outcome::Refused(ApiError::CustomerCredentials(_))) {
        return Err(ControlError::new(
            CONFLICT,
            "an exchange names its caller: this is a customer, whose token is not shown",
        ));
    }
    let token = || view.request.headers.get("x-auth-token").and_then(Value::as_str).unwrap_or_default().to_owned();
    let caller = view.caller.clone().unwrap_or_else(token);
    let mut answer = response.body.as_object().filter(|_| writer.is_repeatable(entry)).cloned();
    // It is another one each time.
    answer.as_mut().map(|answer| answer.remove("request_id"));
    let mut text = format!("# {}\n- as: {}\n", view.explanation.outcome.why, scalar(&caller.into()));
    if *endpoint != INDIVIDUAL {
        let _ = writeln!(text, "  method: {}\n  path: {}", endpoint.method, endpoint.path);
    }
    block(&mut text, "  ", "request", request);
    let _ = writeln!(text, "  expect:\n    status: {status}");
    if let Some(answer) = answer {
        block(&mut text, "    ", "body", &answer);
    }
    Ok(text)
}

/// `#1 POST /v2/… -> 400 CBC.99000027, not-authenticated-yet: real-name status: authenticated`
impl fmt::Display for EntryBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Explanation { response, outcome, .. } = &self.explanation;
        write!(f, "#{} {} {} -> ", self.number, printable(&self.request.method), printable(&self.request.path))?;
        match (response.status, outcome.fault) {
            (Some(status), None) => write!(f, "{status}")?,
            (_, fault) => write!(f, "no response, fault {}", fault.unwrap_or_default())?,
        }
        if let Some(code) = outcome.error_code {
            write!(f, " {code}")?;
        }
        write!(f, ", {}", printable(&outcome.why))
    }
}

/// The answer, why it was given, every check with its source, and the changes.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { response, outcome, checks, changes } = self;
        match (outcome.fault, response.status) {
            (None, Some(status)) => writeln!(f, "{status} {}", printable(&response.body.to_string()))?,
            (fault, _) => writeln!(f, "no answer, but a fault of the connection: {}", fault.unwrap_or_default())?,
        }
        writeln!(f, "why         {}\n", printable(&outcome.why))?;
        for CheckReport { check, result, saw, citation: Citation { basis, source } } in checks {
            let result = match result {
                CheckResult::Failed if outcome.decided_by == "script" => "answered by",
                CheckResult::Failed => "refused by",
                CheckResult::Passed => "passed",
                CheckResult::NotReached => "not reached",
            };
            let colon = if saw.is_empty() { "" } else { ": " };
            // A canonical request has lines of its own.
            let saw: Vec<_> = saw.split('\n').map(printable).collect();
            let (saw, basis) = (saw.join("\n"), basis.as_str());
            writeln!(f, "{result:11} {check}{colon}{saw}\n            {basis}: {source}")?;
        }
        let changes: Vec<_> = changes.iter().map(ToString::to_string).collect();
        let changes = if changes.is_empty() { "nothing".to_owned() } else { changes.join("\n            ") };
        write!(f, "\nchanges     {changes}")
    }
}

/// `customer customer-new: attempts 0 -> 1, real_name unauthenticated -> under_review`
impl fmt::Display for ChangeView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { customer, created, attempts: [before, after], real_name, customer_type } = self;
        let customer = printable(customer);
        if *created {
            return write!(f, "customer {customer}: created");
        }
        write!(f, "customer {customer}: attempts {before} -> {after}")?;
        if let Some([before, after]) = real_name {
            write!(f, ", real_name {} -> {}", before.as_str(), after.as_str())?;
        }
        if customer_type.is_some() {
            f.write_str(", becomes an enterprise")?;
        }
        Ok(())
    }
}
