//! What the answers of a capture say of its customers, certificates and partners.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value};

use super::call::RecordedCall;
use super::caller::Callers;
use crate::domain::{
    CHANGE, CREATE_CUSTOMER, CustomerType, ErrorCode, LIST_CUSTOMERS, REVIEW_RESULT, RealNameStatus, ReviewDecision,
};

/// A review that was decided between two calls.
#[derive(Debug)]
pub(super) struct LearnedReview {
    pub(super) before: usize,
    pub(super) customer: String,
    pub(super) decision: ReviewDecision,
    pub(super) opinion: Option<String>,
}

/// The most characters of an opinion that a scenario can have.
const MAX_OPINION_CHARS: usize = 256;

/// A customer, by the answers to calls about it.
#[derive(Debug, Default)]
pub(super) struct LearnedCustomer {
    /// The number of its partner.
    pub(super) partner: Option<usize>,
    pub(super) is_of_other: bool,
    pub(super) is_in_program: bool,
    /// What it was when the capture began.
    pub(super) initial: Option<RealNameStatus>,
    /// What it is after the calls so far. `None` if nothing is known.
    pub(super) status: Option<RealNameStatus>,
    /// Whether only its refusal says what it was.
    pub(super) is_guessed: bool,
    pub(super) opinion: Option<String>,
    pub(super) customer_type: Option<CustomerType>,
    pub(super) attempts: usize,
    /// The attempts before it had none left.
    pub(super) exhausted_after: Option<usize>,
    pub(super) profile: Map<String, Value>,
}

/// A certificate, likewise.
#[derive(Debug, Default)]
pub(super) struct LearnedCertificate {
    pub(super) is_blocked: bool,
    pub(super) holders: BTreeSet<String>,
    /// How many held it before it was refused for that.
    pub(super) worn_out_after: Option<usize>,
    pub(super) is_of_another: bool,
    /// The name with which it was accepted.
    pub(super) holder: Option<String>,
    pub(super) has_failed: bool,
}

/// Values by their keys, in the order of their first appearance.
#[derive(Debug)]
pub(super) struct Ordered<T> {
    pub(super) list: Vec<(String, T)>,
    places: HashMap<String, usize>,
}

impl<T: Default> Ordered<T> {
    pub(super) fn new() -> Self {
        Self { list: Vec::new(), places: HashMap::new() }
    }

    fn entry(&mut self, key: &str) -> &mut T {
        let place = self.places.get(key).copied().unwrap_or_else(|| {
            self.places.insert(key.to_owned(), self.list.len());
            self.list.push((key.to_owned(), T::default()));
            self.list.len() - 1
        });
        &mut self.list[place].1
    }
}

/// Callers of one customer are of one partner, unless IAM says otherwise.
pub(super) fn join_by_customers(numbers: &mut [usize], callers: &Callers, calls: &[RecordedCall]) {
    let mut owners: HashMap<&str, usize> = HashMap::new();
    for call in calls.iter().filter(|call| callers.list[call.caller].is_partner && call.is_of_owner()) {
        let Some(customer) = call.customer().filter(|_| *call.endpoint != LIST_CUSTOMERS) else { continue };
        let number = numbers[call.caller];
        let owner = *owners.entry(customer).or_insert(number);
        let joined = owner.min(number);
        if owner != number && !callers.are_different(numbers, owner, number) {
            for other in numbers.iter_mut().filter(|other| **other == owner || **other == number) {
                *other = joined;
            }
            owners.values_mut().filter(|other| **other == owner || **other == number).for_each(|other| *other = joined);
        }
    }
}

pub(super) struct Learner {
    /// The number of the partner of each caller.
    pub(super) numbers: Vec<usize>,
    pub(super) customers: Ordered<LearnedCustomer>,
    pub(super) certificates: Ordered<LearnedCertificate>,
    pub(super) reviews: Vec<LearnedReview>,
    /// The partners that applied for themselves, with their own IDs.
    pub(super) own_ids: HashMap<usize, String>,
    /// How many applications of each partner were refused because it is not ready, and how many others there were.
    pub(super) refused: HashMap<usize, (usize, usize)>,
}

