//! The store: the customers and certificates of a space, kept as changes on top of its initial world.
//!
//! Check and change are one step. A method locks the customer, then the certificate, always in this order, and holds the
//! locks while the decision is made and committed. No lock guard leaves this file and nothing in it is async, so that no
//! guard is held across an `await`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use dashmap::mapref::one::RefMut;
use dashmap::{DashMap, Entry};
use foldhash::fast::RandomState;

use crate::domain::{Certificate, CertificateNumber, Customer, CustomerId, StartWorld};
use crate::simulator::saved::{SavedCertificate, SavedCustomer};

/// The state that a decision on an application depends on.
pub(super) struct CurrentState {
    pub(super) customer: Option<Arc<Customer>>,
    /// `None` if it is not listed.
    pub(super) certificate: Option<Arc<Certificate>>,
    /// The number of other customers that hold the certificate.
    pub(super) other_holders: usize,
}

pub(super) struct Commit {
    pub(super) customer: Customer,
    /// Whether the customer holds the certificate of the application from now on, and no other.
    pub(super) holds_certificate: bool,
}

pub(super) enum CustomerChange {
    None,
    Put(Customer),
    Remove,
}

#[derive(Debug)]
pub(super) struct Store {
    pub(super) initial: StartWorld,
    /// Those that have changed.
    customers: DashMap<CustomerId, CustomerRecord, RandomState>,
    /// Those that have changed.
    certificates: DashMap<CertificateNumber, CertificateRecord, RandomState>,
    /// The certificates that were put or deleted. Who holds them does not matter.
    put_certificates: Mutex<BTreeSet<CertificateNumber>>,
    saving: Saving,
}

/// Lets the customers be collected as they were at one moment, while requests go on to change them.
#[derive(Debug, Default)]
struct Saving {
    /// Held while customers are collected.
    one_at_a_time: Mutex<()>,
    is_on: AtomicBool,
    /// The records that have changed since that moment, as they were then. `None` if there was none.
    before: Mutex<HashMap<CustomerId, Option<CustomerRecord>, RandomState>>,
}

/// Those who may change customers have to wait until this is made, and go on before it is read.
pub(super) struct CustomersAtOnce<'a> {
    store: &'a Store,
    _one_at_a_time: MutexGuard<'a, ()>,
}

impl CustomersAtOnce<'_> {
    /// Returns the customers that had changed when this was made, with what they held.
    pub(super) fn collect(self) -> Vec<SavedCustomer> {
        let Store { customers, saving, .. } = self.store;
        // A part of the map is locked while it is walked: only the IDs are taken then, so that requests hardly wait.
        let mut ids = Vec::with_capacity(customers.len());
        ids.extend(customers.iter().map(|changed| changed.key().clone()));
        let mut collected = HashMap::with_capacity_and_hasher(ids.len(), RandomState::default());
        for id in ids {
            let record = customers.get(&id).map(|changed| changed.clone());
            collected.extend(record.map(|record| (id, record)));
        }
        saving.is_on.store(false, Ordering::Relaxed);
        for (id, before) in std::mem::take(&mut *saving.before()) {
            match before {
                Some(record) => collected.insert(id, record),
                None => collected.remove(&id),
            };
        }
        let saved = |(id, CustomerRecord { customer, held })| SavedCustomer { id, customer, held };
        collected.into_iter().map(saved).collect()
    }
}

impl Saving {
    fn before(&self) -> MutexGuard<'_, HashMap<CustomerId, Option<CustomerRecord>, RandomState>> {
        self.before.lock().expect("lock poisoned: records before")
    }
}

/// A customer with the certificates that it holds. `holders` of a [`CertificateRecord`] is the inverse of `held`.
#[derive(Clone, Debug, Default)]
struct CustomerRecord {
    /// `None` if the ID was never listed or was deleted. Even then it can hold certificates.
    customer: Option<Arc<Customer>>,
    /// A few at the most, in no order.
    held: Vec<CertificateNumber>,
}

#[derive(Debug, Default)]
struct CertificateRecord {
    /// `None` if the certificate is not listed.
    certificate: Option<Arc<Certificate>>,
    /// In their order. Most certificates have one holder, for which a tree would take ten times the memory.
    holders: Vec<CustomerId>,
}

impl CertificateRecord {
    fn add_holder(&mut self, id: &CustomerId) {
        if self.holders.is_empty() {
            // A list that grows has room for four at once.
            self.holders = vec![id.clone()];
        } else if let Err(place) = self.holders.binary_search(id) {
            self.holders.insert(place, id.clone());
        }
    }

    fn remove_holder(&mut self, id: &CustomerId) {
        if let Ok(place) = self.holders.binary_search(id) {
            self.holders.remove(place);
        }
    }

