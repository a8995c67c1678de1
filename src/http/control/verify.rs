//! `POST /_sim/verify`: whether the journal has what a test expects.

use std::borrow::Cow;
use std::cell::LazyCell;
use std::cmp::Reverse;
use std::fmt;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use tokio::time::{Instant, sleep_until};

use super::entry::{EntryBody, EntryWriter, customer_id};
use super::error::ControlError;
use super::expectation::{Conditions, Expectation, Field, Order};
use super::extract::{InSpace, Readable, Unread, WantsText, no_space};
use super::off_workers;
use crate::domain::{APPLICATION, Answer, CUSTOMER_ID, Endpoint, Matcher, SentParameters, excerpt, printable, short};
use crate::http::App;
use crate::http::extract::query_value;
use crate::http::mask::MASK;
use crate::http::openapi::{Describe, OperationWriter};
use crate::http::parameters::decode_json;
use crate::simulator::{JournalEntry, RecordedRequest, Space};

/// The most entries that are shown.
const MAX_CLOSEST: usize = 3;

/// The journal has what was expected.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Verified {
    /// How many entries are as expected.
    pub count: usize,
    /// How many entries the journal has lost, and which therefore were not looked at.
    pub dropped: u64,
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "as expected: found {}", self.count)?;
        lost(f, self.dropped)
    }
}

/// The journal does not have what was expected. Its `Debug` is made for `unwrap`: it is what people read.
#[derive(Clone, thiserror::Error, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct NotVerified {
    /// The kind of refusal.
    #[schemars(extend("const" = "not_verified"))]
    error: &'static str,
    /// What was expected, and what was found.
    pub detail: String,
    /// How many entries are as expected; of a sequence, how many of its entries were found.
    pub count: usize,
    /// How many entries the journal has lost, and which therefore were not looked at.
    pub dropped: u64,
    /// If there are too few, the entries that come closest, the closest first; if too many, the newest.
    pub closest: Vec<CloseEntry>,
    /// True if more entries will not help.
    #[serde(skip)]
    is_final: bool,
}

/// An entry that comes close to what was expected.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct CloseEntry {
    /// The fields that are not as expected.
    pub differs: Vec<Difference>,
    pub entry: EntryBody,
}

/// A field of an entry that is not as expected.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Difference {
    /// The field, as `match` calls it.
    pub field: String,
    /// What was expected, in words.
    pub expected: String,
    /// What is there: `differs` if it is not shown, `null` if there is nothing.
    pub got: Option<String>,
}

