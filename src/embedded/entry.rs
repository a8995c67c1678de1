//! What the journal holds.

use std::fmt;

use serde_json::Value;

/// A request with its answer, and why it was given: an entry of the journal.
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
/// ```
///
/// Names and certificate numbers are `***` in it, unless the simulator was told to
/// [show them](super::Builder::show_personal_data).
#[derive(Clone, Debug, PartialEq)]
pub struct Entry(pub(super) Value);

impl Entry {
    /// All of it, in the form of `GET /_sim/journal`.
    #[must_use]
    pub fn json(&self) -> &Value {
        &self.0
    }

    /// Its number, from 1 on.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.0["number"].as_u64().unwrap_or_default()
    }

    /// The value of `X-Request-Id` in the answer.
    #[must_use]
    pub fn request_id(&self) -> &str {
        self.text("/request_id").unwrap_or_default()
    }

    /// The name of the partner that called; absent: nobody knows who it was.
    #[must_use]
    pub fn caller(&self) -> Option<&str> {
        self.text("/caller")
    }

    /// The path with its query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.text("/request/path").unwrap_or_default()
    }

    /// The body that was sent; `null` when it was no JSON.
    #[must_use]
    pub fn request(&self) -> &Value {
        &self.0["request"]["body"]
    }

    /// The body of the answer; `null` when there was none.
    #[must_use]
    pub fn response(&self) -> &Value {
        &self.0["response"]["body"]
    }

    /// The HTTP status of the answer; absent: a scripted fault took its place.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0["response"]["status"].as_u64()?.try_into().ok()
    }

    /// The code of the answer; absent: nothing was refused.
    #[must_use]
    pub fn error_code(&self) -> Option<&str> {
        self.text("/outcome/error_code")
    }

    /// What decided: `gateway`, `parameters`, `script`, `rule` or `accepted`.
    #[must_use]
    pub fn decided_by(&self) -> &str {
        self.text("/outcome/decided_by").unwrap_or_default()
    }

    /// The check or rule that refused; absent: none did.
    #[must_use]
    pub fn rule(&self) -> Option<&str> {
        self.text("/outcome/rule")
    }

    /// Every check with its result, in their order: `passed`, `failed` or `not_reached`.
    #[must_use]
    pub fn checks(&self) -> impl DoubleEndedIterator<Item = (&str, &str)> {
        let checks = self.0["checks"].as_array().into_iter().flatten();
        checks.filter_map(|check| Some((check["check"].as_str()?, check["result"].as_str()?)))
    }

    fn text(&self, pointer: &str) -> Option<&str> {
        self.0.pointer(pointer)?.as_str()
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.0)
    }
}
