//! A scenario in the making: it is run, and where bss-sim answers otherwise than was captured, a scripted answer is added,
//! until all exchanges hold.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::call::{RecordedAnswer, RecordedCall, raw};
use super::difference::is_check_item;
use super::learned::LearnedReview;
use super::world::LearnedWorld;
use crate::domain::{Answer, ApiCode, ENDPOINTS, INDIVIDUAL, Kind, catalog::ASSOCIATION_TIMED_OUT, gateway};
use crate::fixture::write::{block, flow, scalar};
use crate::fixture::{LoadError, LoadedScenario};
use crate::http::{ProofLimits, Proven, prove};

/// After so many runs no subject waits for an earlier call of its own.
const PATIENT_RUNS: usize = 3;

/// Why the last calls of a long capture are left out.
pub(super) const TOO_MANY: &str = "calls after the most that a scenario can have: import the capture in parts";

/// How a request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// By a scripted error, acceptance or error of the gateway.
    Scripted,
    /// By a scripted answer that is raw.
    Raw,
}

/// A step of the proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum DraftStep {
    Call(usize),
    Review(usize),
}

impl DraftStep {
    fn call(self) -> Option<usize> {
        match self {
            Self::Call(place) => Some(place),
            Self::Review(_) => None,
        }
    }
}

fn is_refused_first(proven: &Proven<'_>) -> bool {
    matches!(&proven.reply, Some(Ok(reply)) if reply.is_refused_first())
}

/// A scenario that is made of a world and of calls.
#[derive(Debug)]
pub(super) struct ScenarioDraft<'a> {
    world: LearnedWorld,
    calls: &'a [RecordedCall],
    /// The conditions that a script for a call has, by the place of the call.
    keys: Vec<String>,
    /// How the requests with these conditions are answered, if not by the rules.
    ways: BTreeMap<String, Way>,
    /// The calls that are refused before any script, which use none up.
    refused_first: HashSet<usize>,
    /// What cannot be made to hold.
    left_out: HashSet<DraftStep>,
    /// Why, each with the number of the entry.
    pub(super) reasons: Vec<(String, usize)>,
}

impl<'a> ScenarioDraft<'a> {
    pub(super) fn new(world: LearnedWorld, calls: &'a [RecordedCall]) -> Self {
        let keys = calls.iter().map(|call| conditions(&world, call).to_string()).collect();
        let left_out = calls.iter().enumerate().filter(|(_, call)| world.callers[call.caller].is_none());
        let left_out = left_out.map(|(place, _)| DraftStep::Call(place)).collect();
        Self { world, calls, keys, ways: BTreeMap::new(), refused_first: HashSet::new(), left_out, reasons: Vec::new() }
    }

    pub(super) fn exchanges(&self) -> usize {
        self.steps().into_iter().filter(|step| matches!(step, DraftStep::Call(_))).count()
    }

    /// How many reviews are decided.
    pub(super) fn reviews(&self) -> usize {
        self.steps().into_iter().filter(|step| matches!(step, DraftStep::Review(_))).count()
    }

    /// How many answers are scripted.
    pub(super) fn scripted(&self) -> usize {
        self.scripts().len()
    }

