//! The simulated API, below `/v2`: a handler for each endpoint, in the order of its documentation, and the bodies that it
//! answers.

use axum::Router;
use axum::routing::{get, post};
use schemars::JsonSchema;
use serde::Serialize;

use super::extract::PartnerRequest;
use super::response::json_text;
use crate::domain::catalog::ASSOCIATION_TIMED_OUT;
use crate::domain::{
    Answer, CHECK_IDENTITY, CREATE_CUSTOMER, CUSTOMER_ID, CodeRequest, Customer, CustomerId, CustomerQuery,
    CustomerType, ENTERPRISE, INDIVIDUAL, IdentityCheck, LIST_CUSTOMERS, Messages, OtherError, Partner, REVIEW_RESULT,
    RealNameStatus, Registration, Ruling, SEND_CODE,
};
use crate::simulator::{ApiError, NewAccount, Outcome, Ruled, ScriptedOutcome};

pub fn routes() -> Router {
    Router::new()
        .route(INDIVIDUAL.path, post(submit))
        .route(ENTERPRISE.path, post(submit).put(submit))
        .route(REVIEW_RESULT.path, get(show_review_result))
        .route(LIST_CUSTOMERS.path, post(list_customers))
        .route(CREATE_CUSTOMER.path, post(create_customer))
        .route(CHECK_IDENTITY.path, post(check_identity))
        .route(SEND_CODE.path, post(send_code))
}

/// `POST /v2/customers/realname-auths/individual` and `…/enterprise`, and `PUT …/enterprise`: an application.
async fn submit(PartnerRequest { partner, request }: PartnerRequest) -> Result<Outcome, ApiError> {
    let kind = request.endpoint().application.expect("the endpoint takes applications");
    let sent = request.parameters()?;
    let state = request.state();
    let application = kind.parse(&sent, state.settings().contract)?;
    if let Some(step) = request.use_script(Some(&partner), &sent) {
        return Ok(Outcome::Scripted(state.apply_scripted(&partner, &application, step, true)));
    }
    Ok(Outcome::Submission(state.submit(&partner, &application).await))
}

/// `GET /v2/customers/realname-auths/result`: querying the result of a review.
async fn show_review_result(PartnerRequest { partner, request }: PartnerRequest) -> Result<Outcome, ApiError> {
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

/// `POST /v2/partners/sub-customers/query`: querying customers.
async fn list_customers(PartnerRequest { partner, request }: PartnerRequest) -> Result<Outcome, ApiError> {
    let sent = request.parameters()?;
    let query = CustomerQuery::parse(&sent)?;
    if let Some(step) = request.use_script(Some(&partner), &sent) {
        return Ok(Outcome::Scripted(step.into()));
    }
    let ruling = query.decide();
    let (customers, count) = query.page(request.state().customers_of(&partner));
    let why = format!("{} of {count} customers", customers.len());
    let customer_infos = customers.iter().map(|(id, customer)| CustomerInfo::new(id, customer, &partner)).collect();
    Ok(Outcome::Ruled(Ruled::new(ruling, json_text(&CustomerListBody { customer_infos, count }), why)))
}

/// `POST /v2/partners/sub-customers`: creating a customer. `CBC.99000050` says that this was done, but not yet the association.
async fn create_customer(PartnerRequest { partner, request }: PartnerRequest) -> Result<Outcome, ApiError> {
    let sent = request.parameters()?;
    let registration = Registration::parse(&sent)?;
    let step = request.use_script(Some(&partner), &sent);
    let scripted = step.as_ref().and_then(|step| step.answer.as_ref());
    let error = match scripted {
        Some(Answer::Other(error)) if **error == ASSOCIATION_TIMED_OUT => Some(*error),
        _ => None,
    };
    if let (Some(step), None) = (&step, error) {
        return Ok(Outcome::Scripted(step.clone().into()));
    }
    let (ruling, account) = request.state().register(&partner, &registration);
    let messages = &request.state().settings().wire.messages;
    let body = account.as_ref().map(|account| json_text(&NewAccountBody::new(account, error, messages)));
    let change = account.map(|account| account.change);
    Ok(match step {
        Some(step) => Outcome::Scripted(ScriptedOutcome { step, change, body }),
        None => {
            let why = "the customer is created".to_owned();
            Outcome::Ruled(Ruled { change, ..Ruled::new(ruling, body.unwrap_or_default(), why) })
        }
    })
}

/// `POST /v2/partners/sub-customers/users/check-identity`: whether an account name, a mail address or a mobile number is free.
async fn check_identity(PartnerRequest { partner, request }: PartnerRequest) -> Result<Outcome, ApiError> {
    let sent = request.parameters()?;
    let check = IdentityCheck::parse(&sent)?;
    if let Some(step) = request.use_script(Some(&partner), &sent) {
        return Ok(Outcome::Scripted(step.into()));
    }
    let is_used = request.state().is_used(&check);
    let check_result = if is_used { "used_by_user" } else { "available" };
    let is_mobile = matches!(check, IdentityCheck::Mobile(_));
    let mobile_remain_available_num = is_mobile.then_some((!is_used).into());
    let body = json_text(&IdentityBody { check_result, mobile_remain_available_num });
    Ok(Outcome::Ruled(Ruled::new(Ruling::default(), body, check_result.to_owned())))
}

/// `POST /v2/bases/verificationcode/send`: sending a verification code. `GET /_sim/verification-codes` shows it.
async fn send_code(PartnerRequest { partner, request }: PartnerRequest) -> Result<Outcome, ApiError> {
    let sent = request.parameters()?;
    let code_request = CodeRequest::parse(&sent)?;
    if let Some(step) = request.use_script(Some(&partner), &sent) {
        return Ok(Outcome::Scripted(step.into()));
    }
    let state = request.state();
    let ruling = state.verification_codes.send(&code_request, state.clock.now());
    Ok(Outcome::Ruled(Ruled::new(ruling, String::new(), "a verification code is sent".to_owned())))
}

/// The account of a new customer.
#[derive(Serialize, JsonSchema)]
pub struct NewAccountBody<'a> {
    /// With `CBC.99000050` alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    error_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    error_msg: Option<&'a str>,
    /// The account ID, which is the `customer_id` from now on.
    domain_id: &'a str,
    /// The account name.
    domain_name: &'a str,
}

