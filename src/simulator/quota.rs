//! The quota of a space: how many requests each caller sends to each path.

use std::collections::HashMap;
use std::sync::Mutex;

use foldhash::fast::RandomState;
use jiff::Timestamp;

use crate::domain::{Endpoint, Quota};

/// The requests of a second. The window is fixed (assumed: the gateway's documentation does not say how it counts).
#[derive(Debug, Default)]
pub struct QuotaWindow(Mutex<(i64, Counts)>);

/// How many requests each caller sent to each path. There are no more callers in a second than requests.
type Counts = HashMap<(Box<str>, &'static str), u32, RandomState>;

/// The text of the gateway, which follows that of the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("policy user over ratelimit,limit:{limit},time:1 second")]
pub struct QuotaExceeded {
    limit: u32,
}

impl QuotaWindow {
    /// Counts a request of the account with this ID, unless the quota is used up.
    pub fn take(
        &self,
        quota: Quota,
        caller: &str,
        endpoint: &Endpoint,
        now: impl FnOnce() -> Timestamp,
    ) -> Result<(), QuotaExceeded> {
        let Quota(Some(limit)) = quota else { return Ok(()) };
        let now = now();
        let (second, counts) = &mut *self.0.lock().expect("lock poisoned: quota");
        if *second != now.as_second() {
            *second = now.as_second();
            *counts = Counts::default();
        }
        let count = counts.entry((caller.into(), endpoint.path)).or_default();
        if *count >= limit.get() {
            return Err(QuotaExceeded { limit: limit.get() });
        }
        *count += 1;
        Ok(())
    }
}
