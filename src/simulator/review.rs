//! Reviews: a person's decision on an application that was accepted for manual review.

use std::sync::Arc;

use super::space::Space;
use crate::domain::customer::{CustomerId, RealNameStatus, ReviewVerdict};

/// Why a review cannot be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReviewError {
    /// No customer has this ID.
    #[error("there is no such customer")]
    UnknownCustomer,
    /// The customer has another real-name status than `under_review`.
    #[error("the customer is not under review but {}", .0.as_str())]
    NotUnderReview(RealNameStatus),
}

impl Space {
    /// Decides the review of a customer.
    ///
    /// # Errors
    /// When there is no such customer, or it is not under review.
    pub fn review(
        &self,
        id: &CustomerId,
        verdict: ReviewVerdict,
        opinion: Option<Arc<str>>,
    ) -> Result<(), ReviewError> {
        self.store.change(id, |customer| {
            let Some(customer) = customer else { return (Err(ReviewError::UnknownCustomer), None) };
            let customer = customer.at(self.clock.now(), self.began, self.world.settings.review_after);
            match customer.status {
                RealNameStatus::UnderReview => (Ok(()), Some(customer.reviewed(verdict, opinion))),
                status => (Err(ReviewError::NotUnderReview(status)), None),
            }
        })
    }
}
