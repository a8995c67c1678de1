//! The store by call: customers, partners and certificates one by one. References are checked.

use std::collections::{BTreeMap, HashSet};

use super::era::Era;
use crate::domain::caller::{Account, Caller};
use crate::domain::certificate::{Certificate, CertificateNumber};
use crate::domain::credential::Credentials;
use crate::domain::customer::{Customer, CustomerId};
use crate::domain::partner::Partner;

/// Why something cannot be listed or deleted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListingError {
    /// A customer is to belong to a partner that does not exist.
    #[error("there is no partner named `{0}`")]
    UnknownPartner(String),
    /// A partner with customers is to be deleted.
    #[error("the partner has customers: `{0}` is one of them")]
    HasCustomers(String),
    /// Another account has one of the credentials already.
    #[error("another account has this {0} already")]
    TakenCredential(&'static str),
}

impl Era {
    /// The customers as they are now, in the order of their IDs.
    #[must_use]
    pub fn customers(&self) -> BTreeMap<CustomerId, Customer> {
        self.store.customers().into_iter().map(|(id, customer)| (id, self.settled(customer))).collect()
    }

    /// The customer with this ID as it is now.
    #[must_use]
    pub fn customer(&self, id: &CustomerId) -> Option<Customer> {
        self.store.customer(id).map(|customer| self.settled(customer))
    }

    /// Creates or replaces a customer; true when it was there before. One that was under review or authenticated and is
    /// so no more gives up its certificate, and credentials that are left out stay as they are.
    ///
    /// # Errors
    /// When its partner does not exist, or another account has one of its credentials.
    pub fn put_customer(
        &self,
        id: &CustomerId,
        customer: Customer,
        credentials: &Credentials,
    ) -> Result<bool, ListingError> {
        let caller = Caller::Customer(id.clone());
        self.change_directory(|directory| {
            if let Some(partner) = customer.partner.as_deref().filter(|name| directory.partner(name).is_none()) {
                return Err(ListingError::UnknownPartner(partner.to_owned()));
            }
            if credentials.is_empty() {
                return Ok(());
            }
            directory.replace_credentials(&caller, credentials).map_err(ListingError::TakenCredential)
        })?;
        let _entered = self.enter();
        Ok(self.store.change(id, |before| (before.is_some(), Some(Some(customer)))))
    }

    /// Deletes a customer; false when there was none.
    pub fn remove_customer(&self, id: &CustomerId) -> bool {
        self.change_directory(|directory| directory.forget(Account::Customer(id)));
        let _entered = self.enter();
        self.store.change(id, |before| (before.is_some(), Some(None)))
    }

    /// Creates or replaces a partner; credentials that are left out stay as they are, so that nobody
    /// is locked out by a change of something else. True when it was there before.
    ///
    /// # Errors
    /// When another account has one of its credentials.
    pub fn put_partner(&self, mut partner: Partner) -> Result<bool, ListingError> {
        self.change_directory(|directory| {
            let known = directory.partner(&partner.name);
            let was_there = known.is_some();
            if let Some(known) = known.filter(|_| partner.credentials.is_empty()) {
                partner.credentials = known.credentials.clone();
            }
            directory
                .check_credentials(Account::Partner(&partner.name), &partner.credentials)
                .map_err(ListingError::TakenCredential)?;
            directory.put_partner(partner);
            Ok(was_there)
        })
    }

    /// Deletes a partner; false when there was none.
    ///
    /// # Errors
    /// When it still has customers.
    pub fn remove_partner(&self, name: &str) -> Result<bool, ListingError> {
        let customers = self.store.customers();
        let of_partner = customers.iter().find(|(_, customer)| customer.partner.as_deref() == Some(name));
        match of_partner {
            Some((id, _)) => Err(ListingError::HasCustomers(id.to_string())),
            None => Ok(self.change_directory(|directory| directory.remove_partner(name))),
        }
    }

    /// Lists or replaces a certificate with exactly those who hold it; true when it was listed or held before.
    pub fn put_certificate(
        &self,
        number: &CertificateNumber,
        certificate: Certificate,
        holders: HashSet<CustomerId>,
    ) -> bool {
        let _alone = self.enter_alone();
        self.store.put_certificate(number, Some((certificate, holders)))
    }

    /// Takes a certificate off the list, and away from those who hold it; false when it was not listed and nobody held it.
    pub fn remove_certificate(&self, number: &CertificateNumber) -> bool {
        let _alone = self.enter_alone();
        self.store.put_certificate(number, None)
    }
}
