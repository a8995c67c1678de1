//! The settings with which bss-sim answers in the form that was captured.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::difference::{has_message, names_field};
use super::recorded::RecordedCall;
use crate::domain::{ApiCode, ErrorCode, Review, gateway};

/// The types of certificates that the contract of 2026-01 does not have.
const GONE_TYPES: [i64; 2] = [0, 7];

/// The most characters of a text that can be set.
const MAX_MESSAGE_CHARS: usize = 1024;

/// Returns the settings that are others than the defaults.
pub(super) fn learn(calls: &[RecordedCall]) -> Map<String, Value> {
    let mut settings = Map::new();
    if is_contract_of_2026(calls) {
        settings.insert("contract".to_owned(), "2026-01".into());
    }
    let mut reviews = calls.iter().filter_map(RecordedCall::accepted).peekable();
    if reviews.peek().is_some() && reviews.all(|review| review == Review::NotNeeded) {
        settings.insert("review".to_owned(), "automatic".into());
    }
    let mut wire = Map::new();
    let accepted = |call: &&RecordedCall| call.accepted().is_some();
    let is_text = |call: &RecordedCall| call.answer.text("is_review").is_some();
    if calls.iter().filter(accepted).count() > 0 && calls.iter().filter(accepted).all(is_text) {
        wire.insert("is_review".to_owned(), "string".into());
    }
    if names_fields(calls) {
        wire.insert("parameter_errors".to_owned(), "named".into());
    }
    let messages = messages(calls);
    if !messages.is_empty() {
        wire.insert("messages".to_owned(), json!(messages));
    }
    if !wire.is_empty() {
        settings.insert("wire".to_owned(), wire.into());
    }
    settings
}

/// Returns true if types of certificates were refused that only the older contract has.
fn is_contract_of_2026(calls: &[RecordedCall]) -> bool {
    let is_gone = |call: &&RecordedCall| {
        let number = call.fields.get("verified_type").and_then(Value::as_i64);
        call.certificate().is_some() && number.is_some_and(|number| GONE_TYPES.contains(&number))
    };
    let mut gone = calls.iter().filter(is_gone).peekable();
    gone.peek().is_some() && gone.all(|call| call.answer.error() == Some(ErrorCode::ParameterError))
}

/// Returns true if parameter errors name the parameter.
fn names_fields(calls: &[RecordedCall]) -> bool {
    let is_error = |call: &&RecordedCall| call.answer.error() == Some(ErrorCode::ParameterError);
    let mut errors = calls.iter().filter(is_error).peekable();
    errors.peek().is_some() && errors.all(|call| call.answer.text("error_msg").is_some_and(names_field))
}

/// Returns the text of each code that always has one and the same, which is another than the documented one.
fn messages(calls: &[RecordedCall]) -> BTreeMap<String, String> {
    let mut texts: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for call in calls {
        let (Some(code), Some(text)) = (call.answer.code(), call.answer.text("error_msg")) else { continue };
        let has_detail = gateway::find(code).is_some() && text.contains(": ");
        let text = if has_detail { main_text(text) } else { text };
        let text = Some(text).filter(|_| has_detail || !call.answer.is_text_of_request);
        texts.entry(code).and_modify(|known| *known = known.filter(|known| Some(*known) == text)).or_insert(text);
    }
    let is_other = |code: &str, text: &str| match (ApiCode::parse(code), gateway::find(code)) {
        (Some(ApiCode::Page(page)), _) => page.message() != text,
        (Some(ApiCode::Other(error)), _) => error.message != text,
        (None, Some(_)) => {
            !gateway::ERRORS.iter().any(|row| row.code == code && main_text(row.message) == main_text(text))
        }
        (None, None) => false,
    };
    let is_named = names_fields(calls);
    let set = texts.into_iter().filter_map(|(code, text)| Some((code, text?)));
    set.filter(|(code, text)| {
        has_message(code) && (1..=MAX_MESSAGE_CHARS).contains(&text.chars().count()) && is_other(code, text)
    })
    .filter(|(code, _)| !(is_named && *code == ErrorCode::ParameterError.code()))
    .map(|(code, text)| (code.to_owned(), text.to_owned()))
    .collect()
}

/// The gateway's text without what is about the single request.
fn main_text(text: &str) -> &str {
    text.split(": ").next().unwrap_or_default().trim_end_matches('.')
}