impl<'a> NewAccountBody<'a> {
    fn new(account: &'a NewAccount, error: Option<&'a OtherError>, messages: &'a Messages) -> Self {
        Self {
            error_code: error.map(|error| error.code),
            error_msg: error.map(|error| messages.of(error.code, error.message)),
            domain_id: account.change.customer.as_str(),
            domain_name: &account.name,
        }
    }
}

/// Whether something is free.
#[derive(Serialize, JsonSchema)]
pub struct IdentityBody {
    /// The result.
    #[schemars(extend("enum" = ["available", "used_by_user"]))]
    check_result: &'static str,
    /// How many accounts the mobile number can still register (assumed: one number, one account).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u8", default)]
    mobile_remain_available_num: Option<u8>,
}

/// Customers of the caller. What is not known is `null` (assumed).
#[derive(Serialize, JsonSchema)]
pub struct CustomerListBody<'a> {
    /// A page of them.
    customer_infos: Vec<CustomerInfo<'a>>,
    /// How many there are on all pages.
    count: usize,
}

/// A customer, as its page lists it.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct CustomerInfo<'a> {
    /// The name that has passed real-name authentication.
    customer: Option<&'a str>,
    /// The login name.
    account_name: &'a str,
    /// The account ID.
    customer_id: &'a str,
    /// When it became a customer of the partner, in UTC.
    associated_on: String,
    /// 1: referral; 3: resale.
    association_type: &'a str,
    /// The partner's label.
    label: Option<&'a str>,
    /// The telephone number.
    telephone: Option<&'a str>,
    /// -1: not authenticated; 0: under review; 1: not passed; 2: authenticated.
    verified_status: &'static str,
    /// The country code of the telephone number.
    country_code: Option<&'a str>,
    /// -1: none yet; 0: individual; 1: enterprise.
    customer_type: i8,
    /// 1: frozen; 0: not frozen.
    is_frozen: u8,
    /// At present at most one.
    account_managers: Vec<AccountManager<'a>>,
    /// The user ID on the partner's platform.
    xaccount_id: Option<&'a str>,
    /// The platform ID.
    xaccount_type: Option<&'a str>,
    /// From V0 to V5.
    customer_level: Option<&'a str>,
    /// The mail address.
    email: Option<&'a str>,
}

/// An account manager.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct AccountManager<'a> {
    /// The login name.
    account_name: &'a str,
}

impl<'a> CustomerInfo<'a> {
    fn new(id: &'a CustomerId, customer: &'a Customer, partner: &'a Partner) -> Self {
        let profile = customer.profile();
        let manager = profile.account_manager.as_deref().map(|account_name| AccountManager { account_name });
        Self {
            customer: customer.name.as_deref(),
            account_name: customer.account_name(id),
            customer_id: id.as_str(),
            associated_on: profile.associated_on().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            association_type: profile.association_type().as_str(),
            label: profile.label.as_deref(),
            telephone: profile.telephone.as_deref(),
            verified_status: match customer.status {
                RealNameStatus::Unauthenticated => "-1",
                RealNameStatus::UnderReview => "0",
                RealNameStatus::Rejected => "1",
                RealNameStatus::Authenticated => "2",
            },
            country_code: profile.country_code.as_deref(),
            customer_type: match customer.customer_type() {
                None => -1,
                Some(CustomerType::Individual) => 0,
                Some(CustomerType::Enterprise) => 1,
            },
            is_frozen: profile.is_frozen.into(),
            account_managers: manager.into_iter().collect(),
            xaccount_id: profile.xaccount_id.as_deref(),
            // A customer without a user ID is not known on the platform (assumed).
            xaccount_type: profile.xaccount_id.as_ref().map(|_| &*partner.xaccount_type),
            customer_level: profile.customer_level.as_deref(),
            email: profile.email.as_deref(),
        }
    }
}
