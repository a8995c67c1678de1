//! Submissions: what became of an application, why, and what it changed.

use crate::domain::customer::{Customer, CustomerId, RealNameStatus};
use crate::domain::decision::{Decision, Reply};
use crate::domain::rules::Facts;

/// What became of an application, and why.
#[derive(Clone, Debug)]
pub struct Submission {
    /// What is answered.
    pub reply: Reply,
    /// What decided it.
    pub reason: Reason,
    /// What it changed.
    pub change: Option<Change>,
}

/// What decided an application.
#[derive(Clone, Debug)]
pub enum Reason {
    /// The scripted answer at this place of the script.
    Script(usize),
    /// The rules, from these facts.
    Rules(Box<Facts>, Decision),
}

/// What an application changed: each value before and after.
#[derive(Clone, Debug)]
pub struct Change {
    /// The customer.
    pub customer: CustomerId,
    /// Its real-name status.
    pub real_name: [RealNameStatus; 2],
    /// The attempts it has used.
    pub attempts: [u32; 2],
}

impl Change {
    pub(super) fn between(id: &CustomerId, before: &Customer, after: &Customer) -> Self {
        Self {
            customer: id.clone(),
            real_name: [before.status, after.status],
            attempts: [before.attempts, after.attempts],
        }
    }
}
