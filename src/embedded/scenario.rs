//! What a space starts from: a scenario, which may be a world that is built in code.

use std::fmt::Display;
use std::path::PathBuf;
use std::slice;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::simulator::Error;
use crate::domain::{
    AccessKey, Certificate, CertificateNumber, Credentials, Customer, CustomerId, Partner, Secret, Settings, User,
};
use crate::fixture::{self, CertificateSpec, CustomerSpec, Library, PartnerSpec};

/// What a space starts from: a name, a file, a text, or a value. Functions that take a scenario also take what converts into
/// one:
///
/// ```
/// # use bss_sim::{Error, Scenario, Simulator, World};
/// # use serde_json::json;
/// let named = Simulator::builder().scenario("review-automatic").start()?;
/// let file = Simulator::builder().scenario(Scenario::file("fixtures/default.yaml")).start()?;
/// let text = Simulator::builder().scenario(Scenario::text("customers: [{ id: c-1 }]")).start()?;
/// let value = Simulator::builder().scenario(json!({ "customers": [{ "id": "c-1" }] })).start()?;
/// let world = Simulator::builder().scenario(World::new()).start()?;
/// # Ok::<(), Error>(())
/// ```
///
/// If it is invalid, the error lists all mistakes with their places:
///
/// ```
/// # use bss_sim::Simulator;
/// # use serde_json::json;
/// let fixture = json!({ "customers": [{ "id": "c-1", "partner": "unknown" }] });
/// let error = Simulator::builder().scenario(fixture).start().unwrap_err().to_string();
/// assert!(error.starts_with("fixture:5:18: customers[0].partner: "), "{error}");
/// ```
#[derive(Clone, Debug)]
pub struct Scenario(ScenarioSource);

#[derive(Clone, Debug)]
enum ScenarioSource {
    Name(String),
    File(PathBuf),
    Text(String),
}

impl Scenario {
    /// The scenario of this name: a built-in one, or one that was [added](super::Builder::fixtures). A `&str` converts into
    /// this.
    pub fn named(name: &str) -> Self {
        Self(ScenarioSource::Name(name.to_owned()))
    }

    /// The scenario in a YAML or JSON file; in a directory, the first one by name.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(ScenarioSource::File(path.into()))
    }

    /// The scenario in a YAML or JSON text. Its relative paths start from the working directory.
    pub fn text(text: impl Into<String>) -> Self {
        Self(ScenarioSource::Text(text.into()))
    }

    /// Loads it, and gives every partner a token, a key and a user.
    pub(super) fn load(&self, library: &Library) -> Result<fixture::LoadedScenario, Error> {
        let mut scenario = match &self.0 {
            ScenarioSource::Name(name) => Arc::unwrap_or_clone(library.scenario(name)?),
            ScenarioSource::File(path) => {
                let scenarios = Library::builtin().add(slice::from_ref(path))?;
                let first = scenarios.into_iter().next().expect("a path without a scenario is an error");
                Arc::unwrap_or_clone(first)
            }
            ScenarioSource::Text(text) => fixture::LoadedScenario::read("fixture", "fixture", text)?,
        };
        let accounts = Arc::make_mut(&mut scenario.world.accounts);
        for partner in accounts.partners.clone() {
            accounts.put_partner(with_credentials(Partner::clone(&partner)));
        }
        Ok(scenario)
    }
}

fn with_credentials(mut partner: Partner) -> Partner {
    let random = || Uuid::new_v4().simple().to_string();
    let credentials = &mut partner.credentials;
    if credentials.tokens.is_empty() {
        credentials.tokens.push(Secret::new(&random()));
    }
    if credentials.access_keys.is_empty() {
        let key = AccessKey { ak: random().into(), sk: Secret::new(&random()), security_token: None };
        credentials.access_keys.push(key);
    }
    if credentials.users.is_empty() {
        credentials.users.push(User { name: "user".into(), password: Secret::new(&random()) });
    }
    partner
}

impl Default for Scenario {
    /// The scenario `default`.
    fn default() -> Self {
        Self::named("default")
    }
}

impl From<&str> for Scenario {
    fn from(name: &str) -> Self {
        Self::named(name)
    }
}

impl From<Value> for Scenario {
    fn from(fixture: Value) -> Self {
        Self::text(to_text(fixture))
    }
}

impl From<World> for Scenario {
    fn from(world: World) -> Self {
        json!(world).into()
    }
}

/// JSON on several lines, so that errors have useful line numbers.
pub(super) fn to_text(json: impl Display) -> String {
    format!("{json:#}")
}

/// A world that is built in code. It is validated like a file, when a simulator starts from it.
///
/// ```
/// use bss_sim::{Certificate, Customer, Partner, RealNameStatus, Settings, Simulator, World};
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
#[derive(Clone, Debug, Default, Serialize)]
#[must_use = "a world does nothing until a space starts from it"]
pub struct World {
    #[serde(skip_serializing_if = "Option::is_none")]
    settings: Option<Value>,
    partners: Vec<Value>,
    customers: Vec<Value>,
    certificates: Vec<Value>,
    scripted: Vec<Value>,
}

impl World {
    /// A world without accounts.
    pub fn new() -> Self {
        Self::default()
    }

    /// The settings of the service.
    pub fn settings(mut self, settings: &Settings) -> Self {
        self.settings = Some(json!(settings));
        self
    }

    /// Adds a partner. If it has no token or no key, it gets one.
    pub fn partner(mut self, partner: &Partner) -> Self {
        self.partners.push(json!(PartnerSpec::from(partner)));
        self
    }

    /// Adds a customer with this account ID.
    pub fn customer(mut self, id: &str, customer: &Customer) -> Self {
        self.customers.push(json!(CustomerSpec::new(&CustomerId::new(id), customer, Credentials::default())));
        self
    }

    /// Lists a certificate. Numbers that are not listed are valid certificates of any person.
    pub fn certificate(mut self, number: &str, certificate: &Certificate) -> Self {
        self.certificates.push(json!(CertificateSpec::new(&CertificateNumber::new(number), certificate, [])));
        self
    }

    /// Lists a valid certificate that these customers hold already.
    pub fn certificate_used_by(mut self, number: &str, customers: &[&str]) -> Self {
        let holders: Vec<_> = customers.iter().map(|id| CustomerId::new(id)).collect();
        let number = CertificateNumber::new(number);
        self.certificates.push(json!(CertificateSpec::new(&number, &Certificate::default(), &holders)));
        self
    }

    /// Adds a scripted answer in the format of a scenario file: `{"when": …, "times": …, "then": …}`. Of all that match a
    /// request, the first one is given.
    pub fn scripted(mut self, answer: Value) -> Self {
        self.scripted.push(answer);
        self
    }
}