    /// Runs the scenario until everything in it holds. Returns its text.
    pub(super) async fn complete(&mut self) -> Result<String, LoadError> {
        for run in 0.. {
            let text = self.write();
            let scenario = match LoadedScenario::read_text("capture", &text) {
                Ok(scenario) => scenario,
                Err(error) if self.drop_mistakes(&error, &text) => continue,
                Err(error) => return Err(error),
            };
            let steps = self.steps();
            let proven = prove(&scenario, ProofLimits::NONE).await;
            let mut subjects = HashSet::new();
            let mut is_complete = true;
            if self.refused_first.is_empty() {
                let refused = steps.iter().zip(&proven).filter(|(_, proven)| is_refused_first(proven));
                self.refused_first = refused.filter_map(|(step, _)| step.call()).collect();
            }
            for (step, proven) in steps.into_iter().zip(&proven).filter(|(_, proven)| !proven.is_ok()) {
                is_complete = false;
                let subject = match step {
                    DraftStep::Call(place) => self.calls[place].customer().unwrap_or(&self.keys[place]).to_owned(),
                    DraftStep::Review(place) => self.world.reviews[place].customer.clone(),
                };
                // What follows in the same matter may hold once this one does.
                if subjects.insert(subject) || run >= PATIENT_RUNS {
                    let differences: Vec<_> = proven.differences().iter().map(ToString::to_string).collect();
                    let why = proven.why().unwrap_or_default();
                    self.correct(step, &differences.join(", "), &why);
                }
            }
            if is_complete {
                return Ok(text);
            }
        }
        unreachable!("the loop ends when everything holds")
    }

    /// Takes out what no scenario can have, such as a customer with a malformed ID. Returns false if nothing is taken out.
    pub(super) fn drop_mistakes(&mut self, error: &LoadError, text: &str) -> bool {
        let steps = self.steps();
        if error.is_too_large() {
            // How much fits is known only when it is read again.
            let last = steps.len() - steps.len().div_ceil(4);
            steps[last..].iter().for_each(|step| self.leave_out(*step, TOO_MANY));
            return !steps.is_empty();
        }
        let scripted: Vec<_> = self.scripts().into_iter().map(|(key, _)| key).collect();
        let mut mistaken: BTreeSet<(&str, usize)> = BTreeSet::new();
        for problem in &error.problems {
            let place = problem
                .key
                .split_once('[')
                .and_then(|(list, rest)| Some((list, rest.split_once(']')?.0.parse().ok()?)));
            mistaken.extend(place.or_else(|| Some(("exchanges", exchange_at(text, problem.line)?))));
        }
        let mut is_changed = false;
        // From the end on, so that the other places stay.
        for (list, place) in mistaken.into_iter().rev() {
            let entries = match list {
                "customers" => &mut self.world.customers,
                "certificates" => &mut self.world.certificates,
                "scripted" if place < scripted.len() => {
                    for call in 0..self.calls.len() {
                        if self.keys[call] == scripted[place] {
                            self.leave_out(DraftStep::Call(call), "no script can answer this");
                        }
                    }
                    is_changed = true;
                    continue;
                }
                "exchanges" if place < steps.len() => {
                    self.leave_out(steps[place], "no exchange can have this request or this answer");
                    is_changed = true;
                    continue;
                }
                _ => continue,
            };
            if place < entries.len() {
                entries.remove(place);
                is_changed = true;
            }
        }
        is_changed
    }

    /// Takes a step out. Why is told of a call.
    fn leave_out(&mut self, step: DraftStep, why: &str) {
        if self.left_out.insert(step)
            && let DraftStep::Call(place) = step
        {
            self.reasons.push((why.to_owned(), self.calls[place].entry));
        }
    }

    /// Scripts the answer of a step that failed; if that did not help, leaves it out.
    fn correct(&mut self, step: DraftStep, differences: &str, why: &str) {
        let DraftStep::Call(place) = step else { return self.leave_out(step, why) };
        let key = &self.keys[place];
        let next = match self.ways.get(key) {
            _ if self.refused_first.contains(&place) => {
                return self.leave_out(step, &format!("bss-sim checks this before any script: {differences} ({why})"));
            }
            None => Way::Scripted,
            Some(Way::Scripted) => Way::Raw,
            Some(Way::Raw) => {
                return self.leave_out(step, &format!("no script gives this answer: {differences} ({why})"));
            }
        };
        self.ways.insert(key.clone(), next);
    }

    /// Returns true if a script for a call would be used by it.
    fn uses_script(&self, place: usize) -> bool {
        !self.refused_first.contains(&place) && !self.left_out.contains(&DraftStep::Call(place))
    }

