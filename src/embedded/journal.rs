//! The journal of a space, as a test sees it: its entries, and what is expected of them.

use std::fmt::{self, Display};
use std::time::Duration;

use serde_json::Value;

use super::scenario::to_text;
use super::simulator::Error;
use crate::domain::Matcher;
use crate::http::{Conditions, EntryBody, Field, Order};

pub use crate::http::Expectation;

/// An entry of the journal: a request, its response, and why it was given.
///
/// ```
/// # use bss_sim::{Error, Simulator};
/// let sim = Simulator::start();
/// ureq::post(format!("{}/v2/customers/realname-auths/individual", sim.url())).send("{}").unwrap_err();
///
/// let [entry] = &sim.journal()[..] else { panic!("one request was sent") };
/// assert_eq!((entry.status(), entry.error_code()), (Some(401), Some("APIGW.0301")));
/// assert_eq!(entry.decided_by(), "gateway");
/// assert_eq!(entry.rule(), Some("authenticated"));
/// assert_eq!(entry.checks().last(), Some(("verification-passes", "not_reached")));
/// assert_eq!(entry.json()["request"]["method"], "POST");
/// assert!(entry.to_string().starts_with("#1 POST /v2/customers/realname-auths/individual -> 401 APIGW.0301, authenticated: "));
/// ```
///
/// Names and certificate numbers are `***`, unless the simulator [shows them](super::Builder::show_personal_data).
/// `Display` and `Debug` are a line: the request, the response, and why.
#[derive(Clone, PartialEq)]
pub struct Entry(pub(super) EntryBody);

impl Entry {
    /// The whole entry, in the format of `GET /_sim/journal`.
    pub fn json(&self) -> Value {
        serde_json::to_value(&self.0).expect("an entry is JSON")
    }

    /// Its number, from 1 on.
    pub fn number(&self) -> u64 {
        self.0.number
    }

    /// The value of `X-Request-Id` in the response.
    pub fn request_id(&self) -> &str {
        &self.0.request_id
    }

    /// The name of the calling partner. `None` if the caller is unknown.
    pub fn caller(&self) -> Option<&str> {
        self.0.caller.as_deref()
    }

    /// The path with its query.
    pub fn path(&self) -> &str {
        &self.0.request.path
    }

    /// The body of the request; `null` if it was not JSON.
    pub fn request(&self) -> &Value {
        &self.0.request.body
    }

    /// The body of the response; `null` if there was none.
    pub fn response(&self) -> &Value {
        &self.0.explanation.response.body
    }

    /// The HTTP status of the response. `None` if a scripted fault took its place.
    pub fn status(&self) -> Option<u16> {
        self.0.explanation.response.status
    }

    /// The error code of the response. `None` if nothing was refused.
    pub fn error_code(&self) -> Option<&str> {
        self.0.explanation.outcome.error_code
    }

    /// What decided: `gateway`, `parameters`, `script`, `rule` or `accepted`.
    pub fn decided_by(&self) -> &str {
        self.0.explanation.outcome.decided_by
    }

    /// The check or rule that refused. `None` if none did.
    pub fn rule(&self) -> Option<&str> {
        self.0.explanation.outcome.rule
    }

    /// The scripted fault that took the place of the response: `reset`, `close`, `empty`, `malformed` or `hang`.
    pub fn fault(&self) -> Option<&str> {
        self.0.explanation.outcome.fault
    }

    /// What decided and what it saw, in one line.
    pub fn why(&self) -> &str {
        &self.0.explanation.outcome.why
    }

    /// All checks in their order, each with its result: `passed`, `failed` or `not_reached`.
    pub fn checks(&self) -> impl DoubleEndedIterator<Item = (&str, &str)> {
        self.0.explanation.checks.iter().map(|check| (check.check, check.result.into()))
    }
}

impl Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Expectation {
    /// This number of entries.
    pub fn exactly(count: usize) -> Self {
        Self::between(count, count)
    }

    /// This number of entries, or more.
    pub fn at_least(count: usize) -> Self {
        Self::between(count, usize::MAX)
    }

    /// This number of entries, or fewer.
    pub fn at_most(count: usize) -> Self {
        Self::between(0, count)
    }

