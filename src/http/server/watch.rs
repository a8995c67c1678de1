//! The watch on a connection: what it does, as its server can see at any time. A connection that had to arm a timer for
//! each step of each request would pay for that with every one; here a step is a store, and one timer of the server
//! serves them all.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::Context;

use futures_util::task::AtomicWaker;

/// What a connection does, or one of its streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It waits for the first byte of a request.
    Idle,
    /// The head of a request has begun.
    Head,
    /// The body is waited for.
    Body,
    /// The answer is being made, and sent as it is made.
    Serving,
    /// No stream is open. What comes need not belong to a request, and only a whole head makes one.
    Quiet,
}

const PHASES: [Phase; 5] = [Phase::Idle, Phase::Head, Phase::Body, Phase::Serving, Phase::Quiet];
const PHASE: u32 = 0b0111;
const STALLED: u32 = 0b1000;
const STEP: u32 = 0b1_0000;

/// What a connection was seen to do. Two equal ones are the same step: it has done nothing else in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PhaseSnapshot(u32);

impl PhaseSnapshot {
    pub(super) fn phase(self) -> Phase {
        PHASES[(self.0 & PHASE) as usize]
    }

    /// True when it waits for a request.
    pub(super) fn is_idle(self) -> bool {
        matches!(self.phase(), Phase::Idle | Phase::Quiet)
    }

    /// True when nothing is lost by closing it.
    pub(super) fn is_at_rest(self) -> bool {
        self.is_idle() && !self.is_stalled()
    }

    /// True when its client takes in no more.
    pub(super) fn is_stalled(self) -> bool {
        self.0 & STALLED != 0
    }
}

/// What the parts of a connection, or of one of its streams, tell its server, and the other way round. Only the one task of
/// the connection or stream writes the step, so that telling one needs no more than a load and a store.
#[derive(Debug, Default)]
pub(super) struct Watch {
    step: AtomicU32,
    is_body_overdue: AtomicBool,
    body: AtomicWaker,
    is_reset: AtomicBool,
}

impl Watch {
    /// What the connection does.
    pub(super) fn sight(&self) -> PhaseSnapshot {
        PhaseSnapshot(self.step.load(Ordering::Relaxed))
    }

    /// Tells that something else is done now.
    pub(super) fn enter(&self, phase: Phase) {
        self.tell((self.sight().0 & !PHASE) | phase as u32);
    }

    /// Tells that no stream is open.
    #[cfg(feature = "tls")]
    pub(super) fn rest(&self) {
        if self.sight().phase() != Phase::Quiet {
            self.enter(Phase::Quiet);
        }
    }

    /// Tells that bytes have come.
    pub(super) fn receive(&self) {
        if self.sight().phase() == Phase::Idle {
            self.enter(Phase::Head);
        }
    }

    /// Tells that the client takes in no more, or that it has taken in something.
    pub(super) fn stall(&self, is_stalled: bool) {
        let sight = self.sight();
        if sight.is_stalled() != is_stalled {
            self.tell(sight.0 ^ STALLED);
        }
    }

    fn tell(&self, step: u32) {
        self.step.store(step.wrapping_add(STEP), Ordering::Relaxed);
    }

    /// Tells that the body is waited for; true when that took too long.
    pub(super) fn wait_for_body(&self, cx: &Context<'_>) -> bool {
        if self.sight().phase() != Phase::Body {
            self.enter(Phase::Body);
        }
        self.body.register(cx.waker());
        self.is_body_overdue.load(Ordering::Relaxed)
    }

    /// Tells that nobody waits for the body any more.
    pub(super) fn end_body(&self) {
        if self.sight().phase() == Phase::Body {
            self.enter(Phase::Serving);
        }
    }

    /// Makes whoever waits for the body give it up; false when that was tried before.
    pub(super) fn give_body_up(&self) -> bool {
        let is_first = !self.is_body_overdue.swap(true, Ordering::Relaxed);
        self.body.wake();
        is_first
    }

    /// Makes the connection end in a reset.
    pub(super) fn reset(&self) {
        self.is_reset.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_reset(&self) -> bool {
        self.is_reset.load(Ordering::Relaxed)
    }
}
