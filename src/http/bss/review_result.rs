//! `GET /v2/customers/realname-auths/result`: querying the result of a review.

use axum::extract::Query;
use axum::http::Uri;

use crate::domain::account::CustomerId;
use crate::domain::application::{Parameter, ParameterError, Violation};
use crate::http::extract::PartnerRequest;
use crate::simulator::{ApiError, Outcome};

pub(in crate::http) async fn show(request: PartnerRequest) -> Result<Outcome, ApiError> {
    let id = customer_id(&request.parts().uri);
    let id = id.map_err(|violation| ParameterError { parameter: Some(Parameter::CustomerId), violation })?;
    match request.state().review_result(&request.partner, &id) {
        Ok(customer) => Ok(Outcome::ReviewResult(customer)),
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
