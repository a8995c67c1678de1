//! The journal of a space: its entries, and what a test expects of them.

use std::fmt::{self, Display};

use serde_json::Value;

use super::scenario::to_text;
use super::simulator::Error;
use crate::domain::{CheckResult, Matcher};
use crate::http::EntryBody;

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
/// `Display` and `Debug` are a line: the request, the response, and the check that refused it with what it saw.
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

    /// All checks in their order, each with its result: `passed`, `failed` or `not_reached`.
    pub fn checks(&self) -> impl DoubleEndedIterator<Item = (&str, &str)> {
        self.0.explanation.checks.iter().map(|check| (check.check, check.result.into()))
    }
}

impl Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let EntryBody { number, request, explanation, .. } = &self.0;
        write!(f, "#{number} {} {} -> ", request.method, request.path)?;
        match explanation.response.status {
            Some(status) => write!(f, "{status}")?,
            None => write!(f, "no response, fault {}", explanation.response.fault.unwrap_or_default())?,
        }
        if let Some(code) = self.error_code() {
            write!(f, " {code}")?;
        }
        if let Some(failed) = explanation.checks.iter().find(|check| check.result == CheckResult::Failed) {
            write!(f, ", {}{}{}", failed.check, if failed.saw.is_empty() { "" } else { ": " }, failed.saw)?;
        }
        Ok(())
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
        Self { conditions: Vec::new(), at_least, at_most }
    }

    /// The path of the request, without the query.
    pub fn path(self, path: impl Into<Matcher>) -> Self {
        self.with("path", path)
    }

    /// `customer_id` in the request.
    pub fn customer_id(self, id: impl Into<Matcher>) -> Self {
        self.with("customer_id", id)
    }

    /// `name` in the body of the request.
    pub fn name(self, name: impl Into<Matcher>) -> Self {
        self.with("name", name)
    }

    /// `verified_number` in the body of the request.
    pub fn verified_number(self, number: impl Into<Matcher>) -> Self {
        self.with("verified_number", number)
    }

    /// The HTTP status of the response.
    pub fn status(self, status: impl Into<Matcher>) -> Self {
        self.with("status", status)
    }

    /// The error code of the response.
    pub fn error_code(self, code: impl Into<Matcher>) -> Self {
        self.with("error_code", code)
    }

    /// The check or rule that refused the request.
    pub fn rule(self, rule: impl Into<Matcher>) -> Self {
        self.with("rule", rule)
    }

    /// The name of the calling partner.
    pub fn caller(self, name: impl Into<Matcher>) -> Self {
        self.with("caller", name)
    }

    fn with(mut self, name: &'static str, condition: impl Into<Matcher>) -> Self {
        self.conditions.push((name, condition.into()));
        self
    }
}
