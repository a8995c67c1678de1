//! Where an answer of the real service differs from that of bss-sim with the same outcome, and what gives the same answer.

use std::collections::{BTreeSet, HashMap};

use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::Group;
use super::call::{CapturedAnswer, CapturedBody, CapturedCall, can_be_scripted, raw};
use super::pseudonym::{Pseudonyms, is_code, is_key};
use super::reference::{ReferenceAnswer, References};
use crate::domain::{CheckItem, ENDPOINTS, Endpoint, ErrorCode, INDIVIDUAL, ParameterErrors, Wire, catalog, gateway};
use crate::fixture::write::flow;

/// The most differences that are told.
const MAX_DIFFERENCES: usize = 500;

/// The most characters that are shown of what was answered.
const MAX_TEXT_CHARS: usize = 500;

/// The longest body that is shown in a script, in bytes.
const MAX_SCRIPT_BYTES: usize = 4 * 1024;

/// The most characters of a key in a place.
const MAX_NAME_CHARS: usize = 64;

/// A difference of all answers with an outcome.
#[derive(Debug)]
struct AnswerDifference {
    outcome: String,
    field: String,
    /// What bss-sim answers.
    expected: String,
    /// What was captured first.
    got: String,
    /// Whether others were captured as well.
    is_varied: bool,
    remedy: Remedy,
    entries: Group,
}

