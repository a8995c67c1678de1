//! A world: the state that a simulated service starts from.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use foldhash::HashMap;

use crate::domain::account::{Customer, CustomerId};
use crate::domain::bucket::{BucketContents, RealBucket};
use crate::domain::certificate::{Certificate, CertificateNumber};
use crate::domain::credentials::Accounts;
use crate::domain::scripted::ScriptedAnswer;
use crate::domain::settings::Settings;

/// The initial partners, customers, certificates, script and settings. It is immutable: the simulator keeps changes
/// apart from it. Cloning is cheap, because the maps are shared.
#[derive(Clone, Debug, Default)]
pub struct StartWorld {
    pub settings: Settings,
    pub accounts: Arc<Accounts>,
    pub customers: Arc<HashMap<CustomerId, Arc<Customer>>>,
    /// The listed certificates. Any other number is a valid certificate of any person.
    pub certificates: Arc<HashMap<CertificateNumber, Arc<Certificate>>>,
    /// The customers that hold a certificate, listed or not.
    pub holders: Arc<HashMap<CertificateNumber, BTreeSet<CustomerId>>>,
    /// The inverse of `holders`: the certificates that a customer holds.
    pub held: Arc<HashMap<CustomerId, BTreeSet<CertificateNumber>>>,
    /// The scripted answers, in the order in which they are tried.
    pub script: Vec<Arc<ScriptedAnswer>>,
}

impl StartWorld {
    /// Returns true if both are the same world (clones of one), not just equal ones.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.accounts, &other.accounts)
    }

    /// Returns the directories with pictures, in the order of the partners.
    pub fn directories(&self) -> impl Iterator<Item = &Path> {
        self.accounts.partners.iter().filter_map(|partner| match &partner.bucket.contents {
            BucketContents::Real(RealBucket::Directory(path)) => Some(&**path),
            _ => None,
        })
    }

    /// Adds a certificate that is not listed yet, with the customers that hold it.
    pub fn add_certificate(
        &mut self,
        number: CertificateNumber,
        certificate: Certificate,
        holders: BTreeSet<CustomerId>,
    ) {
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
