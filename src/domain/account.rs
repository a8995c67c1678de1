//! Accounts: partners, which call the API, their customers, and the caller that a credential belongs to.

use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::domain::application::Application;
use crate::domain::bucket::Bucket;
use crate::domain::catalog::Review;
use crate::domain::credentials::Credentials;

/// Whether a partner has completed its own real-name authentication.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it all")]
pub enum PartnerRealName {
    #[default]
    Authenticated,
    Unauthenticated,
}

/// A partner, which resells cloud services to customers.
#[derive(Clone, Debug)]
pub struct Partner {
    /// The account (domain) ID.
    pub id: Box<str>,
    /// The name, by which customers and scripts refer to the partner.
    pub name: Arc<str>,
    /// The platform ID that Huawei Cloud assigned to the partner.
    pub xaccount_type: Box<str>,
    /// The partner's own real-name authentication.
    pub real_name: PartnerRealName,
    /// Whether "Upload Photos of Handheld ID Cards Required for Real-Name Authentication" is enabled.
    pub photo_upload: bool,
    /// The bucket with the customers' pictures.
    pub bucket: Bucket,
    /// The credentials of the partner.
    pub credentials: Credentials,
}

impl Partner {
    /// Returns a partner that is ready for customers. Its account ID is its name, its bucket has every picture, and it has
    /// no credentials yet.
    pub fn new(name: &str, xaccount_type: &str) -> Self {
        Self {
            id: name.into(),
            name: name.into(),
            xaccount_type: xaccount_type.into(),
            real_name: PartnerRealName::default(),
            photo_upload: true,
            bucket: Bucket::default(),
            credentials: Credentials::default(),
        }
    }

    /// Returns true if the partner has passed real-name authentication itself.
    pub fn is_authenticated(&self) -> bool {
        self.real_name == PartnerRealName::Authenticated
    }

    /// Returns true if the partner fulfils the conditions for its customers to apply. Its bucket may still turn out to be
    /// unreachable.
    pub fn is_ready(&self) -> bool {
        self.is_authenticated() && self.photo_upload && self.bucket.authorized
    }
}

/// A customer's account ID.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CustomerId(Arc<str>);

impl CustomerId {
    /// Accepts any text: the length is checked when an application is parsed.
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    /// Returns the ID as on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The state of a customer's real-name authentication.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RealNameStatus {
    /// No application has been accepted yet.
    #[default]
    Unauthenticated,
    /// An accepted application waits for a reviewer.
    UnderReview,
    /// The reviewer rejected the application. The customer may apply again.
    Rejected,
    /// The customer has passed.
    Authenticated,
}

impl RealNameStatus {
    /// The word in fixtures and explanations.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Returns true if the customer keeps its certificate: it has passed or is under review.
    pub const fn is_accepted(self) -> bool {
        matches!(self, Self::UnderReview | Self::Authenticated)
    }
}

/// A reviewer's decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReviewDecision {
    Approve,
    Reject,
}

/// The kind of a customer, which it chooses by its application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CustomerType {
    /// A person.
    Individual = 0,
    /// An organization.
    Enterprise = 1,
}

/// How a customer is associated with its partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, IntoStaticStr)]
pub enum AssociationType {
    /// The partner refers the customer.
    #[serde(rename = "1")]
    #[strum(serialize = "1")]
    Referral,
    /// The partner resells to the customer.
    #[serde(rename = "3")]
    #[strum(serialize = "3")]
    Resale,
}

impl Profile {
    pub fn associated_on(&self) -> Timestamp {
        self.associated_on.unwrap_or(ASSOCIATED_ON)
    }

    pub fn association_type(&self) -> AssociationType {
        self.association_type.unwrap_or(AssociationType::Resale)
    }
}

