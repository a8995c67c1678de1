//! Rulings: what was decided on a request, with enough to say why when somebody asks.

use std::sync::Arc;

use crate::domain::account::{Customer, CustomerId, RealNameStatus};
use crate::domain::application::{Application, ParameterError};
use crate::domain::catalog::ErrorCode;
use crate::domain::checks;
use crate::domain::checks::{CHECKS, Check};
use crate::domain::gateway::GatewayError;
use crate::domain::rules::{
    Answer, Case, CheckReport, CheckResult, Decision, Facts, OWNERSHIP, RULES, Refusal, Rule, explain as explain_rules,
};
use crate::simulator::journal::RecordedRequest;

/// What was ruled on a request.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The gateway refuses: the check, its error, and what is known of the case.
    Gateway(&'static Check, &'static GatewayError, Option<Detail>),
    /// The credentials are a customer's own.
    CallerIsCustomer(CustomerId),
    /// The request is not as the page says.
    Parameters(ParameterError),
    /// An application was decided.
    Submission(Submission),
    /// The result of a review was asked for, and told.
    ReviewResult(Arc<Customer>),
    /// The result of a review was asked for, and a rule refused to tell, with what it saw.
    ReviewResultRefused(&'static Rule, String),
    /// IAM said who somebody is: by this check, in this body.
    IamAccepted(&'static Check, String),
    /// IAM refuses: the check, the body, and what it saw.
    IamRefused(&'static Check, String, String),
    /// The simulator failed.
    Fault,
}

/// What is known of a case that the gateway refuses.
#[derive(Clone, Debug)]
pub struct Detail {
    /// What follows the error's text on the wire.
    pub text: String,
    /// What was compared, where that says more.
    pub saw: Option<String>,
}

impl From<String> for Detail {
    fn from(text: String) -> Self {
        Self { text, saw: None }
    }
}

impl Outcome {
    /// What kind of thing decided: `gateway`, `parameters`, `script`, `rule`, `accepted`.
    pub const fn decided_by(&self) -> &'static str {
        match self {
            Self::Gateway(..) | Self::CallerIsCustomer(_) | Self::IamRefused(..) | Self::Fault => "gateway",
            Self::Parameters(_) => "parameters",
            Self::Submission(Submission { reason: Reason::Script(_), .. }) => "script",
            Self::Submission(Submission { reason: Reason::Rules(_, Decision::Refused { .. }), .. })
            | Self::ReviewResultRefused(..) => "rule",
            Self::Submission(_) | Self::ReviewResult(_) | Self::IamAccepted(..) => "accepted",
        }
    }

    /// The check or the rule that decided; absent when nothing refused.
    pub fn check(&self) -> Option<&'static str> {
        match self {
            Self::Gateway(check, ..) | Self::IamRefused(check, ..) => Some(check.id),
            Self::CallerIsCustomer(_) => Some(checks::CALLER_IS_PARTNER.id),
            Self::Parameters(_) => Some(checks::PARAMETERS.id),
            Self::Fault => Some(checks::NO_FAULT.id),
            Self::ReviewResultRefused(rule, _) => Some(rule.id),
            Self::Submission(Submission { reason: Reason::Script(_), .. }) => Some(checks::SCRIPT.id),
            Self::Submission(Submission { reason: Reason::Rules(_, decision), .. }) => match decision {
                Decision::Refused { rule, .. } => Some(rule.id),
                Decision::Accepted(_) => None,
            },
            Self::ReviewResult(_) | Self::IamAccepted(..) => None,
        }
    }

    /// What the rules decided from, if they did.
    pub fn facts(&self) -> Option<&Facts> {
        match self {
            Self::Submission(Submission { reason: Reason::Rules(facts, _), .. }) => Some(facts),
            _ => None,
        }
    }

    /// What the API or its gateway replies; inquiries and IAM's rulings have forms of their own.
    pub const fn answer(&self) -> Option<Answer> {
        Some(match self {
            Self::Gateway(_, error, _) => Answer::Gateway(error),
            Self::CallerIsCustomer(_) => Answer::Refuse(Refusal::of(ErrorCode::AccessDenied)),
            Self::Parameters(_) => Answer::Refuse(Refusal::of(ErrorCode::ParameterError)),
            Self::Submission(submission) => submission.answer,
            Self::ReviewResultRefused(rule, _) => Answer::Refuse(Refusal::of(rule.refuses_with)),
            Self::Fault => Answer::Refuse(Refusal::of(ErrorCode::OtherErrors)),
            Self::ReviewResult(_) | Self::IamAccepted(..) | Self::IamRefused(..) => return None,
        })
    }

    /// The `error_code` that is answered.
    pub const fn error_code(&self) -> Option<&'static str> {
        match self.answer() {
            Some(Answer::Refuse(refusal)) => Some(refusal.code.code()),
            Some(Answer::Gateway(error)) => Some(error.code),
            Some(Answer::Accept(_) | Answer::Fault(_)) | None => None,
        }
    }

    /// What is answered, in a word or two: an `error_code`, `is_review 0`, `fault reset`; or `told`, where there is neither.
    pub const fn outcome(&self) -> &'static str {
        match self.answer() {
            Some(Answer::Refuse(refusal)) => refusal.code.code(),
            Some(Answer::Gateway(error)) => error.code,
            Some(Answer::Accept(review)) => review.as_str(),
            Some(Answer::Fault(fault)) => fault.outcome(),
            None => match self {
                Self::IamRefused(..) => "not identified",
                _ => "told",
            },
        }
    }
}

