//! A simulator in the process of the test, without a port.

use std::ops::Deref;
use std::sync::Arc;

use bss_sim::{Builder, Error, Scenario, Simulator, Space};

use super::client::Client;
use super::fixtures::PARTNERS;

/// A simulator, used as its default space and asked through its router.
#[derive(Clone)]
pub(crate) struct TestApp {
    pub(crate) space: Arc<Space>,
    client: Client,
}

impl TestApp {
    /// Builds a simulator.
    #[track_caller]
    pub(crate) fn build(builder: Builder) -> Self {
        let space = builder.build().unwrap_or_else(|error| panic!("{error}"));
        let space = Arc::new(space);
        Self { client: Client::of_space(Arc::clone(&space)), space }
    }

    /// Starts from the built-in scenario `default`.
    pub(crate) fn builtin() -> Self {
        Self::build(Simulator::builder())
    }

    /// Starts from the text of a scenario.
    #[track_caller]
    pub(crate) fn from_text(text: &str) -> Self {
        Self::build(Simulator::builder().scenario(Scenario::text(text)))
    }

    /// Starts from the partners `demo` (token `token`, platform `DEMO_IDP`) and `other`, and what the text adds to them.
    #[track_caller]
    pub(crate) fn with(text: &str) -> Self {
        Self::from_text(&format!("{PARTNERS}{text}"))
    }
}

impl Deref for TestApp {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// Returns what is wrong with the text of a scenario.
#[track_caller]
pub(crate) fn build_error(text: &str) -> Error {
    let built = Simulator::builder().scenario(Scenario::text(text)).build();
    built.map_or_else(|error| error, |_| panic!("accepted:\n{text}"))
}
