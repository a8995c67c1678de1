//! A world: all that a simulated service starts from.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::certificate::{Certificate, CertificateNumber};
use super::customer::{Customer, CustomerId};
use super::directory::Directory;
use super::script::ScriptedAnswer;
use super::settings::Settings;

/// Partners, customers, certificates, script and settings at the beginning. It never changes; what happens is kept
/// apart from it. A clone shares everything.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// How the service is configured.
    pub settings: Settings,
    /// The partners, and all credentials.
    pub directory: Arc<Directory>,
    /// The customers.
    pub customers: Arc<HashMap<CustomerId, Customer>>,
    /// The certificates that are not just anybody's.
    pub certificates: Arc<HashMap<CertificateNumber, Arc<Certificate>>>,
    /// The customers who hold a certificate, listed or not.
    pub holders: Arc<HashMap<CertificateNumber, HashSet<CustomerId>>>,
    /// The same the other way round: the certificates that a customer holds.
    pub held: Arc<HashMap<CustomerId, Vec<CertificateNumber>>>,
    /// The answers fixed beforehand, in the order in which they are tried.
    pub script: Vec<Arc<ScriptedAnswer>>,
}

impl World {
    /// Lists a certificate that is not listed yet, with the customers who hold it.
    pub fn list(&mut self, number: CertificateNumber, certificate: Certificate, holders: HashSet<CustomerId>) {
        let held = Arc::make_mut(&mut self.held);
        for customer in &holders {
            held.entry(customer.clone()).or_default().push(number.clone());
        }
        Arc::make_mut(&mut self.holders).insert(number.clone(), holders);
        Arc::make_mut(&mut self.certificates).insert(number, Arc::new(certificate));
    }
}