    /// Entries in this order: the conditions that follow are about the first one, and those behind each [`then`](Self::then)
    /// about the next. Others may stand between them.
    pub fn sequence() -> Self {
        Self { order: Order::Sequence, ..Self::at_least(1) }
    }

    /// Begins the conditions on the next entry of a [`sequence`](Self::sequence).
    ///
    /// # Panics
    /// If a number of entries is expected, and not a sequence.
    #[track_caller]
    pub fn then(mut self) -> Self {
        assert!(matches!(self.order, Order::Sequence), "`then` belongs to `Expectation::sequence`");
        self.elements.push(Conditions::new());
        self
    }

    /// Reads the body of `POST /_sim/verify`: `{"match": {…}, "count": {…}}`, with all operators of a scenario file.
    ///
    /// ```
    /// # use bss_sim::{Error, Expectation};
    /// # use serde_json::json;
    /// Expectation::read(json!({ "match": { "name": { "regex": "^Wang" } }, "count": { "at_least": 1, "at_most": 3 } }))?;
    ///
    /// let error = Expectation::read(json!({ "match": { "nmae": "Wang" } })).unwrap_err();
    /// assert!(error.to_string().contains("did you mean `name`?"));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// If it is invalid, with all mistakes.
    pub fn read(expectation: impl Display) -> Result<Self, Error> {
        Ok(Self::from_json(&to_text(expectation))?)
    }

    fn between(at_least: usize, at_most: usize) -> Self {
        Self { elements: vec![Conditions::new()], order: Order::Any { at_least, at_most }, within: Duration::ZERO }
    }

    /// Waits until it holds, as long as this.
    pub fn within(self, within: Duration) -> Self {
        Self { within, ..self }
    }

    /// The path of the request, without the query.
    pub fn path(self, path: impl Into<Matcher>) -> Self {
        self.with(Field::Path, path)
    }

    /// The method of the request.
    pub fn method(self, method: impl Into<Matcher>) -> Self {
        self.with(Field::Method, method)
    }

    /// A header of the request, by its name in any case.
    pub fn header(self, name: &str, value: impl Into<Matcher>) -> Self {
        self.with(Field::header(name), value)
    }

    /// `customer_id` in the request.
    pub fn customer_id(self, id: impl Into<Matcher>) -> Self {
        self.with(Field::Parameter("customer_id"), id)
    }

    /// `verified_file_url` in the body of the request: one of its entries.
    pub fn verified_file_url(self, path: impl Into<Matcher>) -> Self {
        self.with(Field::Parameter("verified_file_url"), path)
    }

    /// `name` in the body of the request.
    pub fn name(self, name: impl Into<Matcher>) -> Self {
        self.with(Field::Parameter("name"), name)
    }

    /// `verified_number` in the body of the request.
    pub fn verified_number(self, number: impl Into<Matcher>) -> Self {
        self.with(Field::Parameter("verified_number"), number)
    }

    /// `xaccount_type` in the body of the request.
    pub fn xaccount_type(self, platform: impl Into<Matcher>) -> Self {
        self.with(Field::Parameter("xaccount_type"), platform)
    }

    /// `verified_type` in the body of the request.
    pub fn verified_type(self, number: impl Into<Matcher>) -> Self {
        self.with(Field::Parameter("verified_type"), number)
    }

    /// The HTTP status of the response.
    pub fn status(self, status: impl Into<Matcher>) -> Self {
        self.with(Field::Status, status)
    }

    /// The error code of the response.
    pub fn error_code(self, code: impl Into<Matcher>) -> Self {
        self.with(Field::ErrorCode, code)
    }

    /// The outcome, by its name in the catalog: `is_review 1`, `CBC.0100`, `PIC_SIZE_ERR`; or `fault reset`.
    pub fn outcome(self, outcome: impl Into<Matcher>) -> Self {
        self.with(Field::Outcome, outcome)
    }

    /// The check or rule that refused the request.
    pub fn rule(self, rule: impl Into<Matcher>) -> Self {
        self.with(Field::Rule, rule)
    }

    /// The name of the calling partner.
    pub fn caller(self, name: impl Into<Matcher>) -> Self {
        self.with(Field::Caller, name)
    }

    fn with(mut self, field: Field, condition: impl Into<Matcher>) -> Self {
        let conditions = self.elements.last_mut().expect("there is a set of conditions from the beginning");
        conditions.push((field, condition.into()));
        self
    }
}
