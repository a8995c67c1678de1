//! The world behind a capture, as far as its answers say: partners, customers, certificates and settings.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value, json};

use super::call::Credential;
use super::caller::{Callers, LearnedPartner};
use super::recorded::RecordedCall;
use super::settings;
use crate::domain::{
    CHANGE, CREATE_CUSTOMER, CustomerType, ErrorCode, LIST_CUSTOMERS, REVIEW_RESULT, RealNameStatus, ReviewDecision,
};

/// What the world is, and what is done in it.
#[derive(Debug, Default)]
pub(super) struct LearnedWorld {
    pub(super) settings: Map<String, Value>,
    pub(super) partners: Vec<Value>,
    pub(super) customers: Vec<Value>,
    pub(super) certificates: Vec<Value>,
    /// For each caller, what an exchange is sent `as`; `None` if it cannot be.
    pub(super) callers: Vec<Option<String>>,
    /// The reviews, each with the place of the call before which it was decided.
    pub(super) reviews: Vec<LearnedReview>,
}

/// A review that was decided between two calls.
#[derive(Debug)]
pub(super) struct LearnedReview {
    pub(super) before: usize,
    pub(super) customer: String,
    pub(super) decision: ReviewDecision,
    pub(super) opinion: Option<String>,
}

/// The limits of a simulator that has no others.
const DEFAULT_LIMIT: usize = 3;

/// The name of a holder of whom only that it is another is known.
const ANOTHER_HOLDER: &str = "Another Holder";

/// A customer, by the answers to calls about it.
#[derive(Debug, Default)]
struct LearnedCustomer {
    /// The number of its partner.
    partner: Option<usize>,
    is_of_other: bool,
    is_in_program: bool,
    /// What it was when the capture began.
    initial: Option<RealNameStatus>,
    /// What it is after the calls so far. `None` if nothing is known.
    status: Option<RealNameStatus>,
    /// Whether only its refusal says what it was.
    is_guessed: bool,
    opinion: Option<String>,
    customer_type: Option<CustomerType>,
    attempts: usize,
    /// The attempts before it had none left.
    exhausted_after: Option<usize>,
    profile: Map<String, Value>,
}

/// A certificate, likewise.
#[derive(Debug, Default)]
struct LearnedCertificate {
    is_blocked: bool,
    holders: BTreeSet<String>,
    /// How many held it before it was refused for that.
    worn_out_after: Option<usize>,
    is_of_another: bool,
    /// The name with which it was accepted.
    holder: Option<String>,
    has_failed: bool,
}

/// Values by their keys, in the order of their first appearance.
#[derive(Debug)]
struct Ordered<T> {
    list: Vec<(String, T)>,
    places: HashMap<String, usize>,
}

