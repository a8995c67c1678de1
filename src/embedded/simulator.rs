//! A simulator: how it is built, the thread that serves it, and what can go wrong.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::{fmt, io, net};

use tokio::net::TcpListener;
use tokio::runtime;

use super::scenario::Scenario;
use super::space::Space;
use crate::fixture::{Library, LoadError, UnknownScenario};
use crate::http::{App, ControlSettings, DEFAULT_JOURNAL_BYTES, DEFAULT_JOURNAL_ENTRIES, Limits, Server, service};
use crate::simulator::{JournalLimits, ReviewError, Spaces, UpdateError};

/// A simulator that listens on a free port of the loopback interface. It dereferences to its default [`Space`].
///
/// When it is dropped, it closes its port and verifies what was [expected](Space::expect).
///
/// ```
/// # use bss_sim::Simulator;
/// let one = Simulator::start();
/// let other = Simulator::start();
/// assert_ne!(one.url(), other.url());
/// ```
///
/// In a `#[tokio::test]` it is used in the same way:
///
/// ```
/// # use bss_sim::Simulator;
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let sim = Simulator::start();
/// tokio::net::TcpStream::connect(sim.url().trim_start_matches("http://")).await?;
/// # std::io::Result::Ok(())
/// # })?;
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
#[must_use = "a simulator stops when it is dropped"]
pub struct Simulator {
    url: String,
    // Dropped first, so that no request comes after the expectations of the space are verified.
    _server: ServerThread,
    space: Space,
}

impl Simulator {
    /// Starts a simulator from the scenario `default`: a partner `demo-partner` with customers in every state.
    ///
    /// # Panics
    /// If the system has no free port or no thread for it.
    #[track_caller]
    pub fn start() -> Self {
        Self::builder().start().expect("a simulator can be started")
    }

    /// Returns a builder with which a simulator is configured before it starts.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Its URL: `http://127.0.0.1:PORT`, without a slash at the end. It is the same for all spaces; the credentials of a
    /// caller say which space a request is for.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Deref for Simulator {
    type Target = Space;

    fn deref(&self) -> &Space {
        &self.space
    }
}

/// Configures a [`Simulator`].
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
#[must_use = "a builder does nothing until `start` or `build`"]
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
    /// The scenario of the default space; by default the one called `default`.
    pub fn scenario(self, scenario: impl Into<Scenario>) -> Self {
        Self { scenario: scenario.into(), ..self }
    }

    /// Adds a scenario file, or a directory of such. Their scenarios can then be named like the built-in ones.
    pub fn fixtures(mut self, path: impl Into<PathBuf>) -> Self {
        self.fixtures.push(path.into());
        self
    }

    /// The most journal entries of one space; 10,000 by default. Further entries replace the oldest ones.
    pub fn journal_entries(self, entries: usize) -> Self {
        Self { journal_entries: entries, ..self }
    }

    /// The most bytes of all journals together; 64 MiB by default.
    pub fn journal_bytes(self, bytes: usize) -> Self {
        Self { journal_bytes: bytes, ..self }
    }

    /// Shows names and certificate numbers in the journal, instead of `***`.
    pub fn show_personal_data(self) -> Self {
        Self { show_personal_data: true, ..self }
    }

    /// Starts the simulator.
    ///
    /// # Errors
    /// If a fixture is invalid, with all mistakes and their places; or if the system has no free port or no thread.
    pub fn start(self) -> Result<Simulator, Error> {
        let space = self.build()?;
        let server = ServerThread::start(space.app())?;
        Ok(Simulator { url: format!("http://{}", server.address), _server: server, space })
    }

    /// Returns the default space of a simulator without a port: its [`router`](Space::router) answers requests.
    ///
    /// # Errors
    /// If a fixture is invalid, with all mistakes and their places.
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

/// A server in a thread with a runtime of its own, so that it answers even if a test blocks its runtime or has none. It
/// stops when it is dropped.
#[derive(Debug)]
struct ServerThread {
    address: SocketAddr,
    spaces: Arc<Spaces>,
    thread: Option<JoinHandle<()>>,
}

impl ServerThread {
    /// Starts the server. It listens already when this returns.
    fn start(app: &Arc<App>) -> io::Result<Self> {
        let listener = net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let served = Arc::clone(app);
        let thread = thread::Builder::new().name("bss-sim".to_owned()).spawn(move || {
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).expect("the runtime has just been started");
                Server::new(Limits::FOR_TESTS, &served.spaces).serve(listener, service(&served)).await;
            });
            // Does not wait for tasks that wait for a disk or a name server.
            runtime.shutdown_background();
        })?;
        Ok(Self { address, spaces: Arc::clone(&app.spaces), thread: Some(thread) })
    }
}

impl Drop for ServerThread {
    fn drop(&mut self) {
        self.spaces.end();
        if let Some(thread) = self.thread.take() {
            // If it panicked, the panic hook has reported it.
            let _ = thread.join();
        }
    }
}

/// Why a call failed. `Debug` is the same as `Display`, because `unwrap` prints it.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A fixture is invalid: all mistakes, each with its line and column.
    #[error(transparent)]
    Fixture(#[from] LoadError),
    /// There is no scenario of this name.
    #[error(transparent)]
    Scenario(#[from] UnknownScenario),
    /// A customer or a scripted answer conflicts with the state of the space.
    #[error(transparent)]
    Update(#[from] UpdateError),
    /// The customer does not exist or is not under review.
    #[error(transparent)]
    Review(#[from] ReviewError),
    /// The system has no free port or no thread.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
