//! Rulings: what the conditions of an endpoint said of a request. Applications have rules instead, which look at a case.

use crate::domain::catalog::ApiCode;
use crate::domain::checks::Citation;
use crate::domain::rules::{Answer, CheckReport, CheckResult};

/// A condition that must hold for a request, by its name.
#[derive(Clone, Copy, Debug)]
pub struct Condition {
    pub id: &'static str,
    pub refuses_with: ApiCode,
    pub citation: Citation,
}

/// Conditions in order, each with what it saw. The first that does not hold refuses the request, and no other is looked at
/// after it.
#[derive(Clone, Debug, Default)]
pub struct Ruling {
    pub reports: Vec<CheckReport>,
    /// The condition that does not hold.
    pub refused_by: Option<Condition>,
}

impl Ruling {
    /// Adds a condition. `holds` and `saw` are not called after a refusal.
    pub fn check(
        &mut self,
        condition: &Condition,
        holds: impl FnOnce() -> bool,
        saw: impl FnOnce() -> String,
    ) -> &mut Self {
        let Condition { id, citation, .. } = *condition;
        let (result, saw) = match self.refused_by {
            Some(_) => (CheckResult::NotReached, String::new()),
            None if holds() => (CheckResult::Passed, saw()),
            None => {
                self.refused_by = Some(*condition);
                (CheckResult::Failed, saw())
            }
        };
        self.reports.push(CheckReport { check: id, result, saw, citation });
        self
    }

    /// Returns the error, if a condition does not hold.
    pub fn refusal(&self) -> Option<Answer> {
        self.refused_by.map(|condition| condition.refuses_with.answer())
    }

    /// Returns what the condition saw that does not hold.
    pub fn saw(&self) -> Option<&str> {
        let failed = self.reports.iter().find(|report| report.result == CheckResult::Failed);
        failed.map(|report| &*report.saw)
    }
}
