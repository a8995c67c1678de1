//! A space: what a test configures, changes and verifies.

use std::fmt::Display;
use std::panic::{Location, resume_unwind};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use axum::Router;
use tokio::runtime;

use super::journal::{Entry, Expectation};
use super::scenario::{Scenario, to_text};
use super::simulator::Error;
use crate::domain::{Customer, CustomerId, Label, Partner, ReviewDecision, credentials};
use crate::fixture::{self, OneOrMany};
use crate::http::{self, App, Coverage, NotVerified};
use crate::simulator::{self, SpaceId, SpaceState};

/// An isolated world with its own partners, customers, certificates, script, journal and clock.
///
/// A [`Simulator`](super::Simulator) dereferences to its default space. Tests that share a simulator create a space each.
/// The partners of a space have credentials of their own, which lead the requests of a client there.
///
/// ```
/// # use bss_sim::Simulator;
/// let sim = Simulator::start();
/// let (one, other) = (sim.new_space(), sim.new_space());
/// assert_eq!(one.credentials().name, other.credentials().name);
/// assert_ne!(one.credentials().token, other.credentials().token);
/// ```
///
/// All tests of a binary can share one simulator:
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
/// When a space is dropped, it verifies what was [expected](Self::expect), and is deleted. The default space exists as long
/// as its simulator.
#[derive(Debug)]
pub struct Space {
    app: Arc<App>,
    inner: Arc<simulator::Space>,
    scenario: Arc<fixture::LoadedScenario>,
    expected: Mutex<Vec<(Expectation, &'static Location<'static>)>>,
}

impl Space {
    pub(super) fn default_of(app: App, scenario: fixture::LoadedScenario) -> Self {
        let inner = app.spaces.default_space();
        Self { app: Arc::new(app), inner, scenario: Arc::new(scenario), expected: Mutex::default() }
    }

    pub(super) fn app(&self) -> &Arc<App> {
        &self.app
    }

    fn state(&self) -> Arc<SpaceState> {
        self.inner.state()
    }

    /// Returns the axum router of the simulator: all endpoints and the control API, without a port.
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

    /// Creates another space of the same simulator, from the same scenario.
    #[must_use = "the space is deleted when it is dropped"]
    pub fn new_space(&self) -> Self {
        self.with_scenario(Arc::clone(&self.scenario))
    }

    /// Creates another space of the same simulator, from another scenario.
    ///
    /// # Errors
    /// If the scenario is unknown or invalid.
    pub fn new_space_from(&self, scenario: impl Into<Scenario>) -> Result<Self, Error> {
        let scenario = scenario.into().load(&self.app.library())?;
        Ok(self.with_scenario(Arc::new(scenario)))
    }

    fn with_scenario(&self, scenario: Arc<fixture::LoadedScenario>) -> Self {
        let inner = self.app.spaces.create(scenario.name.as_str().into(), None, &scenario.world);
        Self { app: Arc::clone(&self.app), inner, scenario, expected: Mutex::default() }
    }

    /// Gives it a label, which lists of spaces and the entries of its journal show.
    ///
    /// ```
    /// # use bss_sim::Simulator;
    /// let sim = Simulator::start();
    /// let space = sim.new_space().labelled("retries");
    /// assert_eq!(space.label().as_deref(), Some("retries"));
    /// ```
    ///
    /// # Panics
    /// If it is blank, or has more than 200 characters.
    #[track_caller]
    pub fn labelled(self, label: &str) -> Self {
        let label = Label::try_from(label.to_owned()).unwrap_or_else(|error| panic!("{error}"));
        self.inner.set_label(Some(label));
        self
    }

    /// Its label, if it has one.
    pub fn label(&self) -> Option<String> {
        self.inner.label().map(|label| label.as_str().to_owned())
    }

    /// Its ID, for the header `X-Sim-Space`; `default` for the default space.
    pub fn id(&self) -> String {
        self.inner.id.to_string()
    }

    /// The credentials of its first partner.
    ///
    /// # Panics
    /// If there is no partner.
    #[track_caller]
    pub fn credentials(&self) -> Credentials {
        let accounts = self.state().accounts();
        let first = accounts.partners.first().and_then(|partner| Credentials::new(partner));
        first.expect("the space has no partner with credentials")
    }

    /// The credentials of the partner of this name.
    ///
    /// # Panics
    /// If there is no such partner.
    #[track_caller]
    pub fn credentials_of(&self, partner: &str) -> Credentials {
        let accounts = self.state().accounts();
        let credentials = accounts.partner(partner).and_then(|partner| Credentials::new(partner));
        credentials.unwrap_or_else(|| panic!("the space has no partner `{partner}` with credentials"))
    }

