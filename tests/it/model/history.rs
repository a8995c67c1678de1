//! A few steps in a few threads at the same time: whatever they are answered, there is an order of the steps in which
//! the model answers the same, and in which nothing comes before what had been answered when it was asked.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

use super::drive::{customers, holders, service, take};
use super::random::{any_step, settings, single_step};
use super::steps::{PutWorld, Settings, Step};
use super::world::{Answer, Model, State};
use super::{cases, runtime};
use crate::service::Service;

/// How often a case is tried: each time the threads meet in another way.
const ROUNDS: usize = 10;

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 200, ..cases(24) })]

    #[test]
    fn at_the_same_time_every_step_is_answered_as_in_some_order(
        settings in settings(),
        before in vec(any_step(), 0..8),
        threads in vec(vec(single_step(), 1..=4), 2..=3),
    ) {
        for _ in 0..ROUNDS {
            meet(settings, &before, &threads);
        }
    }
}

/// A step that was taken.
#[derive(Debug)]
struct Taken {
    step: Step,
    answer: Answer,
    /// When it was asked, and when it was answered: numbers in their order.
    asked: usize,
    answered: usize,
}

fn meet(settings: Settings, before: &[Step], threads: &[Vec<Step>]) {
    let world = PutWorld::of(&["c-1", "c-2", "c-3"]);
    let (service, mut model) = (service(settings, &world), Model::new(settings, &world));
    runtime().block_on(async {
        for step in before {
            assert_eq!(take(&service, settings, step).await.0, model.take(step), "{step:?}");
        }
    });
    let threads = at_once(&service, settings, threads);
    let end = runtime().block_on(async { (customers(&service).await, holders(&service).await) });
    let mut order = Order { threads: &threads, end: &end, known: HashSet::new() };
    let is_explained = order.exists(&model, &vec![0; threads.len()]);
    assert!(is_explained, "no order explains these answers: {threads:#?}\nand after them {end:#?}");
}

/// Takes the steps of all threads at the same time.
fn at_once(service: &Service, settings: Settings, threads: &[Vec<Step>]) -> Vec<Vec<Taken>> {
    let (waiting, time) = (AtomicUsize::new(threads.len()), AtomicUsize::new(0));
    let tick = || time.fetch_add(1, Ordering::SeqCst);
    let run = |steps: &[Step]| {
        let runtime = runtime();
        // Nobody sleeps before the start: all are to be off in the same moment.
        waiting.fetch_sub(1, Ordering::SeqCst);
        while waiting.load(Ordering::SeqCst) > 0 {
            thread::yield_now();
        }
        let take = |step: &Step| {
            let asked = tick();
            let (answer, _) = runtime.block_on(take(service, settings, step));
            // The rule is read from the journal, which a reset takes away.
            Taken { step: step.clone(), answer: Answer { rule: None, ..answer }, asked, answered: tick() }
        };
        steps.iter().map(take).collect()
    };
    thread::scope(|scope| {
        let running: Vec<_> = threads.iter().map(|steps| scope.spawn(|| run(steps))).collect();
        running.into_iter().map(|thread| thread.join().expect("no step panics")).collect()
    })
}

/// The search for an order.
struct Order<'a> {
    threads: &'a [Vec<Taken>],
    /// The customers and who holds what, when all was done.
    end: &'a (Value, Value),
    /// From where it is known that there is none.
    known: HashSet<(Vec<usize>, State, u64, u64)>,
}

impl Order<'_> {
    /// True when the steps that are left after the first ones of each thread can follow in some order.
    fn exists(&mut self, model: &Model, done: &[usize]) -> bool {
        let next: Vec<_> = self.threads.iter().zip(done).map(|(taken, done)| taken.get(*done)).collect();
        if next.iter().all(Option::is_none) {
            return (model.customers(), model.holders()) == *self.end;
        }
        if !self.known.insert((done.to_vec(), model.state.clone(), model.now, model.began)) {
            return false;
        }
        let first_answered = next.iter().flatten().map(|taken| taken.answered).min();
        next.iter().enumerate().any(|(thread, taken)| {
            let Some(taken) = taken.filter(|taken| Some(taken.asked) < first_answered) else { return false };
            let (mut model, mut done) = (model.clone(), done.to_vec());
            done[thread] += 1;
            Answer { rule: None, ..model.take(&taken.step) } == taken.answer && self.exists(&model, &done)
        })
    }
}
