//! Reviews: a person's decision on an application that was accepted for manual review, and asking for it.

use std::sync::Arc;

use super::era::Era;
use super::explanation::seen_owner;
use crate::domain::customer::{Customer, CustomerId, RealNameStatus, ReviewVerdict};
use crate::domain::partner::Partner;
use crate::domain::rules::{OWNERSHIP, RULES, Rule};

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

impl Era {
    /// Decides the review of a customer, and returns it as it is then.
    ///
    /// # Errors
    /// When there is no such customer, or it is not under review.
    pub fn review(
        &self,
        id: &CustomerId,
        verdict: ReviewVerdict,
        opinion: Option<Arc<str>>,
    ) -> Result<Customer, ReviewError> {
        let _entered = self.enter();
        self.store.change(id, |customer| {
            let Some(customer) = customer.map(|customer| self.settled(customer)) else {
                return (Err(ReviewError::UnknownCustomer), None);
            };
            match customer.status {
                RealNameStatus::UnderReview => {
                    let reviewed = customer.reviewed(verdict, opinion);
                    (Ok(reviewed.clone()), Some(Some(reviewed)))
                }
                status => (Err(ReviewError::NotUnderReview(status)), None),
            }
        })
    }

    /// The customer, as its partner may see it.
    ///
    /// # Errors
    /// The rule by which the partner may not, and what it saw.
    pub fn inquire(&self, partner: &Partner, id: &CustomerId) -> Result<Arc<Customer>, (&'static Rule, String)> {
        let [has_partner, of_caller] = OWNERSHIP.map(|place| &RULES[place]);
        let customer = self.known(id, self.store.customer(id), partner);
        let customer = customer.ok_or_else(|| (has_partner, "no customer with this ID".to_owned()))?;
        match customer.partner.as_deref() {
            None => Err((has_partner, seen_owner(&customer))),
            Some(owner) if *owner != *partner.name => {
                Err((of_caller, format!("{}, caller: {}", seen_owner(&customer), partner.name)))
            }
            Some(_) => Ok(customer),
        }
    }
}
