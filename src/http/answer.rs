//! Answers: what was ruled on a request, and how that looks on the wire.

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use serde::Serialize;

use crate::domain::catalog::{CheckItem, ErrorCode, Review};
use crate::domain::check::{self, Check};
use crate::domain::customer::CustomerId;
use crate::domain::decision::{CheckResult, Decision, Finding, Refusal, Reply, explain};
use crate::domain::gateway::GatewayError;
use crate::domain::parameter::ParameterError;
use crate::domain::settings::{IsReviewType, ParameterErrors, Wire};
use crate::simulator::{Reason, Submission};

/// What was ruled on a request: enough to answer it, and to say why when somebody asks.
#[derive(Clone, Debug)]
pub enum Ruling {
    /// The gateway refuses: the check, its error, and what follows the error's text.
    Gateway(&'static Check, &'static GatewayError, Option<String>),
    /// The credentials are a customer's own.
    CallerIsCustomer(CustomerId),
    /// The body is no well-formed application.
    Parameters(ParameterError),
    /// The application was decided.
    Submission(Submission),
    /// IAM said who somebody is.
    Identified,
    /// IAM refuses: the check and what it saw.
    NotIdentified(&'static Check, String),
    /// The simulator failed.
    Fault,
}

impl Ruling {
    /// What kind of thing decided: `gateway`, `parameters`, `script`, `rule`, `accepted`.
    #[must_use]
    pub const fn decided_by(&self) -> &'static str {
        match self {
            Self::Gateway(..) | Self::CallerIsCustomer(_) | Self::NotIdentified(..) | Self::Fault => "gateway",
            Self::Parameters(_) => "parameters",
            Self::Submission(Submission { reason: Reason::Script(_), .. }) => "script",
            Self::Submission(Submission { reason: Reason::Rules(_, Decision::Accepted(_)), .. }) | Self::Identified => {
                "accepted"
            }
            Self::Submission(_) => "rule",
        }
    }

    /// The check or the rule that decided; absent when nothing refused.
    #[must_use]
    pub fn check(&self) -> Option<&'static str> {
        match self {
            Self::Gateway(check, ..) | Self::NotIdentified(check, ..) => Some(check.id),
            Self::Identified => None,
            Self::CallerIsCustomer(_) => Some(check::CALLER_IS_PARTNER.id),
            Self::Parameters(_) => Some(check::PARAMETERS.id),
            Self::Fault => Some(check::NO_FAULT.id),
            Self::Submission(Submission { reason: Reason::Script(_), .. }) => Some(check::SCRIPT.id),
            Self::Submission(Submission { reason: Reason::Rules(_, decision), .. }) => match decision {
                Decision::Refused { rule, .. } => Some(rule.id),
                Decision::Accepted(_) => None,
            },
        }
    }

    /// What was checked, and what it saw: the rules when they were reached, else the check that decided.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let failed = |check: &Check, saw: String| {
            vec![Finding { check: check.id, result: CheckResult::Failed, saw, citation: check.citation }]
        };
        match self {
            Self::Identified => Vec::new(),
            Self::NotIdentified(check, saw) => failed(check, saw.clone()),
            Self::Gateway(check, error, detail) => failed(check, gateway_message(error, detail.as_deref())),
            Self::CallerIsCustomer(id) => {
                failed(&check::CALLER_IS_PARTNER, format!("the credentials of customer {id}"))
            }
            Self::Parameters(error) => failed(&check::PARAMETERS, error.to_string()),
            Self::Fault => failed(&check::NO_FAULT, "a fault of the simulator: its log has the reason".to_owned()),
            Self::Submission(Submission { reason: Reason::Script(place), .. }) => {
                failed(&check::SCRIPT, format!("scripted[{place}] matches"))
            }
            Self::Submission(Submission { reason: Reason::Rules(case, _), .. }) => explain(case),
        }
    }

    /// What the API or its gateway replies; IAM's rulings have a form of their own.
    const fn reply(&self) -> Option<Reply> {
        Some(match self {
            Self::Gateway(_, error, _) => Reply::Gateway(error),
            Self::CallerIsCustomer(_) => Reply::Refuse(Refusal::of(ErrorCode::AccessDenied)),
            Self::Parameters(_) => Reply::Refuse(Refusal::of(ErrorCode::ParameterError)),
            Self::Submission(submission) => submission.reply,
            Self::Fault => Reply::Refuse(Refusal::of(ErrorCode::OtherErrors)),
            Self::Identified | Self::NotIdentified(..) => return None,
        })
    }
}

