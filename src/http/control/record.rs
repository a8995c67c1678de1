//! Journal entries and explanations as JSON, with personal data masked unless it was asked for.

use axum::extract::Query;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use crate::domain::checks::Basis;
use crate::domain::rules::{Answer, CheckReport, CheckResult};
use crate::domain::settings::Wire;
use crate::http::explain_outcome;
use crate::http::openapi::{anything, array, component, number, object, or_null, pattern, text, time, without, word};
use crate::http::response;
use crate::simulator::{Change, JournalEntry, Outcome, RecordedRequest, SpaceId};

/// The fields of a body that are personal data or secret, whatever they hold.
const PERSONAL: [&str; 3] = ["name", "token", "verified_number"];

/// What stands for a value that is not shown.
const MASK: &str = "***";

/// How entries are written.
#[derive(Clone, Copy)]
pub(super) struct Writer {
    pub(super) space: SpaceId,
    pub(super) wire: Wire,
    pub(super) show_personal_data: bool,
}

impl Writer {
    /// A whole journal entry.
    pub(super) fn entry(self, entry: &JournalEntry) -> Value {
        let mut value = json!({
            "number": entry.number,
            "request_id": entry.request_id.simple().to_string(),
            "at": format!("{:.3}", entry.at),
            "space": self.space.to_string(),
            "caller": entry.caller.as_deref(),
            "request": self.request(&entry.request),
        });
        let verdict = self.verdict(
            &entry.outcome,
            &entry.request,
            entry.caller.as_deref(),
            &entry.request_id.simple().to_string(),
            entry.status,
        );
        if let (Some(value), Value::Object(verdict)) = (value.as_object_mut(), verdict) {
            value.extend(verdict);
        }
        value
    }

    /// Response, outcome, checks and changes.
    pub(super) fn verdict(
        self,
        outcome: &Outcome,
        request: &RecordedRequest,
        caller: Option<&str>,
        request_id: &str,
        status: u16,
    ) -> Value {
        let body = match outcome.iam() {
            Some(iam) => self.mask(serde_json::from_str(&iam.body).unwrap_or_default()),
            None => response::body(outcome, self.wire, request_id)
                .and_then(|body| serde_json::from_str(&body).ok())
                .unwrap_or_default(),
        };
        let change = outcome.change();
        let response = match outcome.answer() {
            Some(Answer::Fault(fault)) => json!({ "status": null, "body": null, "fault": fault.as_str() }),
            _ => json!({ "status": status, "body": without_credentials(body) }),
        };
        json!({
            "response": response,
            "outcome": {
                "error_code": outcome.error_code(),
                "decided_by": outcome.decided_by(),
                "rule": outcome.check(),
            },
            "checks": explain_outcome(outcome, request, caller).iter().map(Self::finding).collect::<Vec<_>>(),
            "changes": change.into_iter().map(written_change).collect::<Vec<_>>(),
        })
    }

    fn request(self, request: &RecordedRequest) -> Value {
        let headers: Map<_, _> = request.headers().map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
        let body = match serde_json::from_slice(request.body()) {
            Ok(body) => self.mask(body),
            Err(_) if self.show_personal_data => String::from_utf8_lossy(request.body()).into(),
            Err(_) => Value::Null,
        };
        json!({ "method": request.method(), "path": request.target(), "headers": headers, "body": body })
    }

    fn finding(finding: &CheckReport) -> Value {
        let CheckReport { check, result, saw, citation } = finding;
        let result = match result {
            CheckResult::Passed => "passed",
            CheckResult::Failed => "failed",
            CheckResult::NotReached => "not_reached",
        };
        let saw = without_credentials(saw.as_str().into());
        json!({ "check": check, "result": result, "saw": saw, "basis": citation.basis.as_str(), "source": citation.source })
    }

