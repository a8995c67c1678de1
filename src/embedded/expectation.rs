//! What the journal is to hold.

use std::fmt::Display;

use super::error::Error;
use super::scenario::written;
use crate::domain::scripted::Matcher;
use crate::fixture::call;

/// How many requests of which kind there are to be. Every condition has to hold.
///
/// ```
/// use bss_sim::domain::matcher::Matcher;
/// use bss_sim::{Expectation, Simulator};
///
/// let sim = Simulator::start();
/// let refused = Expectation::at_least(1).customer_id("customer-done").error_code(Matcher::Prefix("CBC.".into()));
/// assert!(sim.verify(&refused).is_err(), "nothing was sent");
/// sim.verify(&Expectation::exactly(0).status([400, 500])).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Expectation(pub(super) call::Expectation);

impl Expectation {
    /// So many of them.
    #[must_use]
    pub fn exactly(count: usize) -> Self {
        Self::between(count, count)
    }

    /// So many of them, or more.
    #[must_use]
    pub fn at_least(count: usize) -> Self {
        Self::between(count, usize::MAX)
    }

    /// So many of them, or fewer.
    #[must_use]
    pub fn at_most(count: usize) -> Self {
        Self::between(0, count)
    }

    /// What `POST /_sim/verify` takes: `{"match": {…}, "count": {…}}`, with all operators of a scenario file.
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
    /// Everything that is wrong with it.
    pub fn read(expectation: impl Display) -> Result<Self, Error> {
        Ok(Self(call::expectation(&written(expectation))?))
    }

    fn between(at_least: usize, at_most: usize) -> Self {
        Self(call::Expectation { conditions: Vec::new(), at_least, at_most })
    }

    /// For this path, without the query.
    #[must_use]
    pub fn path(self, path: impl Into<Matcher>) -> Self {
        self.with("path", path)
    }

    /// About this customer.
    #[must_use]
    pub fn customer_id(self, id: impl Into<Matcher>) -> Self {
        self.with("customer_id", id)
    }

    /// With this name in the body.
    #[must_use]
    pub fn name(self, name: impl Into<Matcher>) -> Self {
        self.with("name", name)
    }

    /// With this certificate number in the body.
    #[must_use]
    pub fn verified_number(self, number: impl Into<Matcher>) -> Self {
        self.with("verified_number", number)
    }

    /// Answered with this HTTP status.
    #[must_use]
    pub fn status(self, status: impl Into<Matcher>) -> Self {
        self.with("status", status)
    }

    /// Answered with this code.
    #[must_use]
    pub fn error_code(self, code: impl Into<Matcher>) -> Self {
        self.with("error_code", code)
    }

    /// Refused by this check or rule.
    #[must_use]
    pub fn rule(self, rule: impl Into<Matcher>) -> Self {
        self.with("rule", rule)
    }

    /// From the partner of this name.
    #[must_use]
    pub fn caller(self, name: impl Into<Matcher>) -> Self {
        self.with("caller", name)
    }

    fn with(mut self, name: &'static str, condition: impl Into<Matcher>) -> Self {
        self.0.conditions.push((name, condition.into()));
        self
    }
}
