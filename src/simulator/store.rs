//! The store: what has happened since the world began, on top of the world as it began.
//!
//! Check and change are one step: a verb holds the customer's lock, then the certificate's, always in that
//! order, while the decision is made and committed. No guard leaves this file, and nothing here is `async`,
//! so that no guard can live across an `await`. A store shared by several processes can take its place by
//! offering the same verbs.

use std::collections::HashSet;
use std::sync::Arc;

use dashmap::{DashMap, Entry};

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

/// The state of one space.
#[derive(Debug)]
pub(super) struct Store {
    world: Arc<World>,
    customers: DashMap<CustomerId, Customer>,
    holders: DashMap<CertificateNumber, HashSet<CustomerId>>,
}

impl Store {
    pub(super) fn new(world: Arc<World>) -> Self {
        Self { world, customers: DashMap::new(), holders: DashMap::new() }
    }

    /// Decides on an application of this customer with this certificate, and commits the customer that the
    /// decision returns, as one step. `decide` must not touch the store.
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
            Entry::Vacant(_) => self.world.holders.get(number),
        };
        let standing = Standing {
            customer: self.current(&entry),
            certificate: self.world.certificates.get(number).cloned(),
            other_holders: held_by.map_or(0, |holders| holders.len() - usize::from(holders.contains(id))),
        };
        let (decision, change) = decide(standing);
        if let Some(customer) = change {
            if customer.certificate.as_ref() == Some(number) {
                let began_with = || self.world.holders.get(number).cloned().unwrap_or_default();
                holders.or_insert_with(began_with).insert(id.clone());
            }
            entry.insert(customer);
        }
        decision
    }

    /// Changes a customer as one step. A certificate that the changed customer no longer holds becomes free.
    pub(super) fn change<T>(
        &self,
        id: &CustomerId,
        decide: impl FnOnce(Option<Customer>) -> (T, Option<Customer>),
    ) -> T {
        let entry = self.customers.entry(id.clone());
        let before = self.current(&entry);
        let held = before.as_ref().and_then(|customer| customer.certificate.clone());
        let (decision, change) = decide(before);
        if let Some(customer) = change {
            if let Some(number) = held.filter(|held| customer.certificate.as_ref() != Some(held)) {
                let began_with = || self.world.holders.get(&number).cloned().unwrap_or_default();
                self.holders.entry(number.clone()).or_insert_with(began_with).remove(id);
            }
            entry.insert(customer);
        }
        decision
    }

    fn current(&self, entry: &Entry<'_, CustomerId, Customer>) -> Option<Customer> {
        match entry {
            Entry::Occupied(changed) => Some(changed.get().clone()),
            Entry::Vacant(unchanged) => self.world.customers.get(unchanged.key()).cloned(),
        }
    }
}
