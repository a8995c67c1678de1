//! The store: what has happened since the world began, on top of the world as it began.
//!
//! Check and change are one step: a verb holds the customer's lock, then the certificate's, always in that order, while
//! the decision is made and committed. No guard leaves this file, and nothing here is `async`, so that no guard can live
//! across an `await`. A store shared by several processes can take its place by offering the same verbs.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use dashmap::{DashMap, Entry};
use foldhash::fast::RandomState;

use crate::domain::certificate::{Certificate, CertificateNumber};
use crate::domain::customer::{Customer, CustomerId};
use crate::domain::world::World;

/// What a decision on an application may know of the state.
pub(super) struct Standing {
    /// The customer, if there is one.
    pub(super) customer: Option<Customer>,
    /// What is listed for the certificate.
    pub(super) certificate: Option<Arc<Certificate>>,
    /// How many other customers hold the certificate.
    pub(super) other_holders: usize,
}

/// The state of one era. What is not in here is as it began; `None` is what was deleted.
#[derive(Debug)]
pub(super) struct Store {
    began: Began,
    customers: DashMap<CustomerId, Option<Customer>, RandomState>,
    certificates: DashMap<CertificateNumber, Option<Arc<Certificate>>, RandomState>,
    holders: DashMap<CertificateNumber, HashSet<CustomerId>, RandomState>,
}

/// The parts of the world that change here.
#[derive(Debug)]
struct Began {
    customers: Arc<HashMap<CustomerId, Customer>>,
    certificates: Arc<HashMap<CertificateNumber, Arc<Certificate>>>,
    holders: Arc<HashMap<CertificateNumber, HashSet<CustomerId>>>,
}

impl Store {
    pub(super) fn new(world: &World) -> Self {
        let began = Began {
            customers: Arc::clone(&world.customers),
            certificates: Arc::clone(&world.certificates),
            holders: Arc::clone(&world.holders),
        };
        Self { began, customers: DashMap::default(), certificates: DashMap::default(), holders: DashMap::default() }
    }

    /// Decides on an application of this customer with this certificate, and commits the customer that the decision
    /// returns, as one step. `decide` must not touch the store.
    pub(super) fn apply<T>(
        &self,
        id: &CustomerId,
        number: &CertificateNumber,
        decide: impl FnOnce(Standing) -> (T, Option<Customer>),
    ) -> T {
        let entry = self.customers.entry(id.clone());
        let holders = self.holders.entry(number.clone());
        let held_by = match &holders {
            Entry::Occupied(changed) => Some(changed.get()),
            Entry::Vacant(_) => self.began.holders.get(number),
        };
        let standing = Standing {
            customer: self.current(&entry),
            certificate: self.certificate(number),
            other_holders: held_by.map_or(0, |holders| holders.len() - usize::from(holders.contains(id))),
        };
        let held = standing.customer.as_ref().and_then(|customer| customer.certificate.clone());
        let (decision, change) = decide(standing);
        if let Some(customer) = change {
            if customer.certificate.as_ref() == Some(number) {
                holders.or_insert_with(|| self.began_holders(number)).insert(id.clone());
            } else {
                drop(holders);
            }
            let given_up = held.filter(|held| customer.certificate.as_ref() != Some(held));
            drop(entry.insert(Some(customer)));
            given_up.inspect(|number| self.release(id, number));
        }
        decision
    }

    /// Frees a certificate that the customer does not hold any more. Until then nobody else gets it, which is safe; a
    /// second certificate's lock is never taken while the first one's is held.
    fn release(&self, id: &CustomerId, number: &CertificateNumber) {
        let entry = self.customers.entry(id.clone());
        let is_held = self.current(&entry).is_some_and(|customer| customer.certificate.as_ref() == Some(number));
        if !is_held {
            self.holders.entry(number.clone()).or_insert_with(|| self.began_holders(number)).remove(id);
        }
    }

    /// Changes a customer as one step. A certificate that the changed customer no longer holds becomes free. The
    /// outer option says whether to change, the inner one whether the customer is to exist.
    pub(super) fn change<T>(
        &self,
        id: &CustomerId,
        decide: impl FnOnce(Option<Customer>) -> (T, Option<Option<Customer>>),
    ) -> T {
        let entry = self.customers.entry(id.clone());
        let before = self.current(&entry);
        let held = before.as_ref().and_then(|customer| customer.certificate.clone());
        let (decision, change) = decide(before);
        if let Some(after) = change {
            let holds = after.as_ref().and_then(|customer| customer.certificate.as_ref());
            if let Some(number) = held.filter(|held| holds != Some(held)) {
                self.holders.entry(number.clone()).or_insert_with(|| self.began_holders(&number)).remove(id);
            }
            entry.insert(after);
        }
        decision
    }

    /// The customer with this ID.
    pub(super) fn customer(&self, id: &CustomerId) -> Option<Customer> {
        self.current(&self.customers.entry(id.clone()))
    }

    /// What is listed for a certificate.
    pub(super) fn certificate(&self, number: &CertificateNumber) -> Option<Arc<Certificate>> {
        match self.certificates.get(number) {
            Some(changed) => changed.clone(),
            None => self.began.certificates.get(number).cloned(),
        }
    }

    /// Lists, changes or deletes a certificate, with who holds it. True when it was listed before.
    pub(super) fn put_certificate(
        &self,
        number: &CertificateNumber,
        certificate: Option<(Certificate, HashSet<CustomerId>)>,
    ) -> bool {
        let was_listed = self.certificate(number).is_some();
        let (certificate, holders) = certificate.map(|(certificate, holders)| (Arc::new(certificate), holders)).unzip();
        self.certificates.insert(number.clone(), certificate);
        self.holders.insert(number.clone(), holders.unwrap_or_default());
        was_listed
    }

    /// The world as it stands now. The caller sees to it that nothing changes meanwhile.
    pub(super) fn snapshot(&self, began: &World) -> World {
        let mut world = began.clone();
        for changed in &self.customers {
            let customers = Arc::make_mut(&mut world.customers);
            match changed.value() {
                Some(customer) => customers.insert(changed.key().clone(), customer.clone()),
                None => customers.remove(changed.key()),
            };
        }
        for changed in &self.certificates {
            let certificates = Arc::make_mut(&mut world.certificates);
            match changed.value() {
                Some(certificate) => certificates.insert(changed.key().clone(), Arc::clone(certificate)),
                None => certificates.remove(changed.key()),
            };
        }
        for changed in &self.holders {
            Arc::make_mut(&mut world.holders).insert(changed.key().clone(), changed.value().clone());
        }
        world
    }

    /// The customers in the order of their IDs.
    pub(super) fn customers(&self) -> BTreeMap<CustomerId, Customer> {
        let mut customers: BTreeMap<_, _> =
            self.began.customers.iter().map(|(id, customer)| (id.clone(), customer.clone())).collect();
        for changed in &self.customers {
            match changed.value() {
                Some(customer) => customers.insert(changed.key().clone(), customer.clone()),
                None => customers.remove(changed.key()),
            };
        }
        customers
    }

    fn began_holders(&self, number: &CertificateNumber) -> HashSet<CustomerId> {
        self.began.holders.get(number).cloned().unwrap_or_default()
    }

    fn current(&self, entry: &Entry<'_, CustomerId, Option<Customer>>) -> Option<Customer> {
        match entry {
            Entry::Occupied(changed) => changed.get().clone(),
            Entry::Vacant(unchanged) => self.began.customers.get(unchanged.key()).cloned(),
        }
    }
}
