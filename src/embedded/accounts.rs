//! The partners and the customers of a space.

use std::sync::Arc;

use super::credentials::Credentials;
use super::error::Error;
use super::space::Space;
use crate::domain::account::{Customer, CustomerId, ReviewDecision};
use crate::domain::credentials;

/// Partners and customers.
impl Space {
    /// What its first partner calls with.
    ///
    /// # Panics
    /// When there is no partner.
    #[must_use]
    #[track_caller]
    pub fn credentials(&self) -> Credentials {
        let accounts = self.state().accounts();
        let first = accounts.partners.first().and_then(|partner| Credentials::of(partner));
        first.expect("the space has no partner who can call")
    }

    /// What this partner calls with.
    ///
    /// # Panics
    /// When there is no partner of this name.
    #[must_use]
    #[track_caller]
    pub fn credentials_of(&self, partner: &str) -> Credentials {
        let accounts = self.state().accounts();
        match accounts.partner(partner).and_then(|partner| Credentials::of(partner)) {
            Some(credentials) => credentials,
            None => panic!("the space has no partner `{partner}` who can call"),
        }
    }

    /// A customer as it is now; absent: nobody has this account ID.
    #[must_use]
    pub fn customer(&self, id: &str) -> Option<Arc<Customer>> {
        self.state().customer(&CustomerId::new(id))
    }

    /// Adds a customer, in the place of one with the same account ID.
    ///
    /// # Errors
    /// When its partner does not exist.
    pub fn put_customer(&self, id: &str, customer: Customer) -> Result<(), Error> {
        self.state().put_customer(&CustomerId::new(id), customer, &credentials::Credentials::default())?;
        Ok(())
    }

    /// Approves an application that is under review.
    ///
    /// # Errors
    /// When there is no such customer, or it is not under review.
    pub fn approve(&self, customer: &str) -> Result<(), Error> {
        self.state().review(&CustomerId::new(customer), ReviewDecision::Approve, None)?;
        Ok(())
    }

    /// Rejects an application that is under review, with the reviewer's opinion.
    ///
    /// ```
    /// # use bss_sim::{Error, Simulator};
    /// let sim = Simulator::start();
    /// sim.reject("customer-under-review", "the picture is blurred")?;
    /// assert!(sim.approve("customer-under-review").is_err(), "the review is over");
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// When there is no such customer, or it is not under review.
    pub fn reject(&self, customer: &str, opinion: &str) -> Result<(), Error> {
        self.state().review(&CustomerId::new(customer), ReviewDecision::Reject, Some(opinion.into()))?;
        Ok(())
    }
}