    /// The customer with this account ID as it is now.
    pub fn customer(&self, id: &str) -> Option<Arc<Customer>> {
        self.state().customer(&CustomerId::new(id))
    }

    /// Adds a customer, or replaces the one with this account ID.
    ///
    /// # Errors
    /// If its partner does not exist.
    pub fn put_customer(&self, id: &str, customer: Customer) -> Result<(), Error> {
        self.state().put_customer(&CustomerId::new(id), customer, &credentials::Credentials::default())?;
        Ok(())
    }

    /// Approves the application of a customer that is under review.
    ///
    /// # Errors
    /// If the customer does not exist or is not under review.
    pub fn approve(&self, customer: &str) -> Result<(), Error> {
        self.state().review(&CustomerId::new(customer), ReviewDecision::Approve, None)?;
        Ok(())
    }

    /// Rejects the application of a customer that is under review, with the opinion of the reviewer.
    ///
    /// ```
    /// # use bss_sim::{Error, Simulator};
    /// let sim = Simulator::start();
    /// sim.reject("customer-under-review", "the picture is blurred")?;
    /// assert!(sim.approve("customer-under-review").is_err(), "the review is over");
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// If the customer does not exist or is not under review.
    pub fn reject(&self, customer: &str, opinion: &str) -> Result<(), Error> {
        self.state().review(&CustomerId::new(customer), ReviewDecision::Reject, Some(opinion.into()))?;
        Ok(())
    }

