//! `POST /_sim/verify`: whether the journal has what a test expects.

use std::cell::LazyCell;
use std::cmp::Reverse;
use std::fmt;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::entry::{EntryBody, EntryWriter, customer_id};
use super::extract::{Body, InSpace, RequestBody, Status};
use crate::domain::{Matcher, RawApplication, TypedMatcher};
use crate::fixture::{self, Document, LoadError};
use crate::http::App;
use crate::http::bss::individual::decode_json;
use crate::simulator::{JournalEntry, Space};

/// The most entries that are shown.
const MAX_CLOSEST: usize = 3;

/// What journal entries have to be like, and how many of them there have to be.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Expectation")]
pub struct ExpectationSpec {
    /// What an entry has to be like in order to count.
    #[serde(default, rename = "match")]
    conditions: Conditions,
    /// How many entries there are to be; default at least one.
    #[serde(default)]
    count: Count,
}

// The decoder knows it by its name.
/// Conditions on journal entries: all have to hold.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename = "$bss_sim::Conditions")]
#[schemars(rename = "Conditions", extend("allOf" = [{ "additionalProperties": { "not": { "type": "null" } } }]))]
struct Conditions {
    /// The path, without a query.
    path: Option<TypedMatcher<String>>,
    /// The customer that the request was about.
    customer_id: Option<TypedMatcher<String>>,
    /// The name in the request.
    name: Option<TypedMatcher<String>>,
    /// The certificate number in the request.
    verified_number: Option<TypedMatcher<String>>,
    /// The HTTP status of the answer.
    status: Option<TypedMatcher<i32>>,
    /// The `error_code` of the answer.
    error_code: Option<TypedMatcher<String>>,
    /// The check or the rule that refused.
    rule: Option<TypedMatcher<String>>,
    /// The name of the calling partner.
    caller: Option<TypedMatcher<String>>,
}

/// A number of entries: `exactly`, or the others.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Count {
    /// So many, no more and no fewer.
    exactly: Option<usize>,
    /// So many or more.
    at_least: Option<usize>,
    /// So many or fewer.
    at_most: Option<usize>,
}

/// How many journal entries of which kind a test expects. An entry has to satisfy all conditions.
///
/// ```
/// use bss_sim::{Expectation, Matcher, Simulator};
///
/// let sim = Simulator::start();
/// let refused = Expectation::at_least(1).customer_id("customer-done").error_code(Matcher::Prefix("CBC.".into()));
/// assert!(sim.verify(&refused).is_err(), "nothing was sent");
/// sim.verify(&Expectation::exactly(0).status([400, 500])).unwrap();
/// ```
#[derive(Clone, Debug)]
#[must_use = "an expectation does nothing until `expect` or `verify`"]
pub struct Expectation {
    /// Conditions by the name of what they look at.
    pub(crate) conditions: Vec<(&'static str, Matcher)>,
    /// The least number of entries.
    pub(crate) at_least: usize,
    /// The largest number of entries.
    pub(crate) at_most: usize,
}

impl RequestBody for Expectation {
    type Spec = ExpectationSpec;

    const EXAMPLES: &[&str] =
        &[r#"{"match":{"error_code":"CBC.0999"},"count":{"exactly":2}}"#, r#"{"match":{"status":[400,403]}}"#];

    fn convert(document: &mut Document<'_>, ExpectationSpec { conditions, count }: ExpectationSpec) -> Option<Self> {
        let conditions = [
            ("path", conditions.path.map(Matcher::from)),
            ("customer_id", conditions.customer_id.map(Matcher::from)),
            ("name", conditions.name.map(Matcher::from)),
            ("verified_number", conditions.verified_number.map(Matcher::from)),
            ("status", conditions.status.map(Matcher::from)),
            ("error_code", conditions.error_code.map(Matcher::from)),
            ("rule", conditions.rule.map(Matcher::from)),
            ("caller", conditions.caller.map(Matcher::from)),
        ];
        let conditions = conditions.into_iter().filter_map(|(name, matcher)| Some((name, matcher?))).collect();
        let (at_least, at_most) = match count {
            Count { exactly: Some(exactly), at_least: None, at_most: None } => (exactly, exactly),
            Count { exactly: None, at_least: None, at_most: None } => (1, usize::MAX),
            Count { exactly: None, at_least, at_most } => (at_least.unwrap_or(0), at_most.unwrap_or(usize::MAX)),
            Count { exactly: Some(_), .. } => return document.refuse("`exactly` excludes `at_least` and `at_most`"),
        };
        Some(Self { conditions, at_least, at_most })
    }
}

impl Expectation {
    /// Reads the body of `POST /_sim/verify`. The error has everything that is wrong with it.
    pub(crate) fn from_json(text: &str) -> Result<Self, LoadError> {
        fixture::read_with(text, Self::EXAMPLES[0], Self::convert)
    }
}

/// The journal has what was expected.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Verified {
    /// How many entries are as expected.
    pub count: usize,
    /// How many entries the journal has lost, and which therefore were not looked at.
    pub dropped: u64,
}

/// The journal has more or fewer entries of a kind than expected. Its `Debug` is made for `unwrap`: it is what people read.
#[derive(Clone, thiserror::Error, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct NotVerified {
    /// The least and the largest number that were expected.
    #[serde(skip)]
    pub expected: (usize, usize),
    /// How many entries are as expected.
    pub count: usize,
    /// How many entries the journal has lost, and which therefore were not looked at.
    pub dropped: u64,
    /// If there are too few, the entries that come closest; if too many, the newest.
    pub closest: Vec<CloseEntry>,
}

