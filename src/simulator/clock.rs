//! The clock of a space: the machine's time, moved by as much as somebody asked.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// The machine's time. Clients sign by it, so that signatures are judged by it, however the clock of a space was moved.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that all clocks come from")]
pub fn machine_time() -> Timestamp {
    Timestamp::now()
}

/// A clock that can be put forward.
#[derive(Debug, Default)]
pub(super) struct Clock {
    ahead_ms: AtomicI64,
}

impl Clock {
    /// The time of this clock.
    #[must_use]
    pub(super) fn now(&self) -> Timestamp {
        let now = machine_time();
        let ahead = SignedDuration::from_millis(self.ahead_ms.load(Ordering::Relaxed));
        now.saturating_add(ahead).unwrap_or(now)
    }

    /// Puts the clock forward.
    pub(super) fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        let _ =
            self.ahead_ms.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |ahead| Some(ahead.saturating_add(by)));
    }
}
