//! The pulse of a connection: what its socket and its requests note, and what tells whether somebody is still at the
//! other end. Noting costs a few instructions and no look at a clock, because every request pays for it.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use super::server::Limits;

/// What a connection notes.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    /// Changes whenever bytes come or go.
    moved: AtomicU32,
    /// The requests that were begun.
    begun: AtomicU32,
    /// The requests whose answers are not sent to their end yet.
    under_way: AtomicU32,
    /// There are bytes of a head that is not whole yet.
    is_in_head: AtomicBool,
    /// A body is waited for.
    is_in_body: AtomicBool,
    /// The client does not take what is sent.
    is_blocked: AtomicBool,
    /// The connection is to end in a reset.
    is_reset: AtomicBool,
}

impl Pulse {
    pub(super) fn received(&self) {
        self.moved.fetch_add(1, Relaxed);
        if !self.is_busy() {
            self.is_in_head.store(true, Relaxed);
        }
    }

    pub(super) fn sent(&self) {
        self.moved.fetch_add(1, Relaxed);
        self.is_blocked.store(false, Relaxed);
    }

    pub(super) fn blocked(&self) {
        self.is_blocked.store(true, Relaxed);
    }

    pub(super) fn request_begins(&self) {
        self.begun.fetch_add(1, Relaxed);
        self.under_way.fetch_add(1, Relaxed);
        self.is_in_head.store(false, Relaxed);
    }

    pub(super) fn request_ends(&self) {
        self.under_way.fetch_sub(1, Relaxed);
        self.is_in_body.store(false, Relaxed);
    }

    pub(super) fn waits_for_body(&self, waits: bool) {
        self.is_in_body.store(waits, Relaxed);
    }

    pub(super) fn reset(&self) {
        self.is_reset.store(true, Relaxed);
    }

    pub(super) fn is_reset(&self) -> bool {
        self.is_reset.load(Relaxed)
    }

    /// True when nothing is lost by ending the connection.
    pub(super) fn is_at_rest(&self) -> bool {
        !self.is_busy() && !self.is_blocked.load(Relaxed)
    }

    /// True while a request is under way.
    fn is_busy(&self) -> bool {
        self.under_way.load(Relaxed) > 0
    }
}

/// What was felt of a pulse, and since when it has not changed.
#[derive(Debug)]
pub(super) struct Felt {
    moved: u32,
    still_since: Instant,
    /// Since when the head or the body of the request after so many others has been waited for.
    part: Option<(Part, u32, Instant)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Head,
    Body,
}

impl Felt {
    pub(super) fn new(now: Instant) -> Self {
        Self { moved: 0, still_since: now, part: None }
    }

    /// Feels the pulse; true when the client has kept us waiting for too long.
    pub(super) fn is_overdue(&mut self, pulse: &Pulse, now: Instant, limits: &Limits) -> bool {
        let moved = pulse.moved.load(Relaxed);
        if moved != self.moved {
            (self.moved, self.still_since) = (moved, now);
        }
        let begun = pulse.begun.load(Relaxed);
        let part = match (pulse.is_in_head.load(Relaxed), pulse.is_in_body.load(Relaxed)) {
            (true, _) => Some(Part::Head),
            (false, true) => Some(Part::Body),
            (false, false) => None,
        };
        self.part = part.map(|part| match self.part {
            Some((before, of, since)) if (before, of) == (part, begun) => (part, of, since),
            _ => (part, begun, now),
        });
        let lasts = |since: Instant, limit: Duration| now.duration_since(since) >= limit;
        let still = |limit| lasts(self.still_since, limit);
        match self.part {
            Some((Part::Head, _, since)) => lasts(since, limits.head),
            Some((Part::Body, _, since)) => lasts(since, limits.body),
            None if pulse.is_blocked.load(Relaxed) => still(limits.write),
            None => !pulse.is_busy() && still(limits.idle),
        }
    }
}
