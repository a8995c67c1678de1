//! `/v2/partners/sub-customers…`: a partner's customers.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::{Customer, CustomerId, CustomerQuery, CustomerType, Partner, RealNameStatus};
use crate::http::extract::PartnerRequest;
use crate::http::response::json_text;
use crate::simulator::{ApiError, Outcome, Ruled};

/// `POST …/query`: querying customers.
pub async fn list(PartnerRequest { partner, request }: PartnerRequest) -> Result<Outcome, ApiError> {
    let sent = request.parameters()?;
    let query = CustomerQuery::parse(&sent)?;
    if let Some(step) = request.use_script(Some(&partner), &sent) {
        return Ok(Outcome::Scripted(step.into()));
    }
    let ruling = query.decide();
    let (customers, count) = query.page(request.state().customers_of(&partner));
    let why = format!("{} of {count} customers", customers.len());
    let customer_infos = customers.iter().map(|(id, customer)| CustomerInfo::new(id, customer, &partner)).collect();
    Ok(Outcome::Ruled(Ruled { ruling, body: json_text(&CustomerListBody { customer_infos, count }), why }))
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
