//! HTTP: the only layer that knows axum. [`router`] serves every route: the simulated API (`bss`), IAM (`iam`) and the
//! simulator's own control API (`control`). `record` and `fault` are the layers around the simulated ones.

mod bss;
mod control;
mod extract;
mod fault;
mod iam;
mod limits;
mod openapi;
mod record;
mod registry;
mod response;
mod server;
mod signature;
#[cfg(feature = "tls")]
mod tls;

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, Method};
use tower::Layer;

pub use bss::INDIVIDUAL;
pub use bss::individual::explain_outcome;
pub use control::{
    ChangeView, CheckView, ControlSettings, EntryBody, Expectation, Explanation, NotVerified, entry, explain, journal,
    verify,
};
pub use limits::Limits;
pub use record::RecordService;
pub use registry::{Reload, ScenarioRegistry};
pub use server::Server;
#[cfg(feature = "tls")]
pub use tls::Tls;

use self::record::RecordLayer;
use crate::domain::{checks, gateway};
use crate::fixture::{Library, LoadedScenario};
use crate::simulator::{ApiError, JournalLimits, Spaces};

/// The path below which the control API is.
const CONTROL: &str = "/_sim";

/// Every simulated endpoint: its method and its path.
pub static ENDPOINTS: [(Method, &str); 4] = [
    (Method::POST, bss::INDIVIDUAL),
    (Method::GET, bss::REVIEW_RESULT),
    (Method::GET, iam::DOMAINS),
    (Method::POST, iam::TOKENS),
];

const X_AUTH_TOKEN: HeaderName = HeaderName::from_static("x-auth-token");
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const X_SUBJECT_TOKEN: HeaderName = HeaderName::from_static("x-subject-token");

/// The header that names the space of a request.
const X_SIM_SPACE: HeaderName = HeaderName::from_static("x-sim-space");

/// The most journal entries of one space, by default.
pub const DEFAULT_JOURNAL_ENTRIES: usize = 10_000;

/// The most bytes of all journals, by default.
pub const DEFAULT_JOURNAL_BYTES: usize = 64 * 1024 * 1024;

/// The state that all routes share.
#[derive(Debug)]
pub struct App {
    /// The spaces.
    pub spaces: Arc<Spaces>,
    /// Who may use the control API, and what it shows.
    pub control: ControlSettings,
    /// The scenarios that spaces can start from.
    pub scenarios: ScenarioRegistry,
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
        let default = spaces.default_space();
        let scenarios = ScenarioRegistry::new(library, &default.scenario());
        Self { spaces, control, scenarios }
    }

    /// The current library of scenarios.
    pub fn library(&self) -> Arc<Library> {
        self.scenarios.library()
    }
}

/// Serves every route: the simulated API, IAM and the control API.
pub fn service(app: &Arc<App>) -> RecordService<Router> {
    record(app, Some(CONTROL), api_routes().merge(control::routes(app)))
}

/// Serves the simulated API and IAM alone.
pub fn api_service(app: &Arc<App>) -> RecordService<Router> {
    record(app, None, api_routes())
}

/// The control API alone.
pub fn control_router(app: &Arc<App>) -> Router {
    control::routes(app).with_state(())
}

/// The service of every route as a router, for those who serve it themselves.
pub fn router(app: &Arc<App>) -> Router {
    Router::new().fallback_service(service(app))
}

fn api_routes() -> Router {
    let routes = bss::routes().merge(iam::routes());
    routes.fallback(unknown_path).method_not_allowed_fallback(unknown_method)
}

/// Records the requests of the simulated routes. The layer is outside of the router, which would add headers of its own to
/// their answers: `Allow` to the gateway's 404. Given its state, the router makes each handler a service once and not for
/// every request.
fn record(app: &Arc<App>, except: Option<&'static str>, routes: Router) -> RecordService<Router> {
    RecordLayer { spaces: Arc::clone(&app.spaces), except }.layer(routes.with_state(()))
}

async fn unknown_path() -> ApiError {
    ApiError::gateway(&checks::PATH_KNOWN, gateway::UNKNOWN_PATH)
}

async fn unknown_method() -> ApiError {
    ApiError::gateway(&checks::METHOD_KNOWN, gateway::UNKNOWN_METHOD)
}

/// The value of `X-Request-Id`.
fn request_id_header(id: &str) -> HeaderValue {
    HeaderValue::from_str(id).expect("hexadecimal digits fit a header")
}
