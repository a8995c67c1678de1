//! Answers: how a ruling looks on the wire.

use std::borrow::Cow;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, SERVER};
use axum::http::{Response, StatusCode};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use crate::domain::account::{Customer, RealNameStatus};
use crate::domain::application::Parameter;
use crate::domain::catalog::{CheckItem, ErrorCode, Review};
use crate::domain::gateway::GatewayError;
use crate::domain::rules::{Answer, Refusal};
use crate::domain::settings::{IsReviewType, ParameterErrors, Wire};
use crate::simulator::Outcome;

static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
static X_SUBJECT_TOKEN: HeaderName = HeaderName::from_static("x-subject-token");

/// The one rule that refuses with the code of a parameter error.
const PLATFORM: &str = "platform-of-partner";

/// A ruling on its way to the wire.
#[derive(Debug)]
pub(super) struct ApiAnswer {
    /// The calling partner's name, once it is known.
    pub(super) caller: Option<Arc<str>>,
    /// What was ruled.
    pub(super) outcome: Outcome,
    /// The request body, as far as it was read.
    pub(super) asked_body: Bytes,
    wire: Wire,
    identity: Option<Identity>,
}

/// What IAM adds to a ruling of its own: its answers have other statuses, and a header.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) status: StatusCode,
    pub(super) subject_token: Option<HeaderValue>,
}

impl ApiAnswer {
    /// The answer to somebody unknown.
    pub(super) fn new(outcome: Outcome) -> Self {
        Self { caller: None, outcome, asked_body: Bytes::new(), wire: Wire::default(), identity: None }
    }

    /// The answer to a partner that sent this body.
    pub(super) fn to(caller: Arc<str>, asked_body: Bytes, outcome: Outcome, wire: Wire) -> Self {
        Self { caller: Some(caller), outcome, asked_body, wire, identity: None }
    }

    /// The answer that a ruling was given, for telling it again.
    pub(super) fn of(outcome: &Outcome, wire: Wire) -> Self {
        Self { wire, ..Self::new(outcome.clone()) }
    }

    /// The same answer to a request with this body.
    pub(super) fn having_read(self, asked_body: Bytes) -> Self {
        Self { asked_body, ..self }
    }

    /// The answer that IAM gives.
    pub(super) fn of_iam(caller: Option<Arc<str>>, outcome: Outcome, identity: Identity) -> Self {
        Self { caller, identity: Some(identity), ..Self::new(outcome) }
    }

    /// What goes over the wire to a request with this ID.
    pub(super) fn response(&self, id: Uuid) -> Response<Body> {
        let mut buffer = Uuid::encode_buffer();
        let id: &str = id.simple().encode_lower(&mut buffer);
        let mut response = Response::new(self.body(id).map(Body::from).unwrap_or_default());
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.reserve(4);
        headers.insert(X_REQUEST_ID.clone(), HeaderValue::from_str(id).expect("hex digits fit a header"));
        let content_type = match (&self.identity, self.outcome.answer()) {
            (Some(identity), _) => {
                headers.extend(identity.subject_token.clone().map(|token| (X_SUBJECT_TOKEN.clone(), token)));
                "application/json"
            }
            (None, Some(Answer::Gateway(error))) => {
                headers.insert(SERVER, HeaderValue::from_static("api-gateway"));
                headers.extend(error.retry_after.map(|seconds| (RETRY_AFTER, u16::from(seconds).into())));
                "application/json"
            }
            // What becomes of it is the fault's matter.
            (None, Some(Answer::Fault(_))) => return response,
            (None, _) => "application/json;charset=UTF-8",
        };
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        response
    }

    /// The HTTP status.
    pub(super) fn status(&self) -> StatusCode {
        if let Some(identity) = &self.identity {
            return identity.status;
        }
        let status = match self.outcome.answer() {
            Some(Answer::Refuse(refusal)) => refusal.code.status(),
            Some(Answer::Gateway(error)) => error.status,
            Some(Answer::Accept(_) | Answer::Fault(_)) | None => 200,
        };
        StatusCode::from_u16(status).expect("the catalogs hold only HTTP statuses")
    }

    /// The body. A gateway's has the request's ID in it; a fault has none.
    pub(super) fn body(&self, request_id: &str) -> Option<Cow<'static, str>> {
        match (&self.outcome, self.outcome.answer()) {
            (Outcome::ReviewResult(customer), _) => Some(review_result(customer).into()),
            (Outcome::IamAccepted(_, body) | Outcome::IamRefused(_, body, _), _) => Some(body.clone().into()),
            (_, Some(Answer::Accept(review))) => Some(accepted(review, self.wire.is_review).into()),
            (_, Some(Answer::Refuse(refusal))) => Some(self.refused(refusal).into()),
            (_, Some(Answer::Gateway(error))) => Some(self.refused_by_gateway(error, request_id).into()),
            (_, Some(Answer::Fault(_)) | None) => None,
        }
    }

    fn refused(&self, Refusal { code, items }: Refusal) -> String {
        #[derive(Serialize)]
        struct ErrorBody<'a> {
            error_code: &'a str,
            error_msg: &'a str,
            #[serde(skip_serializing_if = "Vec::is_empty")]
            fail_check_items: Vec<&'a str>,
        }

        let error_msg = self.error_msg(code);
        let fail_check_items = items.iter().map(CheckItem::code).collect();
        json_text(&ErrorBody { error_code: code.code(), error_msg: &error_msg, fail_check_items })
    }

    fn error_msg(&self, code: ErrorCode) -> String {
        match (&self.outcome, self.wire.parameter_errors) {
            (Outcome::Parameters(error), ParameterErrors::Named) => error.to_string(),
            (Outcome::Submission(_), ParameterErrors::Named) if self.outcome.check() == Some(PLATFORM) => {
                format!("{}: must be the platform ID of the partner", Parameter::XaccountType.as_str())
            }
            _ => code.message().to_owned(),
        }
    }

    /// What is known of the case replaces the final dot of the table's text.
    fn refused_by_gateway(&self, error: &GatewayError, request_id: &str) -> String {
        #[derive(Serialize)]
        struct GatewayBody<'a> {
            error_msg: &'a str,
            error_code: &'a str,
            request_id: &'a str,
        }

        let error_msg = match &self.outcome {
            Outcome::Gateway(_, _, Some(detail)) => format!("{}: {}", error.message.trim_end_matches('.'), detail.text),
            _ => error.message.to_owned(),
        };
        json_text(&GatewayBody { error_msg: &error_msg, error_code: error.code, request_id })
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

/// There is a `review_result` only when there was an application, and an opinion only when it did not pass.
fn review_result(customer: &Customer) -> String {
    let result = match customer.status {
        RealNameStatus::Unauthenticated => return json!({ "opinion": null }).to_string(),
        RealNameStatus::UnderReview => 0,
        RealNameStatus::Rejected => 1,
        RealNameStatus::Authenticated => 2,
    };
    let opinion = customer.opinion.as_deref().filter(|_| customer.status == RealNameStatus::Rejected);
    json!({ "review_result": result, "opinion": opinion }).to_string()
}

fn json_text(body: &impl Serialize) -> String {
    serde_json::to_string(body).expect("texts and lists are JSON")
}
