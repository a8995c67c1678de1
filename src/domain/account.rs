//! Accounts: partners, who call the API; their customers; and who a credential belongs to.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::domain::bucket::Bucket;
use crate::domain::catalog::Review;
use crate::domain::credentials::Credentials;

/// Whether a partner has completed its own real-name authentication.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PartnerRealName {
    /// It has.
    #[default]
    Authenticated,
    /// It has not.
    Unauthenticated,
}

/// A partner that resells cloud to customers.
#[derive(Clone, Debug)]
pub struct Partner {
    /// The account (domain) ID.
    pub id: Box<str>,
    /// The name by which customers and scripts refer to it.
    pub name: Arc<str>,
    /// The platform ID that was assigned to it.
    pub xaccount_type: Box<str>,
    /// Whether it has passed real-name authentication itself.
    pub real_name: PartnerRealName,
    /// "Upload Photos of Handheld ID Cards Required for Real-Name Authentication" is enabled.
    pub photo_upload: bool,
    /// Where its customers' pictures lie.
    pub bucket: Bucket,
    /// What it proves itself with.
    pub credentials: Credentials,
}

impl Partner {
    /// A partner of this name and platform that is ready for customers. Its account ID is its name, its bucket has every
    /// picture, and it has no credentials yet.
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

    /// True when it has passed real-name authentication itself.
    pub fn is_authenticated(&self) -> bool {
        self.real_name == PartnerRealName::Authenticated
    }

    /// True when nothing on its side keeps its customers from applying, as far as can be told without its bucket.
    pub fn is_ready(&self) -> bool {
        self.is_authenticated() && self.photo_upload && self.bucket.authorized
    }
}

/// A customer's account ID.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CustomerId(Arc<str>);

impl CustomerId {
    /// Takes any text; an application has checked its length.
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    /// The ID on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Arc<str>> for CustomerId {
    fn from(id: Arc<str>) -> Self {
        Self(id)
    }
}

impl fmt::Display for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How far a customer's real-name authentication has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RealNameStatus {
    /// Nothing was accepted yet.
    #[default]
    Unauthenticated,
    /// An application waits for a person's decision.
    UnderReview,
    /// A person refused; the customer may apply again.
    Rejected,
    /// Passed.
    Authenticated,
}

impl RealNameStatus {
    /// The word used in fixtures and explanations.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::UnderReview => "under_review",
            Self::Rejected => "rejected",
            Self::Authenticated => "authenticated",
        }
    }

    /// True while an accepted application keeps its certificate from others: passed, or under review.
    pub const fn is_accepted(self) -> bool {
        matches!(self, Self::UnderReview | Self::Authenticated)
    }
}

/// What the reviewer decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewDecision {
    /// The customer is authenticated.
    Approve,
    /// It is not.
    Reject,
}

/// A customer as it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Customer {
    /// The name of the partner it belongs to.
    pub partner: Option<Arc<str>>,
    /// It has joined a partner program itself.
    pub partner_program: bool,
    /// How far its authentication has come.
    pub status: RealNameStatus,
    /// How many applications it has used up.
    pub attempts: u32,
    /// When the review that it is under began; absent: when the world began.
    pub under_review_since: Option<Timestamp>,
    /// The reviewer's opinion, when rejected.
    pub opinion: Option<Arc<str>>,
}

impl Customer {
    /// A new customer of this partner.
    pub fn of(partner: impl Into<Arc<str>>) -> Self {
        Self { partner: Some(partner.into()), ..Self::default() }
    }

    /// The customer after an application that counts, but was refused.
    pub fn attempted(&self) -> Self {
        Self { attempts: self.attempts.saturating_add(1), ..self.clone() }
    }

    /// The customer after an accepted application.
    pub fn accepted(&self, review: Review, now: Timestamp) -> Self {
        let (status, under_review_since) = match review {
            Review::NotNeeded => (RealNameStatus::Authenticated, None),
            Review::Manual => (RealNameStatus::UnderReview, Some(now)),
        };
        Self { status, under_review_since, opinion: None, ..self.attempted() }
    }

    /// The customer after a review, with the reviewer's opinion when it was rejected. A rejected customer may apply
    /// again (assumed).
    pub fn reviewed(&self, verdict: ReviewDecision, opinion: Option<Arc<str>>) -> Self {
        match verdict {
            ReviewDecision::Approve => Self { status: RealNameStatus::Authenticated, ..self.clone() },
            ReviewDecision::Reject => Self { status: RealNameStatus::Rejected, opinion, ..self.clone() },
        }
    }

    /// True when it is under review, and when that began is not said.
    pub fn is_undated(&self) -> bool {
        self.status == RealNameStatus::UnderReview && self.under_review_since.is_none()
    }

    /// The customer at a moment: a review that lasted `review_after` has been approved by itself.
    pub fn at(mut self, now: Timestamp, began: Timestamp, review_after: Duration) -> Self {
        if self.status == RealNameStatus::UnderReview {
            let since = *self.under_review_since.get_or_insert(began);
            if now.duration_since(since).unsigned_abs() >= review_after && now >= since {
                self.status = RealNameStatus::Authenticated;
            }
        }
        self
    }
}

/// Who a credential belongs to.
#[derive(Clone, Debug)]
pub enum Caller {
    /// A partner: it may call the API.
    Partner(Arc<Partner>),
    /// A customer of a partner: it may not.
    Customer(CustomerId),
}

/// An account, by what it is called. A partner and a customer may be called alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountRef<'a> {
    /// The partner with this name.
    Partner(&'a str),
    /// The customer with this ID.
    Customer(&'a CustomerId),
}

impl Caller {
    /// The account that the credential is of.
    pub fn account(&self) -> AccountRef<'_> {
        match self {
            Self::Partner(partner) => AccountRef::Partner(&partner.name),
            Self::Customer(id) => AccountRef::Customer(id),
        }
    }

    /// The account (domain) ID.
    pub fn account_id(&self) -> &str {
        match self {
            Self::Partner(partner) => &partner.id,
            Self::Customer(id) => id.as_str(),
        }
    }

    /// The account (domain) name: a customer's is its ID.
    pub fn account_name(&self) -> &str {
        match self {
            Self::Partner(partner) => &partner.name,
            Self::Customer(id) => id.as_str(),
        }
    }
}