impl fmt::Display for NotVerified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.detail))?;
        lost(f, self.dropped)?;
        for CloseEntry { differs, entry } in &self.closest {
            write!(f, "\n  {entry}")?;
            for Difference { field, expected, got } in differs {
                let (field, expected) = (printable(field), printable(expected));
                match got.as_deref() {
                    Some(DIFFERS) => write!(f, "\n    {field}: expected {expected}, but it differs")?,
                    got => {
                        let got = printable(got.unwrap_or("nothing"));
                        write!(f, "\n    {field}: expected {expected}, got {got}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

fn lost(f: &mut fmt::Formatter<'_>, dropped: u64) -> fmt::Result {
    if dropped > 0 { write!(f, " ({dropped} entries were lost before)") } else { Ok(()) }
}

impl fmt::Debug for NotVerified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Why a call is not 200.
pub enum Refused {
    Call(ControlError),
    NotVerified(Readable<409, NotVerified>),
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Call(error) => error.into_response(),
            Self::NotVerified(found) => found.into_response(),
        }
    }
}

impl Describe for Refused {
    fn describe(operation: &mut OperationWriter<'_>) {
        Readable::<409, NotVerified>::describe(operation);
    }
}

pub async fn post(
    State(app): State<Arc<App>>,
    InSpace(space): InSpace,
    WantsText(as_text): WantsText,
    unread: Unread<Expectation>,
) -> Result<Readable<200, Verified>, Refused> {
    let expectation = off_workers(&app, move || unread.read()).await.map_err(Refused::Call)?;
    let verified = verify_within(&app, &space, &Arc::new(expectation)).await;
    if verified.is_err() && space.is_removed() {
        return Err(Refused::Call(no_space(&app, &space.id.to_string())));
    }
    let refused = |value| Refused::NotVerified(Readable { value, as_text });
    verified.map(|value| Readable { value, as_text }).map_err(refused)
}

/// Waits until the journal has what is expected, as long as the expectation says and the space exists. It looks again at every
/// new entry, and takes a thread only for that.
pub async fn verify_within(
    app: &Arc<App>,
    space: &Arc<Space>,
    expectation: &Arc<Expectation>,
) -> Result<Verified, NotVerified> {
    let (deadline, ending) = (Instant::now() + expectation.within, app.spaces.ending());
    loop {
        let mut news = space.state().journal.subscribe();
        let (judge, judged, expected) = (Arc::clone(app), Arc::clone(space), Arc::clone(expectation));
        let verified = off_workers(app, move || verify(&judge, &judged, &expected)).await;
        if expectation.within.is_zero() || verified.as_ref().map_or_else(|found| found.is_final, |_| true) {
            return verified;
        }
        tokio::select! {
            () = sleep_until(deadline) => return verified,
            () = ending.cancelled() => return verified,
            () = space.removed() => return verified,
            // An error says that the journal began again.
            _ = news.changed() => {}
        }
    }
}

/// Looks at the journal as it is now.
pub fn verify(app: &App, space: &Space, expectation: &Expectation) -> Result<Verified, NotVerified> {
    let (entries, dropped) = space.state().journal.since(0);
    let observed: Vec<_> = entries.iter().map(|entry| Observed::new(entry)).collect();
    let writer = EntryWriter::new(app, space);
    let not_verified = |detail: String, count, is_final, conditions: &Conditions, among: &[Observed<'_>]| {
        let closest = closest(&writer, conditions, among, is_final);
        NotVerified { error: "not_verified", detail, count, dropped, closest, is_final }
    };
    match expectation.order {
        Order::Any { at_least, at_most } => {
            let [conditions] = &expectation.elements[..] else { unreachable!("only a sequence has several elements") };
            let count = observed.iter().filter(|entry| entry.satisfies(conditions)).count();
            if (at_least..=at_most).contains(&count) {
                return Ok(Verified { count, dropped });
            }
            let expected = match (at_least, at_most) {
                (at_least, usize::MAX) => format!("at least {at_least}"),
                (at_least, at_most) if at_least == at_most => format!("exactly {at_least}"),
                (at_least, at_most) => format!("{at_least} to {at_most}"),
            };
            let detail = format!("expected {expected}, found {count}");
            Err(not_verified(detail, count, count > at_most, conditions, &observed))
        }
        Order::Sequence => {
            let mut rest = &observed[..];
            let mut used = Vec::new();
            for (found, conditions) in expectation.elements.iter().enumerate() {
                let Some(place) = rest.iter().position(|entry| entry.satisfies(conditions)) else {
                    let detail = missing(expectation.elements.len(), &used, conditions, &observed, rest);
                    let among = if rest.is_empty() { &observed } else { rest };
                    return Err(not_verified(detail, found, false, conditions, among));
                };
                used.push(rest[place].entry.number);
                rest = &rest[place + 1..];
            }
            Ok(Verified { count: expectation.elements.len(), dropped })
        }
    }
}

/// Says which entry of a sequence is missing, and whether it is there but too early. `used` are the numbers of those that
/// were found.
fn missing(
    length: usize,
    used: &[u64],
    conditions: &Conditions,
    all: &[Observed<'_>],
    rest: &[Observed<'_>],
) -> String {
    let before = &all[..all.len() - rest.len()];
    let place = before.last().map_or_else(String::new, |last| format!(" after #{}", last.entry.number));
    let is_early = |observed: &&Observed<'_>| !used.contains(&observed.entry.number) && observed.satisfies(conditions);
    let early = before.iter().rev().find(is_early);
    let early = early.map_or_else(String::new, |early| format!(" (#{} came too early)", early.entry.number));
    let found = used.len();
    format!("expected {length} in this order, found {found}: nothing meets condition {}{place}{early}", found + 1)
}

/// The entries that come closest to the conditions, or with `are_too_many` the newest that satisfy them.
fn closest(
    writer: &EntryWriter,
    conditions: &Conditions,
    among: &[Observed<'_>],
    are_too_many: bool,
) -> Vec<CloseEntry> {
    let mut judged: Vec<_> = among.iter().map(|entry| (entry.differences(conditions), entry)).collect();
    judged.retain(|(differences, _)| differences.is_empty() == are_too_many);
    let distance = |differences: &[&(Field, Matcher)], observed: &Observed<'_>| {
        differences.iter().map(|(field, _)| distance(field, observed.values(field).is_empty())).sum::<u32>()
    };
    judged.sort_by_cached_key(|(differences, observed)| {
        (distance(differences, observed), Reverse(observed.entry.number))
    });
    let shown = judged.into_iter().take(MAX_CLOSEST).map(|(differences, observed)| {
        let entry = writer.entry(observed.entry);
        let difference = |(field, matcher): &&(Field, Matcher)| Difference {
            field: field.to_string(),
            expected: excerpt(&in_words(matcher)).into_owned(),
            got: observed.shown(field, &entry).got(),
        };
        CloseEntry { differs: differences.iter().map(difference).collect(), entry }
    });
    shown.collect()
}

/// How far a field that differs takes an entry away from what was expected. One that is not there takes it farther; a request
/// without a parameter is often one of another kind, and farther away than one with two other values.
const fn distance(field: &Field, is_absent: bool) -> u32 {
    match (field, is_absent) {
        (_, false) => 2,
        (Field::Parameter(_), true) => 5,
        (_, true) => 3,
    }
}

/// What is told of a value that is not shown.
const DIFFERS: &str = "differs";

/// The values of a field as they are shown.
enum ShownValue {
    /// In the form of JSON.
    Values(Vec<String>),
    Masked,
}

impl ShownValue {
    fn got(self) -> Option<String> {
        match self {
            Self::Values(values) if values.is_empty() => None,
            Self::Values(values) => Some(excerpt(&values.join(", ")).into_owned()),
            Self::Masked => Some(DIFFERS.to_owned()),
        }
    }
}

/// A condition in words, like `"a" or "b"`, or `begins with "a"`.
fn in_words(matcher: &Matcher) -> String {
    match matcher {
        Matcher::AnyOf(values) => values.iter().map(|value| quoted(value)).collect::<Vec<_>>().join(" or "),
        Matcher::Prefix(text) => format!("what begins with {}", quoted(text)),
        Matcher::Suffix(text) => format!("what ends with {}", quoted(text)),
        Matcher::Contains(text) => format!("what contains {}", quoted(text)),
        Matcher::Regex(regex) => format!("what matches {}", quoted(regex.as_str())),
        Matcher::Present(true) => "a value".to_owned(),
        Matcher::Present(false) => "no value".to_owned(),
        Matcher::Not(matcher) => format!("not {}", in_words(matcher)),
    }
}

/// A value as JSON has it: numbers without quotes. A text such as `00123` is no number.
fn quoted(value: &str) -> String {
    let is_number = value.parse::<i64>().is_ok_and(|number| number.to_string() == value);
    if is_number { value.to_owned() } else { Value::from(value).to_string() }
}

/// The parameters in the body of a request, whatever its path and its type.
fn sent(request: &RecordedRequest) -> SentParameters<'_> {
    let endpoint = Endpoint::at(request.method(), request.path());
    decode_json(endpoint.map_or(APPLICATION, |endpoint| endpoint.parameters), request.body()).unwrap_or_default()
}

/// An entry, of which the parameters are decoded once, and only if a condition is about it.
struct Observed<'a> {
    entry: &'a JournalEntry,
    sent: LazyCell<SentParameters<'a>, Box<dyn FnOnce() -> SentParameters<'a> + 'a>>,
}

impl<'a> Observed<'a> {
    fn new(entry: &'a JournalEntry) -> Self {
        Self { entry, sent: LazyCell::new(Box::new(|| sent(&entry.request))) }
    }

    fn satisfies(&self, conditions: &Conditions) -> bool {
        conditions.iter().all(|(field, matcher)| matcher.matches(&self.values(field)))
    }

    /// The conditions that it does not satisfy.
    fn differences<'c>(&self, conditions: &'c Conditions) -> Vec<&'c (Field, Matcher)> {
        conditions.iter().filter(|(field, matcher)| !matcher.matches(&self.values(field))).collect()
    }

    /// The values of a field, as text.
    fn values(&self, field: &Field) -> Vec<String> {
        let JournalEntry { request, outcome, caller, .. } = self.entry;
        let value = match field {
            Field::Path => Some(request.path().to_owned()),
            Field::Method => Some(request.method().to_owned()),
            Field::Header(name) => {
                let headers = request.headers().filter(|(given, _)| **given == **name);
                return headers.map(|(_, value)| value.into_owned()).collect();
            }
            Field::Parameter(name) if *name == CUSTOMER_ID.name => customer_id(request),
            Field::Parameter(name) => return self.sent.texts(name).into_iter().map(Cow::into_owned).collect(),
            Field::Status => self.entry.answered_status().map(|status| status.to_string()),
            Field::ErrorCode => outcome.error_code().map(str::to_owned),
            Field::Outcome => {
                let items = match outcome.answer() {
                    Some(Answer::Refuse(refusal)) => refusal.items.iter().map(|item| item.code().to_owned()).collect(),
                    _ => Vec::new(),
                };
                return [outcome.label().to_owned()].into_iter().chain(items).collect();
            }
            Field::Rule => outcome.check().map(str::to_owned),
            Field::Caller => caller.as_deref().map(str::to_owned),
        };
        value.into_iter().collect()
    }

    /// The values of a field as the entry shows them.
    fn shown(&self, field: &Field, view: &EntryBody) -> ShownValue {
        let (request, sent) = (&view.request, self.values(field));
        // What was sent may have the mask in it.
        let is_masked = |text: &str| text.contains(MASK) && sent.iter().all(|sent| excerpt(sent) != text);
        match field {
            Field::Path => ShownValue::Values(vec![quoted(request.path.split('?').next().unwrap_or_default())]),
            Field::Header(name) => match request.headers.get(&*short(name)).and_then(Value::as_str) {
                Some(value) if is_masked(value) => ShownValue::Masked,
                value => ShownValue::Values(value.map(quoted).into_iter().collect()),
            },
            Field::Parameter(name) => {
                let in_query = || Some(query_value(&request.path.parse().ok()?, name)?.into());
                let value = request.body.pointer(&format!("/{}", name.replace('.', "/"))).cloned().or_else(in_query);
                let texts = match &value {
                    Some(Value::Array(values)) => &values[..],
                    value => value.as_slice(),
                };
                match &value {
                    _ if texts.iter().filter_map(Value::as_str).any(is_masked) => ShownValue::Masked,
                    None | Some(Value::Null) => ShownValue::Values(Vec::new()),
                    Some(Value::Object(_)) => ShownValue::Values(vec!["an object".to_owned()]),
                    Some(value) => ShownValue::Values(vec![value.to_string()]),
                }
            }
            _ => ShownValue::Values(sent.iter().map(|value| quoted(value)).collect()),
        }
    }
}