/// What makes bss-sim answer the same.
#[derive(Debug)]
enum Remedy {
    /// `settings.wire.messages`, with this code.
    Message(String),
    /// `settings.wire.parameter_errors: named`.
    NamedParameters,
    /// `settings.wire.is_review: string`.
    TextReview,
    /// A raw scripted answer. `None` if it is too long to be shown.
    Raw(Option<Sample>),
    /// The setting of a quota, by what the text says.
    Quota,
    /// Nothing, and why.
    None(&'static str),
}

/// An answer that is to be scripted.
#[derive(Debug)]
struct Sample {
    endpoint: &'static Endpoint,
    status: u16,
    content_type: Option<String>,
    body: CapturedBody,
}

/// What was found to differ in an answer.
struct Finding {
    field: String,
    expected: String,
    got: String,
    remedy: fn(&CapturedCall) -> Remedy,
}

/// All differences, each once.
#[derive(Debug, Default)]
pub(super) struct Differences {
    /// The names of headers that are not compared.
    ignored_headers: Vec<String>,
    list: Vec<AnswerDifference>,
    places: HashMap<(String, String), usize>,
    /// How many more there are than are told.
    more: usize,
}

impl Differences {
    /// No differences yet. Headers with one of these names are not compared.
    pub(super) fn without(ignored_headers: Vec<String>) -> Self {
        Self { ignored_headers, ..Self::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.list.len() + self.more
    }

    /// Compares the answer of a call with those of bss-sim. `number` is that of its entry.
    pub(super) fn compare(&mut self, references: &References, call: &CapturedCall, number: usize) {
        let outcome = call.outcome();
        for finding in self.findings(references, &outcome, call) {
            let Finding { field, expected, got, remedy } = finding;
            let got = cut(got);
            let key = (outcome.clone(), field.clone());
            if let Some(place) = self.places.get(&key) {
                let known = &mut self.list[*place];
                known.is_varied |= known.got != got;
                known.entries.add(number);
            } else if self.list.len() < MAX_DIFFERENCES {
                self.places.insert(key, self.list.len());
                let (remedy, outcome) = (remedy(call), outcome.clone());
                let mut entries = Group::default();
                entries.add(number);
                self.list.push(AnswerDifference { outcome, field, expected, got, is_varied: false, remedy, entries });
            } else {
                self.more += 1;
            }
        }
    }

    /// Describes each, with what gives the same answer.
    pub(super) fn describe(&self, pseudonyms: &mut Pseudonyms) -> Vec<String> {
        let mut lines = Vec::new();
        for AnswerDifference { outcome, field, expected, got, is_varied, remedy, entries } in &self.list {
            let outcome = if is_code(outcome) || is_call_or_status(outcome) {
                outcome.clone()
            } else {
                pseudonyms.message(outcome)
            };
            let shown = match field.as_str() {
                _ if got == ABSENT => got.clone(),
                "Content-Type" => pseudonyms.media_type(got),
                field if OF_TEXT.contains(&field) => pseudonyms.message(got),
                CHECK_ITEMS => item(got, pseudonyms),
                _ => keys(got, pseudonyms),
            };
            let varied = if *is_varied { ", and others" } else { "" };
            let entries = entries.describe();
            let field = keys(field, pseudonyms);
            lines.push(format!("{outcome}: {field}: the service: {shown}{varied}; bss-sim: {expected} ({entries})"));
            // A text that names what was asked is not that of the code.
            let is_of_request = *is_varied || shown != *got;
            lines.push(format!("    {}", remedy.describe(&shown, is_of_request, pseudonyms)));
        }
        if self.more > 0 {
            lines.push(format!("and {} more, which are not listed", self.more));
        }
        lines
    }
}

impl Remedy {
    /// `got` is the text without what was captured.
    fn describe(&self, got: &str, is_of_request: bool, pseudonyms: &mut Pseudonyms) -> String {
        match self {
            Self::Message(_) if is_of_request => {
                "the same: a scripted answer `raw`, since the text is about the single request".to_owned()
            }
            Self::Message(code) => format!("the same: settings: {{ wire: {{ messages: {{ {code}: {got} }} }} }}"),
            Self::NamedParameters => {
                "the same, if it names the field: settings: { wire: { parameter_errors: named } }".to_owned()
            }
            Self::TextReview => "the same: settings: { wire: { is_review: string } }".to_owned(),
            Self::Quota => {
                let limit = got.split_once("limit:").map_or("10", |(_, limit)| limit.split(',').next().unwrap_or("10"));
                format!("the same, at this limit: settings: {{ quota: {limit}/s }}")
            }
            Self::Raw(sample) => match sample.as_ref().and_then(|sample| sample.script(pseudonyms)) {
                Some(script) => format!("the same: scripted: [{script}]"),
                None => "the same: a scripted answer `raw`, with this body".to_owned(),
            },
            Self::None(why) => format!("nothing gives the same: {why}"),
        }
    }
}

impl Sample {
    fn script(&self, pseudonyms: &mut Pseudonyms) -> Option<String> {
        let Self { endpoint, status, content_type, body } = self;
        if !can_be_scripted(*status, body) {
            return None;
        }
        let content_type = content_type.as_deref().map(|content_type| pseudonyms.media_type(content_type));
        let body = match body {
            CapturedBody::Empty => CapturedBody::Empty,
            CapturedBody::Json(body) => CapturedBody::Json(with_messages(&pseudonyms.answer(body), pseudonyms)),
            CapturedBody::Text(text) => CapturedBody::Text(pseudonyms.message(text)),
        };
        let when = match (**endpoint == INDIVIDUAL, endpoint.method) {
            (true, _) => json!({}),
            (false, method) => json!({ "path": endpoint.path, "method": method }),
        };
        let script = flow(&json!({ "when": when, "then": raw(*status, content_type.as_deref(), &body) }));
        (script.len() <= MAX_SCRIPT_BYTES).then_some(script)
    }
}

/// Returns a body in which the texts of errors are without what was captured.
pub(super) fn with_messages(body: &Value, pseudonyms: &mut Pseudonyms) -> Value {
    match body {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| match value {
                Value::String(text) if name == "error_msg" => (name.clone(), pseudonyms.message(text).into()),
                value => (name.clone(), with_messages(value, pseudonyms)),
            })
            .collect(),
        Value::Array(values) => values.iter().map(|value| with_messages(value, pseudonyms)).collect(),
        value => value.clone(),
    }
}

/// The fields whose values are texts of the service.
const OF_TEXT: [&str; 3] = ["Server", "error_msg", "outcome"];

/// The field with check items.
const CHECK_ITEMS: &str = "fail_check_items";

/// Returns a check item, which stays if it is written like one. A long value is cut, and no JSON any more.
fn item(json: &str, pseudonyms: &mut Pseudonyms) -> String {
    match serde_json::from_str(json) {
        Ok(item) => pseudonyms.of_field(CHECK_ITEMS, &item).to_string(),
        Err(_) => pseudonyms.text(json),
    }
}

/// Returns names of keys, types and the like as they are, but for keys that are quoted: those are invented.
fn keys(text: &str, pseudonyms: &mut Pseudonyms) -> String {
    let parts = text.split('"').enumerate().map(|(place, part)| {
        if place % 2 == 0 {
            return part.to_owned();
        }
        let name: String = serde_json::from_str(&format!("\"{part}\"")).unwrap_or_default();
        pseudonyms.key(&name).replace(char::is_control, " ")
    });
    parts.collect()
}

/// Returns a key as a part of a place. One that has not the style of the API is quoted, without the signs of a place.
fn part_of_place(name: &str) -> String {
    if is_key(name) {
        return name.to_owned();
    }
    // A place has the names of all objects around it, so that a long one is cut.
    let name: String = name.chars().take(MAX_NAME_CHARS).collect();
    let quoted = Value::from(name).to_string();
    let inner = quoted[1..quoted.len() - 1].replace("\\\"", "\\u0022");
    format!("\"{}\"", inner.replace('.', "\\u002e").replace('[', "\\u005b"))
}

/// Cuts a long text between two words: a part of a word would not be known for what it is.
fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MAX_TEXT_CHARS) {
        text.truncate(text[..end].rfind(char::is_whitespace).unwrap_or(0));
        text.push('…');
    }
    text
}