    /// Adds scripted answers, one or a list, in the format of a scenario file. Of all that match a request, the first one
    /// is given.
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
    /// If an answer is invalid, with all mistakes; then none is added.
    pub fn script(&self, answers: impl Display) -> Result<(), Error> {
        let answers =
            fixture::read_with(&to_text(answers), r#"{"then":{"error_code":"CBC.0999"}}"#, |_, OneOrMany(answers)| {
                Some(answers)
            })?;
        self.state().add_scripted(answers)?;
        Ok(())
    }

    /// Removes all scripted answers.
    pub fn clear_script(&self) {
        self.state().script.clear();
    }

    /// Puts the clock forward: tokens expire, and reviews end by themselves if the settings say so.
    ///
    /// ```
    /// # use bss_sim::{Error, Simulator};
    /// use std::time::Duration;
    ///
    /// use bss_sim::RealNameStatus;
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
    ///
    /// # Panics
    /// If the clock would be beyond the end of the year 9999.
    #[track_caller]
    pub fn advance(&self, by: Duration) {
        self.state().clock.advance(by).unwrap_or_else(|error| panic!("{error}"));
    }

    /// Stops the clock.
    pub fn freeze(&self) {
        self.state().clock.freeze(true);
    }

    /// Lets the clock go on from where it stands.
    pub fn unfreeze(&self) {
        self.state().clock.freeze(false);
    }

    /// Resets state, script, journal and clock to what the scenario says. Expectations stay.
    pub fn reset(&self) {
        self.inner.reset();
    }

    /// Replaces the world by another scenario. The clock goes on.
    ///
    /// # Errors
    /// If the scenario is unknown or invalid; then nothing changes.
    pub fn replace(&self, scenario: impl Into<Scenario>) -> Result<(), Error> {
        let scenario = scenario.into().load(&self.app.library())?;
        self.inner.replace(scenario.name.into(), &scenario.world);
        Ok(())
    }

    /// The requests since the last reset, oldest first.
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

    /// Returns which documented outcomes the applications of this space got since it was created. A reset and clearing the
    /// journal do not change it.
    ///
    /// ```
    /// # use bss_sim::Simulator;
    /// let sim = Simulator::start();
    /// let coverage = sim.coverage();
    /// let missed: Vec<_> = coverage.outcomes.iter().filter(|outcome| !outcome.met).collect();
    /// assert_eq!((coverage.met, coverage.of, missed.len()), (0, 24, 24));
    /// assert_eq!(missed[0].outcome, "is_review 0");
    /// ```
    pub fn coverage(&self) -> Coverage {
        (&*self.state().coverage).into()
    }

    /// Returns which documented outcomes the applications of all spaces of the simulator got, deleted ones included.
    pub fn coverage_of_all_spaces(&self) -> Coverage {
        (&self.app.spaces.shared.coverage).into()
    }

    /// Removes all entries of the journal.
    pub fn clear_journal(&self) {
        self.state().journal.clear();
    }

    /// Verifies that the journal has the expected entries, and returns their number.
    ///
    /// It blocks the thread only as long as the expectation [waits](Expectation::within).
    ///
    /// # Errors
    /// If there are more or fewer, or others, with the entries that come closest.
    pub fn verify(&self, expectation: &Expectation) -> Result<usize, NotVerified> {
        if expectation.within.is_zero() {
            return http::verify(&self.app, &self.inner, expectation).map(|verified| verified.count);
        }
        // The thread may be one of a runtime, in which another cannot be run.
        let wait = || {
            let runtime = runtime::Builder::new_current_thread().enable_time().build();
            runtime.expect("a runtime without I/O can be built").block_on(self.verify_async(expectation))
        };
        thread::scope(|scope| scope.spawn(wait).join().unwrap_or_else(|panic| resume_unwind(panic)))
    }

    /// Does the same as [`verify`](Self::verify) without blocking the thread: for a client that runs in the same runtime as
    /// the test.
    ///
    /// ```
    /// # use bss_sim::{Expectation, Simulator};
    /// use std::time::Duration;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// let sim = Simulator::start();
    /// let url = format!("{}/v2/customers/realname-auths/individual", sim.url());
    /// let client = tokio::task::spawn_blocking(move || ureq::post(url).send("{}"));
    /// let refused = Expectation::exactly(1).status(401).within(Duration::from_secs(10));
    /// assert_eq!(sim.verify_async(&refused).await.unwrap(), 1);
    /// # drop(client.await);
    /// # });
    /// # std::io::Result::Ok(())
    /// ```
    ///
    /// # Errors
    /// If there are more or fewer, or others, with the entries that come closest.
    pub async fn verify_async(&self, expectation: &Expectation) -> Result<usize, NotVerified> {
        let verified = http::verify_within(&self.app, &self.inner, &Arc::new(expectation.clone())).await;
        verified.map(|verified| verified.count)
    }

    /// Verifies an expectation when the space is dropped. If it does not hold then, the drop panics, unless the thread panics
    /// already.
    ///
    /// A `static` is never dropped: use this with the spaces of a shared simulator, not with the simulator.
    ///
    /// ```should_panic
    /// # use bss_sim::{Expectation, Simulator};
    /// let sim = Simulator::start();
    /// sim.expect(Expectation::exactly(1).customer_id("customer-new"));
    /// // Nothing is sent.
    /// ```
    #[track_caller]
    pub fn expect(&self, expectation: Expectation) {
        self.expected.lock().expect("lock poisoned: expectations").push((expectation, Location::caller()));
    }

    /// Describes the expectations that do not hold.
    fn unmet(&mut self) -> Vec<String> {
        let expected = std::mem::take(self.expected.get_mut().expect("lock poisoned: expectations"));
        let unmet = |(expectation, location): &(Expectation, _)| {
            self.verify(expectation).err().map(|error| format!("expected at {location}: {error}"))
        };
        expected.iter().filter_map(unmet).collect()
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        let unmet = if thread::panicking() { Vec::new() } else { self.unmet() };
        if self.inner.id != SpaceId::DEFAULT {
            // It is an error if the space was deleted before.
            let _ = self.app.spaces.remove(self.inner.id);
        }
        assert!(unmet.is_empty(), "{}", unmet.join("\n"));
    }
}

/// A partner's account, and the credentials with which a client calls as this partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The name by which scenarios refer to the partner.
    pub name: String,
    /// The account (domain) ID.
    pub id: String,
    /// The platform ID that its applications have to contain.
    pub xaccount_type: String,
    /// A token for `X-Auth-Token`.
    pub token: String,
    /// The access key ID, for signed requests.
    pub ak: String,
    /// The secret access key.
    pub sk: String,
    /// The name of a user, for `POST /v3/auth/tokens`. Its domain is [`name`](Self::name).
    pub user: String,
    /// The user's password.
    pub password: String,
}

impl Credentials {
    /// `None` if the partner lacks one of them.
    fn new(partner: &Partner) -> Option<Self> {
        let credentials::Credentials { tokens, access_keys, users } = &partner.credentials;
        let (token, key, user) = (tokens.first()?, access_keys.first()?, users.first()?);
        Some(Self {
            name: (*partner.name).to_owned(),
            id: partner.id.to_string(),
            xaccount_type: partner.xaccount_type.to_string(),
            token: token.expose().to_owned(),
            ak: key.ak.to_string(),
            sk: key.sk.expose().to_owned(),
            user: user.name.to_string(),
            password: user.password.expose().to_owned(),
        })
    }
}
