//! The quota of a space: how many requests each caller sends to each path.

use std::collections::HashMap;
use std::sync::Mutex;

use foldhash::fast::RandomState;

use crate::domain::{Endpoint, Quota, checks, gateway};
use crate::simulator::outcome::ApiError;
use crate::simulator::state::SpaceState;

/// The requests of a second. The window is fixed (assumed: the gateway's documentation does not say how it counts).
#[derive(Debug, Default)]
pub(super) struct QuotaWindow(Mutex<(i64, Counts)>);

/// How many requests each caller sent to each path. There are no more callers in a second than requests.
type Counts = HashMap<(Box<str>, &'static str), u32, RandomState>;

/// The text of the gateway, which follows that of the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("policy user over ratelimit,limit:{limit},time:1 second")]
pub struct QuotaExceeded {
    limit: u32,
}

impl From<QuotaExceeded> for ApiError {
    fn from(exceeded: QuotaExceeded) -> Self {
        let (check, error) = (&checks::QUOTA, gateway::THROTTLED);
        Self::Gateway { check, error, detail: Some(exceeded.to_string().into()) }
    }
}

impl SpaceState {
    /// Counts a request of the account with this ID, unless the quota is used up.
    pub fn take_quota(&self, account_id: &str, endpoint: &Endpoint) -> Result<(), QuotaExceeded> {
        self.count_request(account_id, endpoint, 1)
    }

    /// Returns what [`take_quota`](Self::take_quota) would return now, and counts nothing.
    pub fn preview_quota(&self, account_id: &str, endpoint: &Endpoint) -> Result<(), QuotaExceeded> {
        self.count_request(account_id, endpoint, 0)
    }

    fn count_request(&self, account_id: &str, endpoint: &Endpoint, added: u32) -> Result<(), QuotaExceeded> {
        let Quota(Some(limit)) = self.settings().quota else { return Ok(()) };
        let (second, counts) = &mut *self.quota.0.lock().expect("lock poisoned: quota");
        let now = self.clock.now().as_second();
        if *second != now {
            (*second, *counts) = (now, Counts::default());
        }
        let count = counts.entry((account_id.into(), endpoint.path)).or_default();
        if *count >= limit.get() {
            return Err(QuotaExceeded { limit: limit.get() });
        }
        *count += added;
        Ok(())
    }
}