/// A ruling on its way to the wire. It stays with the response as an extension.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The calling partner's name, once it is known.
    pub caller: Option<Arc<str>>,
    /// What was ruled.
    pub ruling: Ruling,
    wire: Wire,
}

impl Answer {
    /// The answer to somebody unknown.
    pub(super) fn new(ruling: Ruling) -> Self {
        Self { caller: None, ruling, wire: Wire::default() }
    }

    /// The answer to a partner.
    pub(super) const fn to(caller: Arc<str>, ruling: Ruling, wire: Wire) -> Self {
        Self { caller: Some(caller), ruling, wire }
    }

    /// The `error_code` of the answer.
    #[must_use]
    pub const fn error_code(&self) -> Option<&'static str> {
        match self.ruling.reply() {
            Some(Reply::Refuse(refusal)) => Some(refusal.code.code()),
            Some(Reply::Gateway(error)) => Some(error.code),
            Some(Reply::Accept(_)) | None => None,
        }
    }

    /// The error of the gateway that is answered, with its whole text.
    pub(super) fn gateway_error(&self) -> Option<(&'static GatewayError, String)> {
        let Some(Reply::Gateway(error)) = self.ruling.reply() else { return None };
        let detail = if let Ruling::Gateway(_, _, detail) = &self.ruling { detail.as_deref() } else { None };
        Some((error, gateway_message(error, detail)))
    }

    fn error_msg(&self, code: ErrorCode) -> String {
        match (&self.ruling, self.wire.parameter_errors) {
            (Ruling::Parameters(error), ParameterErrors::Named) => error.to_string(),
            _ => code.message().to_owned(),
        }
    }
}

/// The text of a gateway error. What is known of the case replaces the table's final dot.
fn gateway_message(error: &GatewayError, detail: Option<&str>) -> String {
    match detail {
        Some(detail) => format!("{}: {detail}", error.message.trim_end_matches('.')),
        None => error.message.to_owned(),
    }
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    error_code: &'a str,
    error_msg: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fail_check_items: Vec<&'a str>,
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response<Body> {
        let mut response = match self.ruling.reply() {
            Some(Reply::Accept(review)) => api(200, Body::from(accepted(review, self.wire.is_review))),
            Some(Reply::Refuse(Refusal { code, items })) => {
                let error_msg = self.error_msg(code);
                let fail_check_items = items.iter().map(CheckItem::code).collect();
                let body = ErrorBody { error_code: code.code(), error_msg: &error_msg, fail_check_items };
                api(code.status(), serde_json::to_vec(&body).expect("texts and lists are JSON").into())
            }
            // The gateway writes its own answers at the door, where the request's id is known, and IAM its own.
            Some(Reply::Gateway(_)) | None => Response::new(Body::empty()),
        };
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

const fn accepted(review: Review, is_review: IsReviewType) -> &'static str {
    match (is_review, review) {
        (IsReviewType::Integer, Review::NotNeeded) => r#"{"is_review":0}"#,
        (IsReviewType::Integer, Review::Manual) => r#"{"is_review":1}"#,
        (IsReviewType::String, Review::NotNeeded) => r#"{"is_review":"0"}"#,
        (IsReviewType::String, Review::Manual) => r#"{"is_review":"1"}"#,
    }
}

fn api(status: u16, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).expect("the catalog holds only HTTP statuses");
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json;charset=UTF-8"));
    response
}
