//! A world: all that a simulated service starts from.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::certificate::{Certificate, CertificateNumber};
use super::settings::Settings;
use crate::domain::account::{Customer, CustomerId};
use crate::domain::credentials::Accounts;
use crate::domain::scripted::ScriptedAnswer;

/// Partners, customers, certificates, script and settings at the beginning. It never changes; what happens is kept
/// apart from it. A clone shares everything.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// How the service is configured.
    pub settings: Settings,
    /// The partners, and all credentials.
    pub accounts: Arc<Accounts>,
    /// The customers.
    pub customers: Arc<HashMap<CustomerId, Arc<Customer>>>,
    /// The certificates that are not just anybody's.
    pub certificates: Arc<HashMap<CertificateNumber, Arc<Certificate>>>,
    /// The customers who hold a certificate, listed or not.
    pub holders: Arc<HashMap<CertificateNumber, BTreeSet<CustomerId>>>,
    /// The same the other way round: the certificates that a customer holds.
    pub held: Arc<HashMap<CustomerId, BTreeSet<CertificateNumber>>>,
    /// The answers fixed beforehand, in the order in which they are tried.
    pub script: Vec<Arc<ScriptedAnswer>>,
}

impl World {
    /// True when both are one world, and not only equal.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.accounts, &other.accounts)
    }

    /// Lists a certificate that is not listed yet, with the customers who hold it.
    pub fn list(&mut self, number: CertificateNumber, certificate: Certificate, holders: BTreeSet<CustomerId>) {
        let held = Arc::make_mut(&mut self.held);
        for customer in &holders {
            held.entry(customer.clone()).or_default().insert(number.clone());
        }
        if !holders.is_empty() {
            Arc::make_mut(&mut self.holders).insert(number.clone(), holders);
        }
        Arc::make_mut(&mut self.certificates).insert(number, Arc::new(certificate));
    }
}
