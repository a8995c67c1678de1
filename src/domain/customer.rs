//! Customers: the accounts that are to be authenticated.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::catalog::Review;
use super::hashed::Hashed;

/// A customer's account ID.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CustomerId(Hashed);

impl CustomerId {
    /// Takes any text; an application has checked its length.
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self(Hashed::new(id))
    }

    /// The ID on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl From<Arc<str>> for CustomerId {
    fn from(id: Arc<str>) -> Self {
        Self(id.into())
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
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::UnderReview => "under_review",
            Self::Rejected => "rejected",
            Self::Authenticated => "authenticated",
        }
    }

    /// True while an accepted application keeps its certificate from others: passed, or under review.
    #[must_use]
    pub const fn is_accepted(self) -> bool {
        matches!(self, Self::UnderReview | Self::Authenticated)
    }
}

/// What the reviewer decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewVerdict {
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
    #[must_use]
    pub fn of(partner: impl Into<Arc<str>>) -> Self {
        Self { partner: Some(partner.into()), ..Self::default() }
    }

    /// The customer after an application that counts, but was refused.
    #[must_use]
    pub fn attempted(&self) -> Self {
        Self { attempts: self.attempts.saturating_add(1), ..self.clone() }
    }

    /// The customer after an accepted application.
    #[must_use]
    pub fn accepted(&self, review: Review, now: Timestamp) -> Self {
        let (status, under_review_since) = match review {
            Review::NotNeeded => (RealNameStatus::Authenticated, None),
            Review::Manual => (RealNameStatus::UnderReview, Some(now)),
        };
        Self { status, under_review_since, opinion: None, ..self.attempted() }
    }

    /// The customer after a review, with the reviewer's opinion when it was rejected. A rejected customer may apply
    /// again (assumed).
    #[must_use]
    pub fn reviewed(&self, verdict: ReviewVerdict, opinion: Option<Arc<str>>) -> Self {
        match verdict {
            ReviewVerdict::Approve => Self { status: RealNameStatus::Authenticated, ..self.clone() },
            ReviewVerdict::Reject => Self { status: RealNameStatus::Rejected, opinion, ..self.clone() },
        }
    }

    /// True when it is under review, and when that began is not said.
    #[must_use]
    pub fn is_undated(&self) -> bool {
        self.status == RealNameStatus::UnderReview && self.under_review_since.is_none()
    }

    /// The customer at a moment: a review that lasted `review_after` has been approved by itself.
    #[must_use]
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
