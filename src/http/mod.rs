//! HTTP: the only place that knows axum. `front` is what a port answers with: the `door` to the simulated service, with its
//! `routes`, and beside it `control`, the simulator's own API. Behind the door the `gateway` comes first; then `bss` is the
//! simulated API, and `iam` the service that its SDKs ask who they are.

mod answer;
mod bss;
mod control;
mod door;
mod findings;
mod front;
mod gateway;
mod iam;
mod openapi;
mod reload;
mod routes;
mod server;
mod shelf;

use std::sync::Arc;

use axum::Router;

pub use bss::INDIVIDUAL;
pub use control::{ControlSettings, NotVerified, Verified, explain, journal, verify};
pub use findings::findings;
pub use front::Front;
pub use reload::{Reading, Reload};
pub use routes::endpoints;
#[cfg(feature = "tls")]
pub use server::Tls;
pub use server::{Limits, RequestBody, Server, Stop};
pub use shelf::Shelf;

use crate::fixture::{Library, Scenario};
use crate::simulator::{JournalLimits, SpaceId, Spaces};

/// All that the routes share.
#[derive(Debug)]
pub struct App {
    /// The spaces.
    pub spaces: Arc<Spaces>,
    /// Who may steer, and what it may see.
    pub control: ControlSettings,
    /// Where the scenarios are that spaces can start from.
    pub shelf: Shelf,
}

impl App {
    /// A simulator whose default space starts from this scenario, with the default limits, and steered by anybody.
    #[must_use]
    pub fn of(scenario: &Scenario, library: Library) -> Self {
        let limits = JournalLimits::new(DEFAULT_JOURNAL_ENTRIES, DEFAULT_JOURNAL_BYTES);
        let spaces = Spaces::new(scenario.name.as_str().into(), &scenario.world, limits);
        Self::new(Arc::new(spaces), library, ControlSettings::default())
    }

    /// A simulator with these spaces, the default one of which began from a scenario of the library.
    #[must_use]
    pub fn new(spaces: Arc<Spaces>, library: Library, control: ControlSettings) -> Self {
        let default = spaces.space(SpaceId::DEFAULT).expect("the default space is always there");
        let shelf = Shelf::new(library, &default.scenario());
        Self { spaces, control, shelf }
    }

    /// The scenarios that spaces can start from, as they are now.
    #[must_use]
    pub fn library(&self) -> Arc<Library> {
        self.shelf.library()
    }
}

/// Where the control API is.
const STEERING: &str = "/_sim";

/// The most journal entries of one space, when nobody says otherwise.
pub const DEFAULT_JOURNAL_ENTRIES: usize = 10_000;

/// The most bytes of all journals, when nobody says otherwise.
pub const DEFAULT_JOURNAL_BYTES: usize = 64 * 1024 * 1024;

/// All doors, as a router without a socket.
pub fn router(app: &Arc<App>) -> Router {
    Router::new().fallback_service(Front::of_all(app))
}
