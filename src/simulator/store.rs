//! The store: what has happened since the world baseline, on top of the world as it baseline.
//!
//! Check and change are one step: a verb holds the customer's lock, then the certificate's, always in that order, while
//! the decision is made and committed. No guard leaves this file, and nothing here is `async`, so that no guard can live
//! across an `await`. A store shared by several processes can take its place by offering the same verbs.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use dashmap::mapref::one::RefMut;
use dashmap::{DashMap, Entry};
use foldhash::fast::RandomState;

use crate::domain::account::{Customer, CustomerId};
use crate::domain::certificate::{Certificate, CertificateNumber};
use crate::domain::world::World;

/// What a decision on an application may know of the state.
pub(super) struct CurrentState {
    /// The customer, if there is one.
    pub(super) customer: Option<Arc<Customer>>,
    /// What is listed for the certificate.
    pub(super) certificate: Option<Arc<Certificate>>,
    /// How many other customers hold the certificate.
    pub(super) other_holders: usize,
}

/// What an application makes of its customer.
pub(super) struct Commit {
    /// The customer as it is then.
    pub(super) customer: Customer,
    /// True when the application was accepted: the customer then holds its certificate, and no other.
    pub(super) is_accepted: bool,
}

/// The state of one era. What is not in here is as it began.
#[derive(Debug)]
pub(super) struct Store {
    baseline: Baseline,
    accounts: DashMap<CustomerId, CustomerRecord, RandomState>,
    certificates: DashMap<CertificateNumber, CertificateRecord, RandomState>,
}

/// The parts of the world that change here.
#[derive(Debug)]
struct Baseline {
    customers: Arc<HashMap<CustomerId, Arc<Customer>>>,
    certificates: Arc<HashMap<CertificateNumber, Arc<Certificate>>>,
    holders: Arc<HashMap<CertificateNumber, BTreeSet<CustomerId>>>,
    held: Arc<HashMap<CustomerId, BTreeSet<CertificateNumber>>>,
}

impl Baseline {
    fn account(&self, id: &CustomerId) -> CustomerRecord {
        CustomerRecord {
            customer: self.customers.get(id).cloned(),
            held: self.held.get(id).cloned().unwrap_or_default(),
        }
    }

    fn record(&self, number: &CertificateNumber) -> CertificateRecord {
        CertificateRecord {
            certificate: self.certificates.get(number).cloned(),
            holders: self.holders.get(number).cloned().unwrap_or_default(),
        }
    }
}

/// A customer with the certificates it holds: each of them has it among its holders, and no other has. Somebody who is
/// not listed, or not any more, is no customer, but can hold some all the same.
#[derive(Clone, Debug, Default)]
struct CustomerRecord {
    customer: Option<Arc<Customer>>,
    held: BTreeSet<CertificateNumber>,
}

/// What is listed for a certificate, and who holds it.
#[derive(Debug, Default)]
struct CertificateRecord {
    certificate: Option<Arc<Certificate>>,
    holders: BTreeSet<CustomerId>,
}

impl Store {
    pub(super) fn new(world: &World) -> Self {
        let baseline = Baseline {
            customers: Arc::clone(&world.customers),
            certificates: Arc::clone(&world.certificates),
            holders: Arc::clone(&world.holders),
            held: Arc::clone(&world.held),
        };
        Self { baseline, accounts: DashMap::default(), certificates: DashMap::default() }
    }

    /// Decides on an application of this customer with this certificate, and commits what the decision makes of the
    /// customer, as one step. `decide` must not touch the store.
    pub(super) fn apply<T>(
        &self,
        id: &CustomerId,
        number: &CertificateNumber,
        decide: impl FnOnce(CurrentState) -> (T, Option<Commit>),
    ) -> T {
        let entry = self.accounts.entry(id.clone());
        let record = self.certificates.entry(number.clone());
        let (certificate, held_by) = match &record {
            Entry::Occupied(changed) => (changed.get().certificate.as_ref(), Some(&changed.get().holders)),
            Entry::Vacant(_) => (self.baseline.certificates.get(number), self.baseline.holders.get(number)),
        };
        let standing = CurrentState {
            customer: self.customer_of(&entry),
            certificate: certificate.cloned(),
            other_holders: held_by.map_or(0, |holders| holders.len() - usize::from(holders.contains(id))),
        };
        let (decision, outcome) = decide(standing);
        if let Some(Commit { customer, is_accepted }) = outcome {
            let mut account = self.entered(entry);
            account.customer = Some(customer.into());
            if is_accepted {
                record.or_insert_with(|| self.baseline.record(number)).holders.insert(id.clone());
                // A second certificate's lock is never taken while the first one's is held.
                account.held.iter().filter(|held| *held != number).for_each(|held| self.release(held, id));
                account.held = BTreeSet::from([number.clone()]);
            }
        }
        decision
    }

