//! The business rules, in the order in which they are applied. The order is assumed: the page gives none.

use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::account::{Customer, Partner, RealNameStatus};
use crate::domain::application::Application;
use crate::domain::bucket::Inspection;
use crate::domain::catalog::{CheckItems, ErrorCode, Review};
use crate::domain::certificate::{Certificate, Verdict};
use crate::domain::checks::Citation;
use crate::domain::gateway::GatewayError;
use crate::domain::scripted::Fault;
use crate::domain::settings::Contract;

/// All that a rule may look at.
#[derive(Debug)]
pub struct Case<'a> {
    /// What was applied for.
    pub application: &'a Application<'a>,
    /// What is known besides.
    pub facts: &'a Facts,
}

/// What is known at the moment of a decision, besides what was applied for.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Who calls.
    pub partner: Arc<Partner>,
    /// The customer, if there is one with this ID.
    pub customer: Option<Arc<Customer>>,
    /// What is known of the certificate.
    pub certificate: Option<Arc<Certificate>>,
    /// How many other customers hold it.
    pub other_holders: usize,
    /// What was seen of the pictures. Of a partner that is not ready, none are looked at.
    pub pictures: Inspection,
    /// `settings.contract`.
    pub contract: Contract,
    /// `settings.attempts_per_customer`.
    pub attempts_per_customer: u32,
    /// `settings.customers_per_certificate`.
    pub customers_per_certificate: u32,
}

impl Case<'_> {
    fn failed_items(&self) -> CheckItems {
        let pictures = self.facts.pictures.pictures(self.application);
        pictures.filter_map(|(kind, _, picture)| picture.failed_item(kind, self.application)).collect()
    }

    fn status(&self) -> RealNameStatus {
        self.facts.customer.as_ref().map_or(RealNameStatus::Unauthenticated, |customer| customer.status)
    }
}

/// What a rule says: it holds, or it does not, with the failed items where the code has them.
type RuleResult = Result<(), CheckItems>;