/// What became of an application, and why.
#[derive(Clone, Debug)]
pub struct Submission {
    /// What is answered.
    pub answer: Answer,
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

impl Outcome {
    /// Every check and rule that such a request meets, in order: passed, failed or not reached. What the rules decided
    /// is explained by the application that was asked for.
    pub fn explain(
        &self,
        request: &RecordedRequest,
        caller: Option<&str>,
        application: Option<&Application<'_>>,
    ) -> Vec<CheckReport> {
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
                CheckResult::Passed => passed(check, request, caller),
                CheckResult::Failed => self.refusal(),
                CheckResult::NotReached => String::new(),
            };
            CheckReport { check: check.id, result, saw, citation: check.citation }
        };
        let mut findings: Vec<_> = self.checks().iter().map(&mut finding).collect();
        if let (Some(facts), Some(application)) = (self.facts(), application) {
            findings.extend(explain_rules(&Case { application, facts }));
        } else {
            let rule = |rule: &&Rule| {
                let result = result(rule.id);
                let saw = match (self, result) {
                    (_, CheckResult::Failed) => self.refusal(),
                    (Self::ReviewResult(customer), CheckResult::Passed) => seen_owner(customer),
                    _ => String::new(),
                };
                CheckReport { check: rule.id, result, saw, citation: rule.citation }
            };
            findings.extend(self.rules().iter().map(rule));
        }
        findings
    }

    /// The checks that a request of this kind meets.
    fn checks(&self) -> Vec<&'static Check> {
        let before = |check: &Check| CHECKS.iter().copied().take_while(|each| each.id != check.id).collect::<Vec<_>>();
        match self {
            Self::IamAccepted(by, _) | Self::IamRefused(by, ..) => [before(&checks::AUTHENTICATED), vec![by]].concat(),
            Self::ReviewResult(_) | Self::ReviewResultRefused(..) => before(&checks::SCRIPT),
            Self::Fault => CHECKS.to_vec(),
            _ => before(&checks::NO_FAULT),
        }
    }

    /// The rules that a request of this kind meets.
    fn rules(&self) -> Vec<&'static Rule> {
        match self {
            Self::IamAccepted(..) | Self::IamRefused(..) => Vec::new(),
            Self::ReviewResult(_) | Self::ReviewResultRefused(..) => {
                OWNERSHIP.iter().map(|place| &RULES[*place]).collect()
            }
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
            Self::IamRefused(_, _, saw) | Self::ReviewResultRefused(_, saw) => saw.clone(),
            Self::Fault => "a fault of the simulator: its log has the reason".to_owned(),
            Self::Submission(Submission { reason: Reason::Script(place), .. }) => format!("scripted[{place}] matches"),
            Self::Submission(_) | Self::ReviewResult(_) | Self::IamAccepted(..) => String::new(),
        }
    }
}

/// What the rules of ownership see of a customer.
pub(super) fn seen_owner(customer: &Customer) -> String {
    format!("partner of the customer: {}", customer.partner.as_deref().unwrap_or("none"))
}

/// What a check saw that let the request pass.
fn passed(check: &Check, request: &RecordedRequest, caller: Option<&str>) -> String {
    let path = request.path();
    match check.id {
        "head-size" => format!("a target of {} bytes", request.target().len()),
        "path-known" => path.to_owned(),
        "method-known" => format!("{} {path}", request.method()),
        "body-size" => format!("{} bytes", request.body().len()),
        "authenticated" | "caller-is-partner" | "identity" => {
            caller.map_or(String::new(), |caller| format!("account {caller}"))
        }
        "parameters" => "a well-formed request".to_owned(),
        "script" => "no scripted answer matches".to_owned(),
        _ => String::new(),
    }
}
