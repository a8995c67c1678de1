//! `GET /v2/customers/realname-auths/result`: querying the result of a review.

use axum::extract::Query;
use axum::http::Uri;

use crate::domain::account::CustomerId;
use crate::domain::application::{Parameter, ParameterError, Violation};
use crate::http::answer::ApiAnswer;
use crate::http::gateway::Admission;
use crate::simulator::Outcome;

pub(in crate::http) fn tell(admission: Admission<'_>) -> ApiAnswer {
    let Admission { state, partner, parts, .. } = &admission;
    let outcome = match customer_id(&parts.uri) {
        Ok(id) => match state.review_result(partner, &id) {
            Ok(customer) => Outcome::ReviewResult(customer),
            Err((rule, saw)) => Outcome::ReviewResultRefused(rule, saw),
        },
        Err(violation) => Outcome::Parameters(ParameterError { parameter: Some(Parameter::CustomerId), violation }),
    };
    admission.answer(outcome)
}

/// The query's `customer_id`: mandatory, once, of as many characters as the body's.
fn customer_id(uri: &Uri) -> Result<CustomerId, Violation> {
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri).map_err(|_| Violation::NotText)?;
    let mut given = pairs.iter().filter(|(name, _)| name == Parameter::CustomerId.as_str()).map(|(_, id)| id);
    let max = Parameter::CustomerId.max_length();
    match (given.next(), given.next()) {
        (None, _) => Err(Violation::Missing),
        (Some(_), Some(_)) => Err(Violation::Repeated),
        (Some(id), None) if id.is_empty() || id.chars().count() > max => Err(Violation::Length { max }),
        (Some(id), None) => Ok(CustomerId::new(id)),
    }
}