/// One business rule.
#[derive(Debug)]
pub struct Rule {
    /// Its name: the condition that has to hold.
    pub id: &'static str,
    /// The code of the refusal when it does not.
    pub refuses_with: ErrorCode,
    /// Where it comes from.
    pub citation: Citation,
    /// Whether it holds.
    pub check: fn(&Case<'_>) -> RuleResult,
    /// What it compared, in words, without personal data.
    pub saw: fn(&Case<'_>) -> String,
}

/// The place of `attempts-left`: an application that gets past it counts as an attempt, whatever becomes
/// of it (assumed).
pub const ATTEMPTS_LEFT: usize = 7;

/// The places of `customer-has-partner` and `customer-of-caller`: whoever asks for a customer has to keep them.
pub const OWNERSHIP: [usize; 2] = [3, 4];

/// The rules, in order.
pub static RULES: [Rule; 13] = [
    Rule {
        id: "partner-ready",
        refuses_with: ErrorCode::PartnerNotReady,
        citation: Citation::documented(
            "The partner did not complete real-name authentication or bucket authentication.",
        ),
        check: |case| ensure(case.facts.partner.is_ready() && case.facts.pictures.unreachable().is_none()),
        saw: |case| {
            let Partner { photo_upload, bucket, .. } = &*case.facts.partner;
            let authenticated = case.facts.partner.is_authenticated();
            let unreachable = case.facts.pictures.unreachable();
            format!(
                "partner authenticated: {authenticated}, photo upload enabled: {photo_upload}, bucket authorized: {}{}",
                bucket.authorized,
                unreachable.map_or_else(String::new, |cause| format!(", bucket cannot be reached (assumed): {cause}"))
            )
        },
    },
    Rule {
        id: "platform-of-partner",
        refuses_with: ErrorCode::ParameterError,
        citation: Citation::assumed("The value is assigned to the partner; the page names no code for another one."),
        check: |case| ensure(*case.application.xaccount_type == *case.facts.partner.xaccount_type),
        saw: |case| {
            format!(
                "xaccount_type {:?}, assigned {:?}",
                case.application.xaccount_type, case.facts.partner.xaccount_type
            )
        },
    },
    Rule {
        id: "customer-not-caller",
        refuses_with: ErrorCode::CustomerIsCaller,
        citation: Citation::assumed("Two codes have the same text; this one is taken for the partner's own account."),
        check: |case| ensure(case.application.customer_id.as_str() != &*case.facts.partner.id),
        saw: |case| {
            format!("customer_id {}, the caller's own account {}", case.application.customer_id, case.facts.partner.id)
        },
    },
    Rule {
        id: "customer-has-partner",
        refuses_with: ErrorCode::NoPartner,
        citation: Citation::documented("You are not a customer of a partner yet."),
        check: |case| ensure(owner(case).is_some()),
        saw: |case| match &case.facts.customer {
            None => "no customer with this ID".to_owned(),
            Some(customer) => format!("partner of the customer: {}", customer.partner.as_deref().unwrap_or("none")),
        },
    },
    Rule {
        id: "customer-of-caller",
        refuses_with: ErrorCode::NotYourCustomer,
        citation: Citation::documented("You do not have the operation permission to this customer."),
        check: |case| ensure(owner(case) == Some(&*case.facts.partner.name)),
        saw: |case| {
            format!("partner of the customer: {}, caller: {}", owner(case).unwrap_or("none"), case.facts.partner.name)
        },
    },
    Rule {
        id: "customer-not-partner",
        refuses_with: ErrorCode::CustomerIsPartner,
        citation: Citation::documented(
            "You are a partner and cannot be authenticated as an individual using your real name.",
        ),
        check: |case| ensure(case.facts.customer.as_ref().is_none_or(|customer| !customer.partner_program)),
        saw: |case| {
            format!(
                "joined a partner program: {}",
                case.facts.customer.as_ref().is_some_and(|customer| customer.partner_program)
            )
        },
    },
    Rule {
        id: "not-authenticated-yet",
        refuses_with: ErrorCode::AlreadyAuthenticated,
        citation: Citation::documented("The customer has passed real-name authentication or is being reviewed."),
        check: |case| ensure(matches!(case.status(), RealNameStatus::Unauthenticated | RealNameStatus::Rejected)),
        saw: |case| format!("real-name status: {}", case.status().as_str()),
    },
    Rule {
        id: "attempts-left",
        refuses_with: ErrorCode::AttemptsExhausted,
        citation: Citation::documented(
            "The number of real-name authentication times of the customer exceeds the upper limit.",
        ),
        check: |case| ensure(attempts(case) < case.facts.attempts_per_customer),
        saw: |case| format!("attempts used: {}, allowed: {}", attempts(case), case.facts.attempts_per_customer),
    },
    Rule {
        id: "certificate-allowed",
        refuses_with: ErrorCode::CertificateBlocked,
        citation: Citation::documented(
            "The certificate ID is from an invalid certificate and cannot be used for real-name authentication.",
        ),
        check: |case| ensure(case.facts.certificate.as_ref().is_none_or(|certificate| !certificate.blocked)),
        saw: |case| {
            format!(
                "certificate blocked: {}",
                case.facts.certificate.as_ref().is_some_and(|certificate| certificate.blocked)
            )
        },
    },
    Rule {
        id: "certificate-not-worn-out",
        refuses_with: ErrorCode::CertificateWornOut,
        citation: Citation::documented(
            "The number of users who used the certificate ID for real-name authentication has reached the maximum limit.",
        ),
        check: |case| ensure(case.facts.other_holders < case.facts.customers_per_certificate as usize),
        saw: |case| {
            format!(
                "other customers with this certificate: {}, allowed: {}",
                case.facts.other_holders, case.facts.customers_per_certificate
            )
        },
    },
    Rule {
        id: "pictures-pass",
        refuses_with: ErrorCode::CheckItemsFailed,
        citation: Citation::documented(
            "The initiated service operation does not meet the service check item requirement.",
        ),
        check: |case| {
            let items = case.failed_items();
            if items.is_empty() { Ok(()) } else { Err(items) }
        },
        saw: |case| {
            let seen = case.facts.pictures.pictures(case.application).map(|(kind, path, picture)| {
                let item = picture.failed_item(kind, case.application);
                format!("{} {path:?}: {picture}: {}", kind.as_str(), item.map_or("passed", |item| item.code()))
            });
            seen.collect::<Vec<_>>().join(", ")
        },
    },
    Rule {
        id: "identity-agrees",
        refuses_with: ErrorCode::IdentityMismatch,
        citation: Citation::documented("The ID information or mobile number is incorrect."),
        check: |case| {
            let holder = case.facts.certificate.as_ref().and_then(|certificate| certificate.holder.as_deref());
            ensure(holder.is_none_or(|holder| holder == case.application.name.as_str()))
        },
        saw: |case| match case.facts.certificate.as_ref().and_then(|certificate| certificate.holder.as_ref()) {
            None => "no holder listed for this certificate".to_owned(),
            Some(holder) if **holder == *case.application.name.as_str() => "the listed holder".to_owned(),
            Some(_) => "another name than the listed holder's".to_owned(),
        },
    },
    Rule {
        id: "verification-passes",
        refuses_with: ErrorCode::VerificationFailed,
        citation: Citation::documented("Real-name authentication failed."),
        check: |case| {
            ensure(case.facts.certificate.as_ref().is_none_or(|certificate| certificate.verdict == Verdict::Pass))
        },
        saw: |case| {
            let fails = case.facts.certificate.as_ref().is_some_and(|certificate| certificate.verdict == Verdict::Fail);
            format!("verdict listed for this certificate: {}", if fails { "fail" } else { "pass" })
        },
    },
];

fn ensure(holds: bool) -> RuleResult {
    if holds { Ok(()) } else { Err(CheckItems::NONE) }
}

fn owner<'a>(case: &Case<'a>) -> Option<&'a str> {
    case.facts.customer.as_ref()?.partner.as_deref()
}

