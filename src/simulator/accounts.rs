//! The store by call: customers, partners, certificates and scripted answers one by one. References are checked, and each
//! call is alone, so that the world as it stands can be loaded again at any moment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::account::{AccountRef, Caller, Customer, CustomerId, Partner};
use crate::domain::certificate::{Certificate, CertificateNumber};
use crate::domain::credentials::Credentials;
use crate::domain::scripted::ScriptedAnswer;
use crate::simulator::script::TooManyAnswers;
use crate::simulator::state::SpaceState;

/// Why something cannot be listed or deleted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpdateError {
    /// A customer is to belong to a partner that does not exist, or an answer is to be for its applications.
    #[error("there is no partner named `{0}`")]
    UnknownPartner(String),
    /// A partner with customers is to be deleted.
    #[error("the partner has customers: `{0}` is one of them")]
    HasCustomers(String),
    /// A partner is to be deleted for whose applications an answer is fixed.
    #[error("a scripted answer is for applications of the partner")]
    HasAnswers,
    /// Another account has the ID already.
    #[error("another account has this ID already")]
    TakenId,
    /// Another account has one of the credentials already.
    #[error("another account has this {0} already")]
    TakenCredential(&'static str),
    /// There are too many scripted answers.
    #[error(transparent)]
    TooManyAnswers(#[from] TooManyAnswers),
}

impl SpaceState {
    /// The customers as they are now, in the order of their IDs.
    pub fn customers(&self) -> BTreeMap<CustomerId, Arc<Customer>> {
        self.store.customers().into_iter().map(|(id, customer)| (id, self.with_due_review(customer))).collect()
    }

    /// The customer with this ID as it is now.
    pub fn customer(&self, id: &CustomerId) -> Option<Arc<Customer>> {
        self.store.customer(id).map(|customer| self.with_due_review(customer))
    }

    /// Creates or replaces a customer, and returns it; true when it was there before. A review begins now, unless it is
    /// said when it did. One that was under review or authenticated and is
    /// so no more gives up its certificate, and credentials that are left out stay as they are.
    ///
    /// # Errors
    /// When its partner does not exist, or another account has its ID or one of its credentials.
    pub fn put_customer(
        &self,
        id: &CustomerId,
        mut customer: Customer,
        credentials: &Credentials,
    ) -> Result<(Arc<Customer>, bool), UpdateError> {
        let _alone = self.enter_alone();
        let caller = Caller::Customer(id.clone());
        self.change_accounts(|accounts| {
            if accounts.partner_by_id(id.as_str()).is_some() {
                return Err(UpdateError::TakenId);
            }
            if let Some(partner) = customer.partner.as_deref().filter(|name| accounts.partner(name).is_none()) {
                return Err(UpdateError::UnknownPartner(partner.to_owned()));
            }
            if credentials.is_empty() {
                return Ok(());
            }
            accounts.replace_credentials(&caller, credentials).map_err(UpdateError::TakenCredential)
        })?;
        if customer.has_undated_review() {
            customer.under_review_since = Some(self.clock.now());
        }
        let was_there = self.store.change(id, |before| (before.is_some(), Some(Some(customer.clone()))));
        Ok((self.with_due_review(customer.into()), was_there))
    }

    /// Deletes a customer; false when there was none.
    pub fn remove_customer(&self, id: &CustomerId) -> bool {
        let _alone = self.enter_alone();
        self.change_accounts(|accounts| accounts.remove_credentials(AccountRef::Customer(id)));
        self.store.change(id, |before| (before.is_some(), Some(None)))
    }

    /// Creates or replaces a partner; credentials that are left out stay as they are, so that nobody
    /// is locked out by a change of something else. True when it was there before.
    ///
    /// # Errors
    /// When another account has its ID or one of its credentials.
    pub fn put_partner(&self, mut partner: Partner) -> Result<bool, UpdateError> {
        let _alone = self.enter_alone();
        let is_customer = self.store.customer(&CustomerId::new(&partner.id)).is_some();
        self.change_accounts(|accounts| {
            let has_id = accounts.partner_by_id(&partner.id);
            if is_customer || has_id.is_some_and(|known| known.name != partner.name) {
                return Err(UpdateError::TakenId);
            }
            let known = accounts.partner(&partner.name);
            let was_there = known.is_some();
            if let Some(known) = known.filter(|_| partner.credentials.is_empty()) {
                partner.credentials = known.credentials.clone();
            }
            accounts
                .check_credentials(AccountRef::Partner(&partner.name), &partner.credentials)
                .map_err(UpdateError::TakenCredential)?;
            accounts.put_partner(partner);
            Ok(was_there)
        })
    }

    /// Deletes a partner; false when there was none.
    ///
    /// # Errors
    /// When it still has customers, or answers are fixed for its applications.
    pub fn remove_partner(&self, name: &str) -> Result<bool, UpdateError> {
        let _alone = self.enter_alone();
        if self.script.left().iter().any(|answer| answer.when.callers().any(|caller| caller == name)) {
            return Err(UpdateError::HasAnswers);
        }
        let customers = self.store.customers();
        let of_partner = customers.iter().find(|(_, customer)| customer.partner.as_deref() == Some(name));
        match of_partner {
            Some((id, _)) => Err(UpdateError::HasCustomers(id.to_string())),
            None => Ok(self.change_accounts(|accounts| accounts.remove_partner(name))),
        }
    }

    /// Fixes answers after those that are there; the place of the first.
    ///
    /// # Errors
    /// When one is for the applications of a partner that does not exist, or there would be too many.
    pub fn add_scripted(&self, answers: Vec<ScriptedAnswer>) -> Result<usize, UpdateError> {
        let _alone = self.enter_alone();
        let accounts = self.accounts();
        if let Some(name) =
            answers.iter().flat_map(|answer| answer.when.callers()).find(|name| accounts.partner(name).is_none())
        {
            return Err(UpdateError::UnknownPartner(name.to_owned()));
        }
        Ok(self.script.add(answers)?)
    }

    /// Lists or replaces a certificate with exactly those who hold it; true when it was listed or held before.
    pub fn put_certificate(
        &self,
        number: &CertificateNumber,
        certificate: Certificate,
        holders: BTreeSet<CustomerId>,
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
