//! Decisions: what became of an application, why, and what it changes.

use jiff::Timestamp;

use super::catalog::{CheckItems, ErrorCode, Review};
use super::citation::Citation;
use super::customer::Customer;
use super::fault::Fault;
use super::gateway::GatewayError;
use super::rules::{ATTEMPTS_LEFT, Case, RULES, Rule};

/// A refusal by the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The error code.
    pub code: ErrorCode,
    /// The failed check items: only ever with `CBC.99007004`.
    pub items: CheckItems,
}

impl Refusal {
    /// A refusal without check items.
    #[must_use]
    pub const fn of(code: ErrorCode) -> Self {
        Self { code, items: CheckItems::NONE }
    }
}

/// What is answered to a well-formed application.
#[derive(Clone, Copy, Debug)]
pub enum Reply {
    /// It is accepted.
    Accept(Review),
    /// The API refuses it.
    Refuse(Refusal),
    /// The gateway answers instead of the API: only a script can say so.
    Gateway(&'static GatewayError),
    /// Something happens to the connection: only a script can say so.
    Fault(Fault),
}

/// What the rules say of a case.
#[derive(Clone, Copy, Debug)]
pub enum Decision {
    /// Nothing refused it.
    Accepted(Review),
    /// A rule did.
    Refused {
        /// The rule.
        rule: &'static Rule,
        /// What it answers.
        refusal: Refusal,
        /// True when the customer has used up an attempt all the same.
        attempted: bool,
    },
}

/// Applies the rules to a case, in order: the first that does not hold refuses.
#[must_use]
pub fn decide(case: &Case<'_>, review: Review) -> Decision {
    for (place, rule) in RULES.iter().enumerate() {
        if let Err(items) = (rule.check)(case) {
            let refusal = Refusal { code: rule.refuses_with, items };
            return Decision::Refused { rule, refusal, attempted: place > ATTEMPTS_LEFT };
        }
    }
    Decision::Accepted(review)
}

impl Decision {
    /// What is answered.
    #[must_use]
    pub const fn reply(&self) -> Reply {
        match self {
            Self::Accepted(review) => Reply::Accept(*review),
            Self::Refused { refusal, .. } => Reply::Refuse(*refusal),
        }
    }

    /// The customer as the decision leaves it; absent: the decision changes nothing.
    #[must_use]
    pub fn change(&self, case: &Case<'_>, now: Timestamp) -> Option<Customer> {
        let customer = case.facts.customer.as_ref()?;
        match self {
            Self::Accepted(review) => Some(customer.accepted(*review, now)),
            Self::Refused { attempted, .. } => attempted.then(|| customer.attempted()),
        }
    }
}

/// How one check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckResult {
    /// It held.
    Passed,
    /// It did not, and decided the answer.
    Failed,
    /// An earlier one decided.
    NotReached,
}

/// One line of an explanation.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The check's name.
    pub check: &'static str,
    /// How it ended.
    pub result: CheckResult,
    /// What it compared, without personal data; empty when it was not reached.
    pub saw: String,
    /// Where it comes from.
    pub citation: Citation,
}

/// Every rule with what it saw in this case. Costs as much as deciding again, so it is done when asked.
#[must_use]
pub fn explain(case: &Case<'_>) -> Vec<Finding> {
    let mut decided = false;
    let finding = |rule: &Rule| {
        let result = match (decided, (rule.check)(case)) {
            (true, _) => CheckResult::NotReached,
            (false, Ok(())) => CheckResult::Passed,
            (false, Err(_)) => CheckResult::Failed,
        };
        decided |= result == CheckResult::Failed;
        let saw = if result == CheckResult::NotReached { String::new() } else { (rule.saw)(case) };
        Finding { check: rule.id, result, saw, citation: rule.citation }
    };
    RULES.iter().map(finding).collect()
}
