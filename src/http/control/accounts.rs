//! `/_sim/customers`, `/_sim/partners` and `/_sim/certificates`: what is in a space, in the form of a scenario. Long lists have
//! pages. And `/_sim/verification-codes`: the codes that were sent, for a test that has no mailbox.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Arc;

use axum::Json;
use axum::response::NoContent;
use schemars::JsonSchema;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::error::{ControlError, Result};
use super::extract::{Body, InSpace, Named, NamedBody, PathName, Put, QueryOf, RequestBody, read_limit};
use crate::domain::{
    Certificate, CertificateNumber, Credentials, Customer, CustomerId, Partner, ReviewDecision, VerificationCode,
};
use crate::fixture::{CertificateSpec, CustomerSpec, Document, PartnerSpec, opinion_on_approval};
use crate::http::openapi::all_required;
use crate::simulator::SpaceState;

/// The customers of a space, in the order of their IDs.
#[derive(Serialize, JsonSchema)]
pub struct CustomerList {
    customers: Vec<CustomerSpec>,
    /// With `limit`.
    #[serde(flatten)]
    page: Option<PageInfo>,
}

/// A customer to be put, with its credentials.
type NewCustomer = (CustomerId, Customer, Credentials);

impl RequestBody for NewCustomer {
    type Spec = CustomerSpec;

    const IS_REQUIRED: bool = false;
    const EXAMPLES: &[&str] = &[r#"{"partner":"demo-partner"}"#];

    fn check_partners(document: &mut Document<'_>, spec: &CustomerSpec, partners: &[&str]) {
        spec.partner.iter().for_each(|name| document.check_partner("partner", name, partners));
    }

    fn convert(document: &mut Document<'_>, spec: CustomerSpec) -> Option<Self> {
        Some(spec.check(document))
    }
}

impl Named for NewCustomer {
    const NAME: &str = "id";
}

pub async fn list_customers(InSpace(space): InSpace, QueryOf(part): QueryOf<Part>) -> Json<CustomerList> {
    fn texts((id, customer): &(CustomerId, Arc<Customer>)) -> Vec<&str> {
        let partner = customer.partner.as_deref();
        [id.as_str(), customer.status.as_str()].into_iter().chain(partner).collect()
    }
    let state = space.state();
    let (customers, page) = part.of(state.customers().into_iter(), texts);
    let customers = customers.iter().map(|(id, customer)| customer_spec(&state, id, customer));
    Json(CustomerList { customers: customers.collect(), page })
}

pub async fn get_customer(InSpace(space): InSpace, PathName(id): PathName) -> Result<Json<CustomerSpec>> {
    let (state, id) = (space.state(), CustomerId::new(&id));
    let customer = state.customer(&id).ok_or_else(|| unknown("customer"))?;
    Ok(Json(customer_spec(&state, &id, &customer)))
}

pub async fn put_customer(
    InSpace(space): InSpace,
    NamedBody((id, customer, credentials)): NamedBody<NewCustomer>,
) -> Result<Put<CustomerSpec>> {
    let state = space.state();
    let (customer, was_there) = state.put_customer(&id, customer, &credentials)?;
    Ok(Put { is_new: !was_there, value: customer_spec(&state, &id, &customer) })
}

pub async fn delete_customer(InSpace(space): InSpace, PathName(id): PathName) -> Result<NoContent> {
    deleted(space.state().remove_customer(&CustomerId::new(&id)), "customer")
}

/// How a review is decided.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("not" = opinion_on_approval()))]
pub struct ReviewRequest {
    /// The decision.
    decision: ReviewDecision,
    /// The reviewer's opinion, with a rejection.
    opinion: Option<String>,
}

impl RequestBody for ReviewRequest {
    type Spec = Self;