impl AssociationType {
    /// The text on the wire.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What is known of a customer's account besides its authentication. Texts that are not known are `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// The login name. `None` means the account ID.
    pub account_name: Option<Box<str>>,
    /// When the customer became one of its partner. `None` means [`ASSOCIATED_ON`]. In the future, it has not yet.
    pub associated_on: Option<Timestamp>,
    /// The association with the partner. `None` means resale.
    pub association_type: Option<AssociationType>,
    /// The partner's label for it.
    pub label: Option<Box<str>>,
    /// The telephone number.
    pub telephone: Option<Box<str>>,
    /// The country code of the telephone number.
    pub country_code: Option<Box<str>>,
    /// The mail address.
    pub email: Option<Box<str>>,
    /// The level, such as `V0`.
    pub customer_level: Option<Box<str>>,
    /// The user ID on the partner's platform.
    pub xaccount_id: Option<Box<str>>,
    /// The login name of the partner's account manager for it.
    pub account_manager: Option<Box<str>>,
    /// Whether the partner has frozen it.
    pub is_frozen: bool,
}

/// When a customer became one of its partner, if the world does not say: the month of the page (assumed). The start of the
/// world would be another time whenever a world is loaded again.
pub const ASSOCIATED_ON: Timestamp = Timestamp::constant(1_677_628_800, 0);

static EMPTY_PROFILE: LazyLock<Profile> = LazyLock::new(Profile::default);

/// The current state of a customer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Customer {
    /// The name of the customer's partner.
    pub partner: Option<Arc<str>>,
    /// Whether the customer has joined a partner program itself.
    pub partner_program: bool,
    /// The state of its real-name authentication.
    pub status: RealNameStatus,
    /// The number of attempts it has used.
    pub attempts: u32,
    /// The start of the current review. `None` means the start of the world.
    pub under_review_since: Option<Timestamp>,
    /// The reviewer's opinion, if the application was rejected.
    pub opinion: Option<Arc<str>>,
    /// What it is or applies to be. `None` means an individual, if it has applied.
    pub customer_type: Option<CustomerType>,
    /// The name that has passed the authentication.
    pub name: Option<Arc<str>>,
    /// The name in the application under review.
    pub applied_name: Option<Arc<str>>,
    /// Whether the latest application is to change an individual to an enterprise. It stays an individual until that passes.
    pub is_change: bool,
    /// The rest of what is known. `None` is an empty profile.
    pub profile: Option<Arc<Profile>>,
    /// Whether the association with the partner is still to come. It is found out at each look.
    pub is_association_pending: bool,
}

impl Customer {
    /// Returns a new customer of this partner.
    pub fn new(partner: impl Into<Arc<str>>) -> Self {
        Self { partner: Some(partner.into()), ..Self::default() }
    }

    /// Returns the customer after a refused application that counts as an attempt.
    pub fn attempted(&self) -> Self {
        Self { attempts: self.attempts.saturating_add(1), ..self.clone() }
    }

    /// Returns what is known of its account.
    pub fn profile(&self) -> &Profile {
        self.profile.as_deref().unwrap_or(&EMPTY_PROFILE)
    }

    /// Returns its login name. `id` is its account ID.
    pub fn account_name<'a>(&'a self, id: &'a CustomerId) -> &'a str {
        self.profile().account_name.as_deref().unwrap_or(id.as_str())
    }

    /// Returns what it is or applies to be. `None` if it has never applied.
    pub fn customer_type(&self) -> Option<CustomerType> {
        self.customer_type.or(self.default_type())
    }

    /// Returns its type if nothing else is known: the customers of most scenarios are individuals.
    pub fn default_type(&self) -> Option<CustomerType> {
        (self.status != RealNameStatus::Unauthenticated).then_some(CustomerType::Individual)
    }

    /// Returns true if it can have applied to be changed: it is an individual, or has been one.
    pub fn can_have_changed(&self) -> bool {
        match self.status {
            RealNameStatus::Authenticated => true,
            RealNameStatus::UnderReview => self.customer_type() == Some(CustomerType::Individual),
            RealNameStatus::Unauthenticated | RealNameStatus::Rejected => false,
        }
    }

    /// Returns the result of the review of its latest application. It differs from its status if a change was rejected.
    pub fn review_status(&self) -> RealNameStatus {
        let is_rejected_change = self.status == RealNameStatus::Authenticated
            && self.is_change
            && self.customer_type() == Some(CustomerType::Individual);
        if is_rejected_change { RealNameStatus::Rejected } else { self.status }
    }