/// Returns true for an outcome that is named by a call or a status.
fn is_call_or_status(outcome: &str) -> bool {
    let is_status = |name| outcome.strip_prefix(name).is_some_and(|status| status.len() == 4);
    is_status("status")
        || is_status("IAM")
        || ENDPOINTS.iter().any(|endpoint| outcome == format!("{} {}", endpoint.method, endpoint.path))
}

impl Differences {
    fn findings(&self, all: &References, outcome: &str, call: &CapturedCall) -> Vec<Finding> {
        let references = all.of(outcome);
        let Some(first) = references.first() else {
            let (got, expected) = (format!("status {}", call.answer.status), "not known".to_owned());
            return vec![Finding { field: "outcome".to_owned(), expected, got, remedy: raw_remedy }];
        };
        let answer = &call.answer;
        // Several errors of the gateway have one code.
        let with_status: Vec<_> = references.iter().filter(|reference| reference.status == answer.status).collect();
        let mut findings = Vec::new();
        let references = if with_status.is_empty() {
            let expected: BTreeSet<_> = references.iter().map(|reference| reference.status.to_string()).collect();
            let expected = expected.into_iter().collect::<Vec<_>>().join(" or ");
            findings.push(Finding {
                field: "status".to_owned(),
                expected,
                got: answer.status.to_string(),
                remedy: raw_remedy,
            });
            vec![first]
        } else {
            with_status
        };
        let is_ignored =
            |header: &&ComparedHeader| self.ignored_headers.iter().any(|name| name.eq_ignore_ascii_case(header.name));
        let headers = HEADERS.iter().filter(|header| !is_ignored(header));
        findings.extend(headers.filter_map(|header| header.finding(&references[0].headers, answer)));
        findings.extend(text_finding(&references, &all.wire, outcome, call));
        findings.extend(body_findings(&references, answer));
        findings
    }
}

/// Returns the names of the headers that are compared.
pub(crate) fn compared_headers() -> impl Iterator<Item = &'static str> {
    HEADERS.iter().map(|header| header.name)
}

/// A header that is compared, by what of its value counts.
struct ComparedHeader {
    name: &'static str,
    title: &'static str,
    form: fn(&str) -> String,
    remedy: fn(&CapturedCall) -> Remedy,
}

const HEADERS: [ComparedHeader; 4] = [
    ComparedHeader { name: "content-type", title: "Content-Type", form: str::to_owned, remedy: raw_remedy },
    ComparedHeader {
        name: "server",
        title: "Server",
        form: str::to_owned,
        remedy: |_| Remedy::None("bss-sim sends Server with the gateway's errors alone, as `then: { gateway: … }`"),
    },
    ComparedHeader {
        name: "retry-after",
        title: "Retry-After",
        form: retry_form,
        remedy: |_| Remedy::None("bss-sim sends Retry-After with `then: { gateway: APIGW.0308 }` alone"),
    },
    ComparedHeader {
        name: "x-request-id",
        title: "form of X-Request-Id",
        form: id_form,
        remedy: |_| Remedy::None("a request ID of bss-sim always has this form"),
    },
];

/// What is said of a header that an answer does not have.
const ABSENT: &str = "none";

impl ComparedHeader {
    fn finding(&self, reference: &HeaderMap, answer: &CapturedAnswer) -> Option<Finding> {
        let form = |value: Option<&str>| value.map_or_else(|| ABSENT.to_owned(), self.form);
        let expected = form(reference.get(self.name).and_then(|value| value.to_str().ok()));
        let got = form(answer.header(self.name));
        (expected != got).then(|| Finding { field: self.title.to_owned(), expected, got, remedy: self.remedy })
    }
}

fn retry_form(value: &str) -> String {
    let is_seconds = value.bytes().all(|byte| byte.is_ascii_digit());
    if is_seconds { "seconds" } else { "a date" }.to_owned()
}