    fn is_held_by(&self, id: &CustomerId) -> bool {
        self.holders.binary_search(id).is_ok()
    }
}

impl Store {
    pub(super) fn new(initial: StartWorld) -> Self {
        let (customers, certificates) = (DashMap::default(), DashMap::default());
        Self { initial, customers, certificates, put_certificates: Mutex::default(), saving: Saving::default() }
    }

    /// Decides on an application of a customer with a certificate and commits the change that the decision makes, as one
    /// step. `decide` must not call the store.
    pub(super) fn apply<T>(
        &self,
        id: &CustomerId,
        number: &CertificateNumber,
        decide: impl FnOnce(CurrentState) -> (T, Option<Commit>),
    ) -> T {
        let customer_entry = self.customers.entry(id.clone());
        let certificate_entry = self.certificates.entry(number.clone());
        let (certificate, other_holders) = match &certificate_entry {
            Entry::Occupied(changed) => {
                let record = changed.get();
                (record.certificate.as_ref(), record.holders.len() - usize::from(record.is_held_by(id)))
            }
            Entry::Vacant(_) => {
                let others = |holders: &BTreeSet<_>| holders.len() - usize::from(holders.contains(id));
                (self.initial.certificates.get(number), self.initial.holders.get(number).map_or(0, others))
            }
        };
        let customer = self.current_customer(&customer_entry);
        let current = CurrentState { customer, certificate: certificate.cloned(), other_holders };
        let (decision, commit) = decide(current);
        if let Some(Commit { customer, holds_certificate }) = commit {
            let mut record = self.customer_record(customer_entry);
            record.customer = Some(customer.into());
            if holds_certificate {
                self.certificate_record(certificate_entry).add_holder(id);
                // The certificate's lock is released by now: two of them are never held at once.
                record.held.iter().filter(|held| *held != number).for_each(|held| self.release(held, id));
                record.held = vec![number.clone()];
            }
        }
        decision
    }

    /// Decides on a change of a customer and commits it, as one step. A customer that is deleted, or is no longer under
    /// review or authenticated, gives up its certificates (assumed).
    pub(super) fn change_customer<T>(
        &self,
        id: &CustomerId,
        decide: impl FnOnce(Option<Arc<Customer>>) -> (T, CustomerChange),
    ) -> T {
        let entry = self.customers.entry(id.clone());
        let before = self.current_customer(&entry);
        let was_accepted = before.as_ref().is_some_and(|before| before.status.is_accepted());
        let (decision, change) = decide(before);
        let after = match change {
            CustomerChange::None => return decision,
            CustomerChange::Put(customer) => Some(customer),
            CustomerChange::Remove => None,
        };
        let mut record = self.customer_record(entry);
        if after.as_ref().is_none_or(|after| was_accepted && !after.status.is_accepted()) {
            record.held.iter().for_each(|held| self.release(held, id));
            record.held.clear();
        }
        record.customer = after.map(Into::into);
        decision
    }

    pub(super) fn customer(&self, id: &CustomerId) -> Option<Arc<Customer>> {
        match self.customers.get(id) {
            Some(changed) => changed.customer.clone(),
            None => self.initial.customers.get(id).cloned(),
        }
    }

    /// Returns the customers in the order of their IDs.
    pub(super) fn customers(&self) -> BTreeMap<CustomerId, Arc<Customer>> {
        let mut customers: BTreeMap<_, _> =
            self.initial.customers.iter().map(|(id, customer)| (id.clone(), Arc::clone(customer))).collect();
        for changed in &self.customers {
            match &changed.customer {
                Some(customer) => customers.insert(changed.key().clone(), Arc::clone(customer)),
                None => customers.remove(changed.key()),
            };
        }
        customers
    }

    /// Creates, replaces or (`None`) deletes a certificate together with its holders. Returns true if it was listed or held
    /// before. The caller holds the write lock of the state.
    pub(super) fn put_certificate(
        &self,
        number: &CertificateNumber,
        certificate: Option<(Certificate, BTreeSet<CustomerId>)>,
    ) -> bool {
        let after = certificate.map_or_else(CertificateRecord::default, |(certificate, holders)| CertificateRecord {
            certificate: Some(certificate.into()),
            holders: holders.into_iter().collect(),
        });
        let before = std::mem::take(&mut *self.certificate_record(self.certificates.entry(number.clone())));
        for id in before.holders.iter().filter(|id| !after.is_held_by(id)) {
            self.customer_record(self.customers.entry(id.clone())).held.retain(|held| held != number);
        }
        for id in after.holders.iter().filter(|id| !before.is_held_by(id)) {
            self.customer_record(self.customers.entry(id.clone())).held.push(number.clone());
        }
        self.certificates.insert(number.clone(), after);
        self.put_certificates().insert(number.clone());
        before.certificate.is_some() || !before.holders.is_empty()
    }