    const EXAMPLES: &[&str] =
        &[r#"{"decision":"approve"}"#, r#"{"decision":"reject","opinion":"The picture is blurred."}"#];

    fn convert(document: &mut Document<'_>, request: Self) -> Option<Self> {
        document.check_opinion("opinion", request.decision, request.opinion.as_deref());
        Some(request)
    }
}

pub async fn review_customer(
    InSpace(space): InSpace,
    PathName(id): PathName,
    Body(ReviewRequest { decision, opinion }): Body<ReviewRequest>,
) -> Result<Json<CustomerSpec>> {
    let (state, id) = (space.state(), CustomerId::new(&id));
    let customer = state.review(&id, decision, opinion.map(Into::into))?;
    Ok(Json(customer_spec(&state, &id, &customer)))
}

fn customer_spec(state: &SpaceState, id: &CustomerId, customer: &Customer) -> CustomerSpec {
    CustomerSpec::new(id, customer, state.accounts().customer_credentials(id))
}

/// The partners of a space.
#[derive(Serialize, JsonSchema)]
pub struct PartnerList {
    partners: Vec<PartnerSpec>,
}

impl RequestBody for Partner {
    type Spec = PartnerSpec;

    const IS_REQUIRED: bool = false;
    const EXAMPLES: &[&str] = &[r#"{"id":"third-account","xaccount_type":"THIRD_IDP"}"#];

    fn convert(document: &mut Document<'_>, spec: PartnerSpec) -> Option<Self> {
        Some(spec.check(document))
    }
}

impl Named for Partner {
    const NAME: &str = "name";
}

pub async fn list_partners(InSpace(space): InSpace) -> Json<PartnerList> {
    let accounts = space.state().accounts();
    let partners = accounts.partners.iter().map(|partner| PartnerSpec::from(&**partner));
    Json(PartnerList { partners: partners.collect() })
}

pub async fn get_partner(InSpace(space): InSpace, PathName(name): PathName) -> Result<Json<PartnerSpec>> {
    partner_spec(&space.state(), &name).map(Json)
}

pub async fn put_partner(InSpace(space): InSpace, NamedBody(partner): NamedBody<Partner>) -> Result<Put<PartnerSpec>> {
    let (state, name) = (space.state(), partner.name.clone());
    let was_there = state.put_partner(partner)?;
    Ok(Put { is_new: !was_there, value: partner_spec(&state, &name)? })
}

pub async fn delete_partner(InSpace(space): InSpace, PathName(name): PathName) -> Result<NoContent> {
    deleted(space.state().remove_partner(&name)?, "partner")
}

fn partner_spec(state: &SpaceState, name: &str) -> Result<PartnerSpec> {
    let accounts = state.accounts();
    accounts.partner(name).map(|partner| PartnerSpec::from(&**partner)).ok_or_else(|| unknown("partner"))
}

/// The certificates of a space, in the order of their numbers.
#[derive(Serialize, JsonSchema)]
pub struct CertificateList {
    certificates: Vec<CertificateSpec>,
    /// With `limit`.
    #[serde(flatten)]
    page: Option<PageInfo>,
}

/// A certificate to be put, with the customers who hold it.
type NewCertificate = (CertificateNumber, Certificate, BTreeSet<CustomerId>);

impl RequestBody for NewCertificate {
    type Spec = CertificateSpec;

