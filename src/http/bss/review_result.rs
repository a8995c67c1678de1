//! `GET /v2/customers/realname-auths/result`: querying the result of a review.

use std::borrow::Cow;

use axum::extract::Query;
use axum::http::Uri;
use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::{Customer, CustomerId, Parameter, ParameterError, RealNameStatus, Violation};
use crate::http::extract::PartnerRequest;
use crate::http::response::json_text;
use crate::simulator::{ApiError, CustomerQuery, Outcome};

pub async fn show(PartnerRequest { partner, request }: PartnerRequest) -> Result<Outcome, ApiError> {
    let id = customer_id(&request.parts.uri);
    let id = id.map_err(|violation| ParameterError { parameter: Some(Parameter::CustomerId), violation })?;
    let values = |parameter| match parameter {
        Parameter::CustomerId => vec![Cow::Borrowed(id.as_str())],
        _ => Vec::new(),
    };
    if let Some(step) = request.use_script(Some(&partner), &values) {
        return Ok(Outcome::Scripted(step.into()));
    }
    match request.state().review_result(&partner, &id) {
        Ok(customer) => Ok(Outcome::Query(CustomerQuery { body: review_result(&customer), customer })),
        Err((rule, saw)) => Err(ApiError::Rule(rule, saw)),
    }
}

/// The query's `customer_id`: mandatory, once, of as many characters as the body's.
fn customer_id(uri: &Uri) -> Result<CustomerId, Violation> {
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri).map_err(|_| Violation::NotText)?;
    let mut ids = pairs.iter().filter(|(name, _)| name == Parameter::CustomerId.as_str()).map(|(_, id)| id);
    let max = Parameter::CustomerId.max_length();
    match (ids.next(), ids.next()) {
        (None, _) => Err(Violation::Missing),
        (Some(_), Some(_)) => Err(Violation::Repeated),
        (Some(id), None) if id.is_empty() || id.chars().count() > max => Err(Violation::Length { max }),
        (Some(id), None) => Ok(CustomerId::new(id)),
    }
}

/// The result of a review. There is none before any application (assumed).
#[derive(Serialize, JsonSchema)]
pub struct ReviewResultBody<'a> {
    /// 0: under review; 1: rejected; 2: passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u8", default, range(max = 2))]
    review_result: Option<u8>,
    /// The reviewer's opinion, if it was rejected.
    opinion: Option<&'a str>,
}

/// There is a `review_result` only after an application, and an opinion only after a rejection.
fn review_result(customer: &Customer) -> String {
    let review_result = match customer.status {
        RealNameStatus::Unauthenticated => None,
        RealNameStatus::UnderReview => Some(0),
        RealNameStatus::Rejected => Some(1),
        RealNameStatus::Authenticated => Some(2),
    };
    let opinion = customer.opinion.as_deref().filter(|_| customer.status == RealNameStatus::Rejected);
    json_text(&ReviewResultBody { review_result, opinion })
}
