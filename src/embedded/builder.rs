//! What a simulator is to be like before it starts.

use std::path::PathBuf;
use std::sync::Arc;

use super::error::Error;
use super::scenario::Scenario;
use super::simulator::Simulator;
use super::space::Space;
use crate::fixture::Library;
use crate::http::{App, ControlSettings, DEFAULT_JOURNAL_BYTES, DEFAULT_JOURNAL_ENTRIES};
use crate::simulator::{JournalLimits, Spaces};

/// Settings of a [`Simulator`] that is to be started.
///
/// ```
/// # use bss_sim::{Error, Simulator};
/// let sim = Simulator::builder().scenario("attempts-exhausted").start()?;
///
/// let error = Simulator::builder().scenario("attempts-exausted").start().unwrap_err();
/// assert!(error.to_string().contains("did you mean `attempts-exhausted`?"));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Builder {
    scenario: Scenario,
    fixtures: Vec<PathBuf>,
    journal_entries: usize,
    journal_bytes: usize,
    show_personal_data: bool,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            scenario: Scenario::default(),
            fixtures: Vec::new(),
            journal_entries: DEFAULT_JOURNAL_ENTRIES,
            journal_bytes: DEFAULT_JOURNAL_BYTES,
            show_personal_data: false,
        }
    }
}

impl Builder {
    /// What the default space starts from; without this, the scenario `default`.
    #[must_use]
    pub fn scenario(self, scenario: impl Into<Scenario>) -> Self {
        Self { scenario: scenario.into(), ..self }
    }

    /// Adds a scenario file, or a directory of such, whose scenarios can then be named like those that are built in.
    #[must_use]
    pub fn fixtures(mut self, path: impl Into<PathBuf>) -> Self {
        self.fixtures.push(path.into());
        self
    }

    /// The most journal entries of one space; 10,000 without this. Beyond it the oldest are lost.
    #[must_use]
    pub fn journal_entries(self, entries: usize) -> Self {
        Self { journal_entries: entries, ..self }
    }

    /// The most bytes of all journals together; 64 MiB without this.
    #[must_use]
    pub fn journal_bytes(self, bytes: usize) -> Self {
        Self { journal_bytes: bytes, ..self }
    }

    /// Shows names and certificate numbers in the journal, instead of `***`.
    #[must_use]
    pub fn show_personal_data(self) -> Self {
        Self { show_personal_data: true, ..self }
    }

    /// Starts it.
    ///
    /// # Errors
    /// Everything that is wrong with the fixtures, each at its place; or the system has no port or thread.
    pub fn start(self) -> Result<Simulator, Error> {
        Simulator::serve(self.build()?)
    }

    /// Makes it without a port: its default space, whose [`router`](Space::router) answers.
    ///
    /// # Errors
    /// Everything that is wrong with the fixtures, each at its place.
    pub fn build(self) -> Result<Space, Error> {
        let mut library = Library::builtin();
        library.add(&self.fixtures)?;
        let scenario = self.scenario.load(&library)?;
        let limits = JournalLimits::new(self.journal_entries, self.journal_bytes);
        let spaces = Arc::new(Spaces::new(scenario.name.as_str().into(), &scenario.world, limits));
        let control = ControlSettings { show_personal_data: self.show_personal_data, ..ControlSettings::default() };
        Ok(Space::default_of(App::new(spaces, library, control), scenario))
    }
}