fn id_form(value: &str) -> String {
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match value {
        _ if is_hex(value) => format!("{} hexadecimal digits", value.len()),
        _ if value.len() == 36 && is_hex(&value.replace('-', "")) => "a UUID with hyphens".to_owned(),
        _ => format!("{} characters", value.chars().count()),
    }
}

/// The outcomes that bss-sim decides before it looks for a scripted answer.
const BEFORE_SCRIPTS: [&str; 4] = ["APIGW.0101", "APIGW.0201", "APIGW.0301", "CBC.0151"];

fn raw_remedy(call: &CapturedCall) -> Remedy {
    if BEFORE_SCRIPTS.contains(&call.outcome().as_str()) {
        return Remedy::None("bss-sim answers this before it looks for a scripted answer");
    }
    let CapturedAnswer { status, body, .. } = &call.answer;
    let content_type = call.answer.header("content-type").map(str::to_owned);
    if call.is_of_iam() {
        return Remedy::None("IAM's own answers have one form");
    }
    let sample = || Sample { endpoint: call.endpoint, status: *status, content_type, body: body.clone() };
    Remedy::Raw((body.len() <= MAX_SCRIPT_BYTES).then(sample))
}

/// The text of an error. What the gateway has after a colon is about the single request, unless the text is set.
fn text_finding(references: &[&ReferenceAnswer], wire: &Wire, outcome: &str, call: &CapturedCall) -> Option<Finding> {
    let text =
        |body: &Value| Some(body["error_msg"].as_str().or_else(|| body["error"]["message"].as_str())?.to_owned());
    let got = text(call.answer.json()?)?;
    let is_set = wire.messages.get(outcome).is_some();
    let is_named = outcome == ErrorCode::ParameterError.code() && wire.parameter_errors == ParameterErrors::Named;
    if is_named && !is_set && names_field(&got) {
        return None;
    }
    let has_detail = gateway::find(outcome).is_some() && !is_set;
    let is_same = |known: &str| match (known.split_once(": "), got.split_once(": ")) {
        // What the gateway says of the case, after a colon, differs from case to case.
        (Some((known, _)), Some((got, _))) if has_detail => known == got,
        (None, Some((got, _))) if has_detail => known.trim_end_matches('.') == got,
        _ => known == got,
    };
    let known: Vec<_> = references.iter().filter_map(|reference| text(&reference.body)).collect();
    if known.is_empty() || known.iter().any(|known| is_same(known)) {
        return None;
    }
    let remedy: fn(&CapturedCall) -> Remedy = match outcome {
        "CBC.0100" if names_field(&got) => |_| Remedy::NamedParameters,
        "APIGW.0308" if got.contains("limit:") => |_| Remedy::Quota,
        _ if got.trim().is_empty() => raw_remedy,
        _ if has_message(outcome) => |call| Remedy::Message(call.outcome()),
        _ => raw_remedy,
    };
    let quoted = |text: &str| Value::from(text).to_string();
    Some(Finding { field: "error_msg".to_owned(), expected: quoted(&known[0]), got: quoted(&got), remedy })
}

/// Returns true if `settings.wire.messages` can have another text for a code.
pub(super) fn has_message(code: &str) -> bool {
    catalog::codes().any(|known| known == code) || gateway::find(code).is_some()
}

/// Returns true for a text such as `customer_id: must not be null`.
pub(super) fn names_field(text: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte == b'.')
    };
    text.split_once(": ").is_some_and(|(name, _)| is_name(name))
}

