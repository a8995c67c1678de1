//! What a test steers.

use std::fmt::Display;
use std::panic::Location;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use axum::Router;
use jiff::SignedDuration;

use super::entry::Entry;
use super::error::Error;
use super::expectation::Expectation;
use super::scenario::{Scenario, written};
use crate::fixture::{self, call};
use crate::http::{self, App, NotVerified};
use crate::simulator::{self, SpaceId, SpaceState};

/// One isolated world: its partners, customers, certificates, script, journal and clock.
///
/// A [`Simulator`](super::Simulator) is used as its default space. Tests that share a simulator take a space each: its
/// partners have credentials of its own, by which a client gets there without knowing of spaces.
///
/// ```
/// # use bss_sim::Simulator;
/// let sim = Simulator::start();
/// let (one, other) = (sim.new_space(), sim.new_space());
/// assert_eq!(one.credentials().name, other.credentials().name);
/// assert_ne!(one.credentials().token, other.credentials().token);
/// ```
///
/// A simulator can be shared by all tests of a binary:
///
/// ```
/// # use bss_sim::Simulator;
/// use std::sync::LazyLock;
///
/// static SIM: LazyLock<Simulator> = LazyLock::new(Simulator::start);
///
/// let space = SIM.new_space();
/// assert!(space.journal().is_empty());
/// ```
///
/// When a space is dropped, what was [expected](Self::expect) is checked, and the space goes; the default one goes
/// with its simulator.
#[derive(Debug)]
pub struct Space {
    app: Arc<App>,
    inner: Arc<simulator::Space>,
    scenario: Arc<fixture::Scenario>,
    expected: Mutex<Vec<(Expectation, &'static Location<'static>)>>,
}

impl Space {
    pub(super) fn default_of(app: App, scenario: fixture::Scenario) -> Self {
        let inner = app.spaces.default_space();
        Self { app: Arc::new(app), inner, scenario: Arc::new(scenario), expected: Mutex::default() }
    }

    pub(super) fn app(&self) -> &Arc<App> {
        &self.app
    }

    pub(super) fn state(&self) -> Arc<SpaceState> {
        self.inner.state()
    }

