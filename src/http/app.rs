//! The `App`: the state that all routes share; and the simulated API and IAM as a service, with the layer that records their
//! requests.

use std::sync::Arc;

use axum::Router;
use axum::routing::head;
use tokio::sync::Semaphore;
use tower::Layer;

use super::extract::DiscardedBody;
use super::host::HostPattern;
use super::record::{RecordLayer, RecordService};
use super::registry::ScenarioRegistry;
use super::{bss, iam};
use crate::domain::{ENDPOINTS, Secret, checks, gateway};
use crate::fixture::{Library, LoadedScenario};
use crate::simulator::{ApiError, JournalLimits, Spaces};

/// The most journal entries of one space, by default.
pub const DEFAULT_JOURNAL_ENTRIES: usize = 10_000;

/// The most bytes of all journals, by default.
pub const DEFAULT_JOURNAL_BYTES: usize = 64 * 1024 * 1024;

/// How many control calls run at the same time. Others wait.
const MAX_CALLS: usize = 8;

#[derive(Debug)]
pub struct App {
    pub spaces: Arc<Spaces>,
    pub control: ControlSettings,
    /// A permit for each control call that runs.
    pub calls: Arc<Semaphore>,
    pub scenarios: Arc<ScenarioRegistry>,
}

impl App {
    /// A simulator whose default space starts from this scenario, with default limits and an open control API.
    pub fn of(scenario: &LoadedScenario, library: Library) -> Self {
        let limits = JournalLimits::new(DEFAULT_JOURNAL_ENTRIES, DEFAULT_JOURNAL_BYTES);
        let spaces = Spaces::new(scenario.name.as_str().into(), &scenario.world, limits);
        Self::new(Arc::new(spaces), library, ControlSettings::default())
    }

    /// A simulator with these spaces, the default one of which began from a scenario of the library.
    pub fn new(spaces: Arc<Spaces>, library: Library, control: ControlSettings) -> Self {
        let scenarios = Arc::new(ScenarioRegistry::new(library, Arc::clone(&spaces)));
        Self { spaces, control, calls: Arc::new(Semaphore::new(MAX_CALLS)), scenarios }
    }

    pub fn library(&self) -> Arc<Library> {
        self.scenarios.library()
    }
}

/// Who may use the control API, and what it shows.
#[derive(Clone, Debug, Default)]
pub struct ControlSettings {
    /// What every call has to show, but for the health checks and that for the CA; `None` if the API is open.
    pub token: Option<Secret>,
    /// The hosts by which the API may be called without a token, besides local ones.
    pub hosts: Vec<HostPattern>,
    /// Whether the journal shows names and certificate numbers.
    pub show_personal_data: bool,
    /// Whether there is no web console.
    pub no_console: bool,
    /// The certificate of the CA that clients have to trust, as PEM; `None` if the simulator has no CA of its own.
    pub ca: Option<Arc<str>>,
}

/// Serves the simulated API and IAM alone.
pub fn api_service(app: &Arc<App>) -> RecordService<Router> {
    record(app, None, api_routes(&app.spaces))
}

/// Returns the routes of the simulated API and of IAM. The gateway answers for a path or a method that none of them has.
pub fn api_routes(spaces: &Arc<Spaces>) -> Router {
    let routes = bss::routes().merge(iam::routes(spaces));
    // The routes of GET would answer HEAD, too.
    let only_get = ENDPOINTS.iter().filter(|endpoint| endpoint.method == "GET");
    let routes = only_get.fold(routes, |routes, endpoint| routes.route(endpoint.path, head(unknown_method)));
    routes.fallback(unknown_path).method_not_allowed_fallback(unknown_method)
}

/// Records the requests of the simulated routes. The layer is outside of the router, which would add headers of its own to
/// their answers: `Allow` to the gateway's 404. Given its state, the router makes each handler a service once and not for
/// every request.
pub fn record(app: &Arc<App>, except: Option<&'static str>, routes: Router) -> RecordService<Router> {
    let spaces = Arc::clone(&app.spaces);
    RecordLayer { spaces, except }.layer(routes.with_state(()))
}

/// The gateway knows no such path.
async fn unknown_path(_: DiscardedBody) -> ApiError {
    ApiError::gateway(&checks::PATH_KNOWN, gateway::UNKNOWN_PATH)
}

/// The gateway knows the path, with other methods.
async fn unknown_method(_: DiscardedBody) -> ApiError {
    ApiError::gateway(&checks::METHOD_KNOWN, gateway::UNKNOWN_METHOD)
}
