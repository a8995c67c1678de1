//! Explanations: every check that a request meets, in order, with what it saw. Made when somebody asks.

use super::journal::Asked;
use super::ruling::{Detail, Ruling};
use super::submission::{Reason, Submission};
use crate::domain::application::Application;
use crate::domain::check::{self, CHECKS, Check};
use crate::domain::customer::Customer;
use crate::domain::decision::{CheckResult, Finding, explain as explain_rules};
use crate::domain::rules::{Case, OWNERSHIP, RULES, Rule};

impl Ruling {
    /// Every check and rule that such a request meets, in order: passed, failed or not reached. What the rules decided
    /// is explained by the application that was asked for.
    #[must_use]
    pub fn explain(&self, asked: &Asked, caller: Option<&str>, application: Option<&Application<'_>>) -> Vec<Finding> {
        let decided = self.check();
        let mut is_decided = false;
        let mut result = |id: &str| {
            let result = match (is_decided, decided == Some(id)) {
                (true, _) => CheckResult::NotReached,
                (false, true) => CheckResult::Failed,
                (false, false) => CheckResult::Passed,
            };
            is_decided |= result == CheckResult::Failed;
            result
        };
        let mut finding = |check: &&Check| {
            let result = result(check.id);
            let saw = match result {
                CheckResult::Passed => passed(check, asked, caller),
                CheckResult::Failed => self.refusal(),
                CheckResult::NotReached => String::new(),
            };
            Finding { check: check.id, result, saw, citation: check.citation }
        };
        let mut findings: Vec<_> = self.checks().iter().map(&mut finding).collect();
        if let (Some(facts), Some(application)) = (self.facts(), application) {
            findings.extend(explain_rules(&Case { application, facts }));
        } else {
            let rule = |rule: &&Rule| {
                let result = result(rule.id);
                let saw = match (self, result) {
                    (_, CheckResult::Failed) => self.refusal(),
                    (Self::Inquiry(customer), CheckResult::Passed) => seen_owner(customer),
                    _ => String::new(),
                };
                Finding { check: rule.id, result, saw, citation: rule.citation }
            };
            findings.extend(self.rules().iter().map(rule));
        }
        findings
    }

    /// The checks that a request of this kind meets.
    fn checks(&self) -> Vec<&'static Check> {
        let before = |check: &Check| CHECKS.iter().copied().take_while(|each| each.id != check.id).collect::<Vec<_>>();
        match self {
            Self::Identified(by, _) | Self::NotIdentified(by, ..) => [before(&check::AUTHENTICATED), vec![by]].concat(),
            Self::Inquiry(_) | Self::InquiryRefused(..) => before(&check::SCRIPT),
            Self::Fault => CHECKS.to_vec(),
            _ => before(&check::NO_FAULT),
        }
    }

    /// The rules that a request of this kind meets.
    fn rules(&self) -> Vec<&'static Rule> {
        match self {
            Self::Identified(..) | Self::NotIdentified(..) => Vec::new(),
            Self::Inquiry(_) | Self::InquiryRefused(..) => OWNERSHIP.iter().map(|place| &RULES[*place]).collect(),
            _ => RULES.iter().collect(),
        }
    }

    /// What the check saw that refused.
    fn refusal(&self) -> String {
        match self {
            Self::Gateway(_, _, Some(Detail { text, saw })) => saw.as_ref().unwrap_or(text).clone(),
            Self::Gateway(_, error, None) => error.message.to_owned(),
            Self::CallerIsCustomer(id) => format!("the credentials of customer {id}"),
            Self::Parameters(error) => error.to_string(),
            Self::NotIdentified(_, _, saw) | Self::InquiryRefused(_, saw) => saw.clone(),
            Self::Fault => "a fault of the simulator: its log has the reason".to_owned(),
            Self::Submission(Submission { reason: Reason::Script(place), .. }) => format!("scripted[{place}] matches"),
            Self::Submission(_) | Self::Inquiry(_) | Self::Identified(..) => String::new(),
        }
    }
}

/// What the rules of ownership see of a customer.
pub(super) fn seen_owner(customer: &Customer) -> String {
    format!("partner of the customer: {}", customer.partner.as_deref().unwrap_or("none"))
}

/// What a check saw that let the request pass.
fn passed(check: &Check, asked: &Asked, caller: Option<&str>) -> String {
    let path = asked.path();
    match check.id {
        "head-size" => format!("a target of {} bytes", asked.target().len()),
        "path-known" => path.to_owned(),
        "method-known" => format!("{} {path}", asked.method()),
        "body-size" => format!("{} bytes", asked.body().len()),
        "authenticated" | "caller-is-partner" | "identity" => {
            caller.map_or(String::new(), |caller| format!("account {caller}"))
        }
        "parameters" => "a well-formed request".to_owned(),
        "script" => "no scripted answer matches".to_owned(),
        _ => String::new(),
    }
}
