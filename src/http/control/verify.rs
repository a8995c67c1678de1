//! `POST /_sim/verify`: whether the journal has what a test expects.

use std::cmp::Reverse;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::error::ControlError;
use super::journal::writer;
use super::record::customer_id;
use super::target::{Target, Text};
use crate::domain::matcher::Matcher;
use crate::fixture::call::{self, Expectation};
use crate::http::App;
use crate::simulator::Entry;

/// How many entries that come close are shown.
const CLOSEST: usize = 3;

pub(super) async fn check(
    State(app): State<Arc<App>>,
    Target(space): Target,
    Text(text): Text,
) -> Result<(StatusCode, Json<Value>), ControlError> {
    let Expectation { conditions, at_least, at_most } = call::expectation(&text)?;
    let (entries, dropped) = space.era().journal.since(0);
    let mut judged: Vec<_> = entries.iter().map(|entry| (differences(entry, &conditions), entry)).collect();
    let count = judged.iter().filter(|(differs, _)| differs.is_empty()).count();
    if (at_least..=at_most).contains(&count) {
        return Ok((StatusCode::OK, Json(json!({ "count": count, "dropped": dropped }))));
    }
    judged.retain(|(differs, _)| !differs.is_empty());
    judged.sort_by_key(|(differs, entry)| (differs.len(), Reverse(entry.number)));
    let writer = writer(&app, &space);
    let close =
        |(differs, entry): &(Vec<&str>, &Arc<Entry>)| json!({ "differs": differs, "entry": writer.entry(entry) });
    let detail = match at_most {
        usize::MAX => format!("expected at least {at_least}, found {count}"),
        _ => format!("expected {at_least} to {at_most}, found {count}"),
    };
    let refusal = json!({
        "error": "not_verified",
        "detail": detail,
        "count": count,
        "dropped": dropped,
        "closest": judged.iter().take(CLOSEST).map(close).collect::<Vec<_>>(),
    });
    Ok((StatusCode::CONFLICT, Json(refusal)))
}

/// The names of the conditions that an entry does not satisfy.
fn differences(entry: &Entry, conditions: &[(&'static str, Matcher)]) -> Vec<&'static str> {
    let body: Value = serde_json::from_slice(entry.asked.body()).unwrap_or_default();
    let differs = |(name, matcher): &&(&'static str, Matcher)| !matcher.matches(&values(entry, &body, name));
    conditions.iter().filter(differs).map(|(name, _)| *name).collect()
}

/// What an entry has of this name, as text.
fn values(entry: &Entry, body: &Value, name: &str) -> Vec<String> {
    let value = match name {
        "path" => Some(entry.asked.path().to_owned()),
        "status" => Some(entry.status.to_string()),
        "error_code" => entry.ruling.error_code().map(str::to_owned),
        "rule" => entry.ruling.check().map(str::to_owned),
        "customer_id" => customer_id(&entry.asked),
        "caller" => entry.caller.as_deref().map(str::to_owned),
        _ => body[name].as_str().map(str::to_owned),
    };
    value.into_iter().collect()
}