    /// Returns the steps that are not left out, in their order.
    fn steps(&self) -> Vec<DraftStep> {
        let mut reviews = self.world.reviews.iter().enumerate().peekable();
        let mut steps = Vec::new();
        for place in 0..self.calls.len() {
            while let Some((number, _)) = reviews.next_if(|(_, review)| review.before <= place) {
                steps.push(DraftStep::Review(number));
            }
            steps.push(DraftStep::Call(place));
        }
        steps.retain(|step| !self.left_out.contains(step));
        steps
    }

    fn write(&self) -> String {
        let mut text = HEAD.to_owned();
        let LearnedWorld { settings, partners, customers, certificates, .. } = &self.world;
        if !settings.is_empty() {
            block_of_settings(&mut text, settings);
        }
        let scripted: Vec<_> = self.scripts().into_iter().map(|(_, script)| script).collect();
        let lists =
            [("partners", partners), ("customers", customers), ("certificates", certificates), ("scripted", &scripted)];
        for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            let _ = writeln!(text, "\n{name}:");
            for entry in list {
                let _ = writeln!(text, "  - {}", flow(entry));
            }
        }
        let steps = self.steps();
        if !steps.is_empty() {
            let _ = writeln!(text, "\nexchanges:");
        }
        for step in steps {
            match step {
                DraftStep::Review(place) => write_review(&mut text, &self.world.reviews[place]),
                DraftStep::Call(place) => self.write_call(&mut text, &self.calls[place]),
            }
        }
        text
    }

    fn write_call(&self, text: &mut String, call: &RecordedCall) {
        let caller = self.world.callers[call.caller].as_deref().unwrap_or_default();
        let _ = writeln!(text, "  # entry {}\n  - as: {}", call.entry, scalar(&caller.into()));
        if *call.endpoint != INDIVIDUAL {
            let _ = writeln!(text, "    method: {}\n    path: {}", call.endpoint.method, call.endpoint.path);
        }
        block(text, "    ", "request", &call.fields);
        let _ = writeln!(text, "    expect:\n      status: {}", call.answer.status);
        if let Some(body) = call.answer.json() {
            let mut body = body.clone();
            // It is another one each time.
            body.remove("request_id");
            block(text, "      ", "body", &body);
        }
    }

    /// Makes a script for each kind of request that is not left to the rules, with its conditions as a text. One with more conditions comes first.
    fn scripts(&self) -> Vec<(String, Value)> {
        let mut calls: HashMap<&str, Vec<&RecordedCall>> = HashMap::new();
        for (place, key) in self.keys.iter().enumerate().filter(|(_, key)| self.ways.contains_key(*key)) {
            if self.uses_script(place) {
                calls.entry(key).or_default().push(&self.calls[place]);
            }
        }
        let mut scripts: Vec<_> = calls.into_iter().map(|(key, calls)| (key, self.ways[key], calls)).collect();
        let conditions = |key: &str| serde_json::from_str::<Map<String, Value>>(key).unwrap_or_default();
        scripts.sort_by_key(|(key, _, calls)| (std::cmp::Reverse(conditions(key).len()), calls[0].entry));
        scripts
            .into_iter()
            .map(|(key, way, calls)| {
                let mut steps: Vec<_> = calls.iter().map(|call| self.step(way, call)).collect();
                let times = steps.len();
                if steps.iter().all(|step| *step == steps[0]) {
                    steps.truncate(1);
                }
                let then = if steps.len() == 1 { steps.remove(0) } else { steps.into() };
                let mut script = json!({ "when": conditions(key), "then": then });
                // Asked again, what changes nothing has the same answer.
                if calls[0].may_change() {
                    script["times"] = times.into();
                }
                (key.to_owned(), script)
            })
            .collect()
    }

    /// Returns the scripted answer of a call.
    fn step(&self, way: Way, call: &RecordedCall) -> Value {
        let named = (way == Way::Scripted).then(|| self.named_step(call)).flatten();
        named.unwrap_or_else(|| {
            let RecordedAnswer { status, content_type, body, .. } = &call.answer;
            raw(*status, content_type.as_deref(), body)
        })
    }

    /// Returns the scripted answer that names what is answered. `None` if its text or its form is another one.
    fn named_step(&self, call: &RecordedCall) -> Option<Value> {
        let answer = &call.answer;
        let body = answer.json()?;
        if let Some(review) = call.accepted() {
            return (body.len() == 1).then(|| json!({ "is_review": review.number() }));
        }
        let code = answer.code()?;
        let text = answer.text("error_msg")?;
        let message = |documented: &'static str| {
            self.world.settings.get("wire").and_then(|wire| wire["messages"][code].as_str()).unwrap_or(documented)
        };
        if let Some(row) = gateway::ERRORS.iter().find(|row| row.code == code && row.status == answer.status) {
            return (text == message(row.message)).then(|| json!({ "gateway": code, "status": row.status }));
        }
        let known = ApiCode::parse(code)?;
        let is_here = match known.answer() {
            Answer::Other(error) => {
                *error != ASSOCIATION_TIMED_OUT && error.endpoints().is_none_or(|known| known.contains(&call.endpoint))
            }
            _ => true,
        };
        if known.status() != answer.status || text != message(known.message()) || !is_here {
            return None;
        }
        match (body.len(), body.get("fail_check_items")) {
            (2, None) => Some(json!({ "error_code": code })),
            (3, Some(Value::Array(items))) if items.iter().all(is_check_item) => {
                Some(json!({ "error_code": code, "fail_check_items": items }))
            }
            _ => None,
        }
    }
}

