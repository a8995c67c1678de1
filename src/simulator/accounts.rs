//! Changes by the control API: customers, partners, certificates and scripted answers, one by one. Each change holds the
//! write lock and keeps all references valid, so that a snapshot can always be loaded again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::{
    AccountRef, Certificate, CertificateNumber, Credentials, Customer, CustomerId, Partner, ScriptedAnswer,
};
use crate::simulator::script::TooManyAnswers;
use crate::simulator::state::SpaceState;
use crate::simulator::store::CustomerChange;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpdateError {
    #[error("there is no partner named `{0}`")]
    UnknownPartner(String),
    #[error("the partner has customers: `{0}` is one of them")]
    HasCustomers(String),
    #[error("a scripted answer is for applications of the partner")]
    HasAnswers,
    #[error("another account has this ID already")]
    TakenId,
    #[error("another account has this {0} already")]
    TakenCredential(&'static str),
    #[error(transparent)]
    TooManyAnswers(#[from] TooManyAnswers),
}

impl SpaceState {
    /// Returns the current customers in the order of their IDs.
    pub fn customers(&self) -> BTreeMap<CustomerId, Arc<Customer>> {
        self.store.customers().into_iter().map(|(id, customer)| (id, self.at_this_moment(customer))).collect()
    }

    /// Returns the customers of a partner. A customer whose association is pending is not one yet (assumed).
    pub fn customers_of(&self, partner: &Partner) -> impl Iterator<Item = (CustomerId, Arc<Customer>)> {
        let is_of_partner = |customer: &Customer| {
            customer.partner.as_deref() == Some(&*partner.name) && !customer.is_association_pending
        };
        self.customers().into_iter().filter(move |(_, customer)| is_of_partner(customer))
    }

    pub fn customer(&self, id: &CustomerId) -> Option<Arc<Customer>> {
        self.store.customer(id).map(|customer| self.at_this_moment(customer))
    }

    /// Creates or replaces a customer. Returns it, and true if it existed before. A review without a start begins now. A
    /// customer that is no longer under review or authenticated gives up its certificates. Without new credentials the old
    /// ones stay.
    pub fn put_customer(
        &self,
        id: &CustomerId,
        mut customer: Customer,
        credentials: &Credentials,
    ) -> Result<(Arc<Customer>, bool), UpdateError> {
        let _lock = self.write_lock();
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
            accounts.check_credentials(AccountRef::Customer(id), credentials).map_err(UpdateError::TakenCredential)?;
            accounts.put_customer_credentials(id, credentials.clone());
            Ok(())
        })?;
        if customer.has_undated_review() {
            customer.under_review_since = Some(self.clock.now());
        }
        let existed =
            self.store.change_customer(id, |before| (before.is_some(), CustomerChange::Put(customer.clone())));
        Ok((self.at_this_moment(customer.into()), existed))
    }

    /// Deletes a customer. Returns false if there is no such customer.
    pub fn remove_customer(&self, id: &CustomerId) -> bool {
        let _lock = self.write_lock();
        self.change_accounts(|accounts| accounts.remove_customer_credentials(id));
        self.store.change_customer(id, |before| (before.is_some(), CustomerChange::Remove))
    }

    /// Creates or replaces a partner. Returns true if it existed before. Without new credentials the old ones stay, so that
    /// a change of something else locks no client out.
    pub fn put_partner(&self, mut partner: Partner) -> Result<bool, UpdateError> {
        let _lock = self.write_lock();
        let is_customer = self.store.customer(&CustomerId::new(&partner.id)).is_some();
        self.change_accounts(|accounts| {
            let with_id = accounts.partner_by_id(&partner.id);
            if is_customer || with_id.is_some_and(|other| other.name != partner.name) {
                return Err(UpdateError::TakenId);
            }
            let before = accounts.partner(&partner.name);
            let existed = before.is_some();
            if let Some(before) = before.filter(|_| partner.credentials.is_empty()) {
                partner.credentials = before.credentials.clone();
            }
            accounts
                .check_credentials(AccountRef::Partner(&partner.name), &partner.credentials)
                .map_err(UpdateError::TakenCredential)?;
            accounts.put_partner(partner);
            Ok(existed)
        })
    }

    /// Deletes a partner that has no customers and no scripted answers. Returns false if there is no such partner.
    pub fn remove_partner(&self, name: &str) -> Result<bool, UpdateError> {
        let _lock = self.write_lock();
        if self.script.remaining().iter().any(|answer| answer.when.callers().any(|caller| caller == name)) {
            return Err(UpdateError::HasAnswers);
        }
        let customers = self.store.customers();
        let of_partner = customers.iter().find(|(_, customer)| customer.partner.as_deref() == Some(name));
        match of_partner {
            Some((id, _)) => Err(UpdateError::HasCustomers(id.to_string())),
            None => Ok(self.change_accounts(|accounts| accounts.remove_partner(name))),
        }
    }

    /// Adds scripted answers at the end of the script. Returns the place of the first.
    pub fn add_scripted(&self, answers: Vec<ScriptedAnswer>) -> Result<usize, UpdateError> {
        let _lock = self.write_lock();
        let accounts = self.accounts();
        if let Some(name) =
            answers.iter().flat_map(|answer| answer.when.callers()).find(|name| accounts.partner(name).is_none())
        {
            return Err(UpdateError::UnknownPartner(name.to_owned()));
        }
        Ok(self.script.add(answers)?)
    }

    /// Creates or replaces a certificate together with its holders. Returns true if it was listed or held before.
    pub fn put_certificate(
        &self,
        number: &CertificateNumber,
        certificate: Certificate,
        holders: BTreeSet<CustomerId>,
    ) -> bool {
        let _lock = self.write_lock();
        self.store.put_certificate(number, Some((certificate, holders)))
    }

    /// Deletes a certificate and takes it from its holders. Returns false if it was neither listed nor held.
    pub fn remove_certificate(&self, number: &CertificateNumber) -> bool {
        let _lock = self.write_lock();
        self.store.put_certificate(number, None)
    }
}
