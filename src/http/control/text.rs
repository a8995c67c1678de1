//! Entries and explanations as text for people.

use std::fmt;

use super::entry::{ChangeView, EntryBody, Explanation};
use crate::domain::{CheckReport, CheckResult, Citation};

/// `#1 POST /v2/… -> 400 CBC.99000027, not-authenticated-yet: real-name status: authenticated`
impl fmt::Display for EntryBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Explanation { response, outcome, .. } = &self.explanation;
        write!(f, "#{} {} {} -> ", self.number, self.request.method, self.request.path)?;
        match (response.status, outcome.fault) {
            (Some(status), None) => write!(f, "{status}")?,
            (_, fault) => write!(f, "no response, fault {}", fault.unwrap_or_default())?,
        }
        if let Some(code) = outcome.error_code {
            write!(f, " {code}")?;
        }
        write!(f, ", {}", outcome.why)
    }
}

/// The answer, why it was given, every check with its source, and the changes.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { response, outcome, checks, changes } = self;
        match (outcome.fault, response.status) {
            (None, Some(status)) => writeln!(f, "{status} {}", response.body)?,
            (fault, _) => writeln!(f, "no answer, but a fault of the connection: {}", fault.unwrap_or_default())?,
        }
        writeln!(f, "why         {}\n", outcome.why)?;
        for CheckReport { check, result, saw, citation: Citation { basis, source } } in checks {
            let result = match result {
                CheckResult::Failed if outcome.decided_by == "script" => "answered by",
                CheckResult::Failed => "refused by",
                CheckResult::Passed => "passed",
                CheckResult::NotReached => "not reached",
            };
            let colon = if saw.is_empty() { "" } else { ": " };
            writeln!(f, "{result:11} {check}{colon}{saw}\n            {}: {source}", basis.as_str())?;
        }
        let changes: Vec<_> = changes.iter().map(ToString::to_string).collect();
        let changes = if changes.is_empty() { "nothing".to_owned() } else { changes.join("\n            ") };
        write!(f, "\nchanges     {changes}")
    }
}

/// `customer customer-new: attempts 0 -> 1, real_name unauthenticated -> under_review`
impl fmt::Display for ChangeView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { customer, created, attempts: [before, after], real_name, customer_type } = self;
        if *created {
            return write!(f, "customer {customer}: created");
        }
        write!(f, "customer {customer}: attempts {before} -> {after}")?;
        if let Some([before, after]) = real_name {
            write!(f, ", real_name {} -> {}", before.as_str(), after.as_str())?;
        }
        if customer_type.is_some() {
            f.write_str(", becomes an enterprise")?;
        }
        Ok(())
    }
}
