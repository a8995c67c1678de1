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
    /// The customers who hold a certificate.
    pub holders: Arc<HashMap<CertificateNumber, HashSet<CustomerId>>>,
    /// The answers fixed beforehand, in the order in which they are tried.
    pub script: Vec<Arc<ScriptedAnswer>>,
}
