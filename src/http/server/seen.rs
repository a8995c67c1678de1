//! What the server has seen of a watch, and since when.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::watch::{PhaseSnapshot, Watch};

/// A watch as it was last seen.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) watch: Arc<Watch>,
    pub(super) sight: PhaseSnapshot,
    pub(super) since: Instant,
}

impl Seen {
    pub(super) fn of(watch: Arc<Watch>) -> Self {
        let sight = watch.sight();
        Self { watch, sight, since: Instant::now() }
    }

    /// Looks again; how long it has been as it is.
    pub(super) fn lasts(&mut self, now: Instant) -> Duration {
        let sight = self.watch.sight();
        if sight != self.sight {
            (self.sight, self.since) = (sight, now);
        }
        now - self.since
    }
}