impl Learner {
    pub(super) fn learn(&mut self, place: usize, call: &RecordedCall) {
        let partner = self.numbers[call.caller];
        if *call.endpoint == LIST_CUSTOMERS {
            return self.learn_list(place, partner, call);
        }
        if *call.endpoint == CREATE_CUSTOMER {
            if let Some(id) = call.answer.text("domain_id").filter(|_| call.answer.is_success()) {
                self.customers.entry(id).partner = Some(partner);
            }
            return;
        }
        let Some(id) = call.customer() else { return };
        let error = call.answer.error();
        if call.endpoint.application.is_some() {
            let (not_ready, others) = self.refused.entry(partner).or_default();
            *if error == Some(ErrorCode::PartnerNotReady) { not_ready } else { others } += 1;
        }
        match error {
            Some(ErrorCode::NoPartner | ErrorCode::ParameterError | ErrorCode::OtherErrors) => return,
            Some(ErrorCode::CustomerIsCaller) => {
                self.own_ids.insert(partner, id.to_owned());
                return;
            }
            Some(ErrorCode::NotYourCustomer) => {
                self.customers.entry(id).is_of_other = true;
                return;
            }
            _ => {}
        }
        let customer = self.customers.entry(id);
        if call.is_of_owner() || error == Some(ErrorCode::PartnerNotReady) {
            customer.partner.get_or_insert(partner);
        }
        match error {
            Some(ErrorCode::CustomerIsPartner) => customer.is_in_program = true,
            Some(ErrorCode::AlreadyAuthenticated) if customer.status.is_none() => {
                customer.initial = Some(RealNameStatus::Authenticated);
                customer.status = customer.initial;
                customer.is_guessed = true;
                customer.customer_type = call.endpoint.application.map(|kind| kind.customer_type);
            }
            Some(ErrorCode::AttemptsExhausted) => {
                customer.exhausted_after.get_or_insert(customer.attempts);
            }
            _ => {}
        }
        if *call.endpoint == REVIEW_RESULT && call.answer.is_success() {
            let status = match call.answer.number("review_result") {
                Some(0) => RealNameStatus::UnderReview,
                Some(1) => RealNameStatus::Rejected,
                Some(2) => RealNameStatus::Authenticated,
                _ => RealNameStatus::Unauthenticated,
            };
            let opinion = call.answer.text("opinion").filter(|text| text.chars().count() <= MAX_OPINION_CHARS);
            let opinion = opinion.map(str::to_owned);
            self.see(place, id, status, opinion);
        }
        if call.is_attempt() {
            self.learn_attempt(place, id, call);
        }
    }

    /// A status that an answer shows.
    fn see(&mut self, place: usize, id: &str, status: RealNameStatus, opinion: Option<String>) {
        let customer = self.customers.entry(id);
        let before = customer.status;
        let decision = match status {
            RealNameStatus::Authenticated => Some(ReviewDecision::Approve),
            RealNameStatus::Rejected => Some(ReviewDecision::Reject),
            RealNameStatus::Unauthenticated | RealNameStatus::UnderReview => None,
        };
        match (before, decision) {
            (None, _) => {
                customer.initial = Some(status);
                customer.opinion = opinion;
            }
            (Some(RealNameStatus::Authenticated), None) if customer.is_guessed => customer.initial = Some(status),
            (Some(RealNameStatus::Authenticated), Some(ReviewDecision::Reject)) if customer.is_guessed => {
                customer.initial = Some(RealNameStatus::UnderReview);
                let (before, customer) = (place, id.to_owned());
                self.reviews.push(LearnedReview { before, customer, decision: ReviewDecision::Reject, opinion });
            }
            (Some(RealNameStatus::UnderReview), Some(decision)) => {
                let opinion = opinion.filter(|_| decision == ReviewDecision::Reject);
                let (before, customer) = (place, id.to_owned());
                self.reviews.push(LearnedReview { before, customer, decision, opinion });
            }
            _ => {}
        }
        let customer = self.customers.entry(id);
        customer.status = Some(status);
        customer.is_guessed = false;
    }

