//! Entries of a journal as an HTTP archive (HAR 1.2), which browsers and other tools read.

use std::time::Duration;

use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use percent_encoding::percent_decode_str;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::entry::{EntryBody, EntryWriter};
use crate::http::response;
use crate::simulator::JournalEntry;

/// An HTTP archive. What is not shown of a request is replaced by invented values of the same type, length and kind.
#[derive(Serialize, JsonSchema)]
pub struct Har {
    log: Log,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "HarLog")]
struct Log {
    #[schemars(extend("const" = "1.2"))]
    version: &'static str,
    creator: Creator,
    entries: Vec<HarEntry>,
    /// What `since` has to be in order to go on from here, or with `order=desc` what `before` has to be.
    #[serde(rename = "_next")]
    next: u64,
    /// Whether there are more.
    #[serde(rename = "_truncated")]
    truncated: bool,
    /// How many entries gave way to newer ones.
    #[serde(rename = "_dropped")]
    dropped: u64,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "HarCreator")]
struct Creator {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HarEntry {
    #[schemars(extend("format" = "date-time"))]
    started_date_time: String,
    /// In milliseconds: by how much the answer was delayed.
    time: u64,
    request: HarRequest,
    response: HarResponse,
    cache: Cache,
    timings: Timings,
    /// The request's ID: the key of the journal.
    #[serde(rename = "_request_id")]
    request_id: String,
    /// What decided, and what it saw.
    #[serde(rename = "_why")]
    why: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct HarRequest {
    method: String,
    url: String,
    http_version: &'static str,
    cookies: [NameValue; 0],
    headers: Vec<NameValue>,
    query_string: Vec<NameValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    post_data: Option<PostData>,
    headers_size: i64,
    body_size: usize,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct HarResponse {
    /// 0 if there was none.
    status: u16,
    status_text: &'static str,
    http_version: &'static str,
    cookies: [NameValue; 0],
    headers: Vec<NameValue>,
    content: Content,
    #[serde(rename = "redirectURL")]
    redirect_url: &'static str,
    headers_size: i64,
    body_size: usize,
    /// The fault that took its place.
    #[serde(rename = "_error", skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "HarNameValue")]
struct NameValue {
    name: String,
    value: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "HarPostData")]
struct PostData {
    mime_type: String,
    text: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "HarContent")]
struct Content {
    size: usize,
    mime_type: String,
    text: String,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "HarCache")]
struct Cache {}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "HarTimings")]
struct Timings {
    send: u64,
    wait: u64,
    receive: u64,
}

/// The version of HTTP is not recorded.
const HTTP_VERSION: &str = "HTTP/1.1";

/// The host of a request that names none.
const HOST: &str = "localhost";

impl Har {
    pub fn new(entries: Vec<HarEntry>, next: u64, truncated: bool, dropped: u64) -> Self {
        let creator = Creator { name: "bss-sim", version: env!("CARGO_PKG_VERSION") };
        Self { log: Log { version: "1.2", creator, entries, next, truncated, dropped } }
    }
}

impl HarEntry {
    /// `writer` invents what it does not show.
    pub fn new(writer: &EntryWriter, entry: &JournalEntry) -> Self {
        let view = writer.entry(entry);
        let delay = entry.script.map_or(Duration::ZERO, |script| script.delay);
        let delay = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        Self {
            request: request(writer, entry, &view),
            response: answer(writer, entry, &view),
            started_date_time: view.at,
            time: delay,
            cache: Cache {},
            timings: Timings { send: 0, wait: delay, receive: 0 },
            request_id: view.request_id,
            why: view.explanation.outcome.why,
        }
    }
}

fn request(writer: &EntryWriter, entry: &JournalEntry, view: &EntryBody) -> HarRequest {
    let mut headers: Vec<_> = writer.headers(&entry.request).map(|(name, value)| NameValue { name, value }).collect();
    let header = |name: &str| headers.iter().find(|header| header.name == name).map(|header| header.value.clone());
    let mime_type = header("content-type").unwrap_or_default();
    let host = header("host").unwrap_or_else(|| HOST.to_owned());
    let target = &view.request.path;
    let url = if target.starts_with('/') { format!("http://{host}{target}") } else { target.clone() };
    let query = target.split_once('?').map_or("", |(_, query)| query).split('&').filter(|pair| !pair.is_empty());
    let query = query.map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        NameValue { name: decoded(name), value: decoded(value) }
    });
    let text = match &view.request.body {
        Value::Null => None,
        // A body that is no JSON is a text here.
        Value::String(text) => Some(text.clone()),
        body => Some(body.to_string()),
    };
    let body_size = text.as_ref().map_or(0, String::len);
    // A player of the archive sends this text, which has another length than the body if values are invented.
    for length in headers.iter_mut().filter(|header| header.name == CONTENT_LENGTH.as_str()) {
        length.value = body_size.to_string();
    }
    HarRequest {
        method: view.request.method.clone(),
        http_version: HTTP_VERSION,
        cookies: [],
        query_string: query.collect(),
        body_size,
        post_data: text.map(|text| PostData { mime_type, text }),
        headers,
        headers_size: -1,
        url,
    }
}

/// A name or a value of a query, as the simulated API reads it.
fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

fn answer(writer: &EntryWriter, entry: &JournalEntry, view: &EntryBody) -> HarResponse {
    let shown = &view.explanation.response;
    let text = match &shown.body {
        Value::Null => String::new(),
        // A body that is no JSON is a text here.
        Value::String(text) => text.clone(),
        body => body.to_string(),
    };
    let status = shown.status.and_then(|status| StatusCode::from_u16(status).ok());
    let headers = if status.is_some() {
        response::headers(&entry.outcome, &writer.wire, entry.request_id)
    } else {
        HeaderMap::default()
    };
    let value = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    HarResponse {
        status: shown.status.unwrap_or(0),
        status_text: status.and_then(|status| status.canonical_reason()).unwrap_or_default(),
        http_version: HTTP_VERSION,
        cookies: [],
        headers: headers
            .iter()
            .map(|(name, header)| NameValue { name: name.as_str().to_owned(), value: value(header) })
            .collect(),
        content: Content {
            size: text.len(),
            mime_type: headers.get(CONTENT_TYPE).map(value).unwrap_or_default(),
            text: text.clone(),
        },
        redirect_url: "",
        headers_size: -1,
        body_size: text.len(),
        error: shown.fault,
    }
}
