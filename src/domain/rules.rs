//! The business rules, in the order in which they are applied, and the decision on a case. The order is assumed: the page gives
//! none. A ruling is the same of an endpoint without an application: what its conditions said of a request.

use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use strum::IntoStaticStr;

use crate::domain::account::{Customer, CustomerType, Partner, RealNameStatus};
use crate::domain::application::Application;
use crate::domain::bucket::Inspection;
use crate::domain::catalog::{ApiCode, CheckItems, ErrorCode, OtherError, Review};
use crate::domain::certificate::{Certificate, Verdict};
use crate::domain::checks::Citation;
use crate::domain::gateway::GatewayError;
use crate::domain::scripted::RawAnswer;
use crate::domain::settings::Contract;
use crate::domain::text::{printable, short};

/// Everything that a rule may look at.
#[derive(Debug)]
pub struct Case<'a> {
    pub application: &'a Application<'a>,
    pub facts: &'a Facts,
}

/// What is known at the moment of a decision, besides the application.
#[derive(Clone, Debug)]
pub struct Facts {
    pub partner: Arc<Partner>,
    pub customer: Option<Arc<Customer>>,
    /// The certificate, if it is listed.
    pub certificate: Option<Arc<Certificate>>,
    /// How many other customers hold the certificate.
    pub other_holders: usize,
    /// The pictures. They are not inspected if the partner is not ready.
    pub pictures: Inspection,
    pub contract: Contract,
    pub attempts_per_customer: u32,
    pub customers_per_certificate: u32,
}

impl<'a> Case<'a> {
    fn partner(&self) -> &'a Partner {
        &self.facts.partner
    }

    fn customer(&self) -> Option<&'a Customer> {
        self.facts.customer.as_deref()
    }

    fn certificate(&self) -> Option<&'a Certificate> {
        self.facts.certificate.as_deref()
    }

    fn status(&self) -> RealNameStatus {
        self.customer().map_or(RealNameStatus::Unauthenticated, |customer| customer.status)
    }

    fn customer_type(&self) -> Option<CustomerType> {
        self.customer()?.customer_type()
    }

    fn saw_authentication(&self) -> String {
        let customer_type = match self.customer_type() {
            None => "none",
            Some(CustomerType::Individual) => "individual",
            Some(CustomerType::Enterprise) => "enterprise",
        };
        format!("real-name status: {}, customer type: {customer_type}", self.status().as_str())
    }

    fn attempts(&self) -> u32 {
        self.customer().map_or(0, |customer| customer.attempts)
    }

    fn failed_items(&self) -> CheckItems {
        let pictures = self.facts.pictures.pictures(self.application);
        pictures.filter_map(|(kind, _, picture)| picture.failed_item(kind, self.application)).collect()
    }

    /// Returns the holder listed for the certificate. `None` if any name agrees.
    fn holder(&self) -> Option<&'a str> {
        self.certificate()?.holder.as_deref()
    }

    fn verdict(&self) -> Verdict {
        self.certificate().map_or(Verdict::Pass, |certificate| certificate.verdict)
    }
}

