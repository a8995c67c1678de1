//! Limits: how many connections there may be, and how long each may take over what it does.

use std::time::Duration;

use super::watch::{Phase, PhaseSnapshot};

/// The rarest and the most frequent look at the connections.
const TICKS: [Duration; 2] = [Duration::from_millis(5), Duration::from_secs(1)];

/// What clients may take of a server. An answer that is not ready yet has no limit: it may be scripted never to come.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most connections at a time.
    pub connections: usize,
    /// For the head of a request, from its first byte on.
    pub head: Duration,
    /// For its body, as a whole.
    pub body: Duration,
    /// Without taking in any more of an answer.
    pub answer: Duration,
    /// Between two requests, and before the first one.
    pub idle: Duration,
}

impl Limits {
    /// For a client under test: it may have a pool of connections, but it is not hostile; and whoever steps through it with
    /// a debugger takes time.
    pub const OF_A_TEST: Self = Self {
        connections: 1_000,
        head: Duration::from_secs(60 * 60),
        body: Duration::from_secs(60 * 60),
        answer: Duration::from_secs(60 * 60),
        idle: Duration::from_secs(60 * 60),
    };

    /// How long a connection may go on with what it was seen to do.
    pub(super) fn of(&self, sight: PhaseSnapshot) -> Option<Duration> {
        match sight.phase() {
            _ if sight.is_stalled() => Some(self.answer),
            Phase::Idle | Phase::Quiet => Some(self.idle),
            Phase::Head => Some(self.head),
            Phase::Body => Some(self.body),
            Phase::Serving => None,
        }
    }

    /// How often to look at the connections: often enough that no limit is passed by much.
    pub(super) fn tick(&self) -> Duration {
        let shortest = self.head.min(self.body).min(self.answer).min(self.idle);
        (shortest / 8).clamp(TICKS[0], TICKS[1])
    }
}
