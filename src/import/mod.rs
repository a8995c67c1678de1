//! `bss-sim import`: what a real service answered, as a scenario, and where it differs from what bss-sim would have said.
//!
//! A capture is read entry by entry (`capture`). A call of a simulated endpoint (`call`) is compared with the answer of
//! bss-sim (`reference`, `difference`), its values are replaced (`pseudonym`), and it is kept. From all of them the world is
//! learned (`caller`, `learned`) and written (`world`), which is run and completed by scripted answers (`draft`).

mod call;
mod caller;
mod capture;
mod difference;
mod draft;
mod learned;
mod pseudonym;
mod reference;
#[cfg(test)]
mod tests;
mod world;

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::hash::{BuildHasher, RandomState};
use std::io::Read;

use serde_json::{Map, Value};

pub(crate) use capture::CaptureError;
pub(crate) use difference::compared_headers;

use self::call::{CapturedBody, CapturedCall, Credential, RecordedAnswer, RecordedCall, Skip, can_be_scripted};
use self::caller::Callers;
use self::capture::CapturedEntry;
use self::difference::{Differences, with_messages};
use self::draft::ScenarioDraft;
use self::pseudonym::Pseudonyms;
use self::reference::References;
use self::world::LearnedWorld;
use crate::domain::{Wire, gateway};
use crate::fixture::LoadError;

/// The most calls that become exchanges, and the most bytes that they have. Those after them are only compared.
const MAX_EXCHANGES: usize = 10_000;
const MAX_BYTES: usize = 32 * 1024 * 1024;

/// The most bytes of a call that becomes an exchange. A scenario with much longer ones is too long to be loaded.
const MAX_EXCHANGE_BYTES: usize = 1024 * 1024;

/// The most levels of a body, and the most bytes of a key, of a call that becomes an exchange. YAML has limits of both, and
/// escapes make a key longer.
const MAX_LEVELS: usize = 50;
const MAX_KEY_BYTES: usize = 128;

/// How many entries are named for each reason, and how many reasons there are.
const MAX_NAMED: usize = 3;
const MAX_REASONS: usize = 200;

/// Entries that have something in common.
#[derive(Debug, Default)]
struct Group {
    count: usize,
    first: Vec<usize>,
}

impl Group {
    fn add(&mut self, entry: usize) {
        self.count += 1;
        if self.first.len() < MAX_NAMED {
            self.first.push(entry);
        }
    }

    /// `3 entries: 1, 2, 5`
    fn describe(&self) -> String {
        let noun = if self.count == 1 { "entry" } else { "entries" };
        let first: Vec<_> = self.first.iter().map(usize::to_string).collect();
        let more = if self.count > self.first.len() { ", …" } else { "" };
        format!("{} {noun}: {}{more}", self.count, first.join(", "))
    }
}

/// A capture that is being imported.
#[derive(Debug)]
pub(crate) struct Import {
    references: References,
    differences: Differences,
    pseudonyms: Pseudonyms,
    callers: Callers,
    calls: Vec<RecordedCall>,
    /// The bytes of all calls.
    bytes: usize,
    /// The hash of the last answer to each request that changes nothing, by the hash of the request.
    last_answers: HashMap<u64, u64>,
    hasher: RandomState,
    /// How many entries and how many calls were read.
    entries: usize,
    compared: usize,
    skipped: BTreeMap<Skip, Group>,
    /// What is no exchange, by the reason.
    unrepeatable: BTreeMap<String, Group>,
}

/// What came of a capture.
#[derive(Debug)]
pub(crate) struct Imported {
    /// The scenario, as YAML; or why none can be made.
    pub(crate) scenario: Result<String, LoadError>,
    /// What is to be told of the capture, in lines.
    pub(crate) report: String,
}

impl Import {
    /// An import that has read nothing. It asks bss-sim for its answers, in this form. Headers with one of these names are not
    /// compared.
    pub(crate) async fn begin(wire: &Wire, ignored_headers: Vec<String>) -> Self {
        Self {
            references: References::ask(wire).await,
            differences: Differences::without(ignored_headers),
            pseudonyms: Pseudonyms::default(),
            callers: Callers::default(),
            calls: Vec::new(),
            bytes: 0,
            last_answers: HashMap::new(),
            hasher: RandomState::new(),
            entries: 0,
            compared: 0,
            skipped: BTreeMap::new(),
            unrepeatable: BTreeMap::new(),
        }
    }