/// An entry that comes close to what was expected.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct CloseEntry {
    /// The conditions that it does not satisfy.
    pub differs: Vec<&'static str>,
    pub entry: EntryBody,
}

/// The journal does not have what was expected.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct NotVerifiedBody {
    /// The kind of refusal.
    #[schemars(extend("const" = "not_verified"))]
    error: &'static str,
    /// What was expected, and what was found.
    detail: String,
    #[serde(flatten)]
    found: NotVerified,
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
        f.write_str(&self.detail())?;
        if self.dropped > 0 {
            write!(f, " ({} entries were lost before)", self.dropped)?;
        }
        for CloseEntry { differs, entry: EntryBody { number, caller, request, explanation, .. } } in &self.closest {
            let json = |text: Option<&str>| Value::from(text);
            write!(f, "\n  #{number} {} {} {}", request.method, request.path, request.body)?;
            let (status, outcome) = (Value::from(explanation.response.status), &explanation.outcome);
            write!(f, "\n    caller {}, status {status}", json(caller.as_deref()))?;
            write!(f, ", error_code {}, rule {}", json(outcome.error_code), json(outcome.rule))?;
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

pub async fn post(
    State(app): State<Arc<App>>,
    InSpace(space): InSpace,
    Body(expectation): Body<Expectation>,
) -> Result<Json<Verified>, Status<409, NotVerifiedBody>> {
    let verified = verify(&app, &space, &expectation);
    verified.map(Json).map_err(|found| Status(NotVerifiedBody { error: "not_verified", detail: found.detail(), found }))
}

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
    let writer = EntryWriter::new(app, space);
    let closest = judged.into_iter().take(MAX_CLOSEST);
    let closest = closest.map(|(differs, entry)| CloseEntry { differs, entry: writer.entry(entry) }).collect();
    Err(NotVerified { expected: (*at_least, *at_most), count, dropped, closest })
}

/// The names of the conditions that an entry does not satisfy.
fn differences(entry: &JournalEntry, conditions: &[(&'static str, Matcher)]) -> Vec<&'static str> {
    // A body is long now and then, and not always looked at.
    let body = LazyCell::new(|| decode_json(entry.request.body()).unwrap_or_default());
    let differs = |(name, matcher): &&(&'static str, Matcher)| !matcher.matches(&values(entry, &body, name));
    conditions.iter().filter(differs).map(|(name, _)| *name).collect()
}

/// The values of an entry that a condition of this name looks at, as text.
fn values<'a>(
    entry: &JournalEntry,
    body: &LazyCell<RawApplication<'a>, impl FnOnce() -> RawApplication<'a>>,
    name: &str,
) -> Vec<String> {
    let value = match name {
        "path" => Some(entry.request.path().to_owned()),
        // A fault takes the place of the response.
        "status" if entry.outcome.fault().is_some() => None,
        "status" => Some(entry.status.to_string()),
        "error_code" => entry.outcome.error_code().map(str::to_owned),
        "rule" => entry.outcome.check().map(str::to_owned),
        "customer_id" => customer_id(&entry.request),
        "caller" => entry.caller.as_deref().map(str::to_owned),
        _ => return name.parse().map_or_else(|_| Vec::new(), |parameter| body.values(parameter)),
    };
    value.into_iter().collect()
}
