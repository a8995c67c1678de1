//! Notices: what the log tells of something that may happen very often.

use std::time::Duration;

use tokio::time::Instant;

/// How long the log has told enough of it.
const QUIET: Duration = Duration::from_secs(60);

/// When the log last told of something.
#[derive(Debug, Default)]
pub(super) struct Notice(Option<Instant>);

impl Notice {
    /// True when the log should tell of it now.
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        let is_due = self.0.is_none_or(|last| now - last >= QUIET);
        if is_due {
            self.0 = Some(now);
        }
        is_due
    }
}
