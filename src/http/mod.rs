//! HTTP: the only place that knows axum. The gateway stands in front; behind it `bss` is the simulated API, and `iam` the
//! service that its SDKs ask who they are. `control` is the simulator's own API, beside them.

mod answer;
mod bss;
mod control;
mod gateway;
mod iam;
mod server;
mod socket;

use std::sync::Arc;

use axum::{Router, middleware};
use tower_http::catch_panic::CatchPanicLayer;

pub use answer::Answer;
pub use control::ControlSettings;
pub use server::{Server, Stop};

use crate::fixture::{Library, Scenario};
use crate::simulator::{JournalLimits, Simulator};

/// All that the routes share.
#[derive(Debug)]
pub struct App {
    /// The spaces.
    pub simulator: Arc<Simulator>,
    /// The scenarios that spaces can start from.
    pub library: Library,
    /// Who may steer, and what it may see.
    pub control: ControlSettings,
}

impl App {
    /// A simulator whose default space starts from this scenario, with the default limits, and steered by anybody.
    #[must_use]
    pub fn of(scenario: &Scenario, library: Library) -> Self {
        let limits = JournalLimits::new(DEFAULT_JOURNAL_ENTRIES, DEFAULT_JOURNAL_BYTES);
        let simulator = Simulator::new(scenario.name.as_str().into(), &scenario.world, limits);
        Self { simulator: Arc::new(simulator), library, control: ControlSettings::default() }
    }
}

/// The most journal entries of one space, when nobody says otherwise.
pub const DEFAULT_JOURNAL_ENTRIES: usize = 10_000;

/// The most bytes of all journals, when nobody says otherwise.
pub const DEFAULT_JOURNAL_BYTES: usize = 64 * 1024 * 1024;

/// All routes, as a service without a socket.
pub fn router(app: &Arc<App>) -> Router {
    simulated(app).merge(steering(app))
}

/// The simulated service alone: the API and IAM, behind the gateway's door.
pub fn simulated(app: &Arc<App>) -> Router {
    let routes = bss::routes().merge(iam::routes());
    let routes = routes.fallback(gateway::unknown_path).method_not_allowed_fallback(gateway::unknown_method);
    behind_the_door(routes, app)
}

/// The control API alone.
pub fn steering(app: &Arc<App>) -> Router {
    Router::new().nest("/_sim", control::routes(app))
}

/// Puts routes behind the gateway's door, as the fallback of another router, so that the door sees answers as they
/// leave, with all that axum adds.
fn behind_the_door(routes: Router, app: &Arc<App>) -> Router {
    let routes = routes.layer(CatchPanicLayer::custom(gateway::panicked));
    let door = middleware::from_fn_with_state(Arc::clone(&app.simulator), gateway::door);
    Router::new().fallback_service(routes).layer(door)
}
