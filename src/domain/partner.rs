//! Partners: the callers of the API.

use std::sync::{Arc, OnceLock};

use super::bucket::Bucket;
use super::credential::Credentials;
use super::customer::Customer;

/// Whether a partner has completed its own real-name authentication.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PartnerRealName {
    /// It has.
    #[default]
    Authenticated,
    /// It has not.
    Unauthenticated,
}

/// A partner that resells cloud to customers.
#[derive(Clone, Debug)]
pub struct Partner {
    /// The account (domain) ID.
    pub id: Box<str>,
    /// The name by which customers and scripts refer to it.
    pub name: Arc<str>,
    /// The platform ID that was assigned to it.
    pub xaccount_type: Box<str>,
    /// Whether it has passed real-name authentication itself.
    pub real_name: PartnerRealName,
    /// "Upload Photos of Handheld ID Cards Required for Real-Name Authentication" is enabled.
    pub photo_upload: bool,
    /// Where its customers' pictures lie.
    pub bucket: Bucket,
    /// What it proves itself with.
    pub credentials: Credentials,
    /// What everybody is at first who becomes its customer by applying: they are all alike, so that one record does.
    pub newcomer: OnceLock<Arc<Customer>>,
}

impl Partner {
    /// A partner of this name and platform that is ready for customers. Its account ID is its name, its bucket has every
    /// picture, and it has no credentials yet.
    #[must_use]
    pub fn new(name: &str, xaccount_type: &str) -> Self {
        Self {
            id: name.into(),
            name: name.into(),
            xaccount_type: xaccount_type.into(),
            real_name: PartnerRealName::default(),
            photo_upload: true,
            bucket: Bucket::default(),
            credentials: Credentials::default(),
            newcomer: OnceLock::new(),
        }
    }

    /// True when it has passed real-name authentication itself.
    #[must_use]
    pub fn is_authenticated(&self) -> bool {
        self.real_name == PartnerRealName::Authenticated
    }

    /// A customer of the partner's that has not applied yet.
    #[must_use]
    pub fn newcomer(&self) -> Arc<Customer> {
        Arc::clone(self.newcomer.get_or_init(|| Customer::of(Arc::clone(&self.name)).into()))
    }

    /// True when nothing on its side keeps its customers from applying, as far as can be told without its bucket.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.is_authenticated() && self.photo_upload && self.bucket.authorized
    }
}
