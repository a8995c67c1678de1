//! Lockout: too many wrong signatures in a row close an access key for a while.

use dashmap::DashMap;
use jiff::{SignedDuration, Timestamp};

/// This many wrong signatures in a row are let pass; one more locks.
const PATIENCE: u32 = 5;

/// How long a key stays locked.
const LOCKED_FOR: SignedDuration = SignedDuration::from_mins(5);

/// The access keys that failed lately. Only keys that exist are ever counted, so there are no more entries than keys.
#[derive(Debug, Default)]
pub(super) struct Lockout {
    failures: DashMap<Box<str>, Failures>,
}

#[derive(Debug, Default)]
struct Failures {
    in_a_row: u32,
    locked_at: Option<Timestamp>,
}

impl Lockout {
    /// True while the key is locked.
    pub(super) fn is_locked(&self, ak: &str, now: Timestamp) -> bool {
        let locked_at = self.failures.get(ak).and_then(|failures| failures.locked_at);
        locked_at.is_some_and(|at| now.duration_since(at) < LOCKED_FOR)
    }

    /// Counts a wrong signature; true when it was one too many.
    pub(super) fn fail(&self, ak: &str, now: Timestamp) -> bool {
        let mut failures = self.failures.entry(ak.into()).or_default();
        if failures.locked_at.take().is_some() {
            // The lock that was here has run out, or this would not have been verified.
            failures.in_a_row = 0;
        }
        failures.in_a_row += 1;
        failures.locked_at = (failures.in_a_row > PATIENCE).then_some(now);
        failures.locked_at.is_some()
    }

    /// Forgets the failures of a key that has signed rightly.
    pub(super) fn succeed(&self, ak: &str) {
        if !self.failures.is_empty() {
            self.failures.remove(ak);
        }
    }
}
