//! A world that is written in code.

use serde_json::{Map, Value};

use crate::domain::account::Partner;
use crate::domain::account::{Customer, CustomerId};
use crate::domain::certificate::{Certificate, CertificateNumber};
use crate::domain::credentials::Credentials;
use crate::domain::settings::Settings;
use crate::fixture::write;

/// A world that is written in code. What it says is checked as that of a file is, when a simulator starts from it.
///
/// ```
/// use bss_sim::domain::certificate::Certificate;
/// use bss_sim::domain::customer::{Customer, RealNameStatus};
/// use bss_sim::domain::partner::Partner;
/// use bss_sim::domain::settings::Settings;
/// use bss_sim::{Simulator, World};
///
/// let world = World::new()
///     .settings(&Settings { customers_per_certificate: 1, ..Settings::default() })
///     .partner(&Partner::new("reseller", "RESELLER_IDP"))
///     .partner(&Partner { photo_upload: false, ..Partner::new("newcomer", "NEWCOMER_IDP") })
///     .customer("fresh", &Customer::new("reseller"))
///     .customer("done", &Customer { status: RealNameStatus::Authenticated, ..Customer::new("reseller") })
///     .certificate("E00000193", &Certificate { blocked: true, ..Certificate::default() })
///     .certificate_used_by("E00000189", &["done"]);
///
/// let sim = Simulator::builder().scenario(world).start()?;
/// assert_eq!(sim.credentials_of("newcomer").xaccount_type, "NEWCOMER_IDP");
/// assert_eq!(sim.customer("done").map(|done| done.status), Some(RealNameStatus::Authenticated));
/// # Ok::<(), bss_sim::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct World {
    settings: Option<Value>,
    partners: Vec<Value>,
    customers: Vec<Value>,
    certificates: Vec<Value>,
    scripted: Vec<Value>,
}

impl World {
    /// A world without anybody.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How the service is configured.
    #[must_use]
    pub fn settings(mut self, settings: &Settings) -> Self {
        self.settings = Some(write::settings(settings));
        self
    }

    /// Adds a partner. One without a token or a key is given one.
    #[must_use]
    pub fn partner(mut self, partner: &Partner) -> Self {
        self.partners.push(write::partner(partner));
        self
    }

    /// Adds a customer with this account ID.
    #[must_use]
    pub fn customer(mut self, id: &str, customer: &Customer) -> Self {
        self.customers.push(write::customer(&CustomerId::new(id), customer, &Credentials::default()));
        self
    }

    /// Lists a certificate that is not just anybody's valid one.
    #[must_use]
    pub fn certificate(mut self, number: &str, certificate: &Certificate) -> Self {
        self.certificates.push(write::certificate(&CertificateNumber::new(number), certificate, []));
        self
    }

    /// Lists a valid certificate that these customers hold already.
    #[must_use]
    pub fn certificate_used_by(mut self, number: &str, customers: &[&str]) -> Self {
        let holders: Vec<_> = customers.iter().map(|id| CustomerId::new(id)).collect();
        let number = CertificateNumber::new(number);
        self.certificates.push(write::certificate(&number, &Certificate::default(), &holders));
        self
    }

    /// Adds an answer that is fixed beforehand: `{"when": …, "times": …, "then": …}`, as in a file. The first that matches
    /// is given.
    #[must_use]
    pub fn scripted(mut self, answer: Value) -> Self {
        self.scripted.push(answer);
        self
    }

    pub(super) fn into_fixture(self) -> Value {
        let lists = [
            ("partners", self.partners),
            ("customers", self.customers),
            ("certificates", self.certificates),
            ("scripted", self.scripted),
        ];
        let settings = self.settings.map(|settings| ("settings".to_owned(), settings));
        let lists = lists.into_iter().map(|(name, list)| (name.to_owned(), Value::from(list)));
        settings.into_iter().chain(lists).collect::<Map<_, _>>().into()
    }
}