    /// Changes a customer as one step. One that is not accepted any more (assumed), or deleted, gives up what it holds.
    /// The outer option says whether to change, the inner one whether the customer is to exist.
    pub(super) fn change<T>(
        &self,
        id: &CustomerId,
        decide: impl FnOnce(Option<Arc<Customer>>) -> (T, Option<Option<Customer>>),
    ) -> T {
        let entry = self.accounts.entry(id.clone());
        let before = self.customer_of(&entry);
        let was_accepted = before.as_ref().is_some_and(|before| before.status.is_accepted());
        let (decision, change) = decide(before);
        if let Some(after) = change {
            let mut account = self.entered(entry);
            if after.as_ref().is_none_or(|after| was_accepted && !after.status.is_accepted()) {
                account.held.iter().for_each(|held| self.release(held, id));
                account.held = BTreeSet::new();
            }
            account.customer = after.map(Into::into);
        }
        decision
    }

    /// Frees a certificate of a customer, whose lock is held.
    fn release(&self, number: &CertificateNumber, id: &CustomerId) {
        self.certificates.entry(number.clone()).or_insert_with(|| self.baseline.record(number)).holders.remove(id);
    }

    /// The customer with this ID.
    pub(super) fn customer(&self, id: &CustomerId) -> Option<Arc<Customer>> {
        self.customer_of(&self.accounts.entry(id.clone()))
    }

    /// Lists, changes or deletes a certificate, with exactly those who hold it. True when it was listed or held before.
    /// The caller sees to it that nothing else changes meanwhile.
    pub(super) fn put_certificate(
        &self,
        number: &CertificateNumber,
        certificate: Option<(Certificate, BTreeSet<CustomerId>)>,
    ) -> bool {
        let (_, before) =
            self.certificates.remove(number).unwrap_or_else(|| (number.clone(), self.baseline.record(number)));
        let after = certificate
            .map(|(certificate, holders)| CertificateRecord { certificate: Some(Arc::new(certificate)), holders })
            .unwrap_or_default();
        for id in before.holders.difference(&after.holders) {
            self.entered(self.accounts.entry(id.clone())).held.remove(number);
        }
        for id in after.holders.difference(&before.holders) {
            self.entered(self.accounts.entry(id.clone())).held.insert(number.clone());
        }
        self.certificates.insert(number.clone(), after);
        before.certificate.is_some() || !before.holders.is_empty()
    }

    /// The world as it stands now. The caller sees to it that nothing changes meanwhile.
    pub(super) fn snapshot(&self, baseline: &World) -> World {
        let mut world = baseline.clone();
        for changed in &self.accounts {
            let (id, account) = changed.pair();
            let customers = Arc::make_mut(&mut world.customers);
            match &account.customer {
                Some(customer) => customers.insert(id.clone(), Arc::clone(customer)),
                None => customers.remove(id),
            };
            Arc::make_mut(&mut world.held).insert(id.clone(), account.held.clone());
        }
        for changed in &self.certificates {
            let (number, record) = changed.pair();
            let certificates = Arc::make_mut(&mut world.certificates);
            match &record.certificate {
                Some(certificate) => certificates.insert(number.clone(), Arc::clone(certificate)),
                None => certificates.remove(number),
            };
            Arc::make_mut(&mut world.holders).insert(number.clone(), record.holders.clone());
        }
        world
    }

    /// The customers in the order of their IDs.
    pub(super) fn customers(&self) -> BTreeMap<CustomerId, Arc<Customer>> {
        let mut customers: BTreeMap<_, _> =
            self.baseline.customers.iter().map(|(id, customer)| (id.clone(), Arc::clone(customer))).collect();
        for changed in &self.accounts {
            match &changed.customer {
                Some(customer) => customers.insert(changed.key().clone(), Arc::clone(customer)),
                None => customers.remove(changed.key()),
            };
        }
        customers
    }

    fn customer_of(&self, entry: &Entry<'_, CustomerId, CustomerRecord>) -> Option<Arc<Customer>> {
        match entry {
            Entry::Occupied(changed) => changed.get().customer.clone(),
            Entry::Vacant(unchanged) => self.baseline.customers.get(unchanged.key()).cloned(),
        }
    }

    /// The account, to be changed under its lock.
    fn entered<'a>(&self, entry: Entry<'a, CustomerId, CustomerRecord>) -> RefMut<'a, CustomerId, CustomerRecord> {
        let id = entry.key().clone();
        entry.or_insert_with(|| self.baseline.account(&id))
    }
}