    /// Returns the customer after an accepted application.
    pub fn accepted(&self, application: &Application<'_>, review: Review, now: Timestamp) -> Self {
        // A script may accept a change of what is no individual yet: then it is an enterprise's first application.
        let can_change = match self.status {
            RealNameStatus::Authenticated => self.customer_type() == Some(CustomerType::Individual),
            RealNameStatus::UnderReview => self.is_change,
            RealNameStatus::Unauthenticated | RealNameStatus::Rejected => false,
        };
        let is_change = application.kind.is_change && can_change;
        // A change leaves the type as it is until it passes (assumed).
        let customer_type = if is_change { self.customer_type() } else { Some(application.kind.customer_type) };
        let applied = Self {
            status: RealNameStatus::UnderReview,
            under_review_since: (review == Review::Manual).then_some(now),
            opinion: None,
            customer_type,
            applied_name: Some(application.name.as_str().into()),
            is_change,
            ..self.attempted()
        };
        match review {
            Review::NotNeeded => applied.passed(),
            Review::Manual => applied,
        }
    }

    /// Returns the customer after its application has passed.
    fn passed(self) -> Self {
        let customer_type = if self.is_change { Some(CustomerType::Enterprise) } else { self.customer_type() };
        Self {
            status: RealNameStatus::Authenticated,
            customer_type,
            name: self.applied_name.or(self.name),
            applied_name: None,
            ..self
        }
    }

    /// Returns the customer after a review. `opinion` is kept only if the reviewer rejects. A rejected customer may apply
    /// again, and one whose change is rejected stays the individual that it was (both assumed).
    pub fn reviewed(&self, decision: ReviewDecision, opinion: Option<Arc<str>>) -> Self {
        let status = if self.is_change { RealNameStatus::Authenticated } else { RealNameStatus::Rejected };
        match decision {
            ReviewDecision::Approve => self.clone().passed(),
            ReviewDecision::Reject => Self { status, opinion, applied_name: None, ..self.clone() },
        }
    }

    /// Returns true if the customer is under review since the start of the world.
    pub fn has_undated_review(&self) -> bool {
        self.status == RealNameStatus::UnderReview && self.under_review_since.is_none()
    }

    /// Approves a review that has lasted `review_after` or longer. `started_at` is the start of the world.
    pub fn with_due_review(mut self, now: Timestamp, started_at: Timestamp, review_after: Duration) -> Self {
        if self.status == RealNameStatus::UnderReview {
            let since = *self.under_review_since.get_or_insert(started_at);
            if now.duration_since(since).unsigned_abs() >= review_after && now >= since {
                return self.passed();
            }
        }
        self
    }
}

/// The account that made a request. A customer, with its own credentials, may not call the API.
#[derive(Clone, Debug)]
pub enum Caller {
    Partner(Arc<Partner>),
    Customer(CustomerId),
}

/// A reference to an account: a partner and a customer may have the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountRef<'a> {
    /// By its name.
    Partner(&'a str),
    Customer(&'a CustomerId),
}

impl<'a> AccountRef<'a> {
    /// Returns the account's name: a customer is called by its ID.
    pub fn name(self) -> &'a str {
        match self {
            Self::Partner(name) => name,
            Self::Customer(id) => id.as_str(),
        }
    }
}

impl Caller {
    pub fn account(&self) -> AccountRef<'_> {
        match self {
            Self::Partner(partner) => AccountRef::Partner(&partner.name),
            Self::Customer(id) => AccountRef::Customer(id),
        }
    }

    /// Returns the account (domain) ID.
    pub fn account_id(&self) -> &str {
        match self {
            Self::Partner(partner) => &partner.id,
            Self::Customer(id) => id.as_str(),
        }
    }

    /// Returns the account (domain) name. A customer's name is its ID.
    pub fn account_name(&self) -> &str {
        self.account().name()
    }
}