    /// Reads a capture. Also where it fails, what came before counts.
    pub(crate) fn read(&mut self, capture: impl Read) -> Result<(), CaptureError> {
        capture::read(capture, &mut |entry| self.add(&entry))
    }

    /// Returns true if an answer of the service differs from that of bss-sim.
    pub(crate) fn has_differences(&self) -> bool {
        !self.differences.is_empty()
    }

    /// Returns true if there was a call that could be compared.
    pub(crate) fn has_calls(&self) -> bool {
        self.compared > 0
    }

    fn add(&mut self, entry: &CapturedEntry) {
        self.entries += 1;
        let call = match CapturedCall::of(entry) {
            Ok(call) => call,
            Err(skip) => return self.skipped.entry(skip).or_default().add(self.entries),
        };
        self.compared += 1;
        self.pseudonyms.know_call(&call);
        self.differences.compare(&self.references, &call, self.entries);
        if self.calls.len() >= MAX_EXCHANGES || self.bytes >= MAX_BYTES {
            return self.leave_out(draft::TOO_MANY, self.entries);
        }
        let caller = self.callers.learn(&call, &mut self.pseudonyms);
        if call.is_of_iam() {
            return self.leave_out("calls of IAM: they say whose the tokens are, and are no exchanges", self.entries);
        }
        match (caller, unrepeatable(&call)) {
            (_, Some(why)) => self.leave_out(why, self.entries),
            (None, _) => self.leave_out("calls of more callers than are told apart", self.entries),
            (Some(caller), None) => self.record(call, caller),
        }
    }

    fn record(&mut self, call: CapturedCall, caller: usize) {
        let CapturedCall { endpoint, fields, answer, .. } = call;
        let fields = Value::from(fields.unwrap_or_default());
        let bytes = fields.to_string().len() + answer.body.len();
        // What is invented has the same length. To invent it first would keep all of its values.
        if bytes > MAX_EXCHANGE_BYTES {
            return self.leave_out("calls of more than 1 MiB, request and answer together", self.entries);
        }
        if let Some(why) = unwritable(&fields).or_else(|| unwritable(answer.json()?)) {
            return self.leave_out(why, self.entries);
        }
        if !can_be_scripted(answer.status, &answer.body) {
            return self.leave_out("answers whose status bss-sim never has, or not with a body", self.entries);
        }
        let fields = self.pseudonyms.fields(endpoint, fields.as_object().unwrap_or(&Map::new()));
        let content_type = answer.header("content-type").map(|value| self.pseudonyms.media_type(value));
        let body = match &answer.body {
            CapturedBody::Json(body) => CapturedBody::Json(self.pseudonyms.answer(body)),
            other => other.clone(),
        };
        let request = Value::from(fields.clone()).to_string();
        let call = RecordedCall {
            entry: self.entries,
            caller,
            endpoint,
            fields,
            answer: RecordedAnswer { status: answer.status, content_type, body, is_text_of_request: false },
        };
        if !call.may_change() {
            // Of what is asked again and again until the answer changes, one call for each answer says all.
            let request = self.hasher.hash_one((caller, endpoint.method, endpoint.path, &request));
            let answer = self.hasher.hash_one(format!("{:?}", call.answer));
            if self.last_answers.insert(request, answer) == Some(answer) {
                let why = "repeated calls with the same answer: one exchange stands for them";
                return self.leave_out(why, call.entry);
            }
        }
        self.bytes += bytes;
        self.calls.push(call);
    }

    fn leave_out(&mut self, why: impl Into<String>, entry: usize) {
        let why = why.into();
        if self.unrepeatable.len() < MAX_REASONS || self.unrepeatable.contains_key(&why) {
            self.unrepeatable.entry(why).or_default().add(entry);
        } else {
            self.unrepeatable.entry("calls for other reasons".to_owned()).or_default().add(entry);
        }
    }