/// A business rule. Its ID names the condition that must hold.
#[derive(Debug)]
pub struct Rule {
    pub id: &'static str,
    pub refuses_with: ErrorCode,
    pub citation: Citation,
    /// Returns true if the rule holds.
    pub check: fn(&Case<'_>) -> bool,
    /// Describes what the rule compared, without personal data.
    pub saw: fn(&Case<'_>) -> String,
}

/// For an enterprise.
pub static ENTERPRISE_RULES: [&Rule; 7] = [
    &PARTNER_READY,
    &PLATFORM_OF_PARTNER,
    &CUSTOMER_HAS_PARTNER,
    &CUSTOMER_OF_CALLER,
    &NOT_AUTHENTICATED_YET,
    &ATTEMPTS_LEFT,
    &PICTURES_PASS,
];

/// To change an individual to an enterprise.
pub static CHANGE_RULES: [&Rule; 8] = [
    &PARTNER_READY,
    &PLATFORM_OF_PARTNER,
    &CUSTOMER_HAS_PARTNER,
    &CUSTOMER_OF_CALLER,
    &NO_ENTERPRISE_YET,
    &INDIVIDUAL_PASSED,
    &ATTEMPTS_LEFT,
    &PICTURES_PASS,
];

/// For an individual.
pub static RULES: [&Rule; 13] = [
    &PARTNER_READY,
    &PLATFORM_OF_PARTNER,
    &CUSTOMER_NOT_CALLER,
    &CUSTOMER_HAS_PARTNER,
    &CUSTOMER_OF_CALLER,
    &CUSTOMER_NOT_PARTNER,
    &NOT_AUTHENTICATED_YET,
    &ATTEMPTS_LEFT,
    &CERTIFICATE_ALLOWED,
    &CERTIFICATE_NOT_WORN_OUT,
    &PICTURES_PASS,
    &IDENTITY_AGREES,
    &VERIFICATION_PASSES,
];

static PARTNER_READY: Rule = Rule {
    id: "partner-ready",
    refuses_with: ErrorCode::PartnerNotReady,
    citation: Citation::documented("The partner did not complete real-name authentication or bucket authentication."),
    check: |case| case.partner().is_ready() && case.facts.pictures.unreachable().is_none(),
    saw: |case| {
        let Partner { photo_upload, bucket, .. } = case.partner();
        let authenticated = case.partner().is_authenticated();
        let unreachable = case.facts.pictures.unreachable();
        format!(
            "partner authenticated: {authenticated}, photo upload enabled: {photo_upload}, bucket authorized: {}{}",
            bucket.authorized,
            unreachable.map_or_else(String::new, |cause| format!(", bucket cannot be reached (assumed): {cause}"))
        )
    },
};

pub(super) static PLATFORM_OF_PARTNER: Rule = Rule {
    id: "platform-of-partner",
    refuses_with: ErrorCode::ParameterError,
    citation: Citation::assumed("The value is assigned to the partner; the page names no code for another one."),
    check: |case| *case.application.xaccount_type == *case.partner().xaccount_type,
    saw: |case| saw_platform(&case.application.xaccount_type, &case.partner().xaccount_type),
};

pub(super) fn saw_platform(given: &str, assigned: &str) -> String {
    format!(
        "xaccount_type is {} {assigned:?}",
        if given == assigned { "the assigned" } else { "another than the assigned" }
    )
}

static CUSTOMER_NOT_CALLER: Rule = Rule {
    id: "customer-not-caller",
    refuses_with: ErrorCode::CustomerIsCaller,
    citation: Citation::assumed("Two codes have the same text; this one is taken for the partner's own account."),
    check: |case| case.application.customer_id.as_str() != &*case.partner().id,
    saw: |case| {
        let (customer, own) = (printable(case.application.customer_id.as_str()), printable(&case.partner().id));
        format!("customer_id {customer}, the caller's own account {own}")
    },
};

static CUSTOMER_HAS_PARTNER: Rule = Rule {
    id: "customer-has-partner",
    refuses_with: ErrorCode::NoPartner,
    citation: Citation::documented("You are not a customer of a partner yet."),
    check: |case| partner_of(case.customer()).is_some(),
    saw: |case| saw_partner_of(case.customer()),
};

static CUSTOMER_OF_CALLER: Rule = Rule {
    id: "customer-of-caller",
    refuses_with: ErrorCode::NotYourCustomer,
    citation: Citation::documented("You do not have the operation permission to this customer."),
    check: |case| partner_of(case.customer()) == Some(&*case.partner().name),
    saw: |case| saw_owner(case.customer(), case.partner()),
};

static CUSTOMER_NOT_PARTNER: Rule = Rule {
    id: "customer-not-partner",
    refuses_with: ErrorCode::CustomerIsPartner,
    citation: Citation::documented(
        "You are a partner and cannot be authenticated as an individual using your real name.",
    ),
    check: |case| !case.customer().is_some_and(|customer| customer.partner_program),
    saw: |case| {
        format!("joined a partner program: {}", case.customer().is_some_and(|customer| customer.partner_program))
    },
};

static NOT_AUTHENTICATED_YET: Rule = Rule {
    id: "not-authenticated-yet",
    refuses_with: ErrorCode::AlreadyAuthenticated,
    citation: Citation::documented("The customer has passed real-name authentication or is being reviewed."),
    check: |case| !case.status().is_accepted(),
    saw: |case| format!("real-name status: {}", case.status().as_str()),
};

static NO_ENTERPRISE_YET: Rule = Rule {
    id: "no-enterprise-yet",
    refuses_with: ErrorCode::AlreadyAuthenticated,
    citation: Citation::assumed("An application under review, or passed as an enterprise, ends as for an individual."),
    check: |case| {
        let is_enterprise = case.status().is_accepted() && case.customer_type() == Some(CustomerType::Enterprise);
        case.status() != RealNameStatus::UnderReview && !is_enterprise
    },
    saw: |case| case.saw_authentication(),
};

static INDIVIDUAL_PASSED: Rule = Rule {
    id: "individual-passed",
    refuses_with: ErrorCode::ParameterError,
    citation: Citation::assumed(
        "The page knows no other change than that of an individual, and names no code: change_type does not fit.",
    ),
    check: |case| case.status() == RealNameStatus::Authenticated,
    saw: |case| case.saw_authentication(),
};

static ATTEMPTS_LEFT: Rule = Rule {
    id: "attempts-left",
    refuses_with: ErrorCode::AttemptsExhausted,
    citation: Citation::documented(
        "The number of real-name authentication times of the customer exceeds the upper limit.",
    ),
    check: |case| case.attempts() < case.facts.attempts_per_customer,
    saw: |case| format!("attempts used: {}, allowed: {}", case.attempts(), case.facts.attempts_per_customer),
};

static CERTIFICATE_ALLOWED: Rule = Rule {
    id: "certificate-allowed",
    refuses_with: ErrorCode::CertificateBlocked,
    citation: Citation::documented(
        "The certificate ID is from an invalid certificate and cannot be used for real-name authentication.",
    ),
    check: |case| !case.certificate().is_some_and(|certificate| certificate.blocked),
    saw: |case| format!("certificate blocked: {}", case.certificate().is_some_and(|certificate| certificate.blocked)),
};

static CERTIFICATE_NOT_WORN_OUT: Rule = Rule {
    id: "certificate-not-worn-out",
    refuses_with: ErrorCode::CertificateWornOut,
    citation: Citation::documented(
        "The number of users who used the certificate ID for real-name authentication has reached the maximum limit.",
    ),
    check: |case| case.facts.other_holders < case.facts.customers_per_certificate as usize,
    saw: |case| {
        format!(
            "other customers with this certificate: {}, allowed: {}",
            case.facts.other_holders, case.facts.customers_per_certificate
        )
    },
};

static PICTURES_PASS: Rule = Rule {
    id: "pictures-pass",
    refuses_with: ErrorCode::CheckItemsFailed,
    citation: Citation::documented("The initiated service operation does not meet the service check item requirement."),
    check: |case| case.failed_items().is_empty(),
    saw: |case| {
        let pictures = case.facts.pictures.pictures(case.application).map(|(kind, path, picture)| {
            let item = picture.failed_item(kind, case.application);
            format!("{kind} {:?}: {picture}: {}", short(path.as_str()), item.map_or("passed", |item| item.code()))
        });
        pictures.collect::<Vec<_>>().join(", ")
    },
};

static IDENTITY_AGREES: Rule = Rule {
    id: "identity-agrees",
    refuses_with: ErrorCode::IdentityMismatch,
    citation: Citation::documented("The ID information or mobile number is incorrect."),
    check: |case| case.holder().is_none_or(|holder| holder == case.application.name.as_str()),
    saw: |case| {
        let saw = match case.holder() {
            None => "no holder listed for this certificate",
            Some(holder) if holder == case.application.name.as_str() => "the listed holder",
            Some(_) => "another name than the listed holder's",
        };
        saw.to_owned()
    },
};

static VERIFICATION_PASSES: Rule = Rule {
    id: "verification-passes",
    refuses_with: ErrorCode::VerificationFailed,
    citation: Citation::documented("Real-name authentication failed."),
    check: |case| case.verdict() == Verdict::Pass,
    saw: |case| {
        let verdict = if case.verdict() == Verdict::Pass { "pass" } else { "fail" };
        format!("verdict listed for this certificate: {verdict}")
    },
};

impl Rule {
    /// Returns the rule as a condition of an endpoint without an application.
    pub const fn condition(&self) -> Condition {
        Condition { id: self.id, refuses_with: ApiCode::Page(self.refuses_with), citation: self.citation }
    }
}

/// What keeps a partner from customers of others.
pub static OWNERSHIP: [Condition; 2] = [CUSTOMER_HAS_PARTNER.condition(), CUSTOMER_OF_CALLER.condition()];

/// Applies the ownership rules without an application.
pub fn check_ownership(customer: Option<&Customer>, caller: &Partner) -> Ruling {
    let mut ruling = Ruling::default();
    let [has_partner, of_caller] = &OWNERSHIP;
    let is_of_caller = || partner_of(customer) == Some(&*caller.name);
    ruling.check(has_partner, || partner_of(customer).is_some(), || saw_partner_of(customer)).check(
        of_caller,
        is_of_caller,
        || saw_owner(customer, caller),
    );
    ruling
}

fn partner_of(customer: Option<&Customer>) -> Option<&str> {
    customer.filter(|customer| !customer.is_association_pending)?.partner.as_deref()
}

fn saw_owner(customer: Option<&Customer>, caller: &Partner) -> String {
    format!("{}, caller: {}", saw_partner_of(customer), printable(&caller.name))
}

fn saw_partner_of(customer: Option<&Customer>) -> String {
    match customer {
        None => "no customer with this ID".to_owned(),
        Some(customer) if customer.is_association_pending => {
            "the association with the partner is still to come".to_owned()
        }
        Some(customer) => {
            format!("partner of the customer: {}", printable(customer.partner.as_deref().unwrap_or("none")))
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: ErrorCode,
    /// The failed check items. Only `CBC.99007004` has any.
    pub items: CheckItems,
}

impl Refusal {
    pub const fn of(code: ErrorCode) -> Self {
        Self { code, items: CheckItems::NONE }
    }
}

#[derive(Clone, Debug)]
pub enum Answer {
    Accept(Review),
    Refuse(Refusal),
    /// An error beyond the page's list.
    Other(&'static OtherError),
    /// The gateway answers in the place of the API.
    Gateway(&'static GatewayError),
    /// Anything that a proxy may answer. Only a script causes this.
    Raw(Arc<RawAnswer>),
}

#[derive(Clone, Copy, Debug)]
pub enum Decision {
    Accepted(Review),
    Refused {
        rule: &'static Rule,
        refusal: Refusal,
        /// Whether the application counts as an attempt.
        attempted: bool,
    },
}

/// Applies the rules in order: the first one that does not hold refuses. An application that gets past `attempts-left`
/// counts as an attempt even if it is refused (assumed).
pub fn decide(case: &Case<'_>, review: Review) -> Decision {
    let mut attempted = false;
    for rule in case.application.kind.rules {
        if !(rule.check)(case) {
            let has_items = rule.refuses_with == ErrorCode::CheckItemsFailed;
            let items = if has_items { case.failed_items() } else { CheckItems::NONE };
            let refusal = Refusal { code: rule.refuses_with, items };
            return Decision::Refused { rule, refusal, attempted };
        }
        attempted |= rule.id == ATTEMPTS_LEFT.id;
    }
    Decision::Accepted(review)
}

impl Decision {
    pub const fn answer(&self) -> Answer {
        match self {
            Self::Accepted(review) => Answer::Accept(*review),
            Self::Refused { refusal, .. } => Answer::Refuse(*refusal),
        }
    }

    /// Returns the customer after the decision. `None` if the decision changes nothing.
    pub fn change(&self, case: &Case<'_>, now: Timestamp) -> Option<Customer> {
        let customer = case.customer()?;
        match self {
            Self::Accepted(review) => Some(customer.accepted(case.application, *review, now)),
            Self::Refused { attempted, .. } => attempted.then(|| customer.attempted()),
        }
    }
}

/// The result of one check or rule in an explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CheckResult {
    /// It holds.
    Passed,
    /// It does not hold, and decided the answer.
    Failed,
    /// An earlier one decided the answer.
    NotReached,
}

/// A check or a rule.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct CheckReport {
    /// The name of the check or the rule.
    pub check: &'static str,
    /// What came of it.
    pub result: CheckResult,
    /// What it compared.
    pub saw: String,
    #[serde(flatten)]
    pub citation: Citation,
}

/// Explains a decision: every rule with its result and what it saw. This applies the rules again, so call it on demand.
pub fn explain(case: &Case<'_>) -> Vec<CheckReport> {
    let mut is_decided = false;
    let kind = case.application.kind;
    let report = |rule: &Rule| {
        let (result, saw) = if is_decided {
            (CheckResult::NotReached, String::new())
        } else {
            is_decided = !(rule.check)(case);
            (if is_decided { CheckResult::Failed } else { CheckResult::Passed }, (rule.saw)(case))
        };
        CheckReport { check: rule.id, result, saw, citation: kind.basis.unwrap_or(rule.citation) }
    };
    kind.rules.iter().copied().map(report).collect()
}

/// A condition that must hold for a request, by its name.
#[derive(Clone, Copy, Debug)]
pub struct Condition {
    pub id: &'static str,
    pub refuses_with: ApiCode,
    pub citation: Citation,
}

/// Conditions in order, each with what it saw. The first that does not hold refuses the request, and no other is looked at
/// after it.
#[derive(Clone, Debug, Default)]
pub struct Ruling {
    pub reports: Vec<CheckReport>,
    /// The condition that does not hold.
    pub refused_by: Option<Condition>,
}

impl Ruling {
    /// Adds a condition. `holds` and `saw` are not called after a refusal.
    pub fn check(
        &mut self,
        condition: &Condition,
        holds: impl FnOnce() -> bool,
        saw: impl FnOnce() -> String,
    ) -> &mut Self {
        let Condition { id, citation, .. } = *condition;
        let (result, saw) = match self.refused_by {
            Some(_) => (CheckResult::NotReached, String::new()),
            None if holds() => (CheckResult::Passed, saw()),
            None => {
                self.refused_by = Some(*condition);
                (CheckResult::Failed, saw())
            }
        };
        self.reports.push(CheckReport { check: id, result, saw, citation });
        self
    }

    /// Returns the error, if a condition does not hold.
    pub fn refusal(&self) -> Option<Answer> {
        self.refused_by.map(|condition| condition.refuses_with.answer())
    }

    /// Returns what the condition saw that does not hold.
    pub fn saw(&self) -> Option<&str> {
        let failed = self.reports.iter().find(|report| report.result == CheckResult::Failed);
        failed.map(|report| &*report.saw)
    }
}
