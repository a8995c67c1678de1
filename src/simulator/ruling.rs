//! Rulings: what was decided on a request, with enough to say why when somebody asks.

use std::sync::Arc;

use crate::domain::catalog::ErrorCode;
use crate::domain::check::{self, Check};
use crate::domain::customer::{Customer, CustomerId};
use crate::domain::decision::{Decision, Refusal, Reply};
use crate::domain::gateway::GatewayError;
use crate::domain::parameter::ParameterError;
use crate::domain::rules::{Facts, Rule};

use super::submission::{Reason, Submission};

/// What was ruled on a request.
#[derive(Clone, Debug)]
pub enum Ruling {
    /// The gateway refuses: the check, its error, and what is known of the case.
    Gateway(&'static Check, &'static GatewayError, Option<Detail>),
    /// The credentials are a customer's own.
    CallerIsCustomer(CustomerId),
    /// The request is not as the page says.
    Parameters(ParameterError),
    /// An application was decided.
    Submission(Submission),
    /// The result of a review was asked for, and told.
    Inquiry(Arc<Customer>),
    /// The result of a review was asked for, and a rule refused to tell, with what it saw.
    InquiryRefused(&'static Rule, String),
    /// IAM said who somebody is: by this check, in this body.
    Identified(&'static Check, String),
    /// IAM refuses: the check, the body, and what it saw.
    NotIdentified(&'static Check, String, String),
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

impl Ruling {
    /// What kind of thing decided: `gateway`, `parameters`, `script`, `rule`, `accepted`.
    #[must_use]
    pub const fn decided_by(&self) -> &'static str {
        match self {
            Self::Gateway(..) | Self::CallerIsCustomer(_) | Self::NotIdentified(..) | Self::Fault => "gateway",
            Self::Parameters(_) => "parameters",
            Self::Submission(Submission { reason: Reason::Script(_), .. }) => "script",
            Self::Submission(Submission { reason: Reason::Rules(_, Decision::Refused { .. }), .. })
            | Self::InquiryRefused(..) => "rule",
            Self::Submission(_) | Self::Inquiry(_) | Self::Identified(..) => "accepted",
        }
    }

    /// The check or the rule that decided; absent when nothing refused.
    #[must_use]
    pub fn check(&self) -> Option<&'static str> {
        match self {
            Self::Gateway(check, ..) | Self::NotIdentified(check, ..) => Some(check.id),
            Self::CallerIsCustomer(_) => Some(check::CALLER_IS_PARTNER.id),
            Self::Parameters(_) => Some(check::PARAMETERS.id),
            Self::Fault => Some(check::NO_FAULT.id),
            Self::InquiryRefused(rule, _) => Some(rule.id),
            Self::Submission(Submission { reason: Reason::Script(_), .. }) => Some(check::SCRIPT.id),
            Self::Submission(Submission { reason: Reason::Rules(_, decision), .. }) => match decision {
                Decision::Refused { rule, .. } => Some(rule.id),
                Decision::Accepted(_) => None,
            },
            Self::Inquiry(_) | Self::Identified(..) => None,
        }
    }

    /// What the rules decided from, if they did.
    #[must_use]
    pub fn facts(&self) -> Option<&Facts> {
        match self {
            Self::Submission(Submission { reason: Reason::Rules(facts, _), .. }) => Some(facts),
            _ => None,
        }
    }

    /// What the API or its gateway replies; inquiries and IAM's rulings have forms of their own.
    #[must_use]
    pub const fn reply(&self) -> Option<Reply> {
        Some(match self {
            Self::Gateway(_, error, _) => Reply::Gateway(error),
            Self::CallerIsCustomer(_) => Reply::Refuse(Refusal::of(ErrorCode::AccessDenied)),
            Self::Parameters(_) => Reply::Refuse(Refusal::of(ErrorCode::ParameterError)),
            Self::Submission(submission) => submission.reply,
            Self::InquiryRefused(rule, _) => Reply::Refuse(Refusal::of(rule.refuses_with)),
            Self::Fault => Reply::Refuse(Refusal::of(ErrorCode::OtherErrors)),
            Self::Inquiry(_) | Self::Identified(..) | Self::NotIdentified(..) => return None,
        })
    }

    /// The `error_code` that is answered.
    #[must_use]
    pub const fn error_code(&self) -> Option<&'static str> {
        match self.reply() {
            Some(Reply::Refuse(refusal)) => Some(refusal.code.code()),
            Some(Reply::Gateway(error)) => Some(error.code),
            Some(Reply::Accept(_) | Reply::Fault(_)) | None => None,
        }
    }

    /// What is answered, in a word or two: an `error_code`, `is_review 0`, `fault reset`; or `told`, where there is neither.
    #[must_use]
    pub const fn outcome(&self) -> &'static str {
        match self.reply() {
            Some(Reply::Refuse(refusal)) => refusal.code.code(),
            Some(Reply::Gateway(error)) => error.code,
            Some(Reply::Accept(review)) => review.as_str(),
            Some(Reply::Fault(fault)) => fault.outcome(),
            None => match self {
                Self::NotIdentified(..) => "not identified",
                _ => "told",
            },
        }
    }
}