    fn learn_attempt(&mut self, place: usize, id: &str, call: &RecordedCall) {
        let is_change = *call.endpoint == CHANGE;
        let customer = self.customers.entry(id);
        customer.attempts += 1;
        // What got this far was allowed to apply.
        match customer.status {
            None if is_change => {
                customer.initial = Some(RealNameStatus::Authenticated);
                customer.status = customer.initial;
                customer.customer_type = Some(CustomerType::Individual);
            }
            Some(RealNameStatus::UnderReview) => {
                let (decision, status) = if is_change {
                    (ReviewDecision::Approve, RealNameStatus::Authenticated)
                } else {
                    (ReviewDecision::Reject, RealNameStatus::Rejected)
                };
                customer.status = Some(status);
                self.reviews.push(LearnedReview { before: place, customer: id.to_owned(), decision, opinion: None });
            }
            _ => {}
        }
        let accepted = call.accepted();
        let customer = self.customers.entry(id);
        if let Some(review) = accepted {
            customer.status =
                Some(if review.number() == 0 { RealNameStatus::Authenticated } else { RealNameStatus::UnderReview });
        } else if customer.status.is_none() {
            customer.status = Some(RealNameStatus::Unauthenticated);
        }
        let Some(number) = call.certificate() else { return };
        let certificate = self.certificates.entry(number);
        match call.answer.error() {
            Some(ErrorCode::CertificateBlocked) => certificate.is_blocked = true,
            Some(ErrorCode::CertificateWornOut) => {
                certificate.worn_out_after.get_or_insert(certificate.holders.len());
            }
            Some(ErrorCode::IdentityMismatch) => certificate.is_of_another = true,
            Some(ErrorCode::VerificationFailed) => certificate.has_failed = true,
            _ => {}
        }
        if accepted.is_some() {
            certificate.holders.insert(id.to_owned());
            certificate.holder = call.field("name").map(str::to_owned);
        }
    }

    fn learn_list(&mut self, place: usize, partner: usize, call: &RecordedCall) {
        let infos = call.answer.json().and_then(|body| body.get("customer_infos")).and_then(Value::as_array);
        for info in infos.into_iter().flatten() {
            let Some(id) = info["customer_id"].as_str().filter(|id| !id.is_empty()) else { continue };
            let customer = self.customers.entry(id);
            let is_first = customer.partner.is_none();
            customer.partner.get_or_insert(partner);
            if is_first {
                customer.profile = profile(info);
                customer.customer_type = match info["customer_type"].as_i64() {
                    Some(0) => Some(CustomerType::Individual),
                    Some(1) => Some(CustomerType::Enterprise),
                    _ => None,
                };
            }
            let status = match info["verified_status"].as_str() {
                Some("-1") => RealNameStatus::Unauthenticated,
                Some("0") => RealNameStatus::UnderReview,
                Some("1") => RealNameStatus::Rejected,
                Some("2") => RealNameStatus::Authenticated,
                _ => continue,
            };
            self.see(place, id, status, None);
        }
    }
}

/// The texts of a listed customer that a scenario has by the same name.
const PROFILE: [&str; 9] = [
    "account_name",
    "associated_on",
    "association_type",
    "label",
    "telephone",
    "country_code",
    "customer_level",
    "xaccount_id",
    "email",
];

fn profile(info: &Value) -> Map<String, Value> {
    let text = |key: &str| info[key].as_str().filter(|text| !text.is_empty());
    let mut profile: Map<_, _> =
        PROFILE.iter().filter_map(|key| Some(((*key).to_owned(), text(key)?.into()))).collect();
    let is_time = |text: &str| text.parse::<jiff::Timestamp>().is_ok();
    profile.retain(|key, value| match key.as_str() {
        "associated_on" => value.as_str().is_some_and(is_time),
        "association_type" => value == "1" || value == "3",
        _ => true,
    });
    if let Some(name) = text("customer") {
        profile.insert("name".to_owned(), name.into());
    }
    if let Some(manager) = info["account_managers"][0]["account_name"].as_str() {
        profile.insert("account_manager".to_owned(), manager.into());
    }
    if info["is_frozen"].as_i64() == Some(1) {
        profile.insert("is_frozen".to_owned(), true.into());
    }
    profile
}
