//! A journal entry as an exchange of a scenario file.

use std::fmt::Write;

use serde_json::Value;

use super::entry::EntryWriter;
use super::error::{CONFLICT, ControlError, Result};
use crate::domain::{Endpoint, INDIVIDUAL};
use crate::fixture::write::{block, scalar};
use crate::http::parameters::is_json;
use crate::simulator::JournalEntry;

/// Writes an entry as an element of `exchanges`, in YAML. `writer` invents what it does not show.
pub fn yaml(writer: &EntryWriter, entry: &JournalEntry) -> Result<String> {
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
    let token = || view.request.headers.get("x-auth-token").and_then(Value::as_str).unwrap_or_default().to_owned();
    let caller = view.caller.clone().unwrap_or_else(token);
    let mut answer = response.body.as_object().cloned();
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
