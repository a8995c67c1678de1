//! `POST /_sim/verify`: whether the journal has what a test expects.

use std::cmp::Reverse;
use std::fmt;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Value, json};

use super::error::ControlError;
use super::journal::writer;
use super::operation::{Body, Operation, OperationResponse};
use super::record;
use super::record::customer_id;
use super::target::{Target, Text};
use crate::domain::scripted::Matcher;
use crate::fixture::call::{self, Expectation};
use crate::fixture::schema;
use crate::http::App;
use crate::http::openapi::{array, number, object, text, word};
use crate::simulator::{JournalEntry, Space};

/// How many entries are shown.
const CLOSEST: usize = 3;

pub(super) const CHECK: Operation = Operation {
    id: "verify",
    summary: "Whether the journal has what a test expects",
    body: Some(Body::json(
        schema::EXPECTATION,
        &[r#"{"match":{"error_code":"CBC.0999"},"count":{"exactly":2}}"#, r#"{"match":{"status":[400,403]}}"#],
    )),
    answers: &[
        OperationResponse::json(StatusCode::OK, "It has.", verified),
        OperationResponse::json(StatusCode::CONFLICT, "It has not: what comes closest.", not_verified),
    ],
    ..Operation::IN_SPACE
};

pub(super) async fn check(
    State(app): State<Arc<App>>,
    Target(space): Target,
    Text(text): Text,
) -> Result<(StatusCode, Json<Value>), ControlError> {
    let expectation = call::expectation(&text)?;
    Ok(match verify(&app, &space, &expectation) {
        Ok(Verified { count, dropped }) => (StatusCode::OK, Json(json!({ "count": count, "dropped": dropped }))),
        Err(refused) => {
            let close = |(differs, entry): &(Vec<&str>, Value)| json!({ "differs": differs, "entry": entry });
            let refusal = json!({
                "error": "not_verified",
                "detail": refused.detail(),
                "count": refused.count,
                "dropped": refused.dropped,
                "closest": refused.closest.iter().map(close).collect::<Vec<_>>(),
            });
            (StatusCode::CONFLICT, Json(refusal))
        }
    })
}

/// The journal is as expected.
#[derive(Clone, Copy, Debug)]
pub struct Verified {
    /// How many entries are of the expected kind.
    pub count: usize,
    /// How many entries the journal has lost, which nobody looked at.
    pub dropped: u64,
}

/// The journal has more or fewer entries of a kind than expected. Its `Debug` is made for `unwrap`: it is what people read.
#[derive(Clone, thiserror::Error)]
pub struct NotVerified {
    /// The least and the largest number that were expected.
    pub expected: (usize, usize),
    /// How many entries are of the expected kind.
    pub count: usize,
    /// How many entries the journal has lost, which nobody looked at.
    pub dropped: u64,
    /// Where there are too many, some of them, the newest first. Where there are too few, the entries that come closest,
    /// each behind the names of the conditions that it does not satisfy.
    pub closest: Vec<(Vec<&'static str>, Value)>,
}

impl NotVerified {
    fn detail(&self) -> String {
        match self.expected {
            (at_least, usize::MAX) => format!("expected at least {at_least}, found {}", self.count),
            (at_least, at_most) if at_least == at_most => format!("expected exactly {at_least}, found {}", self.count),
            (at_least, at_most) => format!("expected {at_least} to {at_most}, found {}", self.count),
        }
    }
}

impl fmt::Display for NotVerified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.detail())?;
        if self.dropped > 0 {
            write!(f, " ({} entries were lost before)", self.dropped)?;
        }
        for (differs, entry) in &self.closest {
            let Value::Object(request) = &entry["request"] else { continue };
            let text = |name: &str| request.get(name).and_then(Value::as_str).unwrap_or_default();
            write!(f, "\n  #{} {} {} {}", entry["number"], text("method"), text("path"), request["body"])?;
            write!(f, "\n    caller {}, status {}", entry["caller"], entry["response"]["status"])?;
            write!(f, ", error_code {}, rule {}", entry["outcome"]["error_code"], entry["outcome"]["rule"])?;
            if !differs.is_empty() {
                write!(f, ": differs in {}", differs.join(", "))?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for NotVerified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Whether the journal of a space has what is expected.
///
/// # Errors
/// When it has more or fewer of it.
pub fn verify(app: &App, space: &Space, expectation: &Expectation) -> Result<Verified, NotVerified> {
    let Expectation { conditions, at_least, at_most } = expectation;
    let (entries, dropped) = space.state().journal.since(0);
    let mut judged: Vec<_> = entries.iter().map(|entry| (differences(entry, conditions), entry)).collect();
    let count = judged.iter().filter(|(differs, _)| differs.is_empty()).count();
    if (at_least..=at_most).contains(&&count) {
        return Ok(Verified { count, dropped });
    }
    judged.retain(|(differs, _)| differs.is_empty() == (count > *at_most));
    judged.sort_unstable_by_key(|(differs, entry)| (differs.len(), Reverse(entry.number)));
    let writer = writer(app, space);
    let closest = judged.into_iter().take(CLOSEST).map(|(differs, entry)| (differs, writer.entry(entry))).collect();
    Err(NotVerified { expected: (*at_least, *at_most), count, dropped, closest })
}

/// The names of the conditions that an entry does not satisfy.
fn differences(entry: &JournalEntry, conditions: &[(&'static str, Matcher)]) -> Vec<&'static str> {
    let body: Value = serde_json::from_slice(entry.request.body()).unwrap_or_default();
    let differs = |(name, matcher): &&(&'static str, Matcher)| !matcher.matches(&values(entry, &body, name));
    conditions.iter().filter(differs).map(|(name, _)| *name).collect()
}

/// What an entry has of this name, as text.
fn values(entry: &JournalEntry, body: &Value, name: &str) -> Vec<String> {
    let value = match name {
        "path" => Some(entry.request.path().to_owned()),
        "status" => Some(entry.status.to_string()),
        "error_code" => entry.outcome.error_code().map(str::to_owned),
        "rule" => entry.outcome.check().map(str::to_owned),
        "customer_id" => customer_id(&entry.request),
        "caller" => entry.caller.as_deref().map(str::to_owned),
        _ => body[name].as_str().map(str::to_owned),
    };
    value.into_iter().collect()
}

fn verified(_: &mut SchemaGenerator) -> Schema {
    object(counts())
}

fn not_verified(generator: &mut SchemaGenerator) -> Schema {
    let close = object([
        ("differs", array("The conditions that it does not satisfy.", text("A condition."))),
        ("entry", record::entry(generator)),
    ]);
    let [count, dropped] = counts();
    object([
        ("error", word("The kind of refusal.", &["not_verified"])),
        ("detail", text("What was expected, and what was found.")),
        count,
        dropped,
        ("closest", array("Where there are too few, those that come closest; where too many, the newest.", close)),
    ])
}

fn counts() -> [(&'static str, Schema); 2] {
    [
        ("count", number("How many entries are as expected.")),
        ("dropped", number("How many entries the journal has lost, which nobody looked at.")),
    ]
}
