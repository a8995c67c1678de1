//! `/v2/customers/realname-auths/…`: applications for real-name authentication, and the result of their review.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::{CUSTOMER_ID, Customer, CustomerId, RealNameStatus};
use crate::http::extract::PartnerRequest;
use crate::http::response::json_text;
use crate::simulator::{ApiError, Outcome, Ruled};

/// `POST …/individual` and `…/enterprise`, and `PUT …/enterprise`: an application.
pub async fn submit(PartnerRequest { partner, request }: PartnerRequest) -> Result<Outcome, ApiError> {
    let kind = request.endpoint().application.expect("the endpoint takes applications");
    let sent = request.parameters()?;
    let state = request.state();
    let application = kind.parse(&sent, state.settings().contract)?;
    if let Some(step) = request.use_script(Some(&partner), &sent) {
        return Ok(Outcome::Scripted(state.apply_scripted(&partner, &application, step, true)));
    }
    Ok(Outcome::Submission(state.submit(&partner, &application).await))
}

/// `GET …/result`: querying the result of a review.
pub async fn show_result(PartnerRequest { partner, request }: PartnerRequest) -> Result<Outcome, ApiError> {
    let sent = request.parameters()?;
    let id = CustomerId::new(&sent.text(&CUSTOMER_ID)?);
    if let Some(step) = request.use_script(Some(&partner), &sent) {
        return Ok(Outcome::Scripted(step.into()));
    }
    let (customer, ruling) = request.state().owned_customer(&partner, &id);
    let body = customer.map(|customer| review_result(&customer)).unwrap_or_default();
    Ok(Outcome::Ruled(Ruled::new(ruling, body, "the customer is the caller's".to_owned())))
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
    let status = customer.review_status();
    let review_result = match status {
        RealNameStatus::Unauthenticated => None,
        RealNameStatus::UnderReview => Some(0),
        RealNameStatus::Rejected => Some(1),
        RealNameStatus::Authenticated => Some(2),
    };
    let opinion = customer.opinion.as_deref().filter(|_| status == RealNameStatus::Rejected);
    json_text(&ReviewResultBody { review_result, opinion })
}
