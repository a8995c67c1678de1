//! What a space starts from.

use std::fmt::Display;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use super::error::Error;
use super::world::World;
use crate::domain::account::Partner;
use crate::domain::credentials::{AccessKey, Secret};
use crate::fixture::{self, Library};

/// What a space starts from: a name, a file, a text, or a value. Whatever takes one also takes what can be made into one:
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
/// What is wrong with it is told all at once, each mistake at its place:
///
/// ```
/// # use bss_sim::Simulator;
/// # use serde_json::json;
/// let fixture = json!({ "customers": [{ "id": "c-1", "partner": "nobody" }] });
/// let error = Simulator::builder().scenario(fixture).start().unwrap_err().to_string();
/// assert!(error.starts_with("fixture:5:18: customers[0].partner: "), "{error}");
/// ```
#[derive(Clone, Debug)]
pub struct Scenario(Source);

#[derive(Clone, Debug)]
enum Source {
    Name(String),
    File(PathBuf),
    Text(String),
}

impl Scenario {
    /// One that is built in, or was [added](super::Builder::fixtures). A `&str` is taken for such a name too.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self(Source::Name(name.to_owned()))
    }

    /// That of a YAML or JSON file; of a directory, the first by name.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Source::File(path.into()))
    }

    /// That of a YAML or JSON text. Relative paths in it start from the working directory.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self(Source::Text(text.into()))
    }

    /// Reads it. Every partner of it has a token and a key then, so that it can call.
    pub(super) fn load(&self, library: &Library) -> Result<fixture::Scenario, Error> {
        let mut scenario = match &self.0 {
            Source::Name(name) => Arc::unwrap_or_clone(library.scenario(name)?),
            Source::File(path) => {
                let scenarios = Library::builtin().add(std::slice::from_ref(path))?;
                let first = scenarios.into_iter().next().expect("a path without a scenario is an error");
                Arc::unwrap_or_clone(first)
            }
            Source::Text(text) => fixture::Scenario::read("fixture", "fixture", text)?,
        };
        let accounts = Arc::make_mut(&mut scenario.world.accounts);
        for partner in accounts.partners.clone() {
            accounts.put_partner(with_credentials(Partner::clone(&partner)));
        }
        Ok(scenario)
    }
}

/// The partner, with a token and a key if it had none.
fn with_credentials(mut partner: Partner) -> Partner {
    let random = || Uuid::new_v4().simple().to_string();
    let credentials = &mut partner.credentials;
    if credentials.tokens.is_empty() {
        credentials.tokens.push(Secret::new(&random()));
    }
    if credentials.access_keys.is_empty() {
        credentials.access_keys.push(AccessKey {
            ak: random().into(),
            sk: Secret::new(&random()),
            security_token: None,
        });
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
        Self::text(written(fixture))
    }
}

impl From<World> for Scenario {
    fn from(world: World) -> Self {
        world.into_fixture().into()
    }
}

/// JSON with lines, so that a line says where a mistake is.
pub(super) fn written(json: impl Display) -> String {
    format!("{json:#}")
}
