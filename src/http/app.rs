//! The state that all routes share.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::host::HostPattern;
use super::registry::ScenarioRegistry;
use crate::domain::Secret;
use crate::fixture::{Library, LoadedScenario};
use crate::simulator::{JournalLimits, Spaces};

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
