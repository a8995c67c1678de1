//! Threads that take steps in the same moment, again and again.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::drive::take;
use super::runtime;
use super::steps::{Settings, Step};
use super::world::Answer;
use crate::support::{Reply, TestApp};

/// How many threads there are.
pub(super) const THREADS: usize = 3;

static ALONE: Mutex<()> = Mutex::new(());

/// A step that was taken.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) step: Step,
    pub(super) answer: Answer,
    /// The whole reply to a request of the API.
    pub(super) reply: Option<Reply>,
    /// When it was asked, and when it was answered: numbers in their order.
    pub(super) request: usize,
    pub(super) answered: usize,
}

/// Takes the steps, each of a rush in another thread. What they have taken, thread by thread.
pub(super) fn at_once(app: &TestApp, settings: Settings, rushes: &[Vec<Step>]) -> Vec<Taken> {
    // Two tests at the same time would wait for one another's threads, and these then never meet.
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (start, time) = (Start::default(), AtomicUsize::new(0));
    let tick = || time.fetch_add(1, Ordering::SeqCst);
    let run = |thread: usize| {
        let (runtime, mut runner) = (runtime(), start.runner());
        let take = |rush: &Vec<Step>| {
            let step = &rush[thread];
            runner.wait();
            let request = tick();
            let (answer, reply) = runtime.block_on(take(app, settings, step));
            Taken { step: step.clone(), answer, reply, request, answered: tick() }
        };
        rushes.iter().map(take).collect::<Vec<_>>()
    };
    thread::scope(|scope| {
        let run = &run;
        let running: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || run(thread))).collect();
        running.into_iter().flat_map(|thread| thread.join().expect("no step panics")).collect()
    })
}

/// How steps are taken at the same time.
pub(super) type AtOnce = fn(&TestApp, Settings, &[Vec<Step>]) -> Vec<Taken>;

/// Unlike at a barrier no thread sleeps: one that has to be woken comes too late to run beside the others.
#[derive(Default)]
struct Start {
    arrived: AtomicUsize,
    left: AtomicUsize,
}

/// One of the threads.
struct Runner<'a> {
    start: &'a Start,
    runs: usize,
}

impl Start {
    fn runner(&self) -> Runner<'_> {
        Runner { start: self, runs: 0 }
    }
}

impl Runner<'_> {
    /// Waits until all threads are here, or one has left, which it does only at the end, or when it panics.
    fn wait(&mut self) {
        self.runs += 1;
        self.start.arrived.fetch_add(1, Ordering::SeqCst);
        let is_early = || self.start.arrived.load(Ordering::SeqCst) < THREADS * self.runs;
        while is_early() && self.start.left.load(Ordering::SeqCst) == 0 {
            thread::yield_now();
        }
    }
}

impl Drop for Runner<'_> {
    fn drop(&mut self) {
        self.start.left.fetch_add(1, Ordering::SeqCst);
    }
}