fn attempts(case: &Case<'_>) -> u32 {
    case.facts.customer.as_ref().map_or(0, |customer| customer.attempts)
}

#[cfg(test)]
mod tests {
    use super::{ATTEMPTS_LEFT, OWNERSHIP, RULES};

    #[test]
    fn the_named_places_are_the_ones_meant() {
        assert_eq!(RULES[ATTEMPTS_LEFT].id, "attempts-left");
        assert_eq!(OWNERSHIP.map(|place| RULES[place].id), ["customer-has-partner", "customer-of-caller"]);
    }
}

/// A refusal by the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The error code.
    pub code: ErrorCode,
    /// The failed check items: only ever with `CBC.99007004`.
    pub items: CheckItems,
}

impl Refusal {
    /// A refusal without check items.
    pub const fn of(code: ErrorCode) -> Self {
        Self { code, items: CheckItems::NONE }
    }
}

/// What is answered to a well-formed application.
#[derive(Clone, Copy, Debug)]
pub enum Answer {
    /// It is accepted.
    Accept(Review),
    /// The API refuses it.
    Refuse(Refusal),
    /// The gateway answers instead of the API: only a script can say so.
    Gateway(&'static GatewayError),
    /// Something happens to the connection: only a script can say so.
    Fault(Fault),
}

/// What the rules say of a case.
#[derive(Clone, Copy, Debug)]
pub enum Decision {
    /// Nothing refused it.
    Accepted(Review),
    /// A rule did.
    Refused {
        /// The rule.
        rule: &'static Rule,
        /// What it answers.
        refusal: Refusal,
        /// True when the customer has used up an attempt all the same.
        attempted: bool,
    },
}

/// Applies the rules to a case, in order: the first that does not hold refuses.
pub fn decide(case: &Case<'_>, review: Review) -> Decision {
    for (place, rule) in RULES.iter().enumerate() {
        if let Err(items) = (rule.check)(case) {
            let refusal = Refusal { code: rule.refuses_with, items };
            return Decision::Refused { rule, refusal, attempted: place > ATTEMPTS_LEFT };
        }
    }
    Decision::Accepted(review)
}

impl Decision {
    /// What is answered.
    pub const fn answer(&self) -> Answer {
        match self {
            Self::Accepted(review) => Answer::Accept(*review),
            Self::Refused { refusal, .. } => Answer::Refuse(*refusal),
        }
    }

    /// The customer as the decision leaves it; absent: the decision changes nothing.
    pub fn change(&self, case: &Case<'_>, now: Timestamp) -> Option<Customer> {
        let customer = case.facts.customer.as_ref()?;
        match self {
            Self::Accepted(review) => Some(customer.accepted(*review, now)),
            Self::Refused { attempted, .. } => attempted.then(|| customer.attempted()),
        }
    }
}

/// How one check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckResult {
    /// It held.
    Passed,
    /// It did not, and decided the answer.
    Failed,
    /// An earlier one decided.
    NotReached,
}

/// One line of an explanation.
#[derive(Clone, Debug)]
pub struct CheckReport {
    /// The check's name.
    pub check: &'static str,
    /// How it ended.
    pub result: CheckResult,
    /// What it compared, without personal data; empty when it was not reached.
    pub saw: String,
    /// Where it comes from.
    pub citation: Citation,
}

/// Every rule with what it saw in this case. Costs as much as deciding again, so it is done when asked.
pub fn explain(case: &Case<'_>) -> Vec<CheckReport> {
    let mut decided = false;
    let finding = |rule: &Rule| {
        let result = match (decided, (rule.check)(case)) {
            (true, _) => CheckResult::NotReached,
            (false, Ok(())) => CheckResult::Passed,
            (false, Err(_)) => CheckResult::Failed,
        };
        decided |= result == CheckResult::Failed;
        let saw = if result == CheckResult::NotReached { String::new() } else { (rule.saw)(case) };
        CheckReport { check: rule.id, result, saw, citation: rule.citation }
    };
    RULES.iter().map(finding).collect()
}
