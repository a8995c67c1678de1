//! Answers: how a ruling looks on the wire.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use serde::Serialize;
use serde_json::json;

use crate::domain::catalog::{CheckItem, ErrorCode, Review};
use crate::domain::customer::{Customer, RealNameStatus};
use crate::domain::decision::{Refusal, Reply};
use crate::domain::gateway::GatewayError;
use crate::domain::parameter::Parameter;
use crate::domain::settings::{IsReviewType, ParameterErrors, Wire};
use crate::simulator::Ruling;

/// The one rule that refuses with the code of a parameter error.
const PLATFORM: &str = "platform-of-partner";

/// A ruling on its way to the wire. It stays with the response as an extension.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The calling partner's name, once it is known.
    pub caller: Option<Arc<str>>,
    /// What was ruled.
    pub ruling: Arc<Ruling>,
    /// The request body, as far as it was read.
    pub(super) asked_body: Bytes,
    wire: Wire,
}

impl Answer {
    /// The answer to somebody unknown.
    pub(super) fn new(ruling: Ruling) -> Self {
        Self { caller: None, ruling: Arc::new(ruling), asked_body: Bytes::new(), wire: Wire::default() }
    }

    /// The answer to a partner that sent this body.
    pub(super) fn to(caller: Arc<str>, asked_body: Bytes, ruling: Ruling, wire: Wire) -> Self {
        Self { caller: Some(caller), ruling: Arc::new(ruling), asked_body, wire }
    }

    /// The answer that a ruling was given, for telling it again.
    pub(super) fn of(ruling: &Arc<Ruling>, wire: Wire) -> Self {
        Self { caller: None, ruling: Arc::clone(ruling), asked_body: Bytes::new(), wire }
    }

    /// The same answer to a request with this body.
    pub(super) fn having_read(self, asked_body: Bytes) -> Self {
        Self { asked_body, ..self }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        let status = match self.ruling.reply() {
            Some(Reply::Refuse(refusal)) => refusal.code.status(),
            Some(Reply::Gateway(error)) => error.status,
            Some(Reply::Accept(_) | Reply::Fault(_)) | None => 200,
        };
        StatusCode::from_u16(status).expect("the catalogs hold only HTTP statuses")
    }

    /// The body. A gateway's has the request's ID in it; faults and IAM have none of this kind.
    #[must_use]
    pub fn body(&self, request_id: &str) -> Option<String> {
        match (&*self.ruling, self.ruling.reply()) {
            (Ruling::Inquiry(customer), _) => Some(review_result(customer)),
            (_, Some(Reply::Accept(review))) => Some(accepted(review, self.wire.is_review).to_owned()),
            (_, Some(Reply::Refuse(refusal))) => Some(self.refused(refusal)),
            (_, Some(Reply::Gateway(error))) => Some(self.refused_by_gateway(error, request_id)),
            (_, Some(Reply::Fault(_)) | None) => None,
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
        match (&*self.ruling, self.wire.parameter_errors) {
            (Ruling::Parameters(error), ParameterErrors::Named) => error.to_string(),
            (Ruling::Submission(_), ParameterErrors::Named) if self.ruling.check() == Some(PLATFORM) => {
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

        let error_msg = match &*self.ruling {
            Ruling::Gateway(_, _, Some(detail)) => format!("{}: {}", error.message.trim_end_matches('.'), detail.text),
            _ => error.message.to_owned(),
        };
        json_text(&GatewayBody { error_msg: &error_msg, error_code: error.code, request_id })
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status();
        // The gateway writes its own answers at the door, where the request's ID is known.
        if !matches!(self.ruling.reply(), Some(Reply::Gateway(_)))
            && let Some(body) = self.body("")
        {
            *response.body_mut() = body.into();
            let json = HeaderValue::from_static("application/json;charset=UTF-8");
            response.headers_mut().insert(CONTENT_TYPE, json);
        }
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
