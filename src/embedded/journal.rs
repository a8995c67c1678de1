//! The entries of a space's journal.

use std::fmt::{self, Display};

use serde_json::Value;

use crate::http::EntryBody;

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
