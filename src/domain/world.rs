//! A world: all that a simulated service starts from.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::caller::Caller;
use super::certificate::{Certificate, CertificateNumber};
use super::credential::{AccessKey, Credentials, Secret, User};
use super::customer::{Customer, CustomerId};
use super::partner::Partner;
use super::script::ScriptedAnswer;
use super::settings::{Authentication, Settings};

/// Partners, customers, certificates, script and settings at the beginning. It never changes; what
/// happens is kept apart from it.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// How the service is configured.
    pub settings: Settings,
    /// The partners; the first is the one that lenient authentication takes a stranger for.
    pub partners: Vec<Arc<Partner>>,
    /// The customers.
    pub customers: HashMap<CustomerId, Customer>,
    /// The certificates that are not just anybody's.
    pub certificates: HashMap<CertificateNumber, Arc<Certificate>>,
    /// The customers who hold a certificate.
    pub holders: HashMap<CertificateNumber, HashSet<CustomerId>>,
    /// The answers fixed beforehand, in the order in which they are tried.
    pub script: Vec<Arc<ScriptedAnswer>>,
    tokens: HashMap<Secret, Caller>,
    access_keys: HashMap<Box<str>, (AccessKey, Caller)>,
    users: HashMap<(Box<str>, Box<str>), (User, Caller)>,
}

impl World {
    /// A world without anybody in it.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, ..Self::default() }
    }

    /// Makes the credentials of an account known.
    pub fn admit(&mut self, caller: &Caller, credentials: &Credentials) {
        for token in &credentials.tokens {
            self.tokens.insert(token.clone(), caller.clone());
        }
        for key in &credentials.access_keys {
            self.access_keys.insert(key.ak.clone(), (key.clone(), caller.clone()));
        }
        for user in &credentials.users {
            let name = (caller.account_name().into(), user.name.clone());
            self.users.insert(name, (user.clone(), caller.clone()));
        }
    }

    /// Adds a partner and makes its credentials known.
    pub fn add_partner(&mut self, partner: Partner) {
        let partner = Arc::new(partner);
        self.admit(&Caller::Partner(Arc::clone(&partner)), &partner.credentials);
        self.partners.push(partner);
    }

    /// Lists a customer as the holder of a certificate.
    pub fn add_holder(&mut self, number: &CertificateNumber, customer: CustomerId) {
        if let Some(listed) = self.customers.get_mut(&customer) {
            listed.certificate = Some(number.clone());
        }
        self.holders.entry(number.clone()).or_default().insert(customer);
    }

    /// Whose token this is.
    #[must_use]
    pub fn caller_by_token(&self, token: &str) -> Option<Caller> {
        self.tokens.get(&Secret::new(token)).cloned()
    }

    /// The access key with this ID, and whose it is.
    #[must_use]
    pub fn access_key(&self, ak: &str) -> Option<&(AccessKey, Caller)> {
        self.access_keys.get(ak)
    }

    /// The user with this name in the account with this name.
    #[must_use]
    pub fn user(&self, account: &str, name: &str) -> Option<&(User, Caller)> {
        self.users.get(&(account.into(), name.into()))
    }

    /// Who somebody with unknown credentials is: with lenient authentication the first partner, else nobody.
    #[must_use]
    pub fn stranger(&self) -> Option<Caller> {
        let lenient = self.settings.authentication == Authentication::Lenient;
        self.partners.first().filter(|_| lenient).map(|partner| Caller::Partner(Arc::clone(partner)))
    }
}