    /// Makes a scenario of what was read, and runs it.
    pub(crate) async fn finish(&mut self) -> Imported {
        self.rewrite_messages();
        let calls = std::mem::take(&mut self.calls);
        let world = LearnedWorld::of(&self.callers, &calls);
        let callers = world.callers.clone();
        let mut draft = ScenarioDraft::new(world, &calls);
        let scenario = draft.complete().await;
        for call in calls.iter().filter(|call| callers[call.caller].is_none()) {
            self.leave_out("calls whose credentials were refused, and are no token", call.entry);
        }
        for (reason, entry) in std::mem::take(&mut draft.reasons) {
            self.leave_out(reason, entry);
        }
        let mut made = String::new();
        if scenario.is_ok() {
            let (exchanges, scripted) = (draft.exchanges(), draft.scripted());
            let _ = writeln!(made, "a scenario: exchanges: {exchanges}, scripted answers: {scripted}");
            if draft.reviews() > 0 {
                let reviews = draft.reviews();
                let _ = writeln!(made, "reviews: {reviews}: each is decided where an answer showed that it was");
            }
        }
        Imported { scenario, report: self.describe(&made) }
    }

    /// Returns what a comparison alone has to tell.
    pub(crate) fn compared(mut self) -> String {
        self.unrepeatable.clear();
        self.describe("")
    }

    /// The texts of errors may name what was seen after them.
    fn rewrite_messages(&mut self) {
        for call in &mut self.calls {
            match &mut call.answer.body {
                CapturedBody::Json(body) => {
                    let written = with_messages(body, &mut self.pseudonyms);
                    call.answer.is_text_of_request = written != *body;
                    *body = written;
                }
                CapturedBody::Text(text) => *text = self.pseudonyms.message(text),
                CapturedBody::Empty => {}
            }
        }
    }

    fn describe(&mut self, made: &str) -> String {
        let mut text = format!("entries: {}, calls of simulated endpoints: {}\n{made}", self.entries, self.compared);
        let groups = |text: &mut String, title: &str, groups: Vec<String>| {
            if !groups.is_empty() {
                let _ = writeln!(text, "{title}");
                for group in groups {
                    let _ = writeln!(text, "  {group}");
                }
            }
        };
        let skipped = self.skipped.iter().map(|(skip, group)| format!("{skip} ({})", group.describe())).collect();
        groups(&mut text, "skipped:", skipped);
        let unrepeatable =
            self.unrepeatable.iter().map(|(why, group)| format!("{why} ({})", group.describe())).collect();
        groups(&mut text, "no exchanges:", unrepeatable);
        let differences = self.differences.describe(&mut self.pseudonyms);
        groups(&mut text, "differences:", differences);
        let _ = writeln!(text, "differences from bss-sim: {}", self.differences.len());
        text
    }
}

/// Returns why a body cannot be written in a scenario. `None` if it can.
fn unwritable(body: &Value) -> Option<&'static str> {
    fn look(value: &Value, levels: usize) -> Option<&'static str> {
        match value {
            Value::Array(_) | Value::Object(_) if levels == 0 => Some("calls with a body of more than 50 levels"),
            Value::Array(values) => values.iter().find_map(|value| look(value, levels - 1)),
            Value::Object(fields) => fields.iter().find_map(|(name, value)| {
                let is_long = name.len() > MAX_KEY_BYTES;
                if is_long { Some("calls with a key of more than 128 bytes") } else { look(value, levels - 1) }
            }),
            _ => None,
        }
    }
    look(body, MAX_LEVELS)
}

/// Returns why a call cannot be sent again. `None` if it can.
fn unrepeatable(call: &CapturedCall) -> Option<&'static str> {
    let code = call.answer.json().and_then(|body| body["error_code"].as_str());
    let is_refused = code == Some(gateway::NOT_AUTHENTICATED.code);
    match (&call.fields, &call.credential) {
        (Err(why), _) => Some(why),
        (_, Credential::AccessKey(_)) if is_refused => {
            Some("signatures that were refused: an exchange is sent with a token")
        }
        (_, Credential::Absent) if is_refused => Some("calls without credentials: an exchange is sent with a token"),
        _ => None,
    }
}