const HEAD: &str = "\
# Made by `bss-sim import` from a capture. Every name, number, token and host is invented; read it once all the same before
# you share it. `bss-sim check` runs its exchanges.
name: captured
description: What a real service answered, by a capture.
";

/// Returns the place of the exchange in whose lines this one is.
fn exchange_at(text: &str, line: usize) -> Option<usize> {
    let before = text.lines().take(line).skip_while(|line| *line != "exchanges:");
    before.filter(|line| line.starts_with("  - ")).count().checked_sub(1)
}

fn block_of_settings(text: &mut String, settings: &Map<String, Value>) {
    let _ = writeln!(text, "\nsettings:");
    for (name, value) in settings {
        let _ = writeln!(text, "  {name}: {}", flow(value));
    }
}

fn write_review(text: &mut String, LearnedReview { customer, decision, opinion, .. }: &LearnedReview) {
    let mut review = json!({ "customer": customer, "decision": decision });
    if let Some(opinion) = opinion {
        review["opinion"] = opinion.as_str().into();
    }
    let _ = writeln!(text, "  - review: {}", flow(&review));
}

/// Returns what a script for a call looks at.
fn conditions(world: &LearnedWorld, call: &RecordedCall) -> Value {
    let mut when = json!({});
    if *call.endpoint != INDIVIDUAL {
        when["path"] = call.endpoint.path.into();
    }
    if ENDPOINTS.into_iter().filter(|endpoint| endpoint.path == call.endpoint.path).count() > 1 {
        when["method"] = call.endpoint.method.into();
    }
    if let Some(caller) = world.callers[call.caller].as_deref().filter(|_| world.partners.len() > 1) {
        when["caller"] = caller.into();
    }
    for parameter in call.endpoint.parameters {
        let value = match call.fields.get(parameter.name) {
            Some(Value::Array(elements)) => elements.first(),
            value => value,
        };
        let Some(value) = value else { continue };
        let fits = match parameter.kind {
            Kind::Integer { .. } | Kind::Number { .. } => {
                value.as_i64().is_some_and(|number| i32::try_from(number).is_ok())
            }
            Kind::Text { .. } | Kind::Pattern { .. } | Kind::TextList { .. } => value.is_string(),
            Kind::Boolean | Kind::Object => false,
        };
        if fits {
            when[parameter.name] = value.clone();
        }
    }
    when
}
