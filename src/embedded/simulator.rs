//! The simulator of a test.

use std::ops::Deref;

use super::builder::Builder;
use super::error::Error;
use super::serving::Serving;
use super::space::Space;

/// A simulator that listens on a free port of the loopback interface until it is dropped; then the port is free again, and
/// what was [expected](Space::expect) is checked. It is used as its default [`Space`].
///
/// ```
/// # use bss_sim::Simulator;
/// let one = Simulator::start();
/// let other = Simulator::start();
/// assert_ne!(one.url(), other.url());
/// ```
///
/// In a `#[tokio::test]` it is the same:
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
pub struct Simulator {
    url: String,
    // Ends first, so that the space is checked when nobody is answered any more.
    _serving: Serving,
    space: Space,
}

impl Simulator {
    /// Starts one from the scenario `default`: a partner `demo-partner` with customers in every state.
    ///
    /// # Panics
    /// When the system has no free port or no thread for it.
    #[must_use]
    #[track_caller]
    pub fn start() -> Self {
        Self::builder().start().expect("the simulator can be started")
    }

    /// Says what it is to be like before it starts.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(super) fn serve(space: Space) -> Result<Self, Error> {
        let serving = Serving::start(space.app())?;
        Ok(Self { url: format!("http://{}", serving.address()), _serving: serving, space })
    }

    /// Where it listens: `http://127.0.0.1:PORT`, without a slash at its end. All spaces are there; the credentials of a
    /// caller tell which one is meant.
    #[must_use]
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