    const IS_REQUIRED: bool = false;
    const EXAMPLES: &[&str] = &[r#"{"blocked":true}"#];

    fn convert(document: &mut Document<'_>, spec: CertificateSpec) -> Option<Self> {
        Some(spec.check(document))
    }
}

impl Named for NewCertificate {
    const NAME: &str = "number";
}

pub async fn list_certificates(InSpace(space): InSpace, QueryOf(part): QueryOf<Part>) -> Json<CertificateList> {
    let world = space.state().snapshot();
    let (certificates, page) = part.of(CertificateSpec::all_of(&world), CertificateSpec::texts);
    Json(CertificateList { certificates, page })
}

pub async fn get_certificate(InSpace(space): InSpace, PathName(number): PathName) -> Result<Json<CertificateSpec>> {
    let (world, number) = (space.state().snapshot(), CertificateNumber::new(&number));
    CertificateSpec::of_world(&number, &world).map(Json).ok_or_else(|| unknown("certificate"))
}

pub async fn put_certificate(
    InSpace(space): InSpace,
    NamedBody((number, certificate, holders)): NamedBody<NewCertificate>,
) -> Put<CertificateSpec> {
    let value = CertificateSpec::new(&number, &certificate, &holders);
    let was_there = space.state().put_certificate(&number, certificate, holders);
    Put { is_new: !was_there, value }
}

pub async fn delete_certificate(InSpace(space): InSpace, PathName(number): PathName) -> Result<NoContent> {
    deleted(space.state().remove_certificate(&CertificateNumber::new(&number)), "certificate")
}

fn deleted(was_there: bool, what: &str) -> Result<NoContent> {
    if was_there { Ok(NoContent) } else { Err(unknown(what)) }
}

fn unknown(what: &str) -> ControlError {
    ControlError::not_found(format!("there is no such {what}"))
}

/// Whose codes to answer.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct CodeFilter {
    /// Only the code of this mail address.
    email: Option<String>,
    /// `InSpace` reads it.
    #[serde(rename = "space")]
    #[schemars(skip)]
    _space: Option<IgnoredAny>,
}

/// The latest code of each mail address, in the order of the addresses.
#[derive(Serialize, JsonSchema)]
pub struct CodeList {
    codes: Vec<CodeView>,
}

/// A verification code.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct CodeView {
    /// The mail address.
    email: String,
    /// The code.
    code: String,
    /// Until when it is valid, by the clock of the space.
    #[schemars(extend("format" = "date-time"))]
    expires_at: String,
    /// How many wrong tries it still bears.
    tries_left: u32,
}

pub async fn list_codes(InSpace(space): InSpace, QueryOf(mailbox): QueryOf<CodeFilter>) -> Json<CodeList> {
    let codes = space.state().verification_codes.list();
    let is_meant =
        |(email, _): &(Box<str>, VerificationCode)| mailbox.email.as_ref().is_none_or(|wanted| **wanted == **email);
    let codes = codes.into_iter().filter(is_meant).map(|(email, VerificationCode { code, expires_at, tries_left })| {
        CodeView { email: email.into(), code: code.into(), expires_at: format!("{expires_at:.3}"), tries_left }
    });
    Json(CodeList { codes: codes.collect() })
}

/// Which part of a list to answer. Without a parameter it is the whole list.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Part {
    /// No more than so many.
    #[serde(default, deserialize_with = "read_limit", skip_serializing_if = "Option::is_none")]
    limit: Option<NonZeroUsize>,
    /// Only those whose name, ID or number comes after this one; it need not be there itself.
    after: Option<String>,
    /// Only those that have this text somewhere, in any case.
    search: Option<String>,
    /// `InSpace` reads it.
    #[serde(rename = "space")]
    #[schemars(skip)]
    _space: Option<IgnoredAny>,
}

/// What a page says of the whole list.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline, transform = all_required)]
pub struct PageInfo {
    /// How many the search finds, on all pages.
    total: usize,
    /// What `after` has to be for the next page; `null` on the last one.
    next: Option<String>,
}

impl Part {
    /// Takes this part of a list, which is in the order of its names. `texts` are what the search looks at, the name first.
    /// With a limit the part is a page.
    pub fn of<T>(&self, list: impl Iterator<Item = T>, texts: fn(&T) -> Vec<&str>) -> (Vec<T>, Option<PageInfo>) {
        let name = |item: &T| texts(item).first().copied().unwrap_or_default().to_owned();
        let search = self.search.as_ref().map(|text| text.to_lowercase());
        let is_found = |item: &T| {
            let has = |wanted: &String| texts(item).iter().any(|text| text.to_lowercase().contains(wanted));
            search.as_ref().is_none_or(has)
        };
        let is_after = |item: &T| self.after.as_ref().is_none_or(|after| texts(item).first() > Some(&&**after));
        let (mut total, mut has_more, mut items) = (0, false, Vec::new());
        for item in list.filter(is_found) {
            total += 1;
            if !is_after(&item) {
                continue;
            }
            has_more = self.limit.is_some_and(|limit| items.len() == limit.get());
            if !has_more {
                items.push(item);
            }
        }
        let next = items.last().filter(|_| has_more).map(name);
        (items, self.limit.map(|_| PageInfo { total, next }))
    }
}