    /// All that the simulator answers, as a router without a port.
    ///
    /// ```
    /// use axum::body::Body;
    /// use axum::http::Request;
    /// use bss_sim::Simulator;
    /// use tower::ServiceExt;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let space = Simulator::builder().build()?;
    /// let request = Request::get("/v2/customers/realname-auths/result?customer_id=customer-done")
    ///     .header("X-Auth-Token", space.credentials().token)
    ///     .body(Body::empty())?;
    /// let response = space.router().oneshot(request).await?;
    /// assert_eq!(response.status(), 200);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn router(&self) -> Router {
        http::router(&self.app)
    }

    /// Another space of the same simulator, from the scenario that this one was made from.
    #[must_use]
    pub fn new_space(&self) -> Self {
        self.with_space_from(Arc::clone(&self.scenario))
    }

    /// Another space of the same simulator, from another scenario.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn new_space_from(&self, scenario: impl Into<Scenario>) -> Result<Self, Error> {
        let scenario = scenario.into().load(&self.app.library())?;
        Ok(self.with_space_from(Arc::new(scenario)))
    }

    fn with_space_from(&self, scenario: Arc<fixture::Scenario>) -> Self {
        let inner = self.app.spaces.create(scenario.name.as_str().into(), &scenario.world);
        Self { app: Arc::clone(&self.app), inner, scenario, expected: Mutex::default() }
    }

    /// Its ID, as `X-Sim-Space` takes it; `default` for the default space.
    #[must_use]
    pub fn id(&self) -> String {
        self.inner.id().to_string()
    }

    /// Fixes answers beforehand: one, or a list of them, in the form of a scenario file. The first that matches is given,
    /// after those that were there before.
    ///
    /// ```
    /// # use bss_sim::{Error, Simulator};
    /// # use serde_json::json;
    /// let sim = Simulator::start();
    /// sim.script(json!({ "when": { "customer_id": "customer-new" }, "times": 2, "then": { "error_code": "CBC.0999" } }))?;
    /// sim.script(json!([{ "then": [{ "gateway": "APIGW.0308" }, { "is_review": 0 }] }, { "then": { "fault": "reset" } }]))?;
    ///
    /// let error = sim.script(json!({ "then": { "eror_code": "CBC.0999" } })).unwrap_err();
    /// assert!(error.to_string().contains("did you mean `error_code`?"), "{error}");
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// Everything that is wrong with them; then none is added.
    pub fn script(&self, answers: impl Display) -> Result<(), Error> {
        self.state().add_scripted(call::scripted(&written(answers))?)?;
        Ok(())
    }

    /// Forgets the answers that were fixed beforehand.
    pub fn clear_script(&self) {
        self.state().script.clear();
    }

    /// Puts the clock forward: tokens expire, and reviews end by themselves if the settings say so.
    ///
    /// ```
    /// # use bss_sim::{Error, Simulator};
    /// use std::time::Duration;
    ///
    /// use bss_sim::domain::customer::RealNameStatus;
    /// use serde_json::json;
    ///
    /// let sim = Simulator::builder()
    ///     .scenario(json!({
    ///         "settings": { "review_after": "2h" },
    ///         "customers": [{ "id": "c-1", "real_name": "under_review" }],
    ///     }))
    ///     .start()?;
    /// let status = || sim.customer("c-1").map(|customer| customer.status);
    /// sim.freeze();
    /// assert_eq!(status(), Some(RealNameStatus::UnderReview));
    /// sim.advance(Duration::from_secs(2 * 60 * 60));
    /// assert_eq!(status(), Some(RealNameStatus::Authenticated));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn advance(&self, by: Duration) {
        self.state().clock.advance(SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX));
    }

    /// Stops the clock.
    pub fn freeze(&self) {
        self.state().clock.freeze(true);
    }

    /// Lets the clock go on from where it stands.
    pub fn unfreeze(&self) {
        self.state().clock.freeze(false);
    }

    /// Begins again: state, script, journal and clock as the scenario made them. What is expected stays so.
    pub fn reset(&self) {
        self.inner.reset();
    }

    /// Begins again from another scenario, at the same time.
    ///
    /// # Errors
    /// Everything that is wrong with it; then nothing changes.
    pub fn replace(&self, scenario: impl Into<Scenario>) -> Result<(), Error> {
        let scenario = scenario.into().load(&self.app.library())?;
        self.inner.replace(scenario.name.into(), &scenario.world);
        Ok(())
    }

    /// What was asked and answered since it began, oldest first.
    #[must_use]
    pub fn journal(&self) -> Vec<Entry> {
        http::journal(&self.app, &self.inner).into_iter().map(Entry).collect()
    }

    /// Returns the journal's entry of the answer with this `X-Request-Id`. `None` if it was dropped, or if it belongs to
    /// another space.
    ///
    /// ```
    /// # use bss_sim::Simulator;
    /// let sim = Simulator::start();
    /// let answer = ureq::get(format!("{}/v2/customers/realname-auths/result?customer_id=customer-done", sim.url()))
    ///     .header("X-Auth-Token", sim.credentials().token)
    ///     .call()
    ///     .unwrap();
    ///
    /// let request_id = answer.headers()["x-request-id"].to_str().unwrap();
    /// assert_eq!(sim.entry(request_id).unwrap().decided_by(), "accepted");
    /// assert!(sim.new_space().entry(request_id).is_none());
    /// ```
    pub fn entry(&self, request_id: &str) -> Option<Entry> {
        http::entry(&self.app, &self.inner, request_id).map(Entry)
    }

    /// Forgets what was asked and answered.
    pub fn clear_journal(&self) {
        self.state().journal.clear();
    }

    /// Checks what the journal is to hold, and counts it.
    ///
    /// # Errors
    /// When there are more or fewer such requests, with those that come closest.
    pub fn verify(&self, expectation: &Expectation) -> Result<usize, NotVerified> {
        http::verify(&self.app, &self.inner, &expectation.0).map(|verified| verified.count)
    }

    /// Notes what the journal is to hold when the space is dropped. If it does not hold that then, the drop panics, unless
    /// the test has failed already. A `static` is never dropped: expect of its spaces, not of the simulator.
    ///
    /// ```should_panic
    /// # use bss_sim::{Expectation, Simulator};
    /// let sim = Simulator::start();
    /// sim.expect(Expectation::exactly(1).customer_id("customer-new"));
    /// // Nothing is sent.
    /// ```
    #[track_caller]
    pub fn expect(&self, expectation: Expectation) {
        let mut expected = self.expected.lock().expect("nothing panics while it holds what is expected");
        expected.push((expectation, Location::caller()));
    }

    /// What was expected and is not so.
    fn disappointments(&mut self) -> Vec<String> {
        let expected = std::mem::take(self.expected.get_mut().expect("nothing panics while it holds what is expected"));
        let disappointment = |(expectation, place): &(Expectation, _)| {
            self.verify(expectation).err().map(|error| format!("expected at {place}: {error}"))
        };
        expected.iter().filter_map(disappointment).collect()
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        let disappointments = if thread::panicking() { Vec::new() } else { self.disappointments() };
        if self.inner.id() != SpaceId::DEFAULT {
            // It may have been removed, or have given way to newer ones.
            let _ = self.app.spaces.remove(self.inner.id());
        }
        assert!(disappointments.is_empty(), "{}", disappointments.join("\n"));
    }
}