    /// A body without personal data.
    fn mask(self, body: Value) -> Value {
        match body {
            _ if self.show_personal_data => body,
            Value::Object(fields) => {
                let mask = |(name, value): (String, Value)| {
                    // IAM calls both the secret and what is around it so.
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

/// The canonical request of a refusal has the signed headers, and tokens can be among them.
fn without_credentials(value: Value) -> Value {
    match value {
        Value::String(text) => without_tokens(&text).into(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, without_credentials(value))).collect(),
        other => other,
    }
}

/// The same text with the values of such headers masked, wherever a line or its stand-in begins with one.
fn without_tokens(text: &str) -> String {
    let clean = |piece: &str| match piece.split_once(':') {
        Some((name @ ("x-auth-token" | "x-security-token"), rest)) => {
            format!("{name}:{MASK}{}", rest.matches(['|', '\n']).next().unwrap_or_default())
        }
        _ => piece.to_owned(),
    };
    text.split_inclusive(['|', '\n']).map(clean).collect()
}

/// The customer that a request is about, by its body or by its query.
pub(super) fn customer_id(request: &RecordedRequest) -> Option<String> {
    let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    let by_body = body["customer_id"].as_str().map(str::to_owned);
    by_body.or_else(|| {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&request.target().parse().ok()?).ok()?;
        pairs.into_iter().find(|(name, _)| name == "customer_id").map(|(_, id)| id)
    })
}

fn written_change(change: &Change) -> Value {
    let [before, after] = change.real_name;
    let mut value = json!({ "customer": change.customer.as_str(), "attempts": change.attempts });
    if before != after {
        value["real_name"] = json!([before.as_str(), after.as_str()]);
    }
    value
}

/// The schema of an entry.
pub(super) fn entry(generator: &mut SchemaGenerator) -> Schema {
    let request = object([
        ("method", text("The method.")),
        ("path", text("The path, with the query.")),
        ("headers", json_schema!({ "type": "object", "additionalProperties": { "type": "string" } })),
        ("body", anything("The body; `null` where it is no JSON.")),
    ]);
    let [response, outcome, checks, changes] = verdict();
    let entry = object([
        ("number", number("Its number in the journal of its space: for `since`.")),
        ("request_id", pattern("The `X-Request-Id` of the answer.", "^[0-9a-f]{32}$")),
        ("at", time("When it was answered, by the clock of its space.")),
        ("space", text("The space.")),
        ("caller", or_null(text("The calling partner's name."))),
        ("request", request),
        response,
        outcome,
        checks,
        changes,
    ]);
    component(generator, "Entry", entry)
}

/// The schemas of the fields of a verdict.
pub(super) fn verdict() -> [(&'static str, Schema); 4] {
    let response = object([
        ("status", or_null(number("The HTTP status; `null` when there was no answer."))),
        ("body", anything("The body.")),
        ("fault", text("What happened to the connection instead.")),
    ]);
    let outcome = object([
        ("error_code", or_null(text("The `error_code` that was answered."))),
        ("decided_by", word("What decided.", &["gateway", "parameters", "script", "rule", "accepted"])),
        ("rule", or_null(text("The check or the rule that refused."))),
    ]);
    let check = object([
        ("check", text("The check or the rule.")),
        ("result", word("What came of it.", &["passed", "failed", "not_reached"])),
        ("saw", text("What it compared.")),
        ("basis", basis()),
        ("source", text("The page's words, or the reason of a choice.")),
    ]);
    let change = object([
        ("customer", text("The customer's ID.")),
        ("attempts", number("How many attempts it has used now.")),
        ("real_name", array("What its real-name status was, and is.", text("A status."))),
    ]);
    [
        ("response", without(response, &["fault"])),
        ("outcome", outcome),
        ("checks", array("Every check and rule, in order.", check)),
        ("changes", array("What changed.", without(change, &["real_name"]))),
    ]
}

/// The schema of what a behavior is founded on.
pub(super) fn basis() -> Schema {
    let words = [Basis::Documented, Basis::Assumed].map(Basis::as_str);
    word("Whether the page says so, or it was chosen.", &words)
}