/// A place in a body, such as `customer_infos[].customer`, with the types of its values.
type Places = Vec<(String, BTreeSet<&'static str>)>;

fn body_findings(references: &[&ReferenceAnswer], answer: &CapturedAnswer) -> Vec<Finding> {
    let finding = |field: &str, expected: &str, got: &str, remedy| Finding {
        field: field.to_owned(),
        expected: expected.to_owned(),
        got: got.to_owned(),
        remedy,
    };
    let got = match &answer.body {
        CapturedBody::Json(body) => places(body),
        CapturedBody::Text(_) => return vec![finding("body", type_of(&references[0].body), "no JSON", raw_remedy)],
        CapturedBody::Empty if references.iter().any(|reference| reference.body.is_null()) => return Vec::new(),
        CapturedBody::Empty => return vec![finding("body", type_of(&references[0].body), "none", raw_remedy)],
    };
    let variants: Vec<Places> = references.iter().map(|reference| places(&reference.body)).collect();
    let mut findings = Vec::new();
    let types = |types: &BTreeSet<&str>| types.iter().copied().collect::<Vec<_>>().join(" or ");
    let parent =
        |place: &str| place.rfind('.').map_or(String::new(), |dot| place[..dot].trim_end_matches("[]").to_owned());
    let has = |places: &Places, place: &str| place.is_empty() || places.iter().any(|(known, _)| known == place);
    for (place, got_types) in &got {
        let known: BTreeSet<_> = variants
            .iter()
            .flatten()
            .filter(|(known, _)| known == place)
            .flat_map(|(_, types)| types.iter().copied())
            .collect();
        let is_below_unknown = || !variants.iter().any(|variant| has(variant, &parent(place)));
        if known.is_empty() {
            if !is_below_unknown() {
                findings.push(finding(&format!("body.{place}"), "no such key", &types(got_types), raw_remedy));
            }
        } else if !got_types.is_subset(&known) {
            let remedy = if place == "is_review" && got_types.contains("text") {
                |_: &CapturedCall| Remedy::TextReview
            } else {
                raw_remedy
            };
            findings.push(finding(&format!("body.{place}"), &types(&known), &types(got_types), remedy));
        }
    }
    let of_all = variants[0].iter().filter(|(place, _)| variants.iter().all(|variant| has(variant, place)));
    for (place, expected) in of_all.filter(|(place, _)| !has(&got, place) && has(&got, &parent(place))) {
        // A list without elements has no keys.
        let is_of_empty = place.contains("[]") && !got.iter().any(|(known, _)| known.contains("[]"));
        if !is_of_empty {
            findings.push(finding(&format!("body.{place}"), &types(expected), "no such key", raw_remedy));
        }
    }
    findings.extend(order_finding(&variants, &got));
    findings.extend(item_finding(answer));
    findings
}

/// The first check item that the page does not have.
fn item_finding(answer: &CapturedAnswer) -> Option<Finding> {
    let items = answer.json()?.get(CHECK_ITEMS)?.as_array()?;
    let got = items.iter().find(|item| !is_check_item(item))?.to_string();
    let expected = "an item of the page".to_owned();
    Some(Finding { field: CHECK_ITEMS.to_owned(), expected, got, remedy: raw_remedy })
}

/// Returns true if a scripted answer can name this item.
pub(super) fn is_check_item(item: &Value) -> bool {
    item.as_str().is_some_and(|item| CheckItem::parse(item).is_some())
}

/// The first object whose keys have another order than those of every variant, as far as both have them.
fn order_finding(variants: &[Places], got: &Places) -> Option<Finding> {
    let objects: BTreeSet<_> = got.iter().map(|(place, _)| object_of(place)).collect();
    objects.into_iter().find_map(|object| {
        let common = |places: &Places, others: &Places| -> Vec<String> {
            let is_common = |place: &&str| object_of(place) == object && others.iter().any(|(other, _)| other == place);
            let common = places.iter().map(|(place, _)| place.as_str()).filter(is_common);
            common.map(|place| place[object.len()..].trim_start_matches('.').to_owned()).collect()
        };
        let orders = variants.iter().map(|variant| (common(variant, got), common(got, variant)));
        let differing: Option<Vec<_>> =
            orders.map(|(expected, got)| (expected != got).then_some((expected, got))).collect();
        let (expected, got) = differing?.into_iter().next()?;
        let place = if object.is_empty() { String::new() } else { format!(" in {object}") };
        let (field, expected, got) = (format!("order of keys{place}"), expected.join(", "), got.join(", "));
        Some(Finding { field, expected, got, remedy: raw_remedy })
    })
}

/// Returns the place of the object that has a key.
fn object_of(place: &str) -> &str {
    place.rfind('.').map_or("", |dot| &place[..dot])
}

/// Lists all places of a body, in their order.
fn places(body: &Value) -> Places {
    let mut places = Vec::new();
    collect(body, "", &mut places);
    places
}

/// The most places of a body that are compared.
const MAX_PLACES: usize = 200;

fn collect(value: &Value, at: &str, places: &mut Places) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let name = part_of_place(name);
                let place = if at.is_empty() { name } else { format!("{at}.{name}") };
                if let Some((_, types)) = places.iter_mut().find(|(known, _)| *known == place) {
                    types.insert(type_of(value));
                } else if places.len() < MAX_PLACES {
                    places.push((place.clone(), BTreeSet::from([type_of(value)])));
                } else {
                    return;
                }
                collect(value, &place, places);
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| collect(element, &format!("{at}[]"), places)),
        _ => {}
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "fraction",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}