    /// Returns the current customers and certificates as a world. The caller holds the write lock of the state.
    pub(super) fn snapshot(&self) -> StartWorld {
        let mut world = self.initial.clone();
        for changed in &self.customers {
            let (id, record) = changed.pair();
            let customers = Arc::make_mut(&mut world.customers);
            match &record.customer {
                Some(customer) => customers.insert(id.clone(), Arc::clone(customer)),
                None => customers.remove(id),
            };
            Arc::make_mut(&mut world.held).insert(id.clone(), record.held.iter().cloned().collect());
        }
        for changed in &self.certificates {
            let (number, record) = changed.pair();
            let certificates = Arc::make_mut(&mut world.certificates);
            match &record.certificate {
                Some(certificate) => certificates.insert(number.clone(), Arc::clone(certificate)),
                None => certificates.remove(number),
            };
            Arc::make_mut(&mut world.holders).insert(number.clone(), record.holders.iter().cloned().collect());
        }
        world
    }

    /// Begins to collect the customers that have changed, as they are now. The caller holds the write lock of the state, and
    /// releases it before the rest.
    pub(super) fn customers_at_once(&self) -> CustomersAtOnce<'_> {
        let one_at_a_time = self.saving.one_at_a_time.lock().expect("lock poisoned: saving");
        // A change that was under way when the last customers had been collected.
        self.saving.before().clear();
        self.saving.is_on.store(true, Ordering::Relaxed);
        CustomersAtOnce { store: self, _one_at_a_time: one_at_a_time }
    }

    /// Returns the certificates that were put or deleted. Who holds a certificate follows from the customers. The caller holds
    /// the write lock of the state.
    pub(super) fn saved_certificates(&self) -> Vec<SavedCertificate> {
        let saved = |number: &CertificateNumber| {
            let certificate = self.certificates.get(number).and_then(|record| record.certificate.clone());
            SavedCertificate { number: number.clone(), certificate }
        };
        self.put_certificates().iter().map(saved).collect()
    }

    fn put_certificates(&self) -> MutexGuard<'_, BTreeSet<CertificateNumber>> {
        self.put_certificates.lock().expect("lock poisoned: put certificates")
    }

    /// Takes over what was saved. Nothing has changed yet, and no other thread has the store.
    pub(super) fn restore(&self, customers: Vec<SavedCustomer>, certificates: Vec<SavedCertificate>) {
        for SavedCertificate { number, certificate } in certificates {
            self.put_certificates().insert(number.clone());
            self.certificate_record(self.certificates.entry(number)).certificate = certificate;
        }
        for SavedCustomer { id, customer, held } in customers {
            self.initial.held.get(&id).into_iter().flatten().for_each(|number| self.release(number, &id));
            for number in &held {
                self.certificate_record(self.certificates.entry(number.clone())).add_holder(&id);
            }
            self.customers.insert(id, CustomerRecord { customer, held });
        }
    }

    /// Takes a certificate from a customer that is locked.
    fn release(&self, number: &CertificateNumber, id: &CustomerId) {
        self.certificate_record(self.certificates.entry(number.clone())).remove_holder(id);
    }

    fn current_customer(&self, entry: &Entry<'_, CustomerId, CustomerRecord>) -> Option<Arc<Customer>> {
        match entry {
            Entry::Occupied(changed) => changed.get().customer.clone(),
            Entry::Vacant(unchanged) => self.initial.customers.get(unchanged.key()).cloned(),
        }
    }

    /// Returns the record of a locked customer, to be changed.
    fn customer_record<'a>(
        &self,
        entry: Entry<'a, CustomerId, CustomerRecord>,
    ) -> RefMut<'a, CustomerId, CustomerRecord> {
        let id = entry.key().clone();
        if self.saving.is_on.load(Ordering::Relaxed) {
            let record = || match &entry {
                Entry::Occupied(changed) => Some(changed.get().clone()),
                Entry::Vacant(_) => None,
            };
            self.saving.before().entry(id.clone()).or_insert_with(record);
        }
        entry.or_insert_with(|| CustomerRecord {
            customer: self.initial.customers.get(&id).cloned(),
            held: self.initial.held.get(&id).into_iter().flatten().cloned().collect(),
        })
    }

    /// Returns the record of a locked certificate, to be changed.
    fn certificate_record<'a>(
        &self,
        entry: Entry<'a, CertificateNumber, CertificateRecord>,
    ) -> RefMut<'a, CertificateNumber, CertificateRecord> {
        let number = entry.key().clone();
        entry.or_insert_with(|| CertificateRecord {
            certificate: self.initial.certificates.get(&number).cloned(),
            holders: self.initial.holders.get(&number).into_iter().flatten().cloned().collect(),
        })
    }
}