impl<T: Default> Ordered<T> {
    fn new() -> Self {
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

impl LearnedWorld {
    pub(super) fn of(callers: &Callers, calls: &[RecordedCall]) -> Self {
        let mut numbers = callers.numbers();
        join_by_customers(&mut numbers, callers, calls);
        let partners = callers.partners(&numbers);
        let mut learner = Learner {
            numbers,
            customers: Ordered::new(),
            certificates: Ordered::new(),
            reviews: Vec::new(),
            own_ids: HashMap::new(),
            refused: HashMap::new(),
        };
        for (place, call) in calls.iter().enumerate() {
            if callers.list[call.caller].is_partner {
                learner.learn(place, call);
            }
        }
        learner.world(callers, &partners, calls)
    }
}

/// Callers of one customer are of one partner, unless IAM says otherwise.
fn join_by_customers(numbers: &mut [usize], callers: &Callers, calls: &[RecordedCall]) {
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

struct Learner {
    /// The number of the partner of each caller.
    numbers: Vec<usize>,
    customers: Ordered<LearnedCustomer>,
    certificates: Ordered<LearnedCertificate>,
    reviews: Vec<LearnedReview>,
    /// The partners that applied for themselves, with their own IDs.
    own_ids: HashMap<usize, String>,
    /// How many applications of each partner were refused because it is not ready, and how many others there were.
    refused: HashMap<usize, (usize, usize)>,
}

impl Learner {
    fn learn(&mut self, place: usize, call: &RecordedCall) {
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
            let opinion = call.answer.text("opinion").map(str::to_owned);
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

    fn world(self, callers: &Callers, partners: &[LearnedPartner], calls: &[RecordedCall]) -> LearnedWorld {
        let Self { numbers, customers, certificates, reviews, own_ids, refused } = self;
        let names = names(partners);
        let attempts = customers.list.iter().map(|(_, customer)| customer.exhausted_after.unwrap_or(customer.attempts));
        let attempts = attempts.max().unwrap_or(0).max(DEFAULT_LIMIT);
        let holders = certificates.list.iter().map(|(_, known)| known.worn_out_after.unwrap_or(known.holders.len()));
        let holders = holders.max().unwrap_or(0).max(DEFAULT_LIMIT);
        let mut settings = settings::learn(calls);
        for (name, limit) in [("attempts_per_customer", attempts), ("customers_per_certificate", holders)] {
            if limit != DEFAULT_LIMIT {
                settings.insert(name.to_owned(), limit.into());
            }
        }
        let has_other = customers.list.iter().any(|(_, customer)| customer.partner.is_none() && customer.is_of_other);
        let mut listed: Vec<_> =
            customers.list.iter().map(|(id, customer)| customer.spec(id, &names, attempts)).collect();
        let mut written: Vec<_> = (0..partners.len())
            .filter(|number| {
                *number == 0 || numbers.iter().zip(&callers.list).any(|(of, caller)| of == number && caller.is_partner)
            })
            .map(|number| {
                let id = own_ids.get(&number).cloned();
                let is_ready = refused.get(&number).is_none_or(|(not_ready, others)| *not_ready == 0 || *others > 0);
                partner_spec(number, id, is_ready, &names[number], partners, &numbers, callers)
            })
            .collect();
        if has_other {
            written.push(
                json!({ "name": OTHER_PARTNER, "id": unknown_account(partners.len()), "xaccount_type": "OTHER_IDP" }),
            );
        }
        let as_callers = as_callers(callers, &numbers, &names, &mut listed);
        let certificates = certificates.list.iter().filter_map(|(number, known)| known.spec(number, holders)).collect();
        LearnedWorld { settings, partners: written, customers: listed, certificates, callers: as_callers, reviews }
    }
}

/// The partner of customers of whom only that they are another's is known.
const OTHER_PARTNER: &str = "partner-of-others";

fn names(partners: &[LearnedPartner]) -> Vec<String> {
    let name = |(number, partner): (usize, &LearnedPartner)| {
        let account = partner.account.as_ref().map(|account| account.name.clone());
        let is_first = |name: &String| {
            !name.is_empty()
                && !partners[..number]
                    .iter()
                    .any(|other| other.account.as_ref().is_some_and(|other| other.name == *name))
        };
        account.filter(is_first).unwrap_or_else(|| format!("partner-{}", number + 1))
    };
    partners.iter().enumerate().map(name).collect()
}

fn partner_spec(
    number: usize,
    own_id: Option<String>,
    is_ready: bool,
    name: &str,
    partners: &[LearnedPartner],
    numbers: &[usize],
    callers: &Callers,
) -> Value {
    let LearnedPartner { account, platform } = &partners[number];
    let id = own_id.or(account.as_ref().map(|account| account.id.clone()));
    let own =
        || callers.list.iter().enumerate().filter(|(place, caller)| numbers[*place] == number && caller.is_partner);
    // A token that IAM issued, or one of unknown origin: either is one of the partner.
    let mut tokens: Vec<_> = own()
        .filter(|(_, caller)| !matches!(caller.credential, Credential::AccessKey(_)))
        .map(|(place, _)| token(place))
        .collect();
    if tokens.is_empty() {
        tokens.push(format!("token-of-partner-{}", number + 1));
    }
    let keys: Vec<_> = own()
        .filter(|(_, caller)| matches!(caller.credential, Credential::AccessKey(_)))
        .map(|(place, _)| json!({ "ak": format!("ACCESSKEY{:04}", place + 1), "sk": format!("secret-{}", place + 1) }))
        .collect();
    let is_own = |login: &&super::caller::Login| account.as_ref().is_some_and(|account| account.id == login.account);
    let users: Vec<_> = callers
        .logins
        .iter()
        .filter(is_own)
        .map(|login| json!({ "name": login.user, "password": login.password }))
        .collect();
    let mut credentials = json!({ "tokens": tokens });
    for (key, list) in [("access_keys", keys), ("users", users)].into_iter().filter(|(_, list)| !list.is_empty()) {
        credentials[key] = list.into();
    }
    let mut spec = json!({
        "name": name,
        "id": id.filter(|id| !id.is_empty()).unwrap_or_else(|| unknown_account(number)),
        "xaccount_type": platform.clone().unwrap_or_else(|| format!("PLATFORM_{}", number + 1)),
    });
    if !is_ready {
        spec["real_name"] = "unauthenticated".into();
    }
    spec["credentials"] = credentials;
    spec
}

/// The ID of a partner's account that no call tells. It is no ID of a customer: those have the form of real ones.
fn unknown_account(number: usize) -> String {
    format!("account-{}", number + 1)
}

fn token(place: usize) -> String {
    format!("token-{}", place + 1)
}

/// Says what each caller is in an exchange. A caller that the API took for a customer becomes one.
fn as_callers(
    callers: &Callers,
    numbers: &[usize],
    names: &[String],
    customers: &mut Vec<Value>,
) -> Vec<Option<String>> {
    let mut written = Vec::new();
    for (place, caller) in callers.list.iter().enumerate() {
        written.push(match (&caller.credential, caller.is_partner, caller.is_customer) {
            (_, true, _) => Some(names[numbers[place]].clone()),
            (Credential::Token(_), false, true) => {
                let id = format!("caller-{}", place + 1);
                customers.push(json!({ "id": id, "partner": names[0], "credentials": { "tokens": [token(place)] } }));
                Some(token(place))
            }
            (Credential::Token(_), false, false) => Some(format!("unknown-{}", token(place))),
            (Credential::AccessKey(_) | Credential::Absent, false, _) => None,
        });
    }
    written
}

impl LearnedCustomer {
    fn spec(&self, id: &str, names: &[String], limit: usize) -> Value {
        let mut spec = json!({ "id": id });
        let partner = self.partner.map(|number| names[number].clone());
        let partner = partner.or_else(|| self.is_of_other.then(|| OTHER_PARTNER.to_owned()));
        let attempts = self.exhausted_after.map_or(0, |after| limit.saturating_sub(after));
        let status = self.initial.filter(|status| *status != RealNameStatus::Unauthenticated);
        let fields = [
            ("partner", partner.map(Value::from)),
            ("real_name", status.map(|status| status.as_str().into())),
            ("opinion", self.opinion.clone().filter(|_| status == Some(RealNameStatus::Rejected)).map(Value::from)),
            ("attempts", (attempts > 0).then(|| attempts.into())),
            ("partner_program", self.is_in_program.then(|| true.into())),
            ("customer_type", self.customer_type.filter(|_| status.is_some()).map(|kind| json!(kind))),
        ];
        for (key, value) in fields {
            if let Some(value) = value {
                spec[key] = value;
            }
        }
        for (key, value) in &self.profile {
            spec[key] = value.clone();
        }
        spec
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

impl LearnedCertificate {
    /// `None` if nothing is to be listed.
    fn spec(&self, number: &str, limit: usize) -> Option<Value> {
        let mut spec = json!({ "number": number });
        if self.is_blocked {
            spec["blocked"] = true.into();
        }
        if self.has_failed && self.holders.is_empty() {
            spec["verdict"] = "fail".into();
        }
        if self.is_of_another {
            spec["holder"] = self.holder.as_deref().unwrap_or(ANOTHER_HOLDER).into();
        }
        if let Some(after) = self.worn_out_after {
            let missing = limit.saturating_sub(after);
            spec["used_by"] = (1..=missing).map(|holder| json!(format!("holder-{holder}"))).collect();
        }
        (spec.as_object().is_some_and(|fields| fields.len() > 1)).then_some(spec)
    }
}
