//! `GET /v2/customers/realname-auths/result`: querying the result of a review.

use axum::extract::Query;
use axum::http::Uri;

use crate::domain::customer::CustomerId;
use crate::domain::parameter::{Parameter, ParameterError, Problem};
use crate::http::answer::Answer;
use crate::http::gateway::Admission;
use crate::simulator::Ruling;

pub(in crate::http) fn tell(admission: Admission<'_>) -> Answer {
    let Admission { era, partner, parts, .. } = &admission;
    let ruling = match customer_id(&parts.uri) {
        Ok(id) => match era.inquire(partner, &id) {
            Ok(customer) => Ruling::Inquiry(customer),
            Err((rule, saw)) => Ruling::InquiryRefused(rule, saw),
        },
        Err(problem) => Ruling::Parameters(ParameterError { parameter: Some(Parameter::CustomerId), problem }),
    };
    admission.answer(ruling)
}

/// The query's `customer_id`: mandatory, once, of as many characters as the body's.
fn customer_id(uri: &Uri) -> Result<CustomerId, Problem> {
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri).map_err(|_| Problem::NotText)?;
    let mut given = pairs.iter().filter(|(name, _)| name == Parameter::CustomerId.as_str()).map(|(_, id)| id);
    let max = Parameter::CustomerId.max_length();
    match (given.next(), given.next()) {
        (None, _) => Err(Problem::Missing),
        (Some(_), Some(_)) => Err(Problem::Repeated),
        (Some(id), None) if id.is_empty() || id.chars().count() > max => Err(Problem::Length { max }),
        (Some(id), None) => Ok(CustomerId::new(id)),
    }
}
